"""Intervals hold what they promise, agree with SciPy, and are put into words rightly."""

import math
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from haze_course.quality.statistics import (
    Interval,
    bootstrap_interval,
    scene_interval,
    scene_means,
    seed_interval,
    sentence,
    verdict,
)


def interval(mean: float, low: float, high: float, over: str = "images") -> Interval:
    return Interval(mean, low, high, 20, 0.95, over)


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- over seeds


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_seed_interval_equals_scipy(count: int) -> None:
    values = normal(count, count).tolist()
    ours = seed_interval(values, level=0.9)
    theirs = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-10)
    assert (ours.count, ours.level, ours.over) == (count, 0.9, "seeds")


@pytest.mark.parametrize("count", [3, 5, 8])
def test_seed_interval_covers_the_truth_in_95_of_100_studies(count: int) -> None:
    truth, studies = 0.3, 20_000
    values = truth + normal(count, studies, count)
    # The library's own factor t / sqrt(n), read off a sample of mean 0 and deviation 1.
    unit = torch.tensor([-1.0, 1.0] + [0.0] * (count - 2))
    factor = seed_interval(unit / unit.std()).high
    half = factor * values.std(dim=1)
    covered = ((values.mean(dim=1) - truth).abs() < half).double().mean().item()
    assert covered == pytest.approx(0.95, abs=0.006)


def test_a_bootstrap_over_few_seeds_covers_too_little() -> None:
    """Why there are two intervals: with 3 seeds, nominal 95 % covers about 75 %."""
    values = normal(0, 200, 3)
    intervals = [bootstrap_interval(row, resamples=1000) for row in values]
    covered = np.mean([each.low < 0 < each.high for each in intervals])
    assert 0.6 < covered < 0.85


# --- over images


@pytest.mark.parametrize("seed", [0, 1])
def test_bootstrap_equals_scipys_percentile_bootstrap(seed: int) -> None:
    values = normal(seed, 40).exp().tolist()  # skewed, so that the two ends differ
    ours = bootstrap_interval(values, resamples=40_000, seed=seed)
    theirs = scipy.stats.bootstrap(
        (values,),
        np.mean,
        method="percentile",
        n_resamples=40_000,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    spread = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.02 * spread
    assert abs(ours.high - theirs.high) < 0.02 * spread
    assert ours.mean == pytest.approx(np.mean(values), rel=1e-12)
    assert (ours.count, ours.level, ours.over) == (40, 0.95, "images")


def test_bootstrap_covers_the_truth_with_enough_images() -> None:
    values = normal(3, 300, 30)
    intervals = [bootstrap_interval(row, resamples=400) for row in values]
    covered = np.mean([each.low < 0 < each.high for each in intervals])
    assert 0.89 < covered < 0.97


def test_bootstrap_of_scenes_counts_copies_of_an_image_once() -> None:
    values = normal(6, 40)
    names = [str(k) for k in range(40)]
    alone = bootstrap_interval(values)
    assert bootstrap_interval(values, scenes=names, over="images") == alone
    ten = bootstrap_interval(values.repeat(10), scenes=names * 10)
    assert (ten.low, ten.high) == pytest.approx((alone.low, alone.high), rel=1e-12)
    assert (ten.count, ten.over) == (40, "scenes")
    fooled = bootstrap_interval(values.repeat(10))
    assert fooled.high - fooled.low < 0.4 * (alone.high - alone.low)


def test_bootstrap_of_scenes_covers_the_truth_where_images_share_a_scene() -> None:
    """Two dozen scenes of one to eight hazes: the mean over images holds as often as promised."""
    sizes = [k % 8 + 1 for k in range(24)]
    number = torch.arange(24).repeat_interleave(torch.tensor(sizes))
    scenes = [str(k) for k in number.tolist()]
    values = normal(7, 300, 24)[:, number] + 0.5 * normal(8, 300, len(scenes))
    both = [
        (bootstrap_interval(row, resamples=400, scenes=scenes),
         bootstrap_interval(row, resamples=400))
        for row in values
    ]  # fmt: skip
    covered, fooled = (np.mean([b[k].low < 0 < b[k].high for b in both]) for k in (0, 1))
    assert 0.87 < covered < 0.97
    assert fooled < 0.75


@pytest.mark.parametrize("scenes", [["a", "b"], ["a", "a", "a"]])
def test_scenes_that_do_not_fit_are_refused(scenes: list[str]) -> None:
    with pytest.raises(ValueError, match="expected 3 names, at least 2 different"):
        bootstrap_interval([1.0, 2.0, 3.0], scenes=scenes)


def test_bootstrap_is_repeatable_and_follows_its_seed() -> None:
    values = normal(4, 25)
    assert bootstrap_interval(values) == bootstrap_interval(values.tolist())
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_bootstrap_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    bootstrap_interval([0.0, 1.0])
    assert torch.equal(before, torch.get_rng_state())


def test_bootstrap_in_parts_is_a_bootstrap() -> None:
    """So many images that the draws do not fit at once."""
    values = normal(5, 50_000)
    each = bootstrap_interval(values, resamples=200)
    half = 1.96 / math.sqrt(50_000)
    assert each.high - each.low == pytest.approx(2 * half, rel=0.25)


# --- both


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    values=st.lists(st.floats(-50, 50), min_size=2, max_size=12),
    shift=st.floats(-5, 5),
    level=st.sampled_from([0.5, 0.8, 0.95]),
)
def test_mean_inside_wider_for_more_and_moves_with_the_data(values, shift, level) -> None:
    data = torch.tensor(values, dtype=torch.float64)
    for make in (seed_interval, lambda x, level: bootstrap_interval(x, level=level, resamples=100)):
        each, wider = make(data, level=level), make(data, level=0.99)
        assert wider.low - 1e-9 <= each.low <= each.high <= wider.high + 1e-9
        assert data.min() - 1e-9 <= each.mean <= data.max() + 1e-9
        moved = make(data + shift, level=level)
        assert moved.low == pytest.approx(each.low + shift, abs=1e-9)
        assert moved.high == pytest.approx(each.high + shift, abs=1e-9)
    assert each.low >= data.min() - 1e-9


