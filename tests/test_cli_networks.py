"""The commands that train and use networks, and the weights they must refuse."""

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch
from click.testing import Result
from command import call, picture, refused

import haze_course as hc
from haze_course.cli import export, training
from haze_course.cli.group import method_name
from haze_course.images import read_image
from haze_course.nets import FFANet, save_pretrained, teacher
from haze_course.training import shipped

TINY = ("--steps", 2, "--warmup", 0, "--validate-every", 1, "--checkpoint-every", 1)
CONFIG = (*TINY, "--precision", "float32", "--no-progress")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    torch.manual_seed(0)
    save_pretrained(FFANet(width=8, groups=1, blocks=1), path, {"seed": 0})
    return path


@pytest.fixture
def one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainings of the course on one small photograph and one validation pair."""
    photo = min(hc.data.photos("train"), key=lambda p: p.clear.numel())
    pair = hc.data.benchmark_pairs("scenes", "validation")[0]
    monkeypatch.setattr(shipped, "photos", lambda _split: [photo])
    monkeypatch.setattr(shipped, "scenes", lambda _split: [])
    monkeypatch.setattr(
        shipped, "benchmark_pairs", lambda which, _split: [pair] if which == "scenes" else []
    )
    monkeypatch.setattr(training, "student", lambda seed: FFANet(width=8, groups=1, blocks=1))


@pytest.mark.usefixtures("one_picture")
def test_train_writes_weights_that_the_other_commands_use(tmp_path: Path, weights: Path) -> None:
    out, state = tmp_path / "new.safetensors", tmp_path / "state"
    arguments = ("train", "student", "-o", out, "--state", state, *CONFIG)
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert "dB on the validation split, at step" in result.output
    assert hc.nets.read_card(out)["settings of the training"]["steps"] == 2
    refused(call(*arguments), "new.safetensors is there already", "--force")
    refused(call(*arguments, "--force", "--clip", 2), "other settings (clip)")
    hazy = picture(tmp_path / "in" / "odd.png", size=(19, 13))
    done = call("dehaze", hazy, "-o", tmp_path / "out", "--model", out)
    assert done.exit_code == 0, done.output
    assert read_image(tmp_path / "out" / "odd.png").shape == read_image(hazy).shape


@pytest.mark.usefixtures("one_picture")
def test_train_distils_and_says_from_whom(tmp_path: Path) -> None:
    source, out = tmp_path / "wise.safetensors", tmp_path / "taught.safetensors"
    result = call("train", "teacher", "-o", source, *CONFIG)
    assert result.exit_code == 0, result.output
    result = call("train", "student", "-o", out, "--teacher", source, "--scale", "mse", *CONFIG)
    assert result.exit_code == 0, result.output
    expected = {"teacher": method_name(str(source)), "weight": 0.1, "scale": "mse"}
    assert hc.nets.read_card(out)["distilled from"] == expected
    refused(call("train", "teacher", "-o", tmp_path / "t.safetensors", "--teacher", source),
            "a teacher learns from clear pictures alone")  # fmt: skip
    alone = ("train", "student", "-o", tmp_path / "alone.safetensors", *CONFIG)
    for given in (("--weight", 0), ("--scale", "rms")):
        refused(call(*alone, *given), f"{given[0]}: only with --teacher")


def test_train_offers_every_setting_and_refuses_impossible_ones(tmp_path: Path) -> None:
    offered = call("train", "--help").output
    for name in hc.training.TrainConfig.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in offered
    out = tmp_path / "x.safetensors"
    refused(call("train", "student", "-o", out, "--steps", 0), "steps")
    refused(call("train", "student", "-o", tmp_path / "x.pt"), "ending in .safetensors")
    refused(call("train", "student", "-o", out, "--teacher", "nobody"), "'nobody' is neither")


def test_evaluate_measures_a_network_on_pairs(tmp_path: Path, weights: Path) -> None:
    picture(tmp_path / "SOTS" / "indoor" / "hazy" / "1400_1.png", size=(19, 13))
    picture(tmp_path / "SOTS" / "indoor" / "gt" / "1400.png", size=(39, 33))
    out = tmp_path / "r.json"
    where = ("--data", tmp_path, "--layout", "sots-indoor", "--json", out)
    result = call("evaluate", *where, "--model", weights)
    assert result.exit_code == 0, result.output
    name = f"small {hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"
    assert f"{name} on 1 images" in result.output
    records = json.loads(out.read_text())["records"]
    assert [(record["method"], record["image"]) for record in records] == [(name, "1400_1")]
    other = tmp_path / "other" / weights.name  # of the same name, with other weights
    torch.manual_seed(1)
    save_pretrained(FFANet(width=8, groups=1, blocks=1), other, {"seed": 1})
    where = (*where[:-2], "--csv", tmp_path / "r.csv")
    assert call("evaluate", *where, "--model", weights).exit_code == 0
    refused(call("evaluate", *where, "--model", other, "--resume"), f"found {name}")
    refused(call("evaluate", "--json", tmp_path / "s.json"), "one of --data FOLDER and --shipped")
    both = ("--data", tmp_path, "--shipped", "rooms", "--json", tmp_path / "s.json")
    refused(call("evaluate", *both), "one of --data FOLDER and --shipped")


def test_two_files_of_one_name_are_two_methods(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.safetensors").write_bytes(folder.encode())
        names.append(method_name(str(tmp_path / folder / "mine.safetensors")))
    assert names[0] != names[1]
    assert [name.split()[0] for name in names] == ["mine", "mine"]
    assert method_name("student") == "student"


def test_a_file_called_like_a_shipped_network_does_not_rename_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "student").write_bytes(b"notes")
    assert method_name("student") == "student"
    assert method_name(str(tmp_path / "student")).startswith("student ")
    assert method_name("none.onnx") == "none"


def test_a_network_that_changes_the_size_is_not_exported(tmp_path: Path) -> None:
    result = call("export", "--model", "teacher", "-o", tmp_path / "teacher.onnx")
    refused(result, "teacher: expected a network whose output is as large as its input")
    assert not list(tmp_path.iterdir())


def test_evaluate_knows_the_pairs_of_the_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haze_course.data import benchmark

    pairs = hc.data.benchmark_pairs("rooms")
    kitchens = list(dict.fromkeys(pair.scene for pair in pairs))
    some = [pair for pair in pairs if pair.scene in kitchens[:2]]
    assert len(some) > 2
    monkeypatch.setattr(benchmark, "benchmark_pairs", lambda _which: some)
    out = tmp_path / "r.json"
    result = call("evaluate", "--shipped", "rooms", "--method", "hazy", "--json", out)
    assert result.exit_code == 0, result.output
    assert f"hazy on {len(some)} images of the shipped rooms" in result.output
    assert "95 % interval of the PSNR over 2 scenes: [" in result.output


@pytest.mark.parametrize("kind", [(), ("--int8",)])
def test_an_export_that_disagrees_with_its_network_is_not_written(
    kind: tuple[str, ...], tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "largest_difference", lambda *_: 0.25)
    out = tmp_path / "out" / "small.onnx"
    refused(call("export", "--model", weights, "-o", out, *kind),
            "small.onnx: expected values within 1e-03 of PyTorch's, got 2.5e-01")  # fmt: skip
    assert not list(out.parent.iterdir())


def test_an_int8_export_leaves_the_files_beside_it_alone(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_loss", lambda network, method: 0.0)  # needs many pictures
    for name in ("small.float32.onnx", "other.onnx"):
        (tmp_path / name).write_bytes(b"mine")
    result = call("export", "--model", weights, "-o", tmp_path / "small.onnx", "--int8")
    assert result.exit_code == 0, result.output
    for name in ("small.float32.onnx", "other.onnx"):
        assert (tmp_path / name).read_bytes() == b"mine"
    assert hc.deploy.load_onnx(tmp_path / "small.onnx")


def test_weights_that_cannot_be_used_are_refused(tmp_path: Path, weights: Path) -> None:
    hazy, out = picture(tmp_path / "in.png"), tmp_path / "out"

    def dehaze(model: object) -> Result:
        return call("dehaze", hazy, "-o", out, "--model", model)

    refused(dehaze("nobody"), "'nobody' is neither a shipped checkpoint")
    refused(dehaze(tmp_path / "no.safetensors"), "nor a file")
    wrong = tmp_path / "wrong.safetensors"
    save_pretrained(teacher(seed=0), wrong)
    refused(dehaze(wrong), "output is as large as its input, got SuperResolutionTeacher")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(weights.read_bytes()[:-100])
    refused(dehaze(cut), "expected a complete .safetensors file")
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    cut.write_bytes(changed)
    refused(dehaze(cut), "do not match the hash")
    executed = tmp_path / "executed"
    pickled = tmp_path / "model.safetensors"
    pickled.write_bytes(pickle.dumps(_Evil(executed)))
    refused(dehaze(pickled), "expected a complete .safetensors file")
    pickled = pickled.rename(tmp_path / "model.pt")
    refused(dehaze(pickled), "other formats can run code when read")
    assert not executed.exists()
    assert not out.exists()


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)
