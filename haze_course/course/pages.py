"""HTML pages that need no network: a notebook, and the index of a run.

nbconvert turns the cells into HTML; formulas become MathML, which browsers draw by themselves,
and each figure's text alternative comes from its output's metadata.
"""

import html
import math
import re
from dataclasses import dataclass

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

_NOTHING = "<span></span>"  # keeps its place in a row of three


@dataclass(frozen=True)
class Row:
    """What a run knows of one notebook."""

    name: str  # of the file, without .ipynb
    title: str
    profile: str
    fingerprint: str
    status: str  # done, failed, stopped
    seconds: float = 0.0
    peak_mb: float = 0.0
    links: list[str] | None = None  # names before and after it, as its page has them


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Markdown with formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def _markdown(source: str) -> str:
    renderer = _Renderer(escape=False, anchor_link_text="#")
    return MarkdownWithMath(renderer=renderer).render(source)


def _mathml(formula: str, display: str) -> str:
    """A formula as MathML; one that cannot be converted stays readable as its source."""
    try:
        return str(convert(formula.strip(), display=display))
    except Exception:  # the converter raises many kinds; a page is worth more than a formula
        return f"<code>{html.escape(formula)}</code>"


def notebook_page(notebook: NotebookNode, title: str, before: str, after: str) -> str:
    """An executed notebook as one page that links to its neighbours and the index.

    Args:
        notebook: is not changed.
        title: for the browser's tab.
        before: name of the notebook before it, "" at the start.
        after: name of the one after it, "" at the end.
    """
    exporter = HTMLExporter(template_name="basic", filters={"markdown2html": _markdown})
    body, _ = exporter.from_notebook_node(notebook)
    body = re.sub(r'(href="\d\d_[\w-]+)\.ipynb\b', r"\1.html", body)  # pages lead to pages
    steps = [
        f'<a rel="prev" href="{before}.html">← {_spaced(before)}</a>'
        if before
        else "<span></span>",
        '<a href="index.html">All notebooks</a>',
        f'<a rel="next" href="{after}.html">{_spaced(after)} →</a>' if after else "<span></span>",
    ]
    around = f"<nav aria-label='{{}}'>{''.join(steps)}</nav>"
    dark = f"@media(prefers-color-scheme:dark){{{_code_style('github-dark')}}}"
    style = STYLE + _code_style("default") + dark
    main = f"<main id='main' class='notebook'>{body}</main>"
    return _page(title, style, around.format("Top") + main + around.format("Bottom"))


def _code_style(name: str) -> str:
    formatter = HtmlFormatter(style=name)
    return str(formatter.get_style_defs(".highlight"))  # type: ignore[no-untyped-call]


def index_page(rows: list[Row], machine: str, date: str) -> str:
    """The table of a run: notebook, seconds, peak memory, status.

    Args:
        rows: in the order of the course.
        machine: one line about the computer.
        date: of the run, as text.
    """
    lines = "".join(_line(row) for row in rows)
    measured = [row for row in rows if row.status == "done"]
    total = sum(row.seconds for row in measured)
    peak = max((row.peak_mb for row in measured), default=0)
    profiles = ", ".join(sorted({row.profile for row in rows}))
    body = f"""<header><h1>Seeing through haze</h1>
<p>Single-image haze removal, hands on: {len(rows)} notebooks as they ran.</p>{_hills()}</header>
<main id="main"><div class="wide"><table>
<caption>Profile: {profiles or "none"}. {html.escape(machine)}. {date}.</caption>
<thead><tr><th scope="col">Notebook</th><th scope="col" class="n">Seconds</th>
<th scope="col" class="n">Peak memory (MB)</th><th scope="col">Status</th></tr></thead>
<tbody>{lines}</tbody>
<tfoot><tr><th scope="row">Together; largest memory</th><td class="n">{total:.1f}</td>
<td class="n">{peak:.0f}</td><td>{len(measured)} of {len(rows)} done</td></tr></tfoot>
</table></div></main>"""
    return _page("Seeing through haze: the notebooks", STYLE, body)


