"""Materials of a home, small things and furniture for `interior.py` and `rooms.py`.

Furniture is built at the origin: its back lies at y = 0, its front looks towards -y, x is centred.
Walls may carry photographs of `data/photos` (CC0 or public domain, train split only).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from stage import (
    Colour,
    Graph,
    Material,
    Rng,
    at,
    ball,
    box,
    brick,
    carpet,
    cushion,
    cylinder,
    fabric,
    foliage,
    glow,
    lathe,
    leather,
    leaves,
    marble,
    pick,
    picture,
    plain,
    plaster,
    point_light,
    sheet,
    srgb,
    tiles,
    tube,
    vary,
    wood,
)

PHOTOS = Path(__file__).resolve().parents[1] / "photos"
WARM: Colour = (1.0, 0.72, 0.45)
PALETTES = [
    ("#b5523b", "#d9a566", "#3f5e5a", "#e6d7bd", "#6d3b2e"),
    ("#2f4b6e", "#c9d2d8", "#d98c5f", "#8a9aa5", "#f0e4cf"),
    ("#6b7f4f", "#d8c79a", "#8c5a3c", "#c65d3f", "#e9e4d4"),
    ("#7d4b6a", "#d7b7b0", "#4c5b7a", "#c9a04e", "#e8e0e0"),
    ("#3c7d7a", "#e0b13f", "#b8433f", "#d9d3c3", "#56423a"),
    ("#5a5f66", "#a9a49a", "#c2793d", "#dcd8cf", "#34404a"),
    ("#a83246", "#274d4a", "#dbb98a", "#6f7e8c", "#efe3d1"),
    ("#88a0a8", "#f0d9b5", "#546a3c", "#b4654a", "#3d4c63"),
]
WALLS = (
    "#e8e2d4", "#d9cdb8", "#c6d2ce", "#b0c0b4", "#dfc6a8", "#c8d4de", "#9db1bf", "#8ba094",
    "#cfa98a", "#e7e4dd", "#d6c26f", "#b97a5e", "#c7b4c4", "#7f97a8", "#d4b8a0", "#a9b38a",
)  # fmt: skip
WOODS = (
    ("#d9b483", "#a67645"), ("#b98a55", "#6b4424"), ("#8a5a33", "#462814"), ("#c99a63", "#8a5a2e"),
    ("#6d4a33", "#33201a"), ("#d8c4a0", "#b0936a"), ("#9c4f2c", "#54230f"), ("#b7aa96", "#7f7264"),
)  # fmt: skip


def photographs() -> list[Path]:
    """Photographs that may hang on a wall: CC0 or public domain, train split, in fixed order."""
    with (PHOTOS / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == "train"]
    free = ("CC0", "PD", "public-domain")
    return [PHOTOS / r["file"] for r in rows if r["licence"].startswith(free)]


# ---------------------------------------------------------------- materials of one home


@dataclass
class Style:
    """The materials of one home, drawn once so that its rooms belong together."""

    rng: Rng
    palette: list[Colour]
    wall: Material
    accent: Material
    floor: Material
    ceiling: Material
    trim: Material
    wood: Material
    wood2: Material
    metal: Material
    china: Material
    spines: list[Material]
    photos: list[Path] = field(default_factory=photographs)

    def colour(self) -> Colour:
        """A colour of the palette, varied."""
        return vary(self.rng, pick(self.rng, self.palette), 0.12)

    def cloth(self, translucent: float = 0.0, calm: bool = False) -> Material:
        """A fresh fabric in the colours of the home."""
        r = self.rng
        patterns = ["plain"] * 3 + (
            [] if calm else ["stripes", "checks", "floral", "floral", "dots"]
        )
        size = float(r.uniform(0.03, 0.11))
        return fabric(self.colour(), self.colour(), pick(r, patterns), size, translucent)

    def paint(self, roughness: float = 0.4) -> Material:
        """A fresh coat of paint in the colours of the home."""
        return plain(self.colour(), roughness)

    def timber(self) -> Material:
        """One of the two woods, sometimes paint."""
        return pick(self.rng, [self.wood, self.wood, self.wood2, self.wood2, self.trim])


def _spine(rng: Rng, colour: Colour) -> Material:
    """A book's back: cloth with gilt bands and lines that read as a title."""
    g = Graph("spine")
    x, z, _ = (g.node("SeparateXYZ", {0: g.uv()}).outputs[i] for i in range(3))
    ink = pick(rng, [(0.75, 0.6, 0.25), (0.8, 0.8, 0.75), (0.02, 0.02, 0.02), (0.5, 0.08, 0.05)])
    low, high = rng.uniform(0.02, 0.05), rng.uniform(0.12, 0.17)

    def inside(value, a: float, b: float):  # type: ignore[no-untyped-def]
        over = g.math("GREATER_THAN", value, a)
        return g.math("MULTIPLY", over, g.math("LESS_THAN", value, b))

    bands = g.math("MAXIMUM", inside(z, low, low + 0.008), inside(z, high, high + 0.008))
    letters = g.math("GREATER_THAN", g.noise(1.0, 1, g.solid((60, 1, 260))), 0.52)
    title = g.math("MULTIPLY", inside(z, low + 0.025, high - 0.02), inside(x, -0.008, 0.008))
    mark = g.math("MAXIMUM", bands, g.math("MULTIPLY", letters, title))
    tone = g.mix(g.noise(9, 4), colour, tuple(0.6 * c for c in colour))
    return g.finish(g.mix(mark, tone, ink), 0.6)


