"""A tap is a module by name; a term pulls the student to its target, never the teacher."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from haze_course.distill import (
    FeatureAffinity,
    LinearHint,
    TeacherDistance,
    another_image,
    feature_affinity_loss,
    features_of,
    tapped,
)
from haze_course.distill.hints import unexplained
from haze_course.nets import student, teacher


@pytest.fixture
def clear(generator):
    return torch.rand(2, 3, 16, 16, generator=generator)


def test_taps_collect_by_name_and_are_taken_off_again(clear):
    network = student(seed=0)
    with tapped(network, ["head", "groups.2"]) as taps:
        network(clear)
    assert {name: tuple(x.shape) for name, x in taps.items()} == {
        "head": (2, 16, 16, 16),
        "groups.2": (2, 16, 16, 16),
    }
    taps.clear()
    network(clear)
    assert not taps


def test_an_unknown_tap_says_what_there_is():
    with (
        pytest.raises(ValueError, match=r"no module grups\.2 to tap.*groups\.2"),
        tapped(student(seed=0), ["grups.2"]),
    ):
        pass


def test_a_term_on_outputs_is_the_loss_against_the_teacher(clear):
    network = teacher(seed=0)
    dehazed = clear * 0.5 + 0.4
    value = FeatureAffinity(network, weight=0.3)(clear, dehazed, {}, 0)
    expected = 0.3 * feature_affinity_loss(dehazed, network(clear))
    torch.testing.assert_close(value, expected)


def test_hidden_maps_of_different_width_meet(clear):
    network = student(seed=0)
    term = FeatureAffinity(
        teacher(seed=0), tap="groups.2", teacher_tap="channels.1.expand", normalize="cosine"
    )
    assert term.taps == ["groups.2"]
    with tapped(network, term.taps) as taps:
        dehazed = network(clear)
    assert taps["groups.2"].shape[1] == 16
    term(clear, dehazed, taps, 0).backward()
    assert network.groups[2].body[0].conv1.weight.grad.abs().sum() > 0


def test_without_a_teacher_the_truth_is_the_target(clear):
    term = FeatureAffinity(None, weight=1.0)
    assert term(clear, clear, {}, 0) < 1e-6
    with pytest.raises(ValueError, match="without a teacher"):
        FeatureAffinity(None, teacher_tap="expand")


def test_a_wrong_image_is_a_wrong_target(clear):
    term = FeatureAffinity(None, weight=1.0, feed=another_image)
    assert term(clear, clear, {}, 0) > 0.01
    assert term(clear, another_image(clear), {}, 0) < 1e-6
    with pytest.raises(ValueError, match="at least 2"):
        another_image(clear[:1])


def test_a_weight_may_decay(clear):
    term = FeatureAffinity(None, weight=lambda step: 1.0 / (1 + step))
    first, later = (term(clear, 0.5 * clear, {}, step) for step in (0, 3))
    torch.testing.assert_close(first, 4 * later)


def test_the_teacher_is_frozen_and_the_student_learns(clear):
    network, guide = student(seed=0), teacher(seed=0)
    term = FeatureAffinity(guide)
    assert not guide.training
    assert not any(p.requires_grad for p in guide.parameters())
    term(clear, network(clear), {}, 0).backward()
    assert all(p.grad is None for p in guide.parameters())
    assert network.head.weight.grad.abs().sum() > 0


def test_any_network_from_rgb_to_rgb_will_do(clear):
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 3, 1))
    term = FeatureAffinity(teacher(seed=0), tap="0", teacher_tap=None)
    with tapped(network, term.taps) as taps:
        term(clear, network(clear), taps, 0).backward()
    assert network[0].weight.grad.abs().sum() > 0


EXPANDS = [f"channels.{c}.expand" for c in range(3)]


def test_maps_of_several_modules_stand_side_by_side(clear):
    network = teacher(seed=0)
    together = features_of(network, EXPANDS, clear)
    assert together.shape == (2, 3 * 56, 16, 16)
    assert torch.equal(together[:, 56:112], features_of(network, EXPANDS[1], clear))
    assert torch.equal(features_of(network, None, clear), network(clear))


def test_the_distance_by_the_teacher_is_zero_at_the_truth_and_teaches_through_it(clear):
    network = teacher(seed=0)
    term = TeacherDistance(network, weight=2.0, teacher_tap=EXPANDS)
    assert term(clear, clear, {}, 0) == 0
    dehazed = (0.5 * clear).requires_grad_()
    value = term(clear, dehazed, {}, 0)
    value.backward()
    assert value > 0
    assert dehazed.grad.abs().sum() > 0
    assert all(p.grad is None for p in network.parameters())


def test_a_map_explains_what_is_linear_in_it_and_nothing_else(generator):
    given = torch.randn(2, 5, 8, 8, generator=generator, dtype=torch.float64)
    mixing = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    linear = torch.einsum("dc,bchw->bdhw", mixing, given) + 3
    foreign = torch.randn(2, 7, 8, 8, generator=generator, dtype=torch.float64)
    assert unexplained(given, linear) < 1e-3
    assert 0.85 < unexplained(given, foreign) <= 1  # 5 of 128 dimensions explain by chance
    half = unexplained(given, linear + foreign * linear.std(dim=(0, 2, 3), keepdim=True))
    assert 0.3 < half < 0.7


def test_what_is_unexplained_agrees_with_least_squares(generator):
    given = torch.randn(2, 4, 6, 6, generator=generator, dtype=torch.float64)
    wanted = given[:, :3] ** 2 + given[:, 1:4]
    x, y = (z.transpose(0, 1).flatten(1).T for z in (given, wanted))
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    residual = y - x @ torch.linalg.lstsq(x, y).solution
    expected = residual.square().sum() / y.square().sum()
    torch.testing.assert_close(unexplained(given, wanted), expected, rtol=1e-3, atol=0)


def test_a_hint_reaches_the_layers_below_the_tap_only(clear):
    network = student(seed=0)
    term = LinearHint(teacher(seed=0), tap="groups.1", teacher_tap=EXPANDS)
    with tapped(network, term.taps) as taps:
        dehazed = network(clear)
    term(clear, dehazed, taps, 0).backward()
    assert network.groups[1].body[0].conv1.weight.grad.abs().sum() > 0
    assert network.groups[2].body[0].conv1.weight.grad is None


@pytest.mark.parametrize("factor", [0.5, 1, 2])
@pytest.mark.parametrize("size", [(32, 32), (34, 38), (38, 46)])
def test_a_hint_compares_the_same_places_at_any_size(generator, size, factor):
    coarse = torch.rand(2, 3, size[0] // 2, size[1] // 2, generator=generator)
    seen = F.interpolate(coarse, scale_factor=2 * factor, mode="nearest")
    term = LinearHint(nn.Identity(), tap="groups.1", weight=1.0)
    tap = F.interpolate(coarse, size=size, mode="nearest")
    assert term(seen, seen, {"groups.1": tap}, 0) < 1e-3


def test_a_hint_may_be_fed_another_image(clear):
    term = LinearHint(nn.Identity(), tap="groups.1", weight=1.0, feed=another_image)
    assert term(clear, clear, {"groups.1": another_image(clear)}, 0) < 1e-3
    assert term(clear, clear, {"groups.1": clear}, 0) > 0.1


def test_unexplained_has_the_right_gradient(generator):
    given = torch.randn(1, 2, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    wanted = torch.randn(1, 2, 3, 3, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: unexplained(x, wanted), [given])


def test_a_teacher_follows_the_image_to_its_device():
    elsewhere = torch.empty(2, 3, 16, 16, device="meta")  # any other device stands for a GPU
    assert features_of(nn.Conv2d(3, 5, 1), None, elsewhere).device.type == "meta"


def test_a_window_larger_than_the_map_is_refused(clear):
    term = LinearHint(teacher(seed=0), tap="groups.2", teacher_tap="channels.1.expand", pool=64)
    with pytest.raises(ValueError, match="pool: expected at most 16, the side of a map, got 64"):
        term(clear[..., :16, :16], clear, {"groups.2": torch.rand(len(clear), 16, 16, 16)}, 0)


def test_a_batch_of_clipped_sky_does_not_blow_up_the_distance():
    white = torch.ones(2, 3, 32, 32)
    made = (white - 0.1).requires_grad_()
    value = TeacherDistance(teacher(seed=0), weight=1.0)(white, made, {}, 0)
    (push,) = torch.autograd.grad(value, made)
    assert push.isfinite().all()
