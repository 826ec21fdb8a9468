"""The ``haze-course`` command: run the course, copy it, check the machine, dehaze pictures.

Exit codes: 0 all well; 1 a notebook failed or was interrupted; 2 something to correct first.
"""

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from torch import Tensor

    from haze_course.course.pages import Row

FOLDER = click.Path(path_type=Path)
DEHAZERS = ["dark-channel"]
METHODS = [*DEHAZERS, "hazy"]  # hazy: the input itself, which every method must beat


class _UserError(click.ClickException):
    exit_code = 2


class _Commands(click.Group):
    """What a user can correct becomes one line and exit code 2, never a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # `haze-course ... | head`
            raise
        except (ValueError, OSError) as error:
            if ctx.params.get("traceback"):
                raise
            raise _UserError(_explain(error)) from error


def _explain(error: Exception) -> str:
    """An error of the system in the form of ours: file, what was found, what to do."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    hint = {
        errno.ENOSPC: "free some space, what was finished is kept",
        errno.EEXIST: "it is a file where a folder is needed; choose another name",
        errno.ENOTDIR: "a part of it is a file, not a folder; choose another name",
        errno.EISDIR: "it is a folder where a file is needed; choose another name",
    }.get(error.errno, "choose another place, or change its permissions")
    return f"{error.filename}: {error.strerror}; {hint}"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="haze-course")
@click.option("--traceback", is_flag=True, help="Show where in the code an error arose.")
def main(*, traceback: bool) -> None:
    """Single-image haze removal, hands on."""


@main.command()
@click.option("--profile", default="lesson", show_default=True, help="smoke, lesson or full.")
@click.option("--only", metavar="03,05", help="Only these notebooks.")
@click.option("--out", default="out", show_default=True, type=FOLDER)
@click.option("--resume", is_flag=True, help="Keep what is done and unchanged in the folder.")
@click.option("--in-place", is_flag=True, help="Store the outputs in the notebooks themselves.")
@click.option("--record", is_flag=True, help="Keep seconds and memory as the measured times.")
@click.option(
    "--timeout",
    default=900,
    show_default=True,
    type=click.IntRange(min=1),
    help="Seconds a cell may take.",
)
@click.option("--notebooks", type=FOLDER, help="Folder of the notebooks.")
def run(
    *,
    profile: str,
    only: str | None,
    out: Path,
    resume: bool,
    in_place: bool,
    record: bool,
    timeout: int,
    notebooks: Path | None,
) -> None:
    """Execute the notebooks; write them, their pages and an index."""
    from haze_course.course.execution import NotebookError
    from haze_course.course.runner import run_course
    from haze_course.paths import data_folder, notebooks_folder

    data_folder()  # without data no notebook runs: say so before anything is written
    numbers = [number for number in (only or "").split(",") if number.strip()]
    if only is not None and not numbers:
        raise ValueError(f"--only: expected numbers as in 03,05, got {only!r}")
    again = f"haze-course run --profile {profile} --out {out} --resume" + (
        f" --only {only}" if only else ""
    )
    try:
        rows = run_course(
            (notebooks or notebooks_folder()).resolve(),
            out.resolve(),
            profile=profile,
            only=numbers,
            resume=resume,
            in_place=in_place,
            record=record,
            timeout=timeout,
            say=click.echo,
        )
    except NotebookError as error:
        _stop(f"{error}\nAfter a correction: {again}")
    except KeyboardInterrupt:
        _stop(f"Stopped. To go on: {again}")
    _print_table(rows)
    click.echo(f"Pages: {out / 'index.html'}")


def _print_table(rows: "list[Row]") -> None:
    width = max(len(row.name) for row in rows)
    click.echo(f"\n{'notebook':{width}}  seconds  peak MB  status")
    for row in rows:
        click.echo(f"{row.name:{width}}  {row.seconds:7.1f}  {row.peak_mb:7.0f}  {row.status}")
    click.echo(f"{'together':{width}}  {sum(row.seconds for row in rows):7.1f}")


def _stop(message: str) -> NoReturn:
    click.echo(f"\n{message}", err=True)
    sys.exit(1)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--update", is_flag=True, help="Copy only what the folder does not have.")
def start(*, folder: Path, update: bool) -> None:
    """Copy the notebooks to FOLDER, to work in; nothing there is overwritten."""
    from haze_course.course.runner import start_course
    from haze_course.paths import notebooks_folder

    copied = start_course(notebooks_folder(), folder, update=update)
    click.echo(f"{len(copied)} files copied to {folder}. Next:\n  python -m jupyter lab {folder}")


