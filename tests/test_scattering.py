"""I = J t + A (1 - t) and its inverse: limits, identities, round trips, gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from haze_course.physics import (
    add_haze,
    beta_for,
    far_end,
    linear_to_srgb,
    remove_haze,
    srgb_to_linear,
    transmission_from_depth,
    visibility,
)

AIRLIGHTS = [
    0.9,
    torch.tensor([[0.9], [0.7]]),
    torch.tensor([[0.8, 0.85, 0.9]]),
    torch.tensor([[0.9, 0.8, 0.7], [0.6, 0.7, 0.8]]),
]


@pytest.fixture
def clear(generator):
    return torch.rand(2, 3, 6, 8, generator=generator, dtype=torch.float64)


@pytest.fixture
def depth(generator):
    return 5 * torch.rand(2, 1, 6, 8, generator=generator, dtype=torch.float64)


def test_no_distance_or_no_haze_lets_all_light_through(depth):
    assert (transmission_from_depth(0 * depth, 1.0) == 1).all()
    assert (transmission_from_depth(depth, 0.0) == 1).all()


def test_stretches_of_haze_multiply(depth, clear):
    near = clear[:, :1]
    together = transmission_from_depth(depth + near, 0.7)
    torch.testing.assert_close(
        together, transmission_from_depth(depth, 0.7) * transmission_from_depth(near, 0.7)
    )


def test_each_image_may_have_its_own_beta(depth):
    both = transmission_from_depth(depth, torch.tensor([[0.5], [2.0]]))
    torch.testing.assert_close(both[:1], transmission_from_depth(depth[:1], 0.5))
    torch.testing.assert_close(both[1:], transmission_from_depth(depth[1:], 2.0))


@pytest.mark.parametrize("airlight", AIRLIGHTS, ids=["number", "B1", "13", "B3"])
def test_the_limits_of_the_model(clear, airlight):
    one = torch.ones_like(clear[:, :1])
    torch.testing.assert_close(add_haze(clear, one, airlight), clear)  # t = 1: the scene
    veil = add_haze(clear, 0 * one, airlight)  # t = 0: the airlight alone
    torch.testing.assert_close(veil, add_haze(0 * clear, 0 * one, airlight))


@pytest.mark.parametrize("airlight", AIRLIGHTS, ids=["number", "B1", "13", "B3"])
def test_adding_then_removing_is_the_identity_above_the_floor(clear, depth, airlight):
    transmission = transmission_from_depth(depth, 0.4)
    hazy = add_haze(clear, transmission, airlight)
    torch.testing.assert_close(remove_haze(hazy, transmission, airlight, floor=0.01), clear)


def test_below_the_floor_the_gain_is_bounded(clear):
    transmission = torch.full_like(clear[:, :1], 0.02)
    nudged = remove_haze(clear + 0.001, transmission, 0.9, floor=0.1)
    gain = (nudged - remove_haze(clear, transmission, 0.9, floor=0.1)) / 0.001
    torch.testing.assert_close(gain, torch.full_like(gain, 10.0))


@settings(max_examples=40, deadline=None)
@given(beta=st.floats(0, 3), airlight=st.floats(0, 1), seed=st.integers(0, 999))
def test_haze_stays_between_scene_and_airlight(beta, airlight, seed):
    random = torch.Generator().manual_seed(seed)
    clear = torch.rand(1, 3, 4, 4, generator=random)
    transmission = transmission_from_depth(torch.rand(1, 1, 4, 4, generator=random), beta)
    hazy = add_haze(clear, transmission, airlight)
    low, high = clear.clamp_max(airlight), clear.clamp_min(airlight)
    assert ((hazy >= low - 1e-6) & (hazy <= high + 1e-6)).all()


def test_gradients_of_the_model_and_its_inverse(clear, depth):
    image = clear[:, :, :2, :2].clone().requires_grad_()
    transmission = transmission_from_depth(depth[:, :, :2, :2], 0.2).requires_grad_()
    airlight = torch.full((2, 3), 0.9, dtype=torch.float64, requires_grad=True)
    assert gradcheck(add_haze, (image, transmission, airlight))
    assert gradcheck(remove_haze, (image, transmission, airlight))


@pytest.mark.parametrize("t_far", [0.05, 0.3, 1.0])
def test_beta_for_leaves_t_far_at_the_far_end(depth, t_far):
    transmission = transmission_from_depth(depth, beta_for(depth, t_far))
    remaining = torch.stack([one.quantile(0.05) for one in transmission])
    torch.testing.assert_close(remaining, torch.full_like(remaining, t_far), atol=0.03, rtol=0)


def test_beta_for_does_not_see_the_sky(depth):
    with_sky = depth.clone()
    with_sky[:, :, :3] = 10 * depth[:, :, 3:].quantile(0.95)
    ground = beta_for(depth[:1, :, 3:], 0.2)
    torch.testing.assert_close(beta_for(with_sky[:1], 0.2), ground)


def test_beta_for_has_no_unit_of_its_own(depth):
    torch.testing.assert_close(beta_for(1000 * depth, 0.2) * 1000, beta_for(depth, 0.2))


def test_beta_for_does_not_take_a_flat_far_wall_for_sky():
    depth = torch.linspace(1, 2, 100).reshape(1, 1, 10, 10).clamp_max(1.6)
    assert beta_for(depth, math.exp(-1)).item() == pytest.approx(1 / 1.6, rel=1e-4)


def test_visibility_is_where_contrast_has_fallen_to_the_threshold():
    for contrast in (0.02, 0.05):
        assert math.exp(-0.3 * visibility(0.3, contrast)) == pytest.approx(contrast)
    assert visibility(1.0) == pytest.approx(3.912, abs=5e-4)  # Koschmieder's constant
    assert visibility(1.0, 0.05) == pytest.approx(2.996, abs=5e-4)  # of the WMO


def test_srgb_agrees_with_the_standard_and_goes_round():
    codes = torch.linspace(0, 1, 1001, dtype=torch.float64)
    torch.testing.assert_close(linear_to_srgb(srgb_to_linear(codes)), codes, atol=1e-7, rtol=0)
    # IEC 61966-2-1: code 0.5 is 21.404 % of the light.
    assert srgb_to_linear(torch.tensor(0.5)).item() == pytest.approx(0.21404, abs=1e-5)


def test_srgb_has_a_gradient_at_black():
    black = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (linear_to_srgb(black) + srgb_to_linear(black)).backward()
    assert black.grad.item() == pytest.approx(12.92 + 1 / 12.92)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, d: transmission_from_depth(-d - 1, 1.0), "depth: expected a number in \\[0"),
        (lambda c, d: transmission_from_depth(d, -1.0), "beta: expected a number in \\[0"),
        (lambda c, d: transmission_from_depth(d, torch.ones(2)), "beta: expected a number"),
        (lambda c, d: add_haze(c, d[:, :, :3], 0.9), r"transmission: expected \(2, 1, 6, 8\)"),
        (lambda c, d: add_haze(c, c, 0.9), r"transmission: expected 1 channel"),
        (lambda c, d: add_haze(c, 0 * d + 3, 0.9), r"transmission: expected values in \[0, 1\]"),
        (lambda c, d: add_haze(c, 0 * d, 229.0), "airlight: .* divide bytes by 255"),
        (lambda c, d: remove_haze(c, 0 * d, 229.0), "airlight: .* divide bytes by 255"),
        (lambda c, d: add_haze(c[0], d, 0.9), "add a batch dimension"),
        (lambda c, d: add_haze(c, 0 * d, torch.ones(3)), "airlight: expected a number"),
        (lambda c, d: remove_haze(c, d, 0.9, floor=0), "floor: expected a number"),
        (lambda c, d: beta_for(0 * d, 0.5), "zero in 95 %"),
        (lambda c, d: beta_for(d, 0.0), "t_far: expected a number"),
    ],
)
def test_wrong_input_is_refused_in_words(clear, depth, call, message):
    with pytest.raises(ValueError, match=message):
        call(clear, depth)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_the_far_end_is_found_in_every_precision(depth, kind):
    found = far_end(depth.to(kind))
    assert found.dtype == kind
    assert torch.allclose(found.double(), far_end(depth), rtol=0.01)
