"""A trained network as a method: hazy picture -> dehazed picture, the fastest way at hand."""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from haze_course.deploy.tiles import (
    GATE_PIXELS,
    TILE,
    Gates,
    dehaze_in_tiles,
    fits_tiles,
    read_gates,
    run_in_tiles,
    shrink_to,
)
from haze_course.guards import check_choice, check_image, check_unit_range
from haze_course.machine import cores, multiplies_bfloat16, needs_extra, usable_device
from haze_course.nets.weights import WeightsError, load_pretrained

Method = Callable[[Tensor], Tensor]
Precision = Literal["auto", "float32", "bfloat16"]
_EXPORT = "write one with haze-course export"
WHOLE_PIXELS = 1_000_000  # larger pictures go through in tiles
_OVERSHOOT = 0.25  # bicubic reaches 0.15 at edges; bytes and [-1, 1] lie far beyond
_COMPILER = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")  # unless CXX names one


def check_picture(image: Tensor, name: str = "hazy") -> Tensor:
    """Any float picture, RGB in [0, 1] but for what interpolation overshoots -> float32.

    Args:
        image: what the caller passed.
        name: the caller's word for it.

    Raises:
        ValueError: not (B, 3, H, W), or of another range.
    """
    check_image(image, name, channels=3)
    return check_unit_range(image, name, slack=_OVERSHOOT).detach().float()