def _wallpaper(rng: Rng) -> Material:
    base = vary(rng, srgb(pick(rng, WALLS)), 0.08)
    other = tuple(np.clip(np.array(base) * rng.uniform(0.55, 0.85), 0, 1).tolist())
    return fabric(base, other, pick(rng, ["stripes", "floral", "floral", "dots"]),
                  float(rng.uniform(0.08, 0.22)))  # fmt: skip


def home(rng: Rng, floor: str = "", wall: str = "") -> Style:
    """Draw the materials of a home."""
    palette = [srgb(c) for c in pick(rng, PALETTES)]
    w1, w2 = (WOODS[i] for i in rng.choice(len(WOODS), 2, replace=False))
    woods = [wood(srgb(a), srgb(b)) for a, b in (w1, w2)]
    white = plain(vary(rng, srgb("#ebe7de"), 0.04), 0.35)
    a, _ = (vary(rng, srgb(pick(rng, WALLS)), 0.06) for _ in range(2))
    bricks = [srgb(c) for c in pick(rng, [("#9a4f38", "#6e3426"), ("#b07a58", "#8a5238"),
                                          ("#d8d2c6", "#c2bab0")])]  # fmt: skip
    walls: dict[str, Callable[[], Material]] = {
        "paint": lambda: plaster(a),
        "paper": lambda: _wallpaper(rng),
        "brick": lambda: brick(*bricks, srgb("#b3aa9c")),
        "panels": lambda: wood(
            *(srgb(c) for c in pick(rng, WOODS)), planks=(3.1, 0.14), across=True
        ),
        "tiles": lambda: tiles(a, vary(rng, a, 0.1), srgb("#8f8a82"), pick(rng, [0.1, 0.15, 0.2])),
    }
    choices = ["paint", "paint", "paper"]
    floors: dict[str, Callable[[], Material]] = {
        "planks": lambda: wood(*(srgb(c) for c in pick(rng, WOODS)),
                               planks=(float(rng.uniform(0.6, 1.8)),
                                       float(rng.uniform(0.07, 0.16)))),
        "carpet": lambda: carpet(vary(rng, pick(rng, palette), 0.2), vary(rng, pick(rng, palette))),
        "tiles": lambda: tiles(vary(rng, srgb("#cbb9a0"), 0.2), vary(rng, srgb("#8f6a4d"), 0.25),
                               srgb("#6b655c"), float(rng.uniform(0.2, 0.45))),
        "chequer": lambda: tiles(srgb("#dcd8ce"), vary(rng, srgb("#3a3f42"), 0.4), srgb("#77726a"),
                                 float(rng.uniform(0.2, 0.4)), chequered=True),
        "marble": lambda: marble(srgb("#d5cec2"), srgb("#857a6e"), 1.2, 0.2),
    }  # fmt: skip
    return Style(
        rng=rng,
        palette=palette,
        wall=walls[wall or pick(rng, choices)](),
        accent=walls[pick(rng, ["paint", "paper", "paper", "brick", "panels"])](),
        floor=floors[floor or pick(rng, ["planks"] * 3 + ["carpet", "tiles"])](),
        ceiling=plaster(vary(rng, srgb("#e9e6e0"), 0.03), 0.001, 0.05),
        trim=pick(rng, [white, white, woods[0]]),
        wood=woods[0],
        wood2=woods[1],
        metal=plain(pick(rng, [(0.6, 0.6, 0.6), (0.7, 0.5, 0.25), (0.04, 0.04, 0.04)]), 0.3, 1.0),
        china=plain(srgb("#ece9e2"), 0.15),
        spines=[_spine(rng, vary(rng, c, 0.45)) for c in palette * 2]
        + [_spine(rng, c) for c in ((0.03, 0.03, 0.03), (0.7, 0.67, 0.6), (0.35, 0.04, 0.03))],
    )


# ---------------------------------------------------------------- small things


def books(s: Style, width: float, height: float = 0.28, depth: float = 0.2) -> None:
    """A row of books standing with their backs to -y, from x = -width/2; some lean."""
    r, x = s.rng, -width / 2
    row = r.uniform(0.7, 1.0) * height
    while True:
        thick = float(r.uniform(0.012, 0.045))
        lean = float(r.uniform(6, 14)) if r.random() < 0.05 else 0.0
        tall = float(row * r.uniform(0.72, 0.98))
        x += thick + np.sin(np.radians(lean)) * tall
        if x > width / 2:
            return
        deep = float(depth * r.uniform(0.65, 0.95))
        box((thick * 0.97, deep, tall), (x - thick / 2, -depth + deep / 2, 0), pick(r, s.spines),
            0.0, (0, -lean, 0))  # fmt: skip


def stack(s: Style, count: int = 4) -> None:
    """Books or magazines lying on each other."""
    z = 0.0
    for _ in range(count):
        t = float(s.rng.uniform(0.008, 0.035))
        with at((0, 0, z), float(s.rng.normal(0, 12))):
            box((float(s.rng.uniform(0.16, 0.26)), float(s.rng.uniform(0.13, 0.19)), t), (0, 0, 0),
                pick(s.rng, s.spines), 0.002)  # fmt: skip
        z += t


