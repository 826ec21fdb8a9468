"""Answers to the exercises of notebook 01: typical wrong ones, and right ones that look unusual."""

import math

import numpy as np
import torch

from haze_course.teaching.answers import Mistake


def only_lost(radiance, airlight, beta, thickness):
    del airlight
    return radiance - beta * radiance * thickness


def only_gained(radiance, airlight, beta, thickness):
    return radiance + beta * airlight * thickness


def thickness_forgotten(radiance, airlight, beta, thickness):
    del thickness
    return radiance - beta * radiance + beta * airlight


def half_of_each(radiance, airlight, beta, thickness):
    return radiance + 0.5 * beta * (airlight - radiance) * thickness


def gain_on_top(radiance, airlight, beta, thickness):
    return radiance * (1 - beta * thickness) + airlight


def slab_as_a_mixture(radiance, airlight, beta, thickness):
    share = beta * thickness
    return (1 - share) * radiance + share * airlight


def slab_of_arrays(radiance, airlight, beta, thickness):
    radiance, thickness = np.asarray(radiance, dtype=np.float64), np.asarray(thickness)
    return radiance + thickness * beta * (airlight - radiance)


def straight_line(depth, beta):
    return 1 - beta * depth


def straight_line_cut(depth, beta):
    return (1 - beta * depth).clamp(0, 1)


def one_over(depth, beta):
    return 1 / (1 + beta * depth)


def halves(depth, beta):
    return 0.5 ** (beta * depth)


def sign_forgotten(depth, beta):
    return torch.exp(beta * depth)


def divided_by_beta(depth, beta):
    return torch.exp(-depth / beta)


def power_of_e(depth, beta):
    return math.e ** (-(beta * depth.double()))


def transmission_of_arrays(depth, beta):
    return np.exp(-beta * depth.numpy())


def transmission_by_a_loop(depth, beta):
    values = [math.exp(-beta * metres) for metres in depth.flatten().tolist()]
    return torch.tensor(values).reshape(depth.shape)


def airlight_everywhere(clear, transmission, airlight):
    return clear * transmission + airlight


def shares_swapped(clear, transmission, airlight):
    return clear * (1 - transmission) + airlight * transmission


def only_darkened(clear, transmission, airlight):
    del airlight
    return clear * transmission


def grey_airlight(clear, transmission, airlight):
    return clear * transmission + airlight.mean() * (1 - transmission)


def t_squared(clear, transmission, airlight):
    return airlight + (clear - airlight) * transmission**2


def haze_by_lerp(clear, transmission, airlight):
    airlight = torch.as_tensor(airlight, dtype=clear.dtype).expand_as(clear)
    return torch.lerp(airlight, clear, transmission.expand_as(clear))


def haze_of_arrays(clear, transmission, airlight):
    clear, transmission, airlight = map(np.asarray, (clear, transmission, airlight))
    return airlight + (clear - airlight) * transmission.astype(np.float64)


def haze_by_channel(clear, transmission, airlight):
    airlight = torch.as_tensor(airlight).expand(1, 3, 1, 1)
    return torch.cat(
        [clear[:, [c]] * transmission + airlight[:, [c]] * (1 - transmission) for c in range(3)],
        dim=1,
    )


def log_forgotten(depth, kept):
    return -(depth @ kept / (depth @ depth)).item()


def sign_of_the_slope(depth, kept):
    return (depth @ kept.log() / (depth @ depth)).item()


def mean_of_ratios(depth, kept):
    return -(kept.log() / depth).mean().item()


def last_point_only(depth, kept):
    return -(kept[-1].log() / depth[-1]).item()


def line_with_offset(depth, kept):
    x, y = depth - depth.mean(), kept.log() - kept.log().mean()
    return -(x @ y / (x @ x)).item()


def beta_by_lstsq(depth, kept):
    matrix = depth.numpy()[:, None].astype(np.float64)
    return -np.linalg.lstsq(matrix, np.log(kept.double().numpy()), rcond=None)[0]


def beta_by_a_loop(depth, kept):
    top = sum(d * math.log(k) for d, k in zip(depth.tolist(), kept.tolist(), strict=True))
    return -top / sum(d * d for d in depth.tolist())


MISTAKES = {
    "01-1": (
        Mistake("nothing is scattered in", only_lost, "airlight_passes_unchanged"),
        Mistake("nothing is scattered out", only_gained, "airlight_passes_unchanged"),
        Mistake("all of the airlight at once", gain_on_top, "airlight_passes_unchanged"),
        Mistake("the thickness is forgotten", thickness_forgotten, "a_dark_sky_only_takes"),
        Mistake("half the share", half_of_each, "a_dark_sky_only_takes"),
    ),
    "01-2": (
        Mistake("a straight line", straight_line, "is_a_share_that_falls"),
        Mistake("a straight line, cut at 0", straight_line_cut, "is_a_share_that_falls"),
        Mistake("the sign is forgotten", sign_forgotten, "is_a_share_that_falls"),
        Mistake("one over 1 + beta d", one_over, "ways_multiply"),
        Mistake("a half instead of 1/e", halves, "a_thin_slab_takes_beta_ds"),
        Mistake("divided by beta", divided_by_beta, "is_a_share_that_falls"),
    ),
    "01-3": (
        Mistake("airlight on top of everything", airlight_everywhere, "without_haze_the_scene"),
        Mistake("the shares are swapped", shares_swapped, "without_haze_the_scene"),
        Mistake("no airlight", only_darkened, "without_light_the_airlight"),
        Mistake("a grey airlight", grey_airlight, "without_light_the_airlight"),
        Mistake("t counts twice", t_squared, "differences_shrink_by_t"),
    ),
    "01-4": (
        Mistake("the logarithm is forgotten", log_forgotten, "finds_a_known_beta"),
        Mistake("the sign of the slope", sign_of_the_slope, "finds_a_known_beta"),
        Mistake("a mean of ratios", mean_of_ratios, "no_beta_is_closer"),
        Mistake("one point only", last_point_only, "no_beta_is_closer"),
        Mistake("a line that misses (0, 0)", line_with_offset, "no_beta_is_closer"),
    ),
}

UNUSUAL = {
    "01-1": (slab_as_a_mixture, slab_of_arrays),
    "01-2": (power_of_e, transmission_of_arrays, transmission_by_a_loop),
    "01-3": (haze_by_lerp, haze_of_arrays, haze_by_channel),
    "01-4": (beta_by_lstsq, beta_by_a_loop),
}
