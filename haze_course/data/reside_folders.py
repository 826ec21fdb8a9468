"""Where the parts of RESIDE lie below a folder: copies differ in names, case and depth.

Seen in the wild, all found here: ``ITS/{hazy,clear}``, ``ITS/train/{ITS_haze,ITS_clear}``,
``ITS_v2/{hazy,clear}``, ``RESIDE-IN/{train,test}/{hazy,GT}``, ``reside-outdoor/{part1..4,clear}``,
``OTS_ALPHA/{OTS,clear_images}``, ``OTS_ALPHA/{haze/OTS,clear/clear_images}``, ``SOTS/indoor``,
``SOTS/nyuhaze500/{hazy,gt}``, ``ITS/test/{hazy,clear}`` (which is SOTS indoor),
``HSTS/synthetic/{synthetic,original}``, ``HSTS/real-world``, ``RTTS/JPEGImages``,
``URHI``, ``UnannotatedHazyImages``.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from haze_course.images import SUFFIXES
from haze_course.layouts import ANY_PAIRS, REAL_LAYOUTS

# Best first: a copy with both clear/ and gt/ is read from clear/.
_HAZY = ("hazy", "haze", "synthetic", "hazyimages", r"part\d+", "ots", "input")
_CLEAR = ("clear", "gt", "original", "clean", "groundtruth", r"clearimages\d*", "target")
_PREFIX = r"(its|ots|indoor|outdoor)?"  # ITS_haze beside ITS_clear
_MAPS = re.compile(r"trans|depth|annotation")  # ITS and OTS come with these beside the pictures

# Read from the innermost folder outwards; the first that says something decides.
_INDOOR = re.compile(r"indoor|nyuhaze|(?<![a-z])its(?![a-z])|reside.?in(?![a-z])")
_OUTDOOR = re.compile(r"outdoor|(?<![a-z])ots(?![a-z])|reside.?out(?![a-z])")
_TEST = re.compile(r"sots|nyuhaze|(?<![a-z])test")
_TRAIN = re.compile(r"(?<![a-z])train|(?<![a-z])[io]ts(?![a-z])")


class Folders(NamedTuple):
    """Where one part lies.

    Attributes:
        part: a key of `PARTS`, or "pairs" where the names do not tell.
        place: the folder that holds the others.
        hazy: folders of hazy pictures.
        clear: folder of their truth, or None.
    """

    part: str
    place: Path
    hazy: tuple[Path, ...]
    clear: Path | None


class Tree(NamedTuple):
    """What lies below a folder: the parts, and folders with pictures that belong to none."""

    parts: list[Folders]
    strays: list[Path]


def find_folders(root: Path) -> Tree:
    """All parts of RESIDE below `root`, or `root` itself, sorted by place; links are followed."""
    parts: dict[tuple[Path, ...], Folders] = {}  # one place reached twice through links counts once
    holders: list[Path] = []
    own = root.resolve().parts[-2:]  # RESIDE-IN/train may be given itself
    for folder, children, has_pictures in _walk(root):
        words = [part.lower() for part in (*own, *folder.relative_to(root).parts)]
        for found in _pairs_in(folder, children, words):
            assert found.clear is not None
            parts.setdefault(tuple(p.resolve() for p in (*found.hazy, found.clear)), found)
        if has_pictures:
            holders.append(folder)
            real = _real_part(words)
            if real:
                parts.setdefault((folder.resolve(),), Folders(real, folder, (folder,), None))
    known = [path for found in parts.values() for path in (*found.hazy, found.clear) if path]
    resolved = [path.resolve() for path in known]
    strays = [folder for folder in holders if not _within(folder.resolve(), resolved)]
    return Tree(sorted(parts.values(), key=lambda found: (found.place, found.part)), strays)


def one_place(root: Path, layout: str) -> Folders:
    """Where a part lies; where names do not tell the part, the only candidate.

    Raises:
        FileNotFoundError: none, or several.
    """
    real = layout in REAL_LAYOUTS
    tree = find_folders(root)
    found = [folders for folders in tree.parts if (folders.clear is None) == real]
    chosen = [folders for folders in found if folders.part == layout]
    unnamed = [folders for folders in found if folders.part == ANY_PAIRS]
    chosen = chosen or [folders for folders in unnamed if folders.place == root] or unnamed
    if real and not chosen and root in tree.strays:
        return Folders(layout, root, (root,), None)
    if len(chosen) != 1:
        listed = ", ".join(str(folders.place) for folders in chosen) or "none"
        others = ", ".join(f"{folders.part} in {folders.place}" for folders in found)
        wanted = "folder of pictures" if real else "folder hazy/ beside clear/ or gt/"
        but = f" (but {others})" if others and not chosen else ""
        raise FileNotFoundError(
            f"{root}: expected one {wanted}, got {listed}{but}; name the folder of {layout} itself"
        )
    return chosen[0]


def pictures_below(folder: Path) -> list[Path]:
    """Picture files of a folder and of the folders in it, sorted; hidden ones are left out."""
    return sorted(
        inner / name
        for inner, _, _ in _walk(folder)
        for name in os.listdir(inner)  # noqa: PTH208  72 135 Path objects are slow to sort out
        if _is_picture(name)
    )


def is_hazy_name(name: str) -> bool:
    """Whether a folder's name alone says that it holds hazy pictures."""
    return _rank(name, ("hazy", "haze"))[0] is not None


