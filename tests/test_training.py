"""Training learns, repeats itself bit for bit, and survives being stopped."""

import copy
import json
import math
from functools import partial
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import haze_course as hc
from haze_course.data.crops import CropSettings, HazyCrops
from haze_course.data.haze import HazeSettings
from haze_course.distill import FeatureAffinity, another_image
from haze_course.nets import FFANet, teacher
from haze_course.training import (
    History,
    StateError,
    TrainConfig,
    TrainingError,
    enlarge,
    gradient_ratio,
    rates_by_fan_in,
    shrink,
    super_resolution_psnr,
    train,
    train_student,
    train_teacher,
)
from haze_course.training.identity import words_of
from haze_course.training.rates import learning_rate
from haze_course.training.recipes import fit_student
from haze_course.training.state import save_state

CUT = CropSettings(batch=4, size=16, large=24, large_share=0.3)


def _config(**changes):
    settings = {
        "steps": 12,
        "warmup": 2,
        "validate_every": 4,
        "checkpoint_every": 3,
        "precision": "float32",
        "progress": False,
    }
    return TrainConfig(**(settings | changes))


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pictures():
    return hc.data.photos("train")[:3]


@pytest.fixture(scope="module")
def pairs():
    photo = hc.data.photos("validation")[0]
    return [hc.data.Pair(photo.name, photo, 1.0, (0.9, 0.9, 0.9))]


def _tiny():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FFANet(width=8, groups=1, blocks=1)


def _weights(network):
    return torch.cat([p.flatten() for p in network.parameters()])


# The loop on a problem with a known answer: y = 2 x.


def _line(step):
    x = torch.randn(8, 1, generator=torch.Generator().manual_seed(step))
    return x, 2 * x


def _squared(network, batch, _step):
    x, y = batch
    return (network(x) - y).square().mean(), {}


def _closeness(network):
    return -abs(network.weight.item() - 2)


def test_the_loop_finds_a_known_answer():
    network = nn.Linear(1, 1, bias=False)
    config = _config(steps=300, learning_rate=0.05)
    history = train(network, _line, _squared, _closeness, config)
    assert network.weight.item() == pytest.approx(2, abs=0.01)
    assert len(history.loss) == 300
    assert history.best[1] == max(score for _, score in history.validation)
    assert not network.training


def test_the_best_weights_are_kept_not_the_last():
    network = nn.Linear(1, 1, bias=False)
    seen = []

    def validate(net):
        seen.append(net.weight.item())
        return [1.0, 5.0, 2.0][len(seen) - 1]

    history = train(network, _line, _squared, validate, _config())
    assert history.best == (8, 5.0)
    assert network.weight.item() == seen[1]


def test_the_rate_rises_then_falls_to_zero():
    config = TrainConfig(steps=100, warmup=10, learning_rate=0.01)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.001)
    assert max(rates) == pytest.approx(rates[10]) == pytest.approx(0.01)
    assert rates[55] == pytest.approx(0.005)
    assert rates[100] == pytest.approx(0)
    assert all(a > b for a, b in pairwise(rates[10:]))


def test_a_constant_rate_rises_and_stays():
    config = TrainConfig(steps=100, warmup=10, learning_rate=0.01, schedule="constant")
    assert learning_rate(0, config) == pytest.approx(0.001)
    assert {learning_rate(step, config) for step in range(10, 100)} == {0.01}


def test_a_training_in_float16_scales_its_loss_and_resumes_the_scale(tmp_path):
    def fit(folder, loss=_squared):
        torch.manual_seed(0)
        network = nn.Linear(1, 1)
        config = _config(steps=40, precision="float16", learning_rate=0.01, device="cpu")
        return train(network, _line, loss, _closeness, config, folder=folder), _weights(network)

    whole, weights = fit(tmp_path / "whole")
    assert whole.loss[-1] < whole.loss[0]
    with safe_open(tmp_path / "whole" / "state.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["state"])["scaler"]["scale"] > 1
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "parted", _stop_at(20))
    parted, same = fit(tmp_path / "parted")
    assert parted == whole
    assert torch.equal(weights, same)


