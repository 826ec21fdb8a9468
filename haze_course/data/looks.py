"""Pictures opened once each, in threads: shape and hashes of the pixels, or what is wrong."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from torch import Tensor
from tqdm import tqdm

from haze_course.data.reside import BORDER
from haze_course.images import ImageError, read_image
from haze_course.machine import cores


class Look(NamedTuple):
    """What opening a picture told: its shape, and hashes of its pixels with and without border."""

    shape: tuple[int, ...]
    whole: bytes
    inner: bytes


class Fault(NamedTuple):
    """What kept a picture from being opened: a kind, "empty" or "unreadable", and words."""

    kind: str
    text: str


def look_at(path: Path) -> Look | Fault:
    """Decode a picture; no broken file raises."""
    try:
        if path.stat().st_size == 0:
            return Fault("empty", "0 bytes")
        image = read_image(path)
    except (ImageError, OSError, MemoryError) as error:
        return Fault("unreadable", str(error).removeprefix(f"{path}: ") or type(error).__name__)
    codes = (image * 255).round().byte()
    return Look(tuple(image.shape), _hash(codes), _hash(codes[..., BORDER:-BORDER, BORDER:-BORDER]))


def look_at_all(paths: Sequence[Path], *, progress: bool = False) -> Iterator[Look | Fault]:
    """`look_at` each, in their order; decoding and hashing leave Python's lock to the others.

    Args:
        paths: picture files.
        progress: show a bar.
    """
    with ThreadPoolExecutor(cores()) as pool:
        found = pool.map(look_at, paths)
        yield from tqdm(found, "opened", len(paths), unit=" pictures", disable=not progress)


def _hash(codes: Tensor) -> bytes:
    """Of shape and pixels; b"" of an image without any."""
    digest = hashlib.sha256(str(tuple(codes.shape)).encode())
    digest.update(codes.contiguous().numpy().tobytes())
    return digest.digest() if codes.numel() else b""
