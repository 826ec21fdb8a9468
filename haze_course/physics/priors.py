"""The dark channel prior: find t and A from one hazy picture, then invert the model.

In most small windows of a haze-free outdoor picture some pixel is nearly black in some channel;
haze lifts it by A (1 - t), which gives t away.

    He, Sun & Tang, Single Image Haze Removal Using Dark Channel Prior, CVPR 2009 and
    TPAMI 33(12), 2011, doi:10.1109/TPAMI.2010.168.
    He, Sun & Tang, Guided Image Filtering, TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213.

Shapes: images (B, 3, H, W) in [0, 1], maps (B, 1, H, W), airlight (B, 3).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from haze_course.guards import (
    check_count,
    check_image,
    check_map,
    check_number,
    check_unit_range,
    per_image,
)
from haze_course.physics.scattering import remove_haze


class DarkChannelParts(NamedTuple):
    """Everything that the dark channel prior computes on the way.

    `dark` and `coarse` and `transmission` are (B, 1, H, W), `airlight` (B, 3), `dehazed`
    (B, 3, H, W) and unclamped.
    """

    dark: Tensor
    airlight: Tensor
    coarse: Tensor
    transmission: Tensor
    dehazed: Tensor


def dark_channel(image: Tensor, *, patch: int = 15) -> Tensor:
    """J^dark = min over the patch of min over channels of J.  (B, 3, H, W) -> (B, 1, H, W).

    Args:
        image: RGB.
        patch: side of the square window, odd; at the border the window is cut.
    """
    check_image(image, "image", channels=3)
    if check_count(patch, "patch", 1) % 2 == 0:
        raise ValueError(f"patch: expected an odd number of pixels, got {patch}")
    negative = -image.amin(dim=1, keepdim=True)  # a minimum is a negated maximum
    reach = patch // 2  # max_pool2d pads with -inf: only pixels of the picture count
    # Rows first, then columns: 2 x patch comparisons a pixel instead of patch squared.
    rows = F.max_pool2d(negative, (1, patch), stride=1, padding=(0, reach))
    return -F.max_pool2d(rows, (patch, 1), stride=1, padding=(reach, 0))


def estimate_airlight(hazy: Tensor, dark: Tensor, *, fraction: float = 0.001) -> Tensor:
    """A = the brightest of the pixels whose dark channel is highest, one an image.  -> (B, 3).

    Args:
        hazy: RGB, shape (B, 3, H, W).
        dark: its dark channel, shape (B, 1, H, W).
        fraction: share of the pixels to look at, at least one.
    """
    check_image(hazy, "hazy", channels=3)
    dark = check_map(dark, "dark", hazy, "hazy").expand(len(hazy), -1, -1, -1)
    check_number(fraction, "fraction", 0, 1)
    count = max(int(fraction * dark[0].numel()), 1)
    candidates = dark.flatten(1).topk(count, dim=1).indices  # (B, count)
    colours = hazy.flatten(2).gather(2, candidates[:, None].expand(-1, 3, -1))  # (B, 3, count)
    brightest = colours.sum(dim=1).argmax(dim=1)  # (B,)
    return colours[torch.arange(len(hazy)), :, brightest]


def estimate_transmission(
    hazy: Tensor, airlight: Tensor | float, *, patch: int = 15, omega: float = 0.95
) -> Tensor:
    """t = 1 - omega * dark channel of I / A, blocky at edges.  (B, 3, H, W) -> (B, 1, H, W).

    Args:
        hazy: RGB in [0, 1].
        airlight: A, a number, (B, 1), (1, 3) or (B, 3), >= 0; below 0.001 it counts as that.
        patch: side of the window.
        omega: how much of the haze to take away; a trace of it keeps far things looking far.
    """
    check_number(omega, "omega", 0, 1)
    airlight = per_image(airlight, "airlight", check_image(hazy, "hazy", channels=3))
    check_number(float(airlight.detach().min()), "airlight", 0)
    return 1 - omega * dark_channel(hazy / airlight.clamp_min(1e-3), patch=patch)


def guided_filter(guide: Tensor, target: Tensor, *, radius: int = 40, eps: float = 1e-3) -> Tensor:
    """q = mean(a) . g + mean(b): in each window the affine map of the guide closest to the target.

    a = (Cov(g) + eps 1)^-1 cov(g, p) and b = mean(p) - a . mean(g) for each window, with the
    guide g and the target p; edges of the guide stay edges, all else is smoothed.

    Args:
        guide: (B, 1, H, W) or (B, 3, H, W).
        target: (B, 1, H, W).
        radius: of the square windows, (2 radius + 1) pixels wide; at the border they are cut.
        eps: variance of the guide below which a window counts as flat, > 0.
    """
    check_image(guide, "guide")
    check_map(target, "target", guide, "guide")
    check_number(eps, "eps", 1e-12)
    check_count(radius, "radius", 0)
    form = target.dtype
    guide, target = guide.double(), target.double()  # variances as differences: digits cancel
    planes = torch.split(guide, 1, dim=1)  # one at a time: a phone's photograph is large
    means, mean_p = [_box_mean(g, radius) for g in planes], _box_mean(target, radius)
    rows: list[list[Tensor]] = []  # (Cov(g) + eps 1 | cov(g, p))
    for i, g in enumerate(planes):
        row = [rows[j][i] for j in range(i)]  # symmetric
        for j in range(i, len(planes)):
            row.append(_box_mean(g * planes[j], radius) - means[i] * means[j] + eps * (i == j))
        rows.append([*row, _box_mean(g * target, radius) - means[i] * mean_p])
    a = _eliminate(rows)
    b = mean_p - sum(slope * mean for slope, mean in zip(a, means, strict=True))
    smooth = sum(_box_mean(slope, radius) * g for slope, g in zip(a, planes, strict=True))
    return (smooth + _box_mean(b, radius)).to(form)


def _eliminate(rows: list[list[Tensor]]) -> list[Tensor]:
    """x of M x = y at every place, by Gauss: a covariance needs no pivots.  `rows` are (M | y)."""
    (pivot, *first), *others = rows
    rest = []
    for head, *row in others:
        factor = head / pivot
        rest.append([x - factor * y for x, y in zip(row, first, strict=True)])
    later = _eliminate(rest) if rest else []
    known = sum(m * x for m, x in zip(first, later, strict=False))  # the last of `first` is y
    return [(first[-1] - known) / pivot, *later]


def _box_mean(image: Tensor, radius: int) -> Tensor:
    """Mean over the (2 radius + 1)^2 window, cut at the border, by running sums: O(1) a pixel."""
    for dim in (-2, -1):
        size = image.shape[dim]
        edges = (radius + 1, radius)  # zeros, so that a window is one difference of two sums
        sums = F.pad(image, edges if dim == -1 else (0, 0, *edges)).cumsum(dim)
        total = sums.narrow(dim, 2 * radius + 1, size) - sums.narrow(dim, 0, size)
        places = torch.arange(size, device=image.device)
        count = (places + radius + 1).clamp_max(size) - (places - radius).clamp_min(0)
        image = total / (count if dim == -1 else count[:, None])
    return image


def explain_dark_channel(
    hazy: Tensor,
    *,
    patch: int = 15,
    omega: float = 0.95,
    floor: float = 0.1,
    radius: int = 40,
    eps: float = 1e-3,
) -> DarkChannelParts:
    """The whole method with all it computes on the way: I -> dark, A, t coarse, t, J.

    Args:
        hazy: RGB in [0, 1], shape (B, 3, H, W).
        patch: window of the dark channel.
        omega: share of the haze to remove.
        floor: t0, the smallest transmission to divide by.
        radius: of the guided filter that snaps the coarse map to the picture's edges.
        eps: of the guided filter.
    """
    check_unit_range(check_image(hazy, "hazy", channels=3), "hazy")
    dark = dark_channel(hazy, patch=patch)
    airlight = estimate_airlight(hazy, dark)
    coarse = estimate_transmission(hazy, airlight, patch=patch, omega=omega)
    refined = guided_filter(hazy, coarse, radius=radius, eps=eps).clamp(0, 1)
    dehazed = remove_haze(hazy, refined, airlight, floor=floor)
    return DarkChannelParts(dark, airlight, coarse, refined, dehazed)


def dehaze_dark_channel(
    hazy: Tensor,
    *,
    patch: int = 15,
    omega: float = 0.95,
    floor: float = 0.1,
    radius: int = 40,
    eps: float = 1e-3,
) -> Tensor:
    """J by the dark channel prior, unclamped; see `explain_dark_channel` for the parameters."""
    return explain_dark_channel(
        hazy, patch=patch, omega=omega, floor=floor, radius=radius, eps=eps
    ).dehazed