def _at_the_tip(net, batch, _step):  # the root of 0 has a value, and no slope
    return (0 * net(batch[0])).abs().sqrt().sum(), {}


def test_float16_without_a_finite_gradient_stops_instead_of_training_nothing():
    config = _config(steps=40, precision="float16", device="cpu")
    with pytest.raises(TrainingError, match=r"step 29: no gradient.*take bfloat16 or float32"):
        train(nn.Linear(1, 1), _line, _at_the_tip, _closeness, config)


def _stored(state):
    with safe_open(state, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["state"])


def test_a_state_from_before_a_setting_existed_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(nn.Linear(1, 1), _line, _stop_at(4), _closeness, _config(), folder=tmp_path)
    state = tmp_path / "state.safetensors"
    tensors, header = _stored(state)
    young = ("schedule", "groups", *(key for key in header["config"] if key[:10] == "optimizer "))
    assert "optimizer weight_decay" in young
    for name in young:
        del header["config"][name]
    del header["scaler"]
    save_file(tensors, state, metadata={"state": json.dumps(header)})
    history = train(nn.Linear(1, 1), _line, _squared, _closeness, _config(), folder=tmp_path)
    assert len(history.loss) == 12
    with pytest.raises(StateError, match=r"other settings \(schedule\)"):
        train(nn.Linear(1, 1), _line, _squared, _closeness, _config(schedule="constant"),
              folder=tmp_path)  # fmt: skip


def _logged(network, batch, step):
    parts = {"ratio": 0.1 * step, **({"other": 1 / 3} if step % 2 else {})}
    return _squared(network, batch, step)[0], parts if step % 3 else {}


def _stop_logged_at(step):
    def loss(network, batch, now):
        return (_stop_at(step) if now == step else _logged)(network, batch, now)

    return loss


@pytest.mark.parametrize("younger", [True, False])
def test_a_history_is_stored_as_numbers_and_was_stored_as_words(tmp_path, younger):
    def fit(loss, folder):
        torch.manual_seed(0)
        return train(nn.Linear(1, 1), _line, loss, _closeness, _config(), folder=folder)

    whole = fit(_logged, tmp_path / "whole")
    assert len(whole.parts) == 8
    with pytest.raises(KeyboardInterrupt):
        fit(_stop_logged_at(7), tmp_path)
    state = tmp_path / "state.safetensors"
    tensors, header = _stored(state)
    assert tensors["history.loss"].tolist() == whole.loss[:6]
    assert not {"loss", "parts"} & header["history"].keys()
    if not younger:  # all in the header
        tensors = {key: value for key, value in tensors.items() if key[:8] != "history."}
        header["history"] |= {"loss": whole.loss[:6], "parts": whole.parts[:4]}
        save_file(tensors, state, metadata={"state": json.dumps(header)})
    assert fit(_logged, tmp_path) == whole


def test_a_state_that_cannot_be_stored_is_named(tmp_path):
    network, state = nn.Linear(1, 1), tmp_path / "state.safetensors"
    optimizer = torch.optim.Adam(network.parameters())
    header = {"about": "x" * 101_000_000, "history": {"loss": [], "parts": []}}
    with pytest.raises(StateError, match=r"state\.safetensors: .*header too large"):
        save_state(state, network, optimizer, {}, header)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    def broken(network, batch, step):
        value, parts = _squared(network, batch, step)
        return value * (math.nan if step == 7 else 1), parts

    with pytest.raises(TrainingError, match=r"step 7: the loss is nan.*last good state is"):
        train(nn.Linear(1, 1), _line, broken, lambda net: 0.0, _config(), folder=tmp_path)


def _stop_at(step):
    def loss(network, batch, now):
        if now == step:
            raise KeyboardInterrupt
        return _squared(network, batch, now)

    return loss


def test_a_gradient_that_is_no_number_never_reaches_the_weights():
    network = nn.Linear(1, 1, bias=False)
    before = network.weight.item()
    with pytest.raises(TrainingError, match="step 0: the norm of the gradient is nan; try a lower"):
        train(network, _line, _at_the_tip, _closeness, _config())
    assert network.weight.item() == before


