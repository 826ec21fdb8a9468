"""The dark channel prior against brute force, its own equations and scenes it must solve."""

import pytest
import torch

from haze_course.physics import (
    add_haze,
    dark_channel,
    dehaze_dark_channel,
    estimate_airlight,
    estimate_transmission,
    explain_dark_channel,
    guided_filter,
)


def _window(size, centre, reach):
    return slice(max(centre - reach, 0), min(centre + reach + 1, size))


def _brute_dark_channel(image, patch):
    out = torch.empty_like(image[:, :1])
    height, width = image.shape[-2:]
    for y in range(height):
        for x in range(width):
            rows, columns = _window(height, y, patch // 2), _window(width, x, patch // 2)
            out[:, 0, y, x] = image[:, :, rows, columns].amin(dim=(1, 2, 3))
    return out


def _brute_guided_filter(guide, target, radius, eps):
    """He et al. 2013, eq. 14 and 15 word for word, one window at a time."""
    channels, height, width = guide.shape
    a, b = torch.empty_like(guide), torch.empty_like(target)
    for y in range(height):
        for x in range(width):
            rows, columns = _window(height, y, radius), _window(width, x, radius)
            g, p = guide[:, rows, columns].flatten(1), target[:, rows, columns].flatten()
            centred = g - g.mean(dim=1, keepdim=True)
            covariance = centred @ centred.T / g.shape[1]
            cross = (centred * (p - p.mean())).mean(dim=1)
            eye = torch.eye(channels, dtype=guide.dtype)
            a[:, y, x] = torch.linalg.solve(covariance + eps * eye, cross)
            b[0, y, x] = p.mean() - a[:, y, x] @ g.mean(dim=1)
    out = torch.empty_like(target)
    for y in range(height):
        for x in range(width):
            rows, columns = _window(height, y, radius), _window(width, x, radius)
            mean_a = a[:, rows, columns].mean(dim=(1, 2))
            out[0, y, x] = mean_a @ guide[:, y, x] + b[0, rows, columns].mean()
    return out


@pytest.mark.parametrize("patch", [1, 3, 7, 25])
def test_dark_channel_equals_its_definition(generator, patch):
    image = torch.rand(2, 3, 12, 17, generator=generator)
    assert torch.equal(dark_channel(image, patch=patch), _brute_dark_channel(image, patch))


def test_dark_channel_falls_as_the_patch_grows(generator):
    image = torch.rand(1, 3, 20, 20, generator=generator)
    maps = [dark_channel(image, patch=patch) for patch in (1, 3, 9)]
    assert (maps[0] >= maps[1]).all()
    assert (maps[1] >= maps[2]).all()


def test_haze_lifts_the_dark_channel_by_the_airlight_that_came_in(generator):
    clear = torch.rand(1, 3, 16, 16, generator=generator, dtype=torch.float64)
    transmission = torch.full_like(clear[:, :1], 0.25)
    hazy = add_haze(clear, transmission, 0.8)
    expected = 0.25 * dark_channel(clear, patch=5) + 0.8 * 0.75
    torch.testing.assert_close(dark_channel(hazy, patch=5), expected)


def test_airlight_is_found_where_the_haze_is_thickest(generator):
    hazy = 0.5 * torch.rand(2, 3, 40, 40, generator=generator)
    colour = torch.tensor([0.9, 0.85, 0.8])
    hazy[:, :, :8] = colour[:, None, None]  # an opaque horizon
    hazy[:, :, 30, 30] = 1.0  # a white car: brighter, but dark things stand beside it
    airlight = estimate_airlight(hazy, dark_channel(hazy, patch=7))
    torch.testing.assert_close(airlight, colour.expand(2, 3))


def test_transmission_is_exact_where_the_prior_holds(generator):
    clear = torch.rand(1, 3, 32, 32, generator=generator, dtype=torch.float64)
    clear[:, 0, ::4, ::4] = 0  # every 5 x 5 window holds a pixel without red
    hazy = add_haze(clear, torch.full_like(clear[:, :1], 0.5), 0.9)
    estimate = estimate_transmission(hazy, 0.9, patch=9, omega=1.0)
    torch.testing.assert_close(estimate, torch.full_like(estimate, 0.5))


@pytest.mark.parametrize("channels", [1, 3])
def test_guided_filter_equals_its_definition(generator, channels):
    guide = torch.rand(1, channels, 9, 11, generator=generator, dtype=torch.float64)
    target = torch.rand(1, 1, 9, 11, generator=generator, dtype=torch.float64)
    expected = _brute_guided_filter(guide[0], target[0], radius=2, eps=0.01)
    torch.testing.assert_close(guided_filter(guide, target, radius=2, eps=0.01)[0], expected)


def test_guided_filter_keeps_an_affine_map_of_its_guide(generator):
    guide = torch.rand(1, 3, 24, 24, generator=generator, dtype=torch.float64)
    target = (guide * torch.tensor([0.2, -0.5, 0.9])[:, None, None]).sum(1, keepdim=True) + 0.3
    filtered = guided_filter(guide, target, radius=4, eps=1e-9)
    torch.testing.assert_close(filtered, target, atol=1e-5, rtol=0)


def test_guided_filter_with_a_flat_guide_is_two_box_means(generator):
    flat = torch.full((1, 1, 30, 30), 0.5)
    target = torch.rand(1, 1, 30, 30, generator=generator)
    centre = guided_filter(flat, target, radius=3, eps=0.1)[0, 0, 15, 15].float()
    box = torch.nn.functional.avg_pool2d(target, 7, stride=1)
    expected = torch.nn.functional.avg_pool2d(box, 7, stride=1)[0, 0, 15 - 6, 15 - 6]
    torch.testing.assert_close(centre, expected)


def test_guided_filter_on_a_window_larger_than_the_picture(generator):
    target = torch.rand(1, 1, 5, 4, generator=generator)
    filtered = guided_filter(target, target, radius=100, eps=1e3)
    assert (filtered - target.mean()).abs().max() < 1e-3


def test_the_whole_method_recovers_a_scene_that_obeys_the_prior(generator):
    clear = torch.rand(1, 3, 64, 64, generator=generator)
    clear[:, 1, ::3, ::3] = 0
    clear[:, :, :6] = 0.9  # a strip of horizon shows the airlight
    transmission = torch.full((1, 1, 64, 64), 0.5)
    transmission[:, :, :6] = 0.0
    hazy = add_haze(clear, transmission, 0.9)
    parts = explain_dark_channel(hazy, patch=7, omega=1.0, radius=8)
    torch.testing.assert_close(parts.airlight, torch.full((1, 3), 0.9), atol=1e-3, rtol=0)
    ground = (slice(None), slice(None), slice(20, None))
    before = (hazy - clear)[ground].abs().mean()
    assert (parts.dehazed - clear)[ground].abs().mean() < 0.1 * before
    assert torch.equal(parts.dehazed, dehaze_dark_channel(hazy, patch=7, omega=1.0, radius=8))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (37, 53)])
