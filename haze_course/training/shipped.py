"""The trainings behind the shipped weights: which pictures, which settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import nn

from haze_course.data.benchmark import benchmark_pairs
from haze_course.data.crops import CropSettings
from haze_course.data.haze import HazeSettings
from haze_course.data.shipped import Photo, Scene, photos, scenes
from haze_course.distill.terms import Term
from haze_course.training.loop import History
from haze_course.training.recipes import train_student, train_teacher
from haze_course.training.settings import TrainConfig

# In float32: trained in bfloat16 it learns offsets that make up for the rounding of its outputs,
# and without the rounding they are errors. The student, which adds to its input, does not.
TEACHER = TrainConfig(
    steps=3_000, learning_rate=1e-2, warmup=200, validate_every=250, precision="float32"
)
STUDENT = TrainConfig(steps=10_000, learning_rate=2e-3, warmup=200, validate_every=1_000)
_TEACHER_CUT = CropSettings(size=96, large=96, large_share=0)
# Large, for gates that have seen small crops alone meet other means on whole pictures (Chu and
# others, Improving Image Restoration by Revisiting Global Information Aggregation, ECCV 2022).
_STUDENT_CUT = CropSettings(batch=4, size=128, large=192, large_share=0.5, constant_share=0)
_STUDENT_HAZE = HazeSettings(t_far=(0.15, 0.7), constant=(0.3, 1.0))
_SCENES_OFTEN = 3  # as often as a photograph
_VALIDATION_PHOTOS = 9  # beside all scenes of the split: whole pictures are slow


def train_shipped_teacher(
    network: nn.Module, config: TrainConfig = TEACHER, *, folder: Path | str | None = None
) -> History:
    """Super-resolution on the photographs of the train split; clear ones, no haze.

    Args:
        network: RGB -> RGB twice as large.
        config: of the loop.
        folder: to store and resume the state.
    """
    train, validation = photos("train"), photos("validation")
    return train_teacher(network, train, validation, config, cut=_TEACHER_CUT, folder=folder)


def train_shipped_student(
    network: nn.Module,
    config: TrainConfig = STUDENT,
    *,
    more: Sequence[Scene] = (),
    terms: Sequence[Term] = (),
    folder: Path | str | None = None,
    about: Mapping[str, Any] | None = None,
) -> History:
    """Dehazing, by the absolute error, on the photographs and scenes of the train split.

    Single changes and what they gave stand in ``data/results/recipes.csv``. This combination, its
    sizes of crops and scenes that do not ship were not tried apart.

    Args:
        network: any network from RGB to RGB.
        config: of the loop.
        more: scenes that do not ship, see `data.scenes`.
        terms: what else to learn from.
        folder: to store and resume the state.
        about: what else decides the result, see `train`.
    """
    train: list[Photo | Scene] = [*photos("train"), *scenes("train") * _SCENES_OFTEN, *more]
    validation = [
        *benchmark_pairs("scenes", "validation"),
        *benchmark_pairs("photos", "validation")[:_VALIDATION_PHOTOS],
    ]
    return train_student(
        network,
        train,
        validation,
        config,
        terms=terms,
        cut=_STUDENT_CUT,
        haze=_STUDENT_HAZE,
        error=F.l1_loss,
        folder=folder,
        about=about,
    )
