"""The command line for tests: call it, see it refuse, and a small picture to give it."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from haze_course.cli.entry import main


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    for part in parts:
        assert part in result.output
    assert "Traceback" not in result.output


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(90, 255, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path
