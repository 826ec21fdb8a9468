"""Exercises of notebook 11: what a photo without ground truth can refute, and what it cannot."""

from functools import cache

import torch

from haze_course.data.shipped import real_haze
from haze_course.deploy.inference import load_dehazer
from haze_course.physics import priors
from haze_course.physics.scattering import add_haze, remove_haze
from haze_course.teaching.checking import Draw, Exercise, as_tensor, choice, each, expect, same


def explaining_transmission(hazy, clear, airlight, floor=0.01):
    """The t with which haze before `clear` comes closest to `hazy`: (1, 1, H, W)."""
    colour = airlight[..., None, None]
    seen, scene = hazy - colour, clear - colour
    length = (scene * scene).sum(dim=1, keepdim=True)
    t = (seen * scene).sum(dim=1, keepdim=True) / length.clamp_min(1e-12)
    return t.clamp(floor, 1)


def _case(draw: Draw):
    """A clear picture and an airlight, doubles; no pixel has the colour of the airlight."""
    airlight = 0.85 + 0.1 * torch.rand(1, 3, generator=draw.generator).double()
    return 0.7 * draw.image(4, 5).double(), airlight


def _map(draw: Draw, low: float, high: float):
    return low + (high - low) * draw.image(4, 5, channels=1).double()


def is_one_map(answer, draw: Draw):
    """All three colours of a pixel share one t."""
    clear, airlight = _case(draw)
    hazy = draw.image(4, 5).double()
    as_tensor(answer(hazy, clear, airlight), "a photo of 4 x 5", (1, 1, 4, 5))


def the_photo_itself_needs_no_haze(answer, draw: Draw):
    """Where the claim is the photo itself, there is no haze: t = 1."""
    clear, airlight = _case(draw)
    found = answer(clear, clear, airlight)
    same(found, torch.ones(1, 1, 4, 5), "claim and photo are equal, t")


def composed_haze_comes_back(answer, draw: Draw):
    """Where the photo was made from the claim with known t, that t comes back."""
    clear, airlight = _case(draw)
    t = _map(draw, 0.1, 0.9)
    found = answer(add_haze(clear, t, airlight), clear, airlight)
    same(found, t, "haze composed by the equation, t")


def stays_a_share(answer, draw: Draw):
    """It never leaves the range from `floor` to 1, whatever is claimed."""
    clear, airlight = _case(draw)
    floor = draw.number(0.02, 0.2)
    veil = airlight[..., None, None]
    beyond = torch.lerp(veil, clear, _map(draw, 1.1, 1.6))
    across = 2 * veil - clear
    for hazy, what in ((beyond, "darker than"), (across, "on the other side of A from")):
        t = as_tensor(answer(hazy, clear, airlight, floor), f"a photo {what} the claim")
        expect(
            (t >= floor - 1e-6).all() and (t <= 1 + 1e-6).all(),
            f"floor = {floor:.2f}, a photo {what} the claim: your t runs from "
            f"{t.min().item():.3f} to {t.max().item():.3f}",
        )


def no_other_t_comes_closer(answer, draw: Draw):
    """No other t from `floor` to 1 makes the sum of squares over the colours smaller."""
    clear, airlight = _case(draw)
    hazy = draw.image(4, 5).double()

    def cost(t):
        return (torch.lerp(airlight[..., None, None], clear, t) - hazy).square().sum(dim=1)[0]

    t = as_tensor(answer(hazy, clear, airlight, 0.05), "a photo of 4 x 5", (1, 1, 4, 5))
    own = cost(t)
    for other in torch.linspace(0.05, 1, 39).double():
        worse = own - cost(torch.full_like(t, float(other)))
        y, x = divmod(int(worse.argmax()), 5)
        shown = [
            [round(v, 2) for v in colour.tolist()]
            for colour in (hazy[0, :, y, x], clear[0, :, y, x], airlight[0])
        ]
        expect(
            worse.max() <= 1e-6,
            f"I = {shown[0]}, claim = {shown[1]}, A = {shown[2]}: your t = {t[0, 0, y, x]:.3f} "
            f"leaves a sum of {own[y, x]:.4f}, another t leaves less",
        )


def airlight_hides_everything(answer, draw: Draw):
    """Where the claim has the very colour of the airlight, the answer is still a share."""
    _, airlight = _case(draw)
    clear = airlight[..., None, None].expand(1, 3, 4, 5).clone()
    for hazy, what in ((clear, "so is the photo"), (draw.image(4, 5).double(), "any photo")):
        t = as_tensor(answer(hazy.clone(), clear, airlight), f"claim = A everywhere, {what}")
        expect(
            (t > 0).all() and (t <= 1 + 1e-6).all(),
            f"claim = A everywhere, {what}: your t runs from {t.min().item():.3f} to "
            f"{t.max().item():.3f}",
        )