def vase(s: Style, height: float = 0.25, flowers: bool = True) -> None:
    """A turned vase, with a bunch of flowers or twigs."""
    r = s.rng
    k = np.linspace(0, 1, 14)
    radius = height * (0.18 + 0.16 * np.sin(np.pi * (k**0.8) * r.uniform(0.8, 1.2)) ** 2)
    profile = [(0.0, 0.0), *zip(radius, k * height, strict=True), (radius[-1] * 0.8, height * 0.9)]
    glaze = pick(r, [s.china, s.paint(0.15), marble(s.colour(), s.colour(), 8)])
    lathe(profile, glaze)
    if not flowers:
        return
    n = int(r.integers(9, 20))
    tops = r.normal(0, 0.32 * height, (n, 3)) * (1, 1, 0.6) + (0, 0, 1.75 * height)
    stem = foliage((0.08, 0.2, 0.04))
    for top in tops:
        tube([(0, 0, 0.85 * height), top.tolist()], 0.002, stem)
    up = tops - (0, 0, 1.1 * height)
    leaves(r, tops - 0.3 * up, up, (0.35 * height, 0.12 * height), stem)
    petals = foliage(vary(r, pick(r, [(0.7, 0.1, 0.12), (0.8, 0.6, 0.1), (0.75, 0.7, 0.7),
                                      (0.5, 0.2, 0.5)])), 0.2)  # fmt: skip
    around = np.repeat(tops, 14, axis=0)
    leaves(r, around, r.normal(0, 1, around.shape), (0.16 * height, 0.1 * height), petals, 0.0)


def plant(s: Style, height: float = 1.2) -> None:
    """A pot plant: bush, palm or upright blades."""
    r = s.rng
    p = 0.14 * height + 0.05
    pot = pick(r, [plain(srgb("#b0643f"), 0.8), s.china, s.paint(0.3)])
    lathe([(0, 0), (0.75 * p, 0), (p, 1.6 * p), (0.93 * p, 1.6 * p), (0.9 * p, 1.45 * p)], pot)
    sheet(1.2 * p, 1.2 * p, 1.42 * p, carpet((0.05, 0.03, 0.02)))
    green = foliage(vary(r, (0.09, 0.22, 0.05), 0.3))
    base, kind = np.array((0, 0, 1.4 * p)), int(r.integers(3))
    if kind == 0:  # stems with broad leaves
        at_, to = [], []
        for _ in range(int(r.integers(4, 8))):
            lean = (r.normal(0, 0.14), r.normal(0, 0.14), r.uniform(0.45, 0.8))
            tip = base + np.array(lean) * height
            middle = (base + tip) / 2 + r.normal(0, 0.03, 3)
            tube([base.tolist(), middle.tolist(), tip.tolist()], 0.012, s.wood2, 0.005)
            n = int(r.integers(18, 30))
            k = r.uniform(0.3, 1.05, (n, 1))
            at_.append(base + (tip - base) * k + r.normal(0, 0.02, (n, 3)))
            to.append(r.normal(0, 1, (n, 3)) * (1, 1, 0.5) + (0, 0, 0.25))
        leaves(r, np.concatenate(at_), np.concatenate(to), (0.15 * height + 0.05, 0.09 * height),
               green, 0.35)  # fmt: skip
    elif kind == 1:  # palm
        for angle in r.uniform(0, 2 * np.pi, int(r.integers(9, 15))):
            k = np.linspace(0, 1, 26)[:, None]
            out = np.array((np.cos(angle), np.sin(angle), 0.0))
            reach = r.uniform(0.35, 0.6) * height
            rise = r.uniform(0.55, 0.95) * height
            path = base + out * reach * k**1.3 + (0, 0, rise) * np.sin(k * 2.0)
            tube(path[::5].tolist(), 0.006, green, 0.002)
            side = np.cross(out, (0, 0, 1.0))
            for sign in (-1, 1):
                leaves(r, path[6:], np.tile(sign * side + 0.7 * out, (20, 1)),
                       (0.22 * height, 0.025 * height), green, 0.5, 0.15)  # fmt: skip
    else:  # upright blades
        n = int(r.integers(14, 26))
        foot = base + r.normal(0, 0.35 * p, (n, 3)) * (1, 1, 0)
        leaves(r, foot, np.tile((0, 0, 1.0), (n, 1)) + r.normal(0, 0.12, (n, 3)),
               (0.85 * height, 0.06 * height), green, 0.0, 0.05)  # fmt: skip


def fruit(s: Style) -> None:
    """A bowl of apples, oranges and lemons."""
    r = s.rng
    lathe([(0, 0), (0.06, 0), (0.11, 0.03), (0.15, 0.08), (0.145, 0.08), (0.1, 0.035), (0, 0.02)],
          pick(r, [s.wood, s.china, s.paint(0.2)]))  # fmt: skip
    skins = [plain(c, 0.3) for c in ((0.6, 0.05, 0.03), (0.35, 0.5, 0.06), (0.8, 0.3, 0.03),
                                     (0.8, 0.65, 0.08))]  # fmt: skip
    for x, y, z in [(0, 0, 0.03), (0.07, 0.02, 0.04), (-0.05, 0.06, 0.04), (-0.05, -0.06, 0.04),
                    (0.03, -0.07, 0.04), (0.01, 0.01, 0.09)]:  # fmt: skip
        ball((0.036, 0.036, float(r.uniform(0.03, 0.042))), (x, y, z), pick(r, skins), 16)


def cup(s: Style) -> None:
    """A mug."""
    glaze = pick(s.rng, [s.china, s.paint(0.2)])
    lathe([(0, 0), (0.035, 0), (0.042, 0.09), (0.038, 0.09), (0.032, 0.01), (0, 0.01)], glaze)
    tube([(0.038, 0, 0.02), (0.068, 0, 0.03), (0.068, 0, 0.065), (0.04, 0, 0.075)], 0.005, glaze)


