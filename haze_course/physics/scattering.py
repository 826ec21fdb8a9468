"""How haze forms, and what is left when it is taken away: I = J t + A (1 - t), t = exp(-beta d).

    Koschmieder, Theorie der horizontalen Sichtweite, Beitraege zur Physik der freien
    Atmosphaere 12, 1924. Narasimhan & Nayar, Vision and the Atmosphere, IJCV 48(3), 2002,
    doi:10.1023/A:1016328200723.

Shapes: images (B, 3, H, W), transmission and depth (B, 1, H, W). The airlight is a number,
(B, 1), (1, 3) or (B, 3), beta a number or (B, 1).
"""

import math

import torch
from torch import Tensor

from haze_course.guards import check_image, check_map, check_number, check_unit_range, per_image


def transmission_from_depth(depth: Tensor, beta: Tensor | float) -> Tensor:
    """t = exp(-beta d): the share of light that survives the way.  (B, 1, H, W) -> same.

    Args:
        depth: d >= 0, in metres or relative.
        beta: scattering coefficient, in 1 / unit of `depth`, >= 0.

    >>> transmission_from_depth(torch.zeros(1, 1, 1, 1), beta=2.0).item()
    1.0
    """
    check_image(depth, "depth", channels=1)
    beta = per_image(beta, "beta", depth)
    check_number(float(depth.detach().min()), "depth", 0)
    check_number(float(beta.detach().min()), "beta", 0)
    return torch.exp(-beta * depth)


def beta_for(depth: Tensor, t_far: float) -> Tensor:
    """beta = -ln(t_far) / d_95: the haze that lets the share t_far through.  -> (B, 1).

    One t_far means equally thick haze in a room and in a valley; beta is in 1 / unit of `depth`.

    Args:
        depth: d >= 0, shape (B, 1, H, W), not all zero.
        t_far: what is left of the light at d_95, in (0, 1].
    """
    check_number(t_far, "t_far", 1e-6, 1)
    return -math.log(t_far) / far_end(depth)


def far_end(depth: Tensor) -> Tensor:
    """d_95: the 95th percentile of each image's depth below its sky.  (B, 1, H, W) -> (B, 1).

    The sky is one plateau at the very maximum, far beyond d_95 (in this course's files at 10 times
    d_95 or more); a wall at the maximum is not sky.
    """
    check_image(depth, "depth", channels=1)
    far = torch.stack([_percentile_below_sky(one) for one in depth])
    if (far <= 0).any():
        raise ValueError(
            "depth: expected values above 0, got a map that is zero in 95 % of its pixels"
        )
    return far[:, None]


def _percentile_below_sky(depth: Tensor) -> Tensor:
    top = depth.max()
    ground = depth[depth < top]
    if ground.numel() > 0 and top > 3 * (below := _percentile(ground)):  # a sky
        return below
    return _percentile(depth.flatten())


def _percentile(values: Tensor) -> Tensor:
    """Of at most 2^24 values, evenly chosen, as some versions of torch take no more."""
    some = values[:: -(-len(values) // 2**24)]
    return some.to(torch.promote_types(some.dtype, torch.float32)).quantile(0.95).to(values)


def add_haze(clear: Tensor, transmission: Tensor, airlight: Tensor | float) -> Tensor:
    """I = J t + A (1 - t).  (B, 3, H, W), (B, 1, H, W), A -> (B, 3, H, W).

    On sRGB codes this is the haze of RESIDE; physical haze adds linear light:
    ``linear_to_srgb(add_haze(srgb_to_linear(clear), transmission, linear_airlight))``.

    >>> add_haze(torch.zeros(1, 3, 1, 1), torch.full((1, 1, 1, 1), 0.25), 1.0).unique().item()
    0.75
    """
    check_map(transmission, "transmission", check_image(clear, "clear", channels=3), "clear")
    check_unit_range(transmission, "transmission")
    airlight = check_unit_range(per_image(airlight, "airlight", clear), "airlight")
    return clear * transmission + airlight * (1 - transmission)


def remove_haze(
    hazy: Tensor, transmission: Tensor, airlight: Tensor | float, *, floor: float = 0.1
) -> Tensor:
    """J = (I - A) / max(t, t0) + A, unclamped.  (B, 3, H, W), (B, 1, H, W), A -> (B, 3, H, W).

    Args:
        hazy: I, RGB in [0, 1].
        transmission: t in (0, 1].
        airlight: A in [0, 1].
        floor: t0, above which the inversion is exact; it bounds the gain on noise to 1 / t0.

    He et al., Single Image Haze Removal Using Dark Channel Prior, TPAMI 2011.
    """
    check_map(transmission, "transmission", check_image(hazy, "hazy", channels=3), "hazy")
    check_number(floor, "floor", 1e-6, 1)
    airlight = check_unit_range(per_image(airlight, "airlight", hazy), "airlight")
    return (hazy - airlight) / transmission.clamp_min(floor) + airlight


def visibility(beta: float, contrast: float = 0.02) -> float:
    """V = -ln(contrast) / beta: how far off a black object's contrast has fallen to `contrast`.

    Args:
        beta: scattering coefficient, > 0, in 1/m for a distance in m.
        contrast: 0.02 is Koschmieder's, 0.05 the meteorological optical range (WMO).
    """
    check_number(beta, "beta", 1e-12)
    check_number(contrast, "contrast", 1e-6, 1)
    return -math.log(contrast) / beta


def srgb_to_linear(image: Tensor) -> Tensor:
    """Codes in a file -> proportional to light (IEC 61966-2-1), any shape, [0, 1] -> [0, 1]."""
    curve = ((image.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(image <= 0.04045, image / 12.92, curve)


def linear_to_srgb(image: Tensor) -> Tensor:
    """Proportional to light -> codes in a file (IEC 61966-2-1), any shape, [0, 1] -> [0, 1]."""
    curve = 1.055 * image.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(image <= 0.0031308, image * 12.92, curve)
