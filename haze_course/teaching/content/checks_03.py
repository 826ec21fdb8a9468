"""Exercises of notebook 03: the dark channel prior."""

import torch
from torch.nn.functional import avg_pool2d

from haze_course.physics import priors
from haze_course.physics.scattering import add_haze
from haze_course.teaching.checking import Draw, Exercise, as_tensor, choice, expect, same


def dark_channel(image, patch):
    """The smallest value of a window, over all its pixels and all three colours."""
    dark, reach = torch.empty_like(image[:, :1]), patch // 2
    for y in range(dark.shape[2]):
        rows = image[:, :, max(y - reach, 0) : y + reach + 1]
        for x in range(dark.shape[3]):
            window = rows[..., max(x - reach, 0) : x + reach + 1]
            dark[0, 0, y, x] = window.min()
    return dark


def has_one_channel(answer, draw: Draw):
    """(1, 3, H, W) becomes (1, 1, H, W), whatever the window."""
    height, width = draw.whole(5, 9), draw.whole(5, 9)
    for patch in (1, 3, 5):
        found = answer(draw.image(height, width), patch)
        what = f"a picture of {height} x {width} with patch={patch}"
        as_tensor(found, what, (1, 1, height, width))


def every_colour_counts(answer, draw: Draw):
    """A picture without any blue is dark everywhere."""
    image = draw.image(6, 7)
    colour = draw.whole(0, 2)
    image[:, colour] = 0
    found = as_tensor(answer(image, 3), "a picture of 6 x 7")
    name = ("red", "green", "blue")[colour]
    expect(
        (found == 0).all(),
        f"a picture without any {name}: yours is {found.max():.3f} at its brightest",
    )


