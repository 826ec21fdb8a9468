"""Haze drawn at random on a clear picture: for training, and for looking at.

Three kinds, by what is known of the depth: (a) one transmission for the whole crop, which needs
none (Cai et al., DehazeNet, TIP 2016, doi:10.1109/TIP.2016.2598681); (b) and (c) exp(-beta d) with
estimated or with exact depth, beta set by how much light is left at the far end.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from haze_course.guards import check_count, check_image, check_map, check_number, check_unit_range
from haze_course.images import jpeg_round_trip
from haze_course.physics.scattering import (
    add_haze,
    far_end,
    linear_to_srgb,
    srgb_to_linear,
    transmission_from_depth,
)


@dataclass(frozen=True)
class HazeSettings:
    """Ranges from which haze is drawn, uniformly; each is (low, high).

    Attributes:
        constant: t of a picture without depth.
        t_far: t at the 95th percentile of depth.
        airlight: brightness of A.
        cast: how far a channel of A may lie from that brightness; 0 is grey haze, as in RESIDE.
        linear_light: add the haze to light instead of to sRGB codes.
        noise: standard deviation of Gaussian sensor noise, on the hazy picture only.
        jpeg: quality of a JPEG round trip of the hazy picture; None leaves it out.
    """

    constant: tuple[float, float] = (0.1, 1.0)
    t_far: tuple[float, float] = (0.05, 0.7)
    airlight: tuple[float, float] = (0.7, 1.0)
    cast: float = 0.03
    linear_light: bool = False
    noise: tuple[float, float] = (0.0, 0.0)
    jpeg: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("constant", "t_far", "airlight", "noise"):
            low, high = getattr(self, name)
            check_number(low, f"{name} low", 0 if name == "noise" else 1e-3, 1)
            check_number(high, f"{name} high", low, 1)
        check_number(self.cast, "cast", 0, 0.5)
        if self.jpeg is not None:
            low, high = self.jpeg
            check_number(check_count(low, "jpeg low", 1), "jpeg low", 1, 100)
            check_number(check_count(high, "jpeg high", low), "jpeg high", low, 100)


class HazySample(NamedTuple):
    """A hazy picture with all that made it: images (B, 3, H, W), t (B, 1, H, W), A (B, 3)."""

    hazy: Tensor
    clear: Tensor
    transmission: Tensor
    airlight: Tensor


def sample_haze(
    clear: Tensor,
    depth: Tensor | None,
    generator: torch.Generator,
    settings: HazeSettings | None = None,
    *,
    far: Tensor | None = None,
) -> HazySample:
    """I = J t + A (1 - t) with t and A drawn at random for each image of the batch.

    Args:
        clear: J, RGB in [0, 1], shape (B, 3, H, W).
        depth: d, shape (B, 1, H, W), any unit; None draws one transmission an image.
        generator: all random numbers come from it.
        settings: the ranges; None takes the defaults of `HazeSettings`.
        far: d_95 of the whole picture, (B, 1), where `depth` is only a crop of it; None takes it
            from `depth`.
    """
    settings = settings or HazeSettings()
    check_unit_range(check_image(clear, "clear", channels=3), "clear")
    batch = len(clear)
    if depth is not None:
        depth = check_map(depth, "depth", clear, "clear").expand(batch, -1, -1, -1)
    airlight = _uniform(settings.airlight, (batch, 1), generator)
    cast = _uniform((-settings.cast, settings.cast), (batch, 3), generator)
    airlight = (airlight + cast).clamp(0, 1).to(clear)
    if depth is None:
        transmission = _uniform(settings.constant, (batch, 1, 1, 1), generator).to(clear)
        transmission = transmission.expand(-1, -1, *clear.shape[-2:])
    else:
        t_far = _uniform(settings.t_far, (batch, 1), generator).to(clear)
        far = far_end(depth) if far is None else far
        transmission = transmission_from_depth(depth, -t_far.log() / far)
    if settings.linear_light:
        light = add_haze(srgb_to_linear(clear), transmission, srgb_to_linear(airlight))
        hazy = linear_to_srgb(light)
    else:
        hazy = add_haze(clear, transmission, airlight)
    return HazySample(_sensor(hazy, generator, settings), clear, transmission, airlight)


def _sensor(hazy: Tensor, generator: torch.Generator, settings: HazeSettings) -> Tensor:
    """Noise and JPEG, each only if asked for: the haze itself stays exact."""
    if settings.noise[1] > 0:
        sigma = _uniform(settings.noise, (len(hazy), 1, 1, 1), generator).to(hazy)
        noise = torch.randn(hazy.shape, generator=generator).to(hazy)
        hazy = (hazy + sigma * noise).clamp(0, 1)
    if settings.jpeg is not None:
        low, high = settings.jpeg
        quality = int(torch.randint(low, high + 1, (), generator=generator))
        hazy = jpeg_round_trip(hazy, quality).to(hazy)
    return hazy


def _uniform(
    limits: tuple[float, float], shape: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    low, high = limits
    return low + (high - low) * torch.rand(shape, generator=generator)
