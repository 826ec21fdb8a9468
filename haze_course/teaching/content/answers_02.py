"""Answers to the exercises of notebook 02: typical wrong ones, and right ones that look unusual."""

import numpy as np
import torch

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_02 import CAUSES


def airlight_forgotten(hazy, transmission, airlight, floor=0.0):
    return (hazy - airlight) / transmission.clamp_min(floor)


def only_divided(hazy, transmission, airlight, floor=0.0):
    del airlight
    return hazy / transmission.clamp_min(floor)


def other_floor_in_each_place(hazy, transmission, airlight, floor=0.0):
    return (hazy - airlight * (1 - transmission)) / transmission.clamp_min(floor)


def floor_added(hazy, transmission, airlight, floor=0.0):
    return (hazy - airlight) / (transmission + floor) + airlight


def floor_as_a_ceiling(hazy, transmission, airlight, floor=1.0):
    return (hazy - airlight) / transmission.clamp_max(floor) + airlight


def no_floor(hazy, transmission, airlight, floor=0.0):
    del floor
    return (hazy - airlight) / transmission + airlight


def clipped(hazy, transmission, airlight, floor=0.0):
    return ((hazy - airlight) / transmission.clamp_min(floor) + airlight).clamp(0, 1)


def inverse_of_the_mixture(hazy, transmission, airlight, floor=0.0):
    used = torch.maximum(transmission, torch.full_like(transmission, max(floor, 1e-30)))
    return hazy / used + airlight * (1 - 1 / used)


def inverse_of_arrays(hazy, transmission, airlight, floor=0.0):
    used = np.maximum(transmission.double().numpy(), floor)
    return (hazy.double().numpy() - airlight) / used + airlight


def inverse_by_where(hazy, transmission, airlight, floor=0.0):
    used = torch.where(transmission < floor, floor, transmission.double())
    return torch.stack([(x - airlight) / used[:, 0] + airlight for x in hazy.unbind(1)], dim=1)


def gain_without_floor(transmission, floor):
    del floor
    return 1 / transmission


def gain_of_the_variance(transmission, floor):
    return 1 / transmission.clamp_min(floor) ** 2


def gain_of_a_mean(transmission, floor):
    return 1 / transmission.clamp_min(floor).sqrt()


def gain_upside_down(transmission, floor):
    return transmission.clamp_min(floor)


def gain_of_airlight(transmission, floor):
    return 1 / transmission.clamp_min(floor) - 1


def gain_by_minimum(transmission, floor):
    return torch.minimum(1 / transmission.double(), torch.tensor(1 / floor).double())


def gain_of_arrays(transmission, floor):
    return np.maximum(transmission.numpy(), floor) ** -1.0


def nothing_hidden(hazy, airlight, hidden):
    del airlight
    return hazy, torch.ones_like(hidden)


def below_the_limit(hazy, airlight, hidden):
    return (hazy - airlight) / hidden + airlight, hidden


def clipped_to_a_picture(hazy, airlight, hidden):
    return ((hazy - airlight) / hidden + airlight).clamp(0, 1), hidden


def black_only(hazy, airlight, hidden):
    least = (1 - hazy / airlight).amax(dim=1, keepdim=True).clamp_min(1e-3)
    transmission = least + (1 - least) * hidden
    return (hazy - airlight) / transmission + airlight, transmission


def one_transmission_a_channel(hazy, airlight, hidden):
    least = torch.maximum(1 - hazy / airlight, (hazy - airlight) / (1 - airlight))
    transmission = least + (1 - least) * hidden
    return (hazy - airlight) / transmission + airlight, transmission


def hidden_as_a_negative(hazy, airlight, hidden):
    least = torch.maximum(1 - hazy / airlight, (hazy - airlight) / (1 - airlight))
    least = least.amax(dim=1, keepdim=True).clamp_min(1e-3)
    transmission = 1 - (1 - least) * hidden
    return (hazy - airlight) / transmission + airlight, transmission


def world_of_arrays(hazy, airlight, hidden):
    file, share = hazy.double().numpy(), hidden.double().numpy()
    least = np.maximum(1 - file / airlight, (file - airlight) / (1 - airlight))
    least = np.maximum(least.max(axis=1, keepdims=True), 1e-4)
    transmission = 1 - (1 - least) * (1 - share)
    return (file - airlight) / transmission + airlight, transmission


def world_by_geometry(hazy, airlight, hidden):
    least = torch.where(hazy < airlight, 1 - hazy / airlight, (hazy - airlight) / (1 - airlight))
    least = least.amax(dim=1, keepdim=True).clamp_min(1e-3)
    transmission = least ** (1 - hidden)
    return [(hazy - airlight) / transmission + airlight, transmission]


DARK, PALE, MUCH, LITTLE = CAUSES

MISTAKES = {
    "02-1": (
        Mistake("the airlight is not put back", airlight_forgotten, "full_light_stays"),
        Mistake("only the light is undone", only_divided, "airlight_stays"),
        Mistake("t and its floor mixed", other_floor_in_each_place, "airlight_stays"),
        Mistake("the floor is added", floor_added, "full_light_stays"),
        Mistake("the floor is a ceiling", floor_as_a_ceiling, "full_light_stays"),
        Mistake("no floor", no_floor, "the_floor_bounds_an_error"),
        Mistake("clipped to a picture", clipped, "nothing_is_clipped"),
    ),
    "02-2": (
        Mistake("the floor is forgotten", gain_without_floor, "the_floor_stops_it"),
        Mistake("variance instead of deviation", gain_of_the_variance, "a_simulation_agrees"),
        Mistake("as for a mean of many", gain_of_a_mean, "a_simulation_agrees"),
        Mistake("upside down", gain_upside_down, "less_light_more_noise"),
        Mistake("the gain of a wrong airlight", gain_of_airlight, "full_light_keeps_noise"),
    ),
    "02-3": (
        Mistake(
            "the sign of delta",
            CAUSES | {DARK: "airlight too low", PALE: "airlight too high"},
            "too_dark",
        ),
        Mistake("a dark distance is blamed on beta", CAUSES | {DARK: "beta too high"}, "too_dark"),
        Mistake("a pale one likewise", CAUSES | {PALE: "beta too low"}, "too_pale"),
        Mistake(
            "beta the wrong way round",
            CAUSES | {MUCH: "beta too low", LITTLE: "beta too high"},
            "too_much_contrast",
        ),
        Mistake(
            "contrast and airlight", CAUSES | {LITTLE: "airlight too low"}, "too_little_contrast"
        ),
    ),
    "02-4": (
        Mistake("any t will do", below_the_limit, "is_a_picture"),
        Mistake("clipped", clipped_to_a_picture, "explains_the_photograph"),
        Mistake("black but not white", black_only, "is_a_picture"),
        Mistake("three transmissions", one_transmission_a_channel, "explains_the_photograph"),
        Mistake("a negative", hidden_as_a_negative, "white_hides_no_haze"),
        Mistake("nothing is hidden", nothing_hidden, "darker_means_less_light"),
    ),
}

UNUSUAL = {
    "02-1": (inverse_of_the_mixture, inverse_of_arrays, inverse_by_where),
    "02-2": (gain_by_minimum, gain_of_arrays),
    "02-3": (
        {name: cause.upper() for name, cause in CAUSES.items()},
        dict(reversed([(name, f" {cause} ") for name, cause in CAUSES.items()])),
    ),
    "02-4": (world_of_arrays, world_by_geometry),
}
