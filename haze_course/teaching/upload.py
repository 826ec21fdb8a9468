"""A photo of the learner's own through every method: upload it, switch methods, swipe."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from haze_course.deploy.inference import Method
from haze_course.deploy.tiles import shrink_to
from haze_course.images import SUFFIXES, ImageError, read_image
from haze_course.plots.images import show_images
from haze_course.plots.web import html_status, html_swipe
from haze_course.teaching.notebook import is_live

_PIXELS = 400_000  # of the copy that is dehazed and shown: a photo for a page
_HEIGHT = 600  # of the picture on the page, so that an upright one fits, too


def your_photo(methods: Mapping[str, Method], photo: Tensor, *, name: str, text: str) -> None:
    """Send a photo through methods; where somebody sits, any photo that is uploaded.

    Args:
        methods: by name, hazy (1, 3, H, W) -> dehazed; the first is on the left at the start,
            the last on the right.
        photo: (1, 3, H, W), to start from; larger ones are shrunk.
        name: of the photo.
        text: says what all methods side by side show, where nobody can upload.
    """
    if is_live():
        from IPython.display import display

        display(photo_widget(methods, photo, name))
        return
    bench = Bench(methods, photo, name)
    panels: dict[str, Any] = {method: bench.dehaze(method)[0] for method in methods}
    show_images(text, **panels)


class Bench:
    """One photo and methods; what a method made of it is kept.

    Attributes:
        photo: as it goes through the methods, at most 400 000 pixels.
        about: its name and its size, and what was shrunk.
    """

    def __init__(self, methods: Mapping[str, Method], photo: Tensor, name: str) -> None:
        """See `your_photo`."""
        self.photo = shrink_to(photo, _PIXELS)
        self.about = f"{name}: {_size(photo)} pixels"
        if self.photo.shape != photo.shape:
            self.about += f", shrunk to {_size(self.photo)} here"
        self._methods = methods
        self._made: dict[str, tuple[Tensor, float]] = {}
        self._pages: dict[tuple[str, str], str] = {}

    def missing(self, *names: str) -> list[str]:
        """Those of the methods that have still to be computed."""
        return [name for name in names if name not in self._made]

    def dehaze(self, name: str) -> tuple[Tensor, float]:
        """Dehazed, in [0, 1], and the seconds that it took.

        Raises:
            ValueError: the method failed, or its output has another size than its input.
        """
        if name not in self._made:
            start = time.perf_counter()
            try:
                with torch.no_grad():
                    dehazed = self._methods[name](self.photo)
            except Exception as error:  # whatever a learner's own method may raise
                raise ValueError(f"{name}: {type(error).__name__}: {error}") from error
            seconds = time.perf_counter() - start
            if getattr(dehazed, "shape", None) != self.photo.shape:
                got = tuple(getattr(dehazed, "shape", ())) or type(dehazed).__name__
                raise ValueError(f"{name}: expected {tuple(self.photo.shape)}, got {got}")
            self._made[name] = dehazed.clamp(0, 1), seconds
        return self._made[name]

    def page(self, left: str, right: str) -> str:
        """What two methods made of it, under a swipe; raises as `dehaze` does."""
        before, after = self.dehaze(left)[0], self.dehaze(right)[0]
        if (left, right) not in self._pages:
            height, width = before.shape[-2:]
            swipe = html_swipe(before, after, (left, right), self.about)
            narrow = f"max-width:{_HEIGHT * width / height:.0f}px"
            self._pages[left, right] = f'<div style="{narrow}">{swipe}</div>'
        return self._pages[left, right]

    def said(self, name: str) -> str:
        """The method, its time, and how it ran: "student 0.25 s (float32, channels last)"."""
        way = getattr(self._methods[name], "way", "")
        return f"{name} {self.dehaze(name)[1]:.2f} s" + f" ({way})" * bool(way)


def photo_widget(methods: Mapping[str, Method], photo: Tensor, name: str) -> Any:
    """A button to upload, two switches, and a picture to swipe over; see `your_photo`."""
    return _Desk(methods, photo, name).box


class _Desk:
    """The fields of `photo_widget`, and what they do."""

    def __init__(self, methods: Mapping[str, Method], photo: Tensor, name: str) -> None:
        from ipywidgets import HTML, FileUpload, Layout, VBox

        self.methods, self.bench = methods, Bench(methods, photo, name)
        self.upload = FileUpload(
            accept=",".join(sorted(SUFFIXES)),
            description="Upload a photo (up to 10 MB)",  # Jupyter drops larger messages
            layout=Layout(width="max-content"),
        )
        self.switches = [_switch(side, list(methods)) for side in ("Left", "Right")]
        self.switches[1].value = list(methods)[-1]
        self.status, self.page = HTML(), HTML(layout=Layout(width="calc(100% - 4px)"))
        self.upload.observe(self.receive, names="value")
        for switch in self.switches:
            switch.observe(self.redraw, names="value")
        self.redraw()
        self.box = VBox([self.upload, *self.switches, self.status, self.page])
        self.box.add_class("haze-photo")

    def say(self, text: str) -> None:
        """One line under the switches; it reaches the page while the computing goes on."""
        self.status.value = html_status(text)

    def redraw(self, _change: object = None) -> None:
        """Show the two methods that are switched on."""
        first, second = (switch.value for switch in self.switches)
        names = list(dict.fromkeys([first, second]))
        if missing := self.bench.missing(*names):
            self.say(f"Computing: {' and '.join(missing)} ...")
        try:
            self.page.value = self.bench.page(first, second)
        except ValueError as error:
            self.say(f"✘ {error}")
            return
        self.say(f"On this machine: {'; '.join(map(self.bench.said, names))}.")

    def receive(self, change: Any) -> None:
        """Take the file that was uploaded, or say why not."""
        if not change["new"]:
            return
        name, content = _first(change["new"])
        self.say(f"Reading {name} ...")
        try:
            self.bench = Bench(self.methods, _read(name, content), name)
        except ImageError as error:
            self.say(f"✘ {error} The picture below is the one before.")
            return
        self.redraw()


def _switch(side: str, names: list[str]) -> Any:
    from ipywidgets import ToggleButtons

    buttons = ToggleButtons(options=names, description=side)
    buttons.style.button_width = "auto"
    buttons.style.description_width = "3em"
    return buttons


def _first(value: Any) -> tuple[str, bytes]:
    """Name and content of an uploaded file, from ipywidgets 8, or 7 as Colab has it."""
    if isinstance(value, dict):
        name, file = next(iter(value.items()))
    else:
        name, file = value[0]["name"], value[0]
    return str(name), bytes(file["content"])


def _read(name: str, content: bytes) -> Tensor:
    """What `read_image` makes of a file with that content; errors name the learner's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(content)
        try:
            return read_image(path)
        except (ImageError, MemoryError) as error:
            raise ImageError(f"{str(error).replace(str(path), name) or 'too large'}.") from error


def _size(image: Tensor) -> str:
    return f"{image.shape[-1]} × {image.shape[-2]}"
