"""Exercises in a notebook: a verdict, hints, and a notebook that goes on in any case."""

import contextlib
import functools
import html
import importlib
import inspect
import pprint
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from haze_course.plots.figures import show_text
from haze_course.teaching.checking import Draw, Exercise, check, plain
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
        `answer` when every property holds on fresh random input, else the reference. What a right
        function returns takes the form of what the reference does: lists and arrays become
        tensors, of the type that went in, and tensors of one value numbers, or the other way
        round. Words are spelt as the reference's.
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
    return _fitting(answer, asked) if verdict.done else asked.reference


def _fitting(answer: Any, asked: Exercise) -> Any:
    """A right answer that the rest of the notebook can go on with as with the reference."""
    if isinstance(answer, Mapping):
        return {name: _as_spelt(value, asked.reference.get(name)) for name, value in answer.items()}
    if not inspect.isfunction(asked.reference):
        return answer
    samples = _samples(asked)

    @functools.wraps(answer)
    def fitting(*args: Any, **kwargs: Any) -> Any:
        given = _tensors((*args, *kwargs.values()))
        dtype = next((x.dtype for x in given if x.is_floating_point()), None)
        return _in_form(answer(*args, **kwargs), samples.get(bool(given)), dtype)

    return fitting


def _as_spelt(given: Any, wanted: Any) -> Any:
    alike = isinstance(given, str) and isinstance(wanted, str) and plain(given) == plain(wanted)
    return wanted if alike else given


def _tensors(given: Iterable[Any]) -> list[torch.Tensor]:
    return [x for x in given if isinstance(x, torch.Tensor)]


def _samples(asked: Exercise) -> dict[bool, Any]:
    """What the reference returns where tensors go in (True), and where none does (False).

    The first call of each property will do: it is made here, and the property left.
    """
    found: dict[bool, Any] = {}

    class SeenError(Exception):
        pass

    def seen(*args: Any, **kwargs: Any) -> Any:
        given = _tensors((*args, *kwargs.values()))
        found.setdefault(bool(given), asked.reference(*args, **kwargs))
        raise SeenError

    for held in asked.properties:
        with contextlib.suppress(SeenError):
            held(seen, Draw(0))
    return found


def _in_form(result: Any, sample: Any, dtype: torch.dtype | None) -> Any:
    """A result in the form of a sample: a tensor, a number, or several of them."""
    if isinstance(result, Iterator):
        result = list(result)
    if isinstance(sample, torch.Tensor):
        return _as_tensor(result, sample, dtype)
    if isinstance(sample, int | float):
        return _as_number(result, sample)
    many = isinstance(result, torch.Tensor | np.ndarray | tuple | list)
    if many and isinstance(sample, list) and sample:  # of any length, all alike
        return [_in_form(part, sample[0], dtype) for part in result]
    if many and isinstance(sample, tuple) and len(result) == len(sample):
        return tuple(_in_form(*pair, dtype) for pair in zip(result, sample, strict=True))
    return _as_given(result, dtype)


def _as_tensor(result: Any, sample: torch.Tensor, dtype: torch.dtype | None) -> torch.Tensor:
    if isinstance(result, np.ndarray):
        result = result.copy()  # of a mirrored view, whose strides are negative
    found = torch.as_tensor(result)
    if found.numel() == 1 and sample.ndim <= 1:  # the checks take () and (1,) for the same
        found = found.reshape((1,) * sample.ndim)
    return found.to(dtype if dtype and sample.is_floating_point() else sample.dtype)


def _as_number(result: Any, sample: float) -> Any:
    if not isinstance(result, int | float):
        found = torch.as_tensor(result)
        if found.numel() != 1:
            return _as_given(result, None)
        result = found.item()
    return round(result) if isinstance(sample, int) else float(result)


def _as_given(result: Any, dtype: torch.dtype | None) -> Any:
    """Where nothing is known of the form: arrays become tensors, doubles what went in."""
    if isinstance(result, Iterator):
        result = list(result)
    if isinstance(result, tuple | list):
        parts = [_as_given(part, dtype) for part in result]
        return parts if isinstance(result, list) else tuple(parts)
    if isinstance(result, np.ndarray):
        result = torch.from_numpy(result.copy())
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
