"""Rows as a table: HTML with headers for a notebook, Markdown for a file."""

from collections.abc import Mapping, Sequence
from html import escape

from haze_course.quality.statistics import Interval, verdict

Row = Mapping[str, object]


def show_table(rows: Sequence[Row], caption: str) -> None:
    """Display rows as a table whose first column names the row.

    Args:
        rows: alike dictionaries, column title -> text or number; format numbers beforehand where
            two decimals are wrong.
        caption: one line above the table.
    """
    from IPython import get_ipython
    from IPython.display import display

    columns, text = _columns(rows), f"{caption}\n{markdown_table(rows)}"
    if get_ipython() is None:  # a script
        print(text)
        return
    head = "".join(
        f'<th scope="col" style="text-align:{_side(rows, c)}">{escape(c)}</th>' for c in columns
    )
    body = "".join(f"<tr>{_html_cells(row, rows, columns)}</tr>" for row in rows)
    html = (
        f'<table><caption style="caption-side:top;text-align:left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    display({"text/html": html, "text/plain": text}, raw=True)


def markdown_table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table, columns padded to one width.

    >>> print(markdown_table([{"method": "hazy", "PSNR": 11.5}]))
    | method |  PSNR |
    |--------|------:|
    | hazy   | 11.50 |
    """
    columns = _columns(rows)
    texts = {c: [_cell(c), *(_cell(row[c]) for row in rows)] for c in columns}
    widths = {c: max(map(len, texts[c])) for c in columns}
    right = {c: _side(rows, c) == "right" for c in columns}
    lines = []
    for k in range(len(rows) + 1):
        cells = (
            texts[c][k].rjust(widths[c]) if right[c] else texts[c][k].ljust(widths[c])
            for c in columns
        )
        lines.append("| " + " | ".join(cells) + " |")
    rule = ("-" * (widths[c] + 1) + (":" if right[c] else "-") for c in columns)
    lines.insert(1, "|" + "|".join(rule) + "|")
    return "\n".join(lines)


def gain_rows(gains: Mapping[str, Interval], start: float, *, base: str = "none") -> list[Row]:
    """Arms against one base, for `show_table`: gain in dB, its interval, its percent, the verdict.

    A decibel value has no natural zero: percents compare with tables that print them, no more.

    Args:
        gains: arm -> interval of its PSNR minus the base's, in dB.
        start: mean PSNR of the base, in dB, of which the percent is.
        base: its name.
    """
    return [
        {
            "arm": arm,
            "gain (dB)": f"{gain.mean:+.2f}",
            f"{100 * gain.level:g} % interval": f"[{gain.low:+.2f}, {gain.high:+.2f}]",
            "percent of the dB": f"{100 * gain.mean / start:+.1f} %",
            f"against {base}": verdict(gain),
        }
        for arm, gain in gains.items()
    ]


def _html_cells(row: Row, rows: Sequence[Row], columns: list[str]) -> str:
    first, *rest = columns
    cells = [f'<th scope="row" style="text-align:left">{escape(_text(row[first]))}</th>']
    cells += [f'<td style="text-align:{_side(rows, c)}">{escape(_text(row[c]))}</td>' for c in rest]
    return "".join(cells)


def _columns(rows: Sequence[Row]) -> list[str]:
    if not rows:
        raise ValueError("expected at least one row, got an empty table")
    columns = list(rows[0])
    for row in rows:
        if list(row) != columns:
            raise ValueError(f"expected columns {columns} in every row, got {list(row)}")
    return columns


def _side(rows: Sequence[Row], column: str) -> str:
    return "right" if all(isinstance(row[column], int | float) for row in rows) else "left"


def _cell(value: object) -> str:
    return _text(value).replace("|", "\\|")  # a bar ends a cell


def _text(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
