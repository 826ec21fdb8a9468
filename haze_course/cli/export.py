"""The command that writes a network as ONNX, checks it, and on request makes it int8."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click
import torch
from torch import nn

from haze_course.cli.group import FOLDER, check_result
from haze_course.data.benchmark import benchmark_pairs
from haze_course.data.haze import sample_haze
from haze_course.data.shipped import real_haze, scenes
from haze_course.deploy.export import export_onnx, largest_difference, quantize_onnx
from haze_course.deploy.inference import check_size, load_onnx
from haze_course.nets.weights import load_pretrained
from haze_course.paths import atomic_path
from haze_course.quality.evaluation import Method
from haze_course.training.recipes import mean_psnr

_ODD = ((101, 77), (64, 231))  # sizes on which the file must agree
_LARGEST = 1e-3  # difference that float32 may make, of values in [0, 1]: a quarter grey level
_CALIBRATION = 6  # scenes of the train split


@click.command()
@click.option("--model", default="student", show_default=True, metavar="NAME_OR_FILE")
@click.option("-o", "--out", required=True, type=FOLDER, help="The file, NAME.onnx.")
@click.option("--int8", is_flag=True, help="Convolutions in int8, calibrated on the train split.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export(*, model: str, out: Path, int8: bool, force: bool) -> None:
    """Write a network as ONNX for other runtimes; any height and width, RGB in [0, 1]."""
    check_result(out, ".onnx", force=force)
    network = load_pretrained(model)
    check_size(network, model, type(network).__name__)
    with TemporaryDirectory() as folder:  # checked there: what stands at `out` is sound
        made = Path(folder) / "float32.onnx"
        _export_checked(network, made, out)
        if int8:
            whole, made = made, Path(folder) / "int8.onnx"
            quantize_onnx(whole, made, calibration_images())
            click.echo(f"int8: {_kilobytes(made)}, {_loss(network, load_onnx(made)):+.2f} dB on")
            click.echo("the scenes of the validation split (PSNR on RGB, mean over pictures)")
        with atomic_path(out) as part:
            part.write_bytes(made.read_bytes())
    click.echo(f"{out} takes 'hazy' (B, 3, H, W) and gives 'dehazed'")


def _export_checked(network: nn.Module, file: Path, out: Path) -> None:
    export_onnx(network, file)
    pictures = [
        photo.hazy[..., :height, :width]
        for photo, (height, width) in zip(real_haze("best"), _ODD, strict=False)
    ]
    difference = largest_difference(network, file, pictures)
    if not difference <= _LARGEST:  # nan is none either
        raise ValueError(
            f"{out}: expected values within {_LARGEST:.0e} of PyTorch's, got {difference:.1e}; "
            "nothing was written. Bring the exporter up to date: pip install -U 'haze-course[edge]'"
        )
    click.echo(f"float32: {_kilobytes(file)}, at most {difference:.1e} from PyTorch")


def calibration_images() -> list[torch.Tensor]:
    """Hazy pictures of the train split, at half size: what activations look like."""
    train = scenes("train")
    generator = torch.Generator().manual_seed(0)
    chosen = train[:: max(len(train) // _CALIBRATION, 1)][:_CALIBRATION]
    return [sample_haze(s.clear, s.depth, generator).hazy[..., ::2, ::2] for s in chosen]


def _loss(network: Method, method: Method) -> float:
    pairs = benchmark_pairs("scenes", "validation")
    return mean_psnr(method, pairs) - mean_psnr(network, pairs)


def _kilobytes(path: Path) -> str:
    return f"{path.stat().st_size / 1000:.0f} kB"