@main.command()
def doctor() -> None:
    """Check versions, memory, disk and data; estimate each notebook's minutes here."""
    from haze_course.doctor import examine

    broken = []
    for finding in examine():
        click.echo(f"{'!' if finding.remedy else ' '} {finding.name:28} {finding.value}")
        broken += [finding] * bool(finding.remedy)
    if broken:
        raise _UserError("\n".join(f"{f.name}: {f.value}\n  {f.remedy}" for f in broken))
    click.echo("All well. Next: haze-course start my-course")


@main.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for <name>.png.")
@click.option("--method", default="dark-channel", show_default=True, type=click.Choice(DEHAZERS))
@click.option("--force", is_flag=True, help="Replace results that are there.")
def dehaze(*, inputs: tuple[Path, ...], out: Path, method: str, force: bool) -> None:
    """Dehaze picture files, and all pictures of folders."""
    from haze_course.deploy.batch import dehaze_files, find_inputs, plan_outputs

    targets = plan_outputs(find_inputs(inputs), out, force=force)
    problems = dehaze_files(targets, _method(method))
    click.echo(f"{len(targets) - len(problems)} of {len(targets)} pictures written to {out}")
    if problems:
        raise _UserError("\n".join(["not dehazed:", *problems]))


@main.command()
@click.option("--data", required=True, type=FOLDER, help="Holds hazy/ and clear/.")
@click.option("--layout", default="pairs", show_default=True, type=click.Choice(["pairs"]))
@click.option("--method", default="dark-channel", show_default=True, type=click.Choice(METHODS))
@click.option("--protocol", default="valid", show_default=True, help="Of the SSIM.")
@click.option("--json", "json_file", required=True, type=FOLDER, help="Table and records.")
@click.option("--csv", "csv_file", type=FOLDER, help="Records, one line an image.")
@click.option("--force", is_flag=True, help="Replace results that are there.")
def evaluate(
    *,
    data: Path,
    layout: str,
    method: str,
    protocol: str,
    json_file: Path,
    csv_file: Path | None,
    force: bool,
) -> None:
    """Measure a method on pairs of hazy and clear pictures: PSNR, SSIM, CIEDE2000."""
    from haze_course.data.reside import find_pairs
    from haze_course.quality import evaluation

    _check_result(json_file, ".json", force=force)
    if csv_file:
        _check_result(csv_file, ".csv", force=force)
    pairs = find_pairs(data)
    records = evaluation.evaluate(
        _method(method), pairs, name=method, protocol=protocol, progress=True
    )
    evaluation.write_json(records, json_file)
    if csv_file:
        evaluation.write_csv(records, csv_file)
    for row in evaluation.summarise(records):
        click.echo(f"{row['method']} on {row['images']} images of {data} ({layout}), means:")
        click.echo(
            f"PSNR {row['psnr']:.2f} dB, SSIM {row['ssim']:.4f} ({protocol}), "
            f"CIEDE2000 {row['ciede2000']:.2f}, {row['seconds']:.3f} s an image"
        )


def _check_result(path: Path, suffix: str, *, force: bool) -> None:
    """Before anything is measured: the name says what it will hold, and nothing is lost."""
    if path.suffix.lower() != suffix:
        raise ValueError(f"{path}: expected a name ending in {suffix}")
    if path.is_dir() or (path.exists() and not force):
        what = "is a folder" if path.is_dir() else "is there already"
        raise ValueError(f"{path} {what}; choose another name, or --force to replace a file")
    path.parent.mkdir(parents=True, exist_ok=True)


def _method(name: str) -> "Callable[[Tensor], Tensor]":
    from haze_course.physics.priors import dehaze_dark_channel
    from haze_course.quality.evaluation import identity

    return {"dark-channel": dehaze_dark_channel, "hazy": identity}[name]


@main.command(hidden=True)
@click.argument("repository", default="")
@click.option("--branch", default="main", show_default=True)
def links(*, repository: str, branch: str) -> None:
    """Point the Binder and Colab links of this checkout at REPOSITORY (owner/name), or at none."""
    from haze_course.course.links import write_links
    from haze_course.paths import notebooks_folder

    changed = write_links(notebooks_folder().parent, repository, branch)
    click.echo(f"Links to {repository or 'nowhere'}: {len(changed)} files changed")
