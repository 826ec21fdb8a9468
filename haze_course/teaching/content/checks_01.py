"""Exercises of notebook 01: a slab of haze, transmission, haze, and beta from contrast."""

import math

import torch

from haze_course.teaching.checking import Draw, Exercise, as_tensor, expect, same


def through_slab(radiance, airlight, beta, thickness):
    """What leaves a thin slab of haze: some light is lost, some is gained."""
    lost = beta * radiance * thickness
    gained = beta * airlight * thickness
    return radiance - lost + gained


def airlight_passes_unchanged(answer, draw: Draw):
    """Light as bright as the airlight passes unchanged: loss and gain are equal."""
    airlight, beta, thickness = draw.number(0.3, 1), draw.number(0.01, 0.1), draw.number(0.1, 5)
    what = f"radiance and airlight {airlight:.2f}, beta {beta:.3f}, thickness {thickness:.1f}"
    same(answer(airlight, airlight, beta, thickness), airlight, what)


def a_dark_sky_only_takes(answer, draw: Draw):
    """Where the haze itself has no light (A = 0), the beam loses the share beta ds."""
    radiance, beta, thickness = draw.number(0.3, 1), draw.number(0.02, 0.1), draw.number(2.5, 5)
    what = f"radiance {radiance:.2f}, airlight 0, beta {beta:.3f}, thickness {thickness:.1f}"
    same(answer(radiance, 0.0, beta, thickness), radiance * (1 - beta * thickness), what)


def a_black_rock_lights_up(answer, draw: Draw):
    """Where the beam is dark, the haze's own light is all that leaves the slab."""
    airlight, beta, thickness = draw.number(0.3, 1), draw.number(0.02, 0.1), draw.number(2.5, 5)
    what = f"radiance 0, airlight {airlight:.2f}, beta {beta:.3f}, thickness {thickness:.1f}"
    same(answer(0.0, airlight, beta, thickness), airlight * beta * thickness, what)


def a_picture_passes_pixel_by_pixel(answer, draw: Draw):
    """A whole picture passes as each of its pixels does."""
    image, airlight = draw.image(4, 5), draw.number(0.3, 1)
    y, x = draw.whole(0, 3), draw.whole(0, 4)
    found = as_tensor(answer(image, airlight, 0.02, 1.0), "a picture of 4 x 5", (1, 3, 4, 5))
    alone = answer(float(image[0, 1, y, x]), airlight, 0.02, 1.0)
    same(found[0, 1, y, x], alone, f"the green value at row {y}, column {x}")


def my_transmission(depth, beta):
    """t, the share of the object's light that survives the way: (B, 1, H, W) -> same."""
    return torch.exp(-beta * depth)


def _depth(draw: Draw, far: float = 100):
    return far * draw.image(4, 5, channels=1)


def nothing_is_lost_at_the_eye(answer, draw: Draw):
    """At depth 0 all of the light survives."""
    beta = draw.number(0.005, 0.05)
    same(answer(torch.zeros(1, 1, 4, 5), beta), torch.ones(1, 1, 4, 5), f"depth 0, beta {beta:.3f}")


def is_a_share_that_falls(answer, draw: Draw):
    """It is a share, between 0 and 1, and falls with distance and with beta."""
    near, far, beta = _depth(draw), _depth(draw, 900), draw.number(0.02, 0.05)
    far = near + 1 + far
    what = f"beta {beta:.3f}"
    t_near, t_far = (as_tensor(answer(d, beta), what, (1, 1, 4, 5)) for d in (near, far))
    for t in (t_near, t_far):
        expect(t.min() >= 0 and t.max() <= 1, f"{what}: values from {t.min():.3g} to {t.max():.3g}")
    expect((t_far < t_near).all(), f"{what}: somewhere t does not fall when the depth grows")
    thick = as_tensor(answer(near + 1, 2 * beta), what)
    thin = as_tensor(answer(near + 1, beta), what)
    expect((thick < thin).all(), f"{what}: somewhere t does not fall when beta doubles")


