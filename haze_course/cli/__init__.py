"""The ``haze-course`` command."""

from haze_course.cli.entry import main

__all__ = ["main"]
