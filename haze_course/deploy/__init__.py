"""From picture files to dehazed picture files."""

from haze_course.deploy.batch import dehaze_files, find_inputs, plan_outputs
from haze_course.deploy.inference import load_dehazer

__all__ = ["dehaze_files", "find_inputs", "load_dehazer", "plan_outputs"]
