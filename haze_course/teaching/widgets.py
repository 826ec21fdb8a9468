"""One idea to play with: controls and pictures where somebody sits, chosen states elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from haze_course.plots.figures import show
from haze_course.plots.images import show_images
from haze_course.plots.web import html_figure, html_images, html_swipe
from haze_course.teaching.notebook import is_live

View = Any  # panels by name, or a Matplotlib figure
_TYPED = "haze-at-{}"  # class of the number field that a click on a picture fills
_CLICK = (
    "const i=event.target;if(i.tagName!='IMG')return;"
    "const r=i.getBoundingClientRect(),b=this.closest('.haze-explore');"
    "const at={x:(event.clientX-r.left)/r.width,y:(event.clientY-r.top)/r.height};"
    "for(const c in at){const f=b.querySelector('.haze-at-'+c+' input');"
    "f.value=Math.floor(at[c]*(1+Number(this.dataset[c])));"
    "f.dispatchEvent(new Event('input',{bubbles:true}));"
    "f.dispatchEvent(new Event('change',{bubbles:true}))}"
)


def explore(
    look: Callable[..., tuple[View, str]],
    *,
    static: Sequence[Mapping[str, Any]],
    point: tuple[str, str] | None = None,
    **controls: Any,
) -> None:
    """Move controls and see what `look` makes of their values.

    Args:
        look: controls' values -> panels or a figure, and a sentence that says what they show.
        static: values to show as ordinary figures where nobody can move anything; the first are
            the ones to start from.
        point: names of two controls, the column and the row of a pixel: a click on a picture
            fills them.
        controls: as ipywidgets abbreviates them: (low, high, step), a list of choices, True.
    """
    if is_live():
        from IPython.display import display

        display(explore_widget(look, static[0], point, controls))
        return
    for values in static:
        view, text = look(**values)
        if isinstance(view, dict):
            show_images(text, **view)
        else:
            show(view, text)


def explore_widget(
    look: Callable[..., tuple[View, str]],
    first: Mapping[str, Any],
    point: tuple[str, str] | None,
    controls: Mapping[str, Any],
) -> Any:
    """Controls above a view that follows them."""
    from ipywidgets import HTML, HBox, Layout, VBox

    fields = {
        name: _control(name, abbreviation, first[name], point)
        for name, abbreviation in controls.items()
    }
    page = HTML(layout=Layout(width="calc(100% - 4px)"))  # its margin would scroll

    def redraw(_change: object = None) -> None:
        values = {name: field.value for name, field in fields.items()}
        page.value = _page(*look(**values), point, values, controls)

    for field in fields.values():
        field.observe(redraw, names="value")
    redraw()
    box = VBox([HBox([*fields.values()], layout=Layout(flex_flow="row wrap")), page])
    box.add_class("haze-explore")
    return box


def _control(name: str, abbreviation: Any, value: Any, point: tuple[str, str] | None) -> Any:
    from ipywidgets import BoundedIntText, SelectionSlider, interactive

    label = name.replace("_", " ")
    if point and name in point:
        low, high = abbreviation[:2]
        field = BoundedIntText(value=value, min=low, max=high)
        field.add_class(_TYPED.format("xy"[point.index(name)]))
    elif isinstance(abbreviation, list):  # a list that drops down hands arrow keys to the page
        field = SelectionSlider(options=abbreviation, value=value)
    else:
        field = interactive.widget_from_abbrev(abbreviation, value)
        field.value = value
    field.description = label
    field.style.description_width = "initial"
    field.layout.margin = "0 28px 6px 0"
    return field


def _page(
    view: View,
    text: str,
    point: tuple[str, str] | None,
    values: Mapping[str, Any],
    controls: Mapping[str, Any],
) -> str:
    if not isinstance(view, dict):
        return html_figure(view, text)
    if point is None:
        return html_images(view, text, dot=None)
    ends = [controls[name][1] for name in point]
    x, y = ((values[n] + 0.5) / (end + 1) for n, end in zip(point, ends, strict=True))
    clickable = f'data-x="{ends[0]}" data-y="{ends[1]}" style="cursor:crosshair"'
    return f'<div {clickable} onclick="{_CLICK}">{html_images(view, text, dot=(x, y))}</div>'


def swipe(before: Tensor, after: Tensor, *, labels: tuple[str, str], text: str) -> None:
    """Compare two pictures under a slider; side by side where nobody can move it.

    Args:
        before: (1, 3, H, W).
        after: likewise.
        labels: of both, as "hazy", "dehazed".
        text: says what they show.
    """
    if is_live():
        from IPython.display import HTML, display

        display(HTML(html_swipe(before, after, labels, text)))
    else:
        panels: dict[str, Any] = dict(zip(labels, (before, after), strict=True))
        show_images(text, **panels)
