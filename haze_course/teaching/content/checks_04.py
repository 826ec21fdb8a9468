"""Exercises of notebook 04: measuring dehazing."""

import torch

from haze_course.teaching.checking import (
    Draw,
    Exercise,
    Violation,
    as_tensor,
    choice,
    each,
    expect,
    same,
)


def psnr(image, target):
    """PSNR in dB, one number a picture: (B,)."""
    error = image.clamp(0, 1).double() - target.double()
    mse = error.square().mean(dim=(1, 2, 3))
    return -10 * mse.log10()


def gives_one_number_a_picture(answer, draw: Draw):
    """(B, 3, H, W) and (B, 3, H, W) become a tensor of B numbers."""
    count, height, width = draw.whole(2, 4), draw.whole(5, 9), draw.whole(5, 9)
    image, target = (draw.image(height, width, batch=count) for _ in range(2))
    found = answer(image, target)
    what = f"{count} pictures of {height} x {width}"
    as_tensor(found, what, (count,))
    expect(hasattr(found, "shape"), f"{what}: expected a tensor, got {type(found).__name__}")


def knows_two_golden_values(answer, draw: Draw):
    """An error of 0.1 in every value is 20 dB, an error of 0.01 is 40 dB."""
    side = draw.whole(4, 9)
    target = 0.2 + 0.6 * draw.image(side, side)
    for error, wanted in ((0.1, 20), (-0.1, 20), (0.01, 40)):
        what = f"{side} x {side} pixels, every value wrong by {error}"
        same(answer(target + error, target), [wanted], what)


def one_wrong_colour_counts_a_third(answer, draw: Draw):
    """An error in one colour alone is averaged with the other two, before the logarithm."""
    target = 0.2 + 0.6 * draw.image(5, 6)
    image = target.clone()
    image[:, draw.whole(0, 2)] += 0.03**0.5
    same(answer(image, target), [20], "5 x 6 pixels, one colour wrong by 0.17")


def a_tenth_of_the_error_is_20_db_more(answer, draw: Draw):
    """Divide every error by ten, and PSNR rises by 20 dB, whatever the picture."""
    target = 0.2 + 0.6 * draw.image(6, 7)
    error = 0.2 * (draw.image(6, 7) - 0.5)
    large = as_tensor(answer(target + error, target), "a random picture", (1,))
    same(answer(target + error / 10, target), large + 20, "the same, with a tenth of the error")


def clamps_the_image_first(answer, draw: Draw):
    """Values of the image outside [0, 1] count as 0 or as 1, as in a saved file."""
    image, target = 2 * draw.image(6, 7) - 0.5, draw.image(6, 7)
    saved = as_tensor(answer(image.clamp(0, 1), target), "a saved picture", (1,))
    what = f"values from {image.min():.2f} to {image.max():.2f}, compared with their saved file"
    same(answer(image, target), saved, what)


def scores_each_picture_alone(answer, draw: Draw):
    """A picture scores the same alone and in a batch with a far worse one."""
    target = draw.image(6, 7, batch=2)
    image = target + torch.tensor([0.02, 0.5]).view(2, 1, 1, 1) * draw.image(6, 7, batch=2)
    alone = [as_tensor(answer(image[k : k + 1], target[k : k + 1]), "one", (1,)) for k in (0, 1)]
    same(answer(image, target), torch.cat(alone), "a good and a bad picture in one batch")


def paired_interval(a, b, draws, generator):
    """Low and high end of the 95 % bootstrap interval of the mean of a - b."""
    difference = a.double() - b.double()
    picks = torch.randint(len(a), (draws, len(a)), generator=generator)
    means = difference[picks].mean(dim=1)
    return means.quantile(0.025).item(), means.quantile(0.975).item()


def _study(draw: Draw, count: int, gain: float):
    """Scores of two methods on the same pictures, which differ in difficulty; the true gain."""
    hard, luck = (torch.randn(count, generator=draw.generator) for _ in range(2))
    b = 20 + 4 * hard
    return b + gain + 0.5 * luck, b


def _ends(answer, a, b, draws: int, draw: Draw):
    found, what = answer(a, b, draws, draw.generator), f"{len(a)} pictures"
    expect(found is not None, f"{what}: it returned None; is there a `return`?")
    try:
        low, high = found
    except (TypeError, ValueError) as error:
        text = f"{what}: expected two numbers, low and high, got {type(found).__name__}"
        raise Violation(text) from error
    return as_tensor(low, f"{what}, low", ()), as_tensor(high, f"{what}, high", ())


def gives_low_and_high(answer, draw: Draw):
    """Two numbers come back, the low end first."""
    low, high = _ends(answer, *_study(draw, draw.whole(5, 30), 0.3), 200, draw)
    expect(low <= high, f"the first is {low:.2f}, the second {high:.2f}")


def the_same_gain_everywhere_leaves_no_doubt(answer, draw: Draw):
    """Where a beats b by the same amount on every picture, both ends are that amount."""
    _, b = _study(draw, 12, 0)
    gain = draw.number(0.5, 2)
    low, high = _ends(answer, b + gain, b, 200, draw)
    for name, end in (("low", low), ("high", high)):
        same(end, gain, f"a = b + {gain:.2f} on every picture, the {name} end", tolerance=1e-3)


