"""Learners' journeys: every notebook runs to its end blank, full of mistakes, and solved, in
the course's way and in others.

Smoke values; what changes are the answers in place of the stubs.
"""

import ast
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from haze_course.course.answers import exercise_cells, fill
from haze_course.course.execution import execute
from haze_course.course.profiles import plan
from haze_course.teaching.answers import mistakes_of, unusual_of
from haze_course.teaching.exercises import exercises_of, solution
from haze_course.teaching.progress import read_progress

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
JOBS = {job.path.stem[:2]: job for job in plan(FOLDER, "smoke")}
SECONDS = 300  # a cell may take


def blank(_number: str) -> dict[str, str]:
    return {}


def solved(number: str) -> dict[str, str]:
    return {name: solution(asked.reference) for name, asked in exercises_of(number).items()}


def unusual(number: str) -> dict[str, str]:
    """The first of the right answers that look unlike the course's."""
    return {name: solution(others[0]) for name, others in unusual_of(number).items()}


def more_unusual(number: str) -> dict[str, str]:
    return {name: solution(others[-1]) for name, others in unusual_of(number).items()}


def mistaken(number: str) -> dict[str, str]:
    return {name: solution(wrong[0].answer) for name, wrong in mistakes_of(number).items()}


DONE = ": done"
JOURNEYS = {blank: "not attempted", mistaken: "properties hold"}
JOURNEYS |= dict.fromkeys((solved, unusual, more_unusual), DONE)


@pytest.mark.parametrize("number", JOBS)
@pytest.mark.parametrize("answers", JOURNEYS, ids=lambda journey: journey.__name__)
def test_run_all_completes(
    number: str, answers: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    notebook = nbformat.read(JOBS[number].path, as_version=4)
    given = answers(number)
    fill(notebook, given)
    if "unusual" in answers.__name__:  # a learner imports what they need
        notebook.cells.insert(1, new_code_cell(imports_of_answers(number)))
    path = tmp_path / JOBS[number].path.name
    nbformat.write(notebook, path)
    executed = tmp_path / "executed.ipynb"
    execute(path, executed, parameters=JOBS[number].parameters, timeout=SECONDS)
    ran = nbformat.read(executed, as_version=4)
    for name, cell in exercise_cells(ran).items():
        assert JOURNEYS[answers] in said(cell), f"{name}: {said(cell)}"
    progress = read_progress(tmp_path)
    assert set(progress) == set(given)
    right = JOURNEYS[answers] == DONE
    assert all(entry["done"] == right for entry in progress.values())


def imports_of_answers(number: str) -> str:
    """The import lines of the file that holds the unusual answers."""
    module = importlib.import_module(f"haze_course.teaching.content.answers_{number}")
    statements = ast.parse(inspect.getsource(module)).body
    return "\n".join(
        ast.unparse(s) for s in statements if isinstance(s, ast.Import | ast.ImportFrom)
    )


def said(cell: NotebookNode) -> str:
    """The verdict that stands under an exercise."""
    markdown = [output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
    return next((text for text in markdown if "**Exercise" in text), "nothing")
