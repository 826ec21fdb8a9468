"""What is shipped and how it is set up: one version of every fact."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import haze_course

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}  # where names differ
WITH_TORCH = re.compile(r"torch|torchvision|triton|nvidia|cuda")


def needed(*extras: str) -> dict[str, Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    wanted = [Requirement(line) for line in lines if not line.startswith("haze-course")]
    return {canonicalize_name(requirement.name): requirement for requirement in wanted}


def test_environment_file_says_the_same_as_pyproject() -> None:
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = yaml.safe_load("\n".join(lines))["dependencies"]
    assert listed[:2] == ["python=3.11", "pip"]
    conda = {name: set(spec.split(",")) for name, spec in (entry.split() for entry in listed[2:])}
    ours = {
        CONDA.get(name, name): {str(part) for part in requirement.specifier}
        for name, requirement in needed("course", "edge", "video").items()
    }
    assert conda == ours
    for line in lines:
        if re.match(r"  - .*>=", line):
            assert re.search(r"# .*(every notebook|\b\d\d\b)", line), f"which notebook? {line}"


def test_constraints_pin_what_is_needed_and_leave_torch_free() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    assert not [name for name in pins if WITH_TORCH.match(name)]
    for name, requirement in needed("course", "edge", "video", "test").items():
        if not WITH_TORCH.match(name):
            assert name in pins, f"no tested version of {name}"
            assert requirement.specifier.contains(pins[name]), f"{requirement} but {pins[name]}"


def test_the_wheel_carries_data_and_notebooks_and_finds_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    library = [*(ROOT / "haze_course").rglob("*.py"), *(ROOT / "haze_course").rglob("*.md")]
    shipped = [*(ROOT / "notebooks").glob("*"), *library]
    sums = (ROOT / "data" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    expected = {
        f"{'' if path in library else 'haze_course/_shipped/'}{path.relative_to(ROOT)}"
        for path in shipped
        if path.is_file() and path.suffix in {".py", ".md", ".ipynb", ".yaml"}
    }
    expected |= {f"haze_course/_shipped/data/{line.split('  ', 1)[1]}" for line in sums}
    assert expected <= names, sorted(expected - names)[:5]
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    code = (
        "import haze_course as hc; print(hc.__file__); "
        "print(hc.paths.data_folder()); print(hc.paths.notebooks_folder())"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    environment.pop("HAZE_DATA", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        assert line.startswith(str(tmp_path / "installed")), line


def test_the_wheel_of_a_used_checkout_carries_nothing_of_its_users(tmp_path: Path) -> None:
    files = ("pyproject.toml", ".gitignore", "README.md", "LICENSE", "data/ATTRIBUTION.csv")
    used = ("notebooks/progress.json", "notebooks/.ipynb_checkpoints/n.ipynb", "data/.a.part.png")
    for name in (*files, "haze_course/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("notebooks/00_a.ipynb", *used):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("haze_course/_shipped")}
    assert names == {
        f"haze_course/_shipped/{name}" for name in ("data/ATTRIBUTION.csv", "notebooks/00_a.ipynb")
    }


def test_the_licence_names_that_of_every_file() -> None:
    with (ROOT / "data" / "ATTRIBUTION.csv").open(encoding="utf-8") as table:
        licences = {row["licence"] for row in csv.DictReader(table)}
    named = {part.removeprefix("LicenseRef-") for part in PROJECT["license"].split(" AND ")}
    assert named == licences | {"MIT"}
    assert "data/ATTRIBUTION.csv" in PROJECT["license-files"]


def test_one_version_and_no_invented_author() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == haze_course.__version__
    assert citation["authors"] == [{"name": "The haze_course authors"}]
    assert citation["references"][0]["identifiers"][0]["value"] == "arXiv:2207.11250"
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    for part in ("MIT License", "CC-BY-4.0", "data/ATTRIBUTION.csv"):
        assert part in licence


def test_scripts_can_be_run() -> None:
    for name in ("postBuild", ".ci/run"):
        assert os.access(ROOT / name, os.X_OK), f"{name} is not executable"
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec make test"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_prints_help_and_builds_its_environment(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
        os.utime(tmp_path / name, (0, 0))

    def make(*arguments: str) -> str:
        # A make that runs the tests hands its own variables down; here they would only confuse.
        clean = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
        command = ["make", "--no-print-directory", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean, check=True, capture_output=True, text=True
        )
        return done.stdout

    targets = re.findall(r"^make ([\w-]+)", make(), re.MULTILINE)
    assert targets == ["course", "test", "test-faults", "lab", "doctor", "store", "links", "clean"]
    steps = make("-n", "course", "PROFILE=smoke")
    order = ["-m venv", "pip install", '-e ".[course]"', "run --profile smoke", "--resume"]
    assert [steps.index(step) for step in order] == sorted(steps.index(step) for step in order)
    (tmp_path / ".venv").mkdir()
    for stamp in (".made", ".course", ".test"):
        (tmp_path / ".venv" / stamp).touch()
        os.utime(tmp_path / ".venv" / stamp, (1, 1))  # clocks of files may tick slowly
    assert "install" not in make("-n", "test")  # what is done is not done again
    (tmp_path / "pyproject.toml").touch()
    assert '".[course]"' in make("-n", "test")


def test_nothing_names_the_machine_it_was_made_on() -> None:
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".cff", ".txt", ".csv", ".ipynb", ".json"}
    folders = ["haze_course", "tests", "notebooks", "data", ".ci"]
    files = [file for file in ROOT.iterdir() if file.is_file() and not file.name.startswith(".")]
    for folder in folders:
        files += (ROOT / folder).rglob("*")
    private = re.compile(r"(?<![\w.:/])/(?:work|root|home|Users)/\w")
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}..."
        for file in files
        if file.is_file() and (file.suffix in suffixes or not file.suffix)
        if not any("cache" in part for part in file.relative_to(ROOT).parts)
        for match in [private.search(file.read_text(encoding="utf-8", errors="replace"))]
        if match
    ]
    assert not found, found
