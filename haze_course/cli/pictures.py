"""Commands for pictures: dehaze them, measure a method on pairs of them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haze_course.cli.group import FOLDER, UserError, check_result, method_name
from haze_course.layouts import LAYOUTS

if TYPE_CHECKING:
    from torch import Tensor

    from haze_course.data.benchmark import Pair
    from haze_course.data.reside import PairFiles

    AnyPair = Pair | PairFiles

DEHAZERS = ["dark-channel"]
METHODS = [*DEHAZERS, "hazy"]  # hazy: the input itself, which every method must beat
SHIPPED = ["scenes", "photos", "rooms", "streets"]


def model_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--model``, which goes before ``--method``."""
    return click.option(
        "--model",
        metavar="NAME_OR_FILE",
        help="A network instead: a shipped name (student) or a file (.safetensors, .onnx).",
    )(command)


@click.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for <name>.png and .mp4.")
@click.option("--method", default="dark-channel", show_default=True, type=click.Choice(DEHAZERS))
@model_option
@click.option("--device", default="cpu", show_default=True, help="Where a network runs: cpu, cuda.")
@click.option("--compiled", is_flag=True, help="Compile the network first; pays on many pictures.")
@click.option(
    "--smoothing",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds over which a network's gates are averaged in a video; 0: not at all.",
)
@click.option("--force", is_flag=True, help="Replace results that are there.")
def dehaze(
    *,
    inputs: tuple[Path, ...],
    out: Path,
    method: str,
    model: str | None,
    device: str,
    compiled: bool,
    smoothing: float,
    force: bool,
) -> None:
    """Dehaze picture files, videos, and all of both in folders.

    What the camera wrote into a picture is kept, and the sound of a video.
    """
    from haze_course.deploy.batch import dehaze_files, find_inputs, is_video, plan_outputs

    if (compiled or device != "cpu") and model is None:
        raise ValueError("--device and --compiled are for networks: expected --model, too")
    targets = plan_outputs(find_inputs(inputs), out, force=force)
    videos = [file for file in targets if is_video(file)]
    if compiled and smoothing and videos:
        raise ValueError(
            f"--compiled: a video runs uncompiled while its gates are averaged, found {videos[0]}; "
            "leave it out, add --smoothing 0, or run without --compiled"
        )
    name, run = _method(method, model, device=device, compiled=compiled)
    start = time.perf_counter()
    problems = dehaze_files(targets, run, smoothing=smoothing)
    way = f" ({run.way})" if hasattr(run, "way") else ""
    click.echo(
        f"{len(targets) - len(problems)} of {len(targets)} files written to {out} by {name}{way} "
        f"in {time.perf_counter() - start:.1f} s"
    )
    if problems:
        raise UserError("\n".join(["not dehazed:", *problems]))


@click.command()
@click.option("--data", type=FOLDER, help="Folder of hazy and clear pictures.")
@click.option("--layout", default="pairs", show_default=True, type=click.Choice(LAYOUTS))
@click.option("--shipped", type=click.Choice(SHIPPED), help="Test pairs of the course instead.")
@click.option("--method", default="dark-channel", show_default=True, type=click.Choice(METHODS))
@model_option
@click.option("--protocol", default="valid", show_default=True, help="Of the SSIM.")
@click.option("--json", "json_file", type=FOLDER, help="Table and records.")
@click.option("--csv", "csv_file", type=FOLDER, help="Records, one line an image.")
@click.option("--resume", is_flag=True, help="Keep the records of the CSV; measure the others.")
@click.option("--force", is_flag=True, help="Replace results that are there.")
def evaluate(
    *,
    data: Path | None,
    layout: str,
    shipped: str | None,
    method: str,
    model: str | None,
    protocol: str,
    json_file: Path | None,
    csv_file: Path | None,
    resume: bool,
    force: bool,
) -> None:
    """Measure a method on pairs of hazy and clear pictures: PSNR, SSIM, CIEDE2000.

    A pair that cannot be measured does not stop the others: it is named at the end, with exit
    code 2.
    """
    from haze_course.cli.measuring import measure_all, read_done
    from haze_course.cli.records import write_json
    from haze_course.quality.evaluation import summarise

    if resume and csv_file is None:
        raise ValueError("--resume: expected --csv FILE, which holds what is measured")
    for file, suffix in ((json_file, ".json"), (csv_file, ".csv")):
        if file:
            check_result(file, suffix, force=force or resume)
    where, pairs = _pairs(data, layout, shipped)
    name, run = _method(method, model, precision="float32")
    done = {}
    if resume and csv_file:
        done = read_done(csv_file, pairs, name=name, protocol=protocol)
    records, problems = measure_all(
        run, pairs, name=name, protocol=protocol, done=done, csv_file=csv_file
    )
    if json_file:
        write_json(records, json_file, problems)
    for row in summarise(records):
        click.echo(f"{row['method']} on {row['images']} images of {where}, means:")
        click.echo(
            f"PSNR {row['psnr']:.2f} dB, SSIM {row['ssim']:.4f} ({protocol}), "
            f"CIEDE2000 {row['ciede2000']:.2f}, {row['seconds']:.3f} s an image"
        )
        if row["psnr_low"] is not None:
            click.echo(
                f"95 % interval of the PSNR over {row['scenes']} scenes: "
                f"[{row['psnr_low']:.2f}, {row['psnr_high']:.2f}]"
            )
    if problems:
        raise UserError("\n".join([f"{len(problems)} of {len(pairs)} not measured:", *problems]))


def _pairs(data: Path | None, layout: str, shipped: str | None) -> tuple[str, "Sequence[AnyPair]"]:
    from haze_course.data.benchmark import benchmark_pairs
    from haze_course.data.reside import find_pairs

    if (data is None) == (shipped is None):
        raise ValueError("expected one of --data FOLDER and --shipped NAME")
    if data is None:
        return f"the shipped {shipped}", benchmark_pairs(shipped or "")
    return f"{data} ({layout})", find_pairs(data, layout=layout)


def _method(method: str, model: str | None, **how: Any) -> "tuple[str, Callable[[Tensor], Tensor]]":
    """Its name for tables, and hazy -> dehazed; `how` is for `load_dehazer`."""
    from haze_course.deploy.inference import load_dehazer
    from haze_course.physics.priors import dehaze_dark_channel
    from haze_course.quality.evaluation import identity

    if model is not None:
        return method_name(model), load_dehazer(model, **how)
    return method, {"dark-channel": dehaze_dark_channel, "hazy": identity}[method]