def test_any_size_works(generator, size):
    hazy = torch.rand(2, 3, *size, generator=generator)
    parts = explain_dark_channel(hazy)
    assert parts.dehazed.shape == hazy.shape
    assert parts.transmission.shape == (2, 1, *size)
    assert torch.isfinite(parts.dehazed).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_picture_stays_flat(value):
    hazy = torch.full((1, 3, 20, 20), value)
    torch.testing.assert_close(dehaze_dark_channel(hazy), hazy, atol=1e-4, rtol=0)


def test_a_batch_is_its_images_one_by_one(generator):
    hazy = torch.rand(2, 3, 24, 24, generator=generator)
    together = dehaze_dark_channel(hazy)
    apart = torch.cat([dehaze_dark_channel(hazy[:1]), dehaze_dark_channel(hazy[1:])])
    torch.testing.assert_close(together, apart)


def test_one_map_serves_a_batch_and_keeps_its_form(generator):
    guides, target = (torch.rand(n, c, 12, 9, generator=generator) for n, c in ((2, 3), (1, 1)))
    filtered = guided_filter(guides, target, radius=2)
    assert filtered.dtype == target.dtype
    torch.testing.assert_close(filtered[1:], guided_filter(guides[1:], target, radius=2))
    dark = dark_channel(guides[:1], patch=3)
    both = estimate_airlight(guides[:1].expand(2, -1, -1, -1), dark)
    assert torch.equal(both, estimate_airlight(guides[:1], dark).expand(2, -1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: dark_channel(x, patch=4), "patch: expected an odd number of pixels, got 4"),
        (lambda x: dark_channel(x[:, :1]), "expected 3 channel"),
        (lambda x: dehaze_dark_channel(255 * x), "divide bytes by 255"),
        (lambda x: dehaze_dark_channel(x, omega=1.5), "omega: expected a number"),
        (lambda x: guided_filter(x, x[:, :1, :4]), r"target: expected \(.*\) as guide, got"),
        (lambda x: estimate_airlight(x, x[:, :1, :4]), r"dark: expected \(.*\) as hazy, got"),
        (lambda x: estimate_transmission(x, -1.0), "airlight: expected a number in"),
        (lambda x: estimate_transmission(x, torch.ones(3)), "airlight: expected a number"),
    ],
)
def test_wrong_input_is_refused_in_words(generator, call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.rand(1, 3, 8, 8, generator=generator))