def ways_multiply(answer, draw: Draw):
    """Two ways behind each other: t of the sum is the product of both t."""
    one, two, beta = _depth(draw), _depth(draw), draw.number(0.005, 0.05)
    found = as_tensor(answer(one + two, beta), "two ways")
    product = as_tensor(answer(one, beta), "one way") * as_tensor(answer(two, beta), "the other")
    place = (found - product).abs().argmax()
    metres, more = one.flatten()[place].item(), two.flatten()[place].item()
    expect(
        torch.allclose(found, product, atol=1e-4),
        f"beta {beta:.3f}: t over {metres:.0f} m times t over {more:.0f} m is "
        f"{product.flatten()[place]:.3f}, and t over both is {found.flatten()[place]:.3f}",
    )


def a_thin_slab_takes_beta_ds(answer, draw: Draw):
    """A thin slab takes the share beta ds, as in section 1."""
    beta, thickness = draw.number(0.01, 0.1), draw.number(0.05, 0.1)
    slab = torch.full((1, 1, 4, 5), thickness, dtype=torch.float64)
    lost = 1 - as_tensor(answer(slab, beta), f"depth {thickness:.3f} m", (1, 1, 4, 5))
    ratio = (lost / (beta * thickness)).mean().item()
    what = f"beta {beta:.3f}, depth {thickness:.3f} m"
    expect(abs(ratio - 1) < 0.02, f"{what}: it takes {ratio:.2f} times the share that a slab takes")


def my_haze(clear, transmission, airlight):
    """The hazy picture: what is left of the clear one, and airlight for the rest."""
    return clear * transmission + airlight * (1 - transmission)


def _scene(draw: Draw):
    airlight = 0.6 + 0.4 * draw.image(1, 1)  # a colour, (1, 3, 1, 1)
    return draw.image(4, 5), 0.05 + 0.9 * draw.image(4, 5, channels=1), airlight


def without_haze_the_scene(answer, draw: Draw):
    """Where t = 1, the clear picture is seen."""
    clear, t, airlight = _scene(draw)
    same(answer(clear, torch.ones_like(t), airlight), clear, "a random picture, t = 1")


def without_light_the_airlight(answer, draw: Draw):
    """Where t = 0, the airlight is seen, whatever lies behind: a colour, or one number for all."""
    clear, t, airlight = _scene(draw)
    found = answer(clear, torch.zeros_like(t), airlight)
    same(found, airlight.expand_as(clear), "a random picture and airlight, t = 0")
    grey = draw.number(0.6, 1)
    found = answer(clear, torch.zeros_like(t), grey)
    same(found, torch.full_like(clear, grey), f"a random picture, airlight {grey:.2f}, t = 0")


def differences_shrink_by_t(answer, draw: Draw):
    """The difference of two scenes behind the same haze shrinks by t, and by nothing else."""
    clear, t, airlight = _scene(draw)
    other = draw.image(4, 5)
    one, two = (as_tensor(answer(x, t, airlight), "a picture of 4 x 5") for x in (clear, other))
    kept = (one - two) / (clear - other).double()
    usable = ((clear - other).abs() > 0.05) & ((kept - t).abs() > 1e-3)
    place = int(usable.flatten().double().argmax())
    pixel = place % 20
    expect(
        not usable.any(),
        f"where t is {t.flatten()[pixel]:.3f}, {kept.flatten()[place]:.3f} of a difference is left",
    )


def haze_behind_haze(answer, draw: Draw):
    """Haze behind haze of the same colour is one haze whose t is the product."""
    clear, t, airlight = _scene(draw)
    more = 0.05 + 0.9 * draw.image(4, 5, channels=1)
    what = "a picture of 4 x 5"
    first = as_tensor(answer(clear, t, airlight), what).float()
    twice = as_tensor(answer(first, more, airlight), what)
    once = as_tensor(answer(clear, t * more, airlight), what)
    far = (twice - once).abs().max().item()
    expect(far < 1e-4, f"added in two steps or in one, a pixel differs by {far:.3f}")


def fit_beta(depth, kept):
    """beta from depths (n,) and the share of contrast kept at each (n,): least squares."""
    return -(depth @ kept.log() / (depth @ depth)).item()


