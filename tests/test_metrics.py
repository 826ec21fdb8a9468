"""Each metric against scikit-image or published numbers; what it cannot change; what it refuses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.measure import block_reduce
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from haze_course.quality.metrics import (
    SSIM_PROTOCOLS,
    ciede2000,
    delta_e_2000,
    psnr,
    srgb_to_lab,
    ssim,
)

# Sharma, Wu, Dalal 2005, table 1: L1 a1 b1, L2 a2 b2, difference to 4 decimals.
SHARMA = [
    (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
    (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
    (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
    (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
    (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
    (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
    (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
    (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
    (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
    (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
    (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
    (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
    (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
    (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
    (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
    (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
    (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
    (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
    (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
    (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
]
PROTOCOLS = list(SSIM_PROTOCOLS)
METRICS = {"psnr": psnr, "ssim": ssim, "ciede2000": ciede2000}


def noisy_pair(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    """A smooth random target in [0, 1] and a noisy, veiled copy that leaves [0, 1] in places."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(*shape[:2], 5, 5, generator=generator, dtype=torch.float64)
    target = torch.nn.functional.interpolate(coarse, shape[2:], mode="bilinear")
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    return 0.7 * target + 0.25 + 0.1 * noise, target


def as_numpy(image: Tensor) -> np.ndarray:
    """One image of a batch of one, (H, W, C), clamped as the metrics clamp."""
    return image[0].clamp(0, 1).permute(1, 2, 0).numpy()


