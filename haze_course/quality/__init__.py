"""How good is a dehazed image, and how sure are you?  Metrics, intervals, evaluation."""

from haze_course.quality.evaluation import (
    METRICS,
    Method,
    MethodError,
    Record,
    evaluate,
    identity,
    paired_differences,
    summarise,
)
from haze_course.quality.metrics import (
    SSIM_PROTOCOLS,
    ciede2000,
    delta_e_2000,
    psnr,
    srgb_to_lab,
    ssim,
)
from haze_course.quality.statistics import (
    Interval,
    bootstrap_interval,
    scene_interval,
    scene_means,
    seed_interval,
    sentence,
    verdict,
)

__all__ = [
    "METRICS",
    "SSIM_PROTOCOLS",
    "Interval",
    "Method",
    "MethodError",
    "Record",
    "bootstrap_interval",
    "ciede2000",
    "delta_e_2000",
    "evaluate",
    "identity",
    "paired_differences",
    "psnr",
    "scene_interval",
    "scene_means",
    "seed_interval",
    "sentence",
    "srgb_to_lab",
    "ssim",
    "summarise",
    "verdict",
]
