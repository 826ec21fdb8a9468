"""Random haze obeys its ranges, its seed and the model; crops keep pairs together."""

import pytest
import torch

from haze_course.data import HazeSettings, flip_and_turn, random_crop, sample_haze
from haze_course.physics import add_haze, linear_to_srgb, srgb_to_linear


@pytest.fixture
def clear(generator):
    return torch.rand(4, 3, 16, 24, generator=generator)


@pytest.fixture
def depth(generator):
    return 1 + 9 * torch.rand(4, 1, 16, 24, generator=generator)


def test_constant_haze_is_one_number_an_image(clear, generator):
    sample = sample_haze(clear, None, generator)
    assert sample.transmission.shape == (4, 1, 16, 24)
    per_image = sample.transmission.flatten(1)
    assert (per_image == per_image[:, :1]).all()
    assert len(per_image[:, 0].unique()) == 4
    torch.testing.assert_close(sample.hazy, add_haze(clear, sample.transmission, sample.airlight))


def test_every_number_stays_in_its_range(generator):
    clear = torch.zeros(2000, 3, 1, 1)
    settings = HazeSettings(constant=(0.2, 0.5), airlight=(0.75, 0.85), cast=0.02)
    sample = sample_haze(clear, None, generator, settings)
    for value, low, high in [
        (sample.transmission, 0.2, 0.5),
        (sample.airlight.mean(dim=1), 0.73, 0.87),
        (sample.airlight, 0.73, 0.87),
    ]:
        assert low - 1e-6 <= value.min() < low + 0.03
        assert high - 0.03 < value.max() <= high + 1e-6


def test_depth_sets_how_much_is_left_at_the_far_end(clear, depth, generator):
    sample = sample_haze(clear, depth, generator, HazeSettings(t_far=(0.2, 0.2)))
    remaining = sample.transmission.flatten(1).quantile(0.05, dim=1)
    torch.testing.assert_close(remaining, torch.full((4,), 0.2), atol=0.01, rtol=0)


def test_grey_haze_on_request(clear, generator):
    airlight = sample_haze(clear, None, generator, HazeSettings(cast=0)).airlight
    assert (airlight == airlight[:, :1]).all()


def test_haze_in_linear_light_is_the_model_on_light(clear, depth, generator):
    sample = sample_haze(clear, depth, generator, HazeSettings(linear_light=True))
    light = add_haze(srgb_to_linear(clear), sample.transmission, srgb_to_linear(sample.airlight))
    torch.testing.assert_close(sample.hazy, linear_to_srgb(light))


def test_noise_has_the_asked_standard_deviation(generator):
    clear = torch.full((1, 3, 100, 100), 0.5)
    quiet, noisy = (
        sample_haze(clear, None, generator, HazeSettings(noise=(sigma, sigma)))
        for sigma in (0.0, 0.05)
    )
    assert quiet.hazy.flatten(2).std(dim=2).max() < 1e-6
    expected = torch.full((1, 3), 0.05)
    torch.testing.assert_close(noisy.hazy.flatten(2).std(dim=2), expected, atol=0.003, rtol=0)


def test_jpeg_changes_only_the_hazy_picture(clear, generator):
    clear = torch.nn.functional.interpolate(clear, scale_factor=8, mode="bilinear")  # no noise
    sample = sample_haze(clear, None, generator, HazeSettings(jpeg=(60, 90)))
    assert torch.equal(sample.clear, clear)
    exact = add_haze(clear, sample.transmission, sample.airlight)
    assert 0.001 < (sample.hazy - exact).abs().mean() < 0.1


def test_one_seed_one_haze(clear, depth):
    first, again, other = (
        sample_haze(clear, depth, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.hazy, again.hazy)
    assert not torch.equal(first.hazy, other.hazy)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"t_far": (0.0, 0.5)}, "t_far low"),
        ({"airlight": (0.9, 0.7)}, "airlight high"),
        ({"constant": (0.1, 1.5)}, "constant high"),
        ({"cast": -0.1}, "cast"),
    ],
)
def test_impossible_ranges_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HazeSettings(**settings)


def test_a_crop_cuts_everything_at_the_same_place(clear, generator):
    place = torch.arange(16 * 24.0).reshape(1, 16, 24)
    crops = [random_crop(clear[0], place, size=8, generator=generator) for _ in range(50)]
    for image, where in crops:
        top, left = divmod(int(where[0, 0, 0]), 24)
        assert torch.equal(image, clear[0, :, top : top + 8, left : left + 8])
    corners = {int(where[0, 0, 0]) for _, where in crops}
    assert len(corners) > 25


def test_crops_reach_the_last_pixel(generator):
    image = torch.arange(9.0).reshape(1, 3, 3)
    seen = {float(random_crop(image, size=2, generator=generator)[0].max()) for _ in range(60)}
    assert seen == {4.0, 5.0, 7.0, 8.0}


def test_flips_and_turns_give_all_eight_and_keep_pairs(generator):
    image = torch.arange(4.0).reshape(1, 2, 2)
    seen = set()
    for _ in range(200):
        one, two = flip_and_turn(image, image + 10, generator=generator)
        assert torch.equal(one + 10, two)
        seen.add(tuple(one.flatten().tolist()))
    assert len(seen) == 8


def test_crops_refuse_what_does_not_fit(clear, generator):
    with pytest.raises(ValueError, match="size: expected at most 16, the short side, got 20"):
        random_crop(clear, size=20, generator=generator)
    with pytest.raises(ValueError, match="expected images of one size"):
        random_crop(clear, clear[..., :8], size=4, generator=generator)
    with pytest.raises(ValueError, match="expected square images, got 16 x 24; crop first"):
        flip_and_turn(clear, generator=generator)


def test_one_depth_serves_a_batch_and_a_wrong_one_is_named(clear, depth, generator):
    two = clear.expand(2, -1, -1, -1) if len(clear) == 1 else clear[:2]
    sample = sample_haze(two, depth[:1], generator)
    assert sample.hazy.shape == two.shape
    assert len(sample.transmission) == 2
    with pytest.raises(ValueError, match="depth: expected"):
        sample_haze(two, depth[:1, :, 1:], generator)
