"""Frames of a video as pictures."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from haze_course.deploy.containers import VideoError

_UNSPECIFIED = 2  # of a frame's colours, in FFmpeg's numbers


def upright(frame: Any) -> Tensor:
    """A decoded frame -> (1, 3, H, W) in [0, 1], turned as its camera was held."""
    colours = colours_of(frame.height) if frame.colorspace == _UNSPECIFIED else None
    pixels = torch.from_numpy(frame.to_ndarray(format="rgb24", src_colorspace=colours))
    image = pixels.permute(2, 0, 1)[None].float() / 255
    return torch.rot90(image, frame.rotation // 90, dims=(2, 3)) if frame.rotation else image


def check_sizes(source: Path | str, first: torch.Size, hazy: torch.Size, made: torch.Size) -> None:
    """Every picture of a video is as large as its first, and so is what a method makes of it.

    Args:
        source: the video.
        first: shape of its first picture, (1, 3, H, W).
        hazy: of this one.
        made: of what the method made of it.

    Raises:
        VideoError: another size.
    """
    if hazy != first:
        (height, width), (later_height, later_width) = first[-2:], hazy[-2:]
        raise VideoError(
            f"{source}: expected pictures of one size, got {width} x {height} and later "
            f"{later_width} x {later_height}; scale them to one size, or cut the video there"
        )
    if made != hazy:
        sizes = f"{tuple(hazy)}, got {tuple(made)}"
        raise VideoError(f"{source}: expected a method that keeps {sizes}")


def colours_of(height: int) -> int:
    """What players take for an unmarked video of this size: ITU-R BT.709 if large, or BT.601."""
    return 1 if height >= 720 else 5
