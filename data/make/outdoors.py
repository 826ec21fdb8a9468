"""Outdoor scenes with exact depth: six families of streets and six of landscapes.

A builder fills an empty stage with ground, things, a sky and a camera, drawn from its random
generator alone, and returns notes on camera and light. The air is clear in all of them: haze is
added later, from the depth. `FAMILIES` names the builders, `PLAN` the seeds that ship.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from nature import (
    LADDER,
    UP,
    Array,
    Height,
    Mesh,
    backdrop,
    bark,
    conifer,
    fan,
    fractal,
    lawn,
    look,
    paint,
    place,
    ridged,
    rock,
    scatter,
    shrub,
    soil,
    steepness,
    step,
    surface,
    terrain,
    trees,
    tuft,
    water,
    weather,
)
from stage import Builder, Material, Rng, SceneNotes, pick
from town import (
    Line,
    asphalt,
    bicycle,
    boat,
    cabin,
    car,
    church,
    furnish,
    house,
    lamp_post,
    pavement,
    person,
    road,
    stall,
    terrace,
    tower,
)

# ---------------------------------------------------------------- landscapes


def fence(path: Array, height: Height, material: Material) -> None:
    """Posts every 2.5 m along `path` (n, 2) with two rails."""
    m = Mesh()
    before: Array | None = None
    for x, y in path:
        foot = np.array([x, y, height(x, y)])
        m.tube([foot - 0.3 * UP, foot + 1.15 * UP], 0.06, material, 6)
        if before is not None:
            for up in (0.5, 0.95):
                m.tube([before + up * UP, foot + up * UP], 0.04, material, 5)
        before = foot
    m.place("fence")


def walk(start: tuple[float, float], heading: float, n: int, stride: float, bend: float) -> Array:
    """A line of `n` points (n, 2) from `start`; heading in radians from +y, turning by `bend`."""
    angle = heading + bend * np.arange(n)
    steps = stride * np.stack([np.sin(angle), np.cos(angle)], 1)
    return np.array(start) + np.cumsum(steps, 0)


def hills(rng: Rng) -> SceneNotes:
    """Rolling pasture with fields, hedges, copses, a fence and a farm."""
    seed, swell = float(rng.uniform(-99, 99)), float(rng.uniform(28, 45))
    drop = float(rng.uniform(14, 34))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        rise = swell * fractal(x, y, 420, seed, 3) * step(r, 15, 500)
        far = 260 * (0.5 + fractal(x, y, 2600, seed + 9, 6)) * step(r, 1500, 4500)
        return rise + far - drop * step(r, 4, 220) + 0.35 * fractal(x, y, 14, seed, 5)

    greens = (
        (0.09, 0.14, 0.025),
        (0.15, 0.17, 0.04),
        (0.3, 0.26, 0.09),
        (0.07, 0.11, 0.02),
        (0.2, 0.14, 0.08),
        (0.12, 0.17, 0.03),
    )
    terrain(height, soil("pasture", (0.13, 0.17, 0.035), (0.07, 0.1, 0.02), patches=greens))
    season = ["summer", "light", "olive"] if rng.random() < 0.65 else ["autumn", "olive", "summer"]
    wood = trees(rng, season, n=5)
    copse = fan(
        rng,
        2600,
        45,
        2600,
        height,
        power=1.5,
        keep=lambda x, y, z: fractal(x, y, 120, seed + 3, 3) > 0.42,
    )
    scatter(rng, wood, copse[:1500])
    for _ in range(7):
        r, a = float(np.exp(rng.uniform(4.2, 6.6))), float(rng.uniform(-0.6, 0.6))
        line = walk((r * math.sin(a), r * math.cos(a)), float(rng.uniform(0, 3.1)), 60, 3.5, 0.0)
        spots = np.array([(x, y, height(x, y)) for x, y in line + rng.normal(0, 0.7, line.shape)])
        scatter(rng, [shrub(rng, 3.0, k) for k in season], spots, (0.6, 1.3))
        scatter(rng, wood, spots[rng.random(len(spots)) < 0.12], (0.6, 1.1))
    side = float(rng.choice([-1, 1]))
    fence(walk((side * 2.5, 5.0), side * 0.45, 60, 2.5, -side * 0.012), height, bark())
    scatter(rng, wood, np.array([[-side * rng.uniform(5, 12), rng.uniform(16, 30), 0.0]]), (1, 1.3))
    lawn(rng, height, ["light", "olive", "dry"], n=1800)
    light = weather(rng)
    return SceneNotes(
        look(
            height(0, 0) + float(rng.choice([2.5, 5.0, 11.0])),
            pitch=float(rng.uniform(-7, -1)),
            yaw=float(rng.uniform(-8, 8)),
            lens=float(rng.uniform(26, 34)),
        ),
        light,
    )


def mountains(rng: Rng) -> SceneNotes:
    """A lake below forested slopes and snowy ridges."""
    seed, tall = float(rng.uniform(-99, 99)), float(rng.uniform(900, 1300))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        basin = step(r + 160 * fractal(x, y, 300, seed, 4), 420, 1900)
        ridge = ridged(x, y, 1900, seed)
        slope = basin * (60 + tall * 0.36 * ridge) + 22 * basin * fractal(x, y, 90, seed, 5)
        shore = 3.2 * (1 - step(r + 9 * fractal(x, y, 20, seed, 4), 12, 60)) - 2.2
        return slope + shore + 0.3 * fractal(x, y, 5, seed, 5)

    terrain(
        height,
        soil(
            "alp",
            (0.08, 0.1, 0.025),
            (0.15, 0.13, 0.07),
            cliff=0.74,
            steep=((0.26, 0.24, 0.22), (0.1, 0.092, 0.09)),
            high=((0.85, 0.88, 0.92), tall * 0.72, tall * 0.14),
        ),
        far=7500,
        rings=560,
    )
    water(0.0, 0.05)
    firs = [conifer(rng, float(rng.uniform(9, 16))) for _ in range(4)]
    forest = fan(
        rng,
        20000,
        300,
        3800,
        height,
        power=1.9,
        keep=lambda x, y, z: (
            2.0 < z < tall * 0.42 + 200 * fractal(x, y, 400, seed, 4)
            and steepness(height, x, y, 8) < 1.15
        ),
    )
    scatter(rng, firs, forest[:9000], (0.8, 1.7))
    bank = fan(
        rng,
        400,
        18,
        90,
        height,
        power=1.5,
        keep=lambda x, y, z: z > 0.3 and abs(x / (y + 1)) > 0.33,
    )
    scatter(rng, firs, bank[:22], (0.5, 1.1))
    stone = surface("boulder", (0.2, 0.19, 0.18), (0.09, 0.085, 0.08), scale=0.6, relief=0.03)
    stones = [rock(rng, stone) for _ in range(4)]
    scatter(rng, stones, fan(rng, 260, 3, 70, height, power=1.4), (0.15, 1.5), 0.3)
    lawn(
        rng,
        height,
        ["olive", "light"],
        reach=22,
        n=1500,
        keep=lambda x, y, z: z > 0.25 and fractal(x, y, 4, seed, 3) > -0.1,
    )
    light = weather(rng)
    return SceneNotes(
        look(
            height(0, 0) + 1.9,
            pitch=float(rng.uniform(2, 6)),
            yaw=float(rng.uniform(-10, 10)),
            lens=float(rng.uniform(26, 36)),
        ),
        light,
    )


def canyon(rng: Rng) -> SceneNotes:
    """Desert with layered mesas, boulders and dry bushes."""
    seed, depth = float(rng.uniform(-99, 99)), float(rng.uniform(70, 130))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        raw = fractal(x, y, 650, seed, 7, 0.95) + 0.5 * step(abs(x) / (r + 60), 0.3, 0.6)
        level = raw * 3 - math.floor(raw * 3)
        terrace = (math.floor(raw * 3) + step(level, 0.3, 0.55)) / 3
        mesa = max(0.0, terrace + 0.06 * raw) * depth * step(r, 60, 260)
        talus = 5 * fractal(x, y, 30, seed, 5) * step(r, 20, 120)
        return mesa * 1.6 + talus + 0.25 * fractal(x, y, 4, seed, 6)

    terrain(
        height,
        soil(
            "desert",
            (0.45, 0.27, 0.14),
            (0.3, 0.16, 0.08),
            cliff=0.86,
            strata=True,
            steep=((0.5, 0.24, 0.12), (0.24, 0.09, 0.05)),
        ),
        far=5000,
        rings=620,
        spokes=380,
    )
    stone = surface("sandstone", (0.42, 0.22, 0.12), (0.24, 0.11, 0.06), scale=0.7, relief=0.04)
    stones = [rock(rng, stone) for _ in range(5)]
    scatter(rng, stones, fan(rng, 260, 4, 60, height, power=1.5), (0.08, 0.9), 0.3)
    scatter(rng, stones, fan(rng, 260, 30, 500, height), (0.8, 5.0), 0.3)
    bushes = [shrub(rng, 0.9, k) for k in ("dry", "olive", "dry", "olive")]
    scatter(
        rng,
        bushes,
        fan(
            rng, 520, 9, 900, height, power=1.7, keep=lambda x, y, z: steepness(height, x, y) < 0.5
        ),
        (0.4, 1.6),
    )
    lawn(rng, height, ["dry"], reach=30, n=160, tall=0.35)
    light = weather(rng, evening=0.4)
    return SceneNotes(
        look(
            height(0, 0) + float(rng.choice([2.2, 6.0, 14.0])),
            pitch=float(rng.uniform(-1, 5)),
            yaw=float(rng.uniform(-12, 12)),
            lens=float(rng.uniform(24, 34)),
        ),
        light,
    )


def coast(rng: Rng) -> SceneNotes:
    """Cliffs that recede along a bay, beach, surf rocks and open sea."""
    seed, side = float(rng.uniform(-99, 99)), float(rng.choice([-1, 1]))
    tall = float(rng.uniform(28, 60))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        line = 14 + 0.16 * y + 60 * fractal(0.3 * x, y, 330, seed, 5) * step(r, 30, 250)
        inland = -side * x - line + 6 * fractal(x, y, 18, seed, 5)
        wall = tall * (0.75 + 0.5 * fractal(x, y, 260, seed + 5, 3))
        cliff = wall * (0.35 * step(inland, 6, 22) + 0.65 * step(inland, 20, 34))
        beach = 2.2 + 0.09 * inland if inland < 6 else 2.74
        return (
            max(beach, -6.0) + cliff + 0.03 * max(inland - 34, 0) + 0.25 * fractal(x, y, 3, seed, 6)
        )

    terrain(
        height,
        soil(
            "shore",
            (0.3, 0.25, 0.17),
            (0.2, 0.16, 0.1),
            cliff=0.66,
            steep=((0.36, 0.32, 0.27), (0.14, 0.12, 0.1)),
            high=((0.09, 0.13, 0.03), tall * 0.4, 6.0),
            strata=True,
        ),
        rings=560,
    )
    water(0.0, 0.35, (0.01, 0.05, 0.065))
    stone = surface("reef", (0.16, 0.15, 0.14), (0.07, 0.07, 0.065), scale=0.8, relief=0.05)
    stones = [rock(rng, stone) for _ in range(5)]
    scatter(
        rng,
        stones,
        fan(rng, 330, 7, 120, height, power=1.4, keep=lambda x, y, z: z < 3.4),
        (0.1, 1.2),
        0.3,
    )
    scatter(
        rng,
        stones,
        fan(rng, 420, 60, 900, height, keep=lambda x, y, z: -2.5 < z < 1.5),
        (1.5, 9.0),
        0.4,
    )
    scatter(
        rng,
        [shrub(rng, 2.0, k) for k in ("olive", "summer", "dry")],
        fan(
            rng,
            2600,
            20,
            900,
            height,
            keep=lambda x, y, z: z > tall * 0.6 and steepness(height, x, y) < 0.6,
        ),
        (0.5, 1.6),
    )
    light = weather(rng)
    return SceneNotes(
        look(
            height(0, 0) + float(rng.choice([2.5, 6.0, 11.0])),
            yaw=side * float(rng.uniform(-2, 14)),
            pitch=float(rng.uniform(-4, 2)),
            lens=float(rng.uniform(26, 34)),
        ),
        light,
    )


def snow(rng: Rng) -> SceneNotes:
    """A winter valley: snow, firs, log cabins, a fence, white hills."""
    seed = float(rng.uniform(-99, 99))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        far = 420 * (0.55 + fractal(x, y, 1500, seed, 7)) * step(r, 250, 2600)
        return (
            12 * fractal(x, y, 150, seed, 4) * step(r, 10, 120)
            + far
            + 0.3 * fractal(x, y, 7, seed, 5)
        )

    terrain(
        height,
        soil(
            "snow",
            (0.8, 0.83, 0.88),
            (0.62, 0.67, 0.76),
            cliff=0.6,
            grain=6.0,
            steep=((0.3, 0.29, 0.29), (0.13, 0.13, 0.14)),
            relief=0.03,
        ),
        far=5500,
    )
    firs = [conifer(rng, float(rng.uniform(7, 14)), k) for k in ("snow", "fir", "snow", "fir")]
    scatter(
        rng,
        firs,
        fan(
            rng,
            9000,
            60,
            2600,
            height,
            power=1.5,
            keep=lambda x, y, z: fractal(x, y, 160, seed + 3, 4) > 0.12 + 0.1 * (abs(x) < 0.2 * y),
        )[:4000],
        (0.5, 1.4),
    )
    bare = trees(rng, ["dry"], (5, 9), 2, leaves=900, leaf=0.07)
    scatter(rng, bare, fan(rng, 14, 14, 200, height), (0.6, 1.1))
    for _ in range(3):
        x, y = float(rng.uniform(-22, 22)), float(rng.uniform(28, 90))
        cabin(rng, (x, y, height(x, y)), float(rng.uniform(-1, 1)))
    side = float(rng.choice([-1, 1]))
    fence(walk((side * 2.0, 4.5), side * 0.5, 40, 2.5, -side * 0.015), height, bark())
    scatter(rng, [tuft(rng, "dry", 0.5, 24)], fan(rng, 50, 3, 30, height, power=1.5), (0.4, 1.1))
    light = weather(rng, evening=0.4)
    return SceneNotes(
        look(
            height(0, 0) + float(rng.choice([1.8, 3.5, 8.0])),
            pitch=float(rng.uniform(-3, 3)),
            yaw=float(rng.uniform(-10, 10)),
            lens=float(rng.uniform(26, 34)),
        ),
        light,
        0.5,
    )


def fields(rng: Rng) -> SceneNotes:
    """Farmland with a road, crop rows, bales, poplars and power poles."""
    seed = float(rng.uniform(-99, 99))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        far = 130 * (0.45 + fractal(x, y, 1800, seed, 6)) * step(r, 700, 3200)
        return (
            4 * fractal(x, y, 160, seed, 3) * step(abs(x) + 0.2 * r, 12, 90)
            + far
            + 0.12 * (fractal(x, y, 3, seed, 4)) * step(abs(x - 1.5), 3, 5)
        )

    crops = (
        (0.36, 0.28, 0.1),
        (0.12, 0.16, 0.03),
        (0.24, 0.17, 0.08),
        (0.42, 0.33, 0.12),
        (0.17, 0.2, 0.04),
    )
    terrain(height, soil("stubble", (0.34, 0.27, 0.1), (0.22, 0.18, 0.07), patches=crops))
    ribbon(rng, height)
    straw = surface("straw", (0.5, 0.38, 0.14), (0.3, 0.21, 0.07), scale=0.25, relief=0.05)
    bale = Mesh()
    bale.tube([(0, -0.65, 0.7), (0, 0.65, 0.7)], 0.75, straw, 24)
    scatter(
        rng,
        [bale.data("bale")],
        fan(rng, 130, 9, 260, height, keep=lambda x, y, z: x > 8),
        (0.95, 1.1),
    )
    rows = [shrub(rng, 0.75, k, 500) for k in ("light", "light")]
    lines = np.array(
        [
            (-6.0 - 1.4 * i, 3.0 + 0.75 * j + rng.uniform(-0.1, 0.1))
            for i in range(22)
            for j in range(int(60 + 4 * i))
        ]
    )
    scatter(rng, rows, np.array([(x, y, height(x, y)) for x, y in lines]), (0.8, 1.2))
    season = ["summer", "light"] if rng.random() < 0.6 else ["autumn", "olive"]
    poplars = trees(rng, season, (12, 17), 3, width=0.24, bare=0.1, leaves=7000, leaf=0.13)
    wood = trees(rng, season, n=3)
    for _ in range(5):
        r, a = float(np.exp(rng.uniform(4.4, 6.8))), float(rng.uniform(-0.55, 0.55))
        line = walk((r * math.sin(a), r * math.cos(a)), float(rng.uniform(0.8, 2.3)), 24, 8, 0.0)
        spots = [(x, y, height(x, y)) for x, y in line if abs(x - 1.5) > 9]
        scatter(rng, poplars if rng.random() < 0.6 else wood, np.array(spots))
    scatter(
        rng,
        wood,
        fan(
            rng,
            2500,
            350,
            3000,
            height,
            power=1.5,
            keep=lambda x, y, z: fractal(x, y, 200, seed + 3, 3) > 0.35,
        )[:1200],
    )
    poles(height, 6.2)
    lawn(rng, height, ["dry", "light"], reach=30, keep=lambda x, y, z: abs(x - 1.5) > 3.3)
    light = weather(rng, evening=0.35)
    return SceneNotes(
        look(
            height(0, 0) + float(rng.choice([1.8, 3.5, 8.0])),
            at=(float(rng.uniform(-5, 5)), 0.0),
            pitch=float(rng.uniform(-6, 1)),
            yaw=float(rng.uniform(-15, 15)),
            lens=float(rng.uniform(24, 32)),
        ),
        light,
    )


def ribbon(rng: Rng, height: Height) -> None:
    """A straight country road with verge lines, laid 5 cm over the ground."""
    y = 1.0 * 1.012 ** np.arange(620) - 6
    tar = surface("tar", (0.13, 0.13, 0.13), (0.075, 0.075, 0.08), scale=1.5, relief=0.01)
    white = paint("marking", (0.7, 0.7, 0.66), 0.8)
    bend = 12 * np.sin(y / 190 + float(rng.uniform(-0.4, 0.4))) * np.clip(y / 200, 0, 1)
    m = Mesh()
    for low, high, lift, material in (
        (-2.8, 2.8, 0.08, tar),
        (-2.6, -2.48, 0.09, white),
        (2.48, 2.6, 0.09, white),
    ):
        left, right = 1.5 + bend + low, 1.5 + bend + high
        z = np.array([height(a, b) for a, b in zip(1.5 + bend, y, strict=True)]) + lift
        points = np.stack([left, y, z, right, y, z], 1).reshape(-1, 3)
        i = 2 * np.arange(len(y) - 1)[:, None]
        m.add(points, i + LADDER, material)
    for k in range(40):
        at = 1.5 + np.interp(8.0 * k, y, bend)
        z = height(float(at), 8.0 * k) + 0.09
        m.box((at - 0.06, 8.0 * k, z - 0.01), (at + 0.06, 8.0 * k + 3, z), white)
    m.place("road")


def poles(height: Height, x: float) -> None:
    """Power poles every 45 m with three sagging wires."""
    m = Mesh()
    heads = []
    for k in range(14):
        y = 14.0 + 45 * k
        z = height(x, y)
        m.tube([(x, y, z - 1), (x, y, z + 8)], (0.16, 0.11), bark())
        m.box((x - 1.1, y - 0.06, z + 7.2), (x + 1.1, y + 0.06, z + 7.35), bark())
        heads.append(np.array([x, y, z + 7.45]))
    t = np.linspace(0, 1, 9)[:, None]
    for a, b in pairwise(heads):
        for dx in (-1.0, 0.0, 1.0):
            sag = [dx, 0, 0] - 3.2 * t * (1 - t) * UP
            m.tube(a + (b - a) * t + sag, 0.018, paint("wire", (0.03, 0.03, 0.03)), 4)
    m.place("poles")


# ---------------------------------------------------------------- streets


def row_houses(rng: Rng) -> SceneNotes:
    """A town street of terraced houses with shops, parked cars and passers-by."""
    line = Line(float(rng.uniform(-0.35, 0.35)), float(rng.uniform(-0.02, 0.06)))
    half, walkway = float(rng.uniform(4.2, 5.5)), float(rng.uniform(2.2, 3.2))
    backdrop(rng, float(rng.uniform(60, 220)))
    road(line, half, walkway)
    terrace(rng, line, half + walkway, start=float(rng.uniform(-10, -4)), end=300)
    furnish(rng, line, half, cars=0.6, people=22, lamps=24)
    small = trees(rng, ["summer", "light"], (5, 7), 2, leaves=4500, leaf=0.15)
    for s in rng.uniform(15, 150, 5):
        line.put(pick(rng, small), float(s), float(rng.choice([-1, 1])) * (half + 0.9))
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.65, 2.4, 4.5])),
            at=(float(rng.uniform(-half - 1, half + 1)), -2.0),
            yaw=float(rng.uniform(-9, 9)),
            pitch=float(rng.uniform(1, 7)),
            lens=float(rng.uniform(24, 32)),
        ),
        light,
    )


def avenue(rng: Rng) -> SceneNotes:
    """A broad avenue: rows of trees, tall stone fronts, a park strip."""
    line = Line(float(rng.uniform(-0.12, 0.12)), 0.0)
    half, walkway = float(rng.uniform(6.5, 8.5)), float(rng.uniform(6.5, 9))
    backdrop(rng, float(rng.uniform(40, 160)))
    road(line, half, walkway)
    for side in (-1, 1):
        s = -12.0
        while s < 330:
            width = float(rng.uniform(13, 22))
            block = house(
                rng,
                width,
                floors=int(rng.integers(4, 7)),
                depth=12,
                pitch=0.8,
                kind=pick(rng, ("stone", "plaster", "plaster", "brick")),
            )
            line.front(block, s, width, side * (half + walkway))
            s += width + 0.05
    season = pick(rng, (["summer"], ["light", "summer"], ["autumn", "olive"]))
    planes = trees(rng, season, (8, 11), 4, bare=0.3, width=0.65, leaves=6500)
    gap = float(rng.uniform(8, 12))
    for side in (-1, 1):
        for s in np.arange(7.0, 330, gap):
            line.put(
                pick(rng, planes),
                float(s + rng.normal(0, 0.4)),
                side * (half + 1.6),
                0.1,
                float(rng.uniform(0, 6)),
            )
    furnish(rng, line, half, cars=0.7, people=24, lamps=30, modern=rng.random() < 0.5)
    for _ in range(7):
        lane = float(rng.choice([-1, 1]))
        line.put(car(rng), float(rng.uniform(12, 180)), lane * 1.9, 0, math.pi * (lane < 0))
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.7, 3.0, 4.5])),
            at=(float(rng.uniform(2.5 - half, half - 2.5)), -2.0),
            yaw=float(rng.uniform(-8, 8)),
            pitch=float(rng.uniform(0, 6)),
            lens=float(rng.uniform(24, 32)),
        ),
        light,
    )


def towers(rng: Rng) -> SceneNotes:
    """A modern city: high-rises on a street grid, at many distances."""
    line = Line(0.0, 0.0)
    half, walkway = float(rng.uniform(6, 9)), float(rng.uniform(4, 6))
    backdrop(rng, float(rng.uniform(30, 120)), wooded=False)
    road(line, half, walkway)
    plaza = Mesh()
    plaza.slab(
        [
            (-400, -60, 0.1),
            (-half - walkway, -60, 0.1),
            (-half - walkway, 900, 0.1),
            (-400, 900, 0.1),
        ],
        0.2,
        pavement(),
    )
    plaza.slab(
        [(half + walkway, -60, 0.1), (400, -60, 0.1), (400, 900, 0.1), (half + walkway, 900, 0.1)],
        0.2,
        pavement(),
    )
    plaza.place("plaza")
    for row in range(4):
        for side in (-1, 1):
            s = float(rng.uniform(-30, 0)) + 24 * row
            while s < 900:
                width, depth = float(rng.uniform(18, 34)), float(rng.uniform(18, 28))
                low, high = (4, 16) if row == 0 and s < 60 else (6, 40)
                block = tower(rng, width, depth, int(rng.integers(low, high)))
                x = side * (half + walkway + 46 * row)
                built = rng.random() < 0.85
                if built and s < 380:
                    line.front(block, s, width, x)
                elif built:
                    place(block, (x - (side < 0) * width, s, 0))
                s += width + float(rng.choice([4.0, 4.0, 16.0])) * (1 + 0.02 * max(s, 0))
    season = trees(rng, ["summer", "light"], (6, 8), 3, leaves=4500)
    for side in (-1, 1):
        for s in np.arange(10.0, 260, 11):
            if rng.random() < 0.7:
                line.put(pick(rng, season), float(s), side * (half + 1.5), 0.1)
    furnish(rng, line, half, cars=0.45, people=26, lamps=28, modern=True)
    for _ in range(12):
        lane = float(rng.choice([-1, 1]))
        line.put(
            car(rng),
            float(rng.uniform(10, 250)),
            lane * float(rng.choice([1.7, 3.6])),
            0,
            math.pi * (lane < 0),
        )
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.7, 5.0, 11.0])),
            at=(float(rng.uniform(-half, half)), -3.0),
            yaw=float(rng.uniform(-10, 10)),
            pitch=float(rng.uniform(3, 10)),
            lens=float(rng.uniform(22, 28)),
        ),
        light,
    )


def village(rng: Rng) -> SceneNotes:
    """A lane between cottages, dry-stone walls, hedges and gardens, with a church."""
    line = Line(float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)), float(rng.uniform(-0.02, 0.05)))
    half = float(rng.uniform(2.6, 3.4))
    backdrop(rng, float(rng.uniform(80, 260)))
    m = Mesh()
    line.strip(m, -half, half, 0.0, pavement(True) if rng.random() < 0.4 else asphalt())
    grass = soil("verge", (0.12, 0.15, 0.035), (0.07, 0.1, 0.02), grain=0.6)
    line.strip(m, -60, -half, -0.02, grass)
    line.strip(m, half, 60, -0.02, grass)
    stone = surface(
        "dry stone",
        (0.36, 0.33, 0.28),
        (0.18, 0.165, 0.14),
        pattern=(0.38, 0.17),
        joint=(0.06, 0.055, 0.05),
        joint_width=0.025,
        relief=0.06,
        scale=0.5,
    )
    for side in (-1, 1):
        s = float(rng.uniform(-10, 0))
        while s < 260:
            width, gap = float(rng.uniform(7, 12)), float(rng.uniform(6, 16))
            back = side * (half + float(rng.choice([1.0, 3.5, 6.0])))
            cottage = house(
                rng,
                width,
                floors=int(rng.integers(1, 3)),
                depth=6.5,
                ground="door",
                pitch=1.1,
                kind=pick(rng, ("stone", "plaster", "brick", "plaster")),
                detached=True,
            )
            line.front(cottage, s, width, back)
            line.strip(
                m,
                *sorted((side * (half + 0.9), side * (half + 1.3))),
                0.95,
                stone,
                s + width + 0.5,
                s + width + gap - 0.3,
                side=1.1,
            )
            s += width + gap
    m.place("lane")
    season = pick(rng, (["summer", "light"], ["olive", "summer"], ["autumn", "light"]))
    wood, bush = trees(rng, season, (6, 10), 4), [shrub(rng, 1.3, k) for k in (*season, "summer")]
    for _ in range(60):
        s, across = float(rng.uniform(12, 260)), float(rng.choice([-1, 1]) * rng.uniform(8, 30))
        line.put(pick(rng, wood), s, across + math.copysign(half, across))
    for _ in range(420):
        s = float(rng.uniform(3, 160))
        side = float(rng.choice([-1, 1]) * (half + 0.4 + rng.exponential(0.8)))
        place(
            pick(rng, bush), line(s, side), float(rng.uniform(0, 6)), float(rng.uniform(0.2, 0.6))
        )
    patches = [tuft(rng, k, 0.25) for k in ("light", "olive", "summer")]
    for _ in range(1800):
        s, side = float(rng.exponential(25)), float(rng.choice([-1, 1]))
        across = side * (half + float(rng.exponential(1.5)))
        place(
            pick(rng, patches),
            line(s, across),
            float(rng.uniform(0, 6)),
            float(rng.uniform(0.6, 1.3)),
        )
    church(rng, line(float(rng.uniform(110, 170)), float(rng.choice([-1, 1]) * 26)))
    crowd = [person(rng) for _ in range(5)]
    for k in range(5):
        line.put(crowd[k], float(rng.uniform(9, 60)), float(rng.uniform(-half, half)), 0, 1.5 * k)
    line.put(car(rng), float(rng.uniform(14, 40)), half - 1.0)
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.65, 2.6])),
            yaw=float(rng.uniform(-7, 7)),
            pitch=float(rng.uniform(0, 5)),
            lens=float(rng.uniform(24, 32)),
        ),
        light,
    )


def market(rng: Rng) -> SceneNotes:
    """A cobbled square with striped stalls, crates and shoppers, closed by old houses."""
    line = Line(0.0, 0.0)
    wide, deep = float(rng.uniform(24, 36)), float(rng.uniform(45, 75))
    backdrop(rng, float(rng.uniform(60, 200)))
    m = Mesh()
    m.slab([(-120, -40, 0), (120, -40, 0), (120, 200, 0), (-120, 200, 0)], 0.2, pavement(True))
    m.place("square")
    terrace(rng, line, wide, start=-15, end=deep + 4, floors=(3, 5))
    x = -wide - 9
    while x < wide + 9:
        width = float(rng.uniform(6, 10))
        if abs(x + width / 2 - 0.3 * wide) > 6:
            place(house(rng, width, floors=int(rng.integers(3, 6)), pitch=1.1), (x, deep + 5, 0))
        x += width + 0.05
    for side in (-1, 1):
        for s in np.arange(deep + 22, 260, 13):
            place(
                house(rng, 12.0, floors=4),
                (0.3 * wide + side * 6, s + 12 * (side > 0), 0),
                -side * math.pi / 2,
            )
    church(rng, (float(rng.uniform(-20, 0)), deep + 45, 0))
    for row in np.arange(9.0, deep - 4, 7.5):
        for col in np.arange(-wide + 7, wide - 6, 5.2):
            if rng.random() < 0.62 and abs(col) > 2.6:
                stall(
                    rng,
                    (float(col + rng.normal(0, 0.3)), float(row + rng.normal(0, 0.4))),
                    float(rng.choice([0, math.pi])) + float(rng.normal(0, 0.06)),
                )
    crowd = [person(rng) for _ in range(14)]
    for _ in range(80):
        at = (float(rng.uniform(-wide + 3, wide - 3)), float(4 + rng.exponential(16)), 0.0)
        if at[1] < deep:
            place(pick(rng, crowd), at, float(rng.uniform(0, 6.28)), float(rng.uniform(0.93, 1.06)))
    for x in (-8.0, 8.0):
        for y in (12.0, 34.0):
            place(lamp_post(False), (x, y, 0))
    for x, y in rng.uniform((-wide + 4, 14), (wide - 4, deep), (5, 2)):
        place(trees(rng, ["summer", "light"], (6, 8), 1)[0], (float(x), float(y), 0))
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.7, 2.8, 5.5])),
            yaw=float(rng.uniform(-14, 14)),
            pitch=float(rng.uniform(-1, 4)),
            lens=float(rng.uniform(24, 32)),
        ),
        light,
    )


def quay(rng: Rng) -> SceneNotes:
    """A harbour: narrow gabled houses along a quay, moored boats, masts, water."""
    line = Line(float(rng.uniform(-0.2, 0.2)), 0.0)
    side = float(rng.choice([-1, 1]))
    backdrop(rng, float(rng.uniform(80, 240)), level=-5.0)
    water(-1.6, 0.06, (0.015, 0.035, 0.035))
    m = Mesh()
    stone = surface(
        "quay stone",
        (0.38, 0.35, 0.3),
        (0.2, 0.185, 0.16),
        pattern=(1.1, 0.5),
        joint=(0.08, 0.075, 0.07),
        joint_width=0.02,
        relief=0.04,
    )
    edge, far = 6.0, 46.0
    for a, b in ((-edge, 60.0), (-far - 60, -far)):
        line.strip(m, *sorted((side * a, side * b)), 0.0, pavement(True), side=4.0)
    for a in (-edge, -far):
        line.strip(
            m, *sorted((side * a, side * (a + math.copysign(0.5, a + 20)))), 0.12, stone, side=4.0
        )
    m.place("quay")
    for front in (9.0, -far - 7.0):
        s = -12.0 if front > 0 else 10.0
        while s < 320:
            width = float(rng.uniform(5, 8))
            block = house(rng, width, floors=int(rng.integers(3, 6)), pitch=1.2)
            line.front(block, s, width, side * front)
            s += width + 0.05
    for _ in range(34):
        s, across = (
            float(rng.uniform(8, 230)),
            float(rng.choice([edge + 2.6, far - 2.6, rng.uniform(15, 38)])),
        )
        place(
            boat(rng),
            line(s, -side * across, -1.6),
            line.yaw(s) + float(rng.normal(0, 0.12)),
            float(rng.uniform(0.8, 1.5)),
        )
    bollard = Mesh()
    bollard.tube(
        [(0, 0, 0), (0, 0, 0.5), (0, 0, 0.52), (0, 0, 0.7)],
        [0.14, 0.13, 0.22, 0.2],
        paint("iron", (0.02, 0.02, 0.022), 0.4),
        12,
    )
    post, crowd, iron = lamp_post(False), [person(rng) for _ in range(9)], bollard.data("bollard")
    crate = Mesh()
    crate.box(
        (-0.5, -0.4, 0),
        (0.5, 0.4, 0.6),
        surface("crate", (0.4, 0.27, 0.13), (0.25, 0.16, 0.08), scale=0.3),
    )
    chest = crate.data("crate")
    for s in np.arange(4.0, 220, 9):
        line.put(iron, float(s), -side * (edge - 0.7))
        if s < 110:
            line.put(post, float(s) * 2 + 5, side * 2.0)
    for _ in range(28):
        line.put(
            pick(rng, crowd),
            4 + float(rng.exponential(30)),
            side * float(rng.uniform(-4, 7)),
            0,
            float(rng.uniform(0, 6)),
        )
        line.put(
            chest,
            float(rng.uniform(6, 120)),
            side * float(rng.normal(-3.4, 0.8)),
            float(rng.choice([0, 0, 0.6])),
            float(rng.uniform(0, 3)),
        )
    for _ in range(5):
        line.put(pick(rng, (bicycle(), car(rng))), float(rng.uniform(8, 60)), side * 6.8)
    light = weather(rng)
    return SceneNotes(
        look(
            float(rng.choice([1.7, 2.6, 5.0])),
            at=(-side * float(rng.uniform(0, 4)), -1.0),
            yaw=side * float(rng.uniform(-2, 14)),
            pitch=float(rng.uniform(-1, 4)),
            lens=float(rng.uniform(24, 31)),
        ),
        light,
    )


FAMILIES: dict[str, tuple[str, Builder]] = {
    "row_houses": ("street", row_houses),
    "avenue": ("street", avenue),
    "towers": ("street", towers),
    "village": ("street", village),
    "market": ("street", market),
    "quay": ("street", quay),
    "hills": ("landscape", hills),
    "mountains": ("landscape", mountains),
    "canyon": ("landscape", canyon),
    "coast": ("landscape", coast),
    "snow": ("landscape", snow),
    "fields": ("landscape", fields),
}

# Seeds that ship. The harbour is never seen in training or validation.
PLAN: dict[str, dict[str, tuple[int, ...]]] = {
    "row_houses": {"train": (1, 2, 3), "validation": (4,)},
    "avenue": {"train": (1, 2, 3)},
    "towers": {"train": (1, 2, 3), "validation": (4,)},
    "village": {"train": (1, 2), "test": (3,)},
    "market": {"train": (1, 2)},
    "quay": {"test": (1, 2, 3, 4, 5)},
    "hills": {"train": (1, 2), "validation": (3,), "test": (4,)},
    "mountains": {"train": (1, 2), "validation": (3,), "test": (4,)},
    "canyon": {"train": (1, 2), "test": (3,)},
    "coast": {"train": (1, 2), "test": (3,)},
    "snow": {"train": (1, 2, 3), "validation": (4,)},
    "fields": {"train": (1, 2), "test": (3,)},
}
