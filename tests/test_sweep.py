"""A notebook over a grid: every point runs, a failing or killed one spoils nothing."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from command import call, refused
from test_course import texts, write

from haze_course.course.sweep import RUN, TABLE, read_grid, run_sweep

CELL = """
import time
from pathlib import Path
with Path(LOG).open("a") as file:
    file.write(f"{A}{B}\\n")
time.sleep(WAIT)
print("sum", A + B, 1 / (A + B - 3))
"""


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    log = tmp_path / "log"
    write(tmp_path, "07_sum", CELL, parameters=f"A = 0\nB = 0\nWAIT = 0\nLOG = {str(log)!r}")
    file = tmp_path / "grid.yaml"
    file.write_text("notebook: 07_sum.ipynb\nparameters: {A: [0, 1], B: [1, 2]}")
    return file


def rows(out: Path) -> list[dict[str, str]]:
    with (out / TABLE).open(newline="") as file:
        return list(csv.DictReader(file))


def log(grid: Path) -> list[str]:
    return sorted((grid.parent / "log").read_text().split())


def test_a_failing_run_stops_no_other_and_finished_ones_are_kept(grid: Path) -> None:
    out = grid.parent / "out"
    first = call("sweep", grid, "-o", out, "--jobs", 2)
    assert first.exit_code == 1
    assert "1 of 4 failed" in first.output
    assert "ZeroDivisionError" in first.output
    assert log(grid) == ["01", "02", "11", "12"]
    table = rows(out)
    assert [(row["A"], row["B"], row["status"]) for row in table] == [
        ("0", "1", "done"), ("0", "2", "done"), ("1", "1", "done"), ("1", "2", "failed"),
    ]  # fmt: skip
    assert all(float(row["seconds"]) > 0 for row in table)
    assert all(float(row["peak_mb"]) > 10 for row in table[:3])
    for row in table[:3]:
        assert f"sum {int(row['A']) + int(row['B'])}" in texts(out / row["folder"] / "07_sum.ipynb")
        kept = json.loads((out / row["folder"] / RUN).read_text())
        assert kept["values"] == {"A": int(row["A"]), "B": int(row["B"])}
    again = call("sweep", grid, "-o", out)
    assert again.output.count("done before, kept") == 3
    assert log(grid) == ["01", "02", "11", "12", "12"]  # the failed one alone
    assert [row["status"] for row in rows(out)] == ["done", "done", "done", "failed"]


def test_a_killed_sweep_goes_on_and_leaves_no_process(grid: Path) -> None:
    out = grid.parent / "out"
    grid.write_text("notebook: 07_sum.ipynb\nparameters: {A: [0, 5], B: [1], WAIT: [0, 60]}")
    command = [sys.executable, "-m", "haze_course", "sweep", str(grid), "-o", str(out)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while len(log(grid) if (grid.parent / "log").is_file() else []) < 2:  # the second waits
        time.sleep(0.05)
    family = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGKILL)
    running.wait()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert [row["status"] for row in rows(out)] == ["done"]
    grid.write_text("notebook: 07_sum.ipynb\nparameters: {A: [0, 5], B: [1], WAIT: [0]}")
    outcomes = run_sweep(read_grid(grid, grid.parent), out)
    assert [outcome.status for outcome in outcomes] == ["done", "done"]
    assert log(grid) == ["01", "01", "51"]


def test_a_notebook_of_the_course_is_swept_at_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("notebook: 00\nprofile: smoke\nparameters: {PATCH: [9, 15]}")
    result = call("sweep", file, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert [row["status"] for row in rows(tmp_path / "out")] == ["done", "done"]
    executed = nbformat.read(tmp_path / "out" / "PATCH=9" / "00_start_here.ipynb", as_version=4)
    given = next(c for c in executed.cells if "injected-parameters" in c.metadata.tags)
    assert "PATCH = 9" in given.source
    assert "PICTURES = 1" in given.source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: [", "not valid YAML"),
        ("notebook: 07_sum.ipynb\nparameter: {A: [1]}", "expected notebook, parameters"),
        ("notebook: 07_sum.ipynb\nparameters: {A: 1}", "NAME: [value, ...]"),
        ("notebook: 07_sum.ipynb\nparameters: {}", "NAME: [value, ...]"),
        ("notebook: 07_sum.ipynb\nparameters: {C: [1]}", "no parameter C"),
        ("notebook: 07_sum.ipynb\nparameters: {A: [1, 1]}", "A=1 stands there twice"),
        ("notebook: none.ipynb\nparameters: {A: [1]}", "a number or a file, got 'none.ipynb'"),
        ("notebook: 07_sum.ipynb\nparameters: {1: [1]}", "expected names, got 1"),
        ("notebook: 07_sum.ipynb\nparameters: {A: [2024-01-31]}", "A: expected numbers, text"),
        ("notebook: 77\nparameters: {A: [1]}", "no notebook 77"),
        ("notebook: 07_sum.ipynb\nprofile: smoke\nparameters: {A: [1]}", "only a numbered"),
    ],
)
def test_a_grid_that_cannot_run_is_refused(grid: Path, text: str, said: str) -> None:
    grid.write_text(text)
    refused(call("sweep", grid, "-o", grid.parent / "out"), said)
    assert not (grid.parent / "out").exists()


@pytest.mark.parametrize(("text", "number"), [("1e-3", "1.0e-3"), ("2.5E4", "2.5e+4")])
def test_a_number_that_yaml_takes_for_text_is_refused(grid: Path, text: str, number: str) -> None:
    grid.write_text(f"notebook: 07_sum.ipynb\nparameters: {{A: [{text}]}}")
    refused(call("sweep", grid, "-o", grid.parent / "out"), f"A: {text} is text", f"write {number}")


def test_a_grid_that_is_not_there_or_no_text_is_named(grid: Path) -> None:
    out = grid.parent / "out"
    refused(call("sweep", grid.parent / "no.yaml", "-o", out), "no.yaml", "check the name")
    grid.write_bytes(b"\xfe\xff")
    refused(call("sweep", grid, "-o", out), "grid.yaml: not valid YAML")
    refused(call("sweep", grid, "-o", out, "--timeout", 0), "--timeout")
