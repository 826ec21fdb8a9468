"""Every stored notebook: executed in order, whole, light, accessible, and true to its profiles."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml
from nbformat import NotebookNode

from haze_course.course.answers import exercise_cells
from haze_course.course.instructor import read_lesson
from haze_course.course.links import BINDER, COLAB, UNSET
from haze_course.machine import timings
from haze_course.teaching.exercises import exercises_of
from haze_course.teaching.quiz import quizzes_of

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
MEGABYTES, WORDS, CELL_LINES, COLUMNS, CODE_LINES = 1.5, 2200, 25, 88, 400
COMPARED = 0.6  # of the cells with output
PUBLISHED = {"08": {"0.1 dB", "0.2 dB"}}  # by others, cited where they stand
HOLLOW = re.compile(r"<[\w. ]+ at 0x[0-9a-f]+>|<Figure size .*>|")  # text of an output says nothing
PRIVATE = re.compile(r"(?<![\w.:/])/(?:home|root|work|tmp|Users|usr|opt|var|mnt)/\w|\b[A-Z]:\\\w")
TALKS = {"print", "display", "show", "show_images", "show_curves", "show_intervals", "show_table"}

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@cache
def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")


def outputs(path: Path) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in enumerate(read(path).cells, start=1):
        for output in cell.get("outputs", []):
            yield number, output


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def texts(output: NotebookNode) -> list[str]:
    """What a reader sees as text, pictures left out."""
    data = output.get("data", {})
    return [output.get("text", ""), *(text for kind, text in data.items() if "image/" not in kind)]


def test_there_are_notebooks_in_one_sequence() -> None:
    assert PATHS, f"no notebook in {FOLDER}"
    numbers = [path.stem[:2] for path in PATHS]
    assert numbers == [f"{number:02}" for number in range(len(PATHS))]


@each
def test_executed_in_order_and_without_errors(path: Path) -> None:
    nbformat.validate(read(path))
    counts = [cell.execution_count for cell in code(path)]
    assert counts == list(range(1, len(counts) + 1)), "store it again: make store ONLY=NN"
    for number, output in outputs(path):
        assert output.output_type != "error", f"cell {number} stores an error"
        assert output.get("name") != "stderr", f"cell {number} stores stderr: {output.text[:80]}"
    ids = [cell.id for cell in read(path).cells]
    assert len(ids) == len(set(ids))


@each
def test_outputs_are_present(path: Path) -> None:
    """nbval passes a cell that is stored without output; so a cell that talks must have some."""
    for number, cell in enumerate(read(path).cells, start=1):
        if cell.cell_type == "code" and _talks(cell.source):
            assert cell.outputs, f"cell {number} prints or shows, but no output is stored"
    assert any(True for _ in outputs(path))


def _talks(source: str) -> bool:
    body = ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)).body
    if body and isinstance(body[-1], ast.Expr):
        last = body[-1].value
        if isinstance(last, ast.Name | ast.Attribute | ast.Compare | ast.BinOp | ast.Subscript):
            return not source.rstrip().endswith(";")
    called = []
    while body:  # loops and conditions too, but not what is only defined
        node = body.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called.append(node.value.func)
        if isinstance(node, ast.For | ast.While | ast.With):
            body += node.body
    names = {getattr(function, "id", getattr(function, "attr", "")) for function in called}
    return bool(names & TALKS)


def test_the_stored_self_test_found_all_fine() -> None:
    """Data that change after notebook 00 was stored make it advise strangers to copy them anew."""
    shown = (output.get("data", {}).get("text/plain", "") for _, output in outputs(PATHS[0]))
    rows = next(text for text in shown if text.startswith("This machine")).splitlines()[3:]
    assert rows
    for row in rows:
        assert row.split("|")[-2].strip() == "fine", row


@each
def test_nothing_of_the_machine_or_the_run_is_stored(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not {"widgets", "papermill"} & set(notebook.metadata)
    for number, cell in enumerate(notebook.cells, start=1):
        assert not {"papermill", "execution", "widgets"} & set(cell.metadata), f"cell {number}"
    for number, cell in enumerate(notebook.cells, start=1):
        assert not PRIVATE.search(cell.source), f"cell {number} names a path of one machine"
    for number, output in outputs(path):
        assert not any("widget" in kind for kind in output.get("data", {})), f"cell {number}"
        for text in texts(output):
            assert not PRIVATE.search(text), f"output of cell {number}: a path of one machine"


@each
def test_parameters_and_profiles_fit(path: Path) -> None:
    tagged = [cell for cell in code(path) if "parameters" in tags(cell)]
    assert len(tagged) == 1, "expected one cell tagged 'parameters'"
    seen = set(papermill.inspect_notebook(str(path)))
    assigned = {
        target.id
        for node in ast.parse(tagged[0].source).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert seen == assigned, "write one plain `name = value` a line, so that papermill sees it"
    profiles = yaml.safe_load((FOLDER / "profiles.yaml").read_text(encoding="utf-8")) or {}
    assert set(profiles) == {path.stem for path in PATHS}, "profiles.yaml: one entry a notebook"
    assert set(profiles[path.stem]) == {"smoke", "full"}
    for profile, values in profiles[path.stem].items():
        assert set(values or {}) <= assigned, f"{profile}: unknown parameter"


@each
def test_cells_and_files_stay_small(path: Path) -> None:
    assert path.stat().st_size <= MEGABYTES * 1e6, f"{path.stat().st_size / 1e6:.2f} MB"
    total = 0
    for number, cell in enumerate(read(path).cells, start=1):
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            total += len(lines)
            assert len(lines) <= CELL_LINES, f"cell {number}: {len(lines)} lines"
            widest = max(map(len, lines), default=0)
            assert widest <= COLUMNS, f"cell {number}: {widest} columns"
    assert total <= CODE_LINES, f"{total} lines of code"


@each
def test_pictures_have_alternatives_and_visible_captions(path: Path) -> None:
    for number, cell in enumerate(read(path).cells, start=1):
        kept = cell.get("outputs", [])
        for index, output in enumerate(kept):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    alt = output.metadata.get(kind, {}).get("alt", "")
                    assert len(alt.split()) >= 4, f"cell {number}: picture without alternative"
                    beside = kept[index + 1].get("data", {}) if index + 1 < len(kept) else {}
                    caption = beside.get("text/markdown", "")
                    assert alt in caption, f"cell {number}: no caption under the picture"
            for image in re.findall(r"<img\b[^>]*>", output.get("data", {}).get("text/html", "")):
                assert re.search(r"alt=[\"'][^\"']{9}", image), f"cell {number}: <img> without alt"
        for alt in re.findall(r"!\[([^\]]*)\]\(", cell.source if "outputs" not in cell else ""):
            assert len(alt.split()) >= 4, f"cell {number}: Markdown picture without alternative"


@each
def test_nbval_compares_most_outputs(path: Path) -> None:
    with_output = [cell for cell in code(path) if cell.outputs]
    compared = [cell for cell in with_output if _compared(cell)]
    share = len(compared) / len(with_output)
    assert share >= COMPARED, f"nbval compares {len(compared)} of {len(with_output)} cells"


def _compared(cell: NotebookNode) -> bool:
    """Repeated by nbval, and not only as the same picture's name."""
    if {"nbval-ignore-output", "nbval-skip"} & set(tags(cell)) or "NBVAL_" in cell.source:
        return False
    return any(not HOLLOW.fullmatch(text.strip()) for out in cell.outputs for text in texts(out))


