"""Single-image haze removal: the physics, the priors, the metrics, the data.

``import haze_course as hc`` costs what ``import torch`` costs: each sub-package below is
imported when it is first touched.
"""

import importlib
from contextlib import nullcontext
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# The whole public surface: a name a reader can type after ``hc.`` and what it holds.
_PARTS = {
    "images": "read and write pictures as (1, 3, H, W) tensors in [0, 1]",
    "paths": "where the shipped data and notebooks are",
    "physics": "the atmospheric scattering model and the dark channel prior",
    "quality": "PSNR, SSIM, CIEDE2000, intervals, verdicts, evaluation",
    "nets": "FFA-Net, the slim student, the super-resolution teacher, their weights",
    "distill": "feature affinity: what a student may learn from a teacher",
    "data": "shipped photographs, scenes and haze; pairs on disk",
    "deploy": "trained networks as functions of a picture; many files at once",
    "training": "the loop, and the recipes for teacher and student",
    "plots": "figures with text alternatives",
    "teaching": "what the notebooks call first",
    "course": "the notebooks as a batch run",
}
_OF_THE_COURSE = {"plots", "teaching", "course"}  # they need more than the library does
__all__ = ["__version__", *sorted(_PARTS)]  # noqa: PLE0604

if TYPE_CHECKING:  # so that editors and mypy see what __getattr__ hands out
    from haze_course import (  # noqa: F401
        course,
        data,
        deploy,
        distill,
        images,
        nets,
        paths,
        physics,
        plots,
        quality,
        teaching,
        training,
    )


def __getattr__(name: str) -> object:
    """Import a part on first use (PEP 562)."""
    if name in _PARTS:
        from haze_course.machine import needs_extra

        with needs_extra("course") if name in _OF_THE_COURSE else nullcontext():
            return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"haze_course has no part {name!r}; it has {', '.join(sorted(_PARTS))}")


def __dir__() -> list[str]:
    return __all__
