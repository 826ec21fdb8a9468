"""The study is killed at any moment and started again: nothing is lost, nothing done twice.

``HAZE_FAULTS`` is how often to kill (2; `make test-faults` asks for 20).
"""

import csv
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

KILLS = int(os.environ.get("HAZE_FAULTS", "2"))
SEEDS = max(KILLS // 4, 2)
MAKE = Path(__file__).resolve().parent.parent / "data" / "make"

# The study itself, on one picture, with short trainings; its workers read this file too.
STUDY = f"""
import functools, sys, torch
from pathlib import Path
sys.path.insert(0, {str(MAKE)!r})
import run_study
from haze_course.training import study
from haze_course.data import CropSettings
from haze_course.nets import FFANet
from study_arms import Arm

FOLDER = Path(__file__).parent
ARMS = {{name: Arm(cut=CropSettings(batch=2, size=16, large=16), learning_rate=rate)
        for name, rate in (("none", 1e-3), ("fast", 4e-3))}}
run_study.PHASES["screening"] = (ARMS, range({SEEDS}), 12, "validation")
run_study.study_file = study.study_file = lambda phase: FOLDER / "study.csv"
pairs, fit, photos = run_study.benchmark_pairs, run_study.train_student, run_study.hc.data.photos
run_study.benchmark_pairs = lambda which, split: pairs(which, split)[:1]
run_study.pictures = lambda which: photos("train")[:1]
run_study.TrainConfig = functools.partial(run_study.TrainConfig, precision="float32")


def train_student(*arguments, folder, **more):
    with (FOLDER / "log").open("a") as file:
        file.write(folder.name + "\\n")
    return fit(*arguments, folder=folder, **more)


run_study.train_student = train_student


def student(seed):
    torch.manual_seed(seed)
    return FFANet(width=8, groups=1, blocks=1)


run_study.hc.nets.student = student

if __name__ == "__main__":
    run_study.main()
"""


def start(folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    (folder / "study.py").write_text(STUDY)
    command = [sys.executable, str(folder / "study.py"), "screening", "--jobs", "2"]
    return subprocess.Popen([*command, "--work", str(folder / "work")], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip


def table(folder: Path) -> dict[str, dict[str, str]]:
    """Run -> its row; a run that stands there twice fails."""
    path = folder / "study.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row.values() and row["teacher"] for row in rows), "half a row"
    named = {f"{row['arm']} {row['seed']}": row for row in rows}
    assert len(named) == len(rows)
    return named


def begun(folder: Path) -> list[str]:
    """Names of the trainings begun so far, in order."""
    path = folder / "log"
    return path.read_text().splitlines() if path.is_file() else []


def test_a_study_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    folder, done = tmp_path / "killed", {}
    for _ in range(KILLS):
        before = len(begun(folder))
        running = start(folder)
        while len(begun(folder)) == before and running.poll() is None:  # until a training begins
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 2))
        family = psutil.Process(running.pid).children(recursive=True)
        running.kill()
        running.communicate()
        now = table(folder)
        assert {name: now.get(name) for name in done} == done, f"seed {seed}: a row was lost"
        assert not set(begun(folder)[before:]) & set(done), f"seed {seed}: a run was repeated"
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive, f"seed {seed}: {alive} survived"
        done = now
    said = start(folder).communicate()[0]
    whole = start(tmp_path / "whole").communicate()[0]
    expected, found = table(tmp_path / "whole"), table(folder)
    assert len(expected) == 2 * SEEDS, whole
    assert found.keys() == expected.keys(), said
    for name, row in expected.items():
        measured = {key: row[key] for key in row if key.endswith(("psnr", "ssim")) or key == "loss"}
        assert {key: found[name][key] for key in measured} == measured, f"seed {seed}: {name}"