def plate(s: Style, count: int = 1) -> None:
    """One plate or a pile."""
    glaze = pick(s.rng, [s.china, s.china, s.paint(0.2)])
    for i in range(count):
        lathe([(0, 0.002), (0.08, 0), (0.125, 0.018), (0.12, 0.02), (0.08, 0.007), (0, 0.007)],
              glaze, (0, 0, 0.008 * i))  # fmt: skip


def bottle(s: Style) -> None:
    """A bottle or a jar with a lid."""
    h, r = float(s.rng.uniform(0.12, 0.3)), float(s.rng.uniform(0.03, 0.045))
    body = plain(
        vary(s.rng, pick(s.rng, [(0.03, 0.12, 0.04), (0.15, 0.06, 0.02), *s.palette])), 0.1
    )
    lathe([(0, 0), (r, 0), (r, 0.6 * h), (0.35 * r, 0.78 * h), (0.35 * r, h), (0, h)], body)
    box((1.6 * r, 2.06 * r, 0.25 * h), (0, 0, 0.15 * h), s.cloth(), 0.3 * r)


def candle(s: Style) -> None:
    """A candlestick."""
    lathe([(0, 0), (0.05, 0), (0.045, 0.01), (0.012, 0.03), (0.012, 0.14), (0.03, 0.16)], s.metal)
    cylinder(0.012, 0.16, (0, 0, 0.15), plain((0.75, 0.7, 0.6)))


def toy(s: Style) -> None:
    """A teddy, a ball or building blocks."""
    kind = int(s.rng.integers(3))
    if kind == 0:
        fur = carpet(vary(s.rng, (0.3, 0.16, 0.06), 0.3), tufts=300)
        ball((0.09, 0.08, 0.11), (0, 0, 0), fur)
        ball(0.07, (0, -0.02, 0.19), fur)
        for x in (-1, 1):
            ball(0.026, (0.05 * x, 0, 0.3), fur)
            ball((0.035, 0.08, 0.035), (0.06 * x, -0.1, 0), fur)
            ball((0.07, 0.03, 0.03), (0.11 * x, -0.03, 0.13), fur)
    elif kind == 1:
        ball(float(s.rng.uniform(0.07, 0.13)), (0, 0, 0), s.cloth())
    else:
        for i in range(6):
            with at((float(s.rng.normal(0, 0.1)), float(s.rng.normal(0, 0.1)), 0), 37.0 * i):
                box((0.06, 0.06, 0.06), (0, 0, 0), s.paint())


def carton(s: Style, size: float = 0.4) -> None:
    """A cardboard box with tape, or a woven basket with cloth in it."""
    r = s.rng
    w, d, h = (size * r.uniform(0.7, 1.1, 3)).tolist()
    if r.random() < 0.6:
        box((w, d, h), (0, 0, 0), plaster(srgb("#b28a5c"), 0.001, 0.3), 0.004)
        box((0.05, d + 0.004, h + 0.003), (0, 0, 0), plain(srgb("#cfae7a"), 0.2), 0.002)
        box((0.35 * w, d + 0.006, 0.25 * h), (0.25 * w, 0, 0.4 * h), s.cloth(), 0.001)
    else:
        straw = fabric(srgb("#b08a52"), srgb("#6d4c26"), "checks", 0.03)
        lathe([(0, 0), (0.4 * w, 0), (0.5 * w, h), (0.46 * w, h), (0.4 * w, 0.1)], straw)
        cushion(
            (0.8 * w, 0.8 * w, 0.3 * h), (0, 0, 0.75 * h), s.cloth(), power=2.4, crumple=0.3, rng=r
        )


def lamp(s: Style, lit: bool, height: float = 0.5, power: float = 9.0) -> None:
    """A table lamp (a floor lamp if tall) with a cloth shade."""
    r, h = 0.14 if height < 0.9 else 0.2, height
    foot = pick(s.rng, [s.metal, s.wood, s.china])
    if height < 0.9:
        lathe([(0, 0), (0.08, 0), (0.08, 0.02), (0.03, 0.05), (0.07, 0.15), (0.05, 0.25),
               (0.012, 0.3), (0.012, h - 0.1)], foot)  # fmt: skip
    else:
        lathe([(0, 0), (0.15, 0), (0.15, 0.02), (0.015, 0.04), (0.015, h - 0.1)], foot)
    k = 0.24 if height < 0.9 else 0.3
    shade = glow((1.0, 0.72, 0.42), 0.7) if lit else s.cloth(0.3, calm=True)
    lathe([(r, h - k), (0.65 * r, h)], shade)
    if lit:
        point_light((0, 0, h + 0.02), power, WARM, 0.06)
        point_light((0, 0, h - k - 0.02), power, WARM, 0.06)


def pendant(s: Style, drop: float, lit: bool, power: float = 30.0) -> None:
    """A lamp that hangs `drop` below the ceiling at z = 0."""
    tube([(0, 0, 0), (0, 0, -drop)], 0.006, s.metal)
    shapes = [
        [(0.05, 0.16), (0.1, 0.13), (0.2, 0)],
        [(0.12, 0.22), (0.22, 0.11), (0.12, 0)],
        [(0.03, 0.2), (0.18, 0.15), (0.24, 0)],
    ]
    shape = pick(s.rng, shapes)
    lathe(
        [(0.01, 0.22), *shape], pick(s.rng, [s.paint(), s.metal, s.cloth(0.3)]), (0, 0, -drop - 0.2)
    )
    ball(0.05, (0, 0, -drop - 0.2), glow((1, 0.85, 0.65), 6.0 if lit else 0.6))
    if lit:
        point_light((0, 0, -drop - 0.24), power, WARM, 0.08)


