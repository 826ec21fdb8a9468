"""Training: the loop, its state on disk, and the recipes for teacher and student."""

from haze_course.training.loop import History, TrainConfig, TrainingError, train
from haze_course.training.recipes import (
    enlarge,
    gradient_ratio,
    mean_psnr,
    shrink,
    super_resolution_psnr,
    train_student,
    train_teacher,
)
from haze_course.training.state import StateError

__all__ = [
    "History",
    "StateError",
    "TrainConfig",
    "TrainingError",
    "enlarge",
    "gradient_ratio",
    "mean_psnr",
    "shrink",
    "super_resolution_psnr",
    "train",
    "train_student",
    "train_teacher",
]
