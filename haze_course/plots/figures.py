"""One way for every figure to reach a reader: a picture, its text alternative, a visible caption.

A figure made for the page alone is a wall to whoever cannot see it. `show` therefore asks for a
sentence, stores it with the picture and prints it below.
"""

import io

from matplotlib import rcParams
from matplotlib.figure import Figure

# Okabe & Ito, Color Universal Design, 2008: distinct with every kind of colour vision, and in
# an order in which neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
WIDTH = 9.6  # inches of a full-width figure
_DPI = 130  # drawn finer than it is shown, so that it stays sharp on dense screens
_SHOWN_DPI = 96


def use_style() -> None:
    """Matplotlib's settings for the course: fonts, colours, thin frames, no chart junk."""
    from cycler import cycler

    rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.titlesize": 11,
            "axes.labelsize": 10.5,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "image.cmap": "viridis",
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
        }
    )


def show(figure: Figure, alt: str, *, credit: str | None = None, photo: bool = False) -> None:
    """Display a figure in a notebook, with `alt` as its text alternative and visible caption.

    Args:
        figure: a Matplotlib figure; it is closed.
        alt: what the figure shows, one sentence that stands for it.
        credit: who made a picture that needs naming.
        photo: store as JPEG: a tenth of the size where the panels are photographs.
    """
    from IPython import get_ipython
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt: expected a sentence that says what the figure shows, got none")
    if get_ipython() is None:  # a script: no page to show it on
        print(f"{alt} (Outside a notebook, use draw_... and figure.savefig.)")
        return
    kind = "jpeg" if photo else "png"
    size = {
        "width": round(figure.get_figwidth() * _SHOWN_DPI),
        "height": round(figure.get_figheight() * _SHOWN_DPI),
    }
    display(
        {f"image/{kind}": encode(figure, kind), "text/plain": alt},
        raw=True,
        metadata={f"image/{kind}": {"alt": alt, **size}},
    )
    caption = f"*{alt}*" + (f" <small>Picture: {credit}.</small>" if credit else "")
    show_text(caption)
    close(figure)


def show_text(markdown: str) -> None:
    """Display formatted text in a notebook; print it in a script."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(markdown)
    else:
        display({"text/markdown": markdown, "text/plain": markdown}, raw=True)


def encode(figure: Figure, kind: str, *, dpi: int = _DPI) -> bytes:
    """A figure as the bytes of a picture file, "png" or "jpeg"."""
    buffer = io.BytesIO()
    extra = {"pil_kwargs": {"quality": 88}} if kind == "jpeg" else {"metadata": {"Software": None}}
    figure.draw_without_rendering()  # pictures keep their shape: only a second layout fits titles
    figure.savefig(buffer, format=kind, dpi=dpi, facecolor="white", **extra)
    return buffer.getvalue()


def close(figure: Figure) -> None:
    """Forget a pyplot figure, or the notebook would draw it a second time."""
    from matplotlib import pyplot

    pyplot.close(figure)