@each
def test_prose_is_short_and_plain(path: Path) -> None:
    text = re.sub(r"(?s)```.*?```|<!--.*?-->|\$\$.*?\$\$|\$[^$\n]+\$|\]\([^)]*\)", " ", prose(path))
    words = re.findall(r"[^\W\d_][\w'’-]*", text)
    assert len(words) <= WORDS, f"{len(words)} words"
    for word in ("simply", "just", "obviously"):
        found = re.search(rf"(?i).{{,30}}\b{word}\b.{{,30}}", text)
        assert not found, f"leave out {word!r}: {found and found[0]}"
    assert "—" not in text, "a full stop or a colon reads better than an em dash"


@each
def test_headings_step_down_one_at_a_time(path: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", prose(path))
    levels = [len(marks) for marks in re.findall(r"(?m)^(#{1,6}) ", text)]
    assert re.match(rf"# {path.stem[:2]} · \S", read(path).cells[0].source), "# NN · Title"
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each
def test_links_between_files_are_alive(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if not re.match(r"https?:|#|mailto:|attachment:", target):
            assert (FOLDER / target.split("#")[0]).exists(), f"dead link {target}"


@each
def test_exercises_stand_in_order_and_blank(path: Path) -> None:
    number = path.stem[:2]
    cells = exercise_cells(read(path))
    assert list(cells) == list(exercises_of(number))
    assert list(cells) == [f"{number}-{k}" for k in range(1, len(cells) + 1)]
    assert len(cells) in ((2,) if number == "00" else (3, 4))
    for name, cell in cells.items():
        assert f"**Exercise {name}** (" in prose(path), f"{name}: no text, no minutes"
        stored = "".join(text for output in cell.outputs for text in texts(output))
        assert f"Exercise {name}: not attempted" in stored, f"{name} is stored with an answer"


@each
def test_quizzes_and_a_widget_are_there(path: Path) -> None:
    source = "\n".join(cell.source for cell in code(path))
    asked = re.findall(r'hc\.teaching\.quiz\("([\w-]+)"\)', source)
    assert asked == list(quizzes_of(path.stem[:2]))
    assert asked[-1] == f"{path.stem[:2]}-exit"
    if path.stem[:2] != "00":
        assert f"{path.stem[:2]}-predict" in asked
        assert re.search(r"hc\.teaching\.(explore|swipe|your_photo)\(", source), "no widget"


@each
def test_results_are_computed_not_typed(path: Path) -> None:
    """A decimal with a unit in the prose is a result that the next run may contradict."""
    typed = set(re.findall(r"\d+\.\d+ ?(?:dB|%|ms|s|MB|kB|GB)\b", prose(path)))
    assert typed <= PUBLISHED.get(path.stem[:2], set()), "print it from code"


@each
def test_objectives_come_back_in_the_recap(path: Path) -> None:
    recap = prose(path).partition("## Recap")[2]
    assert recap
    for objective in read_lesson(path).objectives:
        words = _stems(objective)
        assert len(words & _stems(recap)) >= 0.3 * len(words), f"not in the recap: {objective}"


def _stems(text: str) -> set[str]:
    """Words of five letters and more, cut so that 'measure' and 'measured' agree."""
    return {word[:4].lower() for word in re.findall(r"[^\W\d_]{5,}", text)}


def test_recorded_costs_stay_in_bounds() -> None:
    recorded = timings().get("lesson", {})
    assert set(recorded) >= {path.stem for path in PATHS}, "measure: make store"
    for name, cost in recorded.items():
        assert cost["seconds"] <= 180, f"{name}: no lesson over three minutes"
        assert cost["peak_mb"] <= 1500, f"{name}: too much memory for Binder"


def test_launch_links_are_all_alive_or_all_absent() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {"README.md": readme} | {path.name: prose(path) for path in PATHS}
    pattern = re.compile(
        rf"{re.escape(COLAB)}/github/([\w.-]+/[\w.-]+)/blob/([\w./-]+)/notebooks/([\w.-]+\.ipynb)"
        rf"|{re.escape(BINDER)}/v2/gh/([\w.-]+/[\w.-]+)/([\w.-]+)\?urlpath=lab/tree/notebooks/"
        r"([\w.-]+\.ipynb)"
    )
    if UNSET in readme:
        for name, text in pages.items():
            assert COLAB not in text, f"{name} has a dead Colab link"
            assert BINDER not in text, f"{name} has a dead Binder link"
        return
    settings = set()
    for name, text in pages.items():
        links = pattern.findall(text)
        settings |= {(one[0] or one[3], one[1] or one[4]) for one in links}
        targets = {one[2] or one[5] for one in links}
        expected = {name} if name.endswith("ipynb") else {"00_start_here.ipynb"}
        assert (len(links), targets) == (2, expected), f"{name}: make links REPO=owner/name"
    assert len(settings) == 1, f"links to several places: {settings}"
