"""Pictures and maps side by side, labelled by the names they are passed under."""

import math

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from haze_course.guards import check_image
from haze_course.plots.figures import WIDTH, show

# Perceptually even and safe for colour-blind readers; the same quantity always wears one map.
_MAPS = {"difference": "PuOr", "error": "inferno", "depth": "cividis", "dark": "gray"}
_UNIT_RANGE = ("dark", "transmission", "coarse")
_BAR = 0.42  # inches beside a map for its colour bar


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
            range of all maps of the same quantity, so that compared maps compare.
        panels: (1, 3, H, W) is a picture, clamped to [0, 1]; (1, 1, H, W) a map with colour bar.
    """
    if not panels:
        raise ValueError("expected at least one panel: draw_images(hazy=hazy)")
    check_panels(panels)
    count = len(panels)
    columns = columns or math.ceil(count / math.ceil(count / 4))
    rows = math.ceil(count / columns)
    first = next(iter(panels.values()))
    panel_width = WIDTH / max(columns, 2)
    has_bar = any(panel.shape[1] == 1 for panel in panels.values())
    picture_width = panel_width - 0.12 - _BAR * has_bar
    lines = 2 if notes else 1
    height = rows * (picture_width * first.shape[-2] / first.shape[-1] + 0.13 + 0.19 * lines)
    figure = Figure(figsize=(panel_width * columns, height), layout="constrained")
    for place, (name, panel) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(rows, columns, place)
        title = name.replace("_", " ")
        if notes and name in notes:
            title += f"\n{notes[name]}"
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        if panel.shape[1] == 3:
            axes.imshow(panel[0].detach().float().cpu().permute(1, 2, 0).clamp(0, 1).numpy())
        else:
            _draw_map(axes, name, panel.detach().cpu().float(), limits or _limits(name, panels))
    return figure


def check_panels(panels: dict[str, Tensor]) -> None:
    """Each shows all it holds: of a batch only the first would be seen.

    Raises:
        ValueError: names the panel that is neither (1, 3, H, W) nor (1, 1, H, W).
    """
    for name, panel in panels.items():
        check_image(panel.float() if panel.dtype == torch.bool else panel, name)
        if panel.shape[0] != 1 or panel.shape[1] not in (1, 3):
            raise ValueError(
                f"{name}: expected (1, 3, H, W) or (1, 1, H, W), got {tuple(panel.shape)}; "
                "give each picture of a batch a panel of its own"
            )


def _draw_map(axes: Axes, name: str, panel: Tensor, limits: tuple[float, float]) -> None:
    low, high = limits
    shown = axes.imshow(
        panel[0, 0].numpy(), cmap=_MAPS.get(_quantity(name), "viridis"), vmin=low, vmax=high
    )
    slack = 1e-3 * (high - low)
    below, above = float(panel.min()) < low - slack, float(panel.max()) > high + slack
    beyond = {(True, True): "both", (True, False): "min", (False, True): "max"}
    beside = axes.inset_axes((1.02, 0, 0.045, 1))  # so that a map is as large as a picture
    bar = axes.figure.colorbar(shown, cax=beside, extend=beyond.get((below, above), "neither"))
    bar.ax.tick_params(labelsize=8)


def colour_map(name: str, panels: dict[str, Tensor]) -> Tensor:
    """The map `panels[name]` in the colours that `draw_images` gives it.  -> (1, 3, H, W)."""
    from matplotlib import colormaps

    low, high = _limits(name, panels)
    share = (panels[name][0, 0].detach().cpu().float() - low) / (high - low)
    coloured = colormaps[_MAPS.get(_quantity(name), "viridis")](share.clamp(0, 1).numpy())
    return torch.from_numpy(coloured[..., :3]).permute(2, 0, 1)[None]


def map_scale(name: str, panels: dict[str, Tensor]) -> tuple[str, str, list[str]]:
    """Least and largest value of a map's colours, as text, and those colours, as CSS has them."""
    low, high = _limits(name, panels)
    ramp = torch.linspace(low, high, 9).reshape(1, 1, 1, -1)
    colours = (255 * colour_map(name, panels | {name: ramp}))[0, :, 0].round().int().T.tolist()
    return f"{low:.3g}", f"{high:.3g}", [f"rgb({r},{g},{b})" for r, g, b in colours]


def _quantity(name: str) -> str:
    """What a map shows, by its name; maps of one quantity share colours and limits."""
    return next((word for word in (*_MAPS, *_UNIT_RANGE) if word in name), "")


def _limits(name: str, panels: dict[str, Tensor]) -> tuple[float, float]:
    """[0, 1] for shares of light, else the range of all maps of the same quantity."""
    quantity = _quantity(name)
    if quantity in _UNIT_RANGE:
        return 0.0, 1.0
    alike = [p.float() for n, p in panels.items() if p.shape[1] == 1 and _quantity(n) == quantity]
    low, high = min(float(p.min()) for p in alike), max(_top(p) for p in alike)
    if quantity == "difference":  # zero sits in the middle of the colours
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    return low, high if high > low else low + 1.0


def _top(panel: Tensor) -> float:
    """The largest value that should set the colours: a far sky must not swallow the depth."""
    below = panel[panel < panel.max()]
    if below.numel() and panel.max() > 3 * below.quantile(0.95) > 0:
        return float(below.quantile(0.98))
    return float(panel.max())
