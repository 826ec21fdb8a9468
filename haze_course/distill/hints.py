"""Other ways to learn from a teacher, for comparison with feature affinity.

Romero et al., FitNets, ICLR 2015, arXiv:1412.6550 (hints: the student's map predicts the
teacher's). Johnson et al., Perceptual Losses, ECCV 2016, doi:10.1007/978-3-319-46475-6_43,
arXiv:1603.08155 (a frozen network as a distance between pictures).
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.distill.terms import Taps, Weight, features_of, freeze, weight_at
from haze_course.guards import check_count

_RIDGE = 1e-4  # of the student's mean power: keeps the regression solvable


@dataclass
class TeacherDistance:
    """weight * mean (phi(dehazed) - phi(clear))^2 / variance of phi(clear), phi the teacher's maps.

    The variance is that over places, summed over channels: a channel that is bright everywhere
    says nothing about the picture, and counts for nothing.

    Args:
        teacher: any network; frozen here, but the gradient passes through it to the student.
        weight: of the term; a function of the step lets it decay.
        teacher_tap: modules of the teacher; None takes its output.
    """

    teacher: nn.Module
    _: KW_ONLY
    weight: Weight = 0.1
    teacher_tap: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        freeze(self.teacher)

    @property
    def taps(self) -> list[str]:
        """None of the student's modules."""
        return []

    def __call__(self, clear: Tensor, dehazed: Tensor, taps: Taps, step: int) -> Tensor:
        """The weighted distance of one batch."""
        made = features_of(self.teacher, self.teacher_tap, dehazed).float()
        with torch.no_grad():
            wanted = features_of(self.teacher, self.teacher_tap, clear).float()
        varied = (wanted - wanted.mean(dim=(0, 2, 3), keepdim=True)).square().mean()
        least = 1e-9 * wanted.square().mean() + torch.finfo(varied.dtype).tiny  # of one colour
        share = F.mse_loss(made, wanted) / torch.maximum(varied, least)
        return weight_at(self.weight, step) * share


@dataclass
class LinearHint:
    """weight * (1 - R^2) of the best linear prediction of the teacher's map from the student's.

    FitNets trains a 1 x 1 convolution beside the student for this prediction; here each batch's
    least-squares solution stands in for it, so that the term has no weights of its own.

    Args:
        teacher: any network; frozen here.
        weight: of the term; to initialise only, let it fall to 0 after some steps.
        tap: the student's module.
        teacher_tap: modules of the teacher; None takes its output.
        feed: what the teacher sees instead of the clear batch, for the control of a wrong input.
        pool: side of the student's averaging window; the teacher's map is averaged to its grid.
    """

    teacher: nn.Module
    _: KW_ONLY
    tap: str
    weight: Weight = 0.1
    teacher_tap: str | Sequence[str] | None = None
    feed: Callable[[Tensor], Tensor] | None = None
    pool: int = 4

    def __post_init__(self) -> None:
        check_count(self.pool, "pool", 1)
        freeze(self.teacher)

    @property
    def taps(self) -> list[str]:
        """The student's module that the training must tap."""
        return [self.tap]

    def __call__(self, clear: Tensor, dehazed: Tensor, taps: Taps, step: int) -> Tensor:
        """The weighted share of the teacher's variance that the student does not explain."""
        with torch.no_grad():
            seen = self.feed(clear) if self.feed else clear
            wanted = features_of(self.teacher, self.teacher_tap, seen).float()
        given, wanted = _averages(taps[self.tap].float(), wanted, self.pool)
        return weight_at(self.weight, step) * unexplained(given, wanted)


def _averages(given: Tensor, wanted: Tensor, pool: int) -> tuple[Tensor, Tensor]:
    """Over the student's windows; what fills none of them is cut off both maps alike."""
    if (side := min(given.shape[-2:])) < pool:
        raise ValueError(f"pool: expected at most {side}, the side of a map, got {pool}")
    sizes = zip(given.shape[-2:], wanted.shape[-2:], strict=True)
    height, width = (own // pool * pool * other // own for own, other in sizes)
    given = F.avg_pool2d(given, pool)
    grid = (given.shape[-2], given.shape[-1])
    return given, F.adaptive_avg_pool2d(wanted[..., :height, :width], grid)


def unexplained(given: Tensor, wanted: Tensor) -> Tensor:
    """1 - R^2, a scalar in [0, 1], of the linear regression of `wanted` on `given`.

    Over all places of the batch, (B, D, H, W) on (B, C, H, W); products in float64, whatever
    autocast says.
    """
    with torch.autocast(given.device.type, enabled=False):
        x, y = (z.double().transpose(0, 1).flatten(1) for z in (given, wanted))  # (C, N), (D, N)
        x, y = x - x.mean(dim=1, keepdim=True), y - y.mean(dim=1, keepdim=True)
        power = x @ x.mT
        ridge = _RIDGE * power.diagonal().mean() + torch.finfo(power.dtype).tiny
        eye = torch.eye(len(x), dtype=x.dtype, device=x.device)
        cross = x @ y.mT  # (C, D)
        explained = (cross * torch.linalg.solve(power + ridge * eye, cross)).sum()
        total = y.square().sum().clamp_min(torch.finfo(y.dtype).tiny)
        return (1 - explained / total).to(given.dtype)