class Dehazer:
    """Hazy (B, 3, H, W) -> dehazed, same shape, in float32, without gradients, on the processor.

    Pictures of more than `WHOLE_PIXELS` go through in tiles, one by one and never compiled, if
    the network has gates (`ChannelAttention`); any other network takes the whole batch at once.
    Threads that share one take turns.

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
        """See `load_dehazer`; the network is moved to the device, in evaluation mode."""
        check_choice(precision, "precision", get_args(Precision))
        self.device = usable_device(device)
        self.network = network.eval().to(self.device).to(memory_format=torch.channels_last)
        self._turn = RLock()  # gates are set on the network, for all who call it
        known = multiplies_bfloat16(self.device)
        self._half = precision == "bfloat16" or (precision == "auto" and known)
        self._whole = _compile(network) if compiled else network
        kind = "bfloat16" if self._half else "float32"
        self.way = f"{kind}, channels last" + ", compiled" * compiled

    @torch.no_grad()
    def __call__(self, hazy: Tensor) -> Tensor:
        """Hazy (B, 3, H, W), any float -> dehazed, same shape, float32."""
        hazy = check_picture(hazy)
        large = hazy.shape[-2] * hazy.shape[-1] > WHOLE_PIXELS
        with self._turn, self._autocast():
            if large and fits_tiles(self.network):  # hooks set gates: never compiled
                made = [dehaze_in_tiles(self.network, one).cpu() for one in hazy[:, None]]
                return torch.cat(made) if len(made) > 1 else made[0]  # no second copy
            there = hazy.to(self.device, memory_format=torch.channels_last)
            dehazed: Tensor = self._whole(there)
        return dehazed.float().cpu().contiguous()

    @torch.no_grad()
    def gates(self, hazy: Tensor) -> Gates:
        """The gates of every `ChannelAttention`, from a copy of at most `GATE_PIXELS`."""
        with self._turn, self._autocast():
            return read_gates(self.network, shrink_to(hazy, GATE_PIXELS))

    @torch.no_grad()
    def with_gates(self, hazy: Tensor, gates: Gates) -> Tensor:
        """Dehazed under given gates, (1, 3, H, W), in tiles where the network fits them."""
        large = hazy[0, 0].numel() > WHOLE_PIXELS and fits_tiles(self.network)
        with self._turn, self._autocast():
            tile = TILE if large else max(hazy.shape[-2:])
            return run_in_tiles(self.network, hazy, gates, tile=tile).cpu()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_turn"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _turn=RLock())  # a copy has a network, and turns, of its own

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
    """Hazy (B, 3, H, W) -> dehazed by ONNX Runtime on the processor, whole whatever its size.

    Attributes:
        way: how, in words.
    """

    way = "ONNX Runtime"

    def __init__(self, path: Path | str) -> None:
        """See `load_onnx`."""
        with needs_extra("edge"):
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as state
        self._path, self._errors = path, _exceptions(state)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except self._errors as error:
            raise WeightsError(
                f"{path}: expected an ONNX file that ONNX Runtime can run, {_EXPORT}: {error}"
            ) from error
        given, made = self._session.get_inputs(), self._session.get_outputs()
        if len(given) != 1 or len(made) != 1 or len(given[0].shape) != 4:
            found = ", ".join(f"{end.name} {end.shape}" for end in (*given, *made))
            raise WeightsError(
                f"{path}: expected one input (B, 3, H, W) and one output, found {found}; {_EXPORT}"
            )
        self._name = given[0].name
        fixed = (size if isinstance(size, int) else 64 for size in given[0].shape[2:])
        check_size(self, path, "one", (1, 3, *fixed))

    def __call__(self, hazy: Tensor) -> Tensor:
        """Hazy (B, 3, H, W), any float -> dehazed, same shape, float32."""
        pixels = check_picture(hazy).cpu().contiguous().numpy()
        try:
            (made,) = self._session.run(None, {self._name: pixels})
        except self._errors as error:
            raise WeightsError(
                f"{self._path}: expected pictures (B, 3, H, W) of a size and type that it takes, "
                f"got {tuple(hazy.shape)}: {error}"
            ) from error
        return torch.from_numpy(made).float()


def _exceptions(module: ModuleType) -> tuple[type[Exception], ...]:
    """All that ONNX Runtime raises: its errors have no base of their own."""
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type))
    return tuple(kind for kind in kinds if issubclass(kind, Exception))


def check_size(
    method: Method, name: str | Path, kind: str, size: tuple[int, ...] = (1, 3, 4, 6)
) -> None:
    """A method that makes pictures as large as those it gets; WeightsError where it does not."""
    with torch.no_grad():
        made = method(torch.zeros(size))
    if made.shape != size:
        raise WeightsError(
            f"{name}: expected a network whose output is as large as its input, got {kind}, "
            f"which makes {tuple(made.shape)} of {size}; choose one that dehazes"
        )


def load_dehazer(
    name: str | Path,
    *,
    device: torch.device | str = "cpu",
    precision: Precision = "auto",
    compiled: bool = False,
) -> Dehazer | OnnxDehazer:
    """A checkpoint or an ONNX file as a method; its ``way`` says how it runs.

    A checkpoint made of convolutions and `ChannelAttention` takes pictures of more than a
    megapixel in tiles, in bounded memory; an ONNX file takes every picture whole.

    Args:
        name: of a shipped checkpoint, a .safetensors file, or an .onnx file.
        device: where the network runs: "cpu", "cuda", "cuda:1", "mps".
        precision: "auto" is bfloat16 where the device multiplies it in hardware, else float32.
            bfloat16 moves values by less than half a grey level on average.
        compiled: let `torch.compile` fuse the network: half a minute once, then faster. Needs a
            C++ compiler.

    Raises:
        FileNotFoundError: no such checkpoint or file.
        WeightsError: weights that cannot be used, or of a network that changes the size.
        ValueError: no such precision or device here, an ONNX file was to run another way, or
            there is no compiler.
    """
    if Path(name).suffix.lower() == ".onnx":
        if compiled or precision not in ("auto", "float32") or str(device) != "cpu":
            raise ValueError(f"{name}: an ONNX file runs as it is written, on the processor")
        return load_onnx(name)
    network = load_pretrained(name)
    check_size(network, name, type(network).__name__)
    return Dehazer(network, device=device, precision=precision, compiled=compiled)


def load_onnx(path: Path | str) -> OnnxDehazer:
    """An ONNX file as a method, run by ONNX Runtime on the processor.

    Raises:
        FileNotFoundError: no such file.
        MissingExtra: onnxruntime is not installed.
        WeightsError: not an ONNX file, or not of a network from picture to picture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; {_EXPORT}")
    return OnnxDehazer(path)
