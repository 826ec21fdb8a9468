"""Training: the loop, its state on disk, and the recipes for teacher and student."""

from haze_course.training.loop import History, TrainingError, train
from haze_course.training.rates import rates_by_fan_in
from haze_course.training.recipes import (
    enlarge,
    fit_student,
    gradient_ratio,
    mean_psnr,
    shrink,
    super_resolution_psnr,
    train_student,
    train_teacher,
)
from haze_course.training.settings import TrainConfig
from haze_course.training.shipped import (
    STUDENT,
    TEACHER,
    train_shipped_student,
    train_shipped_teacher,
)
from haze_course.training.state import StateError
from haze_course.training.study import (
    SETS,
    base_of,
    mean_gains,
    seed_gains,
    study_gains,
    study_runs,
)

__all__ = [
    "SETS",
    "STUDENT",
    "TEACHER",
    "History",
    "StateError",
    "TrainConfig",
    "TrainingError",
    "base_of",
    "enlarge",
    "fit_student",
    "gradient_ratio",
    "mean_gains",
    "mean_psnr",
    "rates_by_fan_in",
    "seed_gains",
    "shrink",
    "study_gains",
    "study_runs",
    "super_resolution_psnr",
    "train",
    "train_shipped_student",
    "train_shipped_teacher",
    "train_student",
    "train_teacher",
]
