"""Whatever the shape, the range and the type: facts that hold for every input."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import haze_course as hc
from haze_course.distill.affinity import feature_affinity_loss
from haze_course.nets.ffa import FFANet
from haze_course.nets.fsrcnn import SuperResolutionTeacher
from haze_course.physics import priors

SIDES = st.integers(1, 24)
TYPES = st.sampled_from([torch.float32, torch.float64])
SEEDS = st.integers(0, 2**31 - 1)
few = settings(max_examples=40, deadline=None)


def random_image(
    seed: int, height: int, width: int, dtype: torch.dtype = torch.float32, channels: int = 3
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, height, width, generator=generator, dtype=dtype)


@few
@given(seed=SEEDS, height=SIDES, width=SIDES, dtype=TYPES, low=st.floats(0.01, 1))
def test_haze_is_undone_and_stays_between_scene_and_airlight(
    seed: int, height: int, width: int, dtype: torch.dtype, low: float
) -> None:
    clear = random_image(seed, height, width, dtype)
    transmission = low + (1 - low) * random_image(seed + 1, height, width, dtype, channels=1)
    airlight = random_image(seed + 2, 1, 1, dtype)[..., 0, 0]
    hazy = hc.physics.add_haze(clear, transmission, airlight)
    wall = airlight[..., None, None].expand_as(clear)
    slack = 1e-6
    assert (hazy >= torch.minimum(clear, wall) - slack).all()
    assert (hazy <= torch.maximum(clear, wall) + slack).all()
    back = hc.physics.remove_haze(hazy, transmission, airlight, floor=low)
    assert torch.allclose(back, clear, atol=2e-6 / low)


@few
@given(seed=SEEDS, height=SIDES, width=SIDES, patch=st.integers(0, 6).map(lambda k: 2 * k + 1))
def test_the_dark_channel_is_an_erosion(seed: int, height: int, width: int, patch: int) -> None:
    """Below the picture, monotone, and a window within a window is one larger window."""
    image, other = random_image(seed, height, width), random_image(seed + 1, height, width)
    dark = priors.dark_channel(image, patch=patch)
    assert (dark <= image.amin(dim=1, keepdim=True)).all()
    both = priors.dark_channel(torch.minimum(image, other), patch=patch)
    assert (both <= dark).all()
    twice = priors.dark_channel(dark.expand(1, 3, -1, -1), patch=patch)
    assert torch.equal(twice, priors.dark_channel(image, patch=2 * patch - 1))


@few
@given(seed=SEEDS, height=st.integers(7, 30), width=st.integers(7, 30), dtype=TYPES)
def test_metrics_know_equality_and_order(
    seed: int, height: int, width: int, dtype: torch.dtype
) -> None:
    image = random_image(seed, height, width, dtype)
    noise = 0.1 * (random_image(seed + 1, height, width, dtype) - 0.5)
    near, far = (0.1 + 0.8 * image + scale * noise for scale in (0.5, 1.0))
    truth = 0.1 + 0.8 * image
    psnr = hc.quality.psnr
    assert psnr(near, truth) > psnr(far, truth)
    assert torch.isclose(psnr(near, truth), psnr(truth, near))
    assert torch.isinf(psnr(truth, truth)).all()
    if min(height, width) >= 11:
        similar = hc.quality.ssim(near, truth)
        assert torch.isclose(hc.quality.ssim(truth, truth), torch.ones(1, dtype=similar.dtype))
        assert (-1 <= similar).all()  # noqa: SIM300
        assert (similar <= 1 + 1e-9).all()


NETWORK = FFANet(width=8, groups=2, blocks=1).eval()
TEACHER = SuperResolutionTeacher().eval()


@few
@given(seed=SEEDS, batch=st.integers(1, 3), height=SIDES, width=SIDES, dtype=TYPES)
def test_networks_take_any_size_and_treat_images_alone(
    seed: int, batch: int, height: int, width: int, dtype: torch.dtype
) -> None:
    images = torch.cat([random_image(seed + k, height, width, dtype) for k in range(batch)])
    network, teacher = NETWORK.to(dtype), TEACHER.to(dtype)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(image[None]) for image in images])
        assert together.shape == images.shape
        assert together.dtype == dtype
        assert torch.allclose(together, alone, atol=1e-5)
        assert teacher(images).shape == (batch, 3, 2 * height, 2 * width)


@few
@given(
    seed=SEEDS,
    own=st.integers(1, 6),
    theirs=st.integers(1, 6),
    side=st.integers(2, 5),
    scale=st.sampled_from(["rms", "mse", "released"]),
    normalize=st.sampled_from([None, "cosine", "centred"]),
)
def test_affinity_sees_relations_only(
    seed: int, own: int, theirs: int, side: int, scale: str, normalize: str | None
) -> None:
    """Never negative, symmetric, zero at equality, blind to a rotation of the channels."""
    double = torch.float64
    s = random_image(seed, 4 * side, 4 * side, double, channels=own) - 0.5
    t = random_image(seed + 1, 4 * side, 4 * side, double, channels=theirs) - 0.5

    def loss(x: torch.Tensor, y: torch.Tensor) -> float:
        return feature_affinity_loss(x, y, scale=scale, normalize=normalize).item()  # type: ignore[arg-type]

    assert loss(s, t) >= 0
    assert abs(loss(s, t) - loss(t, s)) < 1e-9
    assert loss(s, s) < 1e-9
    turn, _ = torch.linalg.qr(random_image(seed + 2, own, own, double, channels=1)[0, 0])
    turned = torch.einsum("cd,bdhw->bchw", turn, s)
    assert abs(loss(turned, t) - loss(s, t)) < 1e-6
    assert loss(turned, s) < 1e-6
