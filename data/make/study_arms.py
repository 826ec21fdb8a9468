"""The arms of the studies: in what one training differs from another, and in nothing else.

Arms of one seed share the student's first weights. In the distillation study they share the
batches and the haze too, and a name reads: form / what is compared with whom / weight. In the
study of recipes the pictures, the crops or the haze differ.

All ran in bfloat16, as a processor that multiplies it does by itself. The screening's first seed
ran at several commits (a column of the record) that differ in the order of some sums: there two
arms differ by that rounding, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.data import CropSettings, HazeSettings
from haze_course.distill import (
    FeatureAffinity,
    LinearHint,
    TeacherDistance,
    Term,
    another_image,
)
from haze_course.nets import SuperResolutionTeacher, load_pretrained, teacher

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
        start: the same as its training began: bicubic interpolation, which learned nothing.
        truth: hands the clear picture on: the control without a teacher.
        steps: of the training.
    """

    trained: nn.Module
    untrained: nn.Module
    start: nn.Module
    truth: nn.Module
    steps: int


def sources(seed: int, steps: int) -> Sources:
    """For one training; the untrained teacher's weights depend on the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        untrained = SuperResolutionTeacher()
    start = teacher(seed=seed)
    return Sources(load_pretrained("teacher"), untrained, start, nn.Identity(), steps)


Terms = Callable[[Sources], list[Term]]


@dataclass(frozen=True)
class Arm:
    """One training.

    Attributes:
        terms: added to the mean square error.
        pictures: "all" of the train split, "few" photographs, "scenes", "rooms", "photos", or
            "scenes thrice" as often as a photograph.
        cut: sizes of the crops.
        haze: ranges of the haze.
        error: of output and truth.
        learning_rate: its peak.
        seeds: trained on the first so many of the phase's; None for all.
    """

    terms: Terms = lambda _: []
    pictures: str = "all"
    cut: CropSettings = field(default=CropSettings(batch=BATCH, size=CROP))
    haze: HazeSettings = field(default=HazeSettings())
    error: Callable[[Tensor, Tensor], Tensor] = F.mse_loss
    learning_rate: float = 2e-3
    seeds: int | None = None


def fading(weight: float, steps: float) -> Callable[[int], float]:
    """`weight`, falling linearly to 0 within `steps`, as in SDDN (Tran and Park, 2024)."""
    return lambda step: weight * max(1 - step / steps, 0)


def paper_strength() -> float:
    """The weight that gives the released formula the paper's strength relative to the MSE.

    The formula falls as 1 / N and grows as the root of the batch, N being places on the grid.
    """
    places = (CROP // POOL) ** 2
    return RELEASED * places / PAPER_PLACES * (PAPER_BATCH / BATCH) ** 0.5


def on_outputs(who: str, weight: float, scale: str = "rms", **more: object) -> Terms:
    """Feature affinity of the RGB outputs, as in the paper's released code."""
    return lambda s: [FeatureAffinity(getattr(s, who), weight=weight, scale=scale, **more)]  # type: ignore[arg-type]


def on_features(
    who: str, weight: float, tap: str = LATE, teacher_tap: list[str] | None = None, **more: object
) -> Terms:
    """Feature affinity of hidden maps, as in the paper's figure; of cosines unless said."""
    more.setdefault("normalize", "cosine")
    names = None if who == "truth" else (teacher_tap or EXPAND)
    return lambda s: [
        FeatureAffinity(getattr(s, who), weight=weight, tap=tap, teacher_tap=names, **more)  # type: ignore[arg-type]
    ]


def several_scales(weight: float) -> Terms:
    """Feature affinity of the outputs on three grids at once."""
    return lambda s: [
        FeatureAffinity(s.trained, weight=weight / 3, pool=pool) for pool in (2, 4, 8)
    ]


