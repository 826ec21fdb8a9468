"""Pages of pictures beside what methods make of them: which, and one after the other."""

import os
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from haze_course.data.reside import find_pictures
from haze_course.data.reside_folders import find_folders
from haze_course.deploy.batch import noting
from haze_course.deploy.inference import Method
from haze_course.images import read_image
from haze_course.layouts import REAL_LAYOUTS
from haze_course.machine import needs_extra
from haze_course.paths import atomic_path


def plan_pages(
    root: Path, out: Path, layout: str | None, *, count: int, rows: int
) -> dict[Path, list[Path]]:
    """Page -> its pictures: of one part, or of all parts of real haze below a folder.

    Args:
        root: the part's folder, or one above it.
        out: where pages go, as ``rtts_01.jpg``.
        layout: of `REAL_LAYOUTS`, or None.
        count: pictures of each part, evenly chosen.
        rows: pictures on a page.

    Raises:
        FileNotFoundError: no such folder, or no picture of real haze in it.
    """
    if layout is None and not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected one with RESIDE")
    found = {folders.part for folders in find_folders(root).parts} if layout is None else {layout}
    parts = [part for part in REAL_LAYOUTS if part in found]
    if not parts:
        raise FileNotFoundError(
            f"{root}: expected {', '.join(REAL_LAYOUTS)} below it, found none; name a folder of "
            "other pictures with --layout rtts"
        )
    pages = {}
    for part in parts:
        files = find_pictures(root, layout=part)
        chosen = (
            [files[k * len(files) // count] for k in range(count)] if count < len(files) else files
        )
        for number, start in enumerate(range(0, len(chosen), rows), start=1):
            pages[out / f"{part}_{number:02}.jpg"] = chosen[start : start + rows]
    return pages


def draw_pages(
    pages: Mapping[Path, list[Path]], methods: Mapping[str, Method]
) -> tuple[list[Path], list[str]]:
    """Write every page; a full disk stops it, what cannot be shown does not.

    Args:
        pages: from `plan_pages`.
        methods: name -> hazy (1, 3, H, W) to dehazed, a column each.

    Returns:
        The pages written, and one line for each picture or page that could not be drawn.
    """
    with needs_extra("course"):
        from haze_course.plots.figures import encode
        from haze_course.plots.sheets import draw_sheet
    written: list[Path] = []
    problems: list[str] = []
    for page, files in tqdm(pages.items(), unit=" pages"):
        rows: dict[str, dict[str, Tensor]] = {}
        above = os.path.commonpath([file.parent for file in files])  # two may share a name
        names = {file: file.relative_to(above).as_posix() for file in files}
        for file in files:
            with noting(problems, file):
                hazy = read_image(file)
                shown = {name: run(hazy) for name, run in methods.items()}
                rows[names[file]] = {"hazy": hazy} | shown
        if not rows:
            continue
        head = f"{page.stem.replace('_', ', page ')}: real haze, without truth or score"
        with noting(problems, page):
            drawn = encode(draw_sheet(rows, head=head), "jpeg")
            with atomic_path(page) as part:
                part.write_bytes(drawn)
            written.append(page)
    return written, problems
