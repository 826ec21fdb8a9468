"""The C x C form is the N x N form, to the last digits that count; and what affinity cannot see."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from haze_course.distill.affinity import affinity, feature_affinity_loss


def _n_by_n(student, teacher, pool, scale, normalize):
    """The definition, with the N x N matrices built."""
    k = teacher.shape[-1] // student.shape[-1]
    s = affinity(F.avg_pool2d(student, pool), normalize=normalize)
    t = affinity(F.avg_pool2d(teacher, k * pool), normalize=normalize)
    places = s.shape[-1]
    difference = s - t
    per_image = difference.flatten(1).norm(dim=1)
    return {
        "rms": (per_image / places).mean(),
        "mse": (per_image.square() / places**2).mean(),
        "released": difference.norm() / places**2,
    }[scale]


@pytest.fixture
def maps(generator):
    def make(channels, teacher_channels, k=2):
        student = torch.rand(2, channels, 16, 24, generator=generator, dtype=torch.float64)
        teacher = torch.rand(
            2, teacher_channels, 16 * k, 24 * k, generator=generator, dtype=torch.float64
        )
        return student.requires_grad_(), teacher

    return make


@pytest.mark.parametrize("normalize", [None, "cosine", "centred"])
@pytest.mark.parametrize("scale", ["rms", "mse", "released"])
@pytest.mark.parametrize("channels", [(3, 3), (16, 168), (8, 3)])
def test_value_and_gradient_equal_the_definition(maps, channels, scale, normalize):
    student, teacher = maps(*channels)
    fast = feature_affinity_loss(student, teacher, pool=4, scale=scale, normalize=normalize)
    slow = _n_by_n(student, teacher, 4, scale, normalize)
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=0)
    (fast_gradient,) = torch.autograd.grad(fast, student)
    (slow_gradient,) = torch.autograd.grad(slow, student)
    torch.testing.assert_close(fast_gradient, slow_gradient, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("scale", ["rms", "mse", "released"])
def test_gradcheck(maps, scale):
    student, teacher = maps(3, 4, k=1)
    small = student.detach()[:, :, :4, :6].clone().requires_grad_()
    target = teacher[:, :, :4, :6]
    assert gradcheck(lambda s: feature_affinity_loss(s, target, pool=2, scale=scale), (small,))


def test_digits_survive_close_to_the_teacher(maps):
    _, teacher = maps(3, 3, k=1)
    for nearness in (1e-2, 1e-4, 1e-6):
        near = teacher + nearness * torch.rand_like(teacher)
        exact = _n_by_n(near, teacher, 4, "rms", None)
        value = feature_affinity_loss(near, teacher, pool=4)
        torch.testing.assert_close(value, exact, rtol=1e-7, atol=0)


@pytest.mark.parametrize("scale", ["rms", "mse", "released"])
def test_equality_has_a_finite_gradient(maps, scale):
    student, _ = maps(3, 3)
    loss = feature_affinity_loss(student, student.detach(), scale=scale)
    loss.backward()
    assert loss < 1e-12
    assert torch.isfinite(student.grad).all()


def test_the_teacher_gets_no_gradient(maps):
    student, teacher = maps(3, 3)
    teacher.requires_grad_()
    feature_affinity_loss(student, teacher).backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


def test_affinity_is_symmetric_positive_and_of_low_rank(maps):
    features, _ = maps(5, 5)
    matrix = affinity(F.avg_pool2d(features, 4))
    torch.testing.assert_close(matrix, matrix.mT)
    eigenvalues = torch.linalg.eigvalsh(matrix)
    assert (eigenvalues > -1e-10).all()
    assert (eigenvalues > 1e-10).sum(dim=1).tolist() == [5, 5]


def test_a_rotation_of_the_channels_goes_unseen(maps, generator):
    student, _ = maps(6, 6)
    noise = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(noise)
    turned = torch.einsum("dc,bchw->bdhw", rotation, student)
    # The P, M form loses half the digits here: S is far from T although their affinities agree.
    assert feature_affinity_loss(student, turned) < 1e-7


def test_a_swap_of_red_and_blue_goes_unseen(maps):
    student, _ = maps(3, 3)
    assert feature_affinity_loss(student, student[:, [2, 1, 0]]) < 1e-7


def test_a_shift_of_one_place_is_seen(maps):
    student, _ = maps(3, 3)
    assert feature_affinity_loss(student, student.roll(4, dims=-1)) > 0.01


def test_released_shrinks_with_the_picture_and_grows_with_the_batch(maps):
    student, teacher = maps(3, 3)
    sizes = (student, student.repeat(1, 1, 2, 2))
    released = [feature_affinity_loss(s, 0.5 * s, scale="released") for s in sizes]
    rms = [feature_affinity_loss(s, 0.5 * s, scale="rms") for s in sizes]
    torch.testing.assert_close(rms[0], rms[1])
    torch.testing.assert_close(released[0], 4 * released[1])
    doubled = feature_affinity_loss(
        student.repeat(2, 1, 1, 1), teacher.repeat(2, 1, 1, 1), scale="released"
    )
    torch.testing.assert_close(
        doubled, 2**0.5 * feature_affinity_loss(student, teacher, scale="released")
    )


def test_autocast_does_not_reach_the_products(maps):
    student, teacher = (x.detach().float() for x in maps(3, 3))
    plain = feature_affinity_loss(student, teacher)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = feature_affinity_loss(student, teacher)
        halved = feature_affinity_loss(student.bfloat16(), teacher)
    assert torch.equal(plain, inside)
    assert halved.dtype == torch.float32
    torch.testing.assert_close(halved, plain, rtol=0.05, atol=0)


def test_a_loss_beyond_float16_is_finite(maps):
    student, teacher = (300 * x.detach() for x in maps(3, 3))
    loss = feature_affinity_loss(student.half(), teacher.half(), scale="mse")
    exact = feature_affinity_loss(student, teacher, scale="mse")
    assert loss > torch.finfo(torch.float16).max
    torch.testing.assert_close(loss.double(), exact, rtol=0.01, atol=0)


@pytest.mark.parametrize(
    ("student", "teacher", "options", "message"),
    [
        ((2, 3, 16, 16), (2, 3, 24, 32), {}, "teacher: expected 2 maps of a whole multiple"),
        ((2, 3, 16, 16), (1, 3, 32, 32), {}, "teacher: expected 2 maps"),
        ((2, 3, 16, 16), (2, 3, 8, 8), {}, "whole multiple"),
        ((2, 3, 16, 16), (2, 3, 16, 16), {"pool": 17}, "pool: expected 1 to 16"),
        ((2, 3, 16, 16), (2, 3, 16, 16), {"scale": "mean"}, "scale: expected one of rms"),
        ((2, 3, 16, 16), (2, 3, 16, 16), {"normalize": "l1"}, "normalize: expected one of None"),
        ((3, 16, 16), (2, 3, 16, 16), {}, "student: expected"),
    ],
)
def test_maps_that_cannot_meet_are_refused(student, teacher, options, message):
    with pytest.raises(ValueError, match=message):
        feature_affinity_loss(torch.rand(student), torch.rand(teacher), **options)


def test_centred_columns_are_blind_to_what_all_places_share(generator):
    student = torch.rand(2, 5, 8, 8, generator=generator, dtype=torch.float64)
    teacher = torch.rand(2, 5, 8, 8, generator=generator, dtype=torch.float64)
    shift = 10 * torch.rand(1, 5, 1, 1, generator=generator, dtype=torch.float64)
    loss = feature_affinity_loss(student, teacher, pool=2, normalize="centred")
    moved = feature_affinity_loss(student + shift, 3 * teacher - shift, pool=2, normalize="centred")
    torch.testing.assert_close(moved, loss)
    same = feature_affinity_loss(student + shift, teacher + shift, pool=2, normalize="cosine")
    assert (
        same < 0.01 < loss
    )  # bright everywhere: all cosines are nearly 1, nothing is left to learn
