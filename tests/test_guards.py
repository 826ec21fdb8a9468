"""What a caller gets wrong is named: the argument, what was expected, what came, what to do."""

import math

import numpy as np
import pytest
import torch

from haze_course.guards import check_count, check_image, check_number, check_unit_range, per_image


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            torch.zeros(3, 4, 4),
            r"hazy: expected \(B, C, H, W\), got shape \(3, 4, 4\).*hazy\[None\]",
        ),
        (torch.zeros(4, 4), r"got shape \(4, 4\)"),
        (torch.zeros(1, 1, 4, 4), r"expected 3 channel\(s\), got 1"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), r"got torch.uint8; divide bytes by 255"),
        (torch.zeros(1, 3, 0, 4), "the image is empty"),
        (torch.full((1, 3, 2, 2), math.nan), "12 of 12 values are NaN or infinite"),
        ([[0.5]], "expected a tensor"),
        (torch.zeros(4, 5, 3), r"channels come first: hazy\.permute\(2, 0, 1\)\[None\]"),
    ],
)
def test_a_wrong_image_is_refused_in_words(image, message):
    with pytest.raises(ValueError, match=message):
        check_image(image, "hazy", channels=3)


def test_a_right_image_comes_back_itself():
    image = torch.zeros(2, 3, 4, 5)
    assert check_image(image, "hazy", channels=3) is image
    assert check_unit_range(image, "hazy") is image


def test_bytes_as_floats_are_recognised():
    with pytest.raises(ValueError, match=r"got \[0, 255\]; divide bytes by 255"):
        check_unit_range(torch.tensor([0.0, 255.0]).reshape(1, 1, 1, 2), "hazy")


def test_rounding_slack_is_forgiven_and_more_is_not():
    check_unit_range(torch.full((1, 1, 1, 1), 1 + 1e-5), "hazy")
    with pytest.raises(ValueError, match=r"expected values in \[0, 1\]"):
        check_unit_range(torch.full((1, 1, 1, 1), 1.01), "hazy")


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_number_outside_its_range_is_refused(value):
    with pytest.raises(ValueError, match=r"omega: expected a number in \[0, 1\]"):
        check_number(value, "omega", 0, 1)


@pytest.mark.parametrize("shape", [(), (2, 1), (1, 3), (2, 3), (1, 1)])
def test_every_allowed_airlight_broadcasts(shape):
    like = torch.zeros(2, 3, 4, 5)
    assert (like + per_image(torch.ones(shape), "airlight", like)).shape == like.shape


@pytest.mark.parametrize("shape", [(3,), (2,), (3, 3), (2, 2), (1, 3, 1, 1)])
def test_a_bare_or_ill_fitting_airlight_is_refused(shape):
    # (3,) would broadcast along the width of a picture three pixels wide: silently wrong.
    with pytest.raises(ValueError, match=r"airlight: expected a number, \(2, 1\), \(1, 3\) or"):
        per_image(torch.ones(shape), "airlight", torch.zeros(2, 3, 4, 3))


def test_a_nan_airlight_is_refused():
    with pytest.raises(ValueError, match="airlight: expected finite numbers"):
        per_image(math.nan, "airlight", torch.zeros(1, 3, 2, 2))


def test_whole_numbers_may_be_numpys():
    assert type(check_count(np.int64(15), "patch", 1)) is int
    for wrong in (True, 15.0, np.int64(0), "3"):
        with pytest.raises(ValueError, match="patch: expected a whole number >= 1"):
            check_count(wrong, "patch", 1)
