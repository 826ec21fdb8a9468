"""The command that runs one notebook over a grid of its parameters."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from haze_course.cli.group import FOLDER, timeout_option

if TYPE_CHECKING:
    from haze_course.course.sweep import Outcome


@click.command()
@click.argument("grid", metavar="GRID.yaml", type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="A folder for each run in it.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="At once.")
@timeout_option
def sweep(*, grid: Path, out: Path, jobs: int, timeout: int) -> None:
    """Execute a notebook with all combinations of the values in GRID.yaml; write one table.

    Called again it keeps finished runs. The file names the notebook, by number or file, and its
    values, as in ``{notebook: 05, parameters: {STEPS: [100, 400], SEED: [0, 1]}}``.
    """
    from haze_course.course.sweep import TABLE, read_grid, run_sweep
    from haze_course.paths import notebooks_folder

    runs = read_grid(grid, notebooks_folder())
    try:
        outcomes = run_sweep(runs, out.resolve(), jobs=jobs, timeout=timeout, say=click.echo)
    except KeyboardInterrupt:
        click.echo("\nStopped. The same command goes on.", err=True)
        sys.exit(1)
    _print_table(outcomes)
    click.echo(f"Table: {out / TABLE}")
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failed:
        click.echo(f"\n{len(failed)} of {len(outcomes)} failed. The first:\n{failed[0].error}",
                   err=True)  # fmt: skip
        sys.exit(1)


def _print_table(outcomes: "list[Outcome]") -> None:
    names = list(outcomes[0].values)
    lines = [[*names, "seconds", "peak MB", "status"]]
    for outcome in outcomes:
        values = [str(outcome.values[name]) for name in names]
        lines.append([*values, f"{outcome.seconds:.1f}", f"{outcome.peak_mb:.0f}", outcome.status])
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    click.echo("")
    for line in lines:
        click.echo("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
