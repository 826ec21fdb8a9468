"""The arms of the distillation study: what is added to the mean square error, and nothing else.

Arms of one seed share the student's first weights, the batches and the haze. A name reads
form / what is compared with whom / weight; arms that begin with "few" see few photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from haze_course.distill import (
    FeatureAffinity,
    LinearHint,
    TeacherDistance,
    Term,
    another_image,
)

BATCH, CROP, POOL = 8, 64, 4
PAPER_PLACES, PAPER_BATCH = 17_825, 2  # 620 x 460 pooled by 4; arXiv:2207.11250's setting
RELEASED = 0.25  # the paper's weight of its feature affinity
FEW = 10  # photographs, for the arms that begin with "few"

LATE = "groups.2"  # the student's last group, 16 channels
EXPAND = [f"channels.{c}.expand" for c in range(3)]  # the teacher's last maps, 3 x 56 channels
MIDDLE = [f"channels.{c}.map" for c in range(3)]  # before they are expanded, 3 x 12


@dataclass(frozen=True)
class Sources:
    """Whom an arm can learn from, and how long it trains.

    Attributes:
        trained: the shipped teacher.
        untrained: the same network with its first random weights.
        truth: hands the clear picture on: the control without a teacher.
        steps: of the training.
    """

    trained: nn.Module
    untrained: nn.Module
    truth: nn.Module
    steps: int


Arm = Callable[[Sources], list[Term]]


def fading(weight: float, steps: float) -> Callable[[int], float]:
    """`weight`, falling linearly to 0 within `steps`, as in SDDN (Tran and Park, 2024)."""
    return lambda step: weight * max(1 - step / steps, 0)


def paper_strength() -> float:
    """The weight that gives the released formula the paper's strength relative to the MSE.

    The formula falls as 1 / N and grows as the root of the batch, N being places on the grid.
    """
    places = (CROP // POOL) ** 2
    return RELEASED * places / PAPER_PLACES * (PAPER_BATCH / BATCH) ** 0.5


def on_outputs(who: str, weight: float, scale: str = "rms", **more: object) -> Arm:
    """Feature affinity of the RGB outputs, as in the paper's released code."""
    return lambda s: [FeatureAffinity(getattr(s, who), weight=weight, scale=scale, **more)]  # type: ignore[arg-type]


def on_features(
    who: str, weight: float, tap: str = LATE, teacher_tap: list[str] | None = None, **more: object
) -> Arm:
    """Feature affinity of hidden maps, as in the paper's figure; of cosines unless said."""
    more.setdefault("normalize", "cosine")
    names = None if who == "truth" else (teacher_tap or EXPAND)
    return lambda s: [
        FeatureAffinity(getattr(s, who), weight=weight, tap=tap, teacher_tap=names, **more)  # type: ignore[arg-type]
    ]


def several_scales(weight: float) -> Arm:
    """Feature affinity of the outputs on three grids at once."""
    return lambda s: [
        FeatureAffinity(s.trained, weight=weight / 3, pool=pool) for pool in (2, 4, 8)
    ]


def distance(who: str, weight: float, names: list[str] | None = None) -> Arm:
    """How far output and truth lie apart in the teacher's eyes."""
    return lambda s: [TeacherDistance(getattr(s, who), weight=weight, teacher_tap=names or EXPAND)]


def hint(who: str, weight: float, share: float = 0.5) -> Arm:
    """The student's map predicts the teacher's, over the first `share` of the steps."""
    names = None if who == "truth" else EXPAND
    return lambda s: [
        LinearHint(
            getattr(s, who), tap=LATE, teacher_tap=names, weight=fading(weight, share * s.steps)
        )
    ]


def fading_outputs(weight: float) -> Arm:
    """Feature affinity of the outputs whose weight falls to 0 half way."""
    return lambda s: [FeatureAffinity(s.trained, weight=fading(weight, 0.5 * s.steps))]


SCREENING: dict[str, Arm] = {
    "none": lambda _: [],
    "outputs/released/formula": on_outputs("trained", RELEASED, "released"),
    "outputs/released/paper's strength": on_outputs("trained", paper_strength(), "released"),
    "outputs/rms/0.01": on_outputs("trained", 0.01),
    "outputs/rms/0.03": on_outputs("trained", 0.03),
    "outputs/mse/0.01": on_outputs("trained", 0.01, "mse"),
    "outputs/mse/0.1": on_outputs("trained", 0.1, "mse"),
    "outputs/rms/truth/0.01": on_outputs("truth", 0.01),
    "outputs/rms/untrained/0.01": on_outputs("untrained", 0.01),
    "outputs/rms/another image/0.01": on_outputs("trained", 0.01, feed=another_image),
    "outputs/rms/three scales/0.01": several_scales(0.01),
    "outputs/rms/fading/0.03": fading_outputs(0.03),
    "features/cosine/0.003": on_features("trained", 0.003),
    "features/cosine/0.03": on_features("trained", 0.03),
    "features/centred/0.003": on_features("trained", 0.003, normalize="centred"),
    "features/centred/0.03": on_features("trained", 0.03, normalize="centred"),
    "features/centred/truth/0.003": on_features("truth", 0.003, normalize="centred"),
    "features/centred/untrained/0.003": on_features("untrained", 0.003, normalize="centred"),
    "features/centred/another image/0.003": on_features(
        "trained", 0.003, normalize="centred", feed=another_image
    ),
    "features/centred/first group/0.003": on_features(
        "trained", 0.003, tap="groups.0", normalize="centred"
    ),
    "features/centred/middle maps/0.003": on_features(
        "trained", 0.003, teacher_tap=MIDDLE, normalize="centred"
    ),
    "distance/0.01": distance("trained", 0.01),
    "distance/0.1": distance("trained", 0.1),
    "distance/untrained/0.01": distance("untrained", 0.01),
    "distance/middle maps/0.01": distance("trained", 0.01, MIDDLE),
    "hint/0.003": hint("trained", 0.003),
    "hint/0.03": hint("trained", 0.03),
    "hint/truth/0.003": hint("truth", 0.003),
    "hint/untrained/0.003": hint("untrained", 0.003),
    "few/none": lambda _: [],
    "few/outputs/rms/0.01": on_outputs("trained", 0.01),
    "few/features/centred/0.003": on_features("trained", 0.003, normalize="centred"),
    "few/distance/0.01": distance("trained", 0.01),
    "few/hint/0.003": hint("trained", 0.003),
}
