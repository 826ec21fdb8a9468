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
from haze_course.deploy.inference import load_onnx
from haze_course.nets.weights import load_pretrained
from haze_course.quality.evaluation import Method
from haze_course.training.recipes import mean_psnr

_ODD = ((101, 77), (64, 231))  # sizes on which the file must agree
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
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "float32.onnx" if int8 else out
        _export_checked(network, whole)
        if int8:
            quantize_onnx(whole, out, calibration_images())
            click.echo(f"int8: {_kilobytes(out)}, {_loss(network, load_onnx(out)):+.2f} dB on the")
            click.echo("scenes of the validation split (PSNR on RGB, mean over pictures)")
    click.echo(f"{out} takes 'hazy' (B, 3, H, W) and gives 'dehazed'")


def _export_checked(network: nn.Module, file: Path) -> None:
    export_onnx(network, file)
    pictures = [
        photo.hazy[..., :height, :width]
        for photo, (height, width) in zip(real_haze("best"), _ODD, strict=False)
    ]
    difference = largest_difference(network, file, pictures)
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
