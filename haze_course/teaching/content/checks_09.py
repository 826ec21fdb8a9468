"""Exercises of notebook 09: scores of many pictures, and what may be said of them."""

import torch

from haze_course.teaching.checking import Draw, Exercise, as_tensor, choice, expect, same


def logarithm_last(psnr):
    """PSNR of the mean squared error of pictures whose own PSNRs are given."""
    errors = 10 ** (-psnr / 10)
    return -10 * errors.mean().log10()


def _scores(draw: Draw, count: int):
    return 10 + 25 * torch.rand(count, generator=draw.generator).double()


def _shown(psnr) -> str:
    return "pictures of " + ", ".join(f"{x:.1f}" for x in psnr.tolist()) + " dB"


def is_one_number(answer, draw: Draw):
    """All pictures together get one number."""
    psnr = _scores(draw, draw.whole(2, 5))
    as_tensor(answer(psnr), _shown(psnr), ())


def equal_pictures_keep_their_score(answer, draw: Draw):
    """Where all pictures have one score, that is the answer, however many they are."""
    score = draw.number(12, 35)
    psnr = torch.full((draw.whole(2, 9),), score, dtype=torch.float64)
    same(answer(psnr), score, f"{len(psnr)} pictures of {score:.1f} dB each", tolerance=1e-4)


def copies_change_nothing(answer, draw: Draw):
    """With each picture there twice, in any order, nothing changes."""
    psnr = _scores(draw, 4)
    twice = psnr.repeat(2)[torch.randperm(8, generator=draw.generator)]
    one = as_tensor(answer(psnr), _shown(psnr), ())
    two = as_tensor(answer(twice), _shown(twice), ())
    expect(
        (one - two).abs() < 1e-3,
        f"{_shown(psnr)}: yours is {one:.2f}, and {two:.2f} with each picture twice, shuffled",
    )


def one_failure_holds_it_down(answer, draw: Draw):
    """With one failure, it hardly matters whether the other pictures are good or perfect."""
    failure, count = draw.number(8, 14), draw.whole(3, 6)
    found = []
    for others in (80.0, 110.0):
        psnr = torch.full((count,), others, dtype=torch.float64)
        psnr[draw.whole(0, count - 1)] = failure
        found.append(as_tensor(answer(psnr), f"{count} pictures, one failure", ()))
    rise = found[1] - found[0]
    expect(
        rise.abs() < 0.05,
        f"{count} pictures, one of {failure:.1f} dB: as the others rise from 80 to 110 dB, yours "
        f"changes by {rise:.2f}",
    )


def never_exceeds_the_mean(answer, draw: Draw):
    """It is never above the mean of the scores."""
    psnr = _scores(draw, draw.whole(2, 6))
    found = as_tensor(answer(psnr), _shown(psnr), ())
    expect(found <= psnr.mean() + 1e-4, f"{_shown(psnr)}: yours is {found:.2f}")


def agrees_with_the_pixels(answer, draw: Draw):
    """It is the PSNR of all pixels of all pictures, taken as one large picture."""
    clear = draw.image(6, 7, batch=4).double()
    noise = torch.randn(clear.shape, generator=draw.generator).double()
    errors = (noise * torch.tensor([0.02, 0.05, 0.1, 0.3]).reshape(4, 1, 1, 1)).square()
    psnr = -10 * errors.mean(dim=(1, 2, 3)).log10()
    same(answer(psnr), -10 * errors.mean().log10(), _shown(psnr), tolerance=1e-4)


def at_half(mean, low, high):
    """Low and high end of the interval to expect from half the pictures."""
    wider = 2**0.5
    return mean - wider * (mean - low), mean + wider * (high - mean)


def _ends(answer, mean: float, low: float, high: float) -> tuple[float, float]:
    what = f"a mean of {mean:.2f} with [{low:.2f}, {high:.2f}]"
    found = answer(mean, low, high)
    expect(
        isinstance(found, tuple | list) and len(found) == 2,
        f"{what}: expected two ends, got {type(found).__name__}",
    )
    first, last = (as_tensor(end, what, ()).item() for end in found)
    return first, last


def _interval(draw: Draw) -> tuple[float, float, float]:
    mean = draw.number(1, 4)
    return mean, mean - draw.number(0.4, 0.7), mean + draw.number(0.4, 0.7)


