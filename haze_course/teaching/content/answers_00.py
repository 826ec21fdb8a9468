"""Answers to the exercises of notebook 00: typical wrong ones, and right ones that look unusual."""

import numpy as np
import torch

from haze_course.teaching.answers import Mistake


def nothing_done(image):
    return image


def upper_end_only(image):
    return image.clamp(max=1)


def stretched(image):
    return (image - image.min()) / (image.max() - image.min())


def wrapped_around(image):
    return image % 1


def zero_outside(image):
    return torch.where((image >= 0) & (image <= 1), image, torch.zeros_like(image))


def in_place(image):
    return image.clamp_(0, 1)


def clip_by_arrays(image):
    return np.clip(image.double().numpy(), 0.0, 1.0)


def clip_by_relu(image):
    return 1 - torch.relu(1 - torch.relu(image))


def clip_by_a_loop(image):
    values = [min(max(value, 0.0), 1.0) for value in image.flatten().tolist()]
    return torch.tensor(values, dtype=torch.float64).reshape(image.shape)


def clip_as_a_list(image):
    return image.clamp(0, 1).tolist()


def a_right_clip(image):
    return image.clamp(0, 1)


def one_number(image):
    return image.clamp(0, 1).mean()


def half_of_it(image):
    return image / 2


def one_grey(image):
    return torch.full_like(image, 0.5)


def squashed(image):
    return torch.sigmoid(image.double())


def upside_down(image):
    return np.flip(np.clip(image.numpy(), 0, 1), axis=-2).copy()


MISTAKES = {
    "00-1": (
        Mistake("nothing is done", nothing_done, "stays_in_range"),
        Mistake("only the upper end", upper_end_only, "stays_in_range"),
        Mistake("stretched instead of clipped", stretched, "leaves_a_good_picture_alone"),
        Mistake("wrapped around, as 8-bit codes do", wrapped_around, "ends_at_the_nearest_end"),
        Mistake("zero on both sides", zero_outside, "ends_at_the_nearest_end"),
        Mistake("the input is changed", in_place, "keeps_the_shape"),
    ),
    "00-2": (
        Mistake("a right answer is not refused", a_right_clip, "is_refused"),
        Mistake("refused for another reason", half_of_it, "stays_in_range"),
        Mistake("a number, not a picture", one_number, "keeps_the_shape"),
    ),
}

UNUSUAL = {
    "00-1": (clip_by_arrays, clip_by_relu, clip_by_a_loop, clip_as_a_list),
    "00-2": (one_grey, squashed, upside_down, wrapped_around, stretched),
}
