"""Commands for RESIDE on the reader's disk: is it sound, a small copy, sheets of its real haze."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from haze_course.cli.group import FOLDER, UserError, check_result, method_name
from haze_course.layouts import REAL_LAYOUTS

if TYPE_CHECKING:
    from haze_course.data.reside_check import Finding, Report
    from haze_course.deploy.inference import Method

SHOWN = 10  # findings of one kind; --json holds all


@click.group()
def data() -> None:
    """Check RESIDE on your disk, take a small sample of it, look at its real haze."""


@data.command()
@click.argument("root", type=FOLDER)
@click.option("--json", "json_file", type=FOLDER, help="All that was found.")
@click.option("--force", is_flag=True, help="Replace a result that is there.")
def check(*, root: Path, json_file: Path | None, force: bool) -> None:
    """Open every picture of RESIDE below ROOT and say what is there and what to correct.

    A partial copy is fine. Exit code 0: sound; 2: something to correct.
    """
    from haze_course.data.reside_check import check_reside
    from haze_course.paths import write_text

    if json_file:
        check_result(json_file, ".json", force=force)
    report = check_reside(root, progress=True)
    if json_file:
        write_text(json.dumps(report.as_dict(), indent=1), json_file)
    _print(report)
    if not report.sound:
        raise UserError(report.verdict)
    click.echo(report.verdict)


@data.command()
@click.argument("root", type=FOLDER)
@click.option("-n", "count", default=20, show_default=True, help="Hazy pictures of each part.")
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for the copy.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other scenes.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def sample(*, root: Path, count: int, out: Path, seed: int, force: bool) -> None:
    """Copy some whole scenes of each part of RESIDE below ROOT, in the same folders."""
    from haze_course.data.reside_sample import choose_sample, copy_sample

    files = choose_sample(root, count, seed=seed)
    copy_sample(files, root, out, force=force, progress=True)
    click.echo(f"{len(files)} files copied to {out}")


@data.command()
@click.argument("root", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for PART_01.jpg, ...")
@click.option(
    "--layout", type=click.Choice(REAL_LAYOUTS), help="One part; else all that are there."
)
@click.option("--model", "models", multiple=True, default=("student",), show_default=True,
              metavar="NAME_OR_FILE", help="A column; may be given several times.")  # fmt: skip
@click.option("-n", "count", default=24, show_default=True, type=click.IntRange(min=1),
              help="Pictures of each part, evenly chosen.")  # fmt: skip
@click.option("--rows", default=4, show_default=True, type=click.IntRange(min=1), help="A page.")
@click.option("--force", is_flag=True, help="Replace pages that are there.")
def sheets(
    *,
    root: Path,
    out: Path,
    layout: str | None,
    models: tuple[str, ...],
    count: int,
    rows: int,
    force: bool,
) -> None:
    """Draw pages of real haze below ROOT beside what each method makes of it.

    RTTS, URHI and the real part of HSTS have no truth: these pages are to be looked at, and no
    score is computed. The dark channel prior is always among the columns.
    """
    from haze_course.cli.sheets import draw_pages, plan_pages
    from haze_course.deploy.inference import load_dehazer
    from haze_course.physics.priors import dehaze_dark_channel

    pages = plan_pages(root, out, layout, count=count, rows=rows)
    for page in pages:
        check_result(page, ".jpg", force=force)
    methods: dict[str, Method] = {"dark channel": dehaze_dark_channel}
    methods |= {method_name(model): load_dehazer(model) for model in models}
    written, problems = draw_pages(pages, methods)
    click.echo(f"{len(written)} page{'s' * (len(written) != 1)} in {out}")
    if problems:
        raise UserError("\n".join(["not shown:", *problems]))


def _print(report: "Report") -> None:
    from haze_course.data.reside_check import REMEDIES

    for part in report.parts:
        click.echo(f"{part.sentence}  [{part.folder}]")
        for note in part.notes:
            click.echo(f"    note: {note}")
    for note in report.notes:
        click.echo(f"note: {note}")
    for kind, remedy in REMEDIES.items():
        _print_kind(remedy, [finding for finding in report.findings if finding.kind == kind])


def _print_kind(remedy: str, findings: "Sequence[Finding]") -> None:
    if findings:
        click.echo(f"\n{len(findings)} x {remedy}")
    for finding in findings[:SHOWN]:
        click.echo(f"    {finding.file}: {finding.text}")
    if len(findings) > SHOWN:
        click.echo(f"    ... and {len(findings) - SHOWN} more; --json FILE holds all")
