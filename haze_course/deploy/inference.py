"""A trained network as a method: hazy picture -> dehazed picture."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from haze_course.machine import cores, needs_extra
from haze_course.nets.weights import WeightsError, load_pretrained

Method = Callable[[Tensor], Tensor]


def load_dehazer(name: str | Path, *, device: torch.device | str = "cpu") -> Method:
    """Hazy (B, 3, H, W) -> dehazed, same shape, without gradients, back on the processor.

    Args:
        name: of a shipped checkpoint, a .safetensors file, or an .onnx file.
        device: where the network runs.

    Raises:
        FileNotFoundError: no such checkpoint or file.
        WeightsError: weights that cannot be used, or of a network that changes the size.
    """
    if Path(name).suffix == ".onnx":
        return load_onnx(name)
    network = load_pretrained(name, device=device).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def method(hazy: Tensor) -> Tensor:
        dehazed: Tensor = network(hazy.to(device, memory_format=torch.channels_last))
        return dehazed.cpu()

    probe = method(torch.zeros(1, 3, 4, 6))
    if probe.shape != (1, 3, 4, 6):
        raise WeightsError(
            f"{name}: expected a network whose output is as large as its input, got "
            f"{type(network).__name__}, which makes {tuple(probe.shape[2:])} of (4, 6)"
        )
    return method


def load_onnx(path: Path | str) -> Method:
    """An ONNX file as a method, run by ONNX Runtime on the processor.

    Raises:
        FileNotFoundError: no such file.
        MissingExtra: onnxruntime is not installed.
        WeightsError: not an ONNX file, or not of a network from picture to picture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; write one with haze-course export")
    with needs_extra("edge"):
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import InvalidProtobuf
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except InvalidProtobuf as error:
        raise WeightsError(f"{path}: expected an ONNX file: {error}") from error
    (given,) = session.get_inputs()

    def method(hazy: Tensor) -> Tensor:
        (dehazed,) = session.run(None, {given.name: hazy.float().contiguous().numpy()})
        return torch.from_numpy(dehazed)

    return method
