"""Records of the studies: trainings that differ in one thing, paired by their seed.

`data/make/run_study.py` writes them, one row a training.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from haze_course.paths import data_folder

Run = dict[str, str]
SETS = {"scenes": "scenes, exact depth", "photos": "photographs, estimated depth"}


def study_file(phase: str) -> Path:
    """Where the runs of a phase are kept: choosing a recipe is no part of the study."""
    return data_folder() / "results" / ("recipes.csv" if phase == "recipes" else "study.csv")


def study_runs(phase: str) -> list[Run]:
    """Finished runs of a phase, in the order they ended; none before the first has ended.

    Args:
        phase: "recipes", "screening" or "confirmation".
    """
    file = study_file(phase)
    if not file.is_file():
        return []
    with file.open(newline="", encoding="utf-8") as table:
        return [row for row in csv.DictReader(table) if row["phase"] == phase]


def base_of(arm: str) -> str:
    """The arm without a term that an arm is compared with: the one that saw the same pictures."""
    return "few/none" if arm.startswith("few/") else "none"


def seed_gains(runs: Sequence[Run], arm: str, base: str, score: str) -> list[float]:
    """d_k = a_k - b_k: differences of two arms in a score, over the seeds k that both have so far.

    Args:
        runs: of one phase.
        arm: a.
        base: b.
        score: a column, as "scenes_psnr".

    Raises:
        ValueError: one of the arms has no run at all.
    """
    scores = {(run["arm"], run["seed"]): float(run[score]) for run in runs}
    known = {name for name, _ in scores}
    for name in {arm, base} - known:
        raise ValueError(f"no run of {name!r} is recorded, but of {', '.join(sorted(known))}")
    seeds = [seed for name, seed in scores if name == arm and (base, seed) in scores]
    return [scores[arm, seed] - scores[base, seed] for seed in seeds]


def study_gains(runs: Sequence[Run], metric: str = "psnr") -> dict[str, dict[str, list[float]]]:
    """Arm -> set of pictures -> `seed_gains` over its base: what `plots.show_dots` takes.

    Args:
        runs: of one phase; an arm whose base is not there yet is left out.
        metric: "psnr" in dB, or "ssim".
    """
    arms = list(dict.fromkeys(run["arm"] for run in runs))
    return {
        arm: {
            name: seed_gains(runs, arm, base_of(arm), f"{which}_{metric}")
            for which, name in SETS.items()
        }
        for arm in arms
        if arm != base_of(arm) and base_of(arm) in arms
    }


def mean_gains(runs: Sequence[Run]) -> dict[str, float]:
    """Arm -> its gain in dB, the mean over seeds and both sets: what the screening chooses by.

    Args:
        runs: of one phase; an arm that no seed compares with its base yet is left out.
    """
    return {
        arm: fmean(fmean(gains) for gains in sets.values())
        for arm, sets in study_gains(runs).items()
        if all(sets.values())
    }