def _line(row: Row) -> str:
    seconds = f"{row.seconds:.1f}" if row.seconds else "-"
    memory = f"{row.peak_mb:.0f}" if row.peak_mb else "-"
    mark = {"done": "✓"}.get(row.status, "✗")
    return (
        f'<tr><th scope="row"><a href="{row.name}.html">{html.escape(row.title)}</a></th>'
        f'<td class="n">{seconds}</td><td class="n">{memory}</td>'
        f'<td class="{row.status}"><span aria-hidden="true">{mark}</span> {row.status}</td></tr>'
    )


def _spaced(name: str) -> str:
    return html.escape(name.replace("_", " "))


def _page(title: str, style: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><style>{style}</style></head>
<body><a class="skip" href="#main">Skip to the text</a>{body}</body></html>
"""


def _hills() -> str:
    """Ridges that fade with distance, I = J t + A (1 - t) with t = exp(-beta d); decoration."""
    near, sky = (24, 58, 55), (226, 232, 238)  # J of the nearest ridge, A
    paths = []
    for step in range(6, 0, -1):
        t = math.exp(-0.42 * (step - 1))
        colour = ",".join(f"{j * t + a * (1 - t):.0f}" for j, a in zip(near, sky, strict=True))
        points = " ".join(
            f"{x},{150 - 18 * step - 15 * math.sin(x / (70 + 19 * step) + step * step):.0f}"
            for x in range(0, 1001, 20)
        )
        paths.append(f'<polygon fill="rgb({colour})" points="0,160 {points} 1000,160"/>')
    return (
        '<svg aria-hidden="true" viewBox="0 0 1000 160" preserveAspectRatio="none">'
        f"{''.join(paths)}</svg>"
    )


STYLE = """
:root{--ink:#1c2733;--soft:#56636f;--paper:#fff;--tint:#f3f6f8;--line:#d5dde3;--link:#0b5c7a;
--good:#1a6b3c;--bad:#a3261d}
@media(prefers-color-scheme:dark){:root{--ink:#e4eaee;--soft:#a5b2bd;--paper:#12181d;
--tint:#1b2329;--line:#34404a;--link:#7cc7e6;--good:#7fd3a0;--bad:#ff9c92}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 system-ui,sans-serif}
main,header>*{max-width:52rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:3rem;background:linear-gradient(#c9d6e0,#e2e8ee);color:#1c2733}
header h1{font-size:2.4rem;line-height:1.15;margin-bottom:.25rem}
header svg{display:block;max-width:none;padding:0;width:100%;height:10rem}
a{color:var(--link)}a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99em}.skip:focus{left:1em;top:1em;background:var(--paper);padding:.5em}
nav{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap;max-width:52rem;
margin:0 auto;padding:1rem 1.25rem;font-size:.95rem}
h1,h2,h3{line-height:1.25;text-wrap:balance}h2{margin-top:2.5rem}
.anchor-link{margin-left:.4em;text-decoration:none;opacity:0}
:is(h1,h2,h3,h4):hover .anchor-link,.anchor-link:focus{opacity:1}
.wide,.output_area,.highlight{overflow-x:auto}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
.wide table{width:100%;margin:2rem 0 3rem}
caption{text-align:left;color:var(--soft);padding-bottom:.5rem}
th,td{padding:.45rem .75rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th,tfoot *{border-bottom:2px solid var(--line);font-weight:600}
tbody th{font-weight:400}.n{text-align:right}
.done{color:var(--good)}.failed,.stopped{color:var(--bad);font-weight:600}
.prompt{display:none}
.input_area{background:var(--tint);border:1px solid var(--line);border-radius:6px;
padding:.1rem 1rem;margin:1rem 0}
pre,code{font:14px/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
.highlight,.highlight pre{background:none!important}
.output_area pre{margin:.5rem 0;padding-left:1rem;border-left:3px solid var(--line);
white-space:pre-wrap}
.output_error pre{border-color:var(--bad)}
img{max-width:100%;height:auto;background:#fff;border-radius:4px}
math[display=block]{margin:1rem 0;overflow-x:auto;font-size:1.1em}
blockquote,details{margin:1rem 0;padding:.25rem 1rem;border-left:4px solid var(--link);
background:var(--tint)}
"""
