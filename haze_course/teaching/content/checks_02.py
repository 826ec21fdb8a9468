"""Exercises of notebook 02: the inverse, the noise it lets through, and what it cannot know."""

import torch

from haze_course.teaching.checking import Draw, Exercise, as_tensor, choice, expect, same


def invert(hazy, transmission, airlight, floor=0.0):
    """The clear picture; never divides by less than `floor`."""
    return (hazy - airlight) / transmission.clamp_min(floor) + airlight


def _haze(clear, transmission, airlight):
    return clear * transmission + airlight * (1 - transmission)


def full_light_stays(answer, draw: Draw):
    """Where all light arrives (t = 1), the picture stays as it is."""
    hazy, airlight = draw.image(4, 5), draw.number(0.5, 1)
    found = answer(hazy, torch.ones(1, 1, 4, 5), airlight, draw.number(0.1, 0.5))
    same(found, hazy, f"t = 1, airlight {airlight:.2f}")


def airlight_stays(answer, draw: Draw):
    """A pixel of the airlight's colour stays, whatever t and floor are."""
    airlight, floor = draw.number(0.5, 1), draw.number(0.1, 0.5)
    t = 0.02 + 0.9 * draw.image(4, 5, channels=1)
    hazy = torch.full((1, 3, 4, 5), airlight)
    same(answer(hazy, t, airlight, floor), hazy, f"airlight {airlight:.2f}, floor {floor:.2f}")


def haze_and_back(answer, draw: Draw):
    """Add haze, take it away: the clear picture is back, wherever t is above the floor."""
    clear, airlight = draw.image(4, 5), draw.number(0.5, 1)
    t, floor = 0.2 + 0.8 * draw.image(4, 5, channels=1), draw.number(0.05, 0.2)
    hazy = _haze(clear, t, airlight)
    what = f"airlight {airlight:.2f}, t from 0.2 to 1"
    same(answer(hazy, t, airlight), clear, f"{what}, no floor", tolerance=1e-3)
    same(answer(hazy, t, airlight, floor), clear, f"{what}, floor {floor:.2f}", tolerance=1e-3)


def the_floor_bounds_an_error(answer, draw: Draw):
    """Where t is below the floor, an error of the file grows as at the floor, and not more."""
    hazy, airlight, floor = draw.image(4, 5), draw.number(0.5, 1), draw.number(0.1, 0.5)
    t = floor * (0.01 + 0.9 * draw.image(4, 5, channels=1))
    small, at_floor = 0.01 * draw.image(4, 5), torch.full_like(t, floor)

    def grown(transmission):
        pair = (answer(x, transmission, airlight, floor) for x in (hazy + small, hazy))
        one, other = (as_tensor(x, "a picture of 4 x 5", (1, 3, 4, 5)) for x in pair)
        return one - other

    what = f"floor {floor:.2f}, t below it: the difference of two files, after dehazing"
    same(grown(t), grown(at_floor), what, tolerance=1e-3)


def the_floor_leaves_haze(answer, draw: Draw):
    """Where t is below the floor, haze stays: the result is the one at t = floor."""
    hazy, airlight, floor = draw.image(4, 5), draw.number(0.5, 1), draw.number(0.1, 0.5)
    t = floor * (0.01 + 0.9 * draw.image(4, 5, channels=1))
    wanted = as_tensor(
        answer(hazy, torch.full_like(t, floor), airlight, floor), "t = floor", (1, 3, 4, 5)
    )
    same(answer(hazy, t, airlight, floor), wanted, f"floor {floor:.2f}, t below it")


def nothing_is_clipped(answer, draw: Draw):
    """What lies below 0 or above 1 stays there."""
    airlight, t = draw.number(0.5, 0.9), torch.full((1, 1, 4, 5), 0.2)
    clear = 4 * draw.image(4, 5) - 2
    what = f"airlight {airlight:.2f}, t = 0.2, a result from -2 to 2"
    same(answer(_haze(clear, t, airlight), t, airlight), clear, what, tolerance=1e-3)


def noise_gain(transmission, floor):
    """How many times larger noise is after dehazing than before: (B, 1, H, W) -> same."""
    return 1 / transmission.clamp_min(floor)


def full_light_keeps_noise(answer, draw: Draw):
    """Where all light arrives (t = 1), noise stays as it is."""
    floor = draw.number(0.05, 0.5)
    found = answer(torch.ones(1, 1, 4, 5), floor)
    same(found, torch.ones(1, 1, 4, 5), f"t = 1, floor {floor:.2f}")


def less_light_more_noise(answer, draw: Draw):
    """Above the floor: the less light, the more noise."""
    t = 0.2 + 0.3 * draw.image(4, 5, channels=1)
    less, more = (as_tensor(answer(x, 0.1), "t of 0.2 to 1", t.shape) for x in (t + 0.4, t))
    expect((more > less).all(), "floor 0.1: somewhere noise does not grow when t falls by 0.4")


