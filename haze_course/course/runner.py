"""The notebooks as a batch run: execute, write pages, remember what was done."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from haze_course.course.execution import NotebookError, execute, store
from haze_course.course.links import TIMINGS, timings_table, write_block
from haze_course.course.pages import Row, index_page, notebook_page
from haze_course.course.profiles import Job, list_notebooks, plan, read_notebook
from haze_course.machine import benchmark_seconds, describe, timings, timings_file
from haze_course.paths import atomic_path, only_run_in, write_text

LOGBOOK = "run.json"  # in the output folder: what was done, for --resume and the index


def run_course(
    folder: Path,
    out: Path,
    *,
    profile: str = "lesson",
    only: Sequence[str] = (),
    resume: bool = False,
    in_place: bool = False,
    record: bool = False,
    timeout: int = 900,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """Execute notebooks, write each with its HTML page, and an index, into `out`.

    Args:
        folder: the notebooks; never written to without `in_place`.
        out: is made; pages of earlier runs in it stay.
        profile: the sizes.
        only: numbers of notebooks; none means all.
        resume: leave out what `out` holds complete, with the same sources and values.
        in_place: also store the outputs in the notebooks, which takes the lesson profile.
        record: also keep seconds and memory as this course's measured times.
        timeout: seconds that one cell may take.
        say: is told what happens, a line at a time.

    Raises:
        NotebookError: a cell raised; what came before it is kept.
        ValueError: something is wrong with the call, or another run writes to `out`.
    """
    if in_place and profile != "lesson":
        raise ValueError(f"--in-place stores the lesson values; profile is {profile!r}")
    jobs = plan(folder, profile, only)
    out.mkdir(parents=True, exist_ok=True)
    with only_run_in(out):
        rows = _read_logbook(out)
        done = []
        try:
            for job in jobs:
                name = job.path.stem
                if resume and _complete(rows.get(name), job, out):
                    say(f"{name}: done before, kept")
                else:
                    rows[name] = Row(name, job.title, profile, job.fingerprint, "stopped")
                    rows[name] = _run(job, out, rows[name], timeout)
                    _write_logbook(rows, out)  # now: a killed run is resumed from here
                    say(f"{name}: {rows[name].seconds:.1f} s, {rows[name].peak_mb:.0f} MB")
                if in_place:
                    for note in store(job.path, out / job.path.name):
                        say(note)
                done.append(rows[name])
        except NotebookError:
            rows[name] = replace(rows[name], status="failed")
            raise
        finally:
            rows = _write_pages(out, rows)
            _write_logbook(rows, out)
    if record:
        _record(done, profile, folder)
    return done


def _run(job: Job, out: Path, row: Row, timeout: int) -> Row:
    cost = execute(job.path, out / job.path.name, parameters=job.parameters, timeout=timeout)
    return replace(row, status="done", seconds=cost.seconds, peak_mb=cost.peak_mb, links=None)


def _complete(row: Row | None, job: Job, out: Path) -> bool:
    return (
        row is not None
        and (row.status, row.fingerprint) == ("done", job.fingerprint)
        and (out / job.path.name).is_file()
    )


def _write_logbook(rows: dict[str, Row], out: Path) -> None:
    _write_json({name: asdict(row) for name, row in rows.items()}, out / LOGBOOK)


def _read_logbook(out: Path) -> dict[str, Row]:
    """What `out` holds from earlier runs; a damaged logbook counts as none."""
    try:
        entries = json.loads((out / LOGBOOK).read_text(encoding="utf-8"))
        rows = {name: Row(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError):
        return {}
    return {name: row for name, row in rows.items() if (out / f"{name}.ipynb").is_file()}


def _write_pages(out: Path, rows: dict[str, Row]) -> dict[str, Row]:
    """Pages of what was executed now, and of those whose neighbours changed; the index."""
    rows = {name: rows[name] for name in sorted(rows) if (out / f"{name}.ipynb").is_file()}
    names = list(rows)
    for number, (name, row) in enumerate(rows.items()):
        near = [names[number - 1] if number else "", *names[number + 1 : number + 2], ""][:2]
        if row.links != near or not (out / f"{name}.html").is_file():
            page = notebook_page(read_notebook(out / f"{name}.ipynb"), row.title, *near)
            write_text(page, out / f"{name}.html")
            rows[name] = replace(row, links=near)
    page = index_page(list(rows.values()), describe(), time.strftime("%Y-%m-%d"))
    write_text(page, out / "index.html")
    return rows


def _record(rows: list[Row], profile: str, folder: Path) -> None:
    """Measured times of this machine, with its benchmark, beside those measured before."""
    measured = timings()
    for row in rows:
        measured.setdefault(profile, {})[row.name] = {
            "seconds": round(row.seconds, 1),
            "peak_mb": round(row.peak_mb),
            "benchmark": round(benchmark_seconds(), 6),
        }
    _write_json({"machine": describe(), "profiles": measured}, timings_file())
    readme = folder.parent / "README.md"
    if readme.is_file() and f"<!-- {TIMINGS} -->" in readme.read_text(encoding="utf-8"):
        write_block(readme, TIMINGS, timings_table(list_notebooks(folder), measured))


def _write_json(value: object, path: Path) -> None:
    write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", path)


def start_course(source: Path, target: Path, *, update: bool = False) -> list[Path]:
    """Copy the notebooks to a learner's own folder; what stands there is never overwritten.

    Args:
        source: the notebooks as shipped.
        target: is made if need be.
        update: copy what is missing in `target` and leave the rest.

    Raises:
        FileExistsError: files of these names stand in `target`, and `update` is off.
    """
    files = [*list_notebooks(source), source / "profiles.yaml"]
    present = [file.name for file in files if (target / file.name).exists()]
    if present and not update:
        raise FileExistsError(
            f"{target} already has {', '.join(present)}; nothing was copied. "
            "Choose another folder, or add what is missing with --update"
        )
    missing = [file for file in files if file.name not in present]
    for file in missing:
        with atomic_path(target / file.name) as part:
            shutil.copyfile(file, part)
    return [target / file.name for file in missing]
