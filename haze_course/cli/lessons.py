"""Commands of the course: run the notebooks, copy them, check the machine."""

import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.core import ParameterSource

from haze_course.cli.group import FOLDER, UserError, check_result, timeout_option

if TYPE_CHECKING:
    from haze_course.course.pages import Row
    from haze_course.teaching.progress import Entry, Progress


def _joined(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> str | None:
    """`--only 03 --only 05` is `--only 03,05`."""
    return ",".join(given) if given else None


@click.command()
@click.option("--profile", default="lesson", show_default=True, help="smoke, lesson or full.")
@click.option("--only", metavar="03,05", multiple=True, callback=_joined, help="Only these.")
@click.option("--out", default="out", show_default=True, type=FOLDER)
@click.option("--resume", is_flag=True, help="Keep what is done and unchanged in the folder.")
@click.option("--in-place", is_flag=True, help="Store the outputs in the notebooks themselves.")
@click.option("--record", is_flag=True, help="Keep seconds and memory as the measured times.")
@timeout_option
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
        _stop(f"{error}\nAfter a correction: {_again()}")
    except KeyboardInterrupt:
        _stop(f"Stopped. To go on: {_again()}")
    _print_table(rows)
    click.echo(f"Pages: {out / 'index.html'}")


def _again() -> str:
    """The command as it was given, to go on with what is done."""
    context = click.get_current_context()
    words = ["haze-course", "run"]
    for option in context.command.params:
        name = option.name or ""
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name != "resume":
            value = context.params[name]
            words += option.opts if value is True else [*option.opts, str(value)]
    return shlex.join([*words, "--resume"])


def _print_table(rows: "list[Row]") -> None:
    width = max(len(row.name) for row in rows)
    click.echo(f"\n{'notebook':{width}}  seconds  peak MB  status")
    for row in rows:
        click.echo(f"{row.name:{width}}  {row.seconds:7.1f}  {row.peak_mb:7.0f}  {row.status}")
    click.echo(f"{'together':{width}}  {sum(row.seconds for row in rows):7.1f}")


def _stop(message: str) -> NoReturn:
    click.echo(f"\n{message}", err=True)
    sys.exit(1)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--update", is_flag=True, help="Copy only what the folder does not have.")
def start(*, folder: Path, update: bool) -> None:
    """Copy the notebooks to FOLDER, to work in; nothing there is overwritten."""
    from haze_course.course.runner import start_course
    from haze_course.paths import notebooks_folder

    copied = start_course(notebooks_folder(), folder, update=update)
    click.echo(f"{len(copied)} files copied to {folder}. Next:\n  python -m jupyter lab {folder}")


@click.command()
@click.argument("folders", nargs=-1, type=FOLDER)
@click.option("--csv", "csv_file", type=FOLDER, help="One line a folder and exercise.")
@click.option("--force", is_flag=True, help="Replace a CSV that is there.")
def progress(*, folders: Sequence[Path], csv_file: Path | None, force: bool) -> None:
    """Show what was attempted and solved in FOLDERS of learners' own notebooks.

    Without FOLDERS, in this one. Of several, a table: a line a folder, a column a notebook.
    """
    from haze_course.course.profiles import list_notebooks
    from haze_course.paths import notebooks_folder
    from haze_course.teaching.exercises import exercises_of
    from haze_course.teaching.progress import read_learner, write_csv

    distinct = list({folder.resolve(): folder for folder in folders or [Path()]}.values())
    learners = dict(zip(_names(distinct), map(read_learner, distinct), strict=True))
    asked = {path.stem: exercises_of(path.stem[:2]) for path in list_notebooks(notebooks_folder())}
    if csv_file:
        check_result(csv_file, ".csv", force=force)
        every = [one for exercises in asked.values() for one in exercises.items()]
        write_csv(learners, {name: len(one.properties) for name, one in every}, csv_file)
    if len(learners) > 1:
        _print_learners(learners, asked)
    else:
        _print_learner(next(iter(learners.values())), asked)


def _names(folders: Sequence[Path]) -> list[str]:
    """What tables call folders: their names, or, where two share one, as they were given."""
    names = [folder.resolve().name for folder in folders]
    return [
        name if names.count(name) == 1 else str(folder)
        for name, folder in zip(names, folders, strict=True)
    ]


def _print_learner(kept: "Progress", asked: Mapping[str, Collection[str]]) -> None:
    """Every exercise of every notebook."""
    from haze_course.teaching.progress import solved

    for stem, names in asked.items():
        click.echo(f"{stem:30} {solved(kept, names)} of {len(names)} done")
        for name in names:
            click.echo(f"  {name}  {_attempts(kept.get(name))}")
    every = [name for names in asked.values() for name in names]
    click.echo(f"Together: {solved(kept, every)} of {len(every)} exercises done")


def _print_learners(
    learners: "Mapping[str, Progress]", asked: Mapping[str, Collection[str]]
) -> None:
    """Solved / asked: a line a learner, a column a notebook."""
    from haze_course.teaching.progress import solved

    groups = [*asked.values(), [name for names in asked.values() for name in names]]
    rows = [["folder", *(stem[:2] for stem in asked), "together"]]
    for folder, kept in learners.items():
        rows.append([folder, *(f"{solved(kept, names)}/{len(names)}" for names in groups)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        click.echo("  ".join([first.ljust(widths[0]), *aligned]))


def _attempts(entry: "Entry | None") -> str:
    if entry is None:
        return "○ not attempted"
    tries = f"{entry['attempts']} attempt{'s' * (entry['attempts'] > 1)}, last {entry['when']}"
    if entry["done"]:
        return f"✔ done ({tries})"
    return f"✘ {entry['held']} of {entry['count']} properties hold ({tries})"


@click.command()
@click.option("-o", "--out", required=True, type=FOLDER, help="A new folder.")
def instructor(*, out: Path) -> None:
    """Write the instructor's pack: guide, plan, solutions, common mistakes."""
    from haze_course.course.instructor import write_pack
    from haze_course.paths import notebooks_folder

    written = write_pack(notebooks_folder(), out)
    click.echo(f"{len(written)} files written. Open {out / 'index.html'}")


@click.command()
def doctor() -> None:
    """Check versions, memory, disk and data; estimate each notebook's minutes here."""
    from haze_course.doctor import examine

    broken = []
    for finding in examine():
        click.echo(f"{'!' if finding.remedy else ' '} {finding.name:28} {finding.value}")
        broken += [finding] * bool(finding.remedy)
    if broken:
        raise UserError("\n".join(f"{f.name}: {f.value}\n  {f.remedy}" for f in broken))
    click.echo("All well. Next: haze-course start my-course")


@click.command(hidden=True)
@click.argument("repository", default="")
@click.option("--branch", default="main", show_default=True)
def links(*, repository: str, branch: str) -> None:
    """Point the Binder and Colab links of this checkout at REPOSITORY (owner/name), or at none."""
    from haze_course.course.links import write_links
    from haze_course.paths import notebooks_folder

    changed = write_links(notebooks_folder().parent, repository, branch)
    click.echo(f"Links to {repository or 'nowhere'}: {len(changed)} files changed")