def taken_back(method, photo, transmission, airlight):
    """Share of an added haze that `method` takes away: all is 1, nothing 0."""
    hazier = photo * transmission + airlight[..., None, None] * (1 - transmission)
    left = (method(hazier) - method(photo)).abs().mean()
    return 1 - left / (hazier - photo).abs().mean()


def _test(draw: Draw):
    """A photo, a haze to add, and what comes of it."""
    photo, airlight = _case(draw)
    t = _map(draw, 0.3, 0.8)
    return photo, t, airlight, add_haze(photo, t, airlight)


def doing_nothing_takes_nothing(answer, draw: Draw):
    """Doing nothing takes nothing away: 0."""
    photo, t, airlight, _ = _test(draw)
    same(answer(lambda hazy: hazy.clone(), photo, t, airlight), 0.0, "a method that does nothing")


def sees_the_right_two(answer, draw: Draw):
    """The method is shown the photo, and the photo behind the added haze, and nothing else."""
    photo, t, airlight, hazier = _test(draw)
    shown = []

    def spy(hazy):
        shown.append(torch.as_tensor(hazy).detach().double().clone())
        return hazy

    answer(spy, photo, t, airlight)
    for wanted, what in ((photo, "the photo"), (hazier, "the photo behind the haze")):
        there = any(x.shape == wanted.shape and (x - wanted).abs().max() < 1e-5 for x in shown)
        expect(there, f"the method was called {len(shown)} times, never with {what}")
    for x in shown:
        known = any(
            x.shape == wanted.shape and (x - wanted).abs().max() < 1e-5
            for wanted in (photo, hazier)
        )
        expect(known, "the method was called with a picture that is neither of the two")


def one_picture_for_all_takes_everything(answer, draw: Draw):
    """A method that hands back one and the same picture, whatever comes, takes all: 1."""
    photo, t, airlight, _ = _test(draw)
    one = draw.image(4, 5).double()
    same(answer(lambda _: one.clone(), photo, t, airlight), 1.0, "one picture, whatever comes")


def halfway_is_a_half(answer, draw: Draw):
    """A method that goes half the way back to the photo takes a half."""
    photo, t, airlight, _ = _test(draw)
    same(answer(lambda hazy: (hazy + photo) / 2, photo, t, airlight), 0.5, "half the way back")


def brightening_is_not_dehazing(answer, draw: Draw):
    """A method that only makes everything brighter by one step takes nothing away: 0."""
    photo, t, airlight, _ = _test(draw)
    step = draw.number(0.05, 0.2)
    found = answer(lambda hazy: hazy + step, photo, t, airlight)
    same(found, 0.0, f"a method that adds {step:.2f} to everything")


def twice_too_much_is_as_far_off(answer, draw: Draw):
    """Taking the haze away twice is as far off as leaving it: 0."""
    photo, t, airlight, _ = _test(draw)
    found = answer(lambda hazy: 2 * photo - hazy, photo, t, airlight)
    same(found, 0.0, "a method that overshoots by the whole haze")


def two_thirds_of_the_haze_are_two_thirds(answer, draw: Draw):
    """On a grey photo, a method that clears the half with two thirds of the haze takes these."""
    grey = torch.full((1, 3, 4, 6), draw.number(0.1, 0.4), dtype=torch.float64)
    t = torch.full((1, 1, 4, 6), 0.7, dtype=torch.float64)
    t[..., :3] = 0.4
    airlight = torch.full((1, 3), 0.9, dtype=torch.float64)

    def clears_left(hazy):
        return torch.cat([grey[..., :3], hazy[..., 3:]], dim=3)

    same(answer(clears_left, grey, t, airlight), 2 / 3, "a method that clears the hazier half")


TEMPLE, TEA, SNOW = "golden temple", "tea garden", "snow"
FILES = {TEMPLE: "goldentemple", TEA: "tea_gardens", SNOW: "snow7"}
JUDGED = {
    "golden temple, dark channel": "refuted",
    "golden temple, half-student": "open",
    "tea garden, dark channel": "open",
    "tea garden, half-student": "refuted",
    "snow, dark channel": "open",
    "snow, half-student": "open",
}
UNEXPLAINED, TAKEN, HAZE = 1 / 8, 1 / 5, 0.45


@cache
def _methods():
    return {
        "dark channel": priors.dehaze_dark_channel,
        "half-student": load_dehazer("half-student"),
    }


@cache
def _photo(name: str):
    photo = next(picture.hazy for picture in real_haze() if picture.name == FILES[name])
    return photo, priors.estimate_airlight(photo, priors.dark_channel(photo))


