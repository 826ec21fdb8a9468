"""A trained network as a method: hazy picture -> dehazed picture, the fastest way at hand."""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from haze_course.deploy.tiles import (
    GATE_PIXELS,
    TILE,
    Gates,
    dehaze_in_tiles,
    gate_names,
    read_gates,
    run_in_tiles,
    shrink_to,
)
from haze_course.distill.terms import tapped
from haze_course.machine import cores, multiplies_bfloat16, needs_extra
from haze_course.nets.weights import WeightsError, load_pretrained

Method = Callable[[Tensor], Tensor]
Precision = Literal["auto", "float32", "bfloat16"]
WHOLE_PIXELS = 1_000_000  # larger pictures go through in tiles
_COMPILER = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")  # unless CXX names one


class Dehazer:
    """Hazy (B, 3, H, W) -> dehazed, same shape, without gradients, back on the processor.

    Attributes:
        network: that runs.
        way: how, in words: "bfloat16, channels last".
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: torch.device | str = "cpu",
        precision: Precision = "auto",
        compiled: bool = False,
    ) -> None:
        """See `load_dehazer`; the network is moved to the device and frozen in evaluation mode."""
        self.device = torch.device(device)
        self.network = network.eval().to(self.device).to(memory_format=torch.channels_last)
        known = multiplies_bfloat16(self.device)
        self._half = precision == "bfloat16" or (precision == "auto" and known)
        self._whole = _compile(network) if compiled else network
        kind = "bfloat16" if self._half else "float32"
        self.way = f"{kind}, channels last" + ", compiled" * compiled

    @torch.no_grad()
    def __call__(self, hazy: Tensor) -> Tensor:
        """Hazy (B, 3, H, W) -> dehazed, same shape; large pictures in tiles."""
        large = len(hazy) == 1 and hazy[0, 0].numel() > WHOLE_PIXELS
        with self._autocast():
            if large and gate_names(self.network):
                return dehaze_in_tiles(self.network, hazy)  # hooks set gates: never compiled
            there = hazy.to(self.device, memory_format=torch.channels_last)
            dehazed: Tensor = self._whole(there)
        return dehazed.float().cpu()

    @torch.no_grad()
    def gates(self, hazy: Tensor) -> Gates:
        """The gates of every `ChannelAttention`, from a copy of at most `GATE_PIXELS`."""
        with self._autocast():
            return read_gates(self.network, shrink_to(hazy, GATE_PIXELS))

    @torch.no_grad()
    def with_gates(self, hazy: Tensor, gates: Gates) -> tuple[Tensor, Gates]:
        """Dehazed under given gates, and the gates that the network would have opened.

        Args:
            hazy: (1, 3, H, W).
            gates: from `gates`, or from here.
        """
        if hazy[0, 0].numel() > WHOLE_PIXELS:
            opened, tile = self.gates(hazy), TILE
        else:  # one tile, in which the gates can be read while they are replaced
            opened, tile = {}, max(hazy.shape[-2:])
        names = [] if opened else gate_names(self.network)
        with self._autocast(), tapped(self.network, names) as seen:
            dehazed = run_in_tiles(self.network, hazy, gates, tile=tile)
        return dehazed, opened or dict(seen)

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)


def _compile(network: nn.Module) -> Method:
    compiler = os.environ.get("CXX", _COMPILER)
    if not shutil.which(compiler):  # otherwise the first picture ends in a traceback
        raise ValueError(
            f"compiled: expected a C++ compiler, found no {compiler}; install one, name it in the "
            "environment variable CXX, or run without"
        )
    return torch.compile(network, dynamic=True)


class OnnxDehazer:
    """Hazy (B, 3, H, W) -> dehazed by ONNX Runtime on the processor.

    Attributes:
        way: how, in words.
    """

    way = "ONNX Runtime"

    def __init__(self, path: Path | str) -> None:
        """See `load_onnx`."""
        with needs_extra("edge"):
            import onnxruntime
            from onnxruntime.capi.onnxruntime_pybind11_state import InvalidProtobuf
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except InvalidProtobuf as error:
            raise WeightsError(f"{path}: expected an ONNX file: {error}") from error
        (given,) = self._session.get_inputs()
        self._name = given.name

    def __call__(self, hazy: Tensor) -> Tensor:
        """Hazy (B, 3, H, W) -> dehazed, same shape."""
        (dehazed,) = self._session.run(None, {self._name: hazy.float().contiguous().numpy()})
        return torch.from_numpy(dehazed)


def load_dehazer(
    name: str | Path,
    *,
    device: torch.device | str = "cpu",
    precision: Precision = "auto",
    compiled: bool = False,
) -> Dehazer | OnnxDehazer:
    """A checkpoint or an ONNX file as a method; its ``way`` says how it runs.

    Pictures of more than a megapixel go through in tiles, in bounded memory, where the network
    is made of convolutions and `ChannelAttention`.

    Args:
        name: of a shipped checkpoint, a .safetensors file, or an .onnx file.
        device: where the network runs.
        precision: "auto" is bfloat16 where the device multiplies it in hardware, else float32.
            bfloat16 moves values by less than half a grey level on average.
        compiled: let `torch.compile` fuse the network: half a minute once, then faster. Needs a
            C++ compiler.

    Raises:
        FileNotFoundError: no such checkpoint or file.
        WeightsError: weights that cannot be used, or of a network that changes the size.
        ValueError: an ONNX file was to run another way, or there is no compiler.
    """
    if Path(name).suffix == ".onnx":
        if compiled or precision == "bfloat16" or str(device) != "cpu":
            raise ValueError(f"{name}: an ONNX file runs as it is written, on the processor")
        return load_onnx(name)
    network = load_pretrained(name)
    with torch.no_grad():
        made = network(torch.zeros(1, 3, 4, 6))
    if made.shape != (1, 3, 4, 6):
        raise WeightsError(
            f"{name}: expected a network whose output is as large as its input, got "
            f"{type(network).__name__}, which makes {tuple(made.shape[2:])} of (4, 6)"
        )
    return Dehazer(network, device=device, precision=precision, compiled=compiled)


def load_onnx(path: Path | str) -> OnnxDehazer:
    """An ONNX file as a method, run by ONNX Runtime on the processor.

    Raises:
        FileNotFoundError: no such file.
        MissingExtra: onnxruntime is not installed.
        WeightsError: not an ONNX file, or not of a network from picture to picture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; write one with haze-course export")
    return OnnxDehazer(path)
