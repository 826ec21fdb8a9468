"""Frames of a video as pictures."""

from typing import Any

import torch
from torch import Tensor

_UNSPECIFIED = 2  # of a frame's colours, in FFmpeg's numbers


def upright(frame: Any) -> Tensor:
    """A decoded frame -> (1, 3, H, W) in [0, 1], turned as its camera was held."""
    colours = colours_of(frame.height) if frame.colorspace == _UNSPECIFIED else None
    pixels = torch.from_numpy(frame.to_ndarray(format="rgb24", src_colorspace=colours))
    image = pixels.permute(2, 0, 1)[None].float() / 255
    return torch.rot90(image, frame.rotation // 90, dims=(2, 3)) if frame.rotation else image


def colours_of(height: int) -> int:
    """What players take for an unmarked video of this size: ITU-R BT.709 if large, or BT.601."""
    return 1 if height >= 720 else 5
