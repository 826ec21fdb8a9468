"""Parts of streets: houses, towers, shops, cars, people, lamps, boats, and the road itself.

Fronts face -y and run along x; `Line` places them along a street that bends and climbs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import bpy  # isort: skip  (first: it makes mathutils importable)
import numpy as np
from nature import LADDER, Array, Mesh, dim, paint, panes, place, surface
from stage import Material, Rng, pick

# ---------------------------------------------------------------- buildings

Row = tuple[float, float, float, float]  # z of the sill, height, width, bays to skip
WALLS = ((0.62, 0.55, 0.42), (0.7, 0.66, 0.58), (0.55, 0.3, 0.2), (0.42, 0.47, 0.5),
         (0.6, 0.42, 0.25), (0.5, 0.52, 0.42), (0.66, 0.5, 0.42), (0.72, 0.62, 0.36),
         (0.35, 0.42, 0.5), (0.75, 0.73, 0.7))  # fmt: skip
ACCENTS = ((0.05, 0.13, 0.1), (0.3, 0.05, 0.04), (0.05, 0.09, 0.2), (0.2, 0.1, 0.04),
           (0.35, 0.33, 0.3), (0.03, 0.03, 0.035), (0.45, 0.3, 0.05), (0.1, 0.2, 0.08))  # fmt: skip
WORDS = ("BAKERY", "BOOKS", "CAFE", "FLOWERS", "TAILOR", "PHARMACY", "WINE", "SHOES", "TEA",
         "CYCLES", "FISH", "MUSIC", "HOTEL", "ART")  # fmt: skip


def wall(rng: Rng, kind: str = "") -> Material:
    """Plaster, brick or stone, in a colour drawn from `WALLS`."""
    kind = kind or pick(rng, ("plaster", "plaster", "brick", "stone"))
    shade, gain = int(rng.integers(10)), float(rng.choice([0.8, 0.95, 1.1]))
    tag = f"{kind} {shade} {gain}"
    if kind == "brick":
        red = tuple(np.array([0.36, 0.15, 0.09]) * gain * (1 + 0.05 * shade * np.array([-1, 0, 1])))
        return surface(
            f"{kind} {shade // 3} {gain}",
            red,
            dim(red, 0.5),
            pattern=(0.24, 0.08),
            joint=(0.42, 0.4, 0.36),
        )
    if kind == "stone":
        grey = dim((0.46, 0.42, 0.35), gain)
        return surface(
            f"{kind} {gain}",
            grey,
            dim(grey, 0.55),
            pattern=(0.7, 0.32),
            scale=0.7,
            joint=dim(grey, 0.7),
            joint_width=0.015,
            relief=0.03,
        )
    colour = dim(WALLS[shade], gain)
    return surface(tag, colour, dim(colour, 0.82), scale=2.2, relief=0.006, stain=0.4)


def roofing(rng: Rng) -> Material:
    """Clay tiles or slate."""
    clay = rng.random() < 0.6
    c = (0.38, 0.14, 0.07) if clay else (0.14, 0.15, 0.18)
    c = dim(c, float(rng.choice([0.75, 1.0, 1.3])))
    return surface(
        f"roof {c[0]:.3f}",
        c,
        dim(c, 0.5),
        pattern=(0.26, 0.34),
        relief=0.05,
        joint=dim(c, 0.2),
        joint_width=0.03,
        scale=1.5,
        vary=0.1,
    )


def window(
    m: Mesh,
    x: float,
    z: float,
    w: float,
    h: float,
    frame: Material,
    pane: Material,
    sill: Material | None,
) -> None:
    """A recessed window in the wall y = 0 whose lower left corner is (x, z)."""
    d = 0.17
    for a, b in (((x, 0, z), (x, d, z)), ((x + w, d, z), (x + w, 0, z))):
        m.quad(a, b, (*b[:2], z + h), (*a[:2], z + h), material=frame)
    m.quad((x, 0, z + h), (x, d, z + h), (x + w, d, z + h), (x + w, 0, z + h), material=frame)
    m.quad((x, d, z), (x + w, d, z), (x + w, d, z + h), (x, d, z + h), material=pane)
    bar = 0.07
    bars = [(x, z, bar, h), (x + w - bar, z, bar, h), (x, z, w, bar), (x, z + h - bar, w, bar),
            (x + w / 2 - 0.03, z, 0.06, h), (x, z + 0.66 * h, w, 0.05)]  # fmt: skip
    for a, b, u, v in bars:
        m.box((a, d - 0.06, b), (a + u, d - 0.005, b + v), frame)
    if sill:
        m.box((x - 0.1, -0.12, z - 0.12), (x + w + 0.1, d, z), sill)


def facade(
    m: Mesh,
    width: float,
    rows: Sequence[Row],
    bays: int,
    skin: Material,
    trim: Material,
    pane: Callable[[], Material],
    low: float,
    high: float,
    sills: bool = True,
) -> None:
    """The wall y = 0 from `low` to `high` with a window in every bay of every row.

    Each row is (z of the sill, window height, window width, bays to skip from the left).
    """
    step_x = width / bays
    for k in range(bays):
        left, right, z0 = k * step_x, (k + 1) * step_x, low
        for z, h, w, skip in rows:
            if k < skip:
                continue
            a, b = (left + right - w) / 2, (left + right + w) / 2
            for x0, x1, za, zb in ((left, right, z0, z), (left, a, z, z + h), (b, right, z, z + h)):
                m.quad((x0, 0, za), (x1, 0, za), (x1, 0, zb), (x0, 0, zb), material=skin)
            window(m, a, z, w, h, trim, pane(), trim if sills else None)
            z0 = z + h
        m.quad((left, 0, z0), (right, 0, z0), (right, 0, high), (left, 0, high), material=skin)


def gable(
    m: Mesh,
    w: float,
    d: float,
    h: float,
    pitch: float,
    tiles: Material,
    skin: Material,
    over: float = 0.35,
) -> float:
    """A ridge roof along x over the plan (0, 0)-(w, d) at height `h`; returns the ridge height."""
    top = h + pitch * d / 2
    drop = pitch * over
    for x, flip in ((0.0, 1), (w, -1)):
        m.quad(*[(x, 0, h), (x, d / 2, top), (x, d, h)][::-flip], material=skin)
    x0, x1 = -over, w + over
    m.slab(
        [(x0, -over, h - drop), (x1, -over, h - drop), (x1, d / 2, top), (x0, d / 2, top)],
        0.14,
        tiles,
    )
    m.slab(
        [(x1, d + over, h - drop), (x0, d + over, h - drop), (x0, d / 2, top), (x1, d / 2, top)],
        0.14,
        tiles,
    )
    m.tube([(x0, d / 2, top), (x1, d / 2, top)], 0.13, tiles, 8)
    return top


def dormer(
    m: Mesh,
    x: float,
    h: float,
    pitch: float,
    tiles: Material,
    skin: Material,
    trim: Material,
    pane: Material,
) -> None:
    """A small gabled window on the front slope of a `gable` roof."""
    y0, base, w, tall = 1.0, h + pitch * 1.0, 1.2, 1.25
    y1 = y0 + (tall + 0.5) / pitch
    m.box((x - w / 2, y0, base - 0.2), (x + w / 2, y1, base + tall), skin)
    m.box((x - 0.42, y0 - 0.03, base + 0.15), (x + 0.42, y0, base + tall - 0.1), trim)
    m.box((x - 0.34, y0 - 0.05, base + 0.23), (x - 0.03, y0 - 0.02, base + tall - 0.2), pane)
    m.box((x + 0.03, y0 - 0.05, base + 0.23), (x + 0.34, y0 - 0.02, base + tall - 0.2), pane)
    for s in (-1, 1):
        corners = [
            (x + s * 0.8, y0 - 0.2, base + tall - 0.1),
            (x + s * 0.8, y1, base + tall - 0.1),
            (x, y1, base + tall + 0.55),
            (x, y0 - 0.2, base + tall + 0.55),
        ]
        m.slab(corners[::s], 0.08, tiles)


def shop_front(
    m: Mesh, rng: Rng, width: float, first: float, bays: int, wood: Material, trim: Material
) -> None:
    """A shop window as wide as the house: posts, door, goods, awning and a word above."""
    dark = panes()
    m.box((0.0, 0.25, -3), (width, 0.6, first), dark)
    m.box((0.0, -0.03, -3), (width, 0.25, 0.45), wood)
    m.box((0.0, -0.06, first - 0.75), (width, 0.25, first), wood)
    door = float(rng.choice([0.25, width - 1.35]))
    for x in np.linspace(0, width - 0.2, bays + 1):
        m.box((x, -0.03, 0), (x + 0.2, 0.25, first), wood)
    m.box((door, 0.1, 0), (door + 1.1, 0.3, 2.3), trim)
    m.box((door + 0.15, 0.08, 0.9), (door + 0.95, 0.12, 2.1), dark)
    for x in rng.uniform(0.5, width - 0.5, 9):  # goods in the window
        s, c = float(rng.uniform(0.12, 0.3)), pick(rng, ACCENTS)
        m.box((x - s, 0.12, 0.45), (x + s, 0.24, 0.45 + 2.2 * s), paint(f"goods {c}", dim(c, 2)))
    if rng.random() < 0.65:
        awning(m, rng, 0.15, width - 0.15, first - 0.75)
    sign(pick(rng, WORDS), m, width / 2, first - 0.53, trim)


def doorway(m: Mesh, width: float, x: float, wood: Material, trim: Material) -> None:
    """A front door centred on `x` with a fanlight and a step, and the plinth on both sides."""
    dark = panes()
    plinth = surface("plinth", (0.3, 0.29, 0.27), (0.17, 0.165, 0.155), scale=0.8)
    m.box((x - 0.7, -0.05, -0.1), (x + 0.7, 0.0, 2.75), trim)
    m.box((x - 0.52, -0.08, 0.15), (x + 0.52, -0.04, 2.25), wood)
    m.box((x - 0.5, -0.07, 2.32), (x + 0.5, -0.04, 2.65), dark)
    m.box((x - 0.75, -0.55, -0.3), (x + 0.75, 0.0, 0.14), plinth)
    m.box((0, -0.05, -3), (x - 0.75, 0.02, 0.6), plinth)
    m.box((x + 0.75, -0.05, -3), (width, 0.02, 0.6), plinth)


def ornament(
    m: Mesh,
    rng: Rng,
    width: float,
    rows: Sequence[Row],
    bays: int,
    first: float,
    floors: int,
    wood: Material,
    plain: bool,
) -> None:
    """Shutters beside the windows, or balconies, or neither."""
    if rng.random() < 0.5 and not plain:  # shutters
        for z, hh, ww, skip in rows:
            for k in range(int(skip), bays):
                c = (k + 0.5) * width / bays
                for s in (-1, 1):
                    x = c + s * (ww / 2 + 0.24)
                    m.box((x - 0.22, -0.05, z), (x + 0.22, 0.0, z + hh), wood)
    elif floors > 2 and rng.random() < 0.5:
        for k in range(bays):
            balcony(m, (k + 0.5) * width / bays, first + 0.3, min(1.9, width / bays - 0.2))


def crown(
    m: Mesh,
    rng: Rng,
    width: float,
    depth: float,
    h: float,
    top: float,
    pitch: float,
    bays: int,
    tiles: Material,
    skin: Material,
    trim: Material,
) -> None:
    """Dormers on the front slope, and chimneys."""
    if bays and rng.random() < 0.6:
        for k in range(max(1, bays // 2)):
            dormer(m, (k + 0.5) * width / max(1, bays // 2), h, pitch, tiles, skin, trim, panes())
    for x in (0.6, width - 1.2)[: int(rng.integers(1, 3))]:
        stack = wall(rng, "brick")
        m.box((x, depth / 2 - 0.2, h), (x + 0.7, depth / 2 + 1.0, top + 1.1), stack)
        for y in (0.05, 0.6):
            m.tube(
                [(x + 0.35, depth / 2 + y, top + 1.1), (x + 0.35, depth / 2 + y, top + 1.6)],
                0.13,
                tiles,
            )


def house(
    rng: Rng,
    width: float,
    *,
    floors: int = 3,
    depth: float = 9.0,
    ground: str = "",
    pitch: float = 0.9,
    kind: str = "",
    detached: bool = False,
) -> bpy.types.Mesh:
    """A house whose front is the wall y = 0, x from 0 to `width`: windows, door or shop, roof.

    `ground` is "door", "shop" or "" for either; `detached` gives the side walls windows too.
    """
    m = Mesh()
    skin, tiles = wall(rng, kind), roofing(rng)
    trim = paint(
        *pick(
            rng,
            (
                ("white", (0.72, 0.71, 0.68)),
                ("cream", (0.62, 0.56, 0.44)),
                ("grey", (0.3, 0.31, 0.32)),
                ("brown", (0.16, 0.09, 0.05)),
            ),
        )
    )
    accent = pick(rng, ACCENTS)
    wood = paint(f"door {accent[0]:.2f} {accent[1]:.2f}", accent, 0.4)
    dark, curtain = (
        panes(),
        surface(
            "curtain",
            (0.28, 0.27, 0.25),
            (0.06, 0.065, 0.07),
            rough=0.12,
            scale=0.5,
            relief=0.0,
            stain=0,
        ),
    )
    pane = lambda: dark if rng.random() < 0.6 else curtain  # noqa: E731
    first = float(rng.uniform(3.2, 3.8)) if floors > 1 else 2.9
    tall = float(rng.uniform(2.8, 3.2))
    h = first + tall * (floors - 1) + 0.4
    bays = max(2, round(width / float(rng.uniform(2.0, 2.7))))
    win_w, win_h = min(float(rng.uniform(0.95, 1.25)), width / bays - 0.5), tall * 0.56
    shop = ground == "shop" or (ground == "" and floors > 1 and rng.random() < 0.55)
    rows = [(first + tall * k + 0.55, win_h, win_w, 0) for k in range(floors - 1)]
    if shop:
        low = first
        shop_front(m, rng, width, first, bays, wood, trim)
    else:
        low = -3.0
        rows = [(1.0, 1.5, win_w, 1), *rows]
        doorway(m, width, width / bays / 2, wood, trim)
    facade(m, width, rows, bays, skin, trim, pane, low, h)
    ornament(m, rng, width, rows, bays, first, floors, wood, detached)
    m.box((0, -0.1, first - 0.02), (width, 0.0, first + 0.16), trim)
    m.box((0, -0.28, h - 0.25), (width, 0.0, h), trim)
    m.tube([(0.12, -0.1, 0), (0.12, -0.1, h)], 0.05, paint("pipe", (0.12, 0.12, 0.12)), 6)
    if detached:
        o = m.origin
        for yaw, x, y, w in ((math.pi / 2, width, 0, depth), (-math.pi / 2, 0, depth, depth)):
            m.at(x, y, 0, yaw)
            facade(m, w, [(1.0, 1.3, 1.0, 0), *rows[1:]], 3, skin, trim, pane, -3, h)
        m.at(*o)
    else:
        m.quad(
            (width, 0, low), (width, depth, low), (width, depth, h), (width, 0, h), material=skin
        )
        m.quad((0, depth, low), (0, 0, low), (0, 0, h), (0, depth, h), material=skin)
    m.quad((width, depth, low), (0, depth, low), (0, depth, h), (width, depth, h), material=skin)
    top = gable(m, width, depth, h, pitch, tiles, skin, 0.4 if detached else 0.05)
    crown(m, rng, width, depth, h, top, pitch, bays if floors > 1 else 0, tiles, skin, trim)
    return m.data("house")


def awning(m: Mesh, rng: Rng, left: float, right: float, z: float, reach: float = 1.4) -> None:
    """A striped cloth that slopes outwards from the wall."""
    c = dim(pick(rng, ACCENTS), 2.2)
    cloths = (paint(f"cloth {c}", c, 0.8), paint("cloth white", (0.75, 0.73, 0.68), 0.8))
    n = max(4, round((right - left) / 0.4))
    for k in range(n):
        a, b = (left + (right - left) * (k + s) / n for s in (0, 1))
        m.slab(
            [(a, -reach, z - 0.6), (b, -reach, z - 0.6), (b, 0, z), (a, 0, z)], 0.02, cloths[k % 2]
        )
        m.box((a, -reach - 0.01, z - 0.85), (b, -reach + 0.01, z - 0.6), cloths[k % 2])


def sign(word: str, m: Mesh, x: float, z: float, material: Material) -> None:
    """A word in raised letters on the wall, centred on (x, z)."""
    flat = bpy.data.meshes.get("word " + word)
    if flat is None:
        curve = bpy.data.curves.new("word", "FONT")
        curve.body, curve.size, curve.align_x, curve.extrude = word, 0.42, "CENTER", 0.02
        curve.resolution_u = 2
        flat = bpy.data.meshes.new_from_object(bpy.data.objects.new("word", curve))
        flat.name = "word " + word
    points = np.array([(v.co.x + x, -0.09 - v.co.z, v.co.y + z) for v in flat.vertices])
    flat.calc_loop_triangles()
    m.add(points, np.array([t.vertices[:] for t in flat.loop_triangles]), material)


def balcony(m: Mesh, x: float, z: float, w: float) -> None:
    """A slab with an iron railing in front of the wall."""
    iron = paint("iron", (0.02, 0.02, 0.022), 0.4)
    m.box((x - w / 2, -0.8, z - 0.14), (x + w / 2, 0, z), paint("white", (0.72, 0.71, 0.68)))
    for u in np.linspace(x - w / 2, x + w / 2, 11):
        m.box((u - 0.012, -0.79, z), (u + 0.012, -0.765, z + 0.95), iron)
    m.box((x - w / 2, -0.8, z + 0.93), (x + w / 2, -0.75, z + 0.99), iron)


def tower(rng: Rng, width: float, depth: float, floors: int) -> bpy.types.Mesh:
    """A high-rise: glass grid, ribbon windows or punched windows, with a roof plant."""
    m = Mesh()
    kind, tall = int(rng.integers(3)), 3.5
    h = floors * tall
    tint = pick(rng, ((0.05, 0.1, 0.14), (0.08, 0.11, 0.1), (0.12, 0.1, 0.07), (0.05, 0.06, 0.08)))
    shell = pick(
        rng,
        ((0.55, 0.53, 0.5), (0.3, 0.31, 0.33), (0.6, 0.5, 0.4), (0.7, 0.7, 0.7), (0.32, 0.2, 0.15)),
    )
    skin = surface(
        f"shell {shell}",
        shell,
        dim(shell, 0.8),
        scale=3,
        pattern=(1.5, 3.5),
        joint=dim(shell, 0.5),
        joint_width=0.02,
        relief=0.004,
        offset=0.0,
    )
    face = surface(
        f"curtain {tint}",
        dim(tint, 1.6),
        dim(tint, 0.4),
        scale=9,
        rough=0.05,
        pattern=(1.5, 3.5),
        offset=0.0,
        joint=(0.2, 0.2, 0.2),
        joint_width=0.06,
        relief=0.002,
        stain=0.0,
    )
    dark = panes()
    blind = paint("blind", (0.4, 0.39, 0.36), 0.3)
    m.box((0.15, 0.15, -3), (width - 0.15, depth - 0.15, h), face)
    for yaw, x, y, w in (
        (0, 0, 0, width),
        (math.pi / 2, width, 0, depth),
        (-math.pi / 2, 0, depth, depth),
    ):
        m.at(x, y, 0, yaw)
        n = max(3, round(w / (3.0 if kind else 1.5)))
        if kind == 2:
            rows = [(4.8 + tall * k, 2.0, 1.7, 0) for k in range(floors - 2)]
            facade(
                m,
                w,
                rows,
                n,
                skin,
                skin,
                lambda: dark if rng.random() < 0.7 else blind,
                -3,
                h,
                False,
            )
            continue
        for k in range(1, floors + 1):
            deep = 0.0 if kind == 0 else 1.2
            m.box((0, 0 if kind else 0.02, k * tall - deep - 0.25), (w, 0.2, k * tall + 0.1), skin)
        for u in np.linspace(0, w, n + 1):
            m.box((u - 0.06, -0.1 if kind == 0 else 0.1, 0), (u + 0.06, 0.2, h), skin)
    m.at()
    m.box((-0.1, -0.1, h), (width + 0.1, depth + 0.1, h + 0.9), skin)
    m.box((-0.3, -0.3, 3.9), (width + 0.3, depth, 4.4), skin)
    m.box((width * 0.2, depth * 0.2, h), (width * 0.7, depth * 0.8, h + 5), skin)
    m.tube([(width / 2, depth / 2, h), (width / 2, depth / 2, h + 14)], 0.12, dark, 6)
    return m.data("tower")


# ---------------------------------------------------------------- street furniture


def loft(m: Mesh, rings: Array, material: Material, smooth: bool = True) -> None:
    """Skin between closed `rings` (k, n, 3), with both ends capped."""
    k, n = rings.shape[:2]
    i, j = np.meshgrid(np.arange(k - 1), np.arange(n), indexing="ij")
    a, b = i * n + j, i * n + (j + 1) % n
    m.add(rings.reshape(-1, 3), np.stack([a, b, b + n, a + n], -1).reshape(-1, 4), material, smooth)
    for end, order in ((0, -1), (k - 1, 1)):
        cap = (end * n + np.arange(n))[::order]
        fan = np.stack([np.full(n - 2, cap[0]), cap[1:-1], cap[2:]], -1)
        m.add(rings.reshape(-1, 3), fan, material)


def car(rng: Rng) -> bpy.types.Mesh:
    """A parked car, 4.2 m along y, its front at -y."""
    c = pick(
        rng,
        (
            (0.5, 0.03, 0.03),
            (0.03, 0.07, 0.25),
            (0.6, 0.6, 0.6),
            (0.02, 0.02, 0.025),
            (0.25, 0.26, 0.28),
            (0.7, 0.7, 0.68),
            (0.05, 0.16, 0.1),
            (0.45, 0.35, 0.2),
        ),
    )
    body = surface(f"car {c}", c, dim(c, 0.9), rough=0.18, relief=0.0, stain=0.15, vary=0.15)
    m, dark, rubber = Mesh(), panes(), paint("rubber", (0.015, 0.015, 0.015), 0.8)
    van = rng.random() < 0.25
    y = np.array([-2.1, -2.02, -1.7, -0.9, 0.0, 1.0, 1.7, 2.02, 2.1])
    top = np.array([0.55, 0.72, 0.8, 0.9, 0.93, 0.95, 0.93, 0.85, 0.65])
    half = np.array([0.7, 0.8, 0.85, 0.87, 0.88, 0.88, 0.86, 0.82, 0.75])
    rings = []
    for a, t, w in zip(y, top, half, strict=True):
        ring = [
            (-w * 0.9, a, 0.22),
            (w * 0.9, a, 0.22),
            (w, a, 0.4),
            (w, a, t - 0.12),
            (w * 0.9, a, t),
            (-w * 0.9, a, t),
            (-w, a, t - 0.12),
            (-w, a, 0.4),
        ]
        rings.append(ring)
    loft(m, np.array(rings)[:, ::-1], body)
    base = [(-0.8, -1.0), (0.8, -1.0), (0.8, 1.75), (-0.8, 1.75)]
    roof = [(-0.6, -0.25), (0.6, -0.25), (0.6, 1.6 if van else 1.0), (-0.6, 1.6 if van else 1.0)]
    high = 1.75 if van else 1.42
    cab = np.array([[(*p, 0.88) for p in base], [(*p, high) for p in roof]])
    loft(m, cab, dark, False)
    m.slab([(*p, high + 0.03) for p in roof], 0.06, body)
    for p, q in zip(base, roof, strict=True):
        m.tube([(*p, 0.88), (*q, high)], 0.045, body, 6)
    m.tube([(-0.82, 0.25, 0.9), (-0.61, 0.3, high)], 0.05, body, 6)
    m.tube([(0.82, 0.25, 0.9), (0.61, 0.3, high)], 0.05, body, 6)
    for s in (-1, 1):
        for a in (-1.3, 1.3):
            m.tube([(s * 0.68, a, 0.32), (s * 0.9, a, 0.32)], 0.32, rubber, 20)
            m.tube(
                [(s * 0.89, a, 0.32), (s * 0.915, a, 0.32)],
                0.19,
                paint("rim", (0.5, 0.5, 0.5), 0.3, 1.0),
                12,
            )
        m.box(
            (s * 0.62 - 0.14, -2.13, 0.55),
            (s * 0.62 + 0.14, -2.02, 0.7),
            paint("lamp", (0.8, 0.8, 0.75), 0.1),
        )
        m.box(
            (s * 0.62 - 0.13, 2.02, 0.62),
            (s * 0.62 + 0.13, 2.13, 0.78),
            paint("rear lamp", (0.4, 0.01, 0.01), 0.2),
        )
        m.box((s * 0.98 - 0.08, -0.75, 0.92), (s * 0.98 + 0.08, -0.62, 1.06), body)
    for a in (-2.14, 2.12):
        m.box((-0.26, a, 0.42), (0.26, a + 0.03, 0.53), paint("plate", (0.8, 0.8, 0.7)))
    return m.data("car")


def person(rng: Rng) -> bpy.types.Mesh:
    """A standing or walking figure about 1.7 m tall."""
    m = Mesh()
    cloth = [np.array(pick(rng, ACCENTS)) * 0.6 + rng.uniform(0.01, 0.12) for _ in range(2)]
    coat, legs = (paint(f"cloth {c}", tuple(c), 0.9) for c in cloth)
    tone = pick(rng, ((0.5, 0.3, 0.22), (0.25, 0.13, 0.08), (0.6, 0.4, 0.3)))
    skin, hair = (
        paint(f"skin {tone}", tone, 0.6),
        paint(*pick(rng, (("black", (0.02, 0.015, 0.01)), ("hair", (0.15, 0.08, 0.03))))),
    )
    stride = float(rng.uniform(0, 0.25))
    for s in (-1, 1):
        foot = (s * 0.1, s * stride, 0.05)
        m.tube(
            [foot, (s * 0.1, s * stride * 0.4, 0.48), (s * 0.09, 0, 0.9)],
            [0.055, 0.065, 0.09],
            legs,
        )
        m.box((foot[0] - 0.05, foot[1] - 0.18, 0), (foot[0] + 0.05, foot[1] + 0.07, 0.09), hair)
        m.tube(
            [
                (s * 0.2, 0, 1.4),
                (s * 0.26, s * stride * 0.5, 1.12),
                (s * 0.25, -0.08 - s * stride * 0.6, 0.88),
            ],
            [0.06, 0.05, 0.04],
            coat,
        )
    m.tube(
        [(0, 0, 0.82), (0, 0, 1.05), (0, 0, 1.3), (0, 0, 1.43), (0, 0, 1.48)],
        [0.17, 0.16, 0.2, 0.17, 0.06],
        coat,
        10,
        0.65,
    )
    m.tube(
        [(0, 0, 1.46), (0, 0, 1.53), (0, -0.01, 1.6), (0, 0, 1.68), (0, 0, 1.73)],
        [0.05, 0.075, 0.09, 0.085, 0.03],
        skin,
        10,
    )
    m.tube([(0, 0.02, 1.6), (0, 0.03, 1.68), (0, 0.02, 1.75)], [0.085, 0.1, 0.04], hair, 10)
    return m.data("person")


def lamp_post(modern: bool) -> bpy.types.Mesh:
    """A street lamp whose arm points to -y."""
    m, iron = Mesh(), paint("iron", (0.02, 0.02, 0.022), 0.4)
    if modern:
        m.tube(
            [(0, 0, 0), (0, 0, 7.5), (0, -0.5, 8.1), (0, -1.8, 8.3)],
            [0.1, 0.06, 0.05, 0.04],
            paint("pole", (0.35, 0.36, 0.37), 0.4, 0.8),
        )
        m.box((-0.15, -2.3, 8.25), (0.15, -1.6, 8.37), iron)
    else:
        m.tube([(0, 0, 0), (0, 0, 0.8), (0, 0, 0.85), (0, 0, 3.4)], [0.13, 0.11, 0.06, 0.045], iron)
        m.tube(
            [(0, 0, 3.4), (0, 0, 3.5), (0, 0, 3.95), (0, 0, 4.15)],
            [0.05, 0.14, 0.22, 0.03],
            paint("lantern", (0.6, 0.58, 0.5), 0.1),
            6,
        )
        m.tube([(0, 0, 3.93), (0, 0, 4.0), (0, 0, 4.25)], [0.25, 0.2, 0.02], iron, 6)
    return m.data("lamp")


def bicycle() -> bpy.types.Mesh:
    """A bicycle that leans a little, 1.7 m along y."""
    m, iron = Mesh(), paint("frame", (0.03, 0.1, 0.12), 0.3)
    t = np.linspace(0, 2 * math.pi, 25)
    for y in (-0.52, 0.52):
        for a, b in pairwise(t):
            rim = [(0.02, y + 0.33 * math.cos(u), 0.34 + 0.33 * math.sin(u)) for u in (a, b)]
            m.tube(rim, 0.02, paint("rubber", (0.015, 0.015, 0.015), 0.8), 5)
    joints = [
        ((0, 0.52, 0.34), (0, 0.2, 0.8)),
        ((0, 0.2, 0.8), (0, -0.35, 0.85)),
        ((0, 0.1, 0.3), (0, -0.35, 0.8)),
        ((0, 0.1, 0.3), (0, 0.25, 0.95)),
        ((0, -0.52, 0.34), (0, -0.36, 1.0)),
        ((0, 0.52, 0.34), (0, 0.1, 0.3)),
        ((-0.25, -0.3, 1.02), (0.25, -0.3, 1.02)),
        ((0, 0.12, 0.97), (0, 0.36, 0.95)),
    ]
    for a, b in joints:
        m.tube([a, b], 0.025, iron, 6)
    return m.data("bicycle")


def bin_and_bench(wood: bool) -> bpy.types.Mesh:
    """A bench (along x) or a litter bin."""
    m, iron = Mesh(), paint("iron", (0.02, 0.02, 0.022), 0.4)
    if not wood:
        m.tube(
            [(0, 0, 0), (0, 0, 0.85), (0, 0, 0.95)],
            [0.24, 0.28, 0.2],
            paint("bin", (0.05, 0.12, 0.07), 0.4),
            12,
        )
        return m.data("bin")
    plank = surface("plank", (0.25, 0.14, 0.07), (0.12, 0.07, 0.04), scale=0.3)
    for k in range(4):
        m.box((-0.9, -0.25 + 0.12 * k, 0.43), (0.9, -0.15 + 0.12 * k, 0.47), plank)
    for k in range(3):
        m.box((-0.9, 0.26, 0.55 + 0.13 * k), (0.9, 0.29, 0.65 + 0.13 * k), plank)
    for x in (-0.75, 0.75):
        m.box((x - 0.03, -0.25, 0), (x + 0.03, 0.3, 0.43), iron)
        m.box((x - 0.03, 0.27, 0.43), (x + 0.03, 0.31, 0.95), iron)
    return m.data("bench")


# ---------------------------------------------------------------- along the street


class Line:
    """The middle line of a street: where it runs, how it bends and climbs."""

    def __init__(self, bend: float, climb: float, length: float = 420.0) -> None:
        self.s = np.linspace(-30, length, 900)
        heading = bend * np.sin(self.s / 130) * np.clip(self.s / 60, 0, 1)
        ds = self.s[1] - self.s[0]
        self.x, self.y = np.cumsum(np.sin(heading)) * ds, np.cumsum(np.cos(heading)) * ds
        zero = np.searchsorted(self.s, 0.0)
        self.x, self.y, self.heading = self.x - self.x[zero], self.y - self.y[zero], heading
        self.z = climb * np.maximum(self.s, 0) * np.clip(self.s / 40, 0, 1)

    def __call__(self, s: float, across: float, up: float = 0.0) -> tuple[float, float, float]:
        """The point `s` metres along, `across` to the right, `up` above."""
        a = float(np.interp(s, self.s, self.heading))
        x, y, z = (float(np.interp(s, self.s, v)) for v in (self.x, self.y, self.z))
        return x + across * math.cos(a), y - across * math.sin(a), z + up

    def yaw(self, s: float) -> float:
        """Angle that turns +y into the direction of the street."""
        return -float(np.interp(s, self.s, self.heading))

    def strip(
        self,
        m: Mesh,
        low: float,
        high: float,
        up: float,
        material: Material,
        start: float = -25.0,
        end: float = 400.0,
        side: float = 0.0,
    ) -> None:
        """A band of surface between two offsets; `side` adds a kerb of that height."""
        s = np.linspace(start, end, max(2, int((end - start) / 2.5)))
        left, right = (np.array([self(float(v), w, up) for v in s]) for w in (low, high))
        i = 2 * np.arange(len(s) - 1)[:, None]
        m.add(np.stack([left, right], 1).reshape(-1, 3), i + LADDER, material)
        for k in (0, -1) if side else ():
            a, b = left[k], right[k]
            m.quad(a, b, b - [0, 0, side], a - [0, 0, side], material=material)
        for edge in (left, right) if side else ():
            m.add(np.stack([edge, edge - [0, 0, side]], 1).reshape(-1, 3), i + LADDER, material)

    def put(
        self, mesh: bpy.types.Mesh, s: float, across: float, up: float = 0.0, turn: float = 0.0
    ) -> None:
        """An instance beside the street, turned with it by `turn` radians."""
        place(mesh, self(s, across, up), self.yaw(s) + turn)

    def front(self, mesh: bpy.types.Mesh, s: float, width: float, across: float) -> None:
        """A house of `width` whose front faces the street at the offset `across`."""
        side = 1 if across > 0 else -1
        start = s + width if side > 0 else s
        place(mesh, self(start, across), self.yaw(s + width / 2) - side * math.pi / 2)


def asphalt() -> Material:
    """Worn road surface."""
    return surface("asphalt", (0.15, 0.15, 0.15), (0.08, 0.08, 0.085), scale=1.8, relief=0.012)


def pavement(cobbles: bool = False) -> Material:
    """Slabs, or cobbles."""
    if cobbles:
        return surface(
            "cobbles",
            (0.26, 0.24, 0.22),
            (0.14, 0.13, 0.12),
            scale=2.0,
            pattern=(0.16, 0.11),
            joint=(0.07, 0.065, 0.06),
            joint_width=0.02,
            relief=0.04,
        )
    return surface(
        "slabs",
        (0.36, 0.34, 0.31),
        (0.25, 0.24, 0.22),
        scale=2.5,
        pattern=(0.8, 0.6),
        joint=(0.13, 0.12, 0.11),
        joint_width=0.014,
    )


def road(
    line: Line, half: float, walkway: float, *, marks: bool = True, cobbles: bool = False
) -> None:
    """Carriageway, kerbs, pavements and markings along `line`."""
    m = Mesh()
    line.strip(m, -half - 0.2, half + 0.2, 0.0, pavement(True) if cobbles else asphalt())
    kerb, white = (
        surface("kerb", (0.4, 0.39, 0.37), scale=0.9),
        paint("marking", (0.66, 0.66, 0.63), 0.8),
    )
    for s in (-1, 1):
        a, b = sorted((s * half, s * (half + 0.18)))
        line.strip(m, a, b, 0.14, kerb, side=0.2)
        a, b = sorted((s * (half + 0.18), s * (half + walkway + 1.0)))
        line.strip(m, a, b, 0.14, pavement())
        if marks:
            a, b = sorted((s * (half - 0.3), s * (half - 0.42)))
            line.strip(m, a, b, 0.006, white)
    for k in range(50 if marks else 0):
        line.strip(m, -0.07, 0.07, 0.006, white, 7.0 * k, 7.0 * k + 3.0)
    for k in range(int(2 * half / 0.9) if marks else 0):  # crossing
        line.strip(m, -half + 0.4 + 0.9 * k, -half + 0.85 + 0.9 * k, 0.006, white, 15, 18.5)
    for s in np.arange(9.0, 200, 23):
        m.at(*line(float(s), half * 0.5, 0.005), line.yaw(float(s)))
        m.tube([(0, 0, 0), (0, 0, 0.008)], 0.33, paint("iron", (0.02, 0.02, 0.022), 0.4), 20)
    m.at()
    m.place("road")


def furnish(
    rng: Rng,
    line: Line,
    half: float,
    *,
    cars: float,
    people: int,
    lamps: float,
    modern: bool = False,
    start: float = 9.0,
    end: float = 230.0,
) -> None:
    """Parked cars, figures, lamps, benches, bins and bicycles along both kerbs."""
    fleet, crowd = [car(rng) for _ in range(8)], [person(rng) for _ in range(9)]
    post, bike = lamp_post(modern), bicycle()
    for side in (-1, 1):
        s = start + float(rng.uniform(0, 5))
        while s < end:
            if rng.random() < cars:
                line.put(
                    pick(rng, fleet),
                    s,
                    side * (half - 1.1),
                    0.0,
                    math.pi * (side < 0) + float(rng.normal(0, 0.02)),
                )
            s += float(rng.uniform(5.0, 6.6))
        for s in np.arange(start + 3 * (side > 0), end, lamps):
            line.put(post, float(s), side * (half + 0.5), 0.14, side * -math.pi / 2)
        for s in rng.uniform(start, end * 0.6, 4):
            kind = pick(rng, (bike, bin_and_bench(False), bin_and_bench(True)))
            line.put(kind, float(s), side * (half + 0.9), 0.14, float(rng.choice([0, 1.57])))
    for _ in range(people):
        s = start + float(rng.exponential(28))
        across = float(rng.choice([-1, 1]) * (half + rng.uniform(0.6, 2.2)))
        line.put(pick(rng, crowd), s, across, 0.14, float(rng.uniform(0, 6.28)))


def terrace(rng: Rng, line: Line, front: float, *, start: float, end: float, **style: Any) -> None:
    """Houses wall to wall on both sides of the street."""
    for side in (-1, 1):
        s = start
        while s < end:
            width = float(rng.uniform(5.5, 9.5))
            line.front(
                house(
                    rng,
                    width,
                    floors=int(rng.integers(*style.get("floors", (2, 5)))),
                    ground=style.get("ground", ""),
                    pitch=float(rng.uniform(0.7, 1.1)),
                ),
                s,
                width,
                side * front,
            )
            s += width + 0.05


def church(rng: Rng, at: tuple[float, float, float]) -> None:
    """A stone church with a spire."""
    m = Mesh().at(*at, float(rng.uniform(-0.6, 0.6)))
    skin, tiles, dark = wall(rng, "stone"), roofing(rng), panes()
    m.box((-4, 0, -3), (4, 18, 8), skin)
    for s in (-1, 1):
        corners = [(s * 4.4, -0.4, 7.6), (s * 4.4, 18.4, 7.6), (0, 18.4, 13), (0, -0.4, 13)]
        m.slab(corners[::s], 0.2, tiles)
        for y in (3, 7.5, 12):
            m.box((s * 4.02 - 0.03, y, 2.5), (s * 4.02 + 0.03, y + 1.3, 6.2), dark)
    m.box((-2.7, -5.2, -3), (2.7, 0.2, 17), skin)
    for z in (8.0, 13.5):
        m.box((-0.7, -5.26, z), (0.7, -5.1, z + 2.2), dark)
    for k in range(4):
        c = [(-2.9, -5.4), (2.9, -5.4), (2.9, 0.4), (-2.9, 0.4)]
        m.quad((*c[k], 17), (*c[(k + 1) % 4], 17), (0, -2.5, 31), material=tiles)
    m.place("church")


def stall(rng: Rng, at: tuple[float, float], yaw: float) -> None:
    """A market stall: posts, a striped roof, a counter with crates of fruit."""
    m = Mesh().at(*at, 0, yaw)
    pole, wood = (
        paint("pole", (0.35, 0.36, 0.37), 0.4, 0.8),
        surface("crate", (0.4, 0.27, 0.13), (0.25, 0.16, 0.08), scale=0.3),
    )
    for x in (-1.5, 1.5):
        for y in (-1.1, 1.1):
            m.tube([(x, y, 0), (x, y, 2.35)], 0.03, pole, 6)
    awning(m, rng, -1.7, 1.7, 2.85, 1.45)
    m.at(*at, 0, yaw + math.pi)
    awning(m, rng, -1.7, 1.7, 2.85, 1.45)
    m.at(*at, 0, yaw)
    m.box((-1.5, -0.9, 0.0), (1.5, 0.2, 0.75), paint("skirt", dim(pick(rng, ACCENTS), 1.5), 0.9))
    for x in np.arange(-1.45, 1.2, 0.52):
        for y in (-0.9, -0.4):
            m.box((x, y, 0.75), (x + 0.48, y + 0.45, 0.92), wood)
            c = pick(
                rng,
                (
                    (0.5, 0.05, 0.02),
                    (0.6, 0.3, 0.02),
                    (0.12, 0.3, 0.03),
                    (0.6, 0.5, 0.05),
                    (0.2, 0.03, 0.12),
                    (0.45, 0.35, 0.2),
                ),
            )
            spots = np.stack(
                [
                    x + rng.uniform(0.04, 0.44, 26),
                    y + rng.uniform(0.04, 0.41, 26),
                    rng.uniform(0.9, 1.0, 26),
                ],
                1,
            )
            m.leaves(spots, np.tile([0, 0, 1.0], (26, 1)), 0.1, rng, paint(f"fruit {c}", c, 0.4))
    m.place("stall")


def boat(rng: Rng) -> bpy.types.Mesh:
    """A moored boat, 6 m along y: hull, cabin, mast and rigging."""
    m = Mesh()
    c = pick(rng, (*ACCENTS, (0.7, 0.7, 0.68), (0.7, 0.7, 0.68)))
    hull, deck = (
        paint(f"hull {c}", dim(c, 1.3), 0.3),
        surface("plank", (0.25, 0.14, 0.07), (0.12, 0.07, 0.04), scale=0.3),
    )
    white, steel = paint("white", (0.72, 0.71, 0.68)), paint("pole", (0.35, 0.36, 0.37), 0.4, 0.8)
    y = np.linspace(-3, 3, 11)
    w = 1.05 * np.sqrt(np.clip(1 - ((y - 0.6) / 3.7) ** 2, 0.004, 1))
    rim = 0.85 + 0.06 * (y - 0.5) ** 2 / 2
    rings = [
        [(-0.3 * a, b, -0.3), (0.3 * a, b, -0.3), (a, b, t), (-a, b, t)]
        for a, b, t in zip(w, y, rim, strict=True)
    ]
    loft(m, np.array(rings)[:, ::-1], hull)
    for a, b, t, a2, b2, t2 in zip(w, y, rim, w[1:], y[1:], rim[1:], strict=False):
        m.quad(
            (-a * 0.92, b, t + 0.01),
            (a * 0.92, b, t + 0.01),
            (a2 * 0.92, b2, t2 + 0.01),
            (-a2 * 0.92, b2, t2 + 0.01),
            material=deck,
        )
    m.box((-0.6, -0.4, 0.8), (0.6, 1.5, 1.65), white)
    m.box((-0.62, -0.2, 1.15), (0.62, 1.3, 1.5), panes())
    m.box((-0.7, -0.5, 1.65), (0.7, 1.6, 1.73), hull)
    if rng.random() < 0.65:
        tall = float(rng.uniform(6, 9))
        m.tube([(0, -0.7, 0.8), (0, -0.7, tall)], (0.07, 0.04), steel, 6)
        m.tube([(0, -0.7, 1.9), (0, 2.4, 2.0)], 0.13, white, 8)
        for end in ((0, -2.9, 1.3), (0, 2.9, 1.2), (0.95, -0.6, 1.0), (-0.95, -0.6, 1.0)):
            m.tube([end, (0, -0.7, tall)], 0.012, steel, 4)
    return m.data("boat")


def cabin(rng: Rng, at: tuple[float, float, float], yaw: float) -> None:
    """A log cabin under snow."""
    wood = surface(
        "logs",
        (0.2, 0.12, 0.06),
        (0.09, 0.05, 0.03),
        scale=0.4,
        pattern=(9, 0.28),
        joint=(0.02, 0.015, 0.01),
        joint_width=0.03,
        relief=0.06,
    )
    white = surface("roof snow", (0.85, 0.87, 0.9), (0.7, 0.74, 0.8), scale=2)
    m = Mesh().at(*at, yaw)
    w, d, h, top = 7.0, 5.5, 2.7, 5.2
    m.box((-w / 2, -d / 2, -1.5), (w / 2, d / 2, h), wood)
    for s in (-1, 1):
        m.quad((s * w / 2, -d / 2, h), (s * w / 2, d / 2, h), (s * w / 2, 0, top), material=wood)
        y, x = s * (d / 2 + 0.7), w / 2 + 0.6
        m.slab(
            [(-x, y, h - 0.5), (x, y, h - 0.5), (x, 0, top + 0.25), (-x, 0, top + 0.25)],
            0.35,
            white,
        )
    m.box((1.5, -0.4, 3.5), (2.2, 0.4, 6.2), surface("stonework", (0.3, 0.28, 0.26), scale=0.3))
    trim, pane = paint("white", (0.7, 0.7, 0.68)), panes()
    for x in (-2.2, 1.9):
        m.box((x - 0.6, -d / 2 - 0.06, 0.9), (x + 0.6, -d / 2, 2.0), trim)
        m.box((x - 0.48, -d / 2 - 0.07, 1.0), (x - 0.05, -d / 2, 1.9), pane)
        m.box((x + 0.05, -d / 2 - 0.07, 1.0), (x + 0.48, -d / 2, 1.9), pane)
    m.box((-0.5, -d / 2 - 0.06, 0.0), (0.5, -d / 2, 2.05), paint("door", (0.25, 0.08, 0.05)))
    m.place("cabin")
