"""What a learner has attempted and solved: a small file beside their notebooks."""

import hashlib
import json
import time
from pathlib import Path
from typing import TypedDict

from haze_course.paths import write_text
from haze_course.teaching.verdict import Verdict

FILE = "progress.json"


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
