"""Answers to the exercises of notebook 10: typical wrong ones, and right but unusual ones."""

import math

import numpy as np
import torch

from haze_course.teaching.answers import Mistake


def the_mean_difference(one, other, images):
    return max((one(image) - other(image)).abs().mean().item() for image in images)


def without_the_sign(one, other, images):
    return max((one(image) - other(image)).max().item() for image in images)


def the_last_picture(one, other, images):
    worst = 0.0
    for image in images:
        worst = (one(image) - other(image)).abs().max().item()
    return worst


def the_first_picture(one, other, images):
    return (one(images[0]) - other(images[0])).abs().max().item()


def with_a_loop(one, other, images):
    worst = torch.tensor(0.0)
    for image in images:
        gap = torch.sub(one(image), other(image)).flatten()
        worst = torch.maximum(worst, gap.norm(p=float("inf")))
    return worst


def in_numpy(one, other, images):
    gaps = [np.abs(one(x).numpy() - other(x).numpy()).ravel() for x in images]
    return np.concatenate(gaps).max()


def cut_off_downwards(x, low, high):
    step = (high - low) / 255
    zero = round(-128 - low / step)
    return step * (torch.clamp(torch.floor(x / step) + zero, -128, 127) - zero)


def zero_not_rounded(x, low, high):
    step = (high - low) / 255
    q = torch.clamp(torch.round((x - low) / step), 0, 255)
    return low + step * q


def zero_cut_off_downwards(x, low, high):
    step = (high - low) / 255
    zero = math.floor(-128 - low / step)
    return step * ((torch.floor(x / step + 0.5) + zero).clamp(-128, 127) - zero)


def no_clamp(x, low, high):
    step = (high - low) / 255
    return step * torch.round(x / step)


def no_zero_point(x, low, high):
    step = (high - low) / 255
    return step * torch.clamp(torch.round(x / step), -128, 127)


def left_as_integers(x, low, high):
    step = (high - low) / 255
    zero = round(-128 - low / step)
    return torch.clamp(torch.round(x / step) + zero, -128, 127)


def in_unsigned_numpy(x, low, high):
    step = (high - low) / 255
    zero = int(np.rint(-low / step))
    q = np.clip(np.rint(np.asarray(x) / step) + zero, 0, 255)
    return (q - zero) * step


def in_single_precision(x, low, high):
    step = torch.tensor((high - low) / 255)
    zero = torch.round(-128 - low / step)
    return step * ((x.float() / step).round().add(zero).clamp(-128, 127) - zero)


def by_pytorch(x, low, high):
    step = (high - low) / 255
    zero = round(-128 - low / step)
    return torch.fake_quantize_per_tensor_affine(x, step, zero, -128, 127)


def last_one_missing(size, tile, halo):
    return [
        (max(k - halo, 0), min(k + tile + halo, size), k, k + tile)
        for k in range(0, size - tile + 1, tile)
    ]


def no_halo(size, tile, halo):
    return [(k, min(k + tile, size), k, min(k + tile, size)) for k in range(0, size, tile)]


def over_the_edge(size, tile, halo):
    return [(k - halo, k + tile + halo, k, min(k + tile, size)) for k in range(0, size, tile)]


def one_sided(size, tile, halo):
    return [
        (max(k - halo, 0), min(k + tile, size), k, min(k + tile, size))
        for k in range(0, size, tile)
    ]


def everything_each_time(size, tile, halo):
    return [(0, size, k, min(k + tile, size)) for k in range(0, size, tile)]


def with_while(size, tile, halo):
    found, first = [], 0
    while first < size:
        last = min(first + tile, size)
        found.append([max(0, first - halo), min(size, last + halo), first, last])
        first = last
    return found


def with_arrays(size, tile, halo):
    first = np.arange(0, size, tile)
    last = np.minimum(first + tile, size)
    start, stop = np.clip([first - halo, last + halo], 0, size)
    return zip(start, stop, first, last, strict=True)


MISTAKES = {
    "10-1": (
        Mistake("the mean difference", the_mean_difference, "one_pixel_is_found"),
        Mistake("the sign is kept", without_the_sign, "the_sign_does_not_matter"),
        Mistake("the last picture alone", the_last_picture, "one_pixel_is_found"),
        Mistake("the first picture alone", the_first_picture, "one_pixel_is_found"),
    ),
    "10-2": (
        Mistake("cut off instead of rounded", cut_off_downwards, "moves_by_half_a_step"),
        Mistake("the place of zero is cut off", zero_cut_off_downwards, "moves_by_half_a_step"),
        Mistake("the place of zero is not a whole number", zero_not_rounded, "zero_stays_zero"),
        Mistake("nothing is clamped", no_clamp, "has_at_most_256_values"),
        Mistake("no zero point", no_zero_point, "moves_by_half_a_step"),
        Mistake("left as integers", left_as_integers, "moves_by_half_a_step"),
    ),
    "10-3": (
        Mistake("the last tile is missing", last_one_missing, "covers_everything_once"),
        Mistake("no halo", no_halo, "has_its_halo"),
        Mistake("over the edge", over_the_edge, "stays_in_the_picture"),
        Mistake("a halo on one side", one_sided, "has_its_halo"),
        Mistake("the whole picture each time", everything_each_time, "needs_little_memory"),
    ),
}

UNUSUAL = {
    "10-1": (with_a_loop, in_numpy),
    "10-2": (in_unsigned_numpy, by_pytorch, in_single_precision),
    "10-3": (with_while, with_arrays),
}
