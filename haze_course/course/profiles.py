"""Which notebooks to run, with which sizes; whatever can be wrong is found before the first runs.

``notebooks/`` holds the sizes of a lesson in each notebook's ``parameters`` cell;
``profiles.yaml`` beside them holds the sizes of the other profiles.
"""

import ast
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from haze_course import __version__

PROFILES = ("smoke", "lesson", "full")
_POWER = re.compile(r"([-+]?\d+)(\.\d*)?[eE]([-+]?)(\d+)")  # a number for all but YAML 1.1


@dataclass(frozen=True)
class Job:
    """One notebook and the values it will run with."""

    path: Path
    title: str
    parameters: dict[str, object]
    fingerprint: str  # of its cells' sources, its values and the library's version


def list_notebooks(folder: Path) -> list[Path]:
    """The notebooks of a folder in the order of their numbers.

    Raises:
        FileNotFoundError: the folder holds none.
    """
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"{folder}: expected notebooks named like 03_dark_channel.ipynb")
    return found


def plan(folder: Path, profile: str = "lesson", only: Sequence[str] = ()) -> list[Job]:
    """Every notebook of `folder` to run, with its values; all that can be wrong is found here.

    Args:
        folder: holds the notebooks and profiles.yaml.
        profile: one of `PROFILES`.
        only: numbers, as "03" or "3"; none means all.

    Raises:
        ValueError: an unknown profile, number, notebook or parameter, or a notebook without a
            ``parameters`` cell.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r}: expected one of {', '.join(PROFILES)}")
    paths = list_notebooks(folder)
    values = _read_profiles(folder / "profiles.yaml", [path.stem for path in paths])
    numbers = {path.stem[:2]: path for path in paths}
    wanted = [number.strip().zfill(2) for number in only] or list(numbers)
    unknown = [number for number in wanted if number not in numbers]
    if unknown:
        raise ValueError(f"no notebook {', '.join(unknown)}; there are {', '.join(numbers)}")
    chosen = [numbers[number] for number in sorted(set(wanted))]
    source = folder / "profiles.yaml"
    return [make_job(path, values.get(path.stem, {}).get(profile) or {}, source) for path in chosen]


def _read_profiles(file: Path, stems: list[str]) -> dict[str, dict[str, dict[str, object]]]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{file}: expected notebook: profile: name: value")
    for stem, profiles in values.items():
        if stem not in stems:
            raise ValueError(f"{file}: no notebook {stem!r}; there are {', '.join(stems)}")
        for profile, parameters in (profiles or {}).items():
            if profile not in PROFILES or profile == "lesson":
                raise ValueError(
                    f"{file}: {stem} has {profile!r}, expected smoke or full; "
                    "lesson values stand in the notebook"
                )
            if not isinstance(parameters or {}, dict):
                raise ValueError(f"{file}: {stem}, {profile}: expected name: value lines")
    return {stem: profiles or {} for stem, profiles in values.items()}


def make_job(path: Path, parameters: dict[str, object], source: Path) -> Job:
    """A notebook with its values, which stand in `source`.

    Raises:
        ValueError: no notebook, no ``parameters`` cell in it, none of these names there, or a
            number that YAML takes for text.
    """
    notebook = read_notebook(path)
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if not tagged:
        raise ValueError(f"{path}: expected a cell tagged 'parameters', found none; add the tag")
    known = _assigned(tagged[0].source, path)
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise ValueError(
            f"{source}: {path.stem} has no parameter "
            f"{', '.join(unknown)}; its parameters cell has {', '.join(known) or 'none'}"
        )
    for name, value in parameters.items():
        if isinstance(value, str) and (parts := _POWER.fullmatch(value)):
            number = f"{parts[1]}{parts[2] or '.0'}e{parts[3] or '+'}{parts[4]}"
            raise ValueError(f"{source}: {name}: {value} is text in YAML; write {number}")
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    text = json.dumps([__version__, sources, parameters], sort_keys=True, default=str)
    title = next((s.splitlines()[0].lstrip("# ") for _, s in sources if s.startswith("# ")), "")
    return Job(path, title or path.stem, parameters, hashlib.sha256(text.encode()).hexdigest())


def _assigned(source: str, path: Path) -> list[str]:
    """The names that a cell gives a value to."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(f"{path}: the parameters cell is not Python: {error}") from error
    plain = [s.targets[0] for s in statements if isinstance(s, ast.Assign)]
    annotated = [s.target for s in statements if isinstance(s, ast.AnnAssign)]
    return [target.id for target in plain + annotated if isinstance(target, ast.Name)]


def read_notebook(path: Path) -> NotebookNode:
    """The cells of a notebook file; ValueError where it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, ValueError) as error:
        raise ValueError(f"{path}: not a notebook: {str(error).splitlines()[0]}") from error