def holds_the_truth(answer, draw: Draw):
    """In nearly all of many simulated studies the true gain lies in the interval."""
    held, gain = 0, draw.number(-1, 1)
    for _ in range(40):
        low, high = _ends(answer, *_study(draw, 20, gain), 100, draw)
        held += bool(low <= gain <= high)
    expect(held >= 26, f"true gain {gain:.2f} dB: in {held} of 40 studies the interval holds it")


def refuses_what_is_far_off(answer, draw: Draw):
    """A value four standard errors from the truth lies outside in most studies."""
    refused, gain = 0, 4 * 0.5 / 20**0.5
    for _ in range(20):
        low, high = _ends(answer, *_study(draw, 20, gain), 100, draw)
        refused += not low <= 0 <= high
    text = f"true gain {gain:.2f} dB, standard error {gain / 4:.2f}: 0 is still inside"
    expect(refused >= 12, f"{text} in {20 - refused} of 20 studies")


def leaves_a_fortieth_on_either_side(answer, draw: Draw):
    """One in 40 of the resampled means lies below the interval, and one in 40 above."""
    _, b = _study(draw, 15, 0)
    a = b + draw.number(1, 3) * torch.linspace(0, 1, 15) ** 6  # skewed: no formula for it
    low, high = _ends(answer, a, b, 10_000, draw)
    picks = torch.randint(15, (20_000, 15), generator=draw.generator)
    means = (a.double() - b.double())[picks].mean(dim=1)
    for side, beyond in (("below", means < low), ("above", means > high)):
        share = beyond.double().mean().item()
        amount = "few" if share < 0.025 else "many"
        expect(0.017 < share < 0.034, f"15 pictures: too {amount} of the means lie {side} it")


FLAWS = {
    "report 1": "other protocol",
    "report 2": "clamped or not",
    "report 3": "dB of the mean error",
    "report 4": "percent of dB",
    "report 5": "chosen on the test set",
}
# Why a suspect is innocent, in every report but its own.
ALIBIS = {
    "other protocol": "no picture in it has two scores that ought to be one",
    "clamped or not": "no value in it lies outside [0, 1]",
    "percent of dB": "its claim is not in percent",
    "chosen on the test set": "nothing in it was chosen on the pictures that it is scored on",
    "dB of the mean error": "no average in it disagrees with the scores beside it",
    "resized truth": "no size in it is changed",
    "other pictures": "both of its rows are scored on the same pictures",
}


def _is_borne_out(answer, _draw: Draw, name: str) -> None:
    suspect = choice(answer, name, ALIBIS)
    expect(suspect == FLAWS[name], f"{name} is innocent of {suspect!r}: {ALIBIS[suspect]}")


FLAWED = each(
    _is_borne_out,
    "The flaw that you name for {} is to be seen in its table.",
    {name.replace(" ", "_"): name for name in FLAWS},
)

EXERCISES = {
    "04-1": Exercise(
        psnr,
        (
            gives_one_number_a_picture,
            knows_two_golden_values,
            one_wrong_colour_counts_a_third,
            a_tenth_of_the_error_is_20_db_more,
            clamps_the_image_first,
            scores_each_picture_alone,
        ),
        (
            "Four steps: clamp the output, take the error, average its square over one picture, "
            "take the logarithm.",
            "Clamp the image, not the error. `mean` takes several dimensions at once; the first "
            "one, the batch, must stay. The logarithm has base 10.",
            "`mse = (image.clamp(0, 1) - target).square().mean(dim=(1, 2, 3))`, then minus ten "
            "times `mse.log10()`",
        ),
    ),
    "04-2": Exercise(
        paired_interval,
        (
            gives_low_and_high,
            the_same_gain_everywhere_leaves_no_doubt,
            holds_the_truth,
            refuses_what_is_far_off,
            leaves_a_fortieth_on_either_side,
        ),
        (
            "Subtract first: from then on there is one list of n differences. What you resample "
            "are pictures, with both scores of each.",
            "`torch.randint` draws places with replacement: one row of n places for each draw. "
            "Indexing the differences with them gives a table; the mean of each row is one "
            "possible result. The interval is made of quantiles of these means.",
            "`picks = torch.randint(n, (draws, n), generator=generator)`\n"
            "`means = difference[picks].mean(dim=1)`\n"
            "then `means.quantile(...)` at 0.025 and at 0.975",
        ),
    ),
    "04-3": Exercise(
        FLAWS,
        FLAWED,
        (
            "Ask what must be equal for the claim to be fair. Then look for the column where the "
            "rows differ although they should not, or for the number that does not follow from the "
            "others.",
            "Compute what can be computed: does the overall score follow from the single ones? "
            "Does the claim follow from the scores? Does the same picture score the same "
            "everywhere?",
            "Report 1: compare the hazy inputs. Report 2: could a file hold these values? Report "
            "3: take the mean of A, B and C. Report 4: read the unit of the claim. Report 5: "
            "compare the two middle columns.",
        ),
    ),
}
