"""Pictures and maps side by side, labelled by the names they are passed under."""

import math

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from haze_course.guards import check_image
from haze_course.plots.figures import WIDTH, show

# Perceptually even and safe for colour-blind readers; the same quantity always wears one map.
_MAPS = {"depth": "cividis", "dark": "gray", "error": "inferno", "difference": "PuOr"}
_UNIT_RANGE = ("transmission", "dark", "coarse")


def show_images(
    alt: str,
    *,
    columns: int | None = None,
    notes: dict[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    credit: str | None = None,
    **panels: Tensor,
) -> None:
    """Show pictures (1, 3, H, W) and maps (1, 1, H, W); see `draw_images`."""
    figure = draw_images(columns=columns, notes=notes, limits=limits, **panels)
    show(figure, alt, credit=credit, photo=True)


def draw_images(
    *,
    columns: int | None = None,
    notes: dict[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    **panels: Tensor,
) -> Figure:
    """A figure with one panel a keyword, titled by it: ``draw_images(hazy=hazy, clear=clear)``.

    Args:
        columns: panels in a row; by default up to 4, rows as even as can be.
        notes: a second line for a title, by panel: ``{"dehazed": "21.3 dB"}``.
        limits: of the colours of maps; by default [0, 1] for shares of light, else the common
            range of all other maps, so that compared maps compare.
        panels: (1, 3, H, W) is a picture, clamped to [0, 1]; (1, 1, H, W) a map with colour bar.
    """
    if not panels:
        raise ValueError("expected at least one panel: draw_images(hazy=hazy)")
    for name, panel in panels.items():
        check_image(panel.float() if panel.dtype == torch.bool else panel, name)
    count = len(panels)
    columns = columns or math.ceil(count / math.ceil(count / 4))
    rows = math.ceil(count / columns)
    first = next(iter(panels.values()))
    panel_width = WIDTH / max(columns, 2)
    height = rows * (panel_width * first.shape[-2] / first.shape[-1] + 0.42)
    figure = Figure(figsize=(panel_width * columns, height), layout="constrained")
    common = limits or _common_limits(panels)
    for place, (name, panel) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(rows, columns, place)
        title = name.replace("_", " ")
        if notes and name in notes:
            title += f"\n{notes[name]}"
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        _draw_panel(axes, name, panel.detach().cpu().float(), limits=limits, common=common)
    return figure


def _draw_panel(
    axes: Axes,
    name: str,
    panel: Tensor,
    *,
    limits: tuple[float, float] | None,
    common: tuple[float, float],
) -> None:
    if panel.shape[1] == 3:
        axes.imshow(panel[0].permute(1, 2, 0).clamp(0, 1).numpy())
        return
    low, high = limits or ((0.0, 1.0) if _has_unit_range(name) else common)
    colours = next((m for word, m in _MAPS.items() if word in name), "viridis")
    shown = axes.imshow(panel[0, 0].numpy(), cmap=colours, vmin=low, vmax=high)
    beyond = "max" if float(panel.max()) > high * 1.001 else "neither"
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02, extend=beyond)
    bar.ax.tick_params(labelsize=8)


def _common_limits(panels: dict[str, Tensor]) -> tuple[float, float]:
    """One range for all maps without a natural one; the sky of a depth map does not count."""
    maps = {n: p.float() for n, p in panels.items() if p.shape[1] == 1 and not _has_unit_range(n)}
    if not maps:
        return 0.0, 1.0
    low, high = min(float(p.min()) for p in maps.values()), max(_top(p) for p in maps.values())
    if any("difference" in name for name in maps):  # zero sits in the middle of the colours
        high = max(abs(low), abs(high))
        low = -high
    return low, high if high > low else low + 1.0


def _top(panel: Tensor) -> float:
    below = panel[panel < panel.max()]
    if below.numel() and panel.max() > 3 * below.quantile(0.95) > 0:
        return float(below.quantile(0.98))
    return float(panel.max())


def _has_unit_range(name: str) -> bool:
    return any(word in name for word in _UNIT_RANGE) and "difference" not in name
