"""Pictures on disk <-> tensors (1, 3, H, W), RGB float32 in [0, 1].

What a camera, a scanner or a web page may hand over is turned into one form: EXIF turned
upright, grey and palette and CMYK to RGB, 16-bit grey scaled by 65535, alpha laid over white.
Of 16-bit colour the upper 8 bits are read.
"""

import io
import struct
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from haze_course.guards import check_image, check_number
from haze_course.paths import atomic_path

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
WRITABLE = {".png", ".jpg", ".jpeg"}
Metadata = dict[str, bytes]
_ORIENTATION = 0x0112  # number of the EXIF tag


class ImageError(ValueError):
    """A file that cannot be read as a picture; the message names it."""


class _Filters:
    """Pillow's warnings: harmless oddities pass, pictures cut short or too large are errors.

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
                warnings.filterwarnings("error", "Truncated File Read")
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
        ImageError: not a picture, truncated, or so large that it may be an attack.
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else f"no such file in {path.parent.resolve()}"
        raise FileNotFoundError(f"{path}: {found}; expected a picture")
    try:
        with _FILTERS, Image.open(path) as picture:
            pixels = _to_rgb(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{path}: refused, expected at most {Image.MAX_IMAGE_PIXELS} pixels: {error}"
        ) from error
    # Pillow raises these for what is not a picture, is cut short or carries broken headers.
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, UserWarning) as error:
        raise ImageError(
            f"{path}: expected a picture ({', '.join(sorted(SUFFIXES))}), "
            f"could not decode it: {error}"
        ) from error
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Any Pillow mode -> (H, W, 3) float32 in [0, 1]."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I"):  # 16-bit grey
        grey = np.asarray(picture, dtype=np.float32) / 65535
        if grey.max() > 1:
            raise ImageError(
                f"grey values up to {np.asarray(picture).max()} have no defined white; convert it "
                "to 8 or 16 bit"
            )
        return np.repeat(grey.clip(0, 1)[..., None], 3, axis=2)
    if picture.mode == "F":
        raise ImageError("a floating-point picture has no defined white; convert it to 8 or 16 bit")
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        pixels = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
        alpha = pixels[..., 3:]
        return pixels[..., :3] * alpha + (1 - alpha)
    return np.asarray(picture.convert("RGB"), dtype=np.float32) / 255


def read_metadata(path: Path | str) -> Metadata:
    """What a camera wrote beside the pixels, for `write_image`: EXIF and colour profile.

    The EXIF turn is left out, for `read_image` has turned the picture upright; so is its preview,
    which would show the picture as it was. A damaged block counts as none.
    """
    kept: Metadata = {}
    try:
        with Image.open(path) as picture:
            exif, profile = picture.getexif(), picture.info.get("icc_profile")
            coloured = picture.mode in ("RGB", "RGBA", "P")  # a CMYK profile would not fit
        exif.pop(_ORIENTATION, None)
        if len(exif):
            kept["exif"] = exif.tobytes()
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return kept
    if profile and coloured:
        kept["icc_profile"] = profile
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
        beside: dict[str, Any] = {**(metadata or {})}
        if path.suffix.lower() == ".png":
            picture.save(temporary, **beside)
        else:
            picture.save(temporary, quality=quality, subsampling=0, **beside)


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


def list_files(folder: Path | str, suffixes: set[str]) -> list[Path]:
    """The files of a folder whose names end so, sorted by name, hidden ones left out.

    See `list_images`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        found = "a file" if folder.is_file() else "no such folder"
        beside = sorted(p.name for p in folder.parent.glob("*/"))[:8]
        raise FileNotFoundError(
            f"{folder}: {found}; expected a folder with pictures"
            + (f"; {folder.parent} holds {', '.join(beside)}" if beside else "")
        )
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and not path.is_dir()
    )
    if not files:
        raise FileNotFoundError(f"{folder}: no picture in it ({', '.join(sorted(suffixes))})")
    return files


def _to_picture(image: Tensor) -> Image.Image:
    check_image(image, "image")
    if image.shape[0] != 1 or image.shape[1] not in (1, 3):
        raise ValueError(f"image: expected (1, 3, H, W) or (1, 1, H, W), got {tuple(image.shape)}")
    codes = (image[0].detach().float().clamp(0, 1) * 255).round().byte().cpu()
    pixels = codes.permute(1, 2, 0).numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
