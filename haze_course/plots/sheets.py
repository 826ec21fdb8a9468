"""Contact sheets: many pictures, each in a row with what several methods make of it."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from haze_course.guards import check_image
from haze_course.paths import plain_name
from haze_course.plots.figures import WIDTH

_SIDE = 520  # pixels of a panel's long side: more than are printed, less than a photograph has
_GAP, _LABEL, _HEAD = 0.06, 0.2, 0.3  # inches
_TALLEST = 500  # inches: what a JPEG file holds, and far less than the memory of a machine


def draw_sheet(rows: Mapping[str, Mapping[str, Tensor]], *, head: str) -> Figure:
    """A page: a row of panels for each picture, a column for each method.

    Args:
        rows: name of the picture -> {"hazy": (1, 3, H, W), "student": ..., ...}; all rows have
            the same columns, of pictures as large as each other; rows may differ in size.
        head: a line above all.

    Raises:
        ValueError: the page would be too tall for a file.
    """
    if not rows:
        raise ValueError("rows: expected at least one picture, got none")
    columns = list(next(iter(rows.values())))
    wide = (WIDTH - _GAP * (len(columns) - 1)) / len(columns)
    heights = [
        wide * row[columns[0]].shape[-2] / row[columns[0]].shape[-1] for row in rows.values()
    ]
    tall = sum(heights) + _LABEL * len(rows) + 2 * _HEAD
    if tall > _TALLEST:
        raise ValueError(
            f"expected a page of at most {_TALLEST} inches, got {tall:.0f} for {len(rows)} rows; "
            "put fewer on a page, or take out what is much taller than wide"
        )
    figure = Figure(figsize=(WIDTH, tall))
    _write(figure, 0.002, 1 - 0.6 * _HEAD / tall, head, fontsize=10)
    for number, column in enumerate(columns):
        place = (number * (wide + _GAP) + wide / 2) / WIDTH, 1 - 1.6 * _HEAD / tall
        _write(figure, *place, column, fontsize=10, ha="center", weight="bold")
    top = tall - 2 * _HEAD
    for (name, row), height in zip(rows.items(), heights, strict=True):
        top -= height
        for number, column in enumerate(columns):
            axes = figure.add_axes(
                (number * (wide + _GAP) / WIDTH, top / tall, wide / WIDTH, height / tall)
            )
            axes.set_axis_off()
            axes.imshow(_small(row[column], column)[0].permute(1, 2, 0).numpy(), aspect="auto")
        _write(figure, 0.002, (top - 0.5 * _LABEL) / tall, name, fontsize=7)
        top -= _LABEL
    return figure


def _write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Names of files as they are: a ``$`` in one begins no formula."""
    figure.text(x, y, plain_name(text), va="center", parse_math=False, **look)


def _small(picture: Tensor, name: str) -> Tensor:
    """At most `_SIDE` pixels long, clamped to [0, 1]."""
    picture = check_image(picture, name, channels=3).detach().cpu()
    longest = max(picture.shape[-2:])
    if longest > _SIDE:  # a thin picture keeps a pixel of width
        size = [max(1, side * _SIDE // longest) for side in picture.shape[-2:]]
        picture = F.interpolate(picture, size, mode="bicubic", antialias=True)
    return picture.clamp(0, 1)