def skimage_ssim(image: np.ndarray, target: np.ndarray) -> float:
    """Wang's parameters; scikit-image crops the border that its filter had to invent."""
    return structural_similarity(
        image,
        target,
        channel_axis=2,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


# --- PSNR


@pytest.mark.parametrize("seed", [0, 1])
def test_psnr_equals_skimage(seed: int) -> None:
    image, target = noisy_pair(seed, 1, 3, 23, 31)
    expected = peak_signal_noise_ratio(as_numpy(target), as_numpy(image), data_range=1)
    assert psnr(image, target).item() == pytest.approx(expected, abs=1e-10)


def test_psnr_is_a_number_an_image_and_not_of_the_mean_error() -> None:
    target = torch.zeros(2, 3, 4, 4)
    image = torch.stack([torch.full((3, 4, 4), 0.5), torch.full((3, 4, 4), 0.125)])
    values = psnr(image, target)
    assert values.tolist() == pytest.approx([20 * math.log10(2), 20 * math.log10(8)], abs=1e-12)
    mean_error = image.square().mean().item()
    assert values.mean().item() > -10 * math.log10(mean_error) + 1


def test_psnr_does_not_lose_small_errors_to_float32() -> None:
    target = torch.full((1, 3, 64, 64), 0.5, dtype=torch.float64)
    expected = -20 * math.log10(2**-20)
    assert psnr(target + 2**-20, target).item() == pytest.approx(expected, abs=1e-9)


# --- SSIM


@pytest.mark.parametrize("size", [(11, 11), (23, 31)])
@pytest.mark.parametrize("seed", [0, 1])
def test_ssim_valid_equals_skimage(seed: int, size: tuple[int, int]) -> None:
    image, target = noisy_pair(seed, 1, 3, *size)
    expected = skimage_ssim(as_numpy(image), as_numpy(target))
    assert ssim(image, target).item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("size", [(1, 1), (4, 9), (23, 31)])
def test_ssim_padded_is_ssim_of_the_images_in_a_frame_of_zeros(size: tuple[int, int]) -> None:
    image, target = noisy_pair(2, 1, 3, *size)
    framed = [np.pad(as_numpy(x), ((5, 5), (5, 5), (0, 0))) for x in (image, target)]
    value = ssim(image, target, protocol="padded").item()
    assert value == pytest.approx(skimage_ssim(*framed), abs=1e-10)


def test_ssim_luma_is_ssim_of_the_studio_range_luma() -> None:
    image, target = noisy_pair(3, 1, 3, 23, 31)
    weights = np.array([65.481, 128.553, 24.966])
    luma = [((as_numpy(x) @ weights + 16) / 255)[..., None] for x in (image, target)]
    value = ssim(image, target, protocol="luma").item()
    assert value == pytest.approx(skimage_ssim(*luma), abs=1e-10)
    full_range = [(as_numpy(x) @ weights / weights.sum())[..., None] for x in (image, target)]
    assert abs(value - skimage_ssim(*full_range)) > 1e-3  # the two are not interchangeable


def test_ssim_downsampled_averages_blocks_first() -> None:
    image, target = noisy_pair(4, 1, 3, 400, 420)  # round(400 / 256) = 2
    small = [block_reduce(as_numpy(x), (2, 2, 1), np.mean) for x in (image, target)]
    value = ssim(image, target, protocol="downsampled").item()
    assert value == pytest.approx(skimage_ssim(*small), abs=1e-10)


@pytest.mark.parametrize("size", [(40, 50), (383, 20), (384, 11)])
def test_ssim_downsampled_leaves_small_images_alone(size: tuple[int, int]) -> None:
    image, target = noisy_pair(5, 1, 3, *size)
    assert ssim(image, target, protocol="downsampled").item() == ssim(image, target).item()


def test_ssim_downsampled_takes_a_side_that_the_factor_does_not_divide() -> None:
    image, target = noisy_pair(6, 1, 1, 641, 650)  # 641 / 256 = 2.504 -> 3
    value = ssim(image, target, protocol="downsampled")
    smaller = [
        torch.nn.functional.adaptive_avg_pool2d(x.clamp(0, 1), (213, 216)) for x in (image, target)
    ]
    assert value.item() == pytest.approx(ssim(*smaller).item(), abs=1e-12)


def test_protocols_disagree_by_more_than_methods_do() -> None:
    image, target = noisy_pair(7, 1, 3, 384, 384)
    values = [ssim(image, target, protocol=name).item() for name in PROTOCOLS]
    assert max(values) - min(values) > 0.1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ssim_gradient_is_finite_also_at_equality(protocol: str) -> None:
    image, target = noisy_pair(8, 2, 3, 13, 17)
    for start in (image, target, torch.zeros_like(target)):
        leaf = start.clone().requires_grad_()
        ssim(leaf, target, protocol=protocol).sum().backward()
        assert torch.isfinite(leaf.grad).all()


def test_ssim_gradcheck() -> None:
    image, target = noisy_pair(9, 1, 1, 12, 12)
    image = image.clamp(0.01, 0.99).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ssim(x, target), image)


# --- CIEDE2000


@pytest.mark.parametrize("swap", [False, True])
def test_delta_e_equals_the_published_pairs(swap: bool) -> None:
    table = torch.tensor(SHARMA, dtype=torch.float64)
    one, two = (table[:, k : k + 3].T[None, :, None] for k in (0, 3))  # (1, 3, 1, 34)
    values = delta_e_2000(two, one) if swap else delta_e_2000(one, two)
    assert values.shape == (1, 1, 1, 34)
    assert (values.flatten() - table[:, 6]).abs().max() < 5.1e-5


def test_lab_equals_skimage() -> None:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)).double()
    image[0, :, 0] *= 0.04  # the straight part of the curves
    lab = srgb_to_lab(image)[0].permute(1, 2, 0).numpy()
    # scikit-image rounds the constants of the straight part to 7.787 and 0.008856.
    assert np.abs(lab - rgb2lab(as_numpy(image))).max() < 2e-4


