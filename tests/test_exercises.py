"""The checks are checked: wrong answers fall, right ones pass, stubs are noticed."""

import contextlib
import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from haze_course.teaching import exercises
from haze_course.teaching.answers import Mistake, mistakes_of, unusual_of
from haze_course.teaching.checking import (
    Draw,
    Exercise,
    Violation,
    as_tensor,
    check,
    contains_stub,
    expect,
    same,
)
from haze_course.teaching.progress import FILE, read_progress

CONTENT = Path(inspect.getfile(exercises)).parent / "content"
NOTEBOOKS = sorted(path.stem[-2:] for path in CONTENT.glob("checks_*.py"))
ALL = {name: found for n in NOTEBOOKS for name, found in exercises.exercises_of(n).items()}
WRONG = [(name, m) for n in NOTEBOOKS for name, ms in mistakes_of(n).items() for m in ms]
UNUSUAL = [
    (name, number, answer)
    for n in NOTEBOOKS
    for name, answers in unusual_of(n).items()
    for number, answer in enumerate(answers)
]
SEED = torch.seed() % 10**6


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    print(f"seed {SEED}")


@pytest.mark.parametrize("name", ALL)
def test_the_reference_is_right(name: str) -> None:
    verdict = check(ALL[name], ALL[name].reference, SEED)
    assert verdict.done, f"seed {SEED}: {verdict}"


@pytest.mark.parametrize(
    ("name", "mistake"), WRONG, ids=lambda x: x.what if isinstance(x, Mistake) else x
)
def test_a_typical_mistake_is_found_and_named(name: str, mistake: Mistake) -> None:
    verdict = check(ALL[name], mistake.answer, SEED)
    assert verdict.attempted
    assert not verdict.done, f"seed {SEED}: accepted"
    assert verdict.broken.name == mistake.breaks, f"seed {SEED}: {verdict}"


@pytest.mark.parametrize(("name", "number", "answer"), UNUSUAL)
def test_an_unusual_right_answer_is_accepted(name: str, number: int, answer: object) -> None:
    verdict = check(ALL[name], answer, SEED)
    assert verdict.done, f"{number}, seed {SEED}: {verdict}"


@pytest.mark.parametrize("name", ALL)
def test_a_stub_is_not_attempted(name: str) -> None:
    asked = ALL[name]
    stubs: list[object] = [...]
    if callable(asked.reference):
        stubs.append(lambda *_, **__: ...)
    elif isinstance(asked.reference, dict):
        stubs.append(dict.fromkeys(asked.reference, ...))
    for stub in stubs:
        assert not check(asked, stub, SEED).attempted


@pytest.mark.parametrize("name", ALL)
def test_every_exercise_is_complete(name: str) -> None:
    asked = ALL[name]
    assert len(asked.hints) == 3
    assert all(len(hint.split()) >= 4 for hint in asked.hints)
    assert all((p.__doc__ or "").strip().endswith(".") for p in asked.properties)
    assert len(mistakes_of(name[:2])[name]) >= 3
    assert len(unusual_of(name[:2])[name]) >= 2
    names = {p.__name__ for p in asked.properties}
    assert len(names) == len(asked.properties)
    assert {m.breaks for m in mistakes_of(name[:2])[name]} <= names


def double(x: float) -> float:
    return 2 * x


def doubles(answer: object, draw: Draw) -> None:
    """It doubles."""
    x = draw.number(1, 9)
    same(answer(x), 2 * x, f"x = {x:.2f}")  # type: ignore[operator]


def is_positive(answer: object, draw: Draw) -> None:
    """It stays positive."""
    expect(answer(draw.number(1, 9)) > 0, "x is positive")  # type: ignore[operator]


TINY = Exercise(double, (is_positive, doubles), ("one two three four",) * 3)


def test_verdict_names_the_property_and_never_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = check(TINY, lambda x: 3 * x, 0)
    assert (verdict.held, len(verdict.results), verdict.broken.name) == (1, 2, "doubles")
    assert verdict.broken.says == "It doubles."
    x = Draw(0).number(1, 9)
    assert verdict.broken.counterexample == f"x = {x:.2f}: yours is {3 * x:.4g}, which is too large"
    assert f"{2 * x:.4g}" not in verdict.broken.counterexample


def test_what_a_learner_may_hand_in() -> None:
    def broken(x: float) -> float:
        return x / 0

    assert "ZeroDivisionError" in check(TINY, broken, 0).broken.counterexample
    assert "return x / 0" in check(TINY, broken, 0).broken.counterexample
    only_doubles = Exercise(double, (doubles,), ("",) * 3)
    found = check(only_doubles, lambda _: None, 0).broken.counterexample
    assert "is there a `return`" in found
    missing = check(only_doubles, lambda x: {}[x], 0).broken.counterexample
    assert "there is no entry" in missing
    assert check(TINY, lambda x: torch.tensor([2 * x]), 0).done
    assert contains_stub({"a": [1, (2, ...)]})
    assert not contains_stub({"a": torch.zeros(3)})


