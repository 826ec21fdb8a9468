"""Clear pictures with fixed haze: validation and testing on the same pictures everywhere.

The haze is stored as numbers in ``data/haze.csv``, written by ``data/make/fix_haze.py``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from haze_course.data.shipped import Photo, Scene, photos, read_table, scenes, select
from haze_course.paths import data_folder
from haze_course.physics.scattering import add_haze, transmission_from_depth


@dataclass(frozen=True)
class Pair:
    """A clear picture with fixed haze: the same on every machine, stored as numbers.

    Attributes:
        name: of the picture.
        source: the photograph or scene.
        beta: in 1 / unit of the source's depth.
        airlight: A, RGB.
    """

    name: str
    source: Photo | Scene
    beta: float
    airlight: tuple[float, float, float]

    @property
    def scene(self) -> str:
        """What several hazes of one picture share."""
        return self.source.name

    @property
    def clear(self) -> Tensor:
        """J, (1, 3, H, W)."""
        return self.source.clear

    @property
    def transmission(self) -> Tensor:
        """t = exp(-beta d), (1, 1, H, W)."""
        depth = self.source.depth
        assert depth is not None, f"{self.name}: fixed haze was stored for a photo without depth"
        return transmission_from_depth(depth, self.beta)

    @property
    def hazy(self) -> Tensor:
        """I = J t + A (1 - t), rounded to 8 bits as a file would be, (1, 3, H, W)."""
        hazy = add_haze(self.clear, self.transmission, torch.tensor([self.airlight]))
        return (hazy * 255).round() / 255


def benchmark_pairs(which: str = "scenes", split: str = "test") -> list[Pair]:
    """Clear pictures with fixed haze, for validation and testing.

    Args:
        which: "scenes" (exact depth, all kinds), "photos" (estimated depth), "rooms" or "streets"
            (the family that is in test only, with dense haze as in RESIDE).
        split: "validation" or "test".
    """
    rows = select(read_table(data_folder() / "haze.csv"), set=which, split=split)
    sources: dict[str, Photo] | dict[str, Scene]
    if which == "photos":
        sources = {photo.name: photo for photo in photos(split)}
    else:
        sources = {scene.name: scene for scene in scenes(split)}
    return [
        Pair(
            row["name"],
            sources[row["source"]],
            float(row["beta"]),
            (float(row["red"]), float(row["green"]), float(row["blue"])),
        )
        for row in rows
    ]