def clutter(s: Style, width: float, depth: float, count: int, kitchen: bool = False) -> None:
    """Small things spread over a surface, centred."""
    r = s.rng
    things: list[Callable[[Style], None]] = [
        lambda s: stack(s, int(r.integers(2, 6))), vase, fruit, cup, candle, bottle,
        lambda s: plant(s, float(r.uniform(0.25, 0.45))), lambda s: vase(s, 0.2, False),
    ]  # fmt: skip
    if kitchen:
        things = [bottle, bottle, bottle, cup, cup, fruit, lambda s: plate(s, 6), pan, vase,
                  chopping_board, lambda s: plant(s, 0.35)]  # fmt: skip
    xs = (np.arange(count) + 0.5 + r.uniform(-0.25, 0.25, count)) / count - 0.5
    for x in xs * width:
        with at((float(x), float(r.uniform(-0.3, 0.3) * depth), 0), float(r.uniform(0, 360))):
            pick(r, things)(s)


def pan(s: Style) -> None:
    """A saucepan with a lid."""
    pot = pick(s.rng, [plain((0.55, 0.55, 0.55), 0.25, 1.0), s.paint(0.2), plain((0.03,) * 3, 0.4)])
    lathe(
        [(0, 0), (0.11, 0), (0.115, 0.12), (0.12, 0.12), (0.03, 0.15), (0.02, 0.18), (0, 0.18)], pot
    )
    tube([(0.11, 0, 0.1), (0.28, 0, 0.12)], 0.01, plain((0.02,) * 3))


def chopping_board(s: Style) -> None:
    """A board with bread, a knife beside it."""
    box((0.36, 0.22, 0.02), (0, 0, 0), s.wood2)
    cushion((0.24, 0.12, 0.1), (0, 0, 0.02), plaster(srgb("#b97f45"), 0.01, 0.6), power=3,
            crumple=0.1, rng=s.rng)  # fmt: skip
    box((0.2, 0.025, 0.004), (0, -0.15, 0), s.metal, 0.001)


def framed(s: Style, width: float = 0.6) -> None:
    """A framed photograph hanging with its centre at z = 0."""
    r, h = s.rng, width * float(pick(s.rng, [0.67, 0.75, 1.3]))
    edge, mat = float(r.uniform(0.015, 0.04)), float(pick(r, [0.0, 0.05, 0.08]))
    w2, h2 = width + 2 * mat, h + 2 * mat
    with at((0, 0, -h / 2)):
        box((w2 + 2 * edge, 0.02, h2 + 2 * edge), (0, -0.01, -mat - edge), pick(r, [s.wood, s.wood2,
            s.metal, plain((0.02,) * 3)]), 0.004)  # fmt: skip
        box((w2, 0.006, h2), (0, -0.021, -mat), plain(srgb("#e8e4da")), 0.0)
        box((width, 0.004, h), (0, -0.026, 0), picture(pick(r, s.photos), width, h), 0.0)


def clock(s: Style) -> None:
    """A wall clock with its centre at z = 0."""
    with at(tilt=(90, 0)):
        cylinder(0.16, 0.03, (0, 0, 0), s.timber())
        cylinder(0.14, 0.034, (0, 0, 0), s.china)
        black = plain((0.01,) * 3)
        for i in range(12):
            a = np.pi * i / 6
            box((0.012, 0.012, 0.002), (0.115 * np.cos(a), 0.115 * np.sin(a), 0.034), black, 0)
        for length, turn in ((0.08, 40), (0.11, 160)):
            with at((0, 0, 0.036), turn):
                box((0.01, length, 0.002), (0, length / 2, 0), black, 0)


# ---------------------------------------------------------------- furniture


def legs(w: float, d: float, h: float, material: Material, thick: float = 0.045) -> None:
    """Four legs under a top of width w and depth d (back at y = 0)."""
    for x in (-1, 1):
        for y in (-thick, -d + thick):
            box((thick, thick, h), (x * (w / 2 - thick), y, 0), material, 0.005)


def table(s: Style, w: float, d: float, h: float = 0.74, round_: bool = False) -> None:
    """A table, centred; its top at z = h."""
    timber = s.timber()
    if round_:
        cylinder(w / 2, 0.035, (0, 0, h - 0.035), timber, segments=48)
        lathe([(0.28, 0), (0.05, 0.06), (0.06, 0.3), (0.05, h - 0.03)], timber)
        return
    with at((0, d / 2, 0)):
        legs(w - 0.06, d - 0.06, h - 0.03, timber, 0.06)
    box((w - 0.14, d - 0.14, 0.09), (0, 0, h - 0.12), timber)
    box((w, d, 0.032), (0, 0, h - 0.032), timber, 0.008)


def chair(s: Style, timber: Material, seat: Material, kind: int) -> None:
    """A dining chair, back at y = 0: slats, ladder back or upholstered."""
    legs(0.44, 0.44, 0.44, timber, 0.035)
    if kind == 2:
        cushion((0.46, 0.46, 0.1), (0, -0.23, 0.42), seat, power=6)
        cushion((0.46, 0.08, 0.52), (0, -0.03, 0.48), seat, (6, 0, 0), power=6)
        return
    box((0.45, 0.45, 0.03), (0, -0.225, 0.43), timber, 0.01)
    cushion((0.41, 0.4, 0.05), (0, -0.22, 0.46), seat, power=5)
    with at((0, -0.03, 0.45), tilt=(-7, 0)):
        for x in (-0.2, 0.2):
            box((0.035, 0.03, 0.5), (x, 0, 0), timber)
        if kind == 0:
            box((0.42, 0.025, 0.07), (0, 0, 0.43), timber, 0.01)
            for x in np.linspace(-0.13, 0.13, 4):
                box((0.025, 0.015, 0.43), (float(x), 0, 0), timber)
        else:
            for z in (0.12, 0.26, 0.4):
                box((0.4, 0.02, 0.06), (0, 0, z), timber, 0.01)