def test_changing_the_input_is_a_mistake() -> None:
    def keeps(answer: object, draw: Draw) -> None:
        """It adds one."""
        image = draw.image(3, 3)
        same(answer(image), image + 1, "a picture")  # type: ignore[operator]

    asked = Exercise(None, (keeps,), ("",) * 3)
    assert "in place" in check(asked, lambda x: x.add_(1), 0).broken.counterexample
    assert check(asked, lambda x: x + 1, 0).done


def test_tensors_of_any_kind_are_compared() -> None:
    same([[1, 2]], torch.tensor([[1.0, 2.0]]), "a list")
    same(torch.ones(2, dtype=torch.float64), torch.ones(2), "double")
    with pytest.raises(Violation, match=r"expected shape \(2,\), got \(3,\)"):
        same(torch.ones(3), torch.ones(2), "q")
    with pytest.raises(Violation, match="NaN"):
        as_tensor(torch.tensor([torch.nan]), "q")
    with pytest.raises(Violation, match="expected a tensor, got str"):
        as_tensor("no", "q")


def test_in_a_notebook(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank: the reference, nothing kept. Wrong: the reference, kept. Right: the learner's own."""
    monkeypatch.setattr(exercises, "exercises_of", lambda _: {"99-1": TINY})

    def own(x: float) -> float:
        return x + x

    assert exercises.exercise("99-1", lambda _: ...) is double
    said = capsys.readouterr().out
    assert "not attempted" in said
    assert said.count("<details>") == 3
    assert not Path(FILE).exists()
    exercises.reveal("99-1")
    assert "run its cell first" in capsys.readouterr().out

    assert exercises.exercise("99-1", lambda x: 3 * x) is double
    said = capsys.readouterr().out
    assert "1 of 2 properties hold" in said
    assert "- ✔ It stays positive." in said
    assert "- ✘ It doubles." in said
    exercises.reveal("99-1")
    assert "return 2 * x" in capsys.readouterr().out

    assert exercises.exercise("99-1", own).__wrapped__ is own  # type: ignore[attr-defined]
    assert "**Exercise 99-1: done.**" in capsys.readouterr().out
    exercises.exercise("99-1", own)  # run again: no new attempt
    assert exercises.exercise("99-1", lambda _: 0) is double
    kept = read_progress(Path())["99-1"]
    assert (kept["done"], kept["attempts"], kept["held"]) == (True, 3, 0)
    with pytest.raises(ValueError, match="no exercise '99-7'; there are 99-1"):
        exercises.exercise("99-7", own)


def test_a_right_answer_fits_into_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercises, "exercises_of", lambda _: {"99-1": TINY})
    own = exercises.exercise("99-1", lambda x: np.float64(2) * np.asarray(x))
    found = own(torch.ones(2))
    assert isinstance(found, torch.Tensor)
    assert found.dtype == torch.float32


class ComparedError(Exception):
    """A result was compared; the rest of the property is of no interest."""


def form(result: Any) -> Any:
    """What code that goes on with a result relies on."""
    if isinstance(result, torch.Tensor):
        return result.ndim, result.is_floating_point()
    if isinstance(result, tuple | list):
        return type(result), [form(part) for part in result]
    return nn.Module if isinstance(result, nn.Module) else type(result)


def assert_fits(name: str, answer: Callable[..., Any]) -> None:
    """In the notebook, a right answer's results have the form of the reference's."""
    asked = ALL[name]
    fitting = exercises._fitting(answer, asked)

    def compared(*args: Any, **kwargs: Any) -> Any:
        assert form(fitting(*args, **kwargs)) == form(asked.reference(*args, **kwargs))
        raise ComparedError

    for held in asked.properties:
        with contextlib.suppress(ComparedError):
            held(compared, Draw(SEED))


@pytest.mark.parametrize(("name", "number", "answer"), [u for u in UNUSUAL if callable(u[2])])
def test_an_unusual_right_answer_fits_into_its_notebook(
    name: str, number: int, answer: Callable[..., Any]
) -> None:
    assert_fits(name, answer)


def listed(result: Any) -> Any:
    """Plain Python: lists of numbers."""
    if isinstance(result, torch.Tensor):
        return result.tolist()
    return [listed(part) for part in result] if isinstance(result, tuple | list) else result


def boxed(result: Any) -> Any:
    """Tensors, with a dimension even where there is one number."""
    if isinstance(result, tuple | list):
        return [boxed(part) for part in result]
    if isinstance(result, float | int) or getattr(result, "ndim", 1) == 0:
        return torch.as_tensor(result).reshape(1)
    return result


