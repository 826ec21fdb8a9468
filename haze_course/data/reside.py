"""Pairs on disk, named as RESIDE names them: ``<id>_<anything>`` is the haze of ``<id>``.

Li et al., Benchmarking Single-Image Dehazing and Beyond, TIP 2019,
doi:10.1109/TIP.2018.2867951, arXiv:1712.04143.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor
from torch.utils.data import Dataset

from haze_course.data.reside_folders import Folders, one_place, pictures_below
from haze_course.guards import check_choice, check_number
from haze_course.images import ImageError, list_images, read_image
from haze_course.layouts import ANY_PAIRS, LAYOUTS, REAL_LAYOUTS

BORDER = 10  # pixels a side that RESIDE's clear pictures have and the hazy ones lack
PairTransform = Callable[[Tensor, Tensor], tuple[Tensor, ...]]


class PairFiles(NamedTuple):
    """Two files of one scene; reads them when asked, so a list of these is cheap."""

    name: str
    hazy_path: Path
    clear_path: Path

    @property
    def scene(self) -> str:
        """What all haze of one clear picture shares: ``1400`` for 1400_2.png."""
        # The clear picture may be called 1400_2.png too. More than five digits are a date.
        number = re.match(r"\d{1,5}(?=_)", self.name)
        return number[0] if number else self.clear_path.stem

    @property
    def hazy(self) -> Tensor:
        """I, (1, 3, H, W)."""
        return read_image(self.hazy_path)

    @property
    def clear(self) -> Tensor:
        """J, (1, 3, H, W), without the border that the hazy picture lacks."""
        return self.read()[1]

    def read(self) -> tuple[Tensor, Tensor]:
        """I and J, both (1, 3, H, W), each file decoded once.

        Raises:
            ImageError: a file cannot be read, or their sizes break RESIDE's rule.
        """
        hazy, clear = self.hazy, read_image(self.clear_path)
        border = check_sizes(self, hazy.shape, clear.shape)
        height, width = hazy.shape[-2:]
        return hazy, clear[..., border : border + height, border : border + width]


class Matched(NamedTuple):
    """Hazy and clear files as far as they find each other.

    Attributes:
        pairs: in the order of the hazy files.
        lonely: hazy files without a clear one.
        unused: clear files without a hazy one.
        twice: (first, other) of one stem; only the first is paired.
    """

    pairs: list[PairFiles]
    lonely: list[Path]
    unused: list[Path]
    twice: list[tuple[Path, Path]]


def find_pairs(root: Path | str, *, layout: str = ANY_PAIRS) -> list[PairFiles]:
    """All pairs below a folder, sorted: index k is the same everywhere.

    A hazy file's partner has the same stem, or else the part before its first underscore.

    Args:
        root: in "pairs", the folder of hazy/ and clear/ themselves; in a part of RESIDE, that
            folder or one above it, and names may vary (gt/, GT/, original/, ITS_haze/, ...).
        layout: one of `LAYOUTS`.

    Raises:
        FileNotFoundError: a folder is missing or empty, or a hazy file has no partner.
        ImageError: two files of one stem.
    """
    root = Path(root)
    _check_layout(root, layout, LAYOUTS)
    if layout == ANY_PAIRS:
        where = root / "clear"
        hazy, clear = (list_images(folder) for folder in (root / "hazy", where))
    else:
        found = one_place(root, layout)
        where = found.clear or root
        hazy, clear = part_pictures(found)
    matched = match_pairs(hazy, clear)
    for first, second in matched.twice:
        raise ImageError(f"{second}: {first.name} has the same stem; remove one")
    for path in matched.lonely:
        raise FileNotFoundError(
            f"{path}: expected a clear picture {path.stem.split('_')[0]}.png or .jpg in {where}, "
            f"which holds {len(clear)} pictures but not that one"
        )
    if not matched.pairs:
        raise FileNotFoundError(f"{root}: no hazy picture in it ({layout}); copy the part anew")
    return matched.pairs


def find_pictures(root: Path | str, *, layout: str) -> list[Path]:
    """The hazy photographs of a part without truth, sorted; look at them, never score them.

    Args:
        root: the part's folder, or one above it.
        layout: one of `REAL_LAYOUTS`.

    Raises:
        FileNotFoundError: no such folder, or no picture in it.
    """
    root = Path(root)
    _check_layout(root, layout, REAL_LAYOUTS)
    return part_pictures(one_place(root, layout))[0]


def part_pictures(found: Folders) -> tuple[list[Path], list[Path]]:
    """Hazy and clear files of one part."""
    hazy = [path for folder in found.hazy for path in pictures_below(folder)]
    return hazy, pictures_below(found.clear) if found.clear else []


def match_pairs(hazy: Iterable[Path], clear: Iterable[Path]) -> Matched:
    """Each hazy file with its clear one; upper and lower case are one, for disks differ in that."""
    hazy_files, twice_hazy = _by_stem(hazy)
    clear_files, twice_clear = _by_stem(clear)
    pairs, lonely, used = [], [], set()
    for stem, path in hazy_files.items():
        scene = stem if stem in clear_files else stem.split("_")[0]
        if scene in clear_files:
            pairs.append(PairFiles(path.stem, path, clear_files[scene]))
            used.add(scene)
        else:
            lonely.append(path)
    unused = [path for stem, path in clear_files.items() if stem not in used]
    return Matched(pairs, lonely, unused, twice_hazy + twice_clear)


def check_sizes(pair: PairFiles, hazy: Sequence[int], clear: Sequence[int]) -> int:
    """The border of the clear picture in pixels a side, 0 or 10, from shapes (..., H, W).

    Raises:
        ImageError: any other difference: the truth was resized or cut, or is of another scene.
    """
    (height, width), (clear_height, clear_width) = hazy[-2:], clear[-2:]
    if clear_height - height == clear_width - width and clear_height - height in (0, 2 * BORDER):
        return (clear_height - height) // 2
    smaller = clear_height < height or clear_width < width
    raise ImageError(
        f"{pair.clear_path}: {clear_width} x {clear_height} pixels, "
        f"{'smaller than' if smaller else 'which does not fit'} its hazy picture "
        f"{pair.hazy_path.name} ({width} x {height}); expected {width} x {height}, or "
        f"{width + 2 * BORDER} x {height + 2 * BORDER} with RESIDE's border of {BORDER}; "
        "take the truth as it was published, neither resized nor cut otherwise"
    )


def split_by_scene(
    pairs: Sequence[PairFiles], share: float, seed: int = 0
) -> tuple[list[PairFiles], list[PairFiles]]:
    """Two lists without a common scene: about `share` of the scenes, and the rest.

    The order of the pairs is kept. A scene's lot depends on the seed and its name alone, so a
    copy that holds more scenes deals the old ones in the same order.

    Raises:
        ValueError: fewer than two scenes, or a share outside [0, 1].
    """
    check_number(share, "share", 0, 1)
    scenes = draw_scenes((pair.scene for pair in pairs), seed)
    if len(scenes) < 2:
        raise ValueError(
            f"expected pairs of two scenes or more to split, got {len(scenes)}; files whose "
            "names begin with the same number and _ are one scene: rename those that are not"
        )
    count = min(max(round(share * len(scenes)), 1), len(scenes) - 1)
    chosen = set(scenes[:count])
    return (
        [pair for pair in pairs if pair.scene in chosen],
        [pair for pair in pairs if pair.scene not in chosen],
    )


def draw_scenes(scenes: Iterable[str], seed: int) -> list[str]:
    """Each scene once, in an order that looks random and is the same on every machine."""
    return sorted(
        set(scenes),
        key=lambda s: hashlib.sha256(f"{seed} {s}".encode(errors="surrogateescape")).digest(),
    )


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
        hazy, clear = (image[0] for image in self.pairs[index].read())
        return self.transform(hazy, clear) if self.transform else (hazy, clear)


def _check_layout(root: Path, layout: str, known: Sequence[str]) -> None:
    check_choice(layout, "layout", known)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected one with pictures of {layout!r}")


def _by_stem(files: Iterable[Path]) -> tuple[dict[str, Path], list[tuple[Path, Path]]]:
    """Stem in lower case -> the first file of that stem, and (first, other) of the others."""
    first: dict[str, Path] = {}
    twice = []
    for path in files:
        earlier = first.setdefault(path.stem.casefold(), path)
        if earlier is not path:
            twice.append((earlier, path))
    return first, twice
