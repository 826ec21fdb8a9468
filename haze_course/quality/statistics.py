"""Is the difference real?  Intervals over images and over seeds, verdicts, one sentence.

    Efron, Tibshirani, An Introduction to the Bootstrap, 1993. Student, Biometrika 6(1), 1908.

Differences are paired: both methods on the same image, or from the same seed. Two questions:
- a fixed method (a prior, a checkpoint): would it hold on other images?  `bootstrap_interval`
- a trained method: would it hold if you trained it again?  `seed_interval`, over differences
  that were averaged over the images first; the images then count as fixed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import torch
from torch import Tensor

from haze_course.guards import check_count, check_number

Verdict = Literal["better", "worse", "not distinguishable"]
FEW = 20  # scenes: a bootstrap of fewer is too narrow


@dataclass(frozen=True)
class Interval:
    """A mean with the range [low, high] that holds the true mean in a share `level` of studies."""

    mean: float
    low: float
    high: float
    count: int
    level: float
    over: str  # what was counted: "images", "scenes", "seeds"


def bootstrap_interval(
    differences: Sequence[float] | Tensor,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    over: str | None = None,
    scenes: Sequence[str] | None = None,
) -> Interval:
    """Percentile bootstrap over images: draw as many again with replacement, take the mean, repeat.

    For fixed methods: it cannot see that another training run would differ. Below about 20 images
    it is too narrow. The same `seed` gives the same interval; `over` names what was drawn.

    Several hazes of one scene are not several scenes. With `scenes`, that of each image, whole
    scenes are drawn (the cluster bootstrap; Field, Welsh, J. R. Stat. Soc. B 69(3), 2007).

    >>> bootstrap_interval([0.5, 0.5, 0.5])
    Interval(mean=0.5, low=0.5, high=0.5, count=3, level=0.95, over='images')
    """
    values = _checked(differences, level)
    check_count(resamples, "resamples", 100)
    names = range(len(values)) if scenes is None else scenes
    drawn = {name: number for number, name in enumerate(dict.fromkeys(names))}
    if len(names) != len(values) or len(drawn) < 2:
        found = f"{len(names)}, {len(drawn)} of them different"
        raise ValueError(f"scenes: expected {len(values)} names, at least 2 different, got {found}")
    places = torch.tensor([drawn[name] for name in names])
    sums, counts = places.bincount(values), places.bincount()
    generator = torch.Generator().manual_seed(seed)
    count, means = len(drawn), []
    step = max(1, 4_000_000 // count)  # at most 64 MB at once
    for start in range(0, resamples, step):
        draws = torch.randint(count, (min(step, resamples - start), count), generator=generator)
        means.append(sums[draws].sum(dim=1) / counts[draws].sum(dim=1))
    tails = values.new_tensor([(1 - level) / 2, (1 + level) / 2])
    low, high = torch.cat(means).quantile(tails).tolist()
    over = over or ("images" if scenes is None else "scenes")
    return Interval(values.mean().item(), low, high, count, level, over)


def seed_interval(
    differences: Sequence[float] | Tensor, *, level: float = 0.95, over: str = "seeds"
) -> Interval:
    """mean +- t s / sqrt(n) over n seeds, Student's t with n - 1 degrees of freedom.

    Or over places that gave one number each: `over` names what was counted.

    >>> seed_interval([0.5, 0.5, 0.5])
    Interval(mean=0.5, low=0.5, high=0.5, count=3, level=0.95, over='seeds')
    """
    from scipy.stats import t as student_t  # slow to import, and only needed here

    values = _checked(differences, level)
    count, mean = len(values), values.mean().item()
    half = float(student_t.ppf((1 + level) / 2, count - 1)) * values.std().item() / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count, level, over)


def scene_means(differences: Sequence[float] | Tensor, scenes: Sequence[str]) -> list[float]:
    """Mean of the images' differences in each scene, in the order the scenes first appear."""
    own: dict[str, list[float]] = {scene: [] for scene in scenes}
    for difference, scene in zip(differences, scenes, strict=True):
        own[scene].append(float(difference))
    return [fmean(some) for some in own.values()]


def scene_interval(
    differences: Sequence[float] | Tensor, scenes: Sequence[str], *, over: str = "scenes"
) -> Interval:
    """95 % interval over scenes: whole ones are drawn; of fewer than 20, Student's t over means."""
    if len(set(scenes)) < FEW:
        return seed_interval(scene_means(differences, scenes), over=over)
    return bootstrap_interval(differences, scenes=scenes, over=over)


def verdict(interval: Interval) -> Verdict:
    """Does the interval exclude zero?  Above it "better", below it "worse"."""
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "not distinguishable"


def sentence(name_a: str, name_b: str, interval: Interval, unit: str = "dB") -> str:
    """What the interval of `paired_differences` a against b lets you say, with its numbers.

    >>> print(sentence("a prior", "hazy input", Interval(1.25, 0.75, 1.75, 20, 0.95, "images")))
    a prior is better than hazy input by 1.25 dB [0.75, 1.75] (95 % interval over 20 images).
    """
    said, numbers = verdict(interval), (interval.mean, interval.low, interval.high)
    if said == "worse":
        numbers = (-interval.mean, -interval.high, -interval.low)
    digits = 2 if unit else 3
    while said != "not distinguishable" and round(numbers[1], digits) == 0 and digits < 9:
        digits += 1  # a bound is never rounded to the zero that it excludes
    mean, low, high = (f"{round(number, digits) + 0.0:.{digits}f}" for number in numbers)  # no -0.0
    size = f"{mean} {unit}".rstrip() + f" [{low}, {high}]"
    basis = f"({100 * interval.level:g} % interval over {interval.count} {interval.over})."
    if said == "not distinguishable":
        return f"{name_a} and {name_b} are {said}: difference {size} {basis}"
    return f"{name_a} is {said} than {name_b} by {size} {basis}"


def _checked(differences: Sequence[float] | Tensor, level: float) -> Tensor:
    """(n,) float64, n >= 2, finite; or a ValueError."""
    check_number(level, "level", 0.5, 0.9999)
    values = torch.as_tensor(differences, dtype=torch.float64).detach().cpu()
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"differences: expected a list of at least 2 numbers, got shape {tuple(values.shape)}; "
            "one alone says nothing about the spread: add images or seeds"
        )
    for position, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            raise ValueError(
                f"differences: expected finite numbers, got {value} at position {position}; "
                "PSNR is infinite where an image equals its target: leave such pairs out"
            )
    return values
