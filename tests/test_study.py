"""The study's plan is kept: what is decided is what the screening chose, with its controls."""

import importlib
from collections import Counter
from pathlib import Path

import pytest

import haze_course as hc

CONTROLS = {"truth", "untrained", "another image", "bicubic start"}
MAKE = Path(__file__).resolve().parent.parent / "data" / "make"


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch):
    """A script of data/make."""
    monkeypatch.syspath_prepend(str(MAKE))
    return importlib.import_module


@pytest.fixture
def arms(make):
    return make("study_arms")


def test_what_is_decided_is_what_the_screening_gained_most_with(arms) -> None:
    runs = hc.training.study_runs("screening")
    seeds = Counter(run["arm"] for run in runs)
    forms = {
        arm: gain
        for arm, gain in hc.training.mean_gains(runs).items()
        if seeds[arm] >= 2 and not arm.startswith("few/") and not CONTROLS & set(arm.split("/"))
    }
    affinity = {arm for arm in forms if arm.startswith(("outputs/", "features/"))}
    assert max(forms, key=forms.__getitem__) == arms.FORM
    assert max(affinity, key=forms.__getitem__) == arms.AFFINITY
    controls = {f"{arms.FORM}/{control}" for control in CONTROLS}
    decided = {"none", arms.FORM, arms.AFFINITY} | controls
    assert set(arms.CONFIRMATION) == decided | set(arms.PAPER)
    rivals = {other for arm, other in arms.COMPARED if arm == arms.FORM}
    assert rivals == {"none"} | controls


def test_the_papers_own_forms_bring_the_weight_that_gained_most(arms) -> None:
    gains = hc.training.mean_gains(hc.training.study_runs("screening"))
    for kind in ("outputs/rms", "outputs/mse"):
        tried = [arm for arm in gains if arm.rpartition("/")[0] == kind]
        assert len(tried) > 1
        assert max(tried, key=gains.__getitem__) in arms.PAPER


def test_an_arm_of_three_seeds_shares_them_with_none(make, arms) -> None:
    planned = make("run_study").planned("confirmation")
    seeds = {name: [seed for arm, seed in planned if arm == name] for name in arms.CONFIRMATION}
    assert len(seeds["none"]) == 8
    for arm in arms.PAPER:
        assert seeds[arm] == seeds["none"][:3]


def test_no_seed_serves_to_choose_and_to_decide() -> None:
    def seeds(phase: str) -> set[str]:
        return {run["seed"] for run in hc.training.study_runs(phase)}

    assert not seeds("screening") & seeds("confirmation")


def test_what_is_decided_is_said_as_soon_as_two_seeds_compare(make, arms) -> None:
    none, form, control = "none", arms.FORM, f"{arms.FORM}/truth"
    scores = {
        f"{which}_{metric}": "1" for which in ("scenes", "photos") for metric in ("psnr", "ssim")
    }
    row = {"arm": none, "seed": "100"} | scores
    decision = make("run_study").decision
    runs = [row]
    assert not list(decision(runs)), "nothing to compare with"
    runs.append(row | {"arm": form, "scenes_psnr": "1.1"})
    assert not list(decision(runs)), "one seed says nothing of the spread"
    runs += [run | {"seed": "101"} for run in runs]
    said = list(decision(runs))
    assert len(said) == 4, "two sets of pictures, two scores; no control has run"
    assert said[0].startswith("scenes, exact depth, PSNR: ")
    assert f"{form} is better than {none} by 0.10 dB [0.10, 0.10]" in said[0]
    assert "not distinguishable" in said[1]
    runs += [run | {"arm": control} for run in runs if run["arm"] == form]
    assert len(list(decision(runs))) == 8
