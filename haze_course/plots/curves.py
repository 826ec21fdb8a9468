"""Lines over a number, intervals and dots beside names: the shapes of result in this course."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from haze_course.plots.figures import COLOURS, WIDTH, show
from haze_course.quality.statistics import Interval

Series = Sequence[float] | Tensor | tuple[Sequence[float] | Tensor, Sequence[float] | Tensor]
_MARKS = "osD^v"  # as a series of dots is told by its mark
_DASHES = ("-", "--", "-.", ":")  # a line is told by its dash as well as by its colour


def show_curves(
    alt: str, *, x_label: str, y_label: str, log_y: bool = False, **series: Series
) -> None:
    """Show named lines; see `draw_curves`."""
    show(draw_curves(x_label=x_label, y_label=y_label, log_y=log_y, **series), alt)


def draw_curves(*, x_label: str, y_label: str, log_y: bool = False, **series: Series) -> Figure:
    """One line a keyword, with a legend: ``draw_curves(..., alone=loss_a, taught=loss_b)``.

    Args:
        x_label: quantity and unit.
        y_label: quantity and unit.
        log_y: logarithmic y axis.
        series: the values at 0, 1, 2, ..., or a pair (x, y).
    """
    if not series:
        raise ValueError("expected at least one line: draw_curves(..., loss=history.loss)")
    figure = Figure(figsize=(0.72 * WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for place, (name, values) in enumerate(series.items()):
        axes.plot(
            *_points(values),
            color=COLOURS[place % len(COLOURS)],
            linestyle=_DASHES[place % len(_DASHES)],
            label=name.replace("_", " "),
        )
    axes.set(xlabel=x_label, ylabel=y_label)
    if log_y:
        axes.set_yscale("log")
    if len(series) > 1:
        axes.legend()
    return figure


def _points(values: Series) -> tuple[Any, Any]:
    """x and y: a tuple is a pair of them only if it holds sequences, not numbers."""
    if isinstance(values, tuple) and all(getattr(v, "ndim", hasattr(v, "__len__")) for v in values):
        x, y = map(_plain, values)
        return x, y
    return range(len(values)), _plain(values)


def _plain(values: Any) -> Any:
    """Numbers as matplotlib takes them: without a gradient, off a GPU, at 32 bits or more."""
    if not isinstance(values, Tensor):
        return values
    return values.detach().cpu().to(torch.promote_types(values.dtype, torch.float32))


def show_intervals(
    alt: str,
    intervals: Mapping[str, Interval],
    *,
    x_label: str,
    singles: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Show named intervals; see `draw_intervals`."""
    show(draw_intervals(intervals, x_label=x_label, singles=singles), alt)


def draw_intervals(
    intervals: Mapping[str, Interval],
    *,
    x_label: str,
    singles: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Means with their intervals, one row a name, and a line at zero.

    Args:
        intervals: differences, from `bootstrap_interval` or `seed_interval`.
        x_label: quantity and unit.
        singles: name -> the differences behind its interval, drawn as rings: one that lies far
            out carries mean and interval alone. A name of few, without an interval, gets a row
            of rings below the others.
    """
    if not intervals:
        raise ValueError("expected at least one interval, got an empty mapping")
    singles = singles or {}
    names = list(dict.fromkeys([*intervals, *singles]))
    figure = Figure(figsize=(0.8 * WIDTH, 0.9 + 0.42 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color="#555555", linewidth=1, linestyle="--")
    for row, name in enumerate(names):
        if interval := intervals.get(name):
            ends = [interval.low, interval.high]  # a butt cap ends there, others half a width later
            axes.plot(ends, [row, row], color=COLOURS[0], linewidth=2.4, solid_capstyle="butt")
            axes.plot(interval.mean, row, "o", color=COLOURS[0], markersize=7)
        for value in singles.get(name, ()):
            axes.plot(value, row, "o", color=COLOURS[4], markersize=5, markerfacecolor="white")
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(x_label)
    axes.grid(visible=False, axis="y")
    return figure


def show_dots(alt: str, rows: Mapping[str, Mapping[str, Sequence[float]]], *, x_label: str) -> None:
    """Show single results; see `draw_dots`."""
    show(draw_dots(rows, x_label=x_label), alt)


def draw_dots(rows: Mapping[str, Mapping[str, Sequence[float]]], *, x_label: str) -> Figure:
    """Single results without an interval, one row a name, one mark a series, a line at zero.

    Args:
        rows: name -> series -> differences: ``{"arm": {"rooms": [0.1, 0.3], "streets": [0.2]}}``.
        x_label: quantity and unit.
    """
    names = list(dict.fromkeys(name for series in rows.values() for name in series))
    if not 0 < len(names) <= len(_MARKS):
        raise ValueError(f"expected rows of 1 to {len(_MARKS)} series, got {len(names)}")
    figure = Figure(figsize=(WIDTH, 1.1 + 0.24 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color="#555555", linewidth=1, linestyle="--")
    for name, mark, colour in zip(names, _MARKS, COLOURS, strict=False):
        spots = [(v, k) for k, series in enumerate(rows.values()) for v in series.get(name, ())]
        x, y = [v for v, _ in spots], [k for _, k in spots]
        axes.plot(x, y, mark, color=colour, markersize=6, label=name)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(x_label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names))
    return figure
