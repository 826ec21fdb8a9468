"""Quizzes and widgets: text where nobody sits, buttons and sliders elsewhere; the pack."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from command import call, refused
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

import haze_course as hc
from haze_course.course import instructor
from haze_course.course.answers import fill
from haze_course.paths import notebooks_folder
from haze_course.plots.web import html_images, html_swipe
from haze_course.teaching import upload, widgets
from haze_course.teaching.checking import Result, Verdict, Violation, choice
from haze_course.teaching.exercises import exercises_of
from haze_course.teaching.progress import COLUMNS, FILE, record
from haze_course.teaching.quiz import parse, quiz_text, quiz_widget, quizzes_of

NUMBERS = [path.stem[:2] for path in sorted(notebooks_folder().glob("[0-9][0-9]_*.ipynb"))]
QUIZZES = {name: asked for n in NUMBERS for name, asked in quizzes_of(n).items()}
QUIZ = parse("# 99-exit\n\nGrey?\n\n- [x] Yes.\n  Fog is.\n- [ ] Blue & red.\n  Look again.")[
    "99-exit"
]
GOOD, BAD = Result("a", "It holds."), Result("b", "It does not.", "x = 1")


@pytest.mark.parametrize("name", QUIZZES)
def test_every_question_has_a_right_option_and_reasons(name: str) -> None:
    for question in QUIZZES[name]:
        assert question.asks.endswith(("?", ".", ":")), question.asks
        assert len(question.options) >= 2
        assert any(option.right for option in question.options), question.asks
        assert any(not option.right for option in question.options), question.asks
        for option in question.options:
            assert len(option.why.split()) >= 4, f"no reason: {option.text}"


def test_a_quiz_as_text_hides_its_answers_until_opened() -> None:
    text = quiz_text(QUIZ)
    shown, hidden = text.split("<details>")
    assert "(a) Yes." in shown
    assert "Fog" not in shown
    assert "(b) ✘ Look again." in hidden


def test_a_quiz_as_buttons_answers_the_press() -> None:
    _, *buttons, answer = quiz_widget(QUIZ).children[1].children
    yes, other = buttons
    assert (yes.description, other.description) == ("Yes.", "Blue & red.")
    other.click()
    assert other.description.startswith("✘")
    assert "Look again." in answer.value
    yes.click()
    assert yes.description.startswith("✔")
    assert "Fog is." in answer.value


def look(level: float, x: int = 0, y: int = 0) -> tuple[dict[str, Tensor], str]:
    panels = {"hazy": torch.full((1, 3, 6, 8), level), "depth": torch.rand(1, 1, 6, 8)}
    return panels, f"level {level} at {x}, {y}"


def test_controls_change_the_view_and_its_words() -> None:
    controls = {"level": (0.0, 1.0, 0.1)}
    box = widgets.explore_widget(look, {"level": 0.2}, None, controls)
    (slider,), page = box.children[0].children, box.children[1]
    before = page.value
    assert (slider.value, slider.description) == (0.2, "level")
    assert "level 0.2 at 0, 0" in before
    slider.value = 0.8
    assert "level 0.8" in page.value
    assert page.value != before
    assert page.value.count("<img") == page.value.count('alt="') == 2
    assert 'aria-live="polite"' in page.value


def test_a_point_can_be_typed_or_clicked() -> None:
    controls = {"level": [0.2, 0.8], "x": (0, 7), "y": (0, 5)}
    first = {"level": 0.2, "x": 3, "y": 2}
    box = widgets.explore_widget(look, first, ("x", "y"), controls)
    _, x, y = box.children[0].children
    page = box.children[1]
    assert {"haze-at-x"} <= set(x._dom_classes)
    assert 'data-x="7" data-y="5"' in page.value
    assert "left:43.75%;top:41.67%" in page.value  # the middle of pixel (3, 2) of 8 x 6
    x.value, y.value = 0, 5
    assert "at 0, 5" in page.value
    x.value = 99
    assert "at 7, 5" in page.value


def test_where_nobody_sits_the_states_are_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(widgets, "show_images", lambda text, **_: shown.append(text))
    monkeypatch.setattr(widgets, "show", lambda _, text: shown.append(text))
    hc.teaching.explore(look, static=[{"level": 0.1}, {"level": 0.9}], level=(0.0, 1.0, 0.1))
    hc.teaching.explore(lambda k: (Figure(), f"{k} curves"), static=[{"k": 3}], k=(1, 5))
    one = torch.rand(1, 3, 4, 4)
    hc.teaching.swipe(one, one, labels=("hazy", "dehazed"), text="A street.")
    assert shown == ["level 0.1 at 0, 0", "level 0.9 at 0, 0", "3 curves", "A street."]


class Counted:
    """A method that counts its calls and says how it runs."""

    way = "by hand"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, hazy: Tensor) -> Tensor:
        self.calls += 1
        return 1.5 * hazy


def desk(**methods: Any) -> tuple[Any, ...]:
    """The fields of the widget, from top to bottom."""
    photo = torch.full((1, 3, 6, 8), 0.5)
    box = upload.photo_widget({"as taken": lambda x: x, **methods}, photo, "a <field>")
    return tuple(box.children)


def send(field: Any, name: str, content: bytes) -> None:
    """Upload a file, as the page does."""
    file = {"name": name, "content": memoryview(content), "type": "", "size": len(content)}
    field.value = (file | {"last_modified": datetime.now(UTC)},)


def picture(mode: str, size: tuple[int, int], kind: str = "jpeg", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 128).save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_photo_goes_through_a_method_once() -> None:
    counted = Counted()
    _, left, right, status, page = desk(brighter=counted)
    assert (left.value, right.value) == ("as taken", "brighter")
    assert "a &lt;field&gt;: 8 × 6 pixels" in page.value
    assert re.search(r"On this machine: .*brighter \d+\.\d\d s \(by hand\)", status.value)
    before = page.value
    left.value = "brighter"
    assert page.value != before
    left.value = "as taken"
    assert page.value == before
    assert counted.calls == 1
    assert 'role="status"' in status.value


def test_an_uploaded_photo_is_turned_shrunk_and_dehazed() -> None:
    field, _, _, status, page = desk(brighter=Counted())
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    send(field, "me & you.jpg", picture("RGB", (1600, 1200), exif=exif))
    assert "me &amp; you.jpg: 1200 × 1600 pixels, shrunk to 547 × 730 here" in page.value
    assert "brighter" in status.value
    send(field, "grey.png", picture("L", (20, 10), "png"))
    assert "grey.png: 20 × 10 pixels" in page.value
    field.value = ()  # taken away again
    assert "grey.png" in page.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"no picture"),
        ("empty.jpg", b""),
        ("cut.jpg", picture("RGB", (800, 600))[:400]),
        ("bomb.png", picture("1", (14_000, 14_000), "png")),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(name: str, content: bytes) -> None:
    field, _, _, status, page = desk()
    before = page.value
    send(field, name, content)
    assert status.value.count(f"✘ {name}: ") == 1
    assert "/tmp" not in status.value
    assert page.value == before
    send(field, "good.png", picture("RGB", (4, 4), "png"))
    assert "good.png" in page.value
    assert "✘" not in status.value


def test_a_method_that_fails_leaves_the_page_alone() -> None:
    def breaks(_hazy: Tensor) -> Tensor:
        raise KeyError("weights")

    _, left, right, status, page = desk(breaks=breaks, half=lambda x: x[..., ::2], fine=Counted())
    before = page.value
    right.value = "breaks"
    assert "✘ breaks: KeyError: &#x27;weights&#x27;" in status.value
    right.value = "half"
    assert "✘ half: expected (1, 3, 6, 8), got (1, 3, 6, 4)" in status.value
    assert page.value == before
    left.value = right.value = "fine"
    assert "✘" not in status.value


def test_a_file_as_the_older_page_hands_it_over() -> None:
    content = picture("RGB", (4, 4), "png")
    assert upload._first({"me.png": {"content": content, "metadata": {}}}) == ("me.png", content)


def test_where_nobody_sits_every_method_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, Tensor] = {}
    monkeypatch.setattr(upload, "show_images", lambda _, **panels: shown.update(panels))
    methods = {"as taken": lambda x: x, "brighter": Counted()}
    hc.teaching.your_photo(methods, torch.full((1, 3, 4, 4), 0.8), name="a", text="Two panels.")
    assert list(shown) == ["as taken", "brighter"]
    assert shown["brighter"].max() == 1


def test_pictures_in_a_page_say_what_they_are() -> None:
    page = html_images({"a_<b>": torch.rand(1, 3, 4, 4)}, "one & two", dot=(0.5, 0.5))
    assert 'alt="a &lt;b&gt;"' in page
    assert "one &amp; two" in page
    swipe = html_swipe(
        torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), ("hazy", "dehazed"), "Two & one."
    )
    assert "Two &amp; one." in swipe
    assert re.search(r'<input [^>]*type="range"[^>]*aria-label="where hazy ends', swipe)
    assert '<input data-lm-suppress-shortcuts="true"' in swipe  # else JupyterLab takes the keys
    assert swipe.count("<img") == swipe.count("alt=") == 2


def test_progress_is_listed(tmp_path: Path) -> None:
    record("03-1", Verdict((GOOD, GOOD, BAD, BAD)), tmp_path, "first try")
    record("03-2", Verdict((GOOD,)), tmp_path)
    record("03-3", Verdict(()), tmp_path)
    done = call("progress", tmp_path)
    assert done.exit_code == 0, done.output
    assert "03-1  ✘ 2 of 4 properties hold (1 attempt," in done.output
    assert "03-2  ✔ done (1 attempt," in done.output
    assert "03-3  ○ not attempted" in done.output
    assert re.search(r"Together: 1 of \d+ exercises done", done.output)
    (tmp_path / FILE).write_text("{")
    assert "move it away to start afresh" in call("progress", tmp_path).output


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """Two learners: Ada has solved 03-2 and tried 03-1 twice, Bo has not begun."""
    record("03-1", Verdict((GOOD, BAD, BAD, BAD)), tmp_path / "ada", "first")
    record("03-1", Verdict((GOOD, GOOD, BAD, BAD)), tmp_path / "ada", "second")
    record("03-2", Verdict((GOOD,)), tmp_path / "ada")
    empty(tmp_path / "bo" / "00_start_here.ipynb")
    return tmp_path


def empty(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_progress_of_several_is_a_table(group: Path) -> None:
    done = call("progress", group / "ada", group / "bo", group / "ada" / ".." / "ada")
    assert done.exit_code == 0, done.output
    head, ada, bo = (line.split() for line in done.output.splitlines())
    assert head == ["folder", *NUMBERS, "together"]
    asked = [len(exercises_of(number)) for number in NUMBERS]
    assert bo == ["bo", *(f"0/{count}" for count in asked), f"0/{sum(asked)}"]
    assert [ada[0], ada[1 + NUMBERS.index("03")], ada[-1]] == ["ada", "1/4", f"1/{sum(asked)}"]
    assert len({len(line) for line in done.output.splitlines()}) == 1, "columns are aligned"


def test_progress_tells_folders_of_one_name_apart(group: Path) -> None:
    beside = [group / learner / "my-course" for learner in ("ada", "bo")]
    mine = [empty(folder / "03_dark_channel.ipynb").parent for folder in beside]
    lines = call("progress", *mine, group / "bo").output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [*map(str, mine), "bo"]


def test_progress_as_csv_has_a_line_a_folder_and_exercise(group: Path) -> None:
    kept = group / "class.csv"
    given = ("progress", group / "ada", group / "bo", "--csv", kept)
    assert call(*given).exit_code == 0
    with kept.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    every = [name for number in NUMBERS for name in exercises_of(number)]
    assert [(row["folder"], row["exercise"]) for row in rows] == [
        (folder, name) for folder in ("ada", "bo") for name in every
    ]
    found = {(row["folder"], row["exercise"]): list(row.values())[2:] for row in rows}
    assert found["ada", "03-1"][:-1] == ["0", "2", "4", "2"]
    assert found["ada", "03-2"][:-1] == ["1", "1", "1", "1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", found["ada", "03-2"][-1])
    asked = exercises_of("03")["03-1"]
    assert found["bo", "03-1"] == ["0", "0", str(len(asked.properties)), "0", ""]
    kept.write_text("mine")
    refused(call(*given), "class.csv is there already")
    assert kept.read_text() == "mine"
    assert call(*given, "--force").exit_code == 0
    assert kept.read_text().startswith("folder,exercise,done,")


def test_progress_of_a_wrong_folder_is_not_zero(group: Path) -> None:
    empty(group / "wrong" / "thesis.ipynb")
    given = ("progress", group / "bo", group / "wrong", "--csv", group / "class.csv")
    refused(call(*given), "wrong: expected notebooks of the course or progress.json, found neither")
    assert not (group / "class.csv").exists()
    begun = call("progress", group / "bo")
    assert begun.exit_code == 0
    assert re.search(r"Together: 0 of \d+ exercises done", begun.output)


def test_sessions_are_even() -> None:
    assert instructor.sessions_of([15, 45, 40, 60], 2) == [range(0, 2), range(2, 4)]
    assert instructor.sessions_of([10, 10, 80], 2) == [range(0, 2), range(2, 3)]
    assert instructor.sessions_of([10], 6) == [range(0, 1)]


def test_the_instructors_pack_is_solved_and_never_replaces_anything(tmp_path: Path) -> None:
    done = call("instructor", "-o", tmp_path / "pack")
    assert done.exit_code == 0, done.output
    guide = (tmp_path / "pack" / "guide.md").read_text()
    solved = nbformat.read(tmp_path / "pack" / "03_dark_channel.ipynb", as_version=4)
    source = "\n".join(cell.source for cell in solved.cells)
    assert "return ..." not in source
    assert "window = rows[" in source
    assert "### Exercise 03-1 (12 minutes)\n\n> Write the definition down, pixel by pixel" in guide
    begun = re.findall(r"### Exercise \d\d-\d \(\d+ minutes\)\n\n> \w", guide)
    assert len(begun) == guide.count("### Exercise ")
    assert "03‑1 (12), 03‑2 (10)" in guide.replace("\u00a0", " ")  # in the plan
    assert "**the window is forgotten**: 2 of 4 properties hold." in guide
    assert "### Quiz 03-exit" in guide
    pages = {path.stem for path in (tmp_path / "pack").glob("*.html")}
    assert pages == {"index", *(path.stem for path in (tmp_path / "pack").glob("*.ipynb"))}
    again = call("instructor", "-o", tmp_path / "pack")
    assert again.exit_code == 2
    assert "is not empty" in again.output


def test_a_lesson_knows_the_text_of_its_exercises(tmp_path: Path) -> None:
    """Up to the end of the cell, or to the next one; none may be missing."""
    path = tmp_path / "00_start_here.ipynb"
    cells = [
        "# 00\n\n*20 minutes*",
        "Learn.",
        "Before.\n\n**Exercise 00-1** (3 minutes). Clip $x$.\n\n- at 1\n\n"
        "**Exercise 00-2** (4 minutes). Break it.",
    ]

    def written(texts: list[str]) -> Path:
        new = nbformat.v4.new_markdown_cell
        nbformat.write(nbformat.v4.new_notebook(cells=[new(text) for text in texts]), path)
        return path

    assert instructor.read_lesson(written(cells)).tasks == {
        "00-1": instructor.Task(3, "Clip $x$.\n\n- at 1"),
        "00-2": instructor.Task(4, "Break it."),
    }
    without = [cell.replace("(4 minutes)", "") for cell in cells]
    said = f"{path}: expected a paragraph '**Exercise 00-2** (10 minutes). ...'"
    with pytest.raises(ValueError, match=re.escape(said)):
        instructor.read_lesson(written(without))


def test_an_answer_takes_the_place_of_a_stub() -> None:
    cell = nbformat.v4.new_code_cell(
        'k = 3\n\n\ndef f(x):\n    return ...\n\n\nf = hc.teaching.exercise("99-1", f)\nprint(f(1))'
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    fill(notebook, {"99-1": "def own(x):\n    return x"})
    assert cell.source == (
        "k = 3\n\n\ndef own(x):\n    return x\n\n\nf = own\n\n\n"
        'f = hc.teaching.exercise("99-1", f)\nprint(f(1))'
    )
    value = nbformat.v4.new_code_cell('f = {"a": ...}\nf = hc.teaching.exercise("99-1", f)')
    fill(nbformat.v4.new_notebook(cells=[value]), {"99-1": "{'a': 1}"})
    assert value.source == "f = {'a': 1}\nf = hc.teaching.exercise(\"99-1\", f)"
    with pytest.raises(ValueError, match="no cell for exercise 99-2; there are 99-1"):
        fill(notebook, {"99-2": "1"})


def test_a_word_in_an_answer_passes_whatever_its_case_and_spaces() -> None:
    assert choice({"wall": " Too  LOW "}, "wall", ("too low", "right")) == "too low"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"wall": "low"}, "wall: expected one of 'too low', 'right', got 'low'"),
        ({"wall": 3}, "wall: expected one of 'too low', 'right', got 3"),
        ({"sky": "right"}, "there is no entry 'wall'"),
        ("right", "there is no entry 'wall'"),
    ],
)
def test_another_word_is_refused_with_those_allowed(answer: Any, said: str) -> None:
    with pytest.raises(Violation, match=f"^{re.escape(said)}$"):
        choice(answer, "wall", ("too low", "right"))
