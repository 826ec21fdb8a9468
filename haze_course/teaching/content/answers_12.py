"""Answers to the exercises of notebook 12: typical wrong ones, and right ones that look unusual."""

import torch
import torch.nn.functional as F

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_12 import GOES
from haze_course.training.recipes import enlarge, shrink


def edges_of_the_output_alone(clear, dehazed):
    del clear
    across = (dehazed[..., :, 1:] - dehazed[..., :, :-1]).abs().mean()
    down = (dehazed[..., 1:, :] - dehazed[..., :-1, :]).abs().mean()
    return (across + down) / 2


def pixel_by_pixel(clear, dehazed):
    return (dehazed - clear).abs().mean()


def one_direction(clear, dehazed):
    error = dehazed - clear
    return (error[..., :, 1:] - error[..., :, :-1]).abs().mean()


def strength_of_edges(clear, dehazed):
    across = dehazed.diff(dim=-1).abs() - clear.diff(dim=-1).abs()
    down = dehazed.diff(dim=-2).abs() - clear.diff(dim=-2).abs()
    return (across.abs().mean() + down.abs().mean()) / 2


def squared(clear, dehazed):
    error = dehazed - clear
    return (error.diff(dim=-1).square().mean() + error.diff(dim=-2).square().mean()) / 2


def summed(clear, dehazed):
    error = dehazed - clear
    height, width = error.shape[-2:]
    total = error.diff(dim=-1).abs().sum() / (width - 1) / height
    return (total + error.diff(dim=-2).abs().sum() / (height - 1) / width) / 2


def without_gradient(clear, dehazed):
    error = dehazed - clear
    return (error.diff(dim=-1).abs().mean().item() + error.diff(dim=-2).abs().mean().item()) / 2


def edges_by_kernels(clear, dehazed):
    error = (dehazed - clear).flatten(0, 1)[:, None]
    step = torch.tensor([-1.0, 1.0]).to(error)
    across = F.conv2d(error, step.reshape(1, 1, 1, 2))
    down = F.conv2d(error, step.reshape(1, 1, 2, 1))
    return 0.5 * across.abs().mean() + 0.5 * down.abs().mean()


def edges_in_single_precision(clear, dehazed):
    error = dehazed.float() - clear.float()
    step = torch.tensor([-1.0, 1.0]).repeat(3, 1)
    across = F.conv2d(error, step.view(3, 1, 1, 2), groups=3)
    down = F.conv2d(error, step.view(3, 1, 2, 1), groups=3)
    return (across.abs().mean() + down.abs().mean()) / 2


def edges_with_a_plain_kernel(clear, dehazed):
    error = (dehazed - clear).reshape(-1, 1, *clear.shape[2:])
    across = F.conv2d(error, torch.tensor([[[[-1.0, 1.0]]]]))
    down = F.conv2d(error, torch.tensor([[[[-1.0], [1.0]]]]))
    return (across.abs().mean() + down.abs().mean()) / 2


def edges_by_loops(clear, dehazed):
    height, width = clear.shape[-2:]
    across = [
        F.l1_loss(dehazed[..., x + 1] - dehazed[..., x], clear[..., x + 1] - clear[..., x])
        for x in range(width - 1)
    ]
    down = [
        F.l1_loss(
            dehazed[..., y + 1, :] - dehazed[..., y, :], clear[..., y + 1, :] - clear[..., y, :]
        )
        for y in range(height - 1)
    ]
    return torch.stack([torch.stack(across).mean(), torch.stack(down).mean()]).mean()


def result_enlarged(method, hazy):
    return enlarge(method(shrink(hazy)))


def dehazed_twice(method, hazy):
    return method(hazy) + enlarge(method(shrink(hazy)) - shrink(hazy))


def the_wrong_sign(method, hazy):
    small = shrink(hazy)
    return hazy - enlarge(method(small) - small)


def clamped_at_half_size(method, hazy):
    small = shrink(hazy)
    return hazy + enlarge(method(small).clamp(0, 1) - small)


def enlarged_in_blocks(method, hazy):
    small = shrink(hazy)
    change = method(small) - small
    return hazy + change.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)


def detail_put_back(method, hazy):
    small = shrink(hazy)
    detail = hazy - F.interpolate(small, scale_factor=2, mode="bicubic", antialias=True)
    return detail + F.interpolate(method(small), scale_factor=2, mode="bicubic", antialias=True)


def by_means_of_four(method, hazy):
    small = F.avg_pool2d(hazy, 2)
    change = method(small) - small
    size = (hazy.shape[-2], hazy.shape[-1])
    return hazy + F.interpolate(change, size=size, mode="bilinear", align_corners=False)


MISTAKES = {
    "12-1": (
        Mistake(
            "edges of the output alone",
            edges_of_the_output_alone,
            "a_perfect_output_costs_nothing",
        ),
        Mistake("pixels compared, not steps", pixel_by_pixel, "blind_to_an_offset"),
        Mistake("steps to the right only", one_direction, "both_directions_count_alike"),
        Mistake("sizes compared, signs lost", strength_of_edges, "a_negative_is_not_the_picture"),
        Mistake("squares in place of sizes", squared, "twice_the_error_counts_twice"),
        Mistake("summed over pictures and colours", summed, "a_step_is_counted_right"),
        Mistake("numbers without a gradient", without_gradient, "a_step_downhill_helps"),
    ),
    "12-2": (
        Mistake("noise is grey haze", GOES | {"noise": "falls"}, "the_noise"),
        Mistake("dark where haze is", GOES | {"dark channel": "rises"}, "the_dark_channel"),
        Mistake(
            "the clearer, the brighter", GOES | {"bright channel": "rises"}, "the_bright_channel"
        ),
        Mistake("haze moves the mean alone", GOES | {"contrast": "neither"}, "the_contrast"),
    ),
    "12-3": (
        Mistake("the result is enlarged", result_enlarged, "doing_nothing_keeps_every_pixel"),
        Mistake("dehazed at full size as well", dehazed_twice, "sees_a_quarter_of_the_pixels"),
        Mistake("the change is taken away", the_wrong_sign, "one_change_for_all_arrives"),
        Mistake("clamped too early", clamped_at_half_size, "dark_values_are_kept"),
        Mistake("enlarged in blocks", enlarged_in_blocks, "a_smooth_change_stays_smooth"),
    ),
}

UNUSUAL = {
    "12-1": (
        edges_by_kernels,
        edges_by_loops,
        edges_in_single_precision,
        edges_with_a_plain_kernel,
    ),
    "12-2": (
        {name: word.upper() for name, word in GOES.items()},
        dict(reversed([(name, f" {word} ") for name, word in GOES.items()])),
    ),
    "12-3": (detail_put_back, by_means_of_four),
}
