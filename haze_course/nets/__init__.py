"""The networks: FFA-Net and its slim student, the super-resolution teacher, their weights."""

from haze_course.nets.attention import ChannelAttention, PixelAttention
from haze_course.nets.ffa import FFANet, ffa_net, half_student, student
from haze_course.nets.fsrcnn import FSRCNN, SuperResolutionTeacher, start_at_bicubic_, teacher
from haze_course.nets.size import count_macs, count_parameters
from haze_course.nets.weights import WeightsError, load_pretrained, read_card, save_pretrained

__all__ = [
    "FSRCNN",
    "ChannelAttention",
    "FFANet",
    "PixelAttention",
    "SuperResolutionTeacher",
    "WeightsError",
    "count_macs",
    "count_parameters",
    "ffa_net",
    "half_student",
    "load_pretrained",
    "read_card",
    "save_pretrained",
    "start_at_bicubic_",
    "student",
    "teacher",
]
