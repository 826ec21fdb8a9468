"""Is this machine ready for the course?  Versions, memory, disk, data, minutes per notebook."""

import hashlib
import importlib
import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from haze_course.machine import cores, estimate_seconds, memory_bytes, timings
from haze_course.paths import data_folder, notebooks_folder

PACKAGES = ("torch", "torchvision", "numpy", "pillow", "matplotlib", "jupyterlab", "ipywidgets")
RUNNERS = ("papermill", "nbconvert", "ipykernel")
DISK_GB, MEMORY_GB = 1.0, 2.0  # a run writes some 50 MB; a lesson needs up to 1.5 GB


@dataclass(frozen=True)
class Finding:
    """One line of the report; `remedy` says what to do where something is broken."""

    name: str
    value: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings, the quick ones first."""
    yield Finding("Python", sys.version.split()[0])
    for package in (*PACKAGES, *RUNNERS):
        yield _package(package)
    yield _torch_pair()
    memory = memory_bytes() / 2**30 or None  # 0: not known
    yield _size("Memory", memory, MEMORY_GB, "close other programs")
    yield Finding("Cores", str(cores()))
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    yield _size("Free disk", free, DISK_GB, "free some, or run with --out on another disk")
    yield _data()
    yield from _notebooks()


def check_data(folder: Path) -> list[str]:
    """Compare every file named in SHA256SUMS; one line for each that is missing or different."""
    wrong = []
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file():
            wrong.append(f"{name}: missing")
        elif (found := hashlib.sha256(file.read_bytes()).hexdigest()) != expected:
            wrong.append(f"{name}: expected sha256 {expected[:12]}..., found {found[:12]}...")
    return wrong


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", 'pip install "haze-course[course]"')


def _torch_pair() -> Finding:
    """torch 2.N goes with torchvision 0.(N+15); a wrong pair fails at import."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError, AttributeError) as error:
        remedy = "install both anew in one command, so that pip picks a pair that fits"
        return Finding("torch pair", f"broken: {str(error).splitlines()[0]}", remedy)
    return Finding("torch pair", "torch and torchvision fit together")


def _size(name: str, gigabytes: float | None, least: float, remedy: str) -> Finding:
    if gigabytes is None:
        return Finding(name, "unknown")
    advice = f"{least:g} GB are needed: {remedy}" if gigabytes < least else ""
    return Finding(name, f"{gigabytes:.1f} GB", advice)


def _data() -> Finding:
    try:
        folder = data_folder()
        wrong = check_data(folder)
        count = len((folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    except OSError as error:
        return Finding("Data", "not found", str(error))
    if wrong:
        return Finding(
            "Data", f"{len(wrong)} of {count} files are not as shipped", _first_lines(wrong, folder)
        )
    return Finding("Data", f"{count} files, all as shipped")


def _first_lines(wrong: list[str], folder: Path, most: int = 10) -> str:
    more = [f"... and {len(wrong) - most} more"] * (len(wrong) > most)
    return "\n    ".join([f"copy these anew into {folder}:", *wrong[:most], *more])


def _notebooks() -> Iterator[Finding]:
    try:
        stems = sorted(path.stem for path in notebooks_folder().glob("[0-9][0-9]_*.ipynb"))
        measured = timings().get("lesson", {})
    except (OSError, ValueError) as error:
        yield Finding("Notebooks", "unclear", str(error))
        return
    total = 0.0
    for stem in stems:
        seconds = estimate_seconds(stem) if stem in measured else None
        total += seconds or 0
        yield Finding(stem, f"about {seconds / 60:.1f} minutes here" if seconds else "not measured")
    if total:
        yield Finding("Together", f"about {total / 60:.1f} minutes here, at lesson values")