def the_floor_stops_it(answer, draw: Draw):
    """Below the floor the gain grows no further."""
    floor = draw.number(0.1, 0.5)
    t = floor * (0.01 + 0.9 * draw.image(4, 5, channels=1))
    wanted = as_tensor(answer(torch.full_like(t, floor), floor), "t = floor", tuple(t.shape))
    same(answer(t, floor), wanted, f"floor {floor:.2f}, t below it")


def a_simulation_agrees(answer, draw: Draw):
    """Noise is drawn and dehazed many thousand times: the standard deviation grows as you say."""
    floor, sigma = draw.number(0.1, 0.3), draw.number(0.005, 0.02)
    t, clear = draw.number(0.3, 0.6), draw.number(0.1, 0.9)
    level = torch.full((1, 1, 1, 1), t)
    noise = sigma * torch.randn(200, 200, generator=draw.generator).double()
    dehazed = invert(_haze(clear, t, 0.9) + noise, level.double(), 0.9, floor)
    grown = (dehazed.std() / noise.std()).item()
    what = f"sigma {255 * sigma:.1f} grey levels, t {t:.2f}, floor {floor:.2f}: the gain"
    same(answer(level, floor), torch.full((1, 1, 1, 1), grown), what, tolerance=0.01)


CAUSES = {
    "all that is far is too dark, black and white things alike": "airlight too high",
    "all that is far is too pale, black and white things alike": "airlight too low",
    "far things have too much contrast": "beta too high",
    "far things have too little contrast": "beta too low",
}


def _changes(cause: str, draw: Draw) -> tuple[float, float]:
    """Dehaze a far black and a far white thing with that mistake: how much both are off."""
    t, airlight = draw.number(0.15, 0.4), 0.9
    clear = torch.tensor([0.05, 0.95]).double().reshape(1, 1, 1, 2)
    level = torch.full((1, 1, 1, 2), t).double()
    hazy = _haze(clear, level, airlight)
    sign = 1 if cause.endswith("high") else -1
    if cause.startswith("airlight"):
        airlight += sign * draw.number(0.02, 0.06)
    else:
        level = level ** (1 + sign * draw.number(0.1, 0.3))
    black, white = (invert(hazy, level, airlight) - clear).flatten().tolist()
    return black, white


def _symptom(number: int, holds):
    """Does the mistake that was named produce this symptom, when it is made?"""
    name = list(CAUSES)[number]

    def check(answer, draw: Draw):
        given = choice(answer, name, CAUSES.values())
        black, white = _changes(given, draw)
        said = [f"{abs(255 * x):.0f} grey levels too {'pale' if x > 0 else 'dark'}"
                for x in (black, white)]  # fmt: skip
        expect(
            holds(black, white),
            f"a far scene was dehazed with {given}: black became {said[0]}, white {said[1]}",
        )

    return check


def too_dark(answer, draw: Draw):
    """The mistake named for dark distances makes them dark, by the same amount everywhere."""
    _symptom(0, lambda black, white: black < 0 and abs(black - white) < 1e-6)(answer, draw)


def too_pale(answer, draw: Draw):
    """The mistake named for pale distances makes them pale, by the same amount everywhere."""
    _symptom(1, lambda black, white: black > 0 and abs(black - white) < 1e-6)(answer, draw)


def too_much_contrast(answer, draw: Draw):
    """The mistake named for too much contrast drives black and white apart."""
    _symptom(2, lambda black, white: white - black > 1e-3)(answer, draw)


def too_little_contrast(answer, draw: Draw):
    """The mistake named for too little contrast brings black and white together."""
    _symptom(3, lambda black, white: black - white > 1e-3)(answer, draw)


def another_world(hazy, airlight, hidden):
    """A clear picture and its transmission, which shows `hidden`; together they give `hazy`."""
    from_black = 1 - hazy / airlight  # J >= 0
    from_white = (hazy - airlight) / (1 - airlight)  # J <= 1
    least = torch.maximum(from_black, from_white).amax(dim=1, keepdim=True)
    least = least.clamp_min(1e-3)
    transmission = least + (1 - least) * hidden
    return invert(hazy, transmission, airlight), transmission


def _photograph(draw: Draw):
    """A hazy picture (1, 3, 6, 7), its grey airlight and something to hide (1, 1, 6, 7)."""
    airlight, t = draw.number(0.7, 0.95), 0.1 + 0.5 * draw.image(6, 7, channels=1)
    hidden, clear = 0.1 + 0.8 * draw.image(6, 7, channels=1), draw.image(6, 7)
    y, x = draw.whole(0, 5), draw.whole(0, 6)
    clear[..., y, x], t[..., y, x], hidden[..., y, x] = 1, 0.6, 0.1  # a white thing
    return _haze(clear, t, airlight), airlight, hidden


