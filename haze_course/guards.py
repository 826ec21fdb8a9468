"""One-line checks for what a caller hands in: what was expected, what came, what to do.

They raise `ValueError`; an ``assert`` in this library guards only its own invariants.
"""

import math
from collections.abc import Collection
from numbers import Integral, Real

import torch
from torch import Tensor


def check_image(image: Tensor, name: str, *, channels: int | None = None) -> Tensor:
    """A finite float batch (B, C, H, W), handed back unchanged.

    Args:
        image: what the caller passed.
        name: the caller's word for it, for the message.
        channels: C, where only one number fits.

    Raises:
        ValueError: another rank, another C, an integer type, an empty image, NaN or infinity.
    """
    if not isinstance(image, Tensor):
        raise ValueError(
            f"{name}: expected a tensor (B, C, H, W), got {type(image).__name__}; "
            "a picture array is torch.from_numpy(array).permute(2, 0, 1)[None] / 255"
        )
    shape = tuple(image.shape)
    if image.ndim != 4:
        hint = {2: f"; add two dimensions: {name}[None, None]"}.get(image.ndim, "")
        if image.ndim == 3:
            hint = f"; add a batch dimension: {name}[None]"
            if shape[0] not in (1, 3) and shape[2] in (1, 3):
                hint = f"; channels come first: {name}.permute(2, 0, 1)[None]"
        raise ValueError(f"{name}: expected (B, C, H, W), got shape {shape}{hint}")
    if channels is not None and shape[1] != channels:
        raise ValueError(f"{name}: expected {channels} channel(s), got {shape[1]} in shape {shape}")
    if image.numel() == 0:
        raise ValueError(f"{name}: the image is empty, shape {shape}")
    if not image.is_floating_point():
        raise ValueError(
            f"{name}: expected a float image in [0, 1], got {image.dtype}; divide bytes by 255"
        )
    if image.is_meta or torch.compiler.is_compiling():  # there are no values yet
        return image
    if not torch.isfinite(image).all():
        bad = int((~torch.isfinite(image)).sum())
        raise ValueError(f"{name}: {bad} of {image.numel()} values are NaN or infinite")
    return image


def check_map(value: Tensor, name: str, image: Tensor, image_name: str) -> Tensor:
    """A map (B, 1, H, W), or one for all (1, 1, H, W), that lies over an image; handed back.

    Args:
        value: what the caller passed.
        name: the caller's word for it, for the message.
        image: (B, C, H, W), checked before.
        image_name: the caller's word for the image.

    Raises:
        ValueError: what `check_image` says, or another size or batch than the image's.
    """
    check_image(value, name, channels=1)
    batch, _, height, width = image.shape
    if value.shape[-2:] != (height, width) or len(value) not in (1, batch):
        raise ValueError(
            f"{name}: expected ({batch}, 1, {height}, {width}) as {image_name}, "
            f"got {tuple(value.shape)}"
        )
    return value


def check_unit_range(image: Tensor, name: str, *, slack: float = 1e-4) -> Tensor:
    """All values in [0, 1] up to `slack`, handed back unchanged."""
    if image.is_meta or torch.compiler.is_compiling():  # there are no values yet
        return image
    low, high = float(image.detach().min()), float(image.detach().max())
    if low < -slack or high > 1 + slack:
        hint = "; divide bytes by 255" if high > 2 else ""
        raise ValueError(f"{name}: expected values in [0, 1], got [{low:.4g}, {high:.4g}]{hint}")
    return image


def check_number(value: float, name: str, low: float, high: float = math.inf) -> float:
    """A number in [low, high], handed back unchanged."""
    if not isinstance(value, Real) or not low <= value <= high:
        raise ValueError(f"{name}: expected a number in [{low:g}, {high:g}], got {value!r}")
    return value


def check_count(value: int, name: str, low: int) -> int:
    """A whole number >= low, NumPy's too, handed back as Python's."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name}: expected a whole number >= {low}, got {value!r}")
    return int(value)


def check_choice(value: str, name: str, choices: Collection[str]) -> str:
    """One of the words that are known, handed back unchanged."""
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return value


def per_image(value: Tensor | float, name: str, like: Tensor) -> Tensor:
    """A number, (B, 1), (1, C) or (B, C) -> a tensor that broadcasts over `like` (B, C, H, W).

    Raises:
        ValueError: a bare vector, which would broadcast silently along the wrong axis, or a
            shape that does not fit `like`.
    """
    value = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    if not torch.isfinite(value).all():
        raise ValueError(f"{name}: expected finite numbers, got {value.tolist()}")
    if value.ndim == 0:
        return value
    batch, channels = like.shape[:2]
    fits = value.ndim == 2 and value.shape[0] in (1, batch) and value.shape[1] in (1, channels)
    if not fits:
        raise ValueError(
            f"{name}: expected a number, ({batch}, 1), (1, {channels})"
            + f" or ({batch}, {channels})" * (batch > 1)
            + f", got shape {tuple(value.shape)}"
            + (
                "; a colour is value[None], one number an image is value[:, None]"
                * (value.ndim == 1)
            )
        )
    return value[..., None, None]