def sofa(s: Style, width: float = 2.0) -> None:
    """A sofa, or an armchair if narrow, with cushions and sometimes a throw."""
    r = s.rng
    cover = pick(r, [leather(vary(r, (0.2, 0.08, 0.04), 0.5)), s.cloth(calm=True), s.cloth()])
    inner, seats = width - 0.36, max(1, round((width - 0.36) / 0.65))
    legs(width, 0.85, 0.12, s.wood2)
    cushion((width, 0.88, 0.28), (0, -0.45, 0.1), cover, power=9)
    cushion((width, 0.22, 0.66), (0, -0.12, 0.15), cover, power=7)
    for x in (-1, 1):
        cushion((0.2, 0.9, 0.5), (x * (width / 2 - 0.1), -0.45, 0.12), cover, power=6)
    for i in range(seats):
        x = (i + 0.5) / seats * inner - inner / 2
        cushion((inner / seats, 0.66, 0.18), (x, -0.55, 0.33), cover, power=5, crumple=0.03, rng=r)
        cushion((inner / seats, 0.2, 0.44), (x, -0.28, 0.46), cover, (-12, 0, 0), 4, 0.05, r)
    for _ in range(int(r.integers(1, 2 + seats))):
        x = float(r.uniform(-0.4, 0.4)) * inner
        with at((x, -0.46, 0.5), float(r.normal(0, 15)), (-22, float(r.normal(0, 12)))):
            cushion((0.42, 0.13, 0.42), (0, 0, 0), s.cloth(), power=2.6, crumple=0.06, rng=r)
    if r.random() < 0.5:
        throw(s, (float(r.uniform(-0.3, 0.3)) * inner, -0.5, 0.53), 0.6, 0.75)


def throw(s: Style, location: Sequence[float], width: float, depth: float) -> None:
    """A crumpled blanket lying on something."""
    k, p = s.rng.normal(0, 9, (5, 2)), s.rng.uniform(0, 6.28, 5)

    def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return sum(0.007 * (1 + np.sin(k[i, 0] * x + k[i, 1] * y + p[i])) for i in range(5))  # type: ignore[return-value]

    sheet(width, depth, height, s.cloth(), location, (0, 0, float(s.rng.normal(0, 8))), (40, 40))


def bookshelf(s: Style, w: float = 0.9, h: float = 2.0, d: float = 0.3, full: float = 0.85) -> None:
    """A case of shelves with books, boxes, vases and small plants."""
    r, timber = s.rng, s.timber()
    for x in (-1, 1):
        box((0.025, d, h), (x * (w / 2 - 0.0125), -d / 2, 0), timber, 0.003)
    box((w, 0.01, h), (0, -0.005, 0), timber, 0)
    rows = max(2, int(h / 0.36))
    gap = (h - 0.09) / rows - 0.035
    ornaments: list[Callable[[Style], None]] = [
        lambda s: vase(s, 0.7 * gap, False), lambda s: stack(s, 4), toy,
        lambda s: plant(s, 0.9 * gap),
    ]  # fmt: skip
    for i in range(rows + 1):
        z = 0.06 + i * (h - 0.09) / rows
        box((w - 0.05, d, 0.025), (0, -d / 2, z), timber, 0.003)
        if i == rows:
            break
        x, end = -w / 2 + 0.04, w / 2 - 0.04
        while end - x > 0.1:
            part = float(min(end - x, r.uniform(0.2, 0.7)))
            with at((x + part / 2, -0.02, z + 0.026)):
                if r.random() < full:
                    books(s, part, gap, d - 0.05)
                elif r.random() < 0.4:
                    with at((0, -d / 2, 0)):
                        pick(r, ornaments)(s)
                else:
                    box((part * 0.9, d * 0.8, gap * 0.7), (0, -d * 0.45, 0), s.cloth(), 0.01)
            x += part + 0.01
    with at((0, -d / 2, h)):
        clutter(s, 0.8 * w, 0.1, int(r.integers(0, 3)))


def cabinet(s: Style, w: float, h: float, d: float = 0.45, doors: bool = True) -> None:
    """A cupboard, wardrobe, chest of drawers or sideboard, with handles and feet."""
    r, timber = s.rng, s.timber()
    front = pick(r, [timber, timber, s.paint()])
    box((w - 0.06, d - 0.06, 0.08), (0, -d / 2 + 0.02, 0), plain((0.03,) * 3), 0)
    box((w, d, h - 0.08), (0, -d / 2, 0.08), timber)
    box((w + 0.03, d + 0.02, 0.025), (0, -d / 2, h - 0.02), timber)
    columns = max(1, round(w / 0.5))
    rows = 1 if doors else max(2, round((h - 0.1) / 0.22))
    cw, ch = w / columns, (h - 0.14) / rows
    for i in range(columns):
        for j in range(rows):
            x, z = (i + 0.5) * cw - w / 2, 0.1 + j * ch
            box((cw - 0.012, 0.02, ch - 0.012), (x, -d - 0.01, z), front, 0.004)
            if doors:
                box((cw - 0.16, 0.012, ch - 0.18), (x, -d - 0.02, z + 0.085), front, 0.006)
                hx = x + (0.5 * cw - 0.04) * (1 if i % 2 == 0 else -1)
                box((0.015, 0.03, 0.12), (hx, -d - 0.03, z + 0.5 * ch), s.metal, 0.004)
            else:
                box((0.12, 0.03, 0.015), (x, -d - 0.03, z + 0.5 * ch), s.metal, 0.004)


