"""The notebooks as a batch run: papermill, pages, measured times; and copies for learners."""

from haze_course.course.execution import NotebookError
from haze_course.course.runner import run_course, start_course

__all__ = ["NotebookError", "run_course", "start_course"]
