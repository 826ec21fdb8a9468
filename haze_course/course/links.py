"""Blocks of README and notebooks that a command writes: launch links, measured times.

A block stands between ``<!-- name -->`` and ``<!-- /name -->``, so that writing it again replaces
it, and everything around it stays as its author left it.
"""

import re
from pathlib import Path
from urllib.parse import quote

import nbformat

from haze_course.machine import Timings
from haze_course.paths import write_text

COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
LAUNCH, TIMINGS = "launch", "timings"  # the blocks
UNSET = (
    "The notebooks can open in Binder and Colab with one click. Whoever publishes a copy of this\n"
    "repository turns the links on, here and in every notebook, with\n\n"
    "```\nmake links REPO=owner/name\n```"
)
_SETTING = re.compile(r'^(REPOSITORY = )"[^"]*"', re.MULTILINE)  # of the notebooks' set-up cell


def write_links(root: Path, repository: str, branch: str = "main") -> list[Path]:
    """Point README and notebooks of a checkout at `repository`, or at none.

    Args:
        root: holds README.md and notebooks/.
        repository: owner/name on GitHub; "" takes all links away.
        branch: that the links open.

    Returns:
        The files that changed.
    """
    if repository and not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", repository):
        raise ValueError(f"REPO: expected owner/name, as in octocat/haze, got {repository!r}")
    readme, notebooks = root / "README.md", sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not readme.is_file() or not notebooks:
        raise FileNotFoundError(f"{root}: expected a checkout with README.md and notebooks/")
    text = _badges(repository, branch) if repository else UNSET
    changed = [readme] * write_block(readme, LAUNCH, text)
    return changed + [path for path in notebooks if _link_notebook(path, repository, branch)]


def write_block(path: Path, name: str, text: str) -> bool:
    """Replace the block `name` of a text file; True when that changed it.

    Raises:
        ValueError: the file has no such block.
    """
    before = path.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if start not in before or end not in before:
        raise ValueError(f"{path}: expected a block between {start} and {end}, found none")
    head, rest = before.split(start, 1)
    after = f"{head}{start}\n{text}\n{end}{rest.split(end, 1)[1]}"
    if after != before:
        write_text(after, path)
    return after != before


def timings_table(notebooks: list[Path], measured: Timings) -> str:
    """The notebooks as a Markdown table with their measured minutes and memory."""
    lines = ["| notebook | minutes | peak memory |", "|---|---:|---:|"]
    for path in notebooks:
        cost = measured.get("lesson", {}).get(path.stem)
        numbers = f"{cost['seconds'] / 60:.1f} | {cost['peak_mb']:.0f} MB" if cost else "- | -"
        lines.append(f"| [{notebook_title(path)}](notebooks/{path.name}) | {numbers} |")
    return "\n".join(lines)


def notebook_title(path: Path) -> str:
    """The text of its first heading, else the file's name."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0].removeprefix("# ").strip())
    return path.stem


def _urls(repository: str, branch: str, notebook: str) -> tuple[str, str]:
    path = f"notebooks/{notebook}" if notebook else "notebooks"
    binder = f"{BINDER}/v2/gh/{repository}/{branch}?urlpath=lab/tree/{quote(path)}"
    colab = f"{COLAB}/github/{repository}/blob/{branch}/{quote(path)}"
    return binder, colab


def _badges(repository: str, branch: str) -> str:
    binder, colab = _urls(repository, branch, "00_start_here.ipynb")
    return (
        f"[![Open in Binder]({BINDER}/badge_logo.svg)]({binder})\n"
        f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({colab})"
    )


def _link_notebook(path: Path, repository: str, branch: str) -> bool:
    """The links close the first cell; the set-up cell learns where Colab finds the package."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    first = notebook.cells[0]
    kept = re.sub(r"\n*<!-- launch -->.*?<!-- /launch -->", "", first.source, flags=re.DOTALL)
    binder, colab = _urls(repository, branch, path.name)
    links = f"\n\n<!-- launch -->\n[Binder]({binder}) · [Colab]({colab})\n<!-- /launch -->"
    first.source = kept + (links if repository else "")
    address = f"https://github.com/{repository}@{branch}" if repository else ""
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = _SETTING.sub(rf'\g<1>"{address}"', cell.source)
    after = nbformat.writes(notebook) + "\n"
    if nbformat.reads(text, as_version=4) == notebook:
        return False
    write_text(after, path)
    return True