def test_what_stumbles_over_broken_weights_is_a_failed_training():
    network = nn.Linear(1, 1, bias=False)

    def strict(net):
        net.weight.data.fill_(math.nan)
        raise ValueError("image: 1 of 1 values are NaN")

    with pytest.raises(TrainingError, match="step 3: weights are no longer finite"):
        train(network, _line, _squared, strict, _config())

    def wrong(_net):
        raise ValueError("pairs: none")

    with pytest.raises(ValueError, match="pairs: none") as caught:
        train(nn.Linear(1, 1), _line, _squared, wrong, _config())
    assert not isinstance(caught.value, TrainingError)


def test_only_what_is_trained_counts_for_the_clip():
    first, last = nn.Linear(1, 4), nn.Linear(4, 1)
    network, steps = nn.Sequential(first, last), []
    start = copy.deepcopy(network)
    for trains_first in (False, True):
        again = copy.deepcopy(start)
        again[0].requires_grad_(requires_grad=trains_first)
        config = _config(learning_rate=0.1, warmup=1, clip=0.1, schedule="constant")
        chosen = {"groups": [{"params": list(again[1].parameters())}]}
        chosen |= {"optimizer": torch.optim.SGD}
        train(again, _line, _squared, lambda _: 0.0, config, **chosen)
        steps.append(_weights(again) - _weights(start))
    torch.testing.assert_close(steps[0], steps[1])
    assert steps[0][8:].abs().min() > 0


def test_parameters_outside_the_network_are_refused():
    network, beside = nn.Linear(1, 1), nn.Linear(1, 1)
    groups = [{"params": [*network.parameters(), *beside.parameters()]}]
    message = "groups: .*neither stored nor shared; put them into the network"
    with pytest.raises(ValueError, match=message):
        train(network, _line, _squared, _closeness, _config(), groups=groups)


