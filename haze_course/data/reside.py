"""Pairs on disk, named as RESIDE names them: ``<id>_<anything>`` is the haze of ``<id>``.

Li et al., Benchmarking Single-Image Dehazing and Beyond, TIP 2019,
doi:10.1109/TIP.2018.2867951, arXiv:1712.04143.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch import Tensor
from torch.utils.data import Dataset

from haze_course.images import ImageError, list_images, read_image

LAYOUTS = ("pairs", "sots-indoor")
PairTransform = Callable[[Tensor, Tensor], tuple[Tensor, ...]]


class PairFiles(NamedTuple):
    """Two files of one scene; reads them when asked, so a list of these is cheap."""

    name: str
    hazy_path: Path
    clear_path: Path

    @property
    def hazy(self) -> Tensor:
        """I, (1, 3, H, W)."""
        return read_image(self.hazy_path)

    @property
    def clear(self) -> Tensor:
        """J, (1, 3, H, W), without the border that the hazy picture lacks."""
        return _cut_border(read_image(self.clear_path), self)


def find_pairs(root: Path | str, *, layout: str = "pairs") -> list[PairFiles]:
    """All pairs below a folder, sorted: index k is the same everywhere.

    A hazy file's partner has the same stem, or else the part before its first underscore.

    Args:
        root: in "pairs", the folder of hazy/ and clear/ themselves; in "sots-indoor", that folder
            or one above it, and the clear pictures may lie in gt/ or GT/.
        layout: one of `LAYOUTS`.

    Raises:
        FileNotFoundError: a folder is missing or empty, or a hazy file has no partner.
        ImageError: two clear files of one stem.
    """
    root = Path(root)
    if layout not in LAYOUTS:
        raise ValueError(f"layout: expected one of {', '.join(LAYOUTS)}, got {layout!r}")
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected one with hazy/ and clear/")
    hazy, clear = (root / "hazy", root / "clear") if layout == "pairs" else _indoor(root)
    partners: dict[str, Path] = {}
    for path in list_images(clear):
        if path.stem in partners:
            raise ImageError(f"{path}: {partners[path.stem].name} has the same stem; remove one")
        partners[path.stem] = path
    pairs = []
    for path in list_images(hazy):
        scene = path.stem if path.stem in partners else path.stem.split("_")[0]
        if scene not in partners:
            raise FileNotFoundError(
                f"{path}: expected a clear picture {scene}.png or .jpg in {clear}, "
                f"which holds {len(partners)} pictures but not that one"
            )
        pairs.append(PairFiles(path.stem, path, partners[scene]))
    return pairs


def _indoor(root: Path) -> tuple[Path, Path]:
    """The folders hazy and clear of SOTS indoor: copies differ in their names and in the depth."""
    found = []
    for hazy in sorted(p for p in [root / "hazy", *root.rglob("hazy")] if p.is_dir()):
        inner = hazy.relative_to(root).parts[:-1]
        partners = [hazy.with_name(name) for name in ("clear", "gt", "GT")]
        partner = next((folder for folder in partners if folder.is_dir()), None)
        if partner and not any("outdoor" in part.lower() for part in inner):
            found.append((hazy, partner))
    if len(set(found)) != 1:
        listed = ", ".join(str(hazy) for hazy, _ in found)
        raise FileNotFoundError(
            f"{root}: expected one folder hazy/ beside clear/ or gt/, got {listed or 'none'}"
        )
    return found[0]


class PairedImages(Dataset[tuple[Tensor, ...]]):
    """Item k is (hazy, clear), both RGB float32 in [0, 1] of shape (3, H, W).

    Args:
        pairs: from `find_pairs`.
        transform: applied to both pictures at once, for instance a crop.
    """

    def __init__(self, pairs: list[PairFiles], transform: PairTransform | None = None) -> None:
        self.pairs = pairs
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        pair = self.pairs[index]
        hazy, clear = pair.hazy[0], pair.clear[0]
        return self.transform(hazy, clear) if self.transform else (hazy, clear)


def _cut_border(clear: Tensor, pair: PairFiles) -> Tensor:
    """RESIDE's clear pictures carry a border of 10 pixels that the hazy ones lack."""
    height, width = pair.hazy.shape[-2:]
    top, left = (clear.shape[-2] - height) // 2, (clear.shape[-1] - width) // 2
    if clear.shape[-2] < height or clear.shape[-1] < width:
        raise ImageError(
            f"{pair.clear_path}: {clear.shape[-1]} x {clear.shape[-2]} pixels, smaller than its "
            f"hazy picture {pair.hazy_path.name} ({width} x {height}); expected at least its size"
        )
    return clear[..., top : top + height, left : left + width]