def distance(who: str, weight: float, names: list[str] | None = None) -> Terms:
    """How far output and truth lie apart in the teacher's eyes."""
    return lambda s: [TeacherDistance(getattr(s, who), weight=weight, teacher_tap=names or EXPAND)]


def hint(who: str, weight: float, share: float = 0.5, **more: object) -> Terms:
    """The student's map predicts the teacher's, over the first `share` of the steps."""
    more.setdefault("teacher_tap", None if who == "truth" else EXPAND)
    return lambda s: [
        LinearHint(getattr(s, who), tap=LATE, weight=fading(weight, share * s.steps), **more)  # type: ignore[arg-type]
    ]


def fading_outputs(weight: float) -> Terms:
    """Feature affinity of the outputs whose weight falls to 0 half way."""
    return lambda s: [FeatureAffinity(s.trained, weight=fading(weight, 0.5 * s.steps))]


SCREENING: dict[str, Arm] = {
    "none": Arm(),
    "outputs/released/formula": Arm(on_outputs("trained", RELEASED, "released")),
    "outputs/released/paper's strength": Arm(on_outputs("trained", paper_strength(), "released")),
    "outputs/rms/0.01": Arm(on_outputs("trained", 0.01)),
    "outputs/rms/0.03": Arm(on_outputs("trained", 0.03)),
    "outputs/mse/0.01": Arm(on_outputs("trained", 0.01, "mse")),
    "outputs/mse/0.1": Arm(on_outputs("trained", 0.1, "mse")),
    "outputs/rms/truth/0.01": Arm(on_outputs("truth", 0.01)),
    "outputs/rms/untrained/0.01": Arm(on_outputs("untrained", 0.01)),
    "outputs/rms/another image/0.01": Arm(on_outputs("trained", 0.01, feed=another_image)),
    "outputs/rms/three scales/0.01": Arm(several_scales(0.01)),
    "outputs/rms/fading/0.03": Arm(fading_outputs(0.03)),
    "features/cosine/0.003": Arm(on_features("trained", 0.003)),
    "features/cosine/0.03": Arm(on_features("trained", 0.03)),
    "features/centred/0.003": Arm(on_features("trained", 0.003, normalize="centred")),
    "features/centred/0.03": Arm(on_features("trained", 0.03, normalize="centred")),
    "features/centred/truth/0.003": Arm(on_features("truth", 0.003, normalize="centred")),
    "features/centred/untrained/0.003": Arm(on_features("untrained", 0.003, normalize="centred")),
    "features/centred/another image/0.003": Arm(
        on_features("trained", 0.003, normalize="centred", feed=another_image)
    ),
    "features/centred/first group/0.003": Arm(
        on_features("trained", 0.003, tap="groups.0", normalize="centred")
    ),
    "features/centred/middle maps/0.003": Arm(
        on_features("trained", 0.003, teacher_tap=MIDDLE, normalize="centred")
    ),
    "distance/0.01": Arm(distance("trained", 0.01)),
    "distance/0.1": Arm(distance("trained", 0.1)),
    "distance/untrained/0.01": Arm(distance("untrained", 0.01)),
    "distance/middle maps/0.01": Arm(distance("trained", 0.01, MIDDLE)),
    "hint/0.003": Arm(hint("trained", 0.003)),
    "hint/0.03": Arm(hint("trained", 0.03)),
    "hint/truth/0.003": Arm(hint("truth", 0.003)),
    "hint/untrained/0.003": Arm(hint("untrained", 0.003)),
    "few/none": Arm(pictures="few"),
    "few/outputs/rms/0.01": Arm(on_outputs("trained", 0.01), pictures="few"),
    "few/features/centred/0.003": Arm(
        on_features("trained", 0.003, normalize="centred"), pictures="few"
    ),
    "few/distance/0.01": Arm(distance("trained", 0.01), pictures="few"),
    "few/hint/0.003": Arm(hint("trained", 0.003), pictures="few"),
}