def a_dark_spot_fills_its_window(answer, draw: Draw):
    """One black pixel darkens every window that it lies in, and no other."""
    patch, image = 5, 0.5 + 0.5 * draw.image(11, 13)
    y, x = draw.whole(0, 10), draw.whole(0, 12)
    image[..., y, x] = 0
    found = as_tensor(answer(image, patch), "a picture of 11 x 13", (1, 1, 11, 13))
    rows, columns = torch.arange(11)[:, None], torch.arange(13)
    inside = ((rows - y).abs() <= patch // 2) & ((columns - x).abs() <= patch // 2)
    where = f"patch=5, one black pixel at row {y}, column {x}"
    missed = inside & (found[0, 0] > 0)
    expect(not missed.any(), f"{where}: {int(missed.sum())} windows that hold it are not black")
    spread = ~inside & (found[0, 0] == 0)
    expect(not spread.any(), f"{where}: {int(spread.sum())} windows without it are black")


def is_the_smallest_everywhere(answer, draw: Draw):
    """Every value is the smallest of its window; at the border the window is cut."""
    image, patch = draw.image(8, 9), (1, 3, 7)[draw.whole(0, 2)]
    wanted = dark_channel(image, patch)
    same(answer(image, patch), wanted, f"a random picture of 8 x 9, patch={patch}")


def airlight_from_dark(hazy, dark, fraction=0.001):
    """Of the pixels with the highest dark channel, the colour of the brightest."""
    count = max(int(fraction * dark.numel()), 1)
    haziest = dark.flatten().topk(count).indices
    colours = hazy.flatten(2)[0, :, haziest]  # (3, candidates)
    return colours[:, colours.sum(0).argmax()][None]  # (1, 3)


def is_one_colour(answer, draw: Draw):
    """The answer is one colour, of shape (1, 3)."""
    found = answer(draw.image(20, 30), draw.image(20, 30, channels=1), 0.01)
    as_tensor(found, "a picture of 20 x 30", (1, 3))


def is_a_colour_of_the_picture(answer, draw: Draw):
    """It is the colour of one pixel, not put together from several."""
    hazy, dark = draw.image(20, 30), draw.image(20, 30, channels=1)
    found = as_tensor(answer(hazy, dark, 0.05), "a picture of 20 x 30", (1, 3))
    distance = (hazy.double().flatten(2)[0].T - found).abs().amax(dim=1).min()
    expect(distance < 1e-4, "a random picture: no pixel has the colour that you found")


def ignores_a_white_car(answer, draw: Draw):
    """A white car with a dark bonnet beside it does not count, however bright."""
    hazy = 0.6 + 0.1 * draw.image(40, 50)
    y, x = draw.whole(5, 30), draw.whole(5, 40)
    hazy[..., y : y + 4, x : x + 4] = 1
    hazy[..., y + 4, x : x + 4] = 0.05
    dark = priors.dark_channel(hazy, patch=15)
    found = as_tensor(answer(hazy, dark, 0.01), "a hazy street", (1, 3))
    expect(found.max() < 0.9, f"a white car at row {y}, column {x}: you took its colour for A")


def takes_the_brightest_candidate(answer, draw: Draw):
    """Of the haziest pixels, and of no others, the one with the largest sum wins."""
    count, total = draw.whole(5, 60), 600
    order = torch.randperm(total, generator=draw.generator)
    dark = torch.empty(total)
    dark[order] = torch.linspace(1, 0, total)
    hazy = 0.3 + 0.3 * torch.rand(3, total, generator=draw.generator)
    winner, *glaring = order[torch.randperm(count, generator=draw.generator)[:4]]
    outsider = order[count + count // 2]
    hazy[:, winner], hazy[:, outsider] = 0.8, 0.95  # the outsider is brighter, but not asked
    hazy[:, glaring] = 0.3 + 0.6 * torch.eye(3)  # one colour each larger than the winner's
    fraction = (count + 0.5) / total
    found = answer(hazy.reshape(1, 3, 20, 30), dark.reshape(1, 1, 20, 30), fraction)
    found = as_tensor(found, "a picture of 20 x 30", (1, 3))
    where = f"a picture of 20 x 30, fraction={fraction:.4f}, so {count} pixels are asked"
    expect(found.mean() < 0.9, f"{where}: you took a pixel that is not among them")
    expect(found.mean() > 0.7, f"{where}: another pixel among them is brighter than yours")


def even_fog_has_an_airlight(answer, draw: Draw):
    """Where all pixels are alike, their colour is the answer; a tiny picture has one, too."""
    colour = torch.rand(1, 3, generator=draw.generator)
    hazy = colour[..., None, None].expand(1, 3, 4, 5).clone()
    dark = hazy.amin(dim=1, keepdim=True)
    same(answer(hazy, dark, 0.001), colour, "even fog of 4 x 5, fraction=0.001")


def fit_window(mean_g, mean_p, mean_gp, mean_gg, eps):
    """a and b of the line a g + b that comes closest to p, from means over the window."""
    a = (mean_gp - mean_g * mean_p) / (mean_gg - mean_g**2 + eps)
    return a, mean_p - a * mean_g


def _window(guide, target):
    return guide.mean(), target.mean(), (guide * target).mean(), (guide**2).mean()


def _pair(found, shape=()):
    expect(
        isinstance(found, tuple | list) or len(as_tensor(found, "a window").shape) > len(shape),
        "it returned one value; two are wanted, a and b",
    )
    a, b = found
    return as_tensor(a, "a of a window", shape), as_tensor(b, "b of a window", shape)


def finds_a_line(answer, draw: Draw):
    """Where p is a line in g, and eps is 0, it finds that line."""
    slope, offset = draw.number(-2, 2), draw.number(0, 1)
    guide = draw.image(5, 5).double()
    a, b = _pair(answer(*_window(guide, slope * guide + offset), 0))
    what = f"p = {slope:.2f} g + {offset:.2f}"
    same(a, slope, f"a for {what}", tolerance=1e-6)
    same(b, offset, f"b for {what}", tolerance=1e-6)


def a_flat_guide_gives_the_mean(answer, draw: Draw):
    """Where the guide is flat there is nothing to follow: a g + b is the mean of p."""
    level, target = draw.number(0, 1), draw.image(5, 5).double()
    guide = torch.full_like(target, level)
    a, b = _pair(answer(*_window(guide, target), 1e-3))
    same(a * level + b, target.mean(), f"g = {level:.2f} everywhere, a g + b", tolerance=1e-6)


def nothing_is_smaller(answer, draw: Draw):
    """No other a and b make the sum that is minimised smaller."""
    guide, target = draw.image(1, 4).double(), draw.image(1, 4).double()
    eps = draw.number(0.02, 0.5)

    def cost(a, b):
        return ((a * guide + b - target) ** 2 + eps * a**2).sum().item()

    a, b = _pair(answer(*_window(guide, target), eps))
    numbers = [[round(x, 2) for x in values.flatten().tolist()] for values in (guide, target)]
    for a_near in (a * 0.99, a * 1.01, a + 1e-3, a - 1e-3):
        for b_near in (b, target.mean() - a_near * guide.mean()):
            expect(
                cost(a_near, b_near) >= cost(a, b) - 1e-12,
                f"g = {numbers[0]}, p = {numbers[1]}, eps = {eps:.2f}: your a = {a:.4f}, "
                f"b = {b:.4f} give a sum of {cost(a, b):.6f}, others near them a smaller one",
            )


def maps_of_windows(answer, draw: Draw):
    """Means of many windows at once, as maps: each window gets the a and b of its own."""
    guide, target = (draw.image(6, 8, channels=1).double() for _ in range(2))
    means = [avg_pool2d(x, 2) for x in (guide, target, guide * target, guide**2)]
    shape, eps = tuple(means[0].shape), draw.number(0.02, 0.5)
    found = _pair(answer(*means, eps), shape)
    single = [_pair(answer(*window, eps)) for window in zip(*map(torch.ravel, means), strict=True)]
    for name, whole, alone in zip("ab", found, zip(*single, strict=True), strict=True):
        same(whole, torch.stack(alone).reshape(shape), f"{name} of 3 x 4 windows at once")


FAILURES = {
    "a white wall": "too low",
    "leaves in the shade": "right",
    "a blue sky behind a thin layer of haze": "too low",
    "fog without end, omega = 0.95": "too high",
}


def _verdict(clear, transmission: float, omega: float = 1.0) -> str:
    """What the method makes of a uniform place, measured by running it."""
    airlight = torch.tensor([[0.8, 0.8, 0.8]])
    hazy = add_haze(clear, torch.full((1, 1, 15, 15), transmission), airlight)
    found = priors.estimate_transmission(hazy, airlight, patch=15, omega=omega).mean().item()
    if abs(found - transmission) < 0.02:
        return "right"
    return "too low" if found < transmission else "too high"


def _place(name: str, clear, draw: Draw, low: float, high: float, omega: float = 1.0):
    def check(answer, _draw):
        given = choice(answer, name, ("too low", "right", "too high"))
        t = draw.number(low, high)
        found = _verdict(clear, t, omega)
        expect(
            given == found,
            f'{name}, with t = {t:.2f}: the method was run, and what it found is not "{given}"',
        )

    return check


def _uniform(*colour: float):
    return torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, 15, 15)


def the_white_wall(answer, draw: Draw):
    """The prediction for a white wall is what the method does."""
    _place("a white wall", _uniform(0.7, 0.7, 0.68), draw, 0.2, 0.9)(answer, draw)


def the_leaves(answer, draw: Draw):
    """The prediction for leaves in the shade is what the method does."""
    _place("leaves in the shade", _uniform(0.1, 0.3, 0.0), draw, 0.2, 0.9)(answer, draw)


def the_sky(answer, draw: Draw):
    """The prediction for a sky behind a thin layer is what the method does."""
    name = "a blue sky behind a thin layer of haze"
    _place(name, _uniform(0.4, 0.6, 0.79), draw, 0.5, 0.9)(answer, draw)


def the_fog(answer, draw: Draw):
    """The prediction for fog without end is what the method does."""
    name = "fog without end, omega = 0.95"
    _place(name, _uniform(0.2, 0.5, 0.1), draw, 1e-6, 1e-5, 0.95)(answer, draw)


EXERCISES = {
    "03-1": Exercise(
        dark_channel,
        (
            has_one_channel,
            every_colour_counts,
            a_dark_spot_fills_its_window,
            is_the_smallest_everywhere,
        ),
        (
            "Two minima in a row: over the colours, and over the pixels of a window. Their order "
            "does not matter.",
            "Start with an empty map of shape (1, 1, H, W). For each row and column, cut the "
            "window out of the picture and take its smallest value. A slice beyond the border is "
            "cut by itself, but a negative start counts from the end.",
            "`reach = patch // 2`\n`window = image[:, :, max(y - reach, 0) : y + reach + 1, ...]`\n"
            "`dark[0, 0, y, x] = window.min()`",
        ),
    ),
    "03-2": Exercise(
        airlight_from_dark,
        (
            is_one_colour,
            is_a_colour_of_the_picture,
            ignores_a_white_car,
            takes_the_brightest_candidate,
            even_fog_has_an_airlight,
        ),
        (
            "Two choices: first who may be asked (the dark channel decides), then who of them is "
            "the brightest (the picture decides).",
            "Flatten both. `topk` gives the places of the largest values of the dark channel; with "
            "them you pick columns of the picture.",
            "`count = max(int(fraction * dark.numel()), 1)`\n"
            "`places = dark.flatten().topk(count).indices`\n"
            "`colours = hazy.flatten(2)[0, :, places]`, then the column with the largest sum",
        ),
    ),
    "03-3": Exercise(
        fit_window,
        (finds_a_line, a_flat_guide_gives_the_mean, nothing_is_smaller, maps_of_windows),
        (
            "It is the line of linear regression; eps makes it flatter.",
            "Covariance of g and p is the mean of the products less the product of the means. "
            "Variance likewise. The line passes through both means.",
            "`a = covariance / (variance + eps)`, then b so that `mean_p` equals `a * mean_g + b`",
        ),
    ),
    "03-4": Exercise(
        FAILURES,
        (the_white_wall, the_leaves, the_sky, the_fog),
        (
            "The method takes whatever lifts the dark for haze. More haze means less transmission.",
            "Ask of each place: is there a colour with a value near 0 in the clear scene? If not, "
            "how does that change (I / A) dark, and the t computed from it?",
            "Put D = 0.8, then D = 0, into the law above, with t = 0.5. In the fog t is 0, I is A "
            "everywhere, and omega = 0.95 stands before (I / A) dark.",
        ),
    ),
}
