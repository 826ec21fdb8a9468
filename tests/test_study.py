"""The study's plan is kept: what is decided is what the screening chose, with its controls."""

import sys
from collections import Counter
from pathlib import Path

import pytest

import haze_course as hc

CONTROLS = {"truth", "untrained", "another image"}
MAKE = Path(__file__).resolve().parent.parent / "data" / "make"


@pytest.fixture
def arms(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(MAKE))
    monkeypatch.delitem(sys.modules, "study_arms", raising=False)
    import study_arms

    return study_arms


def test_what_is_decided_is_what_the_screening_gained_most_with(arms) -> None:
    runs = hc.training.study_runs("screening")
    seeds = Counter(run["arm"] for run in runs)
    forms = {
        arm: gain
        for arm, gain in hc.training.mean_gains(runs).items()
        if seeds[arm] >= 2 and not arm.startswith("few/") and not CONTROLS & set(arm.split("/"))
    }
    none, form, *controls = arms.CONFIRMATION
    assert none == "none"
    assert form == max(forms, key=forms.__getitem__)
    assert controls == [f"{form}/truth", f"{form}/untrained"]


def test_no_seed_serves_to_choose_and_to_decide() -> None:
    def seeds(phase: str) -> set[str]:
        return {run["seed"] for run in hc.training.study_runs(phase)}

    assert not seeds("screening") & seeds("confirmation")
