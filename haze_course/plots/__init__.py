"""Figures that say in words what they show."""

from haze_course.plots.curves import (
    draw_curves,
    draw_dots,
    draw_intervals,
    show_curves,
    show_dots,
    show_intervals,
)
from haze_course.plots.figures import COLOURS, show, show_text, use_style
from haze_course.plots.images import draw_images, show_images
from haze_course.plots.tables import gain_rows, markdown_table, show_table

__all__ = [
    "COLOURS",
    "draw_curves",
    "draw_dots",
    "draw_images",
    "draw_intervals",
    "gain_rows",
    "markdown_table",
    "show",
    "show_curves",
    "show_dots",
    "show_images",
    "show_intervals",
    "show_table",
    "show_text",
    "use_style",
]
