"""Answers to the exercises of notebook 11: typical wrong ones, and right ones that look unusual."""

import numpy as np
import torch

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_11 import JUDGED


def mean_of_ratios(hazy, clear, airlight, floor=0.01):
    colour = airlight[..., None, None]
    ratio = (hazy - colour) / (clear - colour)
    return ratio.mean(dim=1, keepdim=True).clamp(floor, 1)


def ratio_of_lengths(hazy, clear, airlight, floor=0.01):
    colour = airlight[..., None, None]
    seen, scene = hazy - colour, clear - colour
    t = seen.norm(dim=1, keepdim=True) / scene.norm(dim=1, keepdim=True).clamp_min(1e-6)
    return t.clamp(floor, 1)


def not_kept_in_range(hazy, clear, airlight, floor=0.01):
    del floor
    colour = airlight[..., None, None]
    seen, scene = hazy - colour, clear - colour
    length = (scene * scene).sum(dim=1, keepdim=True).clamp_min(1e-12)
    return (seen * scene).sum(dim=1, keepdim=True) / length


def airlight_left_out(hazy, clear, airlight, floor=0.01):
    del airlight
    length = (clear * clear).sum(dim=1, keepdim=True).clamp_min(1e-12)
    return ((hazy * clear).sum(dim=1, keepdim=True) / length).clamp(floor, 1)


def one_t_for_the_photo(hazy, clear, airlight, floor=0.01):
    colour = airlight[..., None, None]
    seen, scene = hazy - colour, clear - colour
    t = (seen * scene).sum() / (scene * scene).sum().clamp_min(1e-12)
    return torch.full_like(hazy[:, :1], float(t.clamp(floor, 1)))


def divided_by_zero(hazy, clear, airlight, floor=0.01):
    colour = airlight[..., None, None]
    seen, scene = hazy - colour, clear - colour
    t = (seen * scene).sum(dim=1, keepdim=True) / (scene * scene).sum(dim=1, keepdim=True)
    return t.clamp(floor, 1)


def explaining_by_arrays(hazy, clear, airlight, floor=0.01):
    colour = airlight.numpy()[0][:, None, None]
    seen, scene = hazy.numpy()[0] - colour, clear.numpy()[0] - colour
    above, below = np.einsum("cyx,cyx->yx", seen, scene), np.einsum("cyx,cyx->yx", scene, scene)
    t = np.where(below > 1e-12, above / np.maximum(below, 1e-12), 1.0)
    return np.clip(t, floor, 1)[None, None]


def explaining_by_lstsq(hazy, clear, airlight, floor=0.01):
    colour = airlight[0][:, None, None]
    scene, seen = ((x[0] - colour).permute(1, 2, 0)[..., None] for x in (clear, hazy))
    rows = [torch.linalg.lstsq(*both).solution for both in zip(scene, seen, strict=True)]
    t = torch.stack(rows)[None, None, :, :, 0, 0]  # a system a pixel, solved row by row
    lost = scene.abs().amax(dim=(2, 3))[None, None] < 1e-6
    return t.masked_fill(lost, 1).clamp(floor, 1)


def compared_with_the_photo(method, photo, transmission, airlight):
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    left = (method(hazier) - photo).abs().mean() + 0 * method(photo).mean()
    return 1 - left / (hazier - photo).abs().mean()


def the_share_that_is_left(method, photo, transmission, airlight):
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    return (method(hazier) - method(photo)).abs().mean() / (hazier - photo).abs().mean()


def haze_the_wrong_way_round(method, photo, transmission, airlight):
    hazier = photo * (1 - transmission) + airlight[..., None, None] * transmission
    left = (method(hazier) - method(photo)).abs().mean()
    return 1 - left / (hazier - photo).abs().mean()


def roots_of_squares(method, photo, transmission, airlight):
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    left = (method(hazier) - method(photo)).square().mean().sqrt()
    return 1 - left / (hazier - photo).square().mean().sqrt()


def mean_of_shares(method, photo, transmission, airlight):
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    left = (method(hazier) - method(photo)).abs() / (hazier - photo).abs()
    return 1 - left.mean()


def signs_cancel(method, photo, transmission, airlight):
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    left = (method(hazier) - method(photo)).mean()
    return 1 - left / (hazier - photo).mean()


def taken_back_by_arrays(method, photo, transmission, airlight):
    t = transmission.numpy()
    hazier = photo.numpy() * t + airlight.numpy()[..., None, None] * (1 - t)
    outputs = [np.asarray(method(x)) for x in (torch.from_numpy(hazier), photo)]
    change = np.abs(hazier - photo.numpy()).sum()
    return 1 - np.abs(outputs[0] - outputs[1]).sum() / change


def taken_back_as_a_number(method, photo, transmission, airlight):
    colour = airlight[..., None, None]
    hazier = torch.lerp(colour.expand_as(photo), photo, transmission.expand_as(photo))
    left = torch.nn.functional.l1_loss(method(hazier), method(photo)).item()
    added = torch.nn.functional.l1_loss(hazier, photo).item()
    return (added - left) / added


MISTAKES = {
    "11-1": (
        Mistake("ratios of colours averaged", mean_of_ratios, "no_other_t_comes_closer"),
        Mistake("lengths compared, directions not", ratio_of_lengths, "no_other_t_comes_closer"),
        Mistake("not kept in the range", not_kept_in_range, "stays_a_share"),
        Mistake("the airlight is left out", airlight_left_out, "composed_haze_comes_back"),
        Mistake("one t for the whole photo", one_t_for_the_photo, "composed_haze_comes_back"),
        Mistake("divided by zero", divided_by_zero, "airlight_hides_everything"),
    ),
    "11-2": (
        Mistake(
            "compared with the photo, not with its output",
            compared_with_the_photo,
            "one_picture_for_all_takes_everything",
        ),
        Mistake("the share left over", the_share_that_is_left, "doing_nothing_takes_nothing"),
        Mistake("t and 1 - t swapped", haze_the_wrong_way_round, "sees_the_right_two"),
        Mistake(
            "squares in place of sizes", roots_of_squares, "two_thirds_of_the_haze_are_two_thirds"
        ),
        Mistake("the mean of ratios", mean_of_shares, "two_thirds_of_the_haze_are_two_thirds"),
        Mistake("signs cancel", signs_cancel, "twice_too_much_is_as_far_off"),
    ),
    "11-3": (
        Mistake(
            "the strongest blue wins",
            JUDGED | {"golden temple, dark channel": "open"},
            "the_temple",
        ),
        Mistake(
            "all of it explained, so it is true",
            JUDGED | {"tea garden, dark channel": "proved"},
            "the_tea_garden",
        ),
        Mistake("a network knows", JUDGED | {"tea garden, half-student": "open"}, "the_tea_garden"),
        Mistake(
            "both passed, one must be true", JUDGED | {"snow, half-student": "proved"}, "the_snow"
        ),
    ),
}

UNUSUAL = {
    "11-1": (explaining_by_arrays, explaining_by_lstsq),
    "11-2": (taken_back_by_arrays, taken_back_as_a_number),
    "11-3": (
        {name: verdict.upper() for name, verdict in JUDGED.items()},
        dict(reversed([(name, f" {verdict} ") for name, verdict in JUDGED.items()])),
    ),
}
