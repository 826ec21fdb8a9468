"""From picture files to dehazed picture files, on this machine and on small ones."""

from haze_course.deploy.batch import dehaze_files, find_inputs, plan_outputs
from haze_course.deploy.containers import VideoError
from haze_course.deploy.export import export_onnx, largest_difference, quantize_onnx
from haze_course.deploy.inference import Dehazer, OnnxDehazer, load_dehazer, load_onnx
from haze_course.deploy.steady import Flicker, SteadyDehazer
from haze_course.deploy.tiles import dehaze_in_tiles
from haze_course.deploy.video import VideoReport, dehaze_video, read_video, write_video

__all__ = [
    "Dehazer",
    "Flicker",
    "OnnxDehazer",
    "SteadyDehazer",
    "VideoError",
    "VideoReport",
    "dehaze_files",
    "dehaze_in_tiles",
    "dehaze_video",
    "export_onnx",
    "find_inputs",
    "largest_difference",
    "load_dehazer",
    "load_onnx",
    "plan_outputs",
    "quantize_onnx",
    "read_video",
    "write_video",
]
