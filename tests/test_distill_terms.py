"""A tap is a module by name; a term pulls the student to its target, never the teacher."""

import pytest
import torch
from torch import nn

from haze_course.distill import FeatureAffinity, another_image, feature_affinity_loss, tapped
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
