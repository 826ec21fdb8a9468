"""What the course ships, haze drawn on top of it, and pairs on the reader's own disk."""

from haze_course.data.benchmark import Pair, benchmark_pairs
from haze_course.data.crops import CropSettings, HazyCrops
from haze_course.data.haze import HazeSettings, HazySample, sample_haze
from haze_course.data.pair_batches import PairBatch, PairBatches, PairSettings
from haze_course.data.reside import (
    PairedImages,
    PairFiles,
    find_pairs,
    find_pictures,
    split_by_scene,
)
from haze_course.data.shipped import (
    HazyPhoto,
    Photo,
    Scene,
    photos,
    real_haze,
    scenes,
)
from haze_course.data.transforms import flip_and_turn, random_crop

__all__ = [
    "CropSettings",
    "HazeSettings",
    "HazyCrops",
    "HazyPhoto",
    "HazySample",
    "Pair",
    "PairBatch",
    "PairBatches",
    "PairFiles",
    "PairSettings",
    "PairedImages",
    "Photo",
    "Scene",
    "benchmark_pairs",
    "find_pairs",
    "find_pictures",
    "flip_and_turn",
    "photos",
    "random_crop",
    "real_haze",
    "sample_haze",
    "scenes",
    "split_by_scene",
]
