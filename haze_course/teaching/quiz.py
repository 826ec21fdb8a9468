"""Quizzes: buttons where somebody sits, text elsewhere, and a reason for every option."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from haze_course.plots.figures import show_text
from haze_course.teaching.notebook import is_live

_CONTENT = Path(__file__).parent / "content"
_LETTERS = "abcdef"
_CSS = (
    "<style>.haze-quiz button{white-space:normal;text-align:left;height:auto;width:auto;"
    "max-width:720px;line-height:1.35;padding:6px 12px}"
    ".haze-quiz .widget-html-content{line-height:1.4;white-space:normal}</style>"
)


@dataclass(frozen=True)
class Option:
    """One answer to choose, whether it is right, and why."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """A question; at least one option is right."""

    asks: str
    options: list[Option]


def quiz(name: str) -> None:
    """Ask the questions of that name, as in "03-exit"."""
    questions = quizzes_of(name[:2])
    if name not in questions:
        raise ValueError(f"no quiz {name!r}; there are {', '.join(questions) or 'none here'}")
    if is_live():
        from IPython.display import display

        display(quiz_widget(questions[name]))
    else:
        show_text(quiz_text(questions[name]))


def quizzes_of(notebook: str) -> dict[str, list[Question]]:
    """All quizzes of a notebook, as in "03", by name; {} where there are none."""
    file = _CONTENT / f"quizzes_{notebook}.md"
    return parse(file.read_text(encoding="utf-8")) if file.is_file() else {}


def parse(text: str) -> dict[str, list[Question]]:
    r"""Quizzes written as Markdown: ``# name``, question, ``- [x] right option`` and its reason.

    >>> parse("# 01-exit\n\nGrey?\n\n- [x] Yes.\n  Fog is.\n- [ ] No.\n  Look.")
    {'01-exit': [Question(asks='Grey?', options=[Option(text='Yes.', right=True, why='Fog is.'),
     Option(text='No.', right=False, why='Look.')])]}
    """
    quizzes: dict[str, list[Question]] = {}
    asked: list[Question] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith("# "):
            asked = quizzes.setdefault(paragraph[2:].strip(), [])
        elif paragraph.startswith("- ["):
            asked[-1].options.extend(map(_option, re.split(r"(?m)^- ", paragraph)[1:]))
        else:
            asked.append(Question(" ".join(paragraph.split()), []))
    return quizzes


def _option(text: str) -> Option:
    """``[x] what to choose`` on the first line, the reason on those below."""
    first, _, why = text.partition("\n")
    return Option(first[4:].strip(), first.startswith("[x]"), " ".join(why.split()))


def quiz_text(questions: list[Question]) -> str:
    """Questions and options as Markdown; the answers behind a line to be opened."""
    lines = []
    for number, question in enumerate(questions, start=1):
        lettered = list(zip(_LETTERS, question.options, strict=False))
        lines += [f"**{number}. {question.asks}**", ""]
        lines += [f"- ({letter}) {option.text}" for letter, option in lettered]
        reasons = "<br>".join(f"({letter}) {_mark(o)} {escape(o.why)}" for letter, o in lettered)
        lines += ["", f"<details><summary>Answer {number}</summary>{reasons}</details>", ""]
    return "\n".join(lines).rstrip()


def quiz_widget(questions: list[Question]) -> Any:
    """The same with a button for every option."""
    from ipywidgets import HTML, VBox

    parts = [_question_widget(number, q) for number, q in enumerate(questions, start=1)]
    box = VBox([HTML(_CSS), *parts])
    box.add_class("haze-quiz")
    return box


def _question_widget(number: int, question: Question) -> Any:
    from ipywidgets import HTML, Button, VBox

    answer = HTML()
    buttons = [Button(description=option.text, tooltip=option.text) for option in question.options]

    def press(button: Any) -> None:
        option = question.options[buttons.index(button)]
        button.description = f"{_mark(option)} {option.text}"
        button.style.button_color = "#bfe3cb" if option.right else "#f7d9b8"
        button.style.text_color = "#111111"  # in a dark theme, too
        answer.value = f'<p role="status">{_mark(option)} {escape(option.why)}</p>'

    for button in buttons:
        button.on_click(press)
    return VBox([HTML(f"<b>{number}. {escape(question.asks)}</b>"), *buttons, answer])


def _mark(option: Option) -> str:
    return "✔" if option.right else "✘"