MAKERS = [bootstrap_interval, seed_interval]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("values", [[], [1.0], [[1.0, 2.0]]])
def test_fewer_than_two_numbers_are_refused(make, values) -> None:
    with pytest.raises(ValueError, match=r"list of at least 2 numbers, got shape \(.*add images"):
        make(values)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_infinite_numbers_are_refused_with_their_place(make, bad: float) -> None:
    with pytest.raises(ValueError, match=rf"got {bad} at position 2; PSNR is infinite where"):
        make([0.1, 0.2, bad, 0.3])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("level", [0.0, 1.0, 95, math.nan])
def test_a_level_that_is_no_share_is_refused(make, level: float) -> None:
    with pytest.raises(ValueError, match="level: expected a number in"):
        make([0.1, 0.2], level=level)


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(ValueError, match="resamples: expected a whole number"):
        bootstrap_interval([0.1, 0.2], resamples=10)


def test_interval_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        interval(0, -1, 1).mean = 2.0


# --- in words


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.5, "better"),
        (-0.5, -0.1, "worse"),
        (-0.1, 0.5, "not distinguishable"),
        (0.0, 0.5, "not distinguishable"),
        (-0.5, 0.0, "not distinguishable"),
        (0.0, 0.0, "not distinguishable"),
    ],
)
def test_verdict_is_whether_zero_is_excluded(low: float, high: float, expected: str) -> None:
    assert verdict(interval((low + high) / 2, low, high)) == expected


@pytest.mark.parametrize(
    ("each", "unit", "expected"),
    [
        (
            interval(1.23, 0.8, 1.66),
            "dB",
            "A is better than B by 1.23 dB [0.80, 1.66] (95 % interval over 20 images).",
        ),
        (
            interval(-1.23, -1.66, -0.8),
            "dB",
            "A is worse than B by 1.23 dB [0.80, 1.66] (95 % interval over 20 images).",
        ),
        (
            interval(0.1, -0.3, 0.5, "seeds"),
            "dB",
            "A and B are not distinguishable: difference 0.10 dB [-0.30, 0.50] "
            "(95 % interval over 20 seeds).",
        ),
        (
            interval(0.125, 0.01, 0.24),
            "",
            "A is better than B by 0.125 [0.010, 0.240] (95 % interval over 20 images).",
        ),
        (  # a bound is not rounded to the zero that it excludes
            interval(0.01, 0.0004, 0.02),
            "dB",
            "A is better than B by 0.0100 dB [0.0004, 0.0200] (95 % interval over 20 images).",
        ),
        (  # no minus before a zero
            interval(-0.0001, -0.3, 0.3),
            "dB",
            "A and B are not distinguishable: difference 0.00 dB [-0.30, 0.30] "
            "(95 % interval over 20 images).",
        ),
    ],
)
def test_sentence(each: Interval, unit: str, expected: str) -> None:
    assert sentence("A", "B", each, unit) == expected


@settings(deadline=None, max_examples=50, derandomize=True)
@given(mean=st.floats(-3, 3), half=st.floats(0.001, 3), unit=st.sampled_from(["dB", "", "%"]))
def test_sentence_and_verdict_never_contradict(mean: float, half: float, unit: str) -> None:
    each = interval(mean, mean - half, mean + half)
    said = sentence("A", "B", each, unit)
    assert verdict(each) in said
    low, high = map(float, re.search(r"\[(.*), (.*)\]", said).groups())
    assert low <= high
    if verdict(each) != "not distinguishable":
        assert low >= 0


def test_scenes_count_once_however_many_images_they_have() -> None:
    found = scene_means([1.0, 2.0, 6.0, 3.0], ["kitchen", "quay", "kitchen", "quay"])
    assert found == [3.5, 2.5]
    with pytest.raises(ValueError, match="zip"):
        scene_means([1.0, 2.0], ["kitchen"])


@pytest.mark.parametrize("count", [3, 40])
def test_an_interval_over_scenes_keeps_its_promise_with_few_and_with_many(count: int) -> None:
    """Hazes of a scene share its luck; 95 % within three standard errors of 400 studies."""
    generator = torch.Generator().manual_seed(0)
    scenes, held = [f"{k // 3}" for k in range(3 * count)], 0
    for _ in range(400):
        scene = torch.randn(count, generator=generator).repeat_interleave(3)
        found = scene_interval(scene + torch.randn(3 * count, generator=generator) / 3, scenes)
        held += found.low <= 0 <= found.high
    assert 0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5 <= held / 400 <= 0.99
    assert found.count == count
