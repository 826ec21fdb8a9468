"""Feature affinity: how a picture's places resemble one another, and how two networks differ in it.

    Mitheran et al., arXiv:2207.11250 (the loss between a dehazing student and a super-resolution
    teacher). He et al., FAKD, ICIP 2020, doi:10.1109/ICIP40778.2020.9190917 (cosine-normalised
    columns for hidden features).

The N x N matrix of N places is never built here; `affinity` builds it for small maps, to look at.
"""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from haze_course.guards import check_choice, check_image

Scale = Literal["rms", "mse", "released"]
Normalize = Literal["cosine", "centred"] | None
_SCALES = get_args(Scale)


def affinity(features: Tensor, *, normalize: Normalize = None) -> Tensor:
    """X^T X: the inner product of every place with every other.  (B, C, H, W) -> (B, N, N).

    Symmetric, positive semi-definite, of rank C at most, and blind to a rotation of the channels.
    N = H * W grows fast: pool first.

    Args:
        features: X, one column of C numbers a place.
        normalize: see `feature_affinity_loss`.
    """
    columns = _columns(check_image(features, "features"), normalize)
    return columns.mT @ columns


def feature_affinity_loss(
    student: Tensor,
    teacher: Tensor,
    *,
    pool: int = 4,
    scale: Scale = "rms",
    normalize: Normalize = None,
) -> Tensor:
    """How differently two maps relate their places: a norm of S^T S - T^T T, exact, in C x C.

        rms       mean over the batch of  || S^T S - T^T T ||_F / N        root mean square entry
        mse       mean over the batch of  || S^T S - T^T T ||_F^2 / N^2    mean square entry
        released  one norm over the whole batch / N^2: the formula of the paper's released code,
                  which shrinks with the picture and grows with the batch

    with S and T pooled to one grid of N places. With P = S + T and M = S - T,

        || S^T S - T^T T ||_F^2 = 1/2 [ <P P^T, M M^T> + <P M^T, M P^T> ],

    which needs C x C products only and, unlike the expanded square, does not cancel near S = T.
    All in float64, whatever autocast says; the loss has the student's type, or float32 where that
    is shorter: the squares of a map overflow float16.

    Args:
        student: (B, C, H, W); the gradient flows here.
        teacher: (B, D, k H, k W) for a whole k >= 1, any D; gets no gradient.
        pool: side of the student's averaging window; the teacher's is k times that.
        scale: see above.
        normalize: "cosine" gives every place's column length 1, after pooling; "centred" takes
            the picture's mean column from each before: maps that are bright everywhere make all
            cosines nearly 1.

    Raises:
        ValueError: the two maps cannot meet on one grid.
    """
    check_choice(scale, "scale", _SCALES)
    with torch.autocast(student.device.type, enabled=False):
        s, t = _on_one_grid(student, teacher.detach(), pool)
        s, t = _columns(s.double(), normalize), _columns(t.double(), normalize)
        s, t = _equal_channels(s, t)
        squared = _squared_distance(s, t)  # (B,)
        places = s.shape[-1]
        if scale == "mse":
            loss = squared.mean() / places**2
        elif scale == "rms":
            loss = _safe_sqrt(squared).mean() / places
        else:
            loss = _safe_sqrt(squared.sum()) / places**2
    return loss.to(torch.promote_types(student.dtype, torch.float32))


def _squared_distance(s: Tensor, t: Tensor) -> Tensor:
    """|| S^T S - T^T T ||_F^2 for each image.  Two (B, C, N) -> (B,)."""
    p, m = s + t, s - t
    products = (p @ p.mT) * (m @ m.mT) + (p @ m.mT) * (m @ p.mT)  # (B, C, C)
    return 0.5 * products.sum(dim=(1, 2))


def _safe_sqrt(squared: Tensor) -> Tensor:
    """A root whose gradient is 0, not infinite, at 0: at S = T there is nothing to learn."""
    return squared.clamp_min(torch.finfo(squared.dtype).tiny).sqrt()


def _columns(features: Tensor, normalize: Normalize) -> Tensor:
    """(B, C, H, W) -> (B, C, N), on request centred and of length 1."""
    check_choice(str(normalize), "normalize", ("None", "cosine", "centred"))
    columns = features.flatten(2)
    if normalize == "centred":
        columns = columns - columns.mean(dim=2, keepdim=True)
    return columns if normalize is None else F.normalize(columns, dim=1)


def _on_one_grid(student: Tensor, teacher: Tensor, pool: int) -> tuple[Tensor, Tensor]:
    check_image(student, "student")
    check_image(teacher, "teacher")
    (height, width), (tall, wide) = student.shape[-2:], teacher.shape[-2:]
    k = max(round(wide / width), 1)
    if (tall, wide) != (k * height, k * width) or len(student) != len(teacher):
        raise ValueError(
            f"teacher: expected {len(student)} maps of a whole multiple of the student's "
            f"{height} x {width}, got {len(teacher)} of {tall} x {wide}"
        )
    if not 1 <= pool <= min(height, width):
        raise ValueError(f"pool: expected 1 to {min(height, width)}, the short side, got {pool}")
    student, teacher = (x if x.dtype == torch.float64 else x.float() for x in (student, teacher))
    return F.avg_pool2d(student, pool), F.avg_pool2d(teacher, k * pool)


def _equal_channels(s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Pad the narrower map with zero channels: they add nothing to an inner product."""
    channels = max(s.shape[1], t.shape[1])
    pad = [F.pad(x, (0, 0, 0, channels - x.shape[1])) for x in (s, t)]
    return pad[0], pad[1]
