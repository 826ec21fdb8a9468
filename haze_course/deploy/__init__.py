"""From picture files to dehazed picture files, on this machine and on small ones."""

from haze_course.deploy.batch import dehaze_files, find_inputs, plan_outputs
from haze_course.deploy.export import export_onnx, largest_difference, quantize_onnx
from haze_course.deploy.inference import load_dehazer, load_onnx
from haze_course.deploy.tiles import dehaze_in_tiles

__all__ = [
    "dehaze_files",
    "dehaze_in_tiles",
    "export_onnx",
    "find_inputs",
    "largest_difference",
    "load_dehazer",
    "load_onnx",
    "plan_outputs",
    "quantize_onnx",
]
