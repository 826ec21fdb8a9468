"""The shell of a room: walls with openings, windows, doors, light, outlook and camera.

Walls are numbered 0 north, 1 east, 2 south, 3 west; seen from inside each runs from left (0) to
right (its length). The camera stands at the south wall. A `Room` puts furniture against its walls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise

import bpy  # isort: skip  (first: it makes mathutils importable)
import numpy as np
from furniture import (
    WARM,
    Style,
    bookshelf,
    clock,
    clutter,
    framed,
    home,
    plant,
    rug,
    sideboard,
    sofa,
)
from mathutils import Matrix
from stage import (
    Material,
    Rng,
    SceneNotes,
    area_light,
    at,
    ball,
    box,
    brick,
    camera,
    carpet,
    fabric,
    foliage,
    leaves,
    pick,
    plain,
    sheet,
    sky,
    sky_photo,
    srgb,
    sun,
    tube,
    vary,
    wood,
)

# ---------------------------------------------------------------- the shell of a room


@dataclass
class Opening:
    """A hole in a wall: kind "window", "door" (with a leaf), "open" (a leaf ajar) or "arch"."""

    kind: str
    centre: float
    width: float
    low: float = 0.0
    high: float = 2.05
    cover: str = ""  # windows: "curtains", "sheer", "blinds" or nothing


def curtain(material: Material, width: float, height: float, fold: float, phase: float) -> None:
    """A hanging curtain, centred on x, from z = 0 down to -height."""

    def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        grow = 0.6 + 0.4 * (0.5 - y / height)
        return grow * 0.035 * np.sin(2 * np.pi * x / fold + phase + 0.9 * np.sin(2.1 * y + 9 * x))  # type: ignore[no-any-return]

    sheet(width, height, waves, material, (0, 0, -height / 2), (90, 0, 0), (int(width / 0.012), 30))


def window(s: Style, o: Opening, thick: float) -> None:
    """Frame, bars, sill and cover of a window, in the frame of its wall; no glass."""
    w, h, r = o.width, o.high - o.low, s.rng
    with at((o.centre, 0, o.low)):
        for x in (-1, 1):
            box((0.06, 0.08, h), (x * (w / 2 - 0.03), thick / 2, 0), s.trim, 0.008)
            box((0.08, 0.03, h + 0.16), (x * (w / 2 + 0.04), -0.01, -0.08), s.trim, 0.008)
        for z in (0, h - 0.06):
            box((w, 0.08, 0.06), (0, thick / 2, z), s.trim, 0.008)
        box((w + 0.16, 0.03, 0.08), (0, -0.01, h), s.trim, 0.008)
        for x in np.linspace(-w / 2, w / 2, max(2, round(w / 0.6)) + 1)[1:-1]:
            box((0.05, 0.06, h), (float(x), thick / 2, 0), s.trim)
        box((w, 0.05, 0.035), (0, thick / 2, h * 0.66), s.trim)
        box((w + 0.2, 0.24, 0.035), (0, -0.02, -0.035), s.trim, 0.01)
        with at((0, -0.04, 0)):
            if r.random() < 0.6:
                clutter(s, w * 0.8, 0.03, int(r.integers(1, 4)))
        if o.cover in ("curtains", "sheer"):
            with at((0, -0.13, h + 0.17)):
                tube([(-w / 2 - 0.35, 0, 0), (w / 2 + 0.35, 0, 0)], 0.015, s.metal)
                cloth = s.cloth(0.35)
                long = min(o.high + 0.1, h + float(pick(r, [0.3, 0.3, 9.0])))
                for x in (-1, 1):
                    part = float(r.uniform(0.3, 0.5)) * (0.6 + w / 3)
                    with at((x * (w / 2 + 0.3 - part / 2), 0, 0)):
                        curtain(cloth, part, long, 0.13, float(r.uniform(0, 6)))
                if o.cover == "sheer":
                    with at((0, 0.05, 0)):
                        veil = fabric((0.75, 0.73, 0.68), (0.6, 0.58, 0.52),
                                      pick(r, ["plain", "dots", "stripes"]), 0.1, 0.6)  # fmt: skip
                        curtain(veil, w + 0.3, h + 0.25, 0.1, 0.0)
        elif o.cover == "blinds":
            slat = s.timber()
            for z in np.arange(h * float(r.uniform(0.2, 0.6)), h, 0.045):
                box((w - 0.1, 0.04, 0.003), (0, 0.03, float(z)), slat, 0, (28, 0, 0))
    area_light((o.centre, thick + 0.05, o.low + h / 2), (o.centre, -1, o.low + h / 2), (w, h), 1.0,
               portal=True)  # fmt: skip


def door(s: Style, o: Opening, thick: float) -> None:
    """Frame and leaf of a door, or the frame of a passage, in the frame of its wall."""
    w, h, r = o.width, o.high, s.rng
    with at((o.centre, 0, 0)):
        for x in (-1, 1):
            box((0.09, 0.03, h + 0.09), (x * (w / 2 + 0.045), -0.01, 0), s.trim, 0.008)
            box((0.03, thick + 0.02, h), (x * (w / 2 - 0.015), thick / 2, 0), s.trim)
        box((w, 0.03, 0.09), (0, -0.01, h), s.trim, 0.008)
        box((w, thick + 0.02, 0.03), (0, thick / 2, h - 0.03), s.trim)
        box((w, thick + 0.03, 0.03), (0, thick / 2, -0.018), s.wood, 0.004)
        if o.kind == "arch":
            return
        ajar = 0.0 if o.kind == "door" else float(r.uniform(65, 100))
        with at((-w / 2 + 0.03, thick / 2 if not ajar else thick, 0.01), ajar):
            leaf = pick(r, [s.trim, s.wood, s.paint(0.35)])
            lw = w - 0.06
            box((lw, 0.04, h - 0.05), (lw / 2, 0, 0), leaf)
            for z, hh in ((0.15, 0.7), (1.0, 0.85)):
                for x in (0.28, 0.72):
                    box((lw * 0.34, 0.055, hh), (x * lw, 0, z), leaf, 0.012)
            for y in (-0.05, 0.05):
                ball(0.028, (lw - 0.07, y, 0.97), s.metal, 16)


class Room:
    """Four walls with openings, floor, ceiling, skirting; keeps track of free wall space."""

    def __init__(
        self, s: Style, w: float, d: float, h: float, openings: dict[int, list[Opening]],
        skip: Sequence[int] = (), accent: int = -1, beams: bool = False,
    ) -> None:  # fmt: skip
        self.s, self.w, self.d, self.h = s, w, d, h
        self.openings = openings
        self.hung: dict[int, list[tuple[float, float]]] = {k: [] for k in range(4)}
        self.taken: dict[int, list[tuple[float, float, bool]]] = {k: [] for k in range(4)}
        thick = 0.16
        sheet(w, d, 0.0, s.floor, (w / 2, d / 2, 0))
        box((w + 0.4, d + 0.4, 0.1), (w / 2, d / 2, h), s.ceiling, 0)
        box((w + 0.4, d + 0.4, 0.1), (w / 2, d / 2, -0.11), s.ceiling, 0)
        for k in range(4):
            if k in skip:
                continue
            with self.side(k):
                self._wall(self.length(k), h, thick, openings.get(k, []), s.accent if k == accent
                           else s.wall)  # fmt: skip
                for o in openings.get(k, []):
                    (window if o.kind == "window" else door)(s, o, thick)
                    half = o.width / 2 + 0.12
                    self.taken[k].append((o.centre - half, o.centre + half, o.kind == "window"))
        if beams:
            for y in np.arange(0.7, d, 1.1):
                box((w, 0.16, 0.18), (w / 2, float(y), h - 0.18), s.wood2, 0.02)

    def _wall(
        self, length: float, h: float, thick: float, openings: list[Opening], paint: Material
    ):
        marks = [0.0, length]
        for o in openings:
            marks += [o.centre - o.width / 2, o.centre + o.width / 2]
        marks = sorted(marks)
        grow = thick
        for i, (a, b) in enumerate(pairwise(marks)):
            hole = next((o for o in openings if a < o.centre < b), None)
            a2, b2 = a - (grow if i == 0 else 0), b + (grow if i == len(marks) - 2 else 0)
            spans = [(0.0, h)] if hole is None else [(0.0, hole.low), (hole.high, h)]
            for z0, z1 in spans:
                if z1 - z0 > 0.01 and b2 - a2 > 0.005:
                    # Vertices stay in wall coordinates, so that patterns run on across the pieces.
                    piece = box((b2 - a2, thick, z1 - z0), (0, 0, 0), paint, 0)
                    _shift_uv(piece, (a2 + b2) / 2, z0)
                    _move(piece, ((a2 + b2) / 2, thick / 2, z0))
            if hole is None or hole.low > 0.2:
                box((b - a, 0.02, 0.1), ((a + b) / 2, -0.01, 0), self.s.trim, 0.006)
        box((length, 0.05, 0.06), (length / 2, -0.025, h - 0.06), self.s.trim, 0.02)

    def length(self, k: int) -> float:
        """Length of wall k."""
        return self.w if k % 2 == 0 else self.d

    def side(self, k: int) -> AbstractContextManager[None]:
        """The frame of wall k: x along it from its left end, -y into the room."""
        corner = ((0, self.d), (self.w, self.d), (self.w, 0), (0, 0))[k]
        return at((*corner, 0), (0, -90, 180, 90)[k])

    def block(self, k: int, a: float, b: float) -> None:
        """Keep the stretch from a to b of wall k free of furniture."""
        self.taken[k].append((a, b, False))

    def put(
        self, k: int, width: float, depth: float, build: Callable[[], None], low: bool = False,
        where: float | None = None,
    ) -> float | None:  # fmt: skip
        """Build against wall k where there is room (`low`: also below windows); None if nowhere."""
        length = self.length(k)
        half = width / 2 + 0.04
        options = (
            np.linspace(half + 0.05, length - half - 0.05, 60) if length > 2 * half + 0.1 else []
        )
        free = [
            float(c) for c in options
            if not any(a < c + half and c - half < b and not (low and win)
                       for a, b, win in self.taken[k])
        ]  # fmt: skip
        if not free:
            return None
        c = min(free, key=lambda v: abs(v - where)) if where is not None else pick(self.s.rng, free)
        self.taken[k].append((c - half, c + half, False))
        if c - half < 1.0:
            left = (k - 1) % 4
            self.block(left, self.length(left) - depth - 0.1, self.length(left))
        if c + half > length - 1.0:
            self.block((k + 1) % 4, 0.0, depth + 0.1)
        with self.side(k), at((c, -0.03, 0)):
            build()
        return c

    def pictures(self, k: int, count: int, low: float = 1.55) -> None:
        """Hang pictures and perhaps a clock on wall k, between openings."""
        s, length = self.s, self.length(k)
        for i in range(count):
            c = (i + 0.5 + float(s.rng.uniform(-0.2, 0.2))) * length / count
            width = float(s.rng.uniform(0.3, 0.75))
            blocked = [(o.centre - o.width / 2 - 0.4, o.centre + o.width / 2 + 0.4)
                       for o in self.openings.get(k, [])] + self.hung[k]  # fmt: skip
            if any(a < c + width / 2 and c - width / 2 < b for a, b in blocked):
                continue
            self.hung[k].append((c - width / 2 - 0.1, c + width / 2 + 0.1))
            with self.side(k), at((c, -0.002, low + float(s.rng.uniform(0.0, 0.15)))):
                if s.rng.random() < 0.15:
                    clock(s)
                else:
                    framed(s, width)


def _shift_uv(thing: bpy.types.Object, x: float, z: float) -> None:
    layer = thing.data.uv_layers[0].data
    uv = np.empty(2 * len(layer), dtype=np.float32)
    layer.foreach_get("uv", uv)
    layer.foreach_set("uv", (uv.reshape(-1, 2) + np.array((x, z), dtype=np.float32)).ravel())


def _move(thing: bpy.types.Object, offset: Sequence[float]) -> None:
    thing.matrix_world = thing.matrix_world @ Matrix.Translation(offset)


# ---------------------------------------------------------------- light and outlook


def garden(s: Style) -> None:
    """What a window shows, in the frame of its wall: lawn, hedge, trees, a house across."""
    r = s.rng
    sheet(80, 60, -0.4, carpet((0.07, 0.13, 0.03), (0.12, 0.16, 0.05), 3.0), (0, 30.3, 0))
    green = foliage(vary(r, (0.08, 0.18, 0.04), 0.3))
    n = 2600
    hedge = np.stack([r.uniform(-14, 18, n), r.uniform(7, 8.2, n), r.uniform(-0.4, 1.1, n)], axis=1)
    leaves(r, hedge, r.normal(0, 1, (n, 3)) + np.array((0, -0.5, 0.4)), (0.22, 0.12), green)
    for _ in range(int(r.integers(2, 5))):
        x, y, h = float(r.uniform(-8, 12)), float(r.uniform(7, 16)), float(r.uniform(1.5, 3))
        tube([(x, y, -0.4), (x, y, h + 1)], 0.16, wood(srgb("#7a6248"), srgb("#3d3024")), 0.06)
        crown = r.normal(0, 1, (900, 3))
        crown *= r.uniform(0.6, 1.0, (900, 1)) / np.linalg.norm(crown, axis=1, keepdims=True)
        leaves(r, crown * (1.7, 1.7, 1.5) + (x, y, h + 1.4), crown, (0.3, 0.17), green)
    if r.random() < 0.6:
        x = float(r.uniform(-8, 8))
        box((9, 6, 5), (x, 22, -0.4), brick(srgb("#a2573c"), srgb("#7d4030"), srgb("#b8b0a2")), 0)
        for wx in (-2.8, 0, 2.8):
            for wz in (0.7, 3.2):
                box((1.1, 0.1, 1.3), (x + wx, 18.98, wz), plain((0.05, 0.06, 0.08), 0.1))


def light_up(s: Style, room: Room, mode: str, wall: int) -> str:
    """Sky, sun through the windows of `wall`, fill light; returns the words for the table."""
    r = s.rng
    outward = {0: 90.0, 1: 0.0, 2: 270.0, 3: 180.0}[wall]
    fill = {"sun": 30.0, "overcast": 25.0, "lamps": 35.0, "mixed": 30.0}[mode]
    words = mode
    if mode in ("sun", "mixed"):
        height, turn = float(r.uniform(18, 42)), outward + float(r.uniform(-45, 45))
        sky(height, turn, 0.14)
        sun(height, turn, float(r.uniform(3.5, 6.0)))
        words = f"sun {height:.0f} deg high from {turn % 360:.0f} deg through the window"
    elif mode == "overcast":
        name = pick(r, ["city", "courtyard", "forest", "sunrise"])
        sky_photo(name, 2.2, float(r.uniform(0, 360)))
        words = f"sky panorama {name} through the windows"
    else:
        sky(4, outward, 0.06, 3.0)
        words = "dusk outside"
    if mode in ("lamps", "mixed"):
        words += ", warm lamps"
    tone = (1.0, 0.86, 0.7) if mode == "lamps" else (1.0, 0.97, 0.93)
    k = room.w * room.d / 25
    area_light((room.w / 2, 0.45 * room.d, room.h - 0.06), (room.w / 2, 0.45 * room.d, 0),
               (0.8 * room.w, 0.8 * room.d), fill * k, tone)  # fmt: skip
    with room.side(wall):
        garden(s)
    return words + f", fill {fill * k:.0f} W"


def look(s: Style, room: Room, aim: float = 0.5, lens: tuple[float, float] = (22, 30)) -> str:
    """The camera at the south wall, towards the far wall at the fraction `aim` of its width."""
    r = s.rng
    x = room.w * float(np.clip(1 - aim + r.uniform(-0.15, 0.15), 0.15, 0.85))
    eye = (x, float(r.uniform(0.2, 0.4)), float(r.uniform(1.15, 1.65)))
    target = (
        room.w * float(aim),
        room.d * float(r.uniform(0.75, 1.0)),
        float(r.uniform(0.75, 1.05)),
    )
    return camera(eye, target, float(r.uniform(*lens)))


def windows(rng: Rng, length: float, count: int, low: float = 0.85) -> list[Opening]:
    """Windows spread evenly over a wall."""
    cover = pick(rng, ["curtains", "curtains", "sheer", "blinds", ""])
    w = min(float(rng.uniform(1.0, 1.7)), length / count - 0.9)
    high = float(rng.uniform(2.0, 2.25))
    return [
        Opening("window", (i + 0.5) * length / count, w, low, high, cover) for i in range(count)
    ]


def next_room(s: Style, room: Room, k: int, o: Opening, lit: bool) -> None:
    """A furnished room behind the opening `o` of wall k, with its own window light."""
    r = s.rng
    other = home(r)
    other.trim = s.trim
    w, d = float(r.uniform(3.2, 4.5)), float(r.uniform(2.8, 4.5))
    shift = o.centre - w / 2 + float(r.uniform(-0.6, 0.6))
    with room.side(k), at((shift, 0.17, 0)):
        side = pick(r, [1, 3])
        back = windows(r, w, 1) if r.random() < 0.5 else []
        far = Room(other, w, d, room.h, {side: windows(r, d, 1), 0: back}, skip=(2,))
        far.put(0, 1.2, 0.5, lambda: sideboard(other, 1.2), low=True)
        far.put(4 - side, 1.0, 0.35, lambda: bookshelf(other, 1.0))
        far.put(pick(r, [0, 4 - side]), 1.1, 0.9, lambda: sofa(other, 1.1))
        far.put(0, 0.6, 0.6, lambda: _inset(plant, other, 0.3))
        far.pictures(0, 2)
        with at((w / 2, d / 2, 0)):
            rug(other, 1.6, 1.2)
        area_light((w / 2, d / 2, room.h - 0.05), (w / 2, d / 2, 0), (2, 2), 22.0, WARM if lit else
                   (1, 0.97, 0.93))  # fmt: skip


def _inset(build: Callable[[Style], None], s: Style, away: float) -> None:
    with at((0, -away, 0)):
        build(s)


def _mode(rng: Rng) -> str:
    return pick(rng, ["sun", "sun", "overcast", "lamps", "mixed"])


def _notes(s: Style, words: str, room: Room, light: str) -> SceneNotes:
    size = f"room {room.w:.1f} x {room.d:.1f} x {room.h:.1f} m"
    return SceneNotes(words, f"{light}; {size}", float(s.rng.uniform(0.36, 0.5)))
