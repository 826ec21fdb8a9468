"""Pictures on disk <-> tensors (1, 3, H, W), RGB float32 in [0, 1].

What a camera, a scanner or a web page may hand over is turned into one form: EXIF turned
upright, grey and palette and CMYK to RGB, 16-bit grey scaled by 65535, alpha laid over white.
Of 16-bit colour the upper 8 bits are read. Grey whose white is not known is refused.
"""

import io
import struct
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from haze_course.guards import check_image, check_number
from haze_course.paths import atomic_path, list_files

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
WRITABLE = {".png", ".jpg", ".jpeg"}
Metadata = dict[str, bytes]
# Pillow raises these for what is not a picture, is cut short or carries broken headers.
_UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, MemoryError,
               struct.error)  # fmt: skip
# Numbers of EXIF tags (the inner block holds the sizes), then of TIFF: 0 may be white or black.
_ORIENTATION, _INNER, _WIDTH, _HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003
_BITS, _ZERO, _SAMPLE_FORMAT = 258, 262, 339
# How a TIFF stores its pixels, and blocks that tell once more of size, turn, preview and colours.
_STORAGE = {*range(254, 267), 273, *range(277, 282), 284, *range(288, 294), 317, *range(320, 348),
            *range(512, 533), 700, 34377, 34675}  # fmt: skip
# EXIF orientation -> whether to mirror left and right first, then quarter turns to the left.
_UPRIGHT = {2: (True, 0), 3: (False, 2), 4: (True, 2), 5: (True, 1), 6: (False, 3), 7: (True, 3),
            8: (False, 1)}  # fmt: skip


class ImageError(ValueError):
    """A file that cannot be read as a picture; the message names it."""


class _Filters:
    """Pillow's warnings: harmless oddities pass, pictures too large are errors.

    Filters belong to the process, so readers in several threads share one set: the first in lays
    it down, the last out takes it up.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")  # as of a damaged EXIF block
                warnings.simplefilter("error", Image.DecompressionBombWarning)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._before.__exit__(None, None, None)


_FILTERS = _Filters()


def read_image(path: Path | str) -> Tensor:
    """A picture file -> RGB float32 in [0, 1], shape (1, 3, H, W).

    Raises:
        FileNotFoundError: no such file.
        ImageError: not a picture, truncated, so large that it may be an attack, or grey whose
            white is not known (32 or 12 bit, signed, floating-point, white stored as 0).
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else f"no such file in {path.parent.resolve()}"
        raise FileNotFoundError(f"{path}: {found}; expected a picture")
    try:
        # Opened here, for of a path Pillow maps the memory and scrambles turned TIFFs.
        with _FILTERS, path.open("rb") as file, Image.open(file) as picture:
            pixels = _to_rgb(picture)
            with suppress(Exception):  # many kinds are raised for a damaged EXIF block: no turn
                # Asked after the pixels: a TIFF is turned as it is decoded, and has no turn left.
                mirrored, quarters = _UPRIGHT[picture.getexif()[_ORIENTATION]]
                pixels = np.rot90(pixels[:, ::-1] if mirrored else pixels, quarters)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{path}: refused, expected at most {Image.MAX_IMAGE_PIXELS} pixels: {error}"
        ) from error
    except _UNREADABLE as error:
        raise ImageError(
            f"{path}: expected a picture ({', '.join(sorted(SUFFIXES))}), "
            f"could not decode it: {error}"
        ) from error
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Any Pillow mode -> (H, W, 3) float32 in [0, 1]."""
    if not _white_is_known(picture):
        values = np.asarray(picture)
        raise ImageError(
            f"expected grey of 8 or 16 bit, unsigned, black as 0, found {picture.format} of mode "
            f"{picture.mode}, values {values.min()} to {values.max()}; convert it to 8 or 16 bit"
        )
    if picture.mode.startswith("I"):  # 16-bit grey
        codes = np.asarray(picture)
        grey = codes.astype(np.float32) / 65535
        grey[codes == picture.info.get("transparency")] = 1
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        pixels = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
        alpha = pixels[..., 3:]
        return pixels[..., :3] * alpha + (1 - alpha)
    return np.asarray(picture.convert("RGB"), dtype=np.float32) / 255


def _white_is_known(picture: Image.Image) -> bool:
    """Whether black is 0 and white the largest number; Pillow reads all greys as if it were so."""
    tags = getattr(picture, "tag_v2", {})  # of a TIFF
    signed = 2 in tags.get(_SAMPLE_FORMAT, ())
    if not picture.mode.startswith("I"):
        return picture.mode != "F" and not signed
    if picture.format == "TIFF":
        return tags.get(_BITS) == (16,) and tags.get(_ZERO) == 1 and not signed
    return picture.format in ("PNG", "PPM", "JPEG2000")  # which Pillow scales to 16 bit


def read_metadata(path: Path | str) -> Metadata:
    """What a camera wrote beside the pixels, for `write_image`: EXIF and colour profile.

    It fits the picture that `read_image` hands over: sizes turned, no turn left to do, no preview,
    nothing of how the file stored its pixels. A damaged block counts as none, so does a bad file.
    """
    kept: Metadata = {}
    with suppress(Exception), _FILTERS, Image.open(path) as picture:  # many kinds, as above
        profile = picture.info.get("icc_profile")
        if profile and picture.mode in ("RGB", "RGBA", "P"):  # a CMYK profile would not fit
            kept["icc_profile"] = profile
        exif = picture.getexif()
        _, quarters = _UPRIGHT.get(exif.pop(_ORIENTATION, 1), (False, 0))
        for tag in _STORAGE & set(exif):
            del exif[tag]
        if quarters % 2 and _INNER in exif:
            inner = exif.get_ifd(_INNER)
            sizes = {_HEIGHT: inner.pop(_WIDTH, None), _WIDTH: inner.pop(_HEIGHT, None)}
            inner.update({tag: size for tag, size in sizes.items() if size is not None})
        if len(exif):
            kept["exif"] = exif.tobytes()
    return kept


def write_image(
    image: Tensor, path: Path | str, *, quality: int = 95, metadata: Metadata | None = None
) -> None:
    """Write (1, 3, H, W) or (1, 1, H, W), clamped to [0, 1] and rounded to 8 bits.

    Args:
        image: RGB or grey, a batch of one.
        path: ends in .png, .jpg or .jpeg; its folder is made. A file there is replaced only
            when the new one is complete.
        quality: of JPEG, 1 to 100.
        metadata: from `read_metadata`.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise ValueError(f"{path}: expected a name ending in {', '.join(sorted(WRITABLE))}")
    picture = _to_picture(image)
    check_number(quality, "quality", 1, 100)
    with atomic_path(path) as temporary:
        beside: dict[str, Any] = {"quality": quality, "subsampling": 0, **(metadata or {})}
        picture.save(temporary, **beside)  # PNG passes over what is of JPEG


