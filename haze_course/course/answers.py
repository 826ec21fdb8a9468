"""Notebooks with answers in place of the stubs: for tests, and for whoever teaches."""

import ast
import re
from collections.abc import Mapping

from nbformat import NotebookNode

_CALL = re.compile(r'(?m)^(\w+) = hc\.teaching\.exercise\(\s*"(\d\d-\d)", \1\s*\)$')


def exercise_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Exercise -> the cell that asks for its verdict.

    Raises:
        ValueError: two cells ask for the same one.
    """
    cells: dict[str, NotebookNode] = {}
    for cell in notebook.cells:
        for _, name in _CALL.findall(cell.source) if cell.cell_type == "code" else []:
            if name in cells:
                raise ValueError(f"exercise {name}: expected one cell, found two")
            cells[name] = cell
    return cells


def fill(notebook: NotebookNode, answers: Mapping[str, str]) -> None:
    """Put an answer's source in place of each stub; the rest of its cell stays.

    Args:
        notebook: is changed.
        answers: exercise -> source of a function, or of a value. A function may have any name.
    """
    cells = exercise_cells(notebook)
    for name, answer in answers.items():
        if name not in cells:
            raise ValueError(f"no cell for exercise {name}; there are {', '.join(cells) or 'none'}")
        cell = cells[name]
        target = next(found[1] for found in _CALL.finditer(cell.source) if found[2] == name)
        lines = cell.source.splitlines()
        first, last = _stub(cell.source, target)
        cell.source = "\n".join([*lines[:first], _assign(target, answer), *lines[last:]])


def _stub(source: str, target: str) -> tuple[int, int]:
    """The lines that first define `target`: of a function, or of a value."""
    for node in ast.parse(source).body:
        names = [getattr(node, "name", "")]
        if isinstance(node, ast.Assign):
            names = [name.id for name in node.targets if isinstance(name, ast.Name)]
        if target in names:
            return node.lineno - 1, node.end_lineno or node.lineno
    raise ValueError(f"no stub of {target}; expected it in the cell of its exercise")


def _assign(target: str, answer: str) -> str:
    """Source after which `target` is the answer."""
    own = re.findall(r"(?m)^def (\w+)\(", answer)
    if not own:
        return f"{target} = {answer}"
    return answer if own[-1] == target else f"{answer}\n\n\n{target} = {own[-1]}"
