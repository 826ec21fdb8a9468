"""One notebook over a grid of its parameters: a folder for each run, one table of all.

notebook: 05                  # its number, or a file
profile: smoke                # optional, of a numbered notebook: sizes that the grid leaves
parameters: {STEPS: [100, 400], SEED: [0, 1, 2]}   # all six combinations
"""

import csv
import io
import itertools
import json
import multiprocessing
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from haze_course.course.execution import NotebookError, execute
from haze_course.course.profiles import Job, make_job, plan
from haze_course.machine import cores
from haze_course.paths import only_run_in, write_text
from haze_course.processes import end_with_parent

RUN, TABLE = "run.json", "sweep.csv"  # in a run's folder; beside the folders
_NAME_LENGTH = 80


@dataclass(frozen=True)
class Run:
    """One point of the grid: its name, which is its folder's, its values, what to execute."""

    name: str
    values: dict[str, Any]
    job: Job


@dataclass(frozen=True)
class Outcome:
    """What became of a run; `error` fits on one screen."""

    status: str  # done, failed
    fingerprint: str
    values: dict[str, Any]
    seconds: float = 0.0
    peak_mb: float = 0.0
    error: str = ""


def read_grid(file: Path, notebooks: Path) -> list[Run]:
    """All runs that a grid asks for; whatever can be wrong with it is found here.

    Args:
        file: YAML as above.
        notebooks: the folder in which numbers are looked up.

    Raises:
        ValueError: not such a file, or a notebook or parameter that does not exist.
    """
    try:
        grid = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(grid, dict) or set(grid) - {"notebook", "profile", "parameters"}:
        raise ValueError(f"{file}: expected notebook, parameters and perhaps profile, got {grid}")
    axes = _axes(file, grid.get("parameters"))
    start = _start(file, grid, notebooks)
    runs = []
    for point in itertools.product(*axes.values()):
        values = dict(zip(axes, point, strict=True))
        job = make_job(start.path, start.parameters | values, file)
        runs.append(Run(_name(values, job.fingerprint), values, job))
    twice = {run.name for run in runs if sum(run.name == other.name for other in runs) > 1}
    if twice:
        raise ValueError(f"{file}: {', '.join(sorted(twice))} stands there twice")
    return runs


def _axes(file: Path, axes: Any) -> dict[str, list[Any]]:
    lists = isinstance(axes, dict) and all(isinstance(v, list) and v for v in axes.values())
    if not axes or not lists:
        raise ValueError(f"{file}: expected parameters: {{NAME: [value, ...], ...}}, got {axes}")
    for name, values in axes.items():
        if not isinstance(name, str):
            raise ValueError(f"{file}: parameters: expected names, got {name!r}")
        try:
            json.dumps(values)
        except TypeError as error:
            raise ValueError(
                f"{file}: {name}: expected numbers, text, true or false, got {values}; put what is "
                "text, as a date, in quotes"
            ) from error
    return axes


def _start(file: Path, grid: dict[str, Any], notebooks: Path) -> Job:
    """The notebook with the values of the profile."""
    named, profile = str(grid.get("notebook", "")), grid.get("profile")
    if named.isdigit():
        return plan(notebooks, profile or "lesson", [named])[0]
    path = (file.parent / named).resolve()
    if not path.is_file():
        raise ValueError(f"{file}: notebook: expected a number or a file, got {named!r}")
    if profile:
        raise ValueError(f"{file}: profile {profile!r}: only a numbered notebook has profiles")
    return make_job(path, {}, file)


def _name(values: dict[str, Any], fingerprint: str) -> str:
    text = ",".join(f"{name}={value}" for name, value in values.items())
    text = re.sub(r"[^\w.,=+-]+", "_", text)
    return text if len(text) <= _NAME_LENGTH else f"{text[:_NAME_LENGTH]}~{fingerprint[:8]}"


def run_sweep(
    runs: list[Run],
    out: Path,
    *,
    jobs: int = 1,
    timeout: int = 900,
    say: Callable[[str], None] = print,
) -> list[Outcome]:
    """Execute what `out` does not hold finished; a failing run does not stop the others.

    Args:
        runs: from `read_grid`.
        out: gets a folder for each run and the table; finished runs in it are kept.
        jobs: notebooks at once; they divide the cores.
        timeout: seconds that one cell may take.
        say: is told what happens, a line at a time.

    Raises:
        ValueError: another run writes to `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    with only_run_in(out):
        found = {run.name: outcome for run in runs if (outcome := _finished(run, out))}
        for name in found:
            say(f"{name}: done before, kept")
        todo = [run for run in runs if run.name not in found]
        threads = max(cores() // jobs, 1)
        pool = ProcessPoolExecutor(
            min(jobs, max(len(todo), 1)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=end_with_parent,
            initargs=(os.getpid(),),
        )
        with pool:
            futures = {pool.submit(_execute, run, out, timeout, threads): run for run in todo}
            try:
                for future in as_completed(futures):
                    name, found[futures[future].name] = futures[future].name, future.result()
                    _write_table(runs, found, out)
                    say(f"{name}: {found[name].status}, {found[name].seconds:.1f} s")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        _write_table(runs, found, out)
    return [found[run.name] for run in runs]


def _finished(run: Run, out: Path) -> Outcome | None:
    """A run that `out` holds complete, with the same notebook and values."""
    folder = out / run.name
    try:
        outcome = Outcome(**json.loads((folder / RUN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    same = outcome.status == "done" and outcome.fingerprint == run.job.fingerprint
    return outcome if same and (folder / run.job.path.name).is_file() else None


def _execute(run: Run, out: Path, timeout: int, threads: int) -> Outcome:
    """In a process of its own, whose only children are the kernel: so its memory is known."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    folder, job = out / run.name, run.job
    (folder / RUN).unlink(missing_ok=True)  # until it is finished, it is not
    start = time.perf_counter()
    try:
        cost = execute(job.path, folder / job.path.name, parameters=job.parameters,
                       timeout=timeout, progress=False)  # fmt: skip
        outcome = Outcome("done", job.fingerprint, run.values, cost.seconds, cost.peak_mb)
    except NotebookError as error:
        seconds = time.perf_counter() - start
        outcome = Outcome("failed", job.fingerprint, run.values, seconds, error=str(error))
    write_text(json.dumps(asdict(outcome), indent=1, default=str) + "\n", folder / RUN)
    return outcome


def _write_table(runs: list[Run], found: dict[str, Outcome], out: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*runs[0].values, "status", "seconds", "peak_mb", "folder"])
    for run in runs:
        if outcome := found.get(run.name):
            cost = [f"{outcome.seconds:.1f}", f"{outcome.peak_mb:.0f}"]
            writer.writerow([*run.values.values(), outcome.status, *cost, run.name])
    write_text(text.getvalue(), out / TABLE)
