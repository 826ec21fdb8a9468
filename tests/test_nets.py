"""The networks have the published sizes, keep shapes, and start where their docstrings say."""

import pickle

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from haze_course.nets import (
    ChannelAttention,
    FFANet,
    PixelAttention,
    SuperResolutionTeacher,
    WeightsError,
    count_macs,
    count_parameters,
    ffa_net,
    half_student,
    load_pretrained,
    read_card,
    save_pretrained,
    student,
    teacher,
)


def test_the_published_counts():
    assert count_parameters(student()) == 96_007
    assert count_parameters(ffa_net()) == 4_455_913
    assert count_parameters(half_student()) == 84_331 <= count_parameters(student())
    assert count_parameters(SuperResolutionTeacher()) == 26_451
    assert {count_parameters(net) for net in SuperResolutionTeacher().channels} == {8_817}


def test_multiply_adds_are_counted_without_being_done():
    convolution = torch.nn.Conv2d(3, 5, 3, padding=1)
    assert count_macs(convolution, 8, 10) == 5 * 3 * 9 * 8 * 10
    assert count_macs(student()) == pytest.approx(6.14e9, rel=0.001)  # arXiv:2207.11250's slim net
    assert count_macs(ffa_net()) == pytest.approx(287.3e9, rel=0.001)
    assert count_macs(student(), 512, 512) == pytest.approx(4 * count_macs(student()), rel=0.001)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (13, 8), (33, 47)])
def test_any_size_goes_through(generator, size):
    hazy = torch.rand(2, 3, *size, generator=generator)
    with torch.no_grad():
        assert student(seed=0)(hazy).shape == hazy.shape
        assert half_student(seed=0)(hazy).shape == hazy.shape
        assert teacher(seed=0)(hazy).shape == (2, 3, 2 * size[0], 2 * size[1])


def test_half_the_resolution_costs_less_than_a_quarter_and_loses_no_pixel(generator):
    """2 x 2 pixels fold into channels: every one of them still counts, at its own place."""
    assert count_macs(student()) / count_macs(half_student()) > 4
    network = half_student(seed=0)
    hazy = torch.rand(1, 3, 10, 12, generator=generator, requires_grad=True)
    change = network(hazy) - hazy.detach()
    (gradient,) = torch.autograd.grad(change.square().sum(), hazy)
    assert (gradient != 0).all()


def test_a_seed_decides_the_start_and_disturbs_nobody():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = student(seed=1), student(seed=1), student(seed=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_the_ways_round_slow_operations_change_no_value(generator):
    x = torch.rand(2, 16, 6, 5, generator=generator).to(memory_format=torch.channels_last)
    seen = x.double().requires_grad_()
    mean = ChannelAttention(16, 2).gate[0](seen)
    torch.testing.assert_close(mean, F.adaptive_avg_pool2d(x.double(), 1))
    (gradient,) = torch.autograd.grad(mean[0, 3].sum(), seen)
    expected = torch.zeros_like(seen)
    expected[0, 3] = 1 / 30
    torch.testing.assert_close(gradient, expected)
    assert gradient.is_contiguous(memory_format=torch.channels_last)

    attention = PixelAttention(16, 2).bfloat16()
    half = x.bfloat16()
    assert torch.equal(attention(half), half * attention.gate(half))


def test_a_student_whose_tail_is_zero_hands_the_picture_through(generator):
    network = student(seed=0)
    torch.nn.init.zeros_(network.tail[1].weight)
    torch.nn.init.zeros_(network.tail[1].bias)
    hazy = torch.rand(1, 3, 16, 16, generator=generator)
    assert torch.equal(network(hazy), hazy)


def test_every_parameter_of_the_student_learns(generator):
    network = student(seed=0)
    network(torch.rand(1, 3, 24, 24, generator=generator)).square().mean().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None]
    assert not silent


def test_the_teacher_starts_at_bicubic_interpolation(generator):
    image = torch.rand(1, 3, 24, 30, generator=generator)
    network = teacher(seed=0)
    bicubic = F.interpolate(image, scale_factor=2, mode="bicubic", antialias=True)  # a = -1/2
    inside = (..., slice(6, -6), slice(6, -6))
    torch.testing.assert_close(network(image)[inside], bicubic[inside], atol=1e-6, rtol=0)


def test_the_teachers_silent_paths_learn_from_the_first_step(generator):
    network = teacher(seed=0)
    network(torch.rand(1, 3, 12, 12, generator=generator)).square().mean().backward()
    for net in network.channels:
        assert (net.upsample.weight.grad[1:].abs().amax(dim=(1, 2, 3)) > 0).float().mean() > 0.5


