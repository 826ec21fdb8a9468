"""Known answers to the exercises: what learners get wrong, and what they get right their own way.

Tests hold the checks to them, and instructors read them.
"""

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer.

    Attributes:
        what: went wrong, in a few words.
        answer: function or value.
        breaks: name of the first property that it violates.
    """

    what: str
    answer: Any
    breaks: str


def mistakes_of(notebook: str) -> dict[str, tuple[Mistake, ...]]:
    """Typical wrong answers to the exercises of a notebook, as in "03"."""
    found: dict[str, tuple[Mistake, ...]] = _answers(notebook).MISTAKES
    return found


def unusual_of(notebook: str) -> dict[str, tuple[Any, ...]]:
    """Right answers that look unlike the reference: loops, arrays, other types."""
    found: dict[str, tuple[Any, ...]] = _answers(notebook).UNUSUAL
    return found


def _answers(notebook: str) -> Any:
    return importlib.import_module(f"haze_course.teaching.content.answers_{notebook}")
