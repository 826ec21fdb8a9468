"""Answers to the exercises of notebook 03: typical wrong ones, and right ones that look unusual."""

import numpy as np
import torch
import torch.nn.functional as F

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_03 import FAILURES


def darkest_colour_only(image, patch):
    del patch
    return image.amin(dim=1, keepdim=True)


def window_of_each_colour(image, patch):
    return -F.max_pool2d(-image, patch, stride=1, padding=patch // 2)


def zeros_outside(image, patch):
    reach = patch // 2
    least = F.pad(image.amin(dim=1, keepdim=True), (reach,) * 4)
    return -F.max_pool2d(-least, patch, stride=1)


def dark_channel_of_slices(image, patch):
    dark, reach = image.amin(dim=1, keepdim=True), patch // 2
    for y in range(image.shape[2]):
        for x in range(image.shape[3]):
            dark[0, 0, y, x] = image[
                ..., max(y - reach, 0) : y + reach + 1, x : x + reach + 1
            ].min()
    return dark


def dark_channel_of_arrays(image, patch):
    reach = patch // 2
    least = np.pad(image.numpy().min(axis=1)[0], reach, constant_values=1.0)
    windows = np.lib.stride_tricks.sliding_window_view(least, (patch, patch))
    return windows.min(axis=(2, 3))[None, None].astype(np.float64)


def dark_channel_by_pooling(image, patch):
    least = image.double().amin(dim=1, keepdim=True)
    return -F.max_pool2d(-least, patch, stride=1, padding=patch // 2)


def dark_channel_as_a_list(image, patch):
    rows, reach = image[0].tolist(), patch // 2
    least = [
        [min(colours) for colours in zip(*row, strict=True)] for row in zip(*rows, strict=True)
    ]
    dark = []
    for y in range(len(least)):
        near = least[max(y - reach, 0) : y + reach + 1]
        column = [min(values) for values in zip(*near, strict=True)]
        dark.append([min(column[max(x - reach, 0) : x + reach + 1]) for x in range(len(column))])
    return [[dark]]


def brightest_of_all(hazy, dark, fraction=0.001):
    del dark, fraction
    colours = hazy.flatten(2)[0]
    return colours[:, colours.sum(0).argmax()][None]


def largest_single_colour(hazy, dark, fraction=0.001):
    count = max(int(fraction * dark.numel()), 1)
    colours = hazy.flatten(2)[0, :, dark.flatten().topk(count).indices]
    return colours[:, colours.amax(0).argmax()][None]


def largest_of_each_colour(hazy, dark, fraction=0.001):
    count = max(int(fraction * dark.numel()), 1)
    places = dark.flatten().topk(count).indices
    return hazy.flatten(2)[0, :, places].amax(dim=1)[None]


def no_candidate_left(hazy, dark, fraction=0.001):
    places = dark.flatten().topk(int(fraction * dark.numel())).indices
    colours = hazy.flatten(2)[0, :, places]
    return colours[:, colours.sum(0).argmax()][None]


def mean_of_candidates(hazy, dark, fraction=0.001):
    count = max(int(fraction * dark.numel()), 1)
    places = dark.flatten().topk(count).indices
    return hazy.flatten(2)[0, :, places].mean(dim=1)[None]


def airlight_by_sorting(hazy, dark, fraction=0.001):
    count = max(int(fraction * dark.numel()), 1)
    order = sorted(range(dark.numel()), key=lambda i: -dark.flatten()[i].item())[:count]
    pixels = hazy[0].reshape(3, -1).T.double().numpy()
    return pixels[max(order, key=lambda i: pixels[i].sum())][None]


def airlight_by_threshold(hazy, dark, fraction=0.001):
    count = max(int(fraction * dark.numel()), 1)
    least = dark.flatten().sort().values[-count]
    brightness = torch.where(dark >= least, hazy.mean(dim=1, keepdim=True), -1.0)
    return hazy.flatten(2)[:, :, brightness.argmax()]


def airlight_as_a_list(hazy, dark, fraction=0.001):
    pixels = list(zip(dark.flatten().tolist(), *hazy[0].flatten(1).tolist(), strict=True))
    pixels.sort(reverse=True)
    asked = pixels[: max(int(fraction * len(pixels)), 1)]
    return [list(max(asked, key=lambda pixel: sum(pixel[1:]))[1:])]


def eps_forgotten(mean_g, mean_p, mean_gp, mean_gg, eps):
    a = (mean_gp - mean_g * mean_p) / (mean_gg - mean_g**2 + 0 * eps)
    return a, mean_p - a * mean_g


def second_moment(mean_g, mean_p, mean_gp, mean_gg, eps):
    a = mean_gp / (mean_gg + eps)
    return a, mean_p - a * mean_g


def ridge_in_the_wrong_unit(mean_g, mean_p, mean_gp, mean_gg, eps):
    variance = mean_gg - mean_g**2
    a = (mean_gp - mean_g * mean_p) / variance.clamp(min=eps)
    return a, mean_p - a * mean_g


def offset_without_slope(mean_g, mean_p, mean_gp, mean_gg, eps):
    a = (mean_gp - mean_g * mean_p) / (mean_gg - mean_g**2 + eps)
    return a, mean_p


def fit_by_solving(mean_g, mean_p, mean_gp, mean_gg, eps):
    one = torch.ones_like(mean_g)
    rows = torch.stack([mean_gg + eps, mean_g, mean_g, one], dim=-1).unflatten(-1, (2, 2))
    right = torch.stack([mean_gp, mean_p], dim=-1)
    return torch.linalg.solve(rows, right).unbind(-1)


def fit_as_a_list(mean_g, mean_p, mean_gp, mean_gg, eps):
    slope = np.asarray(mean_gp - mean_g * mean_p) / np.asarray(mean_gg - mean_g**2 + eps)
    return [slope, np.asarray(mean_p) - slope * np.asarray(mean_g)]


MISTAKES = {
    "03-1": (
        Mistake("the window is forgotten", darkest_colour_only, "a_dark_spot_fills_its_window"),
        Mistake("the colours stay apart", window_of_each_colour, "has_one_channel"),
        Mistake("zeros pad the border", zeros_outside, "a_dark_spot_fills_its_window"),
        Mistake("half a window", dark_channel_of_slices, "a_dark_spot_fills_its_window"),
    ),
    "03-2": (
        Mistake("the dark channel is not asked", brightest_of_all, "ignores_a_white_car"),
        Mistake("a colour put together", largest_of_each_colour, "is_a_colour_of_the_picture"),
        Mistake("one colour decides", largest_single_colour, "takes_the_brightest_candidate"),
        Mistake("an average of candidates", mean_of_candidates, "is_a_colour_of_the_picture"),
        Mistake("no candidate in a small picture", no_candidate_left, "even_fog_has_an_airlight"),
    ),
    "03-3": (
        Mistake("eps is forgotten", eps_forgotten, "a_flat_guide_gives_the_mean"),
        Mistake("moments instead of covariances", second_moment, "finds_a_line"),
        Mistake("b without a", offset_without_slope, "finds_a_line"),
        Mistake("eps as a lower limit", ridge_in_the_wrong_unit, "nothing_is_smaller"),
    ),
    "03-4": (
        Mistake("a wall counts as right", FAILURES | {"a white wall": "right"}, "the_white_wall"),
        Mistake(
            "the sky the wrong way round",
            FAILURES | {"a blue sky behind a thin layer of haze": "too high"},
            "the_sky",
        ),
        Mistake(
            "omega is forgotten", FAILURES | {"fog without end, omega = 0.95": "right"}, "the_fog"
        ),
    ),
}

UNUSUAL = {
    "03-1": (dark_channel_of_arrays, dark_channel_by_pooling, dark_channel_as_a_list),
    "03-2": (airlight_by_sorting, airlight_by_threshold, airlight_as_a_list),
    "03-3": (fit_by_solving, fit_as_a_list),
    "03-4": (
        {name: verdict.upper() for name, verdict in FAILURES.items()},
        dict(reversed([(name, f" {verdict} ") for name, verdict in FAILURES.items()])),
    ),
}