# The arms of the study that decides. Of the forms with the trained teacher and all pictures, the
# four that the screening gained most with on its first seed ran on a second. What gained most over
# both, in the mean of scenes and photographs, meets no term, and what else could explain a gain.
FORM = "hint/0.03"
CONFIRMATION: dict[str, Arm] = {
    "none": Arm(),
    FORM: Arm(hint("trained", 0.03)),
    f"{FORM}/truth": Arm(hint("truth", 0.03)),
    f"{FORM}/untrained": Arm(hint("untrained", 0.03)),
}
FIRST = set(CONFIRMATION)  # planned before any outcome was known

# Added when the outcome of those was known, on the same seeds, and before a training of these: of
# those four the best feature affinity of hidden maps, and the form with a wrong lesson.
AFFINITY = "features/cosine/0.003"
CONFIRMATION[AFFINITY] = SCREENING[AFFINITY]
CONFIRMATION[f"{FORM}/another image"] = Arm(hint("trained", 0.03, feed=another_image))

# Added when these were known too, before a training of it: the teacher as it began. The untrained
# one differs from the trained in start and training at once, this one in the training alone.
CONFIRMATION[f"{FORM}/bicubic start"] = Arm(hint("start", 0.03))

# Who is compared with whom.
COMPARED = [(FORM, other) for other in CONFIRMATION if other not in (FORM, AFFINITY)]
COMPARED.append((AFFINITY, "none"))

# Added last, before a training of these: the paper's own forms, affinity of the outputs, by the
# code's formula and by the readings of it whose weight gained most in the screening. Three seeds
# show where they stand; they decide nothing and get no interval.
PAPER = [
    "outputs/released/formula",
    "outputs/released/paper's strength",
    "outputs/rms/0.01",
    "outputs/mse/0.01",
]
CONFIRMATION |= {arm: replace(SCREENING[arm], seeds=3) for arm in PAPER}

# What helped alone, on both sets of pictures.
TOGETHER = Arm(
    cut=CropSettings(batch=BATCH, size=CROP, large_share=0.75, constant_share=0),
    haze=HazeSettings(t_far=(0.15, 0.7), constant=(0.3, 1.0)),
    learning_rate=4e-3,
)

THRICE = replace(TOGETHER, pictures="scenes thrice")

# The same area in every batch, so that arms cost the same.
RECIPES: dict[str, Arm] = {
    "none": Arm(),
    "crops of 64 only": Arm(cut=CropSettings(batch=8, size=64, large_share=0)),
    "crops of 128": Arm(cut=CropSettings(batch=2, size=128, large_share=0)),
    "crops of 64, many 128": Arm(cut=CropSettings(batch=8, size=64, large_share=0.75)),
    "no constant haze": Arm(cut=CropSettings(batch=8, size=64, constant_share=0)),
    "scenes only": Arm(pictures="scenes"),
    "rooms only": Arm(pictures="rooms"),
    "photographs only": Arm(pictures="photos"),
    "grey haze": Arm(haze=HazeSettings(cast=0)),
    "more cast": Arm(haze=HazeSettings(cast=0.1)),
    "haze in linear light": Arm(haze=HazeSettings(linear_light=True)),
    "absolute error": Arm(error=F.l1_loss),
    "half the rate": Arm(learning_rate=1e-3),
    "twice the rate": Arm(learning_rate=4e-3),
    "thinner haze": Arm(haze=HazeSettings(t_far=(0.15, 0.7), constant=(0.3, 1.0))),
    "noise and JPEG": Arm(haze=HazeSettings(noise=(0.0, 0.02), jpeg=(70, 95))),
    "together": TOGETHER,
    "together, absolute error": replace(TOGETHER, error=F.l1_loss),
    "together, scenes thrice": THRICE,
    "together, scenes thrice, haze down to 0.08": replace(
        THRICE, haze=HazeSettings(t_far=(0.08, 0.7), constant=(0.3, 1.0))
    ),
}