def finds_a_known_beta(answer, draw: Draw):
    """Without noise, the beta that made the haze comes back."""
    depth, beta = (5 + 95 * draw.image(1, 12, channels=1)).flatten(), draw.number(0.005, 0.05)
    kept = torch.exp(-beta * depth)
    same(1000 * _number(answer, depth, kept), 1000 * beta, f"beta {beta:.4f}, in thousandths")


def a_map_in_kilometres(answer, draw: Draw):
    """Depth in another unit: beta changes to 1 over that unit."""
    depth, kept, _ = _measured(draw)
    metres, kilometres = _number(answer, depth, kept), _number(answer, depth / 1000, kept)
    expect(
        math.isclose(kilometres, 1000 * metres, rel_tol=1e-3),
        f"depth in m: yours is {metres:.5f} per m; in km: {kilometres:.4f} per km",
    )


def no_beta_is_closer(answer, draw: Draw):
    """With noise: no other beta makes the sum of squared distances smaller."""
    depth, kept, beta = _measured(draw)
    found = _number(answer, depth, kept)

    def cost(b):
        return (kept.log() + b * depth).square().sum().item()

    steps = [found + share * beta for share in (-0.1, -0.01, -0.001, 0.001, 0.01, 0.1)]
    closer = [b for b in steps if cost(b) < cost(found) - 1e-9]
    where = "larger" if closer and closer[0] > found else "smaller"
    expect(not closer, f"12 noisy points: yours is {found:.4f}, and a {where} beta comes closer")


def _measured(draw: Draw):
    """Noisy points, (n,) float64."""
    depth, beta = (5 + 95 * draw.image(1, 12, channels=1)).flatten(), draw.number(0.01, 0.03)
    noise = 0.4 * (draw.image(1, 12, channels=1).flatten() - 0.5)
    return depth.double(), torch.exp(-beta * depth + noise).double(), beta


def _number(answer, depth, kept) -> float:
    return as_tensor(answer(depth, kept), f"{len(depth)} points", ()).item()


EXERCISES = {
    "01-1": Exercise(
        through_slab,
        (
            airlight_passes_unchanged,
            a_dark_sky_only_takes,
            a_black_rock_lights_up,
            a_picture_passes_pixel_by_pixel,
        ),
        (
            "What leaves is what came in, less what is scattered out, plus what is scattered in.",
            "The equation says how much light changes per metre. Multiply by the thickness of the "
            "slab to get the change.",
            "`lost = beta * radiance * ...`\n`gained = beta * airlight * ...`\n"
            "return radiance, less the one, plus the other",
        ),
    ),
    "01-2": Exercise(
        my_transmission,
        (
            nothing_is_lost_at_the_eye,
            is_a_share_that_falls,
            ways_multiply,
            a_thin_slab_takes_beta_ds,
        ),
        (
            "Which function turns a sum into a product?",
            "What falls by a fixed share of itself per metre falls exponentially. At depth 0 it "
            "is 1, and its slope there is -beta.",
            "`torch.exp` of the depth times something. Mind the sign.",
        ),
    ),
    "01-3": Exercise(
        my_haze,
        (
            without_haze_the_scene,
            without_light_the_airlight,
            differences_shrink_by_t,
            haze_behind_haze,
        ),
        (
            "A pixel is a mixture of two lights: the scene's and the haze's.",
            "The two shares of a mixture add up to 1. The scene's share is t.",
            "scene times `transmission`, plus airlight times what is missing to 1",
        ),
    ),
    "01-4": Exercise(
        fit_beta,
        (finds_a_known_beta, a_map_in_kilometres, no_beta_is_closer),
        (
            "On a logarithmic scale the points lie along a straight line through (0, 0). You look "
            "for its slope.",
            "The sum of (log kept + beta depth)^2 is smallest where its derivative with respect "
            "to beta is 0. Solve that for beta.",
            "The derivative is 2 times the sum of depth (log kept + beta depth). So beta is minus "
            "the sum of `depth * kept.log()`, over the sum of ...",
        ),
    ),
}
