"""Answers to the exercises of notebook 04: typical wrong ones, and right ones that look unusual."""

import numpy as np
import torch
import torch.nn.functional as F

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_04 import FLAWS


def not_clamped(image, target):
    return -10 * (image - target).square().mean(dim=(1, 2, 3)).log10()


def error_clamped(image, target):
    error = (image - target).clamp(0, 1)
    return -10 * error.square().mean(dim=(1, 2, 3)).log10()


def over_the_batch(image, target):
    return -10 * (image.clamp(0, 1) - target).square().mean().log10()


def one_for_all(image, target):
    mse = (image.clamp(0, 1) - target).square().mean()
    return (-10 * mse.log10()).expand(len(image))


def natural_logarithm(image, target):
    return -10 * (image.clamp(0, 1) - target).square().mean(dim=(1, 2, 3)).log()


def of_the_root(image, target):
    mse = (image.clamp(0, 1) - target).square().mean(dim=(1, 2, 3))
    return -10 * mse.sqrt().log10()


def decibels_of_each_colour(image, target):
    mse = (image.clamp(0, 1) - target).square().mean(dim=(2, 3))
    return (-10 * mse.log10()).mean(dim=1)


def psnr_of_arrays(image, target):
    error = np.clip(image.numpy(), 0, 1) - target.numpy()
    return 20 * np.log10(1 / np.sqrt((error**2).reshape(len(error), -1).mean(axis=1)))


def psnr_one_by_one(image, target):
    losses = [F.mse_loss(a.clip(0, 1), b) for a, b in zip(image, target, strict=True)]
    return torch.stack([10 * torch.log10(1 / loss) for loss in losses])


def methods_apart(a, b, draws, generator):
    n = len(a)
    first, second = torch.randint(n, (2, draws, n), generator=generator)
    means = a.double()[first].mean(dim=1) - b.double()[second].mean(dim=1)
    return means.quantile(0.025).item(), means.quantile(0.975).item()


def the_wrong_way_round(a, b, draws, generator):
    picks = torch.randint(len(a), (draws, len(a)), generator=generator)
    means = (b.double() - a.double())[picks].mean(dim=1)
    return means.quantile(0.025).item(), means.quantile(0.975).item()


def without_replacement(a, b, draws, generator):
    picks = torch.stack([torch.randperm(len(a), generator=generator) for _ in range(draws)])
    means = (a.double() - b.double())[picks].mean(dim=1)
    return means.quantile(0.025).item(), means.quantile(0.975).item()


def spread_of_the_pictures(a, b, draws, generator):
    picks = torch.randint(len(a), (draws, len(a)), generator=generator)
    values = (a.double() - b.double())[picks].flatten()
    return values.quantile(0.025).item(), values.quantile(0.975).item()


def ninety_percent(a, b, draws, generator):
    picks = torch.randint(len(a), (draws, len(a)), generator=generator)
    means = (a.double() - b.double())[picks].mean(dim=1)
    return means.quantile(0.05).item(), means.quantile(0.95).item()


def without_resampling(a, b, draws, generator):
    del draws, generator
    difference = a.double() - b.double()
    half = 1.96 * difference.std() / len(a) ** 0.5
    return (difference.mean() - half).item(), (difference.mean() + half).item()


def interval_of_arrays(a, b, draws, generator):
    del generator
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    means = np.random.default_rng().choice(difference, (draws, len(difference))).mean(axis=1)
    return np.percentile(means, [2.5, 97.5])


def interval_in_a_loop(a, b, draws, generator):
    means = []
    for _ in range(draws):
        picks = torch.randint(len(a), (len(a),), generator=generator)
        means.append((a[picks] - b[picks]).mean().item())
    return torch.tensor(means).quantile(torch.tensor([0.025, 0.975]))


MISTAKES = {
    "04-1": (
        Mistake("the output is not clamped", not_clamped, "clamps_the_image_first"),
        Mistake("the error is clamped", error_clamped, "knows_two_golden_values"),
        Mistake("one number for the batch", over_the_batch, "gives_one_number_a_picture"),
        Mistake("the mean error of the batch", one_for_all, "scores_each_picture_alone"),
        Mistake("the natural logarithm", natural_logarithm, "knows_two_golden_values"),
        Mistake("the root of the error", of_the_root, "knows_two_golden_values"),
        Mistake("the mean of three dB", decibels_of_each_colour, "one_wrong_colour_counts_a_third"),
    ),
    "04-2": (
        Mistake(
            "the methods are resampled apart",
            methods_apart,
            "the_same_gain_everywhere_leaves_no_doubt",
        ),
        Mistake("b - a", the_wrong_way_round, "the_same_gain_everywhere_leaves_no_doubt"),
        Mistake("drawn without replacement", without_replacement, "holds_the_truth"),
        Mistake(
            "the spread of pictures, not of means",
            spread_of_the_pictures,
            "refuses_what_is_far_off",
        ),
        Mistake("five percent on either side", ninety_percent, "leaves_a_fortieth_on_either_side"),
        Mistake("a formula", without_resampling, "leaves_a_fortieth_on_either_side"),
    ),
    "04-3": (
        Mistake(
            "two protocols taken for two sets of pictures",
            FLAWS | {"report 1": "other pictures"},
            "report_1",
        ),
        Mistake(
            "the average is not worked out", FLAWS | {"report 3": "other protocol"}, "report_3"
        ),
        Mistake("chosen and scored on one set", FLAWS | {"report 5": "other pictures"}, "report_5"),
    ),
}

UNUSUAL = {
    "04-1": (psnr_of_arrays, psnr_one_by_one),
    "04-2": (interval_of_arrays, interval_in_a_loop),
    "04-3": (
        {name: flaw.upper() for name, flaw in FLAWS.items()},
        dict(reversed([(name, f" {flaw} ") for name, flaw in FLAWS.items()])),
    ),
}
