"""Networks as ONNX files for other runtimes, in float32 and in int8.

Normalisation is inside the network, so the file takes RGB in [0, 1] of any height and width.
Needs the extra ``edge`` (onnx, onnxscript, onnxruntime).
"""

import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from haze_course.deploy.inference import check_picture, load_onnx
from haze_course.machine import needs_extra
from haze_course.paths import atomic_path

INPUT, OUTPUT = "hazy", "dehazed"


def export_onnx(network: nn.Module, path: Path | str) -> None:
    """Write a network as ONNX: ``hazy`` (B, 3, H, W) float32 -> ``dehazed``, any B, H and W.

    Args:
        network: RGB to RGB of one size, on the processor; its mode is left as it was.
        path: ends in .onnx; complete or not at all.

    Raises:
        ValueError: another ending.
        MissingExtra: onnx or onnxscript is not installed.
    """
    _check_name(path)
    with needs_extra("edge"):
        import onnxscript  # noqa: F401
    free = torch.export.Dim.DYNAMIC
    training = network.training
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")  # of the exporter about its own insides
            program = torch.onnx.export(
                network.eval(),
                (torch.zeros(1, 3, 64, 80),),
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: free, 2: free, 3: free},),
                dynamo=True,
                verbose=False,
            )
    finally:
        network.train(training)
    assert program is not None
    _write(_slim(program.model_proto), path)


def quantize_onnx(source: Path | str, path: Path | str, images: Iterable[Tensor]) -> None:
    """Write an int8 version of an ONNX file: 3 x 3 convolutions in int8, gates in float32.

    The convolutions hold nearly all of the work. The gates, 1 x 1 convolutions of averages, hold
    next to none, but rounding them shifts the colours of the whole picture. First and last
    convolution touch the picture itself and stay in float32, too.

    Args:
        source: from `export_onnx`.
        path: ends in .onnx; complete or not at all.
        images: (1, 3, H, W) of the train split: the ranges of activations are read off them.

    Raises:
        ValueError: fewer than 3 such convolutions, no images, one that does not fit, or no .onnx.
        MissingExtra: onnx or onnxruntime is not installed.
    """
    _check_name(path)
    with needs_extra("edge"):
        import onnx
        from onnxruntime.quantization import (
            CalibrationDataReader,
            QuantFormat,
            QuantType,
            quantize_static,
        )

    inputs = [{INPUT: check_picture(image, "images").cpu().numpy()} for image in images]
    if not inputs:
        raise ValueError("images: expected at least one picture for calibration, got none")

    class Images(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(inputs)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    model = onnx.load(source)
    convolutions = _convolutions(model, source)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        quantized = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            quantized,
            Images(),
            quant_format=QuantFormat.QOperator,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=convolutions[1:-1],
            activation_type=QuantType.QUInt8,  # signed ones are many times slower on x86
            per_channel=True,
        )
        _write(_slim(onnx.load(quantized)), path)


def _convolutions(model: Any, source: Path | str) -> list[str]:
    """Those of 3 x 3, by name, in the order in which they run."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    found = [node.name for node in nodes if sizes[node.input[1]][2:] == (3, 3)]
    if len(found) < 3:  # an empty list would mean all of them to ONNX Runtime
        raise ValueError(
            f"{source}: expected at least 3 convolutions of 3 x 3, found {len(found)}; "
            "first and last stay in float32, so keep this network in float32"
        )
    return found


def largest_difference(network: nn.Module, path: Path | str, images: Sequence[Tensor]) -> float:
    """The largest difference of any output value between a network and its ONNX file.

    Args:
        network: as exported.
        path: of the file.
        images: (1, 3, H, W); odd sizes find errors that even ones hide.
    """
    method = load_onnx(path)
    with torch.no_grad():
        return max((method(image) - network(image)).abs().max().item() for image in images)


def _slim(model: Any) -> Any:
    """Without the exporter's notes and long names: a third of the file."""
    names = {INPUT: INPUT, OUTPUT: OUTPUT, "": ""}

    def short(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    graph = model.graph
    for number, node in enumerate(graph.node):
        node.name, node.doc_string = f"n{number}", ""
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]
    for tensor in graph.initializer:
        tensor.name = short(tensor.name)
    noted = (*graph.node, *graph.initializer, *graph.input, *graph.output, graph, model)
    for thing in noted:
        del thing.metadata_props[:]
    del graph.value_info[:]
    return model


def _check_name(path: Path | str) -> None:
    if Path(path).suffix.lower() != ".onnx":
        raise ValueError(f"{path}: expected a name ending in .onnx")


def _write(model: Any, path: Path | str) -> None:
    import onnx

    onnx.checker.check_model(model)
    with atomic_path(Path(path)) as part:
        part.write_bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporter and quantiser log advice that does not apply here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