def sideboard(s: Style, w: float = 1.5) -> None:
    """A low cupboard with things on it; a television, or a lamp and pictures."""
    r, h = s.rng, float(s.rng.uniform(0.5, 0.9))
    cabinet(s, w, h, 0.42, doors=bool(r.random() < 0.6))
    if r.random() < 0.35 and w > 1.1:
        with at((0, -0.2, h)):
            screen = picture(pick(r, s.photos), 1.0, 0.58, glowing=0.5)
            box((0.3, 0.2, 0.05), (0, 0, 0), plain((0.02,) * 3))
            box((1.06, 0.04, 0.64), (0, 0, 0.05), plain((0.015,) * 3, 0.3))
            if r.random() < 0.5:
                box((1.0, 0.004, 0.58), (0, -0.022, 0.08), screen, 0)
        return
    with at((0, -0.21, h)):
        clutter(s, w * 0.85, 0.12, int(w / 0.28))


def bed(s: Style, w: float = 1.5) -> None:
    """A bed with headboard, duvet, pillows and a throw; its head at y = 0."""
    r, timber = s.rng, s.timber()
    if r.random() < 0.5:
        box((w + 0.1, 0.06, 1.05), (0, -0.04, 0), timber, 0.02)
        for x in np.linspace(-w / 2 + 0.15, w / 2 - 0.15, 5):
            box((0.2, 0.02, 0.4), (float(x), -0.075, 0.55), timber, 0.015)
    else:
        cushion((w + 0.1, 0.14, 1.05), (0, -0.08, 0.1), s.cloth(), power=8)
    box((w + 0.06, 2.05, 0.22), (0, -1.1, 0.1), timber, 0.015)
    legs(w, 2.1, 0.12, timber, 0.07)
    cushion((w, 1.98, 0.26), (0, -1.1, 0.28), s.china, power=10)
    k, p = r.normal(0, 7, (9, 2)), r.uniform(0, 6.28, 9)

    def duvet(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        folds = sum(np.sin(k[i, 0] * x + k[i, 1] * y + p[i]) for i in range(9))
        over = np.clip(np.abs(x) - w / 2 + 0.06, 0, None) + np.clip(-y - 0.72, 0, None)
        return 0.095 + 0.01 * folds - np.minimum(1.15 * over + 6.0 * over**2, 0.42)  # type: ignore[no-any-return]

    sheet(w + 0.34, 1.72, duvet, s.cloth(), (0, -1.38, 0.52), steps=(70, 70))
    sheet(w + 0.3, 0.5, lambda x, y: duvet(x, y * 0) + 0.03, s.cloth(calm=True), (0, -0.78, 0.52),
          steps=(60, 16))  # fmt: skip
    if r.random() < 0.7:
        sheet(w + 0.35, 0.6, lambda x, y: duvet(x, y * 0) + 0.025, s.cloth(), (0, -1.75, 0.52),
              steps=(60, 20))  # fmt: skip
    slip = s.cloth()
    for x in (-1, 1) if w > 1.2 else (0,):
        with at((x * w / 4, -0.28, 0.52), float(r.normal(0, 5)), (-32, 0)):
            cushion((min(0.68, w / 2), 0.16, 0.44), (0, 0, 0), slip, power=3, crumple=0.06, rng=r)
    for _ in range(int(r.integers(0, 3))):
        with at((float(r.uniform(-0.3, 0.3)) * w, -0.52, 0.56), float(r.normal(0, 15)), (-35, 0)):
            cushion((0.4, 0.13, 0.4), (0, 0, 0), s.cloth(), power=2.6, crumple=0.05, rng=r)
    if r.random() < 0.3:
        with at((float(r.uniform(-0.3, 0.3)) * w, -1.2, 0.62)):
            toy(s)


def nightstand(s: Style, lit: bool) -> None:
    """A bedside chest with a lamp, books and a cup."""
    cabinet(s, 0.42, 0.52, 0.38, doors=False)
    with at((0.05, -0.15, 0.525)):
        lamp(s, lit)
    with at((-0.12, -0.28, 0.525)):
        pick(s.rng, [cup, lambda s: stack(s, 3)])(s)


def monitor(s: Style, glowing: bool = True) -> None:
    """A computer screen with keyboard and mouse, facing -y."""
    black = plain((0.02,) * 3, 0.4)
    box((0.22, 0.16, 0.015), (0, 0, 0), black)
    box((0.04, 0.03, 0.15), (0, 0.02, 0), black)
    box((0.56, 0.035, 0.35), (0, 0, 0.12), black)
    face = picture(pick(s.rng, s.photos), 0.54, 0.32, 0.5) if glowing else plain((0.03,) * 3, 0.15)
    box((0.54, 0.003, 0.32), (0, -0.018, 0.135), face, 0)
    box((0.44, 0.14, 0.018), (0, -0.27, 0), pick(s.rng, [black, s.china]))
    keys = plain((0.25,) * 3)
    for i in range(4):
        box((0.41, 0.024, 0.006), (0, -0.315 + 0.03 * i, 0.018), keys, 0.002)
    cushion((0.06, 0.1, 0.03), (0.3, -0.27, 0), black, power=3)


def desk(s: Style, w: float = 1.4, lit: bool = False) -> None:
    """A writing desk against the wall: computer or books, lamp, papers, mug; with drawers."""
    r, timber = s.rng, s.timber()
    box((w, 0.7, 0.03), (0, -0.35, 0.72), timber, 0.006)
    with at((w / 2 - 0.22, -0.05, 0)):
        cabinet(s, 0.4, 0.71, 0.58, doors=False)
    for y in (-0.05, -0.65):
        box((0.05, 0.05, 0.72), (-w / 2 + 0.04, y, 0), timber)
    with at((0, -0.25, 0.75)):
        if r.random() < 0.75:
            monitor(s, bool(r.random() < 0.7))
        else:
            stack(s, 7)
    paper = plain(srgb("#eceae2"), 0.8)
    for _ in range(5):
        with at((float(r.uniform(-0.4, 0.4)) * w, float(r.uniform(-0.6, -0.4)), 0.75),
                float(r.normal(0, 20))):  # fmt: skip
            box((0.21, 0.297, 0.002), (0, 0, 0), paper, 0)
    with at((-w / 2 + 0.2, -0.2, 0.75)):
        lamp(s, lit, 0.48)
    for x in (-0.3, 0.25):
        with at((x * w, -0.35, 0.75)):
            pick(r, [cup, lambda s: stack(s, 5), bottle])(s)
    with at((w / 2 - 0.25, -0.02, 0.75)):
        books(s, 0.4, 0.28)


def office_chair(s: Style, cover: Material) -> None:
    """A swivel chair, centred, facing -y."""
    black = plain((0.03,) * 3, 0.4)
    for i in range(5):
        a = 2 * np.pi * i / 5
        tube([(0, 0, 0.1), (0.3 * np.cos(a), 0.3 * np.sin(a), 0.06)], 0.02, black)
        ball(0.03, (0.3 * np.cos(a), 0.3 * np.sin(a), 0), black, 12)
    cylinder(0.025, 0.35, (0, 0, 0.08), s.metal)
    cushion((0.5, 0.48, 0.1), (0, 0, 0.43), cover, power=5)
    cushion((0.46, 0.09, 0.55), (0, 0.22, 0.58), cover, (-8, 0, 0), power=4)
    for x in (-0.26, 0.26):
        tube([(x, 0.05, 0.48), (x, 0.05, 0.68), (x, -0.15, 0.68)], 0.015, black)


def rug(s: Style, w: float, d: float) -> None:
    """A rug with borders, centred, on the floor."""
    for i, k in enumerate((1.0, 0.9, 0.84, 0.6) if s.rng.random() < 0.7 else (1.0,)):
        cloth = fabric(s.colour(), s.colour(), pick(s.rng, ["floral", "dots", "stripes", "checks"]),
                       float(s.rng.uniform(0.05, 0.16)))  # fmt: skip
        inset = (1 - k) * min(w, d)
        box((w - inset, d - inset, 0.012 + 0.001 * i), (0, 0, 0), cloth, 0.004)


def fireplace(s: Style) -> None:
    """A brick chimney breast with a mantelpiece, logs and things above."""
    stone = brick(srgb("#a25a3e"), srgb("#74392a"), srgb("#bdb3a4"))
    for x in (-0.6, 0.6):
        box((0.35, 0.4, 0.9), (x, -0.2, 0), stone, 0.004)
    box((1.55, 0.4, 0.25), (0, -0.2, 0.9), stone, 0.004)
    box((1.7, 0.5, 0.07), (0, -0.24, 1.15), s.wood2, 0.01)
    box((0.85, 0.05, 0.9), (0, -0.02, 0), plain((0.015,) * 3, 0.9), 0)
    box((1.5, 0.75, 0.04), (0, -0.37, 0), marble((0.3, 0.3, 0.3), (0.15, 0.15, 0.15)))
    for i, x in enumerate((-0.16, 0.0, 0.16, -0.08, 0.08)):
        cylinder(0.06, 0.4, (x, -0.04, 0.1 + 0.1 * (i > 2)), wood(srgb("#9a7048"), srgb("#3a2416")),
                 (90, 0, 0))  # fmt: skip
    with at((0, -0.25, 1.22)):
        clutter(s, 1.4, 0.1, 6)
    with at((0, 0, 1.95)):
        framed(s, 0.8)


def radiator(s: Style, w: float = 1.0) -> None:
    """A ribbed radiator, below a window."""
    enamel = plain(srgb("#e4e1da"), 0.3)
    for x in np.arange(-w / 2, w / 2, 0.06):
        cushion((0.05, 0.1, 0.55), (float(x), -0.09, 0.12), enamel, power=6)


def coats(s: Style, w: float = 1.2) -> None:
    """A rail with coats and bags, shoes below."""
    r = s.rng
    box((w, 0.03, 0.12), (0, -0.015, 1.65), s.wood2)
    for x in np.linspace(-w / 2 + 0.15, w / 2 - 0.15, 5):
        tube([(x, -0.03, 1.7), (x, -0.1, 1.72)], 0.008, s.metal)
        long = float(r.uniform(0.6, 1.0))
        cushion((0.3, 0.16, long), (float(x), -0.13, 1.72 - long), s.cloth(), power=3.2,
                crumple=0.12, rng=r)  # fmt: skip
        cushion((0.1, 0.26, 0.1), (float(x), -0.25, 0), s.paint(), power=3)