def short_side(path: Path | str) -> int:
    """Pixels along the shorter side of a picture file, from its header alone.

    Raises:
        ImageError: no picture, or none with such a header.
    """
    try:
        with _FILTERS, Image.open(path) as picture:
            return min(picture.size)
    except (Warning, Image.DecompressionBombError, *_UNREADABLE) as error:
        raise ImageError(f"{path}: expected a picture: {error}") from error


def jpeg_round_trip(image: Tensor, quality: int) -> Tensor:
    """What comes back after saving as JPEG.  (B, 3, H, W) -> same shape, float32."""
    check_image(image, "image", channels=3)
    decoded = []
    for one in image:
        with Image.open(io.BytesIO(encode_jpeg(one[None], quality))) as picture:
            decoded.append(torch.from_numpy(_to_rgb(picture)).permute(2, 0, 1))
    return torch.stack(decoded).to(image.device)


def encode_jpeg(image: Tensor, quality: int = 88) -> bytes:
    """(1, 3, H, W) or (1, 1, H, W), clamped to [0, 1] -> the bytes of a JPEG file."""
    buffer = io.BytesIO()
    _to_picture(image).save(buffer, "jpeg", quality=quality)
    return buffer.getvalue()


def read_codes(path: Path | str) -> Tensor:
    """The stored numbers of a one-channel PNG, 8 or 16 bit.  (1, 1, H, W) float32."""
    try:
        with Image.open(path) as picture:
            codes = np.asarray(picture).astype(np.float32)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{path}: expected a map (PNG, 8 or 16 bit): {error}") from error
    if codes.ndim != 2:
        raise ImageError(f"{path}: expected one channel, got an array of shape {codes.shape}")
    return torch.from_numpy(codes)[None, None]


def list_images(folder: Path | str) -> list[Path]:
    """The picture files of a folder, sorted by name.

    Raises:
        FileNotFoundError: no such folder, or no picture in it.
    """
    return list_files(folder, SUFFIXES)


def _to_picture(image: Tensor) -> Image.Image:
    check_image(image, "image")
    if image.shape[0] != 1 or image.shape[1] not in (1, 3):
        raise ValueError(f"image: expected (1, 3, H, W) or (1, 1, H, W), got {tuple(image.shape)}")
    codes = (image[0].detach().float().clamp(0, 1) * 255).round().byte().cpu()
    pixels = codes.permute(1, 2, 0).numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
