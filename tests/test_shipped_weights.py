"""The shipped weights load, say where they come from, and are as good as their cards say."""

import importlib
from statistics import fmean

import pytest
import torch

import haze_course as hc
from haze_course.paths import data_folder
from haze_course.quality.evaluation import evaluate, identity
from haze_course.training import enlarge, super_resolution_psnr

NAMES = sorted(path.stem for path in (data_folder() / "checkpoints").glob("*.safetensors"))


def test_teacher_and_student_ship():
    assert {"student", "teacher"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_how_to_make_the_weights_again(name):
    card = hc.nets.read_card(name)
    assert {"made by", "data", "seed", "steps", "best validation", "test", "machine"} <= set(card)
    assert name in card["made by"]
    network = hc.nets.load_pretrained(name)
    assert not network.training
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_the_teacher_beats_bicubic_on_photographs_it_never_saw():
    network = hc.nets.load_pretrained("teacher")
    gains = []
    for photo in hc.data.photos("test")[::5]:
        bicubic = super_resolution_psnr(enlarge, photo.clear).item()
        gains.append(super_resolution_psnr(network, photo.clear).item() - bicubic)
    assert fmean(gains) > 0.3
    assert min(gains) > 0


def test_the_student_scores_what_its_card_says_and_beats_the_hazy_input():
    pairs, said = hc.data.benchmark_pairs("scenes"), hc.nets.read_card("student")["test"]["scenes"]
    network = hc.nets.load_pretrained("student")
    scores = fmean(record.psnr for record in evaluate(network, pairs, name="student"))
    hazy = fmean(record.psnr for record in evaluate(identity, pairs, name="hazy"))
    assert scores == pytest.approx(said["student"]["psnr"], abs=0.05)
    assert hazy == pytest.approx(said["hazy input"]["psnr"], abs=0.05)
    assert scores > hazy + 1


@pytest.mark.parametrize("name", [name for name in NAMES if name != "teacher"])
def test_every_card_says_what_the_network_scores_in_rooms(name):
    said = hc.nets.read_card(name)["test"]["rooms"][name]["psnr"]
    assert _psnr(hc.nets.load_pretrained(name), "rooms") == pytest.approx(said, abs=0.05)


@pytest.mark.parametrize("which", ["scenes", "rooms", "streets", "photos"])
def test_all_cards_say_what_the_dark_channel_scores(which):
    score = _psnr(hc.physics.dehaze_dark_channel, which)
    for name in NAMES:
        if name != "teacher":
            said = hc.nets.read_card(name)["test"][which]["dark channel"]["psnr"]
            assert score == pytest.approx(said, abs=0.05), name


@torch.no_grad()
def _psnr(method, which):
    pairs = hc.data.benchmark_pairs(which)
    return fmean(hc.quality.psnr(method(p.hazy).clamp(0, 1), p.clear).item() for p in pairs)


def test_a_place_under_several_hazes_counts_once(monkeypatch):
    """Three hazes of one kitchen that agree add nothing to what two kitchens say."""
    monkeypatch.syspath_prepend(str(data_folder() / "make"))
    over_places = importlib.import_module("train_shipped").over_places
    pairs = over_places([1.0, 2.0, 4.0], ["a", "b", "c"])
    assert (pairs.over, pairs.count) == ("pictures", 3)
    places = over_places([1.0, 1.0, 1.0, 3.0], ["a", "a", "a", "b"])
    assert (places.over, places.count, places.mean) == ("places", 2, 2.0)
    assert places == hc.quality.seed_interval([1.0, 3.0], over="places")
