"""What an instructor needs, made from what the course is made of: solutions, mistakes, a plan.

Nothing here is written by hand a second time: exercises, wrong answers and quizzes come from where
the notebooks and the tests take them, minutes from the notebooks, computing times from records.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from haze_course.course.answers import exercise_cells, fill
from haze_course.course.pages import notebook_page
from haze_course.course.profiles import list_notebooks, read_notebook
from haze_course.machine import timings
from haze_course.paths import write_text
from haze_course.teaching.answers import Mistake, mistakes_of
from haze_course.teaching.checking import Exercise, check
from haze_course.teaching.exercises import exercises_of, solution
from haze_course.teaching.quiz import Question, quizzes_of

SESSIONS, SESSION_MINUTES = 6, 90
TOUR, TOUR_MINUTES = ("00", "01", "03", "11"), 120
_TASK = re.compile(
    r"^\*\*Exercise (\d\d-\d)\*\* \((\d+) minutes\)\.\s+(.+?)(?=^\*\*Exercise |\Z)", re.M | re.S
)
_UNBROKEN = {ord("-"): "\u2011", ord(" "): "\u00a0"}  # a table breaks no line within "03-1 (12)"
_SEED = 0  # of the counterexamples: the same in every pack


@dataclass(frozen=True)
class Task:
    """An exercise as the learner reads it."""

    minutes: int
    text: str


@dataclass(frozen=True)
class Lesson:
    """One notebook, as far as an instructor asks."""

    path: Path
    title: str
    minutes: int  # of a learner, as its first cell says
    objectives: list[str]
    tasks: dict[str, Task]  # by exercise

    @property
    def number(self) -> str:
        """As in "03"."""
        return self.path.stem[:2]


def write_pack(notebooks: Path, out: Path) -> list[Path]:
    """Write guide and solved notebooks, each also as a page, into a new folder.

    Args:
        notebooks: the course; never written to.
        out: is made; must be empty or absent.

    Raises:
        FileExistsError: `out` holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; choose a new folder for the instructor's pack")
    out.mkdir(parents=True, exist_ok=True)
    written = []
    lessons = [read_lesson(path) for path in list_notebooks(notebooks)]
    for lesson, before, after in zip(lessons, [None, *lessons], [*lessons[1:], None], strict=False):
        solved = solve(read_notebook(lesson.path), lesson.number)
        near = [beside.path.stem if beside else "" for beside in (before, after)]
        written += [
            _write(out / lesson.path.name, nbformat.writes(solved)),
            _write(
                out / f"{lesson.path.stem}.html",
                notebook_page(solved, f"{lesson.title} (solved)", near[0], near[1]),
            ),
        ]
    text = guide(lessons)
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    written += [
        _write(out / "guide.md", text),
        _write(out / "index.html", notebook_page(page, "Instructor's guide", "", "")),
    ]
    return written


def read_lesson(path: Path) -> Lesson:
    """Title, minutes and objectives, from the first cells of a notebook, and its exercises.

    Raises:
        ValueError: minutes are missing, or the text of an exercise.
    """
    notebook = read_notebook(path)
    first, second = (cell.source for cell in notebook.cells[:2])
    minutes = re.search(r"\*(\d+) minutes", first)
    if minutes is None:
        raise ValueError(f"{path}: expected '*45 minutes ...' in its first cell")
    tasks = _tasks(notebook)
    for name in exercises_of(path.stem[:2]):
        if name not in tasks:
            raise ValueError(
                f"{path}: expected a paragraph '**Exercise {name}** (10 minutes). ...' in a "
                "Markdown cell, found none; write it above the cell of the exercise"
            )
    objectives = [" ".join(item.split()) for item in re.findall(r"(?ms)^- (.*?)[;.]$", second)]
    title = first.splitlines()[0].removeprefix("# ")
    return Lesson(path, title, int(minutes[1]), objectives, tasks)


def _tasks(notebook: NotebookNode) -> dict[str, Task]:
    """Exercise -> its text, which goes from its name to the end of the cell or to the next."""
    return {
        name: Task(int(minutes), text.strip())
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for name, minutes, text in _TASK.findall(cell.source)
    }


def solve(notebook: NotebookNode, number: str) -> NotebookNode:
    """The notebook with every reference in place; outputs stay, those of the exercises go."""
    asked = exercises_of(number)
    fill(notebook, {name: solution(one.reference) for name, one in asked.items()})
    for cell in exercise_cells(notebook).values():
        cell.outputs = []
    return notebook


