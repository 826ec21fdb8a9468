"""RESIDE-Standard in numbers: its parts, their published counts, how their files are named.

Nothing here reads a picture or needs torch, so the command line can offer the layouts at once.

Li et al., Benchmarking Single-Image Dehazing and Beyond, TIP 2019, arXiv:1712.04143.
"""

from typing import NamedTuple


class Part(NamedTuple):
    """One part of RESIDE as published.

    Attributes:
        split: "train" and "test" come as pairs, "real" without truth.
        hazy: published number of hazy pictures.
        scenes: published number of clear pictures, 0 where there is no truth.
        stem: regular expression of a hazy file's stem, or "" where any will do.
        example: such a name, for messages.
        note: what to know about the counts.
    """

    split: str
    hazy: int
    scenes: int
    stem: str = ""
    example: str = ""
    note: str = ""


_NUMBER = r"\d+(?:\.\d+)?"
PARTS = {
    "its": Part("train", 13_990, 1_399, rf"\d+_\d+_{_NUMBER}", "1_10_0.98796.png"),
    "ots": Part(
        "train",
        72_135,
        2_061,
        rf"\d+_{_NUMBER}_{_NUMBER}",
        "0005_0.8_0.04.jpg",
        "an older version holds 313 950 of 8 970 scenes",
    ),
    "sots-indoor": Part("test", 500, 50, r"\d+_\d+", "1400_2.png"),
    "sots-outdoor": Part(
        "test",
        500,
        492,
        rf"\d+_{_NUMBER}_{_NUMBER}",
        "0001_0.8_0.2.jpg",
        "published counts unverified",
    ),
    "hsts": Part("test", 10, 10),
    "hsts-real": Part("real", 10, 0),
    "rtts": Part("real", 4_322, 0),
    "urhi": Part("real", 4_809, 0),
}
ANY_PAIRS = "pairs"  # hazy/ and clear/ of any origin
LAYOUTS = (ANY_PAIRS, *(name for name, part in PARTS.items() if part.split != "real"))
REAL_LAYOUTS = tuple(name for name, part in PARTS.items() if part.split == "real")


def compare_counts(name: str, hazy: int, scenes: int) -> str:
    """What a copy holds beside what was published: ``subset of its: 1 200 of 13 990 hazy ...``."""
    if name not in PARTS:
        return f"{_number(hazy)} hazy pictures, {_number(scenes)} scenes, of no known part"
    published = PARTS[name]
    counts = f"{_number(hazy)} of {_number(published.hazy)} hazy pictures"
    if published.scenes:
        counts += f", {_number(scenes)} of {_number(published.scenes)} scenes"
    if hazy > published.hazy or 0 < published.scenes < scenes:
        return f"more than the published {name}, so another version or a mixture: {counts}"
    complete = hazy == published.hazy and scenes >= published.scenes
    return f"{'all' if complete else 'subset'} of {name}: {counts}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")