@pytest.mark.parametrize("seed", [0, 1])
def test_ciede2000_equals_skimage(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image, target = torch.rand(2, 1, 3, 40, 40, generator=generator).double()
    lab = (rgb2lab(as_numpy(x)) for x in (image, target))
    assert ciede2000(image, target).item() == pytest.approx(deltaE_ciede2000(*lab).mean(), abs=1e-5)


def test_ciede2000_of_greys_is_a_difference_of_lightness() -> None:
    dark, light = torch.full((1, 3, 4, 4), 0.25), torch.full((1, 3, 4, 4), 0.75)
    assert 40 < ciede2000(dark, light).item() < 60


# --- all of them


@settings(deadline=None, max_examples=8, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 3),
    height=st.integers(11, 24),
    width=st.integers(11, 24),
)
def test_shape_identity_symmetry_and_batching(seed, batch, height, width) -> None:
    image, target = noisy_pair(seed, batch, 3, height, width)
    image = image.clamp(0, 1)
    functions = [psnr, ciede2000, *(lambda x, y, p=p: ssim(x, y, protocol=p) for p in PROTOCOLS)]
    for function, best in zip(functions, [math.inf, 0, 1, 1, 1, 1], strict=True):
        values = function(image, target)
        assert values.shape == (batch,)
        assert values.dtype == torch.float64
        assert torch.allclose(function(target, target), torch.full_like(values, best), atol=1e-9)
        assert torch.allclose(values, function(target, image), atol=1e-9)
        one_by_one = [function(image[k : k + 1], target[k : k + 1]) for k in range(batch)]
        assert torch.allclose(values, torch.cat(one_by_one), atol=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_image_is_clamped_as_a_saved_file_would_be(name: str) -> None:
    image, target = noisy_pair(10, 1, 3, 16, 16)
    assert image.max() > 1
    assert METRICS[name](image, target).item() == METRICS[name](image.clamp(0, 1), target).item()


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_any_float_type_comes_back_as_float64(name: str, dtype: torch.dtype) -> None:
    image, target = noisy_pair(11, 1, 3, 16, 16)
    value = METRICS[name](image.to(dtype), target.to(dtype))
    assert value.dtype == torch.float64
    assert value.item() == pytest.approx(METRICS[name](image, target).item(), rel=1e-2)


@pytest.mark.parametrize("name", METRICS)
def test_bad_input_is_named(name: str) -> None:
    function, good = METRICS[name], torch.full((1, 3, 16, 16), 0.5)
    broken = good.clone()
    broken[0, 1, 2, 3] = math.nan
    with pytest.raises(ValueError, match=r"add a batch dimension: image\[None\]"):
        function(good[0], good[0])
    with pytest.raises(
        ValueError, match=r"equal shapes, got \(1, 3, 16, 16\) and \(1, 3, 16, 15\)"
    ):
        function(good, good[..., :15])
    with pytest.raises(ValueError, match="image: 1 of 768 values are NaN"):
        function(broken, good)
    with pytest.raises(ValueError, match="target: 1 of 768 values are NaN"):
        function(good, broken)
    with pytest.raises(
        ValueError, match=r"target: expected values in \[0, 1\].*divide bytes by 255"
    ):
        function(good, 255 * good)
    with pytest.raises(ValueError, match=r"got torch.uint8; divide bytes by 255"):
        function((255 * good).byte(), good)


def test_ssim_of_a_tiny_image_says_what_to_do() -> None:
    tiny = torch.full((1, 3, 10, 40), 0.5)
    message = r'at least 11 x 11 pixels, got 10 x 40; .* protocol="padded"'
    with pytest.raises(ValueError, match=message):
        ssim(tiny, tiny)
    assert ssim(tiny, tiny, protocol="padded").item() == pytest.approx(1)


def test_unknown_protocol_lists_the_known_ones() -> None:
    image = torch.full((1, 3, 16, 16), 0.5)
    with pytest.raises(ValueError, match="valid, padded, luma, downsampled, got 'matlab'"):
        ssim(image, image, protocol="matlab")


def test_luma_and_colour_difference_need_three_channels() -> None:
    grey = torch.full((1, 1, 16, 16), 0.5)
    assert ssim(grey, grey).item() == pytest.approx(1)
    with pytest.raises(ValueError, match=r"expected 3 channel\(s\), got 1"):
        ssim(grey, grey, protocol="luma")
    with pytest.raises(ValueError, match=r"expected 3 channel\(s\), got 1"):
        ciede2000(grey, grey)