def _is_picture(name: str) -> bool:
    # macOS leaves ._1400_1.png beside 1400_1.png on foreign disks.
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _walk(root: Path) -> Iterator[tuple[Path, list[str], bool]]:
    """Each folder once: its path, its folders' names, whether pictures lie right in it."""
    seen: set[str] = set()
    for current, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = os.path.realpath(current)
        if real in seen:  # a link back upwards would never end
            folders.clear()
            continue
        seen.add(real)
        yield Path(current), list(folders), any(_is_picture(name) for name in files)


def _pairs_in(folder: Path, children: list[str], words: list[str]) -> Iterator[Folders]:
    """Hazy and clear folders side by side; ITS_haze goes with ITS_clear, not with OTS_clear."""
    for prefix in ("", "its", "ots", "indoor", "outdoor"):
        hazy, clear = _best(children, _HAZY, prefix), _best(children, _CLEAR, prefix)
        if [name.lower() for name in hazy] == ["ots"] and "ots" not in words[-1]:
            continue  # OTS_ALPHA/OTS holds pictures; RESIDE/OTS is a part
        if hazy and clear:
            part = _paired_part([*words, prefix])
            yield Folders(part, folder, tuple(folder / name for name in hazy), folder / clear[0])


def _best(children: list[str], patterns: tuple[str, ...], prefix: str) -> list[str]:
    """The children that match the earliest pattern that any of them matches."""
    ranks = {name: rank for name in children for rank, found in [_rank(name, patterns)]
             if rank is not None and found == prefix}  # fmt: skip
    return sorted(name for name, rank in ranks.items() if rank == min(ranks.values()))


def _rank(name: str, patterns: tuple[str, ...]) -> tuple[int | None, str]:
    """(index of the pattern that a folder's name matches or None, its prefix)."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for rank, pattern in enumerate(patterns):
        if re.fullmatch(pattern, plain):
            return rank, ""
        if match := re.fullmatch(_PREFIX + pattern, plain):
            return rank, match[1] or ""
    return None, ""


def _paired_part(words: list[str]) -> str:
    if any("hsts" in word for word in words):
        return "hsts"
    outdoor = test = None
    for word in reversed(words):
        if outdoor is None and (_INDOOR.search(word) or _OUTDOOR.search(word)):
            outdoor = _INDOOR.search(word) is None
        if test is None and (_TEST.search(word) or _TRAIN.search(word)):
            test = _TEST.search(word) is not None
    if outdoor is None:
        return ANY_PAIRS
    if test is False:
        return "ots" if outdoor else "its"
    return "sots-outdoor" if outdoor else "sots-indoor"


def _real_part(words: list[str]) -> str:
    hsts = next((k for k, word in enumerate(words) if "hsts" in word), len(words))
    for position, word in reversed(list(enumerate(words))):
        if "urhi" in word or "unannotated" in word:
            return "urhi"
        if "rtts" in word:
            return "rtts"
        if "real" in word and position >= hsts:
            return "hsts-real"
    return ""


def _within(folder: Path, known: list[Path]) -> bool:
    return bool(_MAPS.search(folder.name.lower())) or any(
        folder.is_relative_to(path) for path in known
    )