def fewer_pictures_know_less(answer, draw: Draw):
    """From fewer pictures, both ends lie farther out."""
    mean, low, high = _interval(draw)
    first, last = _ends(answer, mean, low, high)
    expect(
        first < low and last > high,
        f"a mean of {mean:.2f} with [{low:.2f}, {high:.2f}]: yours is [{first:.2f}, {last:.2f}]",
    )


def certainty_stays(answer, draw: Draw):
    """Where all pictures agree, the interval is a point, and stays that point."""
    mean = draw.number(-3, 3)
    first, last = _ends(answer, mean, mean, mean)
    what = f"a mean of {mean:.2f} with [{mean:.2f}, {mean:.2f}]"
    expect(
        max(abs(first - mean), abs(last - mean)) < 1e-6,
        f"{what}: yours is [{first:.2f}, {last:.2f}]",
    )


def each_side_grows_for_itself(answer, draw: Draw):
    """An end that lies farther from the mean moves farther, in the same proportion."""
    mean = draw.number(-3, 3)
    near, far = draw.number(0.2, 0.4), draw.number(0.8, 1.2)
    first, last = _ends(answer, mean, mean - near, mean + far)
    expect(
        abs((mean - first) / near - (last - mean) / far) < 1e-4,
        f"a mean of {mean:.2f} with [{mean - near:.2f}, {mean + far:.2f}]: your lower side grows "
        f"by the factor {(mean - first) / near:.3f}, the upper one by {(last - mean) / far:.3f}",
    )


def a_quarter_is_half_of_half(answer, draw: Draw):
    """Half of a half is a quarter of the pictures: there each side is twice as long."""
    mean, low, high = _interval(draw)
    first, last = _ends(answer, mean, *_ends(answer, mean, low, high))
    grown = (last - first) / (high - low)
    expect(
        abs(grown - 2) < 1e-3,
        f"a mean of {mean:.2f} with [{low:.2f}, {high:.2f}], halved twice: the interval is "
        f"{grown:.2f} times as long",
    )


def made_up_studies_agree(answer, draw: Draw):
    """In made-up studies, means of 32 pictures scatter as wide as it says from those of 64."""
    gain, spread = draw.number(-1, 1), draw.number(0.5, 2)
    pictures = gain + spread * torch.randn(20_000, 64, generator=draw.generator).double()
    ends = torch.tensor([0.025, 0.975]).double()
    low, high = pictures.mean(dim=1).quantile(ends).tolist()
    first, last = _ends(answer, gain, low, high)
    means = pictures[:, :32].mean(dim=1)
    held = 100 * ((means >= first) & (means <= last)).double().mean().item()
    expect(
        abs(held - 95) < 1,
        f"64 pictures: 95 % of the means lie in [{low:.2f}, {high:.2f}]; of the means of 32, "
        f"{held:.0f} % lie in yours, [{first:.2f}, {last:.2f}]",
    )


SENTENCES = {
    "On rooms, A is better than B on average.": "fair",
    "On rooms, A is better than B on nearly every picture.": "unfair",
    "On streets, A and B are equally good.": "unfair",
    "On streets, no difference between A and B was shown.": "fair",
    "A does more for streets than for rooms.": "unfair",
    "Trained again, A would beat B on rooms once more.": "unfair",
}


def _said(answer: object, sentence: str) -> str:
    return choice(answer, sentence, ("fair", "unfair"))


def _worlds(draw: Draw, mean: float, half: float):
    """True gains of made-up worlds in which the report's interval came out, or nearly so."""
    true = 4 * torch.rand(200_000, generator=draw.generator).double() - 2
    error = half / 1.96
    reported = true + error * torch.randn(true.shape, generator=draw.generator).double()
    return true[(reported - mean).abs() < 0.05]


def the_mean_on_rooms(answer, draw: Draw):
    """The first sentence on rooms, about the average, is called what it is."""
    given = _said(answer, "On rooms, A is better than B on average.")
    worlds = _worlds(draw, 1.0, 0.6)
    held = int((worlds > 0).sum())
    expect(
        given == "fair",
        f"of {len(worlds)} made-up worlds with this interval on rooms, the sentence is true in "
        f"{held}",
    )


