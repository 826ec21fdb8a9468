"""Training on pairs from disk: their order, their cuts, and the command."""

from pathlib import Path

import pytest
import torch
from command import call, refused
from test_distributed import launch
from torch import Tensor

import haze_course as hc
from haze_course.cli import training
from haze_course.data import PairBatches, PairSettings, find_pairs
from haze_course.images import ImageError, write_image
from haze_course.nets import FFANet, load_pretrained
from haze_course.training.presets import PRESETS, hold_out

SCENES, HAZES, BORDER = 6, 3, 10


@pytest.fixture(scope="module")
def its(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ITS in small: shipped photographs under haze of three densities."""
    root = tmp_path_factory.mktemp("reside")
    for number, photo in enumerate(hc.data.photos("train")[:SCENES], start=1):
        height = 32 if number < SCENES else 24  # one scene is of another size
        framed = photo.clear[..., : height + 2 * BORDER, : 40 + 2 * BORDER]
        clear = framed[..., BORDER:-BORDER, BORDER:-BORDER]
        write_image(framed, root / "ITS" / "clear" / f"{number}.png")
        for k in range(1, HAZES + 1):
            hazy = hc.physics.add_haze(clear, torch.full_like(clear[:, :1], 1 - 0.2 * k), 0.9)
            write_image(hazy, root / "ITS" / "hazy" / f"{number}_{k}_0.9.png")
    return root


@pytest.fixture(scope="module")
def pairs(its: Path) -> list[hc.data.PairFiles]:
    return find_pairs(its, layout="its")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "student", lambda seed: FFANet(width=8, groups=1, blocks=1))


def settings(**changes: int) -> PairSettings:
    return PairSettings(**({"batch": 4, "crop": 16, "workers": 0} | changes))


def epoch(batches: PairBatches, number: int = 0) -> list[int]:
    """Which pairs an epoch shows, in order."""
    steps = range(number * batches.steps_per_epoch, (number + 1) * batches.steps_per_epoch)
    return [index for step in steps for index, _ in batches._keys(step)]


def same(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_an_epoch_shows_every_pair_and_no_two_are_alike(pairs: list[hc.data.PairFiles]) -> None:
    batches = PairBatches(pairs, settings=settings(batch=3))
    first, second = epoch(batches), epoch(batches, 1)
    assert sorted(first) == sorted(second) == list(range(SCENES * HAZES))
    assert first != second
    assert first != epoch(PairBatches(pairs, settings=settings(batch=3), seed=1))
    filled = epoch(PairBatches(pairs, settings=settings(batch=4)))
    assert len(filled) == 20
    assert set(filled) == set(first)


def test_a_batch_is_a_function_of_seed_and_step(pairs: list[hc.data.PairFiles]) -> None:
    plain = PairBatches(pairs, settings=settings())
    ahead = PairBatches(pairs, settings=settings(workers=2))
    kept = PairBatches(pairs, settings=settings(cache=100))
    part = PairBatches(pairs, settings=settings(cache=1))
    for step in (0, 1, 2, 7, 6):
        expected = plain(step)
        assert expected.hazy.shape == (4, 3, 16, 16)
        assert same(expected, ahead(step))
        assert same(expected, kept(step))
        assert same(expected, part(step))
    assert len(kept._pictures.kept) == SCENES * HAZES
    assert not same(plain(0), PairBatches(pairs, settings=settings(), seed=1)(0))
    assert not same(plain(0), plain(5))


def test_the_cache_keeps_to_its_limit(pairs: list[hc.data.PairFiles]) -> None:
    batches = PairBatches(pairs * 300, settings=settings(cache=1))
    held = sum(image.numel() for pair in batches._pictures.kept.values() for image in pair)
    assert 2**20 - 2 * 3 * 32 * 40 < held <= 2**20


def test_processes_divide_a_batch(pairs: list[hc.data.PairFiles]) -> None:
    whole = PairBatches(pairs, settings=settings())(3)
    parts = [PairBatches(pairs, settings=settings(), share=slice(k, None, 2))(3) for k in (0, 1)]
    assert same(whole, [torch.stack(x, 1).flatten(0, 1) for x in zip(*parts, strict=True)])
    with pytest.raises(ValueError, match="multiple of the 3 processes that share it, got 4 images"):
        PairBatches(pairs, settings=settings(), share=slice(0, None, 3))


def test_hazy_and_clear_are_cut_alike(pairs: list[hc.data.PairFiles]) -> None:
    by_haze = sorted(pairs, key=lambda pair: pair.name.split("_")[1])
    thin = PairBatches(by_haze[:SCENES], settings=settings())(0)
    expected = hc.physics.add_haze(thin.clear, torch.full((4, 1, 16, 16), 0.8), 0.9)
    assert (thin.hazy - expected).abs().max() < 0.6 / 255 + 0.8 * 0.5 / 255


def test_whole_pictures_meet_pictures_of_their_size(pairs: list[hc.data.PairFiles]) -> None:
    batches = PairBatches(pairs, settings=settings(crop=0, batch=2, workers=2))
    sizes = [tuple(batches(step).hazy.shape) for step in range(batches.steps_per_epoch)]
    assert sorted(sizes) == [(2, 3, 24, 40)] * 2 + [(2, 3, 32, 40)] * 8


def test_a_bad_picture_is_named(pairs: list[hc.data.PairFiles], tmp_path: Path) -> None:
    cut = tmp_path / "7_1_0.9.png"
    cut.write_bytes(pairs[0].hazy_path.read_bytes()[:100])
    bad = hc.data.PairFiles("7_1_0.9", cut, pairs[0].clear_path)
    for workers in (0, 2):
        with pytest.raises(ImageError, match=r"7_1_0\.9\.png: expected a picture"):
            PairBatches([bad], settings=settings(workers=workers))(0)
    with pytest.raises(
        ValueError, match=r"at least 33 x 33 pixels, found 1 smaller \(1_1_0\.9\.png\)"
    ):
        PairBatches(pairs[:1], settings=settings(crop=33))
    with pytest.raises(ValueError, match="at least one, got none"):
        PairBatches([])


def test_held_out_scenes_are_not_trained_on(pairs: list[hc.data.PairFiles]) -> None:
    rest, held = hold_out(pairs, 0.3)
    assert len({pair.scene for pair in held}) == 2
    assert not {pair.scene for pair in rest} & {pair.scene for pair in held}
    assert len(rest) + len(held) == len(pairs)


FAST = (
    "--precision",
    "float32",
    "--no-progress",
    "--workers",
    0,
    "--checkpoint-every",
    2,
    "--held-out",
    0.2,
)


@pytest.mark.usefixtures("tiny")
def test_a_student_trains_on_a_copy_of_its_and_goes_on(its: Path, tmp_path: Path) -> None:
    def fit(name: str, *more: object) -> Path:
        out = tmp_path / f"{name}.safetensors"
        result = call("train", "student", "--data", its, "--layout", "its", "-o", out, "--crop", 16,
                      "--batch", 4, "--epochs", 3, *FAST, *more)  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "dB on 3 pairs of held-out scenes" in result.output
        assert ("images a second" in result.output) == (name != "again")
        return out

    card = hc.nets.read_card(fit("whole", "--state", tmp_path / "state"))
    assert card["settings of the training"]["steps"] == 3 * 4  # 15 pairs, 4 at a time
    assert card["data"]["training pairs"] == 15
    again = load_pretrained(fit("again", "--state", tmp_path / "state"))
    for one, other in zip(load_pretrained(tmp_path / "whole.safetensors").parameters(),
                          again.parameters(), strict=True):  # fmt: skip
        assert torch.equal(one, other)
    other = ("train", "student", "--data", its, "--layout", "its", "--state", tmp_path / "state",
             "-o", tmp_path / "other.safetensors", "--epochs", 3, "--batch", 4, *FAST)  # fmt: skip
    refused(call(*other, "--crop", 24), "other settings (data)")
    refused(call(*other, "--crop", 16, "--teacher", "teacher"), "other settings", "distilled from")
    taught = fit("taught", "--teacher", "teacher", "--weight", 0.5)
    assert hc.nets.read_card(taught)["distilled from"]["weight"] == 0.5


@pytest.mark.usefixtures("tiny")
def test_a_preset_gives_way_to_options(its: Path, tmp_path: Path) -> None:
    out = tmp_path / "paper.safetensors"
    result = call("train", "student", "--data", its, "--layout", "its", "-o", out,
                  "--preset", "paper", "--clip", 0.2, "--steps", 2, *FAST)  # fmt: skip
    assert result.exit_code == 0, result.output
    card = hc.nets.read_card(out)
    trained, read = card["settings of the training"], card["data"]
    assert (trained["clip"], trained["steps"]) == (0.2, 2)
    assert (trained["learning_rate"], trained["schedule"]) == (1e-4, "constant")
    assert (read["batch"], read["crop"]) == (2, 0)
    assert PRESETS["paper"].epochs == 200


def test_what_does_not_go_together_is_refused(its: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "x.safetensors")
    refused(call("train", "student", *out, "--batch", 4, "--held-out", 0.1),
            "--held-out", "--batch", "only with --data")  # fmt: skip
    refused(call("train", "teacher", *out, "--data", its), "a teacher learns from the course")
    refused(call("train", "student", *out, "--data", its, "--layout", "sots-indoor"), "'its'")
    refused(call("train", "student", *out, "--data", its, "--layout", "its", "--steps", 2,
                 "--epochs", 2), "expected one of them, got both")  # fmt: skip


COMMAND = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from haze_course.cli import training
from haze_course.cli.entry import main
from haze_course.nets import FFANet
training.student = lambda seed: torch.manual_seed(0) and FFANet(width=8, groups=1, blocks=1)
folder, rank = Path(sys.argv[2]), os.environ["RANK"]
main(["train", "student", "--data", str(folder / "reside"), "--layout", "its", "--crop", "16",
      "-o", str(folder / "two.safetensors"), "--batch", "4", "--steps", "4", "--held-out", "0.2",
      "--workers", "1", "--precision", "float32", "--no-progress"], standalone_mode=False)
(folder / f"rank{rank}.json").write_text(json.dumps([]))
"""


def test_torchrun_trains_on_disk_and_one_rank_writes(its: Path, tmp_path: Path) -> None:
    (tmp_path / "reside").symlink_to(its, target_is_directory=True)
    printed = launch(tmp_path, COMMAND)[1]
    assert printed.count("dB on 3 pairs of held-out scenes") == 1
    assert hc.nets.read_card(tmp_path / "two.safetensors")["data"]["batch"] == 4


def test_a_picture_smaller_than_a_crop_is_found_before_the_training(tmp_path: Path) -> None:
    for number, side in enumerate((40, 20, 40)):
        for kind in ("hazy", "clear"):
            write_image(torch.rand(1, 3, 40, side), tmp_path / kind / f"{number}.png")
    found = find_pairs(tmp_path, layout="its")
    with pytest.raises(ValueError, match=r"at least 32 x 32 pixels, found 1 smaller \(1\.png\)"):
        PairBatches(found, settings=settings(crop=32))
    PairBatches(found, settings=settings(crop=16))
