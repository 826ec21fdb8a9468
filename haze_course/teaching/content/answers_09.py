"""Answers to the exercises of notebook 09: typical wrong ones, and right ones that look unusual."""

import torch

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_09 import SENTENCES


def mean_of_the_scores(psnr):
    return psnr.mean()


def mean_of_the_roots(psnr):
    return -20 * (10 ** (-psnr / 20)).mean().log10()


def sum_of_the_errors(psnr):
    return -10 * (10 ** (-psnr / 10)).sum().log10()


def natural_logarithm(psnr):
    return -10 * torch.exp(-psnr / 10).mean().log10()


def sign_forgotten(psnr):
    return 10 * (10 ** (psnr / 10)).mean().log10()


def logarithm_last_by_loops(psnr):
    import math

    total = 0.0
    for score in psnr.tolist():
        total += 10.0 ** (-score / 10)
    return 10 * math.log10(len(psnr) / total)


def logarithm_last_of_arrays(psnr):
    import numpy as np

    return -10 * np.log10(np.mean(np.power(10.0, -0.1 * np.asarray(psnr))))


def logarithm_last_by_logsumexp(psnr):
    scale = torch.log(torch.tensor(10.0).double()) / 10
    count = torch.tensor(float(len(psnr))).double()
    return -(torch.logsumexp(-scale * psnr, dim=0) - count.log()) / scale


def twice_as_long(mean, low, high):
    return mean - 2 * (mean - low), mean + 2 * (high - mean)


def ends_scaled(mean, low, high):
    del mean
    return low * 2**0.5, high * 2**0.5


def shorter_instead(mean, low, high):
    return mean - (mean - low) / 2**0.5, mean + (high - mean) / 2**0.5


def sides_made_equal(mean, low, high):
    half = (high - low) / 2**0.5
    return mean - half, mean + half


def half_as_long_again(mean, low, high):
    return mean - 1.5 * (mean - low), mean + 1.5 * (high - mean)


def at_half_from_the_ends(mean, low, high):
    import numpy as np

    ends = np.array([low, high])
    return tuple(mean + (ends - mean) / np.sqrt(0.5))


def at_half_as_a_list(mean, low, high):
    return [torch.tensor(mean).double().lerp(torch.tensor(end).double(), 2**0.5)
            for end in (low, high)]  # fmt: skip


MISTAKES = {
    "09-1": (
        Mistake("the mean of the scores", mean_of_the_scores, "one_failure_holds_it_down"),
        Mistake("roots of the errors are averaged", mean_of_the_roots, "agrees_with_the_pixels"),
        Mistake("a sum in place of a mean", sum_of_the_errors, "equal_pictures_keep_their_score"),
        Mistake("two different logarithms", natural_logarithm, "equal_pictures_keep_their_score"),
        Mistake("the sign is forgotten", sign_forgotten, "one_failure_holds_it_down"),
    ),
    "09-2": (
        Mistake("half the pictures, twice the length", twice_as_long, "a_quarter_is_half_of_half"),
        Mistake("the ends are scaled, not the sides", ends_scaled, "fewer_pictures_know_less"),
        Mistake("fewer pictures, shorter", shorter_instead, "fewer_pictures_know_less"),
        Mistake("both sides are made equal", sides_made_equal, "each_side_grows_for_itself"),
        Mistake("half as long again", half_as_long_again, "a_quarter_is_half_of_half"),
    ),
    "09-3": (
        Mistake(
            "a mean is taken for every picture",
            SENTENCES | {"On rooms, A is better than B on nearly every picture.": "fair"},
            "every_picture_of_rooms",
        ),
        Mistake(
            "silence is taken for equality",
            SENTENCES | {"On streets, A and B are equally good.": "fair"},
            "equality_on_streets",
        ),
        Mistake(
            "doing nothing is not asked",
            SENTENCES | {"A does more for streets than for rooms.": "fair"},
            "sets_are_not_alike",
        ),
        Mistake(
            "pictures are taken for trainings",
            SENTENCES | {"Trained again, A would beat B on rooms once more.": "fair"},
            "trainings_were_not_repeated",
        ),
        Mistake("nothing may be printed", dict.fromkeys(SENTENCES, "unfair"), "the_mean_on_rooms"),
    ),
}

UNUSUAL = {
    "09-1": (logarithm_last_by_loops, logarithm_last_of_arrays, logarithm_last_by_logsumexp),
    "09-2": (at_half_from_the_ends, at_half_as_a_list),
    "09-3": (
        {sentence: f" {word.title()} " for sentence, word in SENTENCES.items()},
        dict(reversed(SENTENCES.items())),
    ),
}