def every_picture_of_rooms(answer, draw: Draw):
    """The second sentence on rooms, about single pictures, is called what it is."""
    given = _said(answer, "On rooms, A is better than B on nearly every picture.")
    spread = 0.6 / 1.96 * 40**0.5
    gains = torch.randn(40, generator=draw.generator).double()
    gains = 1 + spread * (gains - gains.mean()) / gains.std()
    lost = int((gains < 0).sum())
    expect(
        given == "unfair",
        f"40 made-up pictures with this very mean and interval: on {lost} of them B is better",
    )


def equality_on_streets(answer, draw: Draw):
    """The sentence that calls both equal on streets is called what it is."""
    given = _said(answer, "On streets, A and B are equally good.")
    worlds = _worlds(draw, 0.0, 0.8)
    apart = int((worlds.abs() > 0.3).sum())
    expect(
        given == "unfair",
        f"of {len(worlds)} made-up worlds with this interval on streets, A and B lie more than "
        f"0.3 dB apart in {apart}",
    )


def silence_on_streets(answer, draw: Draw):
    """The sentence that no difference was shown on streets is called what it is."""
    given = _said(answer, "On streets, no difference between A and B was shown.")
    worlds = _worlds(draw, 0.0, 0.8)
    low, high = worlds.min().item(), worlds.max().item()
    expect(
        given == "fair",
        f"made-up worlds with this interval have true differences from {low:.1f} to {high:.1f} dB: "
        "the report leaves it open, and that is all the sentence says",
    )


def sets_are_not_alike(answer, _draw: Draw):
    """The sentence that compares streets with rooms is called what it is."""
    given = _said(answer, "A does more for streets than for rooms.")
    expect(
        given == "unfair",
        "the table was read once more, with its first column: A takes streets from 17 dB to 20, "
        "and rooms from 11 dB to 18",
    )


def trainings_were_not_repeated(answer, draw: Draw):
    """The sentence about another training is called what it is."""
    given = _said(answer, "Trained again, A would beat B on rooms once more.")
    spread = draw.number(0.8, 1.2)
    luck = spread * torch.randn(1000, 2, generator=draw.generator).double()
    lost = int((1 + luck[:, 0] - luck[:, 1] < 0).sum())
    expect(
        given == "unfair",
        f"a made-up world where a training scatters by {spread:.1f} dB, which no interval over "
        f"pictures can see: of 1000 new pairs of trainings, B wins {lost}",
    )


EXERCISES = {
    "09-1": Exercise(
        logarithm_last,
        (
            is_one_number,
            equal_pictures_keep_their_score,
            copies_change_nothing,
            one_failure_holds_it_down,
            never_exceeds_the_mean,
            agrees_with_the_pixels,
        ),
        (
            "A decibel value is the logarithm of an error. Undo the logarithm, and you have errors "
            "to average.",
            "If the score is -10 times the logarithm (to base 10) of the error, the error is 10 to "
            "the power of minus the score divided by 10. Average, then turn back.",
            "`errors = 10 ** (-psnr / 10)`, then the formula of the PSNR on `errors.mean()`",
        ),
    ),
    "09-2": Exercise(
        at_half,
        (
            fewer_pictures_know_less,
            certainty_stays,
            each_side_grows_for_itself,
            a_quarter_is_half_of_half,
            made_up_studies_agree,
        ),
        (
            "The interval has two sides, from the mean down and from the mean up. Both grow by one "
            "and the same factor.",
            "The standard error is the spread divided by the root of the number of pictures. With "
            "half the number, by what is it multiplied?",
            "`below = mean - low`, `above = high - mean`\n"
            "return `mean - factor * below` and `mean + factor * above`",
        ),
    ),
    "09-3": Exercise(
        SENTENCES,
        (
            the_mean_on_rooms,
            every_picture_of_rooms,
            equality_on_streets,
            silence_on_streets,
            sets_are_not_alike,
            trainings_were_not_repeated,
        ),
        (
            "Ask of each sentence: can I easily think of a world in which it is false, and in "
            "which this table comes out all the same?",
            "Mind what was repeated (pictures, not trainings), what the interval is about (a "
            "mean, not single pictures), what it means that it holds zero, and what doing nothing "
            "scores.",
            "Items 1, 6 and 7 of the checklist settle all six. Two sentences may be printed.",
        ),
    ),
}
