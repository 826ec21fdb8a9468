"""Exercises of notebook 12: a loss term, what channels know of the haze, half the size."""

from collections.abc import Callable

import torch
from torch import Tensor

from haze_course.teaching.checking import Draw, Exercise, as_tensor, choice, each, expect, same
from haze_course.training.recipes import enlarge, shrink

ROUNDING = 1e-5  # of single precision, many times over


def edge_error(clear, dehazed):
    """Mean absolute error of the steps to the right and downwards, a scalar."""
    error = dehazed - clear
    across = error[..., :, 1:] - error[..., :, :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    return (across.abs().mean() + down.abs().mean()) / 2


def _two(draw: Draw) -> tuple[Tensor, Tensor]:
    """Two pictures that have nothing in common."""
    return draw.image(5, 7, batch=2), draw.image(5, 7, batch=2)


def a_perfect_output_costs_nothing(answer, draw: Draw):
    """It is one number, and 0 where the output is the clear picture."""
    clear, _ = _two(draw)
    found = as_tensor(answer(clear, clear.clone()), "output and clear picture are equal", ())
    same(found, 0.0, "output and clear picture are equal", tolerance=ROUNDING)


def blind_to_an_offset(answer, draw: Draw):
    """It does not see one and the same brightness added everywhere."""
    clear, output = _two(draw)
    offset = draw.number(0.1, 0.5)
    before = as_tensor(answer(clear, output), "two pictures of 5 x 7", ())
    after = as_tensor(answer(clear, output + offset), "two pictures of 5 x 7", ())
    expect(
        (before - after).abs() < ROUNDING,
        f"{offset:.2f} added everywhere to the output: yours goes from {before.item():.6g} to "
        f"{after.item():.6g}",
    )


def both_directions_count_alike(answer, draw: Draw):
    """Both pictures laid on their side give the same number."""
    clear, output = _two(draw)
    lying = as_tensor(answer(clear.mT, output.mT), "two pictures of 7 x 5", ())
    standing = as_tensor(answer(clear, output), "two pictures of 5 x 7", ())
    expect(
        (lying - standing).abs() < ROUNDING,
        f"two pictures: standing, yours is {standing.item():.6g}; lying, {lying.item():.6g}",
    )


def a_negative_is_not_the_picture(answer, draw: Draw):
    """It sees that the edges of a negative go the wrong way."""
    clear, _ = _two(draw)
    found = as_tensor(answer(clear, 1 - clear), "the output is the negative of the clear one", ())
    expect(
        found > 0.01, f"the output is the negative of the clear one: yours is {found.item():.4g}"
    )


def twice_the_error_counts_twice(answer, draw: Draw):
    """An error twice as strong gives twice the number."""
    clear, other = _two(draw)
    once = as_tensor(answer(clear, clear + other), "some error", ())
    twice = as_tensor(answer(clear, clear + 2 * other), "that error, twice as strong", ())
    expect(
        (twice - 2 * once).abs() < ROUNDING * (1 + twice.abs()),
        f"some error gives {once.item():.6g}, twice as strong it gives {twice.item():.6g}",
    )


def a_step_is_counted_right(answer, draw: Draw):
    """A step of known height gives what you count by hand."""
    height, width = draw.whole(3, 6), draw.whole(4, 9)
    rise, at = draw.number(0.2, 0.9), draw.whole(1, width - 1)
    clear = torch.full((1, 3, height, width), 0.1)
    output = clear.clone()
    output[..., at:] += rise
    what = f"{height} x {width}, flat; the output rises by {rise:.2f} from column {at} on"
    same(answer(clear, output), rise / (width - 1) / 2, what, tolerance=ROUNDING)


def a_step_downhill_helps(answer, draw: Draw):
    """A small step of the output against its gradient makes it smaller."""
    clear, output = _two(draw)
    output.requires_grad_()
    value = answer(clear, output)
    expect(
        isinstance(value, Tensor) and value.requires_grad,
        "no gradient reaches the output; is there a `.item()`, a `detach()`, NumPy?",
    )
    (gradient,) = torch.autograd.grad(value, output)
    there = output.detach() - 1e-3 * gradient / gradient.abs().max().clamp_min(1e-12)
    before, after = value.item(), as_tensor(answer(clear, there), "after the step", ()).item()
    expect(after < before, f"before the step it is {before:.6g}, after it {after:.6g}")


FALLS, RISES, NEITHER = "falls", "rises", "neither"
GOES = {
    "noise": NEITHER,
    "dark channel": FALLS,
    "bright channel": FALLS,
    "contrast": RISES,
}
_CHANNELS: dict[str, Callable[[Tensor, Draw], Tensor]] = {
    "noise": lambda _, draw: draw.image(1, 1, channels=1),
    "dark channel": lambda window, _: window.min(),
    "bright channel": lambda window, _: window.max(),
    "contrast": lambda window, _: window.mean(dim=1).std(),
}


def _goes(answer: object, draw: Draw, name: str) -> None:
    """Does what is claimed of a channel hold in a made-up window?"""
    claim = choice(answer, name, (FALLS, RISES, NEITHER))
    scene, airlight = 0.1 + 0.6 * draw.image(15, 15), draw.number(0.8, 1)
    steps = [draw.number(0.1, 0.3), draw.number(0.4, 0.6), draw.number(0.7, 0.9)]
    measured: list[list[float]] = []
    for _ in range(8):  # again and again, for a channel that answers by chance
        hazy = [scene * t + airlight * (1 - t) for t in steps]
        measured.append([float(_CHANNELS[name](window, draw)) for window in hazy])
    falls = all(a > b > c for a, b, c in measured)
    rises = all(a < b < c for a, b, c in measured)
    goes = FALLS if falls else RISES if rises else NEITHER
    odd = {FALLS: lambda a, b, c: not a > b > c, RISES: lambda a, b, c: not a < b < c}
    shown = next((m for m in measured if claim in odd and odd[claim](*m)), measured[0])
    table = ", ".join(f"t = {t:.2f}: {x:.3f}" for t, x in zip(steps, shown, strict=True))
    expect(goes == claim, f"a made-up window of 15 x 15, its {name} at {table}")


GOING = each(
    _goes,
    "In a made-up window, {} goes with t as you say.",
    {f"the_{name.replace(' ', '_')}": name for name in GOES},
)


def change_enlarged(method, hazy):
    """Dehaze at half the size; enlarge the change, and add it to `hazy`."""
    small = shrink(hazy)
    return hazy + enlarge(method(small) - small)


def _as_picture(found: object, hazy: Tensor, what: str) -> Tensor:
    return as_tensor(found, what, tuple(hazy.shape))


def sees_a_quarter_of_the_pixels(answer, draw: Draw):
    """The method is asked about half the height and half the width, and about nothing larger."""
    hazy, sizes = draw.image(12, 16), []

    def method(picture: Tensor) -> Tensor:
        sizes.append(tuple(picture.shape[-2:]))
        return picture

    _as_picture(answer(method, hazy), hazy, "a picture of 12 x 16")
    expect(sizes, "a picture of 12 x 16: the method was never asked")
    odd = [size for size in sizes if size != (6, 8)]
    expect(not odd, f"a picture of 12 x 16: the method was asked about {odd[0] if odd else 0}")


def doing_nothing_keeps_every_pixel(answer, draw: Draw):
    """A method that changes nothing leaves every pixel as it was."""
    hazy = draw.image(12, 16)
    found = _as_picture(answer(lambda x: x, hazy), hazy, "a method that changes nothing")
    moved = (found - hazy).abs().max().item()
    expect(moved < 1e-5, f"a method that changes nothing moves a pixel by {moved:.3f}")


def one_change_for_all_arrives(answer, draw: Draw):
    """A method that darkens all by one amount does so at full size."""
    hazy, amount = 0.4 + 0.2 * draw.image(12, 16), draw.number(0.1, 0.3)
    found = _as_picture(answer(lambda x: x - amount, hazy), hazy, "a method that darkens")
    same(found - hazy, torch.full(hazy.shape, -amount), f"darkened by {amount:.2f}, the change")


def dark_values_are_kept(answer, draw: Draw):
    """What lies below 0 or above 1 is left to whoever saves the picture."""
    hazy = draw.image(12, 16)
    for amount in (-1.5, 1.5):
        found = _as_picture(answer(lambda x, a=amount: x + a, hazy), hazy, "a strong change")
        same(found - hazy, torch.full(hazy.shape, amount), f"changed by {amount}, the change")


def a_smooth_change_stays_smooth(answer, draw: Draw):
    """A change that grows evenly from left to right does so at full size, without steps."""
    hazy, slope = draw.image(24, 32), draw.number(0.01, 0.02)
    ramp = slope * (torch.arange(16) + 0.5)  # at the centres of the small picture's pixels
    found = _as_picture(answer(lambda x: x - ramp, hazy), hazy, "a method that darkens evenly")
    wanted = -slope * (torch.arange(32) + 0.5) / 2
    inside = (found - hazy)[..., 6:-6]
    what = "a change that grows evenly to the right, away from the border"
    same(inside, wanted.double()[6:-6].expand(inside.shape), what, tolerance=1e-3)


EXERCISES = {
    "12-1": Exercise(
        edge_error,
        (
            a_perfect_output_costs_nothing,
            blind_to_an_offset,
            both_directions_count_alike,
            a_negative_is_not_the_picture,
            twice_the_error_counts_twice,
            a_step_is_counted_right,
            a_step_downhill_helps,
        ),
        (
            "Take the error of the output first, or the steps of both pictures first: steps are "
            "differences, so the order does not matter. What two neighbours share cancels.",
            "For the steps to the right, take the picture without its first column minus the "
            "picture without its last. For the steps downwards, do so with rows. Then absolute "
            "values, the mean of each kind, and the mean of the two means.",
            "`error = dehazed - clear`\n`across = error[..., :, 1:] - error[..., :, :-1]`\n`down` "
            "likewise with rows\n`(across.abs().mean() + down.abs().mean()) / 2`",
        ),
    ),
    "12-2": Exercise(
        GOES,
        GOING,
        (
            "Put the smallest, the largest and two middling values of a window through "
            "I = J t + A (1 - t), once with a small t and once with a large one.",
            "Whatever J is, t near 0 takes every value to A, which is brighter than all of J. So "
            "where do the smallest and the largest value lie then? And how far apart are they?",
            "All values of a window come down from A as t rises, the darkest fastest. So they "
            "also move apart. And noise never saw the picture.",
        ),
    ),
    "12-3": Exercise(
        change_enlarged,
        (
            sees_a_quarter_of_the_pixels,
            doing_nothing_keeps_every_pixel,
            one_change_for_all_arrives,
            dark_values_are_kept,
            a_smooth_change_stays_smooth,
        ),
        (
            "Fine detail is in the hazy picture, at full size. Haze is smooth. So which of the two "
            "has to be enlarged?",
            "Shrink the hazy picture once and keep it. The method's answer minus that small "
            "picture is the change, at half the size. Enlarge it, and put it where it belongs.",
            "`small = shrink(hazy)`\n`change = method(small) - small`\nenlarge the change, and add "
            "it to `hazy`",
        ),
    ),
}