@pytest.mark.parametrize("wrap", [listed, boxed])
@pytest.mark.parametrize("name", [name for name, asked in ALL.items() if callable(asked.reference)])
def test_what_the_checks_accept_fits_into_the_notebook(
    name: str, wrap: Callable[[Any], Any]
) -> None:
    def answer(*args: Any, **kwargs: Any) -> Any:
        return wrap(ALL[name].reference(*args, **kwargs))

    if check(ALL[name], answer, SEED).done:
        assert_fits(name, answer)


def test_a_damaged_progress_file_stops_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exercises, "exercises_of", lambda _: {"99-1": TINY})
    Path(FILE).write_text("[]")
    exercises.exercise("99-1", double)
    said = capsys.readouterr().out
    assert re.search(r"done.*\n\nYour progress could not be kept: .*move it away", said, re.S)
    assert Path(FILE).read_text() == "[]"


def test_what_a_right_answer_returns_is_what_the_notebook_can_go_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def accepts(_answer: object, _draw: Draw) -> None:
        """Anything."""

    words = Exercise({"a cat": "Black and white", "two": 2}, (accepts,), ("", "", ""))
    free = Exercise(double, (accepts,), ("", "", ""))
    monkeypatch.setattr(exercises, "exercises_of", lambda _: {"99-1": words, "99-2": free})
    given = {"a cat": "  black AND  white", "two": 2}
    assert exercises.exercise("99-1", given) == {"a cat": "Black and white", "two": 2}
    pairs = exercises.exercise("99-2", lambda n: zip(range(n), range(1, n + 1), strict=True))(3)
    assert [list(pairs), list(pairs)] == [[(0, 1), (1, 2), (2, 3)]] * 2, "gone through once only"
    listed = exercises.exercise("99-2", lambda x: [np.asarray(x)[::-1], 1])(torch.arange(3.0))
    assert isinstance(listed, list)
    assert torch.equal(listed[0], torch.tensor([2.0, 1.0, 0.0]))
    scalar = exercises.exercise("99-2", lambda x: np.asarray(2 * x))(torch.tensor(2.0))
    assert scalar.shape == ()


@pytest.mark.parametrize(
    "clip", [lambda x: x.clamp(0, 1).tolist(), np.vectorize(lambda x: min(max(x, 0.0), 1.0))]
)
def test_a_picture_comes_back_as_a_tensor_of_the_type_that_went_in(clip: Any) -> None:
    own = exercises.exercise("00-1", clip)
    for dtype in (torch.float32, torch.float64):
        picture = torch.tensor([[[[-1.0, 0.25], [0.5, 2.0]]]], dtype=dtype)
        assert torch.equal(own(picture), picture.clamp(0, 1))
        assert own(picture).dtype == dtype


@pytest.mark.parametrize("clip", [functools.partial(torch.clamp, min=0, max=1), nn.Hardtanh(0, 1)])
def test_an_answer_without_python_source_is_judged_all_the_same(
    clip: object, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        exercises.exercise("00-1", clip)
        assert "**Exercise 00-1: done.**" in capsys.readouterr().out
    assert read_progress(Path())["00-1"]["attempts"] == 1, "the same answer counts once"


def test_a_mirrored_array_is_a_picture_too() -> None:
    assert as_tensor(np.arange(3.0)[::-1], "q").tolist() == [2, 1, 0]


def test_a_solution_is_shown_where_no_progress_can_be_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exercises, "exercises_of", lambda _: {"99-8": TINY})
    Path(FILE).write_text('{"99-8": {"done": true}}')  # of a version that kept less
    exercises.reveal("99-8")
    assert "run its cell first" in capsys.readouterr().out
    exercises.exercise("99-8", lambda x: 3 * x)
    assert "99-8 has no answer, attempts, count, held, when" in capsys.readouterr().out
    exercises.reveal("99-8")
    assert "return 2 * x" in capsys.readouterr().out


def test_cancelled_colours_are_called_so() -> None:
    mistake = next(m for m in mistakes_of("05")["05-2"] if m.what == "colours cancel")
    said = check(ALL["05-2"], mistake.answer, SEED).broken.counterexample
    assert "is the amount of the colours' sum, not the sum of their amounts" in said


@pytest.mark.parametrize("line", [3, 5])
def test_a_repair_of_b_keeps_the_shuffling(line: int) -> None:
    answer = ALL["08-4"].reference | {"B": line}
    assert "are not shuffled any more" in check(ALL["08-4"], answer, SEED).broken.counterexample


def test_what_moves_a_little_is_told_in_digits() -> None:
    def nearly_paired(taught: torch.Tensor, alone: torch.Tensor) -> Any:
        low, high, said = ALL["08-2"].reference(taught, alone)
        return low + 3e-3 * (alone - 20).mean(dim=1), high, said

    said = check(ALL["08-2"], nearly_paired, SEED).broken.counterexample
    moved = re.search(r"low moves by (\S+)$", said)
    assert moved
    assert float(moved[1]) > 0