def guide(lessons: Sequence[Lesson]) -> str:
    """The instructor's guide as Markdown."""
    measured = timings().get("lesson", {})
    rows = [
        f"| [{lesson.title}]({lesson.path.name}) | {lesson.minutes} | "
        f"{_seconds(measured.get(lesson.path.stem, {}).get('seconds'))} | "
        f"{len(exercises_of(lesson.number))} |"
        for lesson in lessons
    ]
    parts = [
        "# Instructor's guide",
        "The notebooks beside this page are solved; their pages show every figure to expect. "
        "Learners get the blank ones: `haze-course start my-course`. "
        "`haze-course progress my-course` lists what a learner attempted and solved; with many "
        "folders, as in `haze-course progress class/*`, it is a table of all of them, and "
        "`--csv class.csv` keeps it. Any learner can make this pack with the same command, so the "
        "exercises are for practice and not for marks.",
        "| notebook | minutes of a learner | computing | exercises |\n|---|---:|---:|---:|\n"
        + "\n".join(rows),
        _plan(lessons),
        _tour(lessons),
        *(_chapter(lesson) for lesson in lessons),
    ]
    return "\n\n".join(parts) + "\n"


def sessions_of(minutes: Sequence[int], count: int) -> list[range]:
    """Cut a sequence into `count` runs that are as even as can be."""
    cuts = min(
        combinations(range(1, len(minutes)), min(count, len(minutes)) - 1),
        key=lambda cuts: sum(sum(minutes[a:b]) ** 2 for a, b in _ends(cuts, len(minutes))),
    )
    return [range(a, b) for a, b in _ends(cuts, len(minutes))]


def _ends(cuts: Sequence[int], end: int) -> list[tuple[int, int]]:
    return list(zip([0, *cuts], [*cuts, end], strict=True))


def _plan(lessons: Sequence[Lesson]) -> str:
    lines = [
        f"## {SESSIONS} sessions of {SESSION_MINUTES} minutes",
        "What does not fit is homework: let learners finish the last exercises and the exit quiz "
        "at home, and open the next session with them.\n\n"
        "| session | notebooks | exercises (minutes) | minutes | at home |\n"
        "|---|---|---|---:|---:|",
    ]
    cuts = sessions_of([lesson.minutes for lesson in lessons], SESSIONS)
    for number, places in enumerate(cuts, start=1):
        chosen = [lessons[place] for place in places]
        total = sum(lesson.minutes for lesson in chosen)
        titles = ", ".join(lesson.title for lesson in chosen)
        tasks = [task for lesson in chosen for task in lesson.tasks.items()]
        exercises = ", ".join(
            f"{name} ({task.minutes})".translate(_UNBROKEN) for name, task in tasks
        )
        home = max(total - SESSION_MINUTES, 0)
        lines[-1] += f"\n| {number} | {titles} | {exercises} | {total - home} | {home or '-'} |"
    return "\n\n".join(lines)


def _tour(lessons: Sequence[Lesson]) -> str:
    chosen = [lesson for lesson in lessons if lesson.number in TOUR]
    total = sum(lesson.minutes for lesson in chosen)
    lines = [f"- {lesson.title}: {lesson.minutes} minutes" for lesson in chosen]
    over = total - TOUR_MINUTES
    advice = (
        f"That is {over} minutes more than there are: show the solved exercises instead of doing "
        "them, from the last notebook backwards."
        if over > 0
        else "Leave the exercises that nobody finishes; the notebooks go on without them."
    )
    return "\n\n".join([f"## A tour of {TOUR_MINUTES // 60} hours", "\n".join(lines), advice])


def _chapter(lesson: Lesson) -> str:
    parts = [f"## {lesson.title}", "**Learners can afterwards:** " + "; ".join(lesson.objectives)]
    mistakes = mistakes_of(lesson.number) if exercises_of(lesson.number) else {}
    for name, asked in exercises_of(lesson.number).items():
        parts.append(_exercise(name, lesson.tasks[name], asked, mistakes[name]))
    for name, questions in quizzes_of(lesson.number).items():
        parts.append(f"### Quiz {name}\n\n" + "\n\n".join(map(_question, questions)))
    return "\n\n".join(parts)


def _exercise(name: str, task: Task, asked: Exercise, mistakes: Sequence[Mistake]) -> str:
    lines = [f"### Exercise {name} ({task.minutes} minutes)"]
    lines.append("\n".join(f"> {line}".rstrip() for line in task.text.splitlines()))
    lines.append("What holds for every right answer:")
    lines.append("\n".join(f"- {(p.__doc__ or '').strip()}" for p in asked.properties))
    lines.append(f"One solution:\n\n```python\n{solution(asked.reference)}\n```")
    lines.append("Common mistakes, and what the learner reads:")
    for mistake in mistakes:
        verdict = check(asked, mistake.answer, _SEED)
        lines.append(
            f"- **{mistake.what}**: {verdict.held} of {len(verdict.results)} properties hold. "
            f"*{verdict.broken.says}* {verdict.broken.counterexample}"
        )
    return "\n\n".join(lines)


def _question(question: Question) -> str:
    options = [f"- {'✔' if o.right else '✘'} {o.text} *{o.why}*" for o in question.options]
    return "\n".join([f"**{question.asks}**", "", *options])


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"


def _write(path: Path, text: str) -> Path:
    write_text(text, path)
    return path
