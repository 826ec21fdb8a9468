"""A whole run on tiny notebooks: results, pages, failure, resume, storing, copying."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from haze_course import machine
from haze_course.course import execution, profiles, runner
from haze_course.course.execution import NotebookError
from haze_course.course.profiles import plan
from haze_course.course.runner import run_course, start_course

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
FIGURE = f"""
import base64
from IPython.display import Markdown, display
png = base64.b64decode("{PIXEL}")
display({{"image/png": png}}, raw=True, metadata={{"image/png": {{"alt": 'haze "far" & near'}}}})
display(Markdown("*Haze, far and near: $t^2$.*"))
"""
WORDS = r"""# 00 · A try

With $t = e^{-\beta d}$, so

$$J = \frac{I - A}{t} + A$$

$a_1*b$ and $c*d_2$. Next: [01](01_fails.ipynb#two)
"""


def write(folder: Path, name: str, *cells: str, parameters: str | None = "n = 2") -> Path:
    notebook = new_notebook()
    notebook.metadata["kernelspec"] = dict(execution.KERNELSPEC)
    notebook.cells = [new_markdown_cell(WORDS if name.startswith("00") else f"# {name}")]
    if parameters is not None:
        notebook.cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    notebook.cells += [new_code_cell(cell) for cell in cells]
    folder.mkdir(exist_ok=True, parents=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    write(folder, "00_good", "import os\nprint(n, os.environ['HAZE_STATIC'], os.getcwd())", FIGURE)
    write(folder, "01_fails", "a = 1\ndef half(x):\n    return x / 0\nhalf(a)\nlast = 1")
    (folder / "profiles.yaml").write_text("00_good:\n  smoke: {n: 1}\n  full: {n: 9}\n")
    return folder


def texts(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.get("text", "") for c in cells for o in c.get("outputs", []))


def test_a_run_writes_notebook_page_index_time_and_memory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAZE_STATIC", raising=False)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    out = tmp_path / "out"
    (row,) = run_course(folder, out, profile="smoke", only=["0"], say=lambda _: None)
    assert row.status == "done"
    assert 0 < row.seconds < 60
    assert 30 < row.peak_mb < 500  # an idle kernel takes about 60 MB
    assert texts(out / "00_good.ipynb") == f"1 1 {folder}\n"  # smoke value, static, its folder
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in out.iterdir()) == [
        "00_good.html", "00_good.ipynb", "index.html", "run.json",
    ]  # fmt: skip
    index = (out / "index.html").read_text()
    assert 'href="00_good.html">00 · A try</a>' in index
    assert f">{row.seconds:.1f}<" in index
    assert f">{row.peak_mb:.0f}<" in index
    assert "HAZE_STATIC" not in execution.os.environ


def test_a_page_needs_no_network_and_says_what_figures_show(folder: Path, tmp_path: Path) -> None:
    run_course(folder, tmp_path, only=["00"], say=lambda _: None)
    page = (tmp_path / "00_good.html").read_text()
    for text in (page, (tmp_path / "index.html").read_text()):
        assert "<script" not in text
        assert "<link" not in text
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
        assert '<html lang="en">' in text
    assert re.search(r'<img[^>]* alt=["\']haze (&quot;|")far(&quot;|") &amp; near["\']', page)
    assert page.count("<math") == 5
    assert page.count("<mfrac>") == 1
    assert "$" not in re.sub(r"(?s)<(pre|style).*?</\1>", "", page)
    assert page.count("<h1") == 1
    assert 'href="01_fails.html#two"' in page


def test_a_failing_cell_stops_the_run_and_fits_a_screen(folder: Path, tmp_path: Path) -> None:
    write(folder, "02_never", "print('not reached')")
    with pytest.raises(NotebookError) as failure:
        run_course(folder, tmp_path, only=["1", "2"], say=lambda _: None)
    text = str(failure.value)
    assert text.startswith("01_fails.ipynb stopped in cell 3 of 3, In [2]:")
    assert ">   3 |     return x / 0" in text
    assert "ZeroDivisionError: division by zero" in text
    assert len(text.splitlines()) < 24
    assert not (tmp_path / "02_never.ipynb").exists()
    assert "failed" in (tmp_path / "index.html").read_text()
    assert "division by zero" in (tmp_path / "01_fails.html").read_text()


def test_resume_keeps_what_is_done_and_unchanged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, ran = tmp_path / "out", []
    real = execution.execute
    monkeypatch.setattr(
        runner, "execute", lambda path, *a, **k: (ran.append(path.stem), real(path, *a, **k))[1]
    )
    with pytest.raises(NotebookError):
        run_course(folder, out, say=lambda _: None)
    assert ran == ["00_good", "01_fails"]
    write(folder, "01_fails", "print('mended')")
    rows = run_course(folder, out, resume=True, say=lambda _: None)
    assert ran[2:] == ["01_fails"]
    assert [row.status for row in rows] == ["done", "done"]
    run_course(folder, out, resume=True, profile="smoke", only=["00"], say=lambda _: None)
    assert ran[3:] == ["00_good"]  # other values
    (out / "00_good.ipynb").unlink()
    run_course(folder, out, resume=True, profile="smoke", only=["00"], say=lambda _: None)
    assert ran[4:] == ["00_good"]  # its result is gone
    page = (out / "00_good.html").read_text()
    assert 'rel="next" href="01_fails.html"' in page


def test_interrupted_run_leaves_nothing_half_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_course(folder, tmp_path, only=["00"], say=lambda _: None)
    before = (tmp_path / "00_good.ipynb").read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execution.papermill, "execute_notebook", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_course(folder, tmp_path, only=["00"], say=lambda _: None)
    assert (tmp_path / "00_good.ipynb").read_bytes() == before
    assert not list(tmp_path.glob(".*"))
    assert json.loads((tmp_path / "run.json").read_text())["00_good"]["status"] == "stopped"


def test_a_killed_run_is_resumed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last thing a killed run did was to note the notebook it finished."""
    with monkeypatch.context() as patch:
        patch.setattr(runner, "_write_pages", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_course(folder, tmp_path, only=["00"], say=lambda _: None)
    assert not (tmp_path / "00_good.html").exists()
    said: list[str] = []
    run_course(folder, tmp_path, only=["00"], resume=True, say=said.append)
    assert said == ["00_good: done before, kept"]
    assert (tmp_path / "00_good.html").exists()


def test_a_cell_that_hangs_or_kills_the_kernel_is_a_failure(folder: Path, tmp_path: Path) -> None:
    write(folder, "02_hangs", "import time\nprint('before', flush=True)", "time.sleep(99)")
    with pytest.raises(NotebookError, match=r"(?s)cell 4 of 4.*sleep.*still running after 2 s"):
        run_course(folder, tmp_path, only=["02"], timeout=2, say=lambda _: None)
    assert "before" in texts(tmp_path / "02_hangs.ipynb")
    write(folder, "02_hangs", "import os\nos._exit(3)")
    with pytest.raises(NotebookError, match="the kernel died"):
        run_course(folder, tmp_path, only=["02"], say=lambda _: None)


def test_memory_is_the_peak_of_the_kernel(folder: Path, tmp_path: Path) -> None:
    write(folder, "02_big", "big = bytearray(300_000_000)\ndel big")
    (row,) = run_course(folder, tmp_path, only=["02"], say=lambda _: None)
    assert 320 < row.peak_mb < 600


def test_storing_changes_outputs_only_and_twice_the_same(folder: Path, tmp_path: Path) -> None:
    path = write(
        folder,
        "02_kept",
        "import sys\nprint('a')\nprint('b')\nprint('noise', file=sys.stderr)",
        "n + 1",
    )
    before = nbformat.read(path, as_version=4)
    said: list[str] = []
    run_course(folder, tmp_path, only=["02"], in_place=True, say=said.append)
    stored = nbformat.read(path, as_version=4)
    assert [c.source for c in stored.cells] == [c.source for c in before.cells]
    assert [c.id for c in stored.cells] == [c.id for c in before.cells]
    code = [c for c in stored.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == [1, 2, 3]
    assert [o.get("text") or o.data["text/plain"] for c in code for o in c.outputs] == [
        "a\nb\n",
        "3",
    ]
    assert "papermill" not in path.read_text()
    assert 'execution":' not in path.read_text()
    assert any("cell 3, stderr left out: noise" in line for line in said)
    first = path.read_bytes()
    run_course(folder, tmp_path, only=["02"], in_place=True, say=said.append)
    assert path.read_bytes() == first
    with pytest.raises(ValueError, match="lesson"):
        run_course(folder, tmp_path, profile="smoke", in_place=True)


def test_recorded_times_give_estimates(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAZE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "SHA256SUMS").touch()
    (tmp_path / "README.md").write_text("a\n<!-- timings -->\n<!-- /timings -->\nb\n")
    assert machine.timings() == {}
    assert machine.estimate_seconds("00_good") is None
    (row,) = run_course(folder, tmp_path / "out", only=["0"], record=True, say=lambda _: None)
    assert machine.estimate_seconds("00_good") == pytest.approx(row.seconds, abs=0.1)
    assert machine.estimate_seconds("00") == machine.estimate_seconds("00_good")
    readme = (tmp_path / "README.md").read_text()
    assert "| [00 · A try](notebooks/00_good.ipynb) | 0." in readme
    assert readme.endswith("<!-- /timings -->\nb\n")
    machine.timings_file().write_text("{")
    with pytest.raises(ValueError, match=r"timings\.json.*--record"):
        machine.timings()


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("00_good: {smoke: {m: 1}}", "00_good has no parameter m; its parameters cell has n"),
        ("00_goood: {smoke: {n: 1}}", "no notebook '00_goood'; there are 00_good, 01_fails"),
        ("00_good: {smoky: {n: 1}}", "'smoky', expected smoke or full"),
        ("00_good: {lesson: {n: 1}}", "lesson values stand in the notebook"),
        ("00_good: {smoke: [1]}", "expected name: value"),
        ("00_good: {smoke: {}}\n  x", "not valid YAML"),
        ("- 1", "expected notebook: profile"),
    ],
)
def test_wrong_profiles_are_named(folder: Path, yaml: str, expected: str) -> None:
    (folder / "profiles.yaml").write_text(yaml)
    with pytest.raises(ValueError, match=re.escape(expected)):
        plan(folder, "smoke")


def test_wrong_requests_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'fast': expected one of smoke, lesson, full"):
        plan(folder, "fast")
    with pytest.raises(ValueError, match="no notebook 07, 09; there are 00, 01"):
        plan(folder, only=["7", "00", "09"])
    path = write(folder, "02_bare", "print(1)", parameters=None)
    with pytest.raises(ValueError, match=r"02_bare\.ipynb: expected a cell tagged 'parameters'"):
        plan(folder)
    path.write_text("{")
    with pytest.raises(ValueError, match=r"02_bare\.ipynb: not a notebook"):
        plan(folder)
    with pytest.raises(FileNotFoundError, match="expected notebooks named"):
        plan(tmp_path)
    assert [job.path.stem for job in plan(folder, only=["1", "01", "0"])] == ["00_good", "01_fails"]
    assert profiles.plan(folder, "full", ["0"])[0].parameters == {"n": 9}


def test_start_copies_and_never_overwrites(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    assert len(start_course(folder, mine)) == 3
    (mine / "00_good.ipynb").write_text("my work")
    (mine / "01_fails.ipynb").unlink()
    with pytest.raises(FileExistsError, match=r"00_good\.ipynb, profiles\.yaml; nothing.*--update"):
        start_course(folder, mine)
    assert not (mine / "01_fails.ipynb").exists()
    assert start_course(folder, mine, update=True) == [mine / "01_fails.ipynb"]
    assert (mine / "00_good.ipynb").read_text() == "my work"
