"""The README: its Python runs as it stands, its commands are commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from haze_course.cli.entry import main
from haze_course.course.sweep import read_grid
from haze_course.paths import notebooks_folder

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"(?s)```python\n(.*?)```", README)
LINES = re.findall(r"(?m)^(?:haze-course|torchrun .*-m haze_course) (.*)$", README)
COMMANDS = [shlex.split(line) for line in LINES]
GRIDS = re.findall(r"(?s)```yaml\n(.*?)```", README)


@pytest.mark.parametrize("code", SNIPPETS)
def test_python_of_the_readme_runs(code: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_options_of_the_readme_exist(arguments: list[str]) -> None:
    command: click.Command | None = main
    rest = list(arguments)
    while isinstance(command, click.Group):  # `train` is one, too
        context = command.make_context("haze-course", list(rest))
        _, command, rest = command.resolve_command(context, rest)
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = {part for part in rest if part.startswith("-")} - known
    assert not unknown, f"haze-course {command.name} has no {', '.join(unknown)}"


@pytest.mark.parametrize("grid", GRIDS)
def test_grids_of_the_readme_fit_their_notebook(grid: str, tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(grid)
    assert len(read_grid(file, notebooks_folder())) == 4


def test_results_are_those_of_the_cards_and_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "data" / "make"))
    import write_results

    block = README.split("<!-- results -->\n")[1].split("\n<!-- /results -->")[0]
    assert block == write_results.results(), "python data/make/write_results.py"


def test_the_readme_shows_them_all() -> None:
    assert SNIPPETS
    assert GRIDS
    assert any("--preset" in command for command in COMMANDS)
