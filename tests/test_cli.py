"""The command line as a user meets it: results, messages, exit codes; never a traceback."""

import csv
import errno
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from command import call, picture, refused
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from haze_course import doctor
from haze_course.course import links, runner
from haze_course.course.execution import NotebookError
from haze_course.deploy import batch
from haze_course.images import read_image


def test_module_version_and_help() -> None:
    command = [sys.executable, "-m", "haze_course", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("haze-course, version 0.")
    listed = call("--help").output
    for name in ("run", "start", "doctor", "dehaze", "evaluate"):
        assert f"\n  {name} " in listed


def test_dehaze_files_and_folders(tmp_path: Path) -> None:
    one = picture(tmp_path / "one.jpg")
    picture(tmp_path / "more" / "two.png", seed=1)
    result = call("dehaze", one, tmp_path / "more", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "2 of 2 files written" in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.png", "two.png"]
    dehazed, hazy = read_image(tmp_path / "out" / "one.png"), read_image(one)
    assert dehazed.shape == hazy.shape
    assert dehazed.mean() < hazy.mean()  # haze is light that was added


def test_dehaze_goes_on_after_a_bad_file_and_names_it(tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff" + bytes(50))
    result = call("dehaze", bad, good, "-o", tmp_path / "out")
    refused(result, "1 of 2 files", "not dehazed:", "bad.jpg: expected a picture")
    assert (tmp_path / "out" / "good.png").is_file()


def test_dehaze_never_overwrites_silently(tmp_path: Path) -> None:
    one, other = picture(tmp_path / "a" / "x.png"), picture(tmp_path / "b" / "x.jpg", seed=1)
    out = tmp_path / "out"
    refused(call("dehaze", one, other, "-o", out), "would both become", "nothing was written")
    assert not out.exists()
    assert call("dehaze", one, one, "-o", out).exit_code == 0
    first = (out / "x.png").read_bytes()
    refused(call("dehaze", other, "-o", out), "already has x.png", "--force")
    assert (out / "x.png").read_bytes() == first
    assert call("dehaze", other, "-o", out, "--force").exit_code == 0
    assert (out / "x.png").read_bytes() != first
    refused(call("dehaze", one, "-o", one.parent, "--force"), "is an input and would be replaced")


def test_dehaze_says_what_fits(tmp_path: Path) -> None:
    one = picture(tmp_path / "one.png")
    refused(call("dehaze", one, "-o", tmp_path, "--method", "magic"), "dark-channel")
    refused(call("dehaze", tmp_path / "none.png", "-o", tmp_path), "none.png: no such file")
    (tmp_path / "empty").mkdir()
    refused(call("dehaze", tmp_path / "empty", "-o", tmp_path), "no picture in it")
    refused(call("dehaze", one), "--out")


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "one.png")

    monkeypatch.setattr(batch, "write_image", full)
    result = call("dehaze", picture(tmp_path / "one.png"), "-o", tmp_path / "out")
    refused(result, "one.png: No space left on device; free some space")
    result = call("--traceback", "dehaze", tmp_path / "one.png", "-o", tmp_path / "out")
    assert isinstance(result.exception, OSError)


def test_an_error_of_the_system_without_a_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(batch, "write_image", short)
    result = call("dehaze", picture(tmp_path / "one.png"), "-o", tmp_path / "out")
    refused(result, "Error: Cannot allocate memory; close other programs\n")


def test_evaluate_writes_json_and_csv(tmp_path: Path) -> None:
    for seed in range(3):
        picture(tmp_path / "hazy" / f"{seed}_1.png", seed)
        picture(tmp_path / "clear" / f"{seed}.png", seed + 10)
    out = tmp_path / "r.json"
    arguments = ("evaluate", "--data", tmp_path, "--method", "hazy", "--json", out)
    result = call(*arguments, "--csv", tmp_path / "r.csv", "--protocol", "luma")
    assert result.exit_code == 0, result.output
    assert "hazy on 3 images" in result.output
    assert "(luma)" in result.output
    records = json.loads(out.read_text())["records"]
    assert [record["image"] for record in records] == ["0_1", "1_1", "2_1"]
    with (tmp_path / "r.csv").open() as file:
        assert len(list(csv.reader(file))) == 4
    before = out.read_bytes()
    refused(call(*arguments), "r.json is there already", "--force")
    clear = tmp_path / "clear" / "1.png"
    refused(call(*arguments[:-1], clear), "1.png: expected a name ending in .json")
    refused(call(*arguments, "--force", "--csv", out), "r.json: expected a name ending in .csv")
    assert out.read_bytes() == before
    (tmp_path / "folder.json").mkdir()
    refused(call(*arguments[:-1], tmp_path / "folder.json"), "folder.json is a folder")
    arguments = (*arguments, "--force")
    refused(call(*arguments, "--method", "x"), "'x' is not one of 'dark-channel', 'hazy'")
    refused(call(*arguments, "--protocol", "best"), "best", "valid", "luma")
    refused(call("evaluate", "--data", tmp_path, "--json", out, "--layout", "x"), "pairs")
    picture(tmp_path / "clear" / "2.png", size=(20, 20))
    refused(call(*arguments), "2.png", "smaller than its hazy picture")
    (tmp_path / "clear" / "1.png").unlink()
    refused(call(*arguments), "1_1.png", "expected a clear picture 1.png")
    other = tmp_path / "other.json"
    refused(call("evaluate", "--data", tmp_path / "no", "--json", other), "no such folder")
    refused(call("dehaze", clear.with_name("0.png"), "-o", out), "r.json", "where a folder")


def test_run_reports_what_is_wrong(tmp_path: Path) -> None:
    tiny(tmp_path / "notebooks" / "03_tiny.ipynb", "1 / 0")
    arguments = ("run", "--notebooks", tmp_path / "notebooks", "--out", tmp_path / "out")
    refused(call(*arguments, "--profile", "x"), "'x': expected one of smoke, lesson, full")
    refused(call(*arguments, "--only", "03,5"), "no notebook 05; there are 03")
    refused(call(*arguments, "--only", "6", "--only", "3"), "no notebook 06; there are 03")
    refused(call(*arguments, "--only", ""), "expected numbers as in 03,05")
    refused(call("run", "--notebooks", tmp_path), "expected notebooks named like")
    result = call(*arguments)
    assert result.exit_code == 1
    assert "03_tiny.ipynb stopped in cell 3 of 3" in result.output
    assert "--resume" in result.output
    tiny(tmp_path / "notebooks" / "03_tiny.ipynb", "print('fine')")
    result = call(*arguments, "--resume", "--only", "3")
    assert result.exit_code == 0, result.output
    assert "03_tiny" in result.output
    assert "index.html" in result.output


def test_a_run_that_failed_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that was given, fit for a shell."""

    def fails(*_: object, **__: object) -> None:
        raise NotebookError("cell 3")

    monkeypatch.setattr(runner, "run_course", fails)
    given = ("--notebooks", "my course", "--timeout", 5000, "--in-place", "--resume")
    result = call("run", *given, "--only", "3", "--only", "5")
    assert result.exit_code == 1
    again = (
        "haze-course run --only 3,5 --in-place --timeout 5000 --notebooks 'my course' --resume\n"
    )
    assert result.output.endswith(again)


def test_progress_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    for name in ("nowhere", "a file"):
        refused(call("progress", tmp_path / name), f"{name}: expected a folder of notebooks")


def tiny(path: Path, code: str) -> Path:
    notebook = new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook.cells = [
        new_markdown_cell("# 03 · Tiny\n\nA promise."),
        new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
        new_code_cell(code),
    ]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    (path.parent / "profiles.yaml").write_text("")
    return path


def test_doctor_names_what_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    (tmp_path / "b.png").write_bytes(b"changed")
    sums = {
        name: hashlib.sha256(name[:1].encode()).hexdigest() for name in ("a.png", "b.png", "c.png")
    }
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (tmp_path / "SHA256SUMS").write_text(lines)
    monkeypatch.setenv("HAZE_DATA", str(tmp_path))
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["torch pair"].remedy == ""
    assert found["Data"].value == "2 of 3 files are not as shipped"
    assert "b.png: expected sha256 3e23e8160039..., found" in found["Data"].remedy
    assert "c.png: missing" in found["Data"].remedy
    monkeypatch.setattr(doctor, "memory_bytes", lambda: 0)  # 0: not known
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    found = {finding.name: finding for finding in doctor.examine()}
    assert (found["Memory"].value, found["Memory"].remedy) == ("unknown", "")
    assert found["Free disk"].value == "0.0 GB"
    assert "1 GB are needed" in found["Free disk"].remedy
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    refused(call("doctor"), "! no-such-package", "not installed", "! Data", "c.png: missing")


def test_links_are_written_replaced_and_removed(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# T\n<!-- launch -->\nold\n<!-- /launch -->\nrest\n")
    path = tiny(tmp_path / "notebooks" / "03_tiny.ipynb", "1")
    notebook = nbformat.read(path, as_version=4)
    setup = new_code_cell('REPOSITORY = ""  # make links', metadata={"tags": ["setup"]})
    notebook.cells.insert(1, setup)
    nbformat.write(notebook, path)
    before = path.read_bytes()

    assert links.write_links(tmp_path, "ada/haze") == [readme, path]
    assert links.write_links(tmp_path, "ada/haze") == []
    colab = "https://colab.research.google.com/github/ada/haze/blob/main/notebooks/03_tiny.ipynb"
    binder = "https://mybinder.org/v2/gh/ada/haze/main?urlpath=lab/tree/notebooks/03_tiny.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    assert f"[Binder]({binder}) · [Colab]({colab})" in cells[0].source
    assert cells[1].source == 'REPOSITORY = "https://github.com/ada/haze@main"  # make links'
    assert "github/ada/haze/blob/main/notebooks/00_start_here.ipynb" in readme.read_text()

    links.write_links(tmp_path, "bob/fog", "dev")
    assert "ada/haze" not in readme.read_text() + path.read_text()
    assert path.read_text().count("bob/fog/blob/dev") == 1

    links.write_links(tmp_path, "")
    assert path.read_bytes() == before
    assert "http" not in readme.read_text()
    assert "make links REPO=owner/name" in readme.read_text()
    assert readme.read_text().endswith("<!-- /launch -->\nrest\n")

    with pytest.raises(ValueError, match="expected owner/name"):
        links.write_links(tmp_path, "https://x/y")
    readme.write_text("no block")
    with pytest.raises(ValueError, match=r"README\.md: expected a block"):
        links.write_links(tmp_path, "a/b")