def _two(factor=1.0, *, swap=False):
    """A network and its groups; the layers are of one shape, and may change places."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    layers = list(network)[:: -1 if swap else 1]
    groups = [{"params": list(layer.parameters()), "factor": factor} for layer in layers]
    return network, groups


def _score(_network):
    return 0.0


@pytest.mark.parametrize(
    ("changed", "other"),
    [
        ("optimizer momentum", {"optimizer": partial(torch.optim.SGD, momentum=0.5)}),
        ("optimizer weight_decay", {"optimizer": partial(torch.optim.SGD, weight_decay=0.1)}),
        ("groups", {"factor": 0.5}),
        ("groups", {"swap": True}),
    ],
)
def test_a_state_of_another_optimizer_is_refused(tmp_path, changed, other):
    def fit(optimizer=torch.optim.SGD, **made):
        network, groups = _two(**made)
        settings = {"groups": groups, "optimizer": optimizer, "folder": tmp_path}
        return train(network, _line, _squared, _score, _config(), **settings)

    assert fit() == fit()
    with pytest.raises(StateError, match=rf"other settings \({changed}\)"):
        fit(**other)


def test_parameters_in_another_order_are_another_training(tmp_path):
    def fit(order):
        network = nn.Linear(3, 1)  # the moments of the weight would meet the bias
        groups = [{"params": list(network.parameters())[::order]}]
        draw = [(torch.ones(2, 3), torch.ones(2, 1))] * 20
        with pytest.raises(KeyboardInterrupt):
            train(network, draw.__getitem__, _stop_at(8), _score, _config(), groups=groups,
                  folder=tmp_path)  # fmt: skip

    fit(1)
    with pytest.raises(StateError, match=r"other settings \(groups\)"):
        fit(-1)


@pytest.mark.parametrize("stop", [1, 3, 7, 11])
def test_a_stopped_training_ends_like_one_that_was_not(tmp_path, stop):
    def fresh():
        torch.manual_seed(0)
        return nn.Linear(1, 1)

    def validate(net):
        return _closeness(net)

    whole, parted = fresh(), fresh()
    expected = train(whole, _line, _squared, validate, _config())
    with pytest.raises(KeyboardInterrupt):
        train(parted, _line, _stop_at(stop), validate, _config(), folder=tmp_path)
    history = train(fresh(), _line, _squared, validate, _config(), folder=tmp_path)
    resumed = fresh()
    train(resumed, _line, _squared, validate, _config(), folder=tmp_path)  # done: only loads
    assert history == expected
    assert torch.equal(_weights(resumed), _weights(whole))


def test_a_state_of_other_settings_is_refused(tmp_path):
    train(nn.Linear(1, 1), _line, _squared, lambda net: 0.0, _config(), folder=tmp_path)
    with pytest.raises(StateError, match=r"state\.safetensors: .*other settings \(seed\)"):
        train(nn.Linear(1, 1), _line, _squared, lambda net: 0.0, _config(seed=5), folder=tmp_path)
    with pytest.raises(StateError, match="the state of another network"):
        train(nn.Linear(2, 1), _line, _squared, lambda net: 0.0, _config(), folder=tmp_path)


def test_a_refused_state_leaves_the_network_alone(tmp_path):
    train(nn.Linear(1, 1, bias=False), _line, _squared, _closeness, _config(), folder=tmp_path)
    network = nn.Linear(1, 1, bias=False)
    before = network.weight.item()
    other = {"optimizer": torch.optim.SGD, "folder": tmp_path}
    with pytest.raises(StateError, match="optimizer"):
        train(network, _line, _squared, _closeness, _config(), **other)
    assert network.weight.item() == before


def test_what_a_state_was_told_is_compared_as_it_is_stored(tmp_path):
    for _ in range(2):
        network = nn.Linear(1, 1, bias=False)
        about = {"size": (64, 64)}
        train(network, _line, _squared, _closeness, _config(), folder=tmp_path, about=about)


def test_what_a_state_was_told_must_be_told_again(tmp_path):
    def call(**about):
        train(
            nn.Linear(1, 1),
            _line,
            _squared,
            lambda net: 0.0,
            _config(),
            folder=tmp_path,
            about=about,
        )

    call(error="mse_loss")
    call(error="mse_loss")
    for other in ({}, {"error": "l1_loss"}):
        with pytest.raises(StateError, match=r"other settings \(error\)"):
            call(**other)


@pytest.mark.parametrize(
    ("changed", "other"),
    [
        ("error", {"error": F.l1_loss}),
        ("haze", {"haze": HazeSettings(cast=0)}),
        ("cut", {"cut": CropSettings(batch=4, size=16, large=32)}),
        ("terms", {"terms": [FeatureAffinity(None, weight=0.3)]}),
        ("pictures", {"other pictures": True}),
    ],
)
def test_a_student_resumes_its_own_recipe_alone(pictures, pairs, tmp_path, changed, other):
    config, own = _config(steps=2, validate_every=2), {"cut": CUT}
    train_student(_tiny(), pictures, pairs, config, folder=tmp_path, **own)
    seen = pictures[::-1] if other.pop("other pictures", False) else pictures
    with pytest.raises(StateError, match=rf"other settings \({changed}\)"):
        train_student(_tiny(), seen, pairs, config, folder=tmp_path, **(own | other))


@pytest.mark.parametrize(
    "other",
    [{"teacher": nn.Conv2d(3, 3, 1)}, {"pool": 2}, {"scale": "mse"}, {"feed": another_image}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_student_resumes_with_its_own_teacher_alone(pictures, pairs, tmp_path, other):
    config, own = _config(steps=2, validate_every=2), {"teacher": nn.Conv2d(3, 3, 1), "pool": 4}

    def call(settings):
        term = FeatureAffinity(**settings)
        train_student(_tiny(), pictures, pairs, config, cut=CUT, terms=[term], folder=tmp_path)

    call(own)
    call(own | {"teacher": copy.deepcopy(own["teacher"])})
    with pytest.raises(StateError, match=r"other settings \(terms\)"):
        call(own | other)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (partial(F.smooth_l1_loss, beta=0.1), partial(F.smooth_l1_loss, beta=0.2)),
        (lambda a, b: (a - b).abs().mean(), lambda a, b: ((a - b).abs() ** 4).mean()),
        (nn.MSELoss(), nn.L1Loss()),
        (nn.SmoothL1Loss(beta=0.1), nn.SmoothL1Loss(beta=0.2)),
    ],
)
def test_an_error_without_a_name_is_told_apart_and_known_again(
    pictures, pairs, tmp_path, own, other
):
    def fit(error):
        settings = {"cut": CUT, "error": error, "folder": tmp_path}
        return train_student(_tiny(), pictures, pairs, _config(steps=4), **settings)

    assert fit(own) == fit(copy.deepcopy(own))
    with pytest.raises(StateError, match="error"):
        fit(other)


class _Scaled(nn.Module):
    def forward(self, a, b):
        return (a - b).square().mean()


def _by(inner, a, b, *, by=None):
    return inner(a, b) + (by(a, b) if by else 0)


def test_what_a_function_is_given_is_told_without_its_address():
    nested = [partial(_by, partial(_by, _squared), by=_Scaled()) for _ in range(2)]
    one, other = map(words_of, nested)
    assert one == other
    assert "0x" not in one
    assert one != words_of(partial(_by, partial(_by, _line), by=_Scaled()))
    assert one != words_of(partial(_by, partial(_by, _squared), by=nn.L1Loss()))
    assert words_of(partial(_by, a=1, b=2)) == words_of(partial(_by, b=2, a=1))
    assert words_of(partial(F.smooth_l1_loss, beta=0.1)) == "smooth_l1_loss () {'beta': 0.1}"


def test_a_student_and_a_teacher_resume_on_their_own_validation_alone(pictures, pairs, tmp_path):
    config, photo = _config(steps=2, validate_every=2), hc.data.photos("validation")[1]
    other = [hc.data.Pair(photo.name, photo, 1.0, (0.9, 0.9, 0.9))]
    train_student(_tiny(), pictures, pairs, config, cut=CUT, folder=tmp_path / "s")
    with pytest.raises(StateError, match=r"other settings \(validation\)"):
        train_student(_tiny(), pictures, other, config, cut=CUT, folder=tmp_path / "s")
    train_teacher(teacher(seed=0), pictures, [pictures[0]], config, cut=CUT, folder=tmp_path / "t")
    with pytest.raises(StateError, match=r"other settings \(validation\)"):
        train_teacher(teacher(seed=0), pictures, [photo], config, cut=CUT, folder=tmp_path / "t")


def test_a_training_without_validation_is_refused_before_its_first_step(pictures):
    def never(_step):
        raise AssertionError

    with pytest.raises(ValueError, match="validation: expected at least one picture, got none"):
        fit_student(_tiny(), never, [], _config())
    with pytest.raises(ValueError, match="validation: expected at least one picture, got none"):
        train_teacher(teacher(seed=0), pictures, [], _config(), cut=CUT)


def test_a_weight_that_decays_otherwise_is_another_training(pictures, pairs, tmp_path):
    def fit(steps):
        term = FeatureAffinity(None, weight=lambda step: 0.1 * max(1 - step / steps, 0))
        settings = {"terms": [term], "cut": CUT, "folder": tmp_path}
        return train_student(_tiny(), pictures, pairs, _config(steps=4), **settings)

    assert fit(4) == fit(4)
    with pytest.raises(StateError, match="terms"):
        fit(2)


def test_a_damaged_state_is_named(tmp_path):
    (tmp_path / "state.safetensors").write_bytes(b"half")
    with pytest.raises(StateError, match=r"state\.safetensors: .*delete it to start anew"):
        train(nn.Linear(1, 1), _line, _squared, lambda net: 0.0, _config(), folder=tmp_path)


# The recipes, small.


def test_batches_depend_on_seed_and_step_alone(pictures):
    one, same, other = (HazyCrops(pictures, seed=seed, cut=CUT) for seed in (0, 0, 1))
    later = one(5)
    one(6)
    assert torch.equal(one(5).hazy, later.hazy)
    assert torch.equal(same(5).hazy, later.hazy)
    assert not torch.equal(one(6).hazy, later.hazy)
    assert not torch.equal(other(5).hazy, later.hazy)


def test_crops_come_in_two_sizes_of_like_area(pictures):
    crops = HazyCrops(pictures, cut=CUT)
    shapes = {tuple(crops(step).hazy.shape) for step in range(40)}
    assert shapes == {(4, 3, 16, 16), (2, 3, 24, 24)}


def test_a_student_learns_and_repeats_itself(pictures, pairs):
    runs = []
    for _ in range(2):
        network = _tiny()
        config = _config(steps=30, learning_rate=3e-3)
        runs.append((train_student(network, pictures, pairs, config, cut=CUT), _weights(network)))
    (history, weights), (again, same) = runs
    assert sum(history.loss[-10:]) < sum(history.loss[:10])
    assert history == again
    assert torch.equal(weights, same)


def test_arms_with_and_without_a_term_share_start_and_batches(pictures, pairs):
    config = _config(steps=2, validate_every=2)
    alone = train_student(_tiny(), pictures, pairs, config, cut=CUT)
    term = FeatureAffinity(teacher(seed=0), weight=0.1)
    taught = train_student(_tiny(), pictures, pairs, config, cut=CUT, terms=[term])
    assert taught.loss[0] > alone.loss[0]
    assert not alone.parts
    (step, parts), *_ = taught.parts
    assert step == 0
    assert parts["ratio"] > 0
    zero = FeatureAffinity(teacher(seed=0), weight=0.0)
    unmoved = train_student(_tiny(), pictures, pairs, config, cut=CUT, terms=[zero])
    assert unmoved.loss == alone.loss


def test_a_term_without_weight_costs_nothing(pictures, pairs):
    asked = []
    tutor = teacher(seed=0)
    tutor.register_forward_hook(lambda *_: asked.append(True))
    term = FeatureAffinity(tutor, weight=lambda step: 0.1 if step < 2 else 0.0)
    history = train_student(_tiny(), pictures, pairs, _config(steps=5), cut=CUT, terms=[term])
    assert len(asked) == 2
    assert [step for step, _ in history.parts] == [0]
    term.weight = 0.0
    history = train_student(_tiny(), pictures, pairs, _config(steps=2), cut=CUT, terms=[term])
    assert history.parts == [(0, {"ratio": 0.0})]


def test_the_ratio_of_gradients_is_the_ratio_of_weights():
    network = nn.Linear(3, 1)
    error = network(torch.ones(1, 3)).square().sum()
    assert gradient_ratio(0.25 * error, error, network) == pytest.approx(0.25)


def test_a_teacher_starts_at_bicubic_and_trains(pictures):
    network = teacher(seed=0)
    clear = pictures[0].clear
    start = super_resolution_psnr(network, clear)

    bicubic = super_resolution_psnr(enlarge, clear)
    assert abs(start - bicubic) < 0.01
    config = _config(steps=6, learning_rate=1e-2)
    history = train_teacher(network, pictures, [pictures[0]], config, cut=CUT)
    assert len(history.validation) == 2
    assert history.best[1] > float(bicubic) - 0.5


def test_super_resolution_is_scored_over_the_whole_batch(generator):
    clear = torch.rand(2, 3, 24, 24, generator=generator)
    alone = [super_resolution_psnr(enlarge, picture[None]) for picture in clear]
    torch.testing.assert_close(super_resolution_psnr(enlarge, clear), sum(alone) / 2)


def _leap(groups, network, batch):
    """How far one step of Adam at 1e-2 moves the output, root mean square."""
    before = network(batch).detach()
    optimizer = torch.optim.Adam(groups, lr=1e-2)
    for group in optimizer.param_groups:
        group["lr"] *= group["factor"]
    (network(batch) - torch.ones_like(before)).square().mean().backward()
    optimizer.step()
    return (network(batch) - before).square().mean().sqrt().item()


@pytest.mark.parametrize("width", [10, 100, 1000])
def test_with_rates_by_fan_in_a_wide_layer_leaps_no_further(width, generator):
    batch = torch.ones(4, width)
    plain, scaled = nn.Linear(width, 1, bias=False), nn.Linear(width, 1, bias=False)
    groups = [{"params": list(plain.parameters()), "factor": 1.0}]
    assert _leap(groups, plain, batch) == pytest.approx(1e-2 * width, rel=1e-3)
    assert _leap(rates_by_fan_in(scaled), scaled, batch) == pytest.approx(1e-2, rel=1e-3)


def test_fan_in_counts_what_one_output_sums():
    layers = nn.ModuleList(
        [
            nn.Conv2d(6, 4, 3, bias=False),
            nn.Conv2d(6, 6, 3, groups=6, bias=False),
            nn.ConvTranspose2d(5, 1, 4, stride=2, bias=False),
        ]
    )
    factors = [group["factor"] for group in rates_by_fan_in(layers)]
    assert factors == pytest.approx([1 / 54, 1 / 9, 1 / 20])


def test_shrinking_halves_and_keeps_the_mean(generator):
    image = torch.rand(1, 3, 16, 20, generator=generator) * 0.5 + 0.25
    small = shrink(image)
    assert small.shape == (1, 3, 8, 10)
    torch.testing.assert_close(small.mean(), image.mean(), atol=0.01, rtol=0)


def test_a_score_that_is_no_number_is_never_the_best():
    assert History(validation=[(1, math.nan), (2, 1.0), (3, 0.5)]).best == (2, 1.0)


def test_a_teacher_wants_crops_that_can_be_halved(pictures):
    with pytest.raises(ValueError, match="even size"):
        train_teacher(teacher(), pictures, pictures, _config(), cut=CropSettings(size=33))


def test_a_picture_smaller_than_a_crop_is_named_at_once(pictures):
    with pytest.raises(ValueError, match=f"{pictures[0].name}: expected at least 4096 x 4096"):
        HazyCrops(pictures, cut=CropSettings(large=4096))


@pytest.mark.parametrize("change", [{"batch": 2.5}, {"size": 64.5}, {"batch": True}])
def test_crops_are_whole_numbers(change):
    with pytest.raises(ValueError, match="expected a whole number"):
        CropSettings(**change)


@pytest.mark.parametrize("jpeg", [(95, 30), (200, 300), (0, 90)])
def test_a_jpeg_quality_lies_from_1_to_100(jpeg):
    with pytest.raises(ValueError, match="jpeg"):
        HazeSettings(jpeg=jpeg)


def test_a_history_knows_its_best():
    assert History(validation=[(4, 1.0), (8, 3.0), (12, 2.0)]).best == (8, 3.0)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0},
        {"steps": 10.5},
        {"learning_rate": 0},
        {"clip": -1},
        {"accumulate": 0},
        {"schedule": "linear"},
        {"precision": "fp16"},
        {"seed": -1},
        {"seed": 0.5},
        {"seed": 20_000_000_000_000},
    ],
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        _config(**change)


def test_arms_are_compared_within_a_seed() -> None:
    def run(arm: str, seed: int, score: float) -> dict[str, str]:
        return {"arm": arm, "seed": str(seed), "psnr": f"{score:.4f}"}

    runs = [run("none", 0, 18), run("taught", 1, 20.5), run("none", 1, 20), run("taught", 0, 18.25)]
    runs.append(run("taught", 2, 30))  # its base is not there yet
    assert sorted(hc.training.seed_gains(runs, "taught", "none", "psnr")) == [0.25, 0.5]
    base = hc.training.base_of("few/taught")
    with pytest.raises(ValueError, match="no run of 'few/none' is recorded, but of none, taught"):
        hc.training.seed_gains(runs, "taught", base, "psnr")


@pytest.mark.parametrize("phase", ["recipes", "screening"])
def test_the_record_holds_every_training_once(phase: str) -> None:
    runs = hc.training.study_runs(phase)
    assert len({(run["arm"], run["seed"]) for run in runs}) == len(runs) > 0
    assert {run["split"] for run in runs} == {"validation"}, "nothing is chosen on the test split"
    for sets in hc.training.study_gains(runs).values():
        assert all(sets.values())
