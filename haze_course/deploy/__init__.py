"""From picture files to dehazed picture files."""

from haze_course.deploy.batch import dehaze_files, find_inputs, plan_outputs

__all__ = ["dehaze_files", "find_inputs", "plan_outputs"]
