"""Run the studies, arm by arm and seed by seed; each run becomes a row of a table.

    python data/make/run_study.py recipes screening --seeds 1 --jobs 2
    python data/make/run_study.py confirmation --jobs 2
    python data/make/run_study.py --report

Kill it at any moment and start it again: finished runs are read from data/results/study.csv (the
recipes from recipes.csv), a run that was stopped goes on from its state in --work, and nothing is
repeated. Each job takes one core: two trainings side by side finish sooner than two in a row with
two threads each.

A run trains for a fixed number of steps and keeps the last weights: within a run nothing is
selected. Screening is scored on the validation split, and chooses forms; confirmation on the test
split. What joined the plan once test scores were known is marked "later" in the README.
A row whose arm is not in study_arms.py any more was tried and dropped; its commit has the code.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import multiprocessing
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click
import torch
from study_arms import COMPARED, CONFIRMATION, FEW, RECIPES, SCREENING, Arm, sources
from tables import DATA, Row, read_table, write_table
from tqdm import tqdm

import haze_course as hc
from haze_course.data.benchmark import benchmark_pairs
from haze_course.data.shipped import Photo, Scene
from haze_course.machine import describe
from haze_course.paths import only_run_in
from haze_course.processes import end_with_parent
from haze_course.quality.evaluation import evaluate
from haze_course.quality.statistics import Interval, seed_interval, sentence
from haze_course.training.recipes import train_student
from haze_course.training.settings import TrainConfig
from haze_course.training.study import (
    SETS,
    base_of,
    mean_gains,
    seed_gains,
    study_file,
    study_gains,
    study_runs,
)

ENOUGH = 8  # seeds for an interval
UNITS = {"psnr": "dB", "ssim": ""}  # of the scores
DIGITS = {"psnr": 2, "ssim": 4}
SCORES = {  # column of the table -> pictures, metric
    f"{which}_{metric}": (pictures, metric)
    for (which, pictures), metric in itertools.product(SETS.items(), UNITS)
}
PHASES: dict[str, tuple[dict[str, Arm], range, int, str]] = {  # arms, seeds, steps, split
    "screening": (SCREENING, range(2), 1500, "validation"),
    "recipes": (RECIPES, range(2), 1500, "validation"),
    "confirmation": (CONFIRMATION, range(100, 108), 3000, "test"),
}


def run(phase: str, arm: str, seed: int, work: Path) -> Row:
    """Train one student and score it."""
    torch.set_num_threads(1)
    arms, _, steps, split = PHASES[phase]
    chosen = arms[arm]
    config = TrainConfig(
        steps=steps,
        learning_rate=chosen.learning_rate,
        warmup=100,
        validate_every=steps,
        checkpoint_every=100,
        seed=seed,
        progress=False,
    )
    network = hc.nets.student(seed=seed)
    start = time.perf_counter()
    history = train_student(
        network,
        pictures(chosen.pictures),
        benchmark_pairs("scenes", "validation")[:1],  # the loop wants one; nothing is chosen by it
        config,
        terms=chosen.terms(sources(seed, steps)),
        cut=chosen.cut,
        haze=chosen.haze,
        error=chosen.error,
        folder=work / phase / f"{arm.replace('/', ' ')} {seed}",
    )
    row: Row = {"phase": phase, "arm": arm, "seed": str(seed), "steps": str(steps), "split": split}
    for which in SETS:
        records = evaluate(network, benchmark_pairs(which, split), name=arm)
        for metric in UNITS:
            mean = statistics.fmean(getattr(record, metric) for record in records)
            row[f"{which}_{metric}"] = f"{mean:.4f}"
    ratios = [parts["ratio"] for _, parts in history.parts if "ratio" in parts]
    row["ratio"] = f"{statistics.fmean(ratios):.4g}" if ratios else ""
    row["loss"] = f"{statistics.fmean(history.loss[-100:]):.6f}"
    row["seconds"] = f"{time.perf_counter() - start:.0f}"
    return row | provenance()


def pictures(which: str) -> list[Photo | Scene]:
    """Pictures of the train split, see `Arm.pictures`."""
    photos, scenes = hc.data.photos("train"), hc.data.scenes("train")
    chosen: dict[str, list[Photo | Scene]] = {
        "all": [*photos, *scenes],
        "few": [*photos[:FEW]],
        "photos": [*photos],
        "scenes": [*scenes],
        "scenes thrice": [*photos, *scenes * 3],
        "rooms": [scene for scene in scenes if scene.kind == "room"],
    }
    return chosen[which]


def provenance() -> Row:
    """Machine, versions, commit and hashes of data and teacher, to the row of every run."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        cwd=DATA, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    files = sorted(DATA.glob("photos/**/*")) + sorted(DATA.glob("scenes/*"))
    digest = hashlib.sha256()
    for path in [*files, DATA / "haze.csv"]:
        if path.is_file():
            digest.update(path.read_bytes())
    teacher = hashlib.sha256((DATA / "checkpoints" / "teacher.safetensors").read_bytes())
    return {
        "machine": describe(),
        "commit": commit,
        "data": digest.hexdigest()[:12],
        "teacher": teacher.hexdigest()[:12],
    }


def planned(phase: str) -> list[tuple[str, int]]:
    """Arm and seed of every run of the phase, seed by seed: each seed is a whole study."""
    arms, seeds, _, _ = PHASES[phase]
    return [(arm, seed) for seed in seeds for arm in arms if seed in seeds[: arms[arm].seeds]]


def pending(phase: str, first: int | None = None) -> list[tuple[str, str, int]]:
    """Runs of the phase that the table does not hold.

    Of a seed, the arms that have no gain yet come first, then what gained most so far.
    """
    seeds = PHASES[phase][1][:first]
    runs = study_runs(phase)
    done = {(run["arm"], int(run["seed"])) for run in runs}
    gains = mean_gains(runs)
    todo = [(phase, *which) for which in planned(phase) if which not in done and which[1] in seeds]
    return sorted(todo, key=lambda which: (which[2], -gains.get(which[1], math.inf)))


def report() -> None:
    """Differences to the arm without a term, seed by seed, from the table."""
    for phase in PHASES:
        mine = study_runs(phase)
        if not mine:
            continue
        first = mine[0]
        click.echo(f"\n{phase}: {first['steps']} steps, {first['split']} split, PSNR on RGB in dB,")
        click.echo("SSIM without padding; differences to the arm without a term, paired by seed")
        click.echo(f"{'arm':38} seeds      ratio  " + "  ".join(f"{s} dB / SSIM" for s in SETS))
        for arm in dict.fromkeys(row["arm"] for row in mine):
            click.echo(_line(arm, mine))
        if phase == "confirmation":
            click.echo("\n".join(decision(mine)))


def _line(arm: str, runs: list[Row]) -> str:
    own = [run for run in runs if run["arm"] == arm]
    text = f"{arm:38} {len(own):5}  {own[0]['ratio']:>9}  "
    for which, name in SETS.items():
        for metric, digits in DIGITS.items():
            gains = study_gains(runs, metric).get(arm, {}).get(name, [])
            if arm == base_of(arm):
                mean = statistics.fmean(float(run[f"{which}_{metric}"]) for run in own)
                text += f"{mean:.{digits}f}  "
            elif len(gains) >= ENOUGH:
                text += brief(seed_interval(gains), digits) + "  "
            else:
                text += f"{statistics.fmean(gains):+.{digits}f}  " if gains else "-  "
    return text


def brief(interval: Interval, digits: int) -> str:
    """A difference with its interval, signed, for a table."""
    mean, *ends = (f"{x:+.{digits}f}" for x in (interval.mean, interval.low, interval.high))
    return f"{mean} [{', '.join(ends)}]"


def comparisons(runs: list[Row], level: float = 0.95) -> dict[tuple[str, str], dict[str, Interval]]:
    """Two arms that the study compares -> score, as "scenes_psnr" -> interval of their difference.

    What fewer than two seeds compare so far is left out.
    """
    known = {run["arm"] for run in runs}
    found = {}
    for arm, other in COMPARED:
        if known >= {arm, other} and len(seed_gains(runs, arm, other, "scenes_psnr")) > 1:
            found[arm, other] = {
                score: seed_interval(seed_gains(runs, arm, other, score), level=level)
                for score in SCORES
            }
    return found


def decision(runs: list[Row]) -> Iterator[str]:
    """What the forms gain over no term, and over their controls, a sentence each."""
    found = comparisons(runs)
    for score, (pictures, metric) in SCORES.items():
        for (arm, other), intervals in found.items():
            said = sentence(arm, other, intervals[score], UNITS[metric])
            yield f"{pictures}, {metric.upper()}: {said}"


@click.command()
@click.argument("phases", nargs=-1, type=click.Choice(list(PHASES)))
@click.option("--seeds", type=click.IntRange(min=1), help="Only the first N seeds of each phase.")
@click.option("--report", "only_report", is_flag=True, help="Print the table of what is recorded.")
@click.option("--jobs", default=2, show_default=True, help="Trainings at once, one core each.")
@click.option("--work", default="out/study", show_default=True, type=click.Path(path_type=Path))
def main(
    phases: tuple[str, ...], *, seeds: int | None, only_report: bool, jobs: int, work: Path
) -> None:
    """Run what is missing of PHASES, one after the other, then print the table."""
    if only_report:
        report()
        return
    todo = [which for phase in phases for which in pending(phase, seeds)]
    pool = ProcessPoolExecutor(
        max(jobs, 1),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=end_with_parent,
        initargs=(os.getpid(),),
    )
    with only_run_in(work), pool:
        futures = [pool.submit(run, *which, work) for which in todo]
        for future in tqdm(
            as_completed(futures), total=len(futures), unit=" runs", disable=not todo
        ):
            row = future.result()
            file = study_file(row["phase"])
            write_table(file, [*read_table(file), row])
    report()


if __name__ == "__main__":
    main()
