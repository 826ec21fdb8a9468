"""The README: its Python runs as it stands, its commands are commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from haze_course.cli.entry import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"(?s)```python\n(.*?)```", README)
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"(?m)^haze-course .*$", README)]


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


def test_the_readme_shows_both() -> None:
    assert SNIPPETS
    assert COMMANDS