def _world(answer, hazy, airlight, hidden, what="a hazy picture of 6 x 7"):
    pair = answer(hazy, airlight, hidden)
    expect(
        isinstance(pair, tuple | list) and len(pair) == 2,
        f"{what}: expected two tensors, the clear picture and the transmission",
    )
    clear = as_tensor(pair[0], f"{what}, the clear picture", (1, 3, 6, 7))
    return clear, as_tensor(pair[1], f"{what}, the transmission", (1, 1, 6, 7))


def explains_the_photograph(answer, draw: Draw):
    """Clear picture and transmission, put into the model, give the hazy picture."""
    hazy, airlight, hidden = _photograph(draw)
    clear, t = _world(answer, hazy, airlight, hidden)
    off = 255 * (_haze(clear, t, airlight) - hazy).abs().max().item()
    expect(off < 0.05, f"airlight {airlight:.2f}: haze on your picture misses by {off:.1f} of 255")


def is_a_picture(answer, draw: Draw):
    """The clear picture stays between black and white, and the transmission in (0, 1]."""
    hazy, airlight, hidden = _photograph(draw)
    clear, t = _world(answer, hazy, airlight, hidden)
    what = f"airlight {airlight:.2f}"
    low, high = clear.min().item(), clear.max().item()
    expect(low > -1e-3, f"{what}: your clear picture holds {low:.2f}")
    expect(high < 1.001, f"{what}: your clear picture holds {high:.2f}")
    low, high = t.min().item(), t.max().item()
    expect(
        low > 0 and high < 1.0001, f"{what}: your transmission runs from {low:.2f} to {high:.2f}"
    )


def white_hides_no_haze(answer, draw: Draw):
    """Where `hidden` is 1 there is no haze: t is 1, and the scene looks like the photograph."""
    hazy, airlight, hidden = _photograph(draw)
    clear, t = _world(answer, hazy, airlight, torch.ones_like(hidden))
    same(t, torch.ones_like(t), "hidden = 1, the transmission")
    same(clear, hazy, "hidden = 1, the clear picture")


def darker_means_less_light(answer, draw: Draw):
    """Where `hidden` is darker, t is lower: so two hidden pictures give two worlds."""
    hazy, airlight, hidden = _photograph(draw)
    one, t = _world(answer, hazy, airlight, hidden)
    other, less = _world(answer, hazy, airlight, hidden / 2)
    expect((less < t).all(), "hidden halved: somewhere the transmission does not fall")
    expect((one - other).abs().max() > 0.01, "hidden halved: the clear picture stays the same")


EXERCISES = {
    "02-1": Exercise(
        invert,
        (
            full_light_stays,
            airlight_stays,
            haze_and_back,
            the_floor_bounds_an_error,
            the_floor_leaves_haze,
            nothing_is_clipped,
        ),
        (
            "Undo the two things that haze did, in the opposite order: what it did last first.",
            "Solve I - A = (J - A) t for J. The floor only changes what you divide by.",
            "`(hazy - airlight) / transmission.clamp_min(...)`, and then the airlight is missing",
        ),
    ),
    "02-2": Exercise(
        noise_gain,
        (full_light_keeps_noise, less_light_more_noise, the_floor_stops_it, a_simulation_agrees),
        (
            "Put I + n into your inverse in place of I. Which part of the result holds n?",
            "n is divided by something, and so is its standard deviation. Airlight and scene do "
            "not matter: they do not change from draw to draw.",
            "1 over what `invert` divides by",
        ),
    ),
    "02-3": Exercise(
        CAUSES,
        (too_dark, too_pale, too_much_contrast, too_little_contrast),
        (
            "One kind of mistake shifts all colours alike, the other stretches or squeezes them "
            "around A. Which formula is which?",
            "Take t = 0.25, so that 1/t - 1 = 3. What does a delta above 0 do to every pixel? And "
            "what happens to (J - A) when t is taken for smaller than it is?",
            "A higher beta means a lower t, and dividing by less gives more of everything. For A, "
            "look at the sign before delta.",
        ),
    ),
    "02-4": Exercise(
        another_world,
        (explains_the_photograph, is_a_picture, white_hides_no_haze, darker_means_less_light),
        (
            "Any t explains the photograph, because `invert` gives the scene that belongs to it. "
            "The only limit is that this scene must be a picture.",
            "Compute the least possible t of each pixel from the formula. Then let t run from "
            "there (hidden = 0) to 1 (hidden = 1), and invert.",
            "`least = torch.maximum(1 - hazy / airlight, ...).amax(dim=1, keepdim=True)`\n"
            "`transmission = least + (1 - least) * ...`\n"
            "return `invert(...)` and the transmission",
        ),
    ),
}
