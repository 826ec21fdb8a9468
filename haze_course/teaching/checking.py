"""What an exercise is, and how an answer to it is judged: by properties, on fresh random input.

A property is a function of the answer and of a source of random input. Its docstring says what has
to hold; it raises `Violation`, with a counterexample, where that does not hold. A counterexample
says what went in and what came out, never what should have come out.
"""

import math
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from haze_course.teaching.verdict import Result, Verdict

TRIALS = 3  # of each property, with different input


class Violation(Exception):  # noqa: N818
    """A property does not hold; the message is the counterexample."""


class NotAttempted(Exception):  # noqa: N818
    """The stub still answers with `...`."""


class Draw:
    """Fresh random input; `seed` repeats it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)

    def image(self, height: int, width: int, *, channels: int = 3, batch: int = 1) -> Tensor:
        """Uniform noise in [0, 1), (B, C, H, W)."""
        return torch.rand(batch, channels, height, width, generator=self.generator)

    def number(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))


Property = Callable[[Any, Draw], None]


@dataclass(frozen=True)
class Exercise:
    """A question with an answer in code.

    Attributes:
        reference: one right answer: a function whose source stands alone in the notebook, or a
            value. What the notebook goes on with when there is no right answer.
        properties: what every right answer fulfils; the cheapest to understand first.
        hints: three, from the concept to nearly code.
    """

    reference: Any
    properties: tuple[Property, ...]
    hints: tuple[str, str, str]


def check(exercise: Exercise, answer: Any, seed: int) -> Verdict:
    """Try every property several times."""
    if contains_stub(answer):
        return Verdict(())
    watched = _watch(answer) if callable(answer) else answer
    results = []
    for held in exercise.properties:
        says = (held.__doc__ or held.__name__).strip().splitlines()[0]
        try:
            results.append(Result(held.__name__, says, _counterexample(held, watched, seed)))
        except NotAttempted:
            return Verdict(())
    return Verdict(tuple(results))


def contains_stub(answer: Any) -> bool:
    """Is it `...`, or does a tuple, list or dictionary hold one?"""
    if isinstance(answer, dict):
        return any(contains_stub(value) for value in answer.values())
    if isinstance(answer, tuple | list):
        return any(contains_stub(value) for value in answer)
    return answer is ...


def _counterexample(held: Property, answer: Any, seed: int) -> str:
    for trial in range(TRIALS):
        try:
            held(answer, Draw(seed + trial))
        except Violation as violation:
            return str(violation)
        except NotAttempted:
            raise
        except KeyError as error:
            return f"there is no entry {error}{_where(error)}"
        except Exception as error:  # whatever a learner's code may raise
            return f"it raised {type(error).__name__}: {error}{_where(error)}"
    return ""


def _where(error: Exception) -> str:
    """The last line of the learner's own code that led to an error."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if "haze_course" not in f.filename]
    own = [f for f in own if "site-packages" not in f.filename and f.line]
    return f", at `{own[-1].line}`" if own else ""


def _watch(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The answer, with its stub noticed and its inputs protected."""

    def watched(*args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()]
        before = [x.detach().clone() if isinstance(x, Tensor) else None for x in given]
        result = answer(*args, **kwargs)
        if contains_stub(result):
            raise NotAttempted
        for x, kept in zip(given, before, strict=True):
            if kept is not None and not torch.equal(x.detach(), kept):
                raise Violation("it changed its input in place; work on a copy")
        return result

    return watched


def expect(holds: object, counterexample: str) -> None:
    """Raise `Violation` with the counterexample unless it holds."""
    if not bool(holds):
        raise Violation(counterexample)


def entry(answer: Any, name: str) -> Any:
    """What stands under a name in a learner's dictionary."""
    expect(isinstance(answer, Mapping) and name in answer, f"there is no entry {name!r}")
    return answer[name]


def choice(answer: Any, name: str, allowed: Iterable[str]) -> str:
    """The word under a name, one of those allowed, spelt as they are: case and spaces pass."""
    given = entry(answer, name)
    known = {plain(word): word for word in allowed}
    listed = ", ".join(map(repr, known.values()))
    right = isinstance(given, str) and plain(given) in known
    expect(right, f"{name}: expected one of {listed}, got {given!r}")
    return known[plain(given)]


def plain(words: str) -> str:
    """Words without what spelling leaves free: case, and spaces around and between."""
    return " ".join(words.split()).lower()


def each(
    judge: Callable[[Any, Draw, str], None], says: str, names: Mapping[str, str]
) -> tuple[Property, ...]:
    """One property for each entry of a dictionary that is the answer.

    Args:
        judge: (answer, draw, name of the entry) -> None, or a `Violation`.
        says: the sentence, with {} for the name of the entry.
        names: of the property -> of the entry.
    """

    def one(called: str, name: str) -> Property:
        def held(answer: Any, draw: Draw) -> None:
            judge(answer, draw, name)

        held.__name__, held.__doc__ = called, says.format(name)
        return held

    return tuple(one(called, name) for called, name in names.items())


def as_tensor(found: Any, what: str, shape: tuple[int, ...] | None = None) -> Tensor:
    """A learner's result as a float64 tensor: numbers, lists, arrays, any type of float.

    Args:
        found: what came back.
        what: for the counterexample: "dark_channel of a 7 x 9 picture".
        shape: that it must have; a single number passes for () and (1,) alike.
    """
    expect(found is not None, f"{what}: it returned None; is there a `return`?")
    if isinstance(found, np.ndarray):
        found = found.copy()  # of a mirrored view, whose strides are negative
    try:
        tensor = torch.as_tensor(found).detach().double()
    except (TypeError, ValueError, RuntimeError) as error:
        raise Violation(f"{what}: expected a tensor, got {type(found).__name__}") from error
    if shape is not None:
        if tensor.numel() == 1 == math.prod(shape):
            tensor = tensor.reshape(shape)
        expect(
            tuple(tensor.shape) == shape,
            f"{what}: expected shape {shape}, got {tuple(tensor.shape)}",
        )
    expect(tensor.isfinite().all(), f"{what}: there are NaN or infinite values")
    return tensor


def same(found: Any, wanted: Any, what: str, *, tolerance: float = 1e-4) -> None:
    """Raise `Violation` unless both agree; it says where and in which direction, not by how much.

    Args:
        found: what the learner's code returned.
        wanted: what it should be, of the right shape.
        what: the question, for the counterexample.
        tolerance: relative to the larger of 1 and the wanted value.
    """
    wanted = torch.as_tensor(wanted).detach().double()
    tensor = as_tensor(found, what, tuple(wanted.shape))
    error = (tensor - wanted) / wanted.abs().clamp_min(1)
    if error.numel() == 0 or error.abs().max() <= tolerance:
        return
    place = tuple(int(i) for i in torch.unravel_index(error.abs().argmax(), error.shape))
    side = "large" if error[place] > 0 else "small"
    where = f" at {list(place)}" if place else ""
    raise Violation(f"{what}: yours is {tensor[place].item():.4g}{where}, which is too {side}")
