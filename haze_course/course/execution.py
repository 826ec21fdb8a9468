"""One notebook through papermill: its seconds, its peak memory, its first error.

papermill 2.7 can wait for ever on a cell that never answers, so every cell has a time limit, and
notebooks draw no live widgets here (``HAZE_STATIC=1``).
"""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import nbformat
import papermill
import psutil
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from haze_course.paths import atomic_path

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
SOURCE_LINES = 8  # of the failing cell, and as many of its error: one screen


@dataclass(frozen=True)
class Cost:
    """What one notebook took: wall seconds with kernel start, peak megabytes of its kernel."""

    seconds: float
    peak_mb: float


class NotebookError(RuntimeError):
    """A cell raised, or hung, or its kernel died; the message fits on one screen."""


def execute(
    notebook: Path,
    executed: Path,
    *,
    parameters: dict[str, object],
    timeout: int,
    progress: bool = True,
) -> Cost:
    """Run `notebook` in its own folder and write the result to `executed`.

    Args:
        notebook: is read, never written.
        executed: holds the whole result, or, after an error, all up to the error.
        parameters: values for the names in the cell tagged ``parameters``; none: as stored.
        timeout: seconds that one cell may take.
        progress: show a bar.

    Raises:
        NotebookError: with notebook, cell, source and error.
    """
    start = time.perf_counter()
    bar = {"desc": notebook.stem, "leave": False, "mininterval": 0.5}
    with atomic_path(executed) as part, _environment(HAZE_STATIC="1"), PeakMemory() as memory:
        try:
            papermill.execute_notebook(
                notebook,
                part,
                parameters,
                cwd=notebook.parent,
                kernel_name=KERNELSPEC["name"],
                language=KERNELSPEC["language"],
                progress_bar=bar if progress else False,
                execution_timeout=timeout,
                coalesce_streams=True,
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],  # else: warns of its own TCP
            )
        except (papermill.PapermillExecutionError, CellTimeoutError, DeadKernelError) as error:
            part.replace(executed)
            message = _failure(notebook, executed, error, timeout)
            raise NotebookError(message) from error
    return Cost(time.perf_counter() - start, memory.peak / 2**20)


class PeakMemory:
    """The largest resident memory, in bytes, of the kernels started while it watches.

    The sum over a kernel and its children is sampled; where the system keeps a high-water mark
    of a process, that counts too, so that a peak between two samples is not missed.
    """

    def __init__(self, interval: float = 0.05) -> None:
        self.peak = 0
        self._interval = interval
        self._known = {child.pid for child in psutil.Process().children()}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            kernels = [p for p in psutil.Process().children() if p.pid not in self._known]
            family = kernels + [p for k in kernels for p in _children(k)]
            sizes = [_memory(process) for process in family]
            marks = [mark for _, mark in sizes]
            self.peak = max(self.peak, sum(now for now, _ in sizes), *marks, 0)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:  # it ended meanwhile
        return []


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Resident bytes now, and at most so far."""
    try:
        now = process.memory_info()
        status = Path(f"/proc/{process.pid}/status")
        mark = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return now.rss, int(mark[1]) * 1024 if mark else getattr(now, "peak_wset", now.rss)
    except (psutil.Error, OSError):
        return 0, 0


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _failure(notebook: Path, executed: Path, error: Exception, timeout: int) -> str:
    """Notebook, cell, the lines up to the one that failed, the error."""
    cells = [c for c in nbformat.read(executed, as_version=4).cells if not _added(c)]
    started = [i for i, c in enumerate(cells) if c.metadata.get("papermill", {}).get("start_time")]
    index = max(started, default=0)
    if isinstance(error, papermill.PapermillExecutionError):
        index = next((i for i, c in enumerate(cells) if _raised(c)), index)
        text, trace = f"{error.ename}: {error.evalue}", "\n".join(error.traceback)
    elif isinstance(error, CellTimeoutError):
        text, trace = f"the cell was still running after {timeout} s (--timeout)", ""
    else:
        text, trace = "the kernel died; most often the machine ran out of memory", ""
    lines = cells[index].source.splitlines() or [""]
    count = cells[index].get("execution_count")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", trace)
    places = re.findall(
        rf"^Cell In\[{cells[index].get('execution_count')}\], line (\d+)", plain, re.M
    )
    last = min(int(places[-1]), len(lines)) if places else len(lines)
    shown = [
        f"{'>' if number == last and places else ' '} {number:3} | {line}"
        for number, line in enumerate(lines, start=1)
        if last - SOURCE_LINES < number <= last
    ]
    said = text.splitlines()[:SOURCE_LINES]
    return "\n".join(
        [
            f"{notebook.name} stopped in cell {index + 1} of {len(cells)}, In [{count or ' '}]:",
            "",
            *shown,
            "",
            *said,
            "",
            f"All up to there: {executed}",
        ]
    )


def _added(cell: NotebookNode) -> bool:
    """Put in by papermill: the values of a profile, the banner of an error."""
    return bool({"injected-parameters", "papermill-error-cell-tag"} & set(cell.metadata.tags))


def _raised(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def store(notebook: Path, executed: Path) -> list[str]:
    """Put the outputs of `executed` into `notebook`, whose cells are the same otherwise.

    What changes from run to run stays out: stderr, widget state, times, version of Python.

    Returns:
        One line for each cell that wrote to stderr.
    """
    source, result = (nbformat.read(path, as_version=4) for path in (notebook, executed))
    ids = [cell.get("id", f"cell-{number:02}") for number, cell in enumerate(source.cells)]
    source = nbformat.v4.upgrade(source)
    source.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": LANGUAGE})
    notes = []
    for number, (cell, ran) in enumerate(zip(source.cells, result.cells, strict=True), start=1):
        cell["id"] = ids[number - 1]
        for key in ("papermill", "execution", "widgets"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        cell.execution_count = ran.execution_count
        cell.outputs = [out for out in ran.outputs if out.get("name") != "stderr"]
        notes += [
            f"{notebook.name}, cell {number}, stderr left out: {out.text.strip().splitlines()[0]}"
            for out in ran.outputs
            if out.get("name") == "stderr" and out.text.strip()
        ]
    nbformat.validate(source)
    with atomic_path(notebook) as part:
        nbformat.write(source, part)
    return notes
