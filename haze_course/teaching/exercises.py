"""Exercises in a notebook: a verdict, hints, and a notebook that goes on in any case."""

import functools
import html
import importlib
import inspect
import pprint
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from haze_course.plots.figures import show_text
from haze_course.teaching.checking import Exercise, check, plain
from haze_course.teaching.progress import Progress, read_progress, record
from haze_course.teaching.verdict import Verdict

Answer = TypeVar("Answer")
_HINTS = ("the idea", "the way", "nearly code")
_ATTEMPTED: set[str] = set()  # in this process: where no progress can be kept


def find_exercise(name: str) -> Exercise:
    """The exercise of that name, as in "03-1": notebook, number.

    Raises:
        ValueError: there is none.
    """
    exercises = exercises_of(name[:2])
    if name not in exercises:
        raise ValueError(f"no exercise {name!r}; there are {', '.join(exercises) or 'none here'}")
    return exercises[name]


def exercises_of(notebook: str) -> dict[str, Exercise]:
    """All exercises of a notebook, as in "03", by name; {} where there are none."""
    try:
        module = importlib.import_module(f"haze_course.teaching.content.checks_{notebook}")
    except ModuleNotFoundError:
        return {}
    found: dict[str, Exercise] = module.EXERCISES
    return found


def exercise(name: str, answer: Answer) -> Answer:
    """Judge an answer, say so, and hand back what the notebook goes on with.

    Args:
        name: notebook and number, as in "03-1".
        answer: the learner's function or value; a stub returns or is `...`.

    Returns:
        `answer` when every property holds on fresh random input, else the reference. Arrays that
        a right function returns become tensors, doubles the type that went in, what can be gone
        through once a list; words are spelt as the reference's.
    """
    asked = find_exercise(name)
    verdict = check(asked, answer, random.SystemRandom().randrange(10**6))
    note = ""
    if verdict.attempted:
        _ATTEMPTED.add(name)
    try:
        record(name, verdict, Path.cwd(), _source(answer))
    except (OSError, ValueError) as error:
        note = f"\n\nYour progress could not be kept: {error}"
    show_text(_text(name, verdict, asked, answer) + note)
    return _fitting(answer, asked.reference) if verdict.done else asked.reference


def _fitting(answer: Any, reference: Any) -> Any:
    """A right answer that the rest of the notebook can go on with as with the reference."""
    if isinstance(answer, Mapping):
        return {name: _as_spelt(value, reference.get(name)) for name, value in answer.items()}
    if not inspect.isfunction(answer):
        return answer

    @functools.wraps(answer)
    def fitting(*args: Any, **kwargs: Any) -> Any:
        given = [x.dtype for x in (*args, *kwargs.values()) if isinstance(x, torch.Tensor)]
        return _as_given(answer(*args, **kwargs), given[0] if given else None)

    return fitting


def _as_spelt(given: Any, wanted: Any) -> Any:
    alike = isinstance(given, str) and isinstance(wanted, str) and plain(given) == plain(wanted)
    return wanted if alike else given


def _as_given(result: Any, dtype: torch.dtype | None) -> Any:
    if isinstance(result, Iterator):
        result = list(result)
    if isinstance(result, tuple | list):
        parts = [_as_given(part, dtype) for part in result]
        return parts if isinstance(result, list) else tuple(parts)
    if isinstance(result, np.ndarray):
        result = torch.from_numpy(
            result.copy()
        )  # as of a mirrored view, whose strides are negative
    if isinstance(result, torch.Tensor) and result.is_floating_point() and dtype:
        return result.to(dtype)
    return result


def _text(name: str, verdict: Verdict, asked: Exercise, answer: Any) -> str:
    count = len(verdict.results)
    if verdict.done:
        return (
            f"✔ **Exercise {name}: done.** All {count} properties hold, on fresh random input. "
            "The notebook goes on with your answer."
        )
    goes_on = "The notebook goes on with the course's own answer."
    if not verdict.attempted:
        open_ones = list(answer.values()).count(...) if isinstance(answer, dict) else 0
        some = f" {open_ones} of {len(answer)} places are still `...`." if open_ones else ""
        return f"○ **Exercise {name}: not attempted.**{some} {goes_on}\n\n{_hints(name, asked)}"
    listed = "\n".join(
        f"- {'✘' if result.counterexample else '✔'} {result.says}" for result in verdict.results
    )
    return (
        f"✘ **Exercise {name}: {verdict.held} of {count} properties hold.**\n\n{listed}\n\n"
        f"Counterexample to “{verdict.broken.says}”\n\n> {verdict.broken.counterexample}\n\n"
        f"{goes_on}\n\n{_hints(name, asked)}"
    )


def _hints(name: str, asked: Exercise) -> str:
    """Three hints, each to be opened on its own."""
    lines = [
        f"<details><summary>Hint {number}: {title}</summary><p>{_as_html(hint)}</p></details>"
        for number, (title, hint) in enumerate(zip(_HINTS, asked.hints, strict=True), start=1)
    ]
    reveal_it = f'After an attempt, `hc.teaching.reveal("{name}")` shows a solution.'
    return "\n".join([*lines, "", reveal_it])


def _as_html(text: str) -> str:
    """Escaped; what stands between backticks becomes code, line breaks stay."""
    parts = html.escape(text, quote=False).split("`")
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return "".join(parts).replace("\n", "<br>")


def reveal(name: str) -> None:
    """Show one solution, once the exercise was attempted."""
    asked = find_exercise(name)
    if name not in _ATTEMPTED and name not in _progress_here():
        show_text(f"Exercise {name}: write something in place of `...` and run its cell first.")
        return
    kind = "One solution; yours may look different" if callable(asked.reference) else "The solution"
    show_text(f"Exercise {name}. {kind}:\n\n```python\n{solution(asked.reference)}\n```")


def _progress_here() -> Progress:
    try:
        return read_progress(Path.cwd())
    except (OSError, ValueError):  # said where the attempt was judged
        return {}


def _source(answer: Any) -> str:
    try:
        return solution(answer)
    except (OSError, TypeError):  # typed where nothing keeps its source, or not written in Python
        return str(getattr(answer, "__qualname__", type(answer).__qualname__))


def solution(answer: Any) -> str:
    """The source of an answer: of a function, its code; of a value, the value."""
    if not callable(answer):
        return pprint.pformat(answer, width=80, sort_dicts=False)
    return inspect.cleandoc("\n" + inspect.getsource(answer))
