"""Answers to the exercises of notebook 08: typical wrong ones, and right ones that look unusual."""

from collections import OrderedDict

import torch
from scipy.stats import t as student_t

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_08 import BUGS, RIVALS

RIGHT_PLAN = {
    "score": "last checkpoint",
    "shared": "initial weights, batches, haze",
    "seeds": 10,
}


def normal_factor(taught, alone):
    d = taught - alone
    half = 1.96 * d.std(dim=1) / d.shape[1] ** 0.5
    low, high = d.mean(dim=1) - half, d.mean(dim=1) + half
    return low, high, (low > 0).int() - (high < 0).int()


def arms_apart(taught, alone):
    n = taught.shape[1]
    half = float(student_t.ppf(0.975, n - 1)) * ((taught.var(dim=1) + alone.var(dim=1)) / n).sqrt()
    gain = taught.mean(dim=1) - alone.mean(dim=1)
    low, high = gain - half, gain + half
    return low, high, (low > 0).int() - (high < 0).int()


def verdict_of_the_mean(taught, alone):
    d = taught - alone
    n, mean = d.shape[1], d.mean(dim=1)
    half = float(student_t.ppf(0.975, n - 1)) * d.std(dim=1) / n**0.5
    return mean - half, mean + half, mean.sign().int()


def spread_of_single_seeds(taught, alone):
    d = taught - alone
    half = float(student_t.ppf(0.975, d.shape[1] - 1)) * d.std(dim=1)
    low, high = d.mean(dim=1) - half, d.mean(dim=1) + half
    return low, high, (low > 0).int() - (high < 0).int()


def divided_by_n(taught, alone):
    d = taught - alone
    n = d.shape[1]
    half = float(student_t.ppf(0.975, n - 1)) * d.std(dim=1, correction=0) / n**0.5
    low, high = d.mean(dim=1) - half, d.mean(dim=1) + half
    return low, high, (low > 0).int() - (high < 0).int()


def taught_the_wrong_way_round(taught, alone):
    d = alone - taught
    n = d.shape[1]
    half = float(student_t.ppf(0.975, n - 1)) * d.std(dim=1) / n**0.5
    low, high = d.mean(dim=1) - half, d.mean(dim=1) + half
    return low, high, (low > 0).int() - (high < 0).int()


def interval_by_scipy(taught, alone):
    import numpy as np
    from scipy import stats

    d = np.asarray(taught, dtype=np.float64) - np.asarray(alone, dtype=np.float64)
    low, high = stats.t.interval(0.95, d.shape[1] - 1, d.mean(axis=1), stats.sem(d, axis=1))
    return low, high, np.where(low > 0, 1, np.where(high < 0, -1, 0))


def interval_by_loops(taught, alone):
    import math
    import statistics

    ends = []
    for row, other in zip(taught.tolist(), alone.tolist(), strict=True):
        gains = [a - b for a, b in zip(row, other, strict=True)]
        error = statistics.stdev(gains) / math.sqrt(len(gains))
        factor = student_t.isf(0.025, len(gains) - 1)
        middle = statistics.fmean(gains)
        ends.append((middle - factor * error, middle + factor * error))
    said = [1 if low > 0 else -1 if high < 0 else 0 for low, high in ends]
    low, high = torch.tensor(ends).double().T
    return low, high, torch.tensor(said)


def interval_in_single_precision(taught, alone):
    low, high, said = torch.zeros(3, len(taught))
    for k, d in enumerate((taught.float() - alone.float()).unbind()):
        half = student_t.ppf(0.975, len(d) - 1) * d.std() / len(d) ** 0.5
        low[k], high[k] = d.mean() - half, d.mean() + half
        said[k] = 1 if low[k] > 0 else -1 if high[k] < 0 else 0
    return low, high, said


MISTAKES = {
    "08-1": (
        Mistake(
            "the truth stands for no term",
            RIVALS | {"the term does nothing": "truth"},
            "finds_an_idle_term",
        ),
        Mistake(
            "a wrong network stands for a wrong picture",
            RIVALS | {"any picture would do": "untrained"},
            "finds_any_picture",
        ),
        Mistake(
            "none is the only control",
            RIVALS | {"a random network would do": "none"},
            "finds_a_random_network",
        ),
        Mistake(
            "a random network stands for the clear picture",
            RIVALS | {"the clear picture would do, without a network": "untrained"},
            "finds_the_clear_picture",
        ),
    ),
    "08-2": (
        Mistake("1.96 for any number of seeds", normal_factor, "agrees_with_student"),
        Mistake("the arms are not paired", arms_apart, "shared_luck_cancels"),
        Mistake(
            "the verdict asks the mean", verdict_of_the_mean, "the_verdict_follows_the_interval"
        ),
        Mistake("the root of n is forgotten", spread_of_single_seeds, "agrees_with_student"),
        Mistake("s is divided by n", divided_by_n, "agrees_with_student"),
        Mistake("alone minus taught", taught_the_wrong_way_round, "agrees_with_student"),
    ),
    "08-3": (
        Mistake(
            "the best checkpoint is reported",
            RIGHT_PLAN | {"score": "best checkpoint"},
            "the_score_favours_nobody",
        ),
        Mistake(
            "losses of different sums are compared",
            RIGHT_PLAN | {"score": "training loss"},
            "the_score_favours_nobody",
        ),
        Mistake(
            "batches are left to chance",
            RIGHT_PLAN | {"shared": "initial weights"},
            "shared_luck_does_not_count",
        ),
        Mistake("three seeds, as usual", RIGHT_PLAN | {"seeds": 3}, "finds_the_gain"),
        Mistake("more seeds than are paid for", RIGHT_PLAN | {"seeds": 30}, "fits_the_budget"),
    ),
    "08-4": (
        Mistake("freezing is blamed", BUGS | {"A": 1}, "the_teacher_stays"),
        Mistake("shuffling is blamed", BUGS | {"B": 3}, "each_gets_its_own_lesson"),
        Mistake("the student is blamed", BUGS | {"C": 2}, "the_teacher_sees_its_range"),
        Mistake("the shared seed is blamed", BUGS | {"D": 2}, "nobody_gains_by_choosing"),
        Mistake("the difference is blamed", BUGS | {"D": 8}, "nobody_gains_by_choosing"),
        Mistake("the picture is blamed", BUGS | {"B": 5}, "each_gets_its_own_lesson"),
    ),
}

UNUSUAL = {
    "08-1": (
        dict(reversed(RIVALS.items())),
        OrderedDict((rival, f" {arm.title()}") for rival, arm in RIVALS.items()),
    ),
    "08-2": (interval_by_scipy, interval_by_loops, interval_in_single_precision),
    "08-3": (RIGHT_PLAN | {"seeds": 11}, RIGHT_PLAN | {"seeds": 12.0}),
    "08-4": (
        {name: str(line) for name, line in BUGS.items()},
        dict(reversed((BUGS | {"A": 2}).items())),  # the wrapper should not hold it
        BUGS | {"B": 4, "D": 7},  # `zip(order, order)`; fresh pictures are reported
        BUGS | {"A": 6, "D": 6},  # the teacher is put to rest at each step; the last is taken
    ),
}