def test_the_teacher_keeps_a_flat_picture_flat_to_its_edge():
    network = teacher(seed=0)
    flat = torch.full((1, 3, 9, 9), 0.5)
    torch.testing.assert_close(network(flat), torch.full((1, 3, 18, 18), 0.5))


def test_the_teacher_treats_its_channels_apart(generator):
    image = torch.rand(1, 3, 12, 12, generator=generator)
    other = image.clone()
    other[:, 2] = 0
    network = teacher(seed=0)
    assert torch.equal(network(image)[:, :2], network(other)[:, :2])


def test_weights_go_round(tmp_path, generator):
    network, path = student(seed=3), tmp_path / "s.safetensors"
    save_pretrained(network, path, {"steps": 5})
    again = load_pretrained(path)
    hazy = torch.rand(1, 3, 8, 8, generator=generator)
    assert not again.training
    assert torch.equal(again(hazy), network(hazy))
    assert read_card(path) == {
        "architecture": "FFANet",
        "settings": {"width": 16, "groups": 3, "blocks": 6},
        "steps": 5,
    }


def test_half_precision_weights_go_round(tmp_path):
    network = FFANet(width=8, groups=2, blocks=1).bfloat16()
    save_pretrained(network, tmp_path / "s.safetensors")
    again = load_pretrained(tmp_path / "s.safetensors").bfloat16()
    for key, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


@pytest.mark.parametrize("settings", [None, "{}", '{"width": 16, "colour": 3}', "{"])
def test_settings_that_make_no_network_are_refused_by_name(tmp_path, settings):
    path = _saved(tmp_path)
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    header = {key: value for key, value in header.items() if key != "settings"}
    save_file(
        student(seed=0).state_dict(),
        path,
        metadata=header | ({"settings": settings} if settings else {}),
    )
    with pytest.raises(WeightsError, match=r"s\.safetensors: not the weights of FFANet"):
        load_pretrained(path)


@pytest.mark.parametrize("make", [student, teacher])
def test_without_a_seed_two_networks_differ_and_with_one_nothing_else_is_drawn(make):
    both = [list(make().state_dict().values()) for _ in range(2)]
    assert not all(torch.equal(a, b) for a, b in zip(*both, strict=True))
    before = torch.get_rng_state()
    make(seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_width_is_rebuilt_from_the_file(tmp_path):
    save_pretrained(FFANet(width=8, groups=2, blocks=1), tmp_path / "s.safetensors")
    assert load_pretrained(tmp_path / "s.safetensors").settings["width"] == 8


def _saved(tmp_path):
    path = tmp_path / "s.safetensors"
    save_pretrained(student(seed=0), path)
    return path


def test_a_changed_tensor_is_noticed(tmp_path):
    path = _saved(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"s\.safetensors: its tensors do not match the hash"):
        load_pretrained(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = _saved(tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"s\.safetensors: expected a complete"):
        load_pretrained(path)


def test_a_pickle_is_refused_unread(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('executed')",))

    for name in ("evil.pth", "evil.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(WeightsError, match=name):
            load_pretrained(tmp_path / name)


def test_an_unknown_architecture_is_named(tmp_path):
    class Other(FFANet):
        pass

    with pytest.raises(
        WeightsError, match=r"expected one of FFANet, SuperResolutionTeacher.*Other"
    ):
        save_pretrained(Other(width=8, groups=1, blocks=1), tmp_path / "o.safetensors")


def test_a_name_may_shout_and_another_ending_is_refused(tmp_path):
    network = FFANet(width=8, groups=1, blocks=1)
    save_pretrained(network, tmp_path / "X.SAFETENSORS")
    load_pretrained(tmp_path / "X.SAFETENSORS")
    with pytest.raises(WeightsError, match=r"x\.pt: expected a name ending in \.safetensors"):
        save_pretrained(network, tmp_path / "x.pt")


def test_an_unknown_name_lists_what_fits():
    with pytest.raises(FileNotFoundError, match="neither a shipped checkpoint"):
        load_pretrained("studnet")


@pytest.mark.parametrize("network", [student(seed=0), teacher(seed=0)], ids=["student", "teacher"])
def test_wrong_pictures_are_refused(network):
    with pytest.raises(ValueError, match="expected 3 channel"):
        network(torch.zeros(1, 1, 8, 8))


def test_a_damaged_card_is_named(tmp_path):
    path = _saved(tmp_path)
    with safe_open(path, framework="pt") as file:
        header, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata=header | {"card": "{half"})
    with pytest.raises(WeightsError, match=f"{path.name}: its card is damaged"):
        read_card(path)
