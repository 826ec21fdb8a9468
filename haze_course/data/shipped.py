"""What ``data/`` holds: photographs, rendered scenes with exact depth, real haze.

Each record is light: pictures are read when an attribute asks for them. A picture is a batch of
one. Where a licence asks for it, show `credit` beside the picture.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from haze_course.guards import check_choice
from haze_course.images import read_codes, read_image
from haze_course.paths import data_folder

SPLITS = ("train", "validation", "test")
SKY_FACTOR = 10.0  # the sky is stored as "no depth" and loads at least this many d_95 away
OURS = "The haze_course authors"  # of every picture that names no one else
FREE_LICENCES = ("CC0", "PD", "public-domain")


@dataclass(frozen=True)
class Picture:
    """A shipped picture: its name, file, licence and author."""

    name: str
    path: Path
    licence: str
    author: str

    @property
    def credit(self) -> str:
        """One line to show beside the picture."""
        return f"{self.name}: {self.author}, {self.licence}"

    @property
    def is_free(self) -> bool:
        """True where the picture is in the public domain or CC0: no credit line needed."""
        return self.licence.startswith(FREE_LICENCES)


@dataclass(frozen=True)
class Photo(Picture):
    """A clear photograph; `depth_path` is None where depth cannot be estimated."""

    split: str
    subject: str
    depth_path: Path | None

    @property
    def clear(self) -> Tensor:
        """J, (1, 3, H, W)."""
        return read_image(self.path)

    @property
    def depth(self) -> Tensor | None:
        """Estimated d, (1, 1, H, W), relative: for making haze, not for measuring it."""
        if self.depth_path is None:
            return None
        codes = read_codes(self.depth_path)
        depth = _with_sky(codes / 255, codes == 255)
        height, width = read_image(self.path).shape[-2:]
        return F.interpolate(depth, (height, width), mode="bilinear", align_corners=False)


@dataclass(frozen=True)
class Scene(Picture):
    """A picture with exact depth: rendered, or measured by a structured-light scanner."""

    split: str
    kind: str
    family: str
    unit: str
    scale: float
    depth_path: Path

    @property
    def clear(self) -> Tensor:
        """J, (1, 3, H, W)."""
        return read_image(self.path)

    @property
    def depth(self) -> Tensor:
        """Exact d in `unit` along the camera's axis, (1, 1, H, W); the sky is farthest."""
        codes = read_codes(self.depth_path)
        return _with_sky(_fill_holes(codes) * self.scale, codes == 65535)

    @property
    def sky(self) -> Tensor:
        """True where there is no surface, (1, 1, H, W)."""
        return read_codes(self.depth_path) == 65535


@dataclass(frozen=True)
class HazyPhoto(Picture):
    """A photograph of real haze. No clear version exists: it is looked at, never scored."""

    grade: str

    @property
    def hazy(self) -> Tensor:
        """I, (1, 3, H, W)."""
        return read_image(self.path)


def photos(split: str | None = None, *, subject: str | None = None) -> list[Photo]:
    """The clear photographs, in the order of their table; all splits if None."""
    folder = data_folder() / "photos"
    rows = select(read_table(folder / "photos.csv"), split=split, subject=subject)
    return [
        Photo(
            **_common(row, folder),
            split=row["split"],
            subject=row["subject"],
            depth_path=folder / "depth" / f"{row['name']}.png" if row["depth"] == "yes" else None,
        )
        for row in rows
    ]


def scenes(
    split: str | None = None,
    *,
    kind: str | None = None,
    family: str | None = None,
    folder: Path | str | None = None,
) -> list[Scene]:
    """Pictures with exact depth: kind "room", "street", "landscape" or "measured".

    Args:
        split: "train", "validation" or "test"; all if None.
        kind: all if None.
        family: of rendered scenes, as "kitchen"; all if None.
        folder: more scenes, as ``data/make/render_scenes.py --extra`` leaves them.
    """
    folder = Path(folder or data_folder() / "scenes")
    rows = select(read_table(folder / "scenes.csv"), split=split, kind=kind, family=family)
    return [
        Scene(
            **_common(row, folder),
            split=row["split"],
            kind=row["kind"],
            family=row["family"],
            unit=row["unit"],
            scale=float(row["scale"]),
            depth_path=folder / row["depth_file"],
        )
        for row in rows
    ]


def real_haze(grade: str | None = None) -> list[HazyPhoto]:
    """Photographs of real haze: grade "best" is clearly hazy, "other" low cloud, mist or dusk."""
    folder = data_folder() / "hazy"
    rows = select(read_table(folder / "hazy.csv"), grade=grade)
    return [HazyPhoto(**_common(row, folder), grade=row["grade"]) for row in rows]


@cache
def read_table(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a CSV table, read once."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such table; is data/ complete? see data/README.md")
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def select(rows: tuple[dict[str, str], ...], **wanted: str | None) -> list[dict[str, str]]:
    """The rows with the wanted values; what no row has is an error, not an empty list."""
    for column, value in wanted.items():
        found = sorted({row[column] for row in rows})
        if value is not None:
            check_choice(value, column, found)
    chosen = [row for row in rows if all(v is None or row[c] == v for c, v in wanted.items())]
    if not chosen:
        raise ValueError(f"no rows with {', '.join(f'{c} {v!r}' for c, v in wanted.items() if v)}")
    return chosen


def _common(row: dict[str, str], folder: Path) -> dict[str, Any]:
    ours = folder.parent == data_folder()  # scenes rendered elsewhere are nobody else's
    authors = _authors(folder.parent / "ATTRIBUTION.csv") if ours else {}
    return {
        "name": row["name"],
        "path": folder / row["file"],
        "licence": row["licence"],
        "author": authors.get(f"{folder.name}/{row['file']}", OURS),
    }


@cache
def _authors(path: Path) -> dict[str, str]:
    return {row["file"]: row["author"] for row in read_table(path)}


def _with_sky(depth: Tensor, sky: Tensor) -> Tensor:
    """Put the sky at `SKY_FACTOR` times the 95th percentile of the rest, and behind all of it."""
    ground = depth[~sky]
    if ground.numel() == 0:
        raise ValueError("a depth map of nothing but sky has no scale")
    # Hills at the end of a street can lie farther away than ten times its 95th percentile.
    behind = torch.maximum(SKY_FACTOR * ground.quantile(0.95), 1.5 * ground.max())
    return torch.where(sky, behind, depth)


def _fill_holes(codes: Tensor) -> Tensor:
    """Code 0 is "not measured": it takes the farther of its neighbours in the row.

    A scanner misses what one of its two views cannot see, and that is the background.
    """
    holes = codes == 0
    if not holes.any():
        return codes
    left, right = _carry(codes), _carry(codes.flip(-1)).flip(-1)
    return torch.where(holes, torch.maximum(left, right), codes)


def _carry(codes: Tensor) -> Tensor:
    """Each hole takes the last measured value to its left, 0 if there is none."""
    places = torch.arange(codes.shape[-1]).expand_as(codes)
    last = torch.where(codes > 0, places, 0).cummax(dim=-1).values
    return codes.gather(-1, last)
