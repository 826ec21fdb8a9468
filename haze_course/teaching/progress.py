"""What a learner has attempted and solved: a small file beside their notebooks."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

from haze_course.paths import write_table, write_text
from haze_course.teaching.verdict import Verdict

FILE = "progress.json"
COLUMNS = ("folder", "exercise", "done", "held", "count", "attempts", "when")
_NOTEBOOKS = "[0-9][0-9]_*.ipynb"


class Entry(TypedDict):
    """The latest attempt at one exercise."""

    done: bool  # ever; a later wrong attempt does not take it away
    held: int
    count: int
    attempts: int  # different ones
    when: str
    answer: str  # a hash of the latest, so that running it again does not count


Progress = dict[str, Entry]


def read_progress(folder: Path) -> Progress:
    """Exercise -> its latest attempt; {} before any.

    Raises:
        ValueError: the file is damaged.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        entries: Progress = json.loads(file.read_text(encoding="utf-8"))
        for name, entry in entries.items():
            if missing := Entry.__required_keys__ - set(entry):
                raise TypeError(f"{name} has no {', '.join(sorted(missing))}")
        return entries
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{file}: expected JSON as the exercises write it, found something else ({error}); "
            "move it away to start afresh"
        ) from error


def read_learner(folder: Path) -> Progress:
    """The progress in a learner's folder; {} where the notebooks are and nothing was attempted.

    Raises:
        FileNotFoundError: no folder, or neither a notebook of the course nor progress in it.
        ValueError: the file is damaged.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "none"
        raise FileNotFoundError(
            f"{folder}: expected a folder of notebooks, found {found}; name yours"
        )
    if not (folder / FILE).is_file() and not any(folder.glob(_NOTEBOOKS)):
        raise FileNotFoundError(
            f"{folder}: expected notebooks of the course or {FILE}, found neither; "
            "name the folder that haze-course start made, or those of several learners"
        )
    return read_progress(folder)


def solved(progress: Progress, names: Iterable[str]) -> int:
    """How many of these exercises are done."""
    return sum(name in progress and progress[name]["done"] for name in names)


def write_csv(learners: Mapping[str, Progress], asked: Mapping[str, int], path: Path) -> None:
    """One line a learner's folder and exercise, also where it was not attempted.

    Args:
        learners: name of a folder -> the progress in it.
        asked: exercise -> how many properties a right answer has.
        path: is replaced, complete or not at all. Its `done` is 1 or 0.
    """
    rows = []
    for folder, progress in learners.items():
        for name, count in asked.items():
            entry = progress.get(name)
            known = (
                [int(entry["done"]), *(entry[k] for k in ("held", "count", "attempts", "when"))]
                if entry
                else [0, 0, count, 0, ""]
            )
            rows.append([folder, name, *known])
    write_table(COLUMNS, rows, path)


def record(name: str, verdict: Verdict, folder: Path, answer: str = "") -> None:
    """Keep an attempt; a stub is none, so that running a notebook leaves no trace.

    Args:
        name: of the exercise.
        verdict: on the answer.
        folder: of the notebook.
        answer: its source.
    """
    if not verdict.attempted:
        return
    progress = read_progress(folder)
    before = progress.get(name)
    digest = hashlib.sha256(answer.encode()).hexdigest()[:16]
    again = before is not None and before["answer"] == digest
    progress[name] = Entry(
        done=verdict.done or (before is not None and before["done"]),
        held=verdict.held,
        count=len(verdict.results),
        attempts=(before["attempts"] if before else 0) + (not again),
        when=time.strftime("%Y-%m-%d %H:%M"),
        answer=digest,
    )
    write_text(json.dumps(progress, indent=1, sort_keys=True) + "\n", folder / FILE)