@cache
def evidence(name: str, method: str) -> tuple[float, float]:
    """Share of the change that no haze explains, and share of an even haze taken back."""
    photo, airlight = _photo(name)
    run = _methods()[method]
    claim = run(photo).clamp(0, 1)
    found = best_airlight(photo[..., ::4, ::4], claim[..., ::4, ::4], airlight)
    t = explaining_transmission(photo, claim, found)
    left = (photo - add_haze(claim, t, found)).abs().mean() / (claim - photo).abs().mean()
    haze = torch.full_like(t, HAZE)
    back = taken_back(lambda x: claim if x is photo else run(x).clamp(0, 1), photo, haze, airlight)
    return left.item(), float(back)


def best_airlight(hazy, clear, airlight, steps: int = 15):
    """The airlight that leaves least unexplained: t for A, then A for t, and again."""
    for _ in range(steps):
        t = explaining_transmission(hazy, clear, airlight)
        through = ((1 - t) * (hazy - clear * t)).sum(dim=(2, 3))
        airlight = (through / (1 - t).square().sum(dim=(2, 3)).clamp_min(1e-6)).clamp(0, 1)
    return airlight


def _judge(answer, draw: Draw, name: str) -> None:
    for method in ("dark channel", "half-student"):
        key = f"{name}, {method}"
        given = choice(answer, key, ("proved", "refuted", "open"))
        left, back = evidence(name, method)
        if given == "proved":
            apart, off = _other_scene(name, method, draw)
            expect(
                False,
                f"{key}: another scene, on average {apart:.0f} grey levels away from this one, "
                f"gives the same photo behind another haze, to within {off:.1f} on average",
            )
        falls = left > UNEXPLAINED or back < TAKEN
        expect(
            (given == "refuted") == falls,
            f"{key}: computed again, no haze explains {left:.0%} of its change, and it takes back "
            f"{back:.0%} of the added haze; by the rule that is not {given!r}",
        )


def _other_scene(name: str, method: str, draw: Draw) -> tuple[float, float]:
    """How far from a claim another scene lies, and how far its haze is from the photo."""
    photo, airlight = _photo(name)
    share = torch.full_like(photo[:, :1], draw.number(0.8, 0.9))
    other = remove_haze(photo, share, airlight).clamp(0, 1)
    off = (add_haze(other, share, airlight) - photo).abs().mean()
    claim = _methods()[method](photo).clamp(0, 1)
    return 255 * (other - claim).abs().mean().item(), 255 * off.item()


PLACES = each(
    _judge,
    "Both claims about the {} are judged by the rule.",
    {"the_temple": TEMPLE, "the_tea_garden": TEA, "the_snow": SNOW},
)

EXERCISES = {
    "11-1": Exercise(
        explaining_transmission,
        (
            is_one_map,
            the_photo_itself_needs_no_haze,
            composed_haze_comes_back,
            stays_a_share,
            no_other_t_comes_closer,
            airlight_hides_everything,
        ),
        (
            "At each pixel, I - A and J - A are two arrows in the space of colours. t is how far "
            "along the second one the first one reaches.",
            "Set the derivative of the sum of squares by t to zero: a sum of products over the "
            "three colours, divided by a sum of squares. Then keep it in its range. Where the "
            "divisor is zero, any share will do.",
            "`seen = hazy - colour`, `scene = clear - colour` with "
            "`colour = airlight[..., None, None]`\n"
            "`(seen * scene).sum(dim=1, keepdim=True)` above, `(scene * scene)` likewise below, "
            "with `.clamp_min(1e-12)`; at last `.clamp(floor, 1)`",
        ),
    ),
    "11-2": Exercise(
        taken_back,
        (
            doing_nothing_takes_nothing,
            sees_the_right_two,
            one_picture_for_all_takes_everything,
            halfway_is_a_half,
            brightening_is_not_dehazing,
            twice_too_much_is_as_far_off,
            two_thirds_of_the_haze_are_two_thirds,
        ),
        (
            "Behind your haze stands the same scene. So compare what the method makes of both "
            "pictures with how far apart the two pictures were.",
            "Compose the hazier picture, send both through the method, take the mean absolute "
            "difference of the outputs, and divide it by that of the inputs.",
            "`hazier = photo * transmission + colour * (1 - transmission)`\n"
            "`left = (method(hazier) - method(photo)).abs().mean()`, `added` likewise without the "
            "method, and the share that is not left",
        ),
    ),
    "11-3": Exercise(
        JUDGED,
        PLACES,
        (
            "Read the table, not the pictures. The rule has two ways to refute, and no way to "
            "prove.",
            "For each line of the table: is the share that no haze explains above an eighth, or "
            "the share taken back below a fifth? One of the two is enough.",
            "Two of the six claims fall: one by the first number, one by the second. The other "
            "four stay open, however convincing they look.",
        ),
    ),
}
