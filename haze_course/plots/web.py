"""Pictures as HTML, for what moves: light to send, sharp labels, a text alternative in the page."""

from base64 import b64encode
from html import escape

from matplotlib.figure import Figure
from torch import Tensor

from haze_course.images import encode_jpeg
from haze_course.plots.figures import close, encode
from haze_course.plots.images import check_panels, colour_map, map_scale

_ROW = "display:flex;flex-wrap:wrap;gap:10px;max-width:960px"
_OWN_KEYS = 'data-lm-suppress-shortcuts="true"'  # JupyterLab's arrow keys fold the notebook away
_BAR = "display:inline-block;width:80px;height:0.7em;margin:0 5px;border:1px solid #888"
_OVER = "position:absolute;inset:0;clip-path:inset(0 0 0 var(--cut))"
_DOT = (
    "position:absolute;width:14px;height:14px;margin:-9px;border:2px solid white;"
    "border-radius:50%;outline:2px solid black;pointer-events:none"
)


def html_images(panels: dict[str, Tensor], text: str, *, dot: tuple[float, float] | None) -> str:
    """Panels side by side, each labelled by its name, under them what they show.

    Args:
        panels: (1, 3, H, W) pictures and (1, 1, H, W) maps, coloured as in `draw_images`.
        text: says what they show; announced when it changes.
        dot: a place to mark on every panel, shares of width and height.
    """
    check_panels(panels)
    mark = f'<i style="{_DOT};left:{dot[0]:.2%};top:{dot[1]:.2%}"></i>' if dot else ""
    width = "45%" if len(panels) == 4 else "0"  # two rows of two, else one row
    figures = []
    for name, panel in panels.items():
        picture = panel if panel.shape[1] == 3 else colour_map(name, panels)
        label = name.replace("_", " ")
        scale = "" if panel.shape[1] == 3 else _scale(name, panels)
        figures.append(
            f'<figure style="margin:0;flex:1 1 {width};min-width:200px">'
            f'<div style="position:relative">{html_image(picture, label)}{mark}</div>'
            f'<figcaption style="text-align:center">{escape(label)}{scale}</figcaption></figure>'
        )
    return f'<div style="{_ROW}">{"".join(figures)}</div>{html_status(text)}'


def _scale(name: str, panels: dict[str, Tensor]) -> str:
    """What the colours of a map say, from its least to its largest value."""
    low, high, colours = map_scale(name, panels)
    style = f"{_BAR};background:linear-gradient(to right,{','.join(colours)})"
    return f' <small>{low}<i style="{style}"></i>{high}</small>'


def html_figure(figure: Figure, text: str) -> str:
    """A Matplotlib figure, and under it what it shows; it is closed."""
    code = b64encode(encode(figure, "png", dpi=96)).decode()
    close(figure)
    image = f'<img src="data:image/png;base64,{code}" alt="{escape(text)}" style="max-width:100%">'
    return f"{image}{html_status(text)}"


def html_image(picture: Tensor, alt: str, style: str = "") -> str:
    """One picture (1, 3, H, W) as an ``<img>`` as wide as its place, its data inside."""
    code = b64encode(encode_jpeg(picture)).decode()
    return (
        f'<img src="data:image/jpeg;base64,{code}" alt="{escape(alt)}" draggable="false" '
        f'style="display:block;width:100%;{style}">'
    )


def html_swipe(before: Tensor, after: Tensor, labels: tuple[str, str], text: str) -> str:
    """Two pictures on top of each other and a slider between them; works without a kernel.

    Args:
        before: (1, 3, H, W), on the left.
        after: likewise, on the right.
        labels: of both.
        text: says what they show.
    """
    left, right = map(escape, labels)
    moved = "this.parentNode.style.setProperty('--cut',this.value+'%')"
    followed = (
        "const r=this.getBoundingClientRect(),x=100*(event.clientX-r.left)/r.width;"
        "this.parentNode.style.setProperty('--cut',x+'%');this.nextElementSibling.value=x"
    )
    tag = "position:absolute;bottom:6px;padding:1px 7px;background:#000a;color:#fff;"
    line = "position:absolute;top:0;bottom:0;left:var(--cut);border-left:2px solid white"
    return (
        f'<div style="--cut:50%;max-width:720px">'
        f'<div style="position:relative;cursor:ew-resize" onpointermove="{followed}">'
        f"{html_image(before, labels[0])}"
        f"{html_image(after, labels[1], _OVER)}"
        f'<span style="{line}"></span><span style="{tag}left:6px">{left}</span>'
        f'<span style="{tag}right:6px">{right}</span></div>'
        f'<input {_OWN_KEYS} type="range" min="0" max="100" value="50" step="1" oninput="{moved}" '
        f'aria-label="where {left} ends and {right} begins, in percent" '
        f'style="width:100%;margin:6px 0"></div><p>{escape(text)}</p>'
    )


def html_status(text: str) -> str:
    """A line that a screen reader announces when it changes."""
    return f'<p role="status" aria-live="polite" style="max-width:960px">{escape(text)}</p>'
