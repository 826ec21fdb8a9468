"""Furnished rooms for `render_scenes.py`: eight families, each seed another room.

Furniture stands in `furniture.py`, walls, windows, light and camera in `interior.py`.
"""

from __future__ import annotations

import numpy as np
from furniture import (
    Style,
    bed,
    bookshelf,
    bottle,
    cabinet,
    carton,
    chair,
    clutter,
    coats,
    cup,
    desk,
    fireplace,
    home,
    lamp,
    nightstand,
    office_chair,
    pan,
    pendant,
    plant,
    plate,
    radiator,
    rug,
    sideboard,
    sofa,
    stack,
    table,
    toy,
    vase,
)
from interior import (
    Opening,
    Room,
    _inset,
    _mode,
    _notes,
    light_up,
    look,
    next_room,
    windows,
)
from stage import (
    Builder,
    Material,
    Rng,
    SceneNotes,
    at,
    box,
    cushion,
    cylinder,
    glow,
    marble,
    pick,
    plain,
    srgb,
    tiles,
    tube,
)

# ---------------------------------------------------------------- families


def living_room(rng: Rng) -> SceneNotes:
    """Sofas around a low table, shelves or a fireplace, a window, often a view into a next room."""
    s, mode = home(rng), _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(4.2, 5.8)),
        float(rng.uniform(5.0, 7.5)),
        float(rng.uniform(2.5, 2.9)),
    )
    bright = pick(rng, [1, 3])
    openings = {bright: windows(rng, d, 2)}
    north = pick(rng, ["window", "passage", "wall"])
    if north == "window":
        openings[0] = windows(rng, w, pick(rng, [1, 2]))
    elif north == "passage":
        openings[0] = [Opening(pick(rng, ["arch", "open"]), w * pick(rng, [0.3, 0.7]),
                               float(rng.uniform(0.9, 1.5)))]  # fmt: skip
    room = Room(s, w, d, h, openings, accent=pick(rng, [0, 0, 1, 3]), beams=rng.random() < 0.25)
    if north == "passage":
        next_room(s, room, 0, openings[0][0], lit)
    shady = 4 - bright
    for k in (1, 3):
        room.block(k, *((d - 1.3, d) if k == 1 else (0.0, 1.3)))
    if north != "window" and rng.random() < 0.5:
        middle = room.put(0, 1.75, 0.8, lambda: fireplace(s))
        if middle is not None:
            room.hung[0].append((middle - 0.7, middle + 0.7))
    room.put(shady, 2.1, 0.9, lambda: sofa(s, 2.1), where=0.5 * d)
    room.put(0, 1.2, 0.35, lambda: bookshelf(s, 1.2, 2.1))
    room.put(0, 0.9, 0.9, lambda: sofa(s, 0.9))
    room.put(bright, 1.6, 0.45, lambda: sideboard(s, 1.6), low=True)
    room.put(bright, 1.1, 0.2, lambda: radiator(s), low=True)
    room.put(0, 1.0, 0.45, lambda: sideboard(s, 1.0), low=True)
    for k in (0, shady, bright):
        room.put(k, 0.5, 0.5, lambda: _inset(plant, s, 0.3))
    room.put(shady, 0.5, 0.5, lambda: _inset(lambda q: lamp(q, lit, 1.6, 14), s, 0.25))
    room.put(shady, 0.9, 0.35, lambda: bookshelf(s, 0.9, 1.3))
    room.pictures(shady, 3)
    room.pictures(0, 2, 1.65)
    with at((w / 2, 0.52 * d, 0), float(rng.normal(0, 4))):
        rug(s, 2.4, 1.7)
        table(s, 1.1, 0.6, 0.42, bool(rng.random() < 0.3))
        with at((0, 0, 0.42)):
            clutter(s, 0.9, 0.3, 4)
        for x, turn in ((1.1, 120.0), (-1.0, 235.0)):
            if rng.random() < 0.4:
                with at((x, -1.0, 0), turn + float(rng.normal(0, 12))):
                    sofa(s, 0.85)
    for _ in range(3):
        with at((float(rng.uniform(0.3, 0.7)) * w, float(rng.uniform(0.3, 0.8)) * d, 0.013)):
            pick(rng, [toy, lambda q: stack(q, 3), lambda q: carton(q, 0.3)])(s)
    with at((w / 2, 0.5 * d, h)):
        pendant(s, 0.4, lit)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, 0.5 + 0.15 * (1 if shady == 1 else -1)), room, light)


def bedroom(rng: Rng) -> SceneNotes:
    """A bed with bedside chests, a wardrobe, drawers, a desk or toys, a window."""
    s, mode = home(rng, floor=pick(rng, ["planks", "planks", "carpet"])), _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(3.6, 4.8)),
        float(rng.uniform(4.2, 6.0)),
        float(rng.uniform(2.4, 2.8)),
    )
    bright = pick(rng, [1, 3])
    shady = 4 - bright
    openings = {bright: windows(rng, d, pick(rng, [1, 2]))}
    head = pick(rng, [0, shady])
    if head != 0:
        openings[0] = pick(rng, [windows(rng, w, 1), [Opening("open", w * 0.7, 0.9)],
                                 [Opening("door", w * 0.25, 0.85)]])  # fmt: skip
    room = Room(s, w, d, h, openings, accent=head, beams=rng.random() < 0.15)
    if head != 0 and openings[0][0].kind == "open":
        next_room(s, room, 0, openings[0][0], lit)
    for k in (1, 3):
        room.block(k, *((d - 1.0, d) if k == 1 else (0.0, 1.0)))
    wide = float(pick(rng, [1.0, 1.4, 1.6]))
    centre = room.put(head, wide + 0.1, 2.15, lambda: bed(s, wide), where=room.length(head) * 0.5)
    for side in (-1, 1):
        if centre is not None:
            room.put(
                head, 0.42, 0.4, lambda: nightstand(s, lit), where=centre + side * (wide / 2 + 0.35)
            )
    room.put(shady, 1.4, 0.6, lambda: cabinet(s, 1.4, 2.0, 0.58))
    room.put(0, 1.3, 0.75, lambda: desk(s, 1.3, lit), low=True)
    room.put(bright, 1.0, 0.45, lambda: sideboard(s, 1.0), low=True)
    room.put(bright, 0.9, 0.2, lambda: radiator(s, 0.9), low=True)
    room.put(0, 0.8, 0.35, lambda: bookshelf(s, 0.8, float(rng.uniform(1.0, 2.0))))
    for k in (0, shady, bright):
        room.put(k, 0.5, 0.5, lambda: _inset(pick(rng, [plant, carton]), s, 0.3))
    room.pictures(head, 2, 1.7)
    room.pictures(shady if head == 0 else 0, 2)
    with at((0.5 * w, 0.42 * d, 0), float(rng.normal(0, 6))):
        rug(s, 1.8, 1.3)
    for _ in range(5):
        with at((float(rng.uniform(0.25, 0.75)) * w, float(rng.uniform(0.22, 0.55)) * d, 0.013),
                float(rng.uniform(0, 360))):  # fmt: skip
            pick(rng, [toy, toy, lambda q: stack(q, 3), lambda q: carton(q, 0.35)])(s)
    with at((w / 2, 0.5 * d, h)):
        pendant(s, 0.3, lit)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, 0.5 + 0.12 * (1 if shady == 1 else -1), (21, 27)), room, light)


def _counter(s: Style, w: float, top: Material, front: Material, sink: float | None) -> None:
    """A run of kitchen units with worktop; a sink with a tap at x = sink."""
    n = max(1, round(w / 0.5))
    box((w, 0.5, 0.1), (0, -0.25, 0), plain((0.04,) * 3), 0)
    box((w, 0.56, 0.76), (0, -0.28, 0.1), front, 0.002)
    for i in range(n):
        x, cw = (i + 0.5) * w / n - w / 2, w / n
        drawers = s.rng.random() < 0.35
        for z, hh in ((0.12, 0.22), (0.36, 0.22), (0.6, 0.22)) if drawers else ((0.12, 0.7),):
            box((cw - 0.012, 0.02, hh), (x, -0.57, z), front, 0.004)
            if not drawers:
                box((cw - 0.15, 0.012, hh - 0.16), (x, -0.58, z + 0.08), front, 0.006)
            box((0.14, 0.03, 0.015), (x, -0.595, z + hh - 0.06), s.metal, 0.004)
    box((w + 0.02, 0.63, 0.04), (0, -0.3, 0.86), top, 0.006)
    if sink is not None:
        steel = plain((0.55,) * 3, 0.25, 1.0)
        box((0.55, 0.42, 0.012), (sink, -0.32, 0.895), steel, 0.004)
        box((0.45, 0.33, 0.006), (sink, -0.32, 0.905), plain((0.12,) * 3, 0.3, 1.0), 0.02)
        tube([(sink, -0.08, 0.9), (sink, -0.08, 1.15), (sink, -0.14, 1.2), (sink, -0.25, 1.18),
              (sink, -0.26, 1.12)], 0.013, steel)  # fmt: skip


def _cooker(s: Style) -> None:
    """A cooker with pans, and the hood above it."""
    body = pick(s.rng, [plain((0.6,) * 3, 0.3, 1.0), s.china, plain((0.03,) * 3)])
    box((0.6, 0.6, 0.9), (0, -0.3, 0), body, 0.008)
    box((0.5, 0.02, 0.42), (0, -0.605, 0.2), plain((0.01,) * 3, 0.08))
    tube([(-0.24, -0.65, 0.68), (0.24, -0.65, 0.68)], 0.012, s.metal)
    box((0.56, 0.5, 0.01), (0, -0.3, 0.9), plain((0.015,) * 3, 0.1))
    for i in range(5):
        with at((-0.2 + 0.1 * i, -0.6, 0.8), tilt=(90, 0)):
            cylinder(0.02, 0.025, (0, 0, 0), plain((0.03,) * 3))
    for x, y in ((-0.14, -0.18), (0.15, -0.42)):
        with at((x, y, 0.91), float(s.rng.uniform(180, 300))):
            pan(s)
    steel = plain((0.6,) * 3, 0.3, 1.0)
    box((0.6, 0.48, 0.08), (0, -0.25, 1.55), steel, 0.01)
    box((0.25, 0.25, 1.0), (0, -0.14, 1.62), steel, 0.005)


def _wall_units(s: Style, w: float, front: Material, shelf: bool) -> None:
    """Cupboards on the wall, or open shelves full of crockery."""
    if shelf:
        crockery = [cup, bottle, bottle, lambda q: plate(q, 8), lambda q: vase(q, 0.18, False)]
        for z in (1.45, 1.8):
            box((w, 0.24, 0.03), (0, -0.12, z), s.wood)
            n = int(w / 0.17)
            for i in range(n):
                with at(((i + 0.5) * w / n - w / 2, -0.12, z + 0.03), float(s.rng.uniform(0, 360))):
                    pick(s.rng, crockery)(s)
        return
    n = max(1, round(w / 0.45))
    box((w, 0.3, 0.7), (0, -0.15, 1.45), front)
    for i in range(n):
        x, cw = (i + 0.5) * w / n - w / 2, w / n
        box((cw - 0.012, 0.02, 0.68), (x, -0.31, 1.46), front, 0.004)
        box((cw - 0.15, 0.012, 0.52), (x, -0.32, 1.54), front, 0.006)
        box((0.015, 0.03, 0.12), (x + cw / 2 - 0.04, -0.33, 1.5), s.metal, 0.004)


def _units(
    s: Style, room: Room, k: int, cooks: bool, finish: tuple[Material, Material, Material]
) -> None:
    """Units along wall k as far as doors and the camera leave room; with a cooker if `cooks`."""
    rng, (top, front, splash) = s.rng, finish
    span = room.length(k)
    holes = [o for o in room.openings.get(k, []) if o.kind != "window"]
    plain_wall = not any(o.kind == "window" for o in room.openings.get(k, []))
    a, b = 0.0, span
    if k == 1:  # the wall nearest to the camera stays free
        b = span - 1.6
    elif k == 3:
        a = 1.6
    for o in holes:
        a, b = (o.centre + 0.6, b) if o.centre < span / 2 else (a, o.centre - 0.6)
    length = b - a
    cooker = a + length * float(rng.uniform(0.25, 0.4)) if cooks else None
    parts = [(a, b)] if cooker is None else [(a, cooker - 0.31), (cooker + 0.31, b)]
    room.block(k, a, b)
    with room.side(k):
        if plain_wall:
            box((length, 0.01, 0.56), ((a + b) / 2, -0.005, 0.9), splash, 0)
        for p, q in parts:
            with at(((p + q) / 2, 0, 0)):
                _counter(s, q - p, top, front, 0.0 if k == 0 else None)
                with at((0, -0.25, 0.9)):
                    clutter(s, (q - p) * 0.9, 0.25, int((q - p) / 0.28), kitchen=True)
                if plain_wall:
                    _wall_units(s, q - p - (0.35 if k == 0 else 0), front, bool(rng.random() < 0.4))
        if cooker is not None:
            with at((cooker, 0, 0)):
                _cooker(s)


def _fridge(s: Style, finish: Material) -> None:
    """A fridge with notes on its door."""
    box((0.65, 0.65, 1.85), (0, -0.33, 0.02), finish, 0.02)
    for z, hh in ((0.05, 0.7), (0.77, 1.08)):
        cushion((0.64, 0.06, hh), (0, -0.67, z), finish, power=14)
        tube([(-0.26, -0.73, z + 0.1), (-0.26, -0.73, z + hh - 0.1)], 0.012, s.metal)
    for _ in range(4):
        x, z = float(s.rng.uniform(-0.1, 0.25)), float(s.rng.uniform(1, 1.6))
        box((0.1, 0.005, 0.13), (x, -0.7, z), s.cloth(), 0)


def kitchen(rng: Rng) -> SceneNotes:
    """Units along two walls, cooker, sink below a window, fridge, a laid table in front."""
    s = home(rng, pick(rng, ["tiles", "chequer", "planks"]), pick(rng, ["paint", "tiles", "paint"]))
    mode = _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(3.6, 5.0)),
        float(rng.uniform(4.5, 6.5)),
        float(rng.uniform(2.5, 2.8)),
    )
    bright = pick(rng, [0, 1, 3])
    run = pick(rng, [1, 3]) if bright == 0 else 4 - bright
    openings = {bright: windows(rng, w if bright == 0 else d, 1 if bright == 0 else 2, 1.1)}
    if bright != 0 and rng.random() < 0.5:
        openings[0] = [Opening(pick(rng, ["open", "arch"]), w * (0.75 if run == 3 else 0.25), 0.9)]
    room = Room(s, w, d, h, openings, beams=rng.random() < 0.3)
    if 0 in openings and bright != 0:
        next_room(s, room, 0, openings[0][0], lit)
    top = pick(
        rng, [s.wood, marble(srgb("#d8d4cc"), srgb("#77736d"), 3), marble((0.06,) * 3, (0.3,) * 3)]
    )
    front = pick(rng, [s.wood2, s.paint(0.35), s.paint(0.35), s.trim])
    splash = tiles(s.colour(), s.colour(), srgb("#a09a90"), float(rng.uniform(0.08, 0.15)))
    for k in (0, run):
        _units(s, room, k, k == run, (top, front, splash))
    fridge = pick(rng, [s.china, s.paint(0.2), plain((0.5,) * 3, 0.35, 1.0)])
    other = 4 - run
    for k in (1, 3):
        room.block(k, *((d - 1.0, d) if k == 1 else (0.0, 1.0)))
    room.put(other, 0.7, 0.7, lambda: _fridge(s, fridge))
    room.put(other, 1.0, 0.4, lambda: bookshelf(s, 1.0, 1.9, full=0.3))
    room.put(other, 1.2, 0.45, lambda: sideboard(s, 1.2), low=True)
    room.put(other, 1.0, 0.2, lambda: radiator(s), low=True)
    room.pictures(other, 2)
    with at((w / 2 + (0.25 if other == 1 else -0.25), 0.42 * d, 0), float(rng.normal(0, 8))):
        _laid_table(s, 1.2, 0.8, rng.random() < 0.35, kitchen=True)
    with at((w / 2, 0.42 * d, h)):
        pendant(s, 0.6, lit)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, 0.5 + 0.14 * (1 if run == 1 else -1)), room, light)


def _laid_table(s: Style, w: float, d: float, round_: bool, kitchen: bool = False) -> None:
    """A table with chairs around it and plates, cups, fruit or flowers on it."""
    r, timber, seat, kind = s.rng, s.timber(), s.cloth(), int(s.rng.integers(3))
    steel = plain((0.6,) * 3, 0.25, 1.0)
    table(s, w, d, 0.75, round_)
    if r.random() < 0.35 and not round_:
        box((w * 0.96, d * 0.94, 0.004), (0, 0, 0.75), s.cloth(), 0.002)
    n = max(1, int(w / 0.62))
    for i in range(n):
        x = (i + 0.5) * w / n - w / 2
        for sign in (-1, 1):
            push = float(r.uniform(0.18, 0.4))
            with at(
                (x, sign * (d / 2 + push), 0), (0 if sign > 0 else 180) + float(r.normal(0, 9))
            ):
                chair(s, timber, seat, kind)
            if r.random() < 0.8:
                with at((x, sign * (d / 2 - 0.18), 0.756)):
                    plate(s)
                    with at((0.2, sign * -0.08, 0)):
                        cup(s)
                    for fx in (-0.15, 0.145):
                        box((0.018, 0.19, 0.003), (fx, 0, 0), steel, 0.001)
    with at((0, 0, 0.756)):
        clutter(s, w * 0.75, 0.12 * d, max(2, int(w / 0.4)), kitchen)


def study(rng: Rng) -> SceneNotes:
    """Walls of books, a desk, an armchair, papers and boxes."""
    s, mode = home(rng, floor=pick(rng, ["planks", "planks", "carpet"])), _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(3.2, 4.6)),
        float(rng.uniform(4.2, 6.0)),
        float(rng.uniform(2.5, 2.9)),
    )
    bright = pick(rng, [0, 1, 3])
    openings = {bright: windows(rng, w if bright == 0 else d, 1 if bright == 0 else 2)}
    if bright != 0 and rng.random() < 0.5:
        openings[0] = [Opening("open", w * 0.5, 0.9)]
    room = Room(s, w, d, h, openings, beams=rng.random() < 0.25)
    if bright != 0 and 0 in openings:
        next_room(s, room, 0, openings[0][0], lit)
    shady = pick(rng, [1, 3]) if bright == 0 else 4 - bright
    for k in (1, 3):
        room.block(k, *((d - 0.9, d) if k == 1 else (0.0, 0.9)))
    tall = h - float(rng.uniform(0.3, 0.7))
    room.put(pick(rng, [0, 4 - shady]), 1.5, 0.75, lambda: desk(s, 1.5, lit), low=True)
    for k in (shady, shady, shady, 0, 0, 4 - shady):
        wide = float(rng.uniform(0.8, 1.3))
        room.put(k, wide, 0.32, lambda wide=wide: bookshelf(s, wide, tall, 0.3, 0.92))  # type: ignore[misc]
    room.put(4 - shady, 1.4, 0.75, lambda: desk(s, 1.4, lit), low=True)
    room.put(4 - shady, 0.5, 0.5, lambda: _inset(plant, s, 0.3))
    room.put(0, 0.9, 0.9, lambda: sofa(s, 0.9))
    room.pictures(4 - shady, 2)
    with at((w / 2, 0.5 * d, 0), float(rng.normal(0, 5))):
        rug(s, 1.9, 1.3)
        with at((float(rng.uniform(-0.5, 0.5)), 0, 0.012), float(rng.uniform(0, 360))):
            pick(rng, [lambda q: office_chair(q, q.cloth(calm=True)), lambda q: sofa(q, 0.85)])(s)
    for _ in range(7):
        with at((float(rng.uniform(0.25, 0.75)) * w, float(rng.uniform(0.25, 0.8)) * d, 0.012),
                float(rng.uniform(0, 360))):  # fmt: skip
            pick(
                rng,
                [carton, lambda q: stack(q, 6), lambda q: stack(q, 9), lambda q: carton(q, 0.3)],
            )(s)
    with at((w / 2, 0.5 * d, h)):
        pendant(s, 0.4, lit)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, 0.5 + 0.12 * (1 if shady == 1 else -1), (21, 28)), room, light)


def dining_room(rng: Rng) -> SceneNotes:
    """A long laid table with chairs, sideboards, an archway into the next room."""
    s, mode = home(rng), _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(3.8, 5.2)),
        float(rng.uniform(5.0, 7.5)),
        float(rng.uniform(2.6, 3.1)),
    )
    bright = pick(rng, [1, 3])
    openings = {bright: windows(rng, d, pick(rng, [2, 3]), 0.6)}
    if rng.random() < 0.7:
        place, wide = float(rng.uniform(0.35, 0.65)), float(rng.uniform(1.1, 1.8))
        openings[0] = [Opening("arch", w * place, wide, high=2.2)]
    else:
        openings[0] = windows(rng, w, 2, 0.6)
    room = Room(s, w, d, h, openings, accent=pick(rng, [-1, 4 - bright]), beams=rng.random() < 0.3)
    if openings[0][0].kind == "arch":
        next_room(s, room, 0, openings[0][0], lit)
    shady = 4 - bright
    for k in (1, 3):
        room.block(k, *((d - 1.0, d) if k == 1 else (0.0, 1.0)))
    room.put(shady, 1.8, 0.45, lambda: sideboard(s, 1.8))
    room.put(shady, 1.1, 0.4, lambda: bookshelf(s, 1.1, 2.0, full=0.35))
    room.put(0, 0.9, 0.35, lambda: bookshelf(s, 0.9, 2.0, full=0.4))
    for k in (0, 0, bright):
        room.put(k, 0.5, 0.5, lambda: _inset(plant, s, 0.3))
    room.put(bright, 1.0, 0.2, lambda: radiator(s), low=True)
    room.pictures(shady, 3, 1.65)
    room.pictures(0, 3, 1.65)
    with at(
        (w / 2, 0.5 * d, 0), 90 + float(rng.normal(0, 3)) if d > 5.6 else float(rng.normal(0, 6))
    ):
        rug(s, 3.0, 2.0)
        _laid_table(s, 2.0 if d > 5.6 else 1.6, 0.95, bool(rng.random() < 0.2))
    for y in (0.4, 0.6):
        with at((w / 2, y * d, h)):
            pendant(s, 0.75, lit, 18)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, float(rng.uniform(0.35, 0.65))), room, light)


def hall(rng: Rng) -> SceneNotes:
    """A long corridor with doors, some open on lit rooms, a runner, coats, stairs or a window."""
    s, mode = home(rng, pick(rng, ["planks", "tiles", "chequer", "marble"])), _mode(rng)
    lit = mode in ("lamps", "mixed")
    w, d, h = (
        float(rng.uniform(2.0, 2.9)),
        float(rng.uniform(7.0, 11.0)),
        float(rng.uniform(2.5, 3.0)),
    )
    openings: dict[int, list[Opening]] = {
        0: windows(rng, w, 1, 0.7) if rng.random() < 0.5 else [Opening("arch", w / 2, 1.1)],
        1: [Opening(pick(rng, ["open", "arch", "door"]), y * d, 0.9) for y in (0.2, 0.62)],
        3: [Opening(pick(rng, ["open", "door", "arch"]), y * d, 0.9) for y in (0.4, 0.8)],
    }
    room = Room(s, w, d, h, openings, accent=pick(rng, [-1, 0]), beams=rng.random() < 0.2)
    for k, row in openings.items():
        for o in row:
            if o.kind in ("open", "arch"):
                next_room(s, room, k, o, lit)
    for k in (1, 3):
        room.block(k, *((d - 0.8, d) if k == 1 else (0.0, 0.8)))
    room.put(1, 1.2, 0.3, lambda: coats(s))
    room.put(3, 1.1, 0.42, lambda: sideboard(s, 1.1))
    room.put(1, 0.9, 0.3, lambda: bookshelf(s, 0.9, 1.9, 0.25))
    room.put(3, 0.45, 0.45, lambda: _inset(plant, s, 0.25))
    room.put(1, 0.5, 0.45, lambda: _inset(carton, s, 0.25))
    room.put(3, 0.5, 0.5, lambda: chair(s, s.wood, s.cloth(), 0))
    room.pictures(1, 5)
    room.pictures(3, 5)
    room.pictures(0, 1)
    with at((w / 2, 0.5 * d, 0)):
        rug(s, 0.95, 0.75 * d)
    for y in (0.3, 0.55, 0.8):
        with at((w / 2, y * d, h)):
            pendant(s, 0.25, lit, 14)
    light = light_up(s, room, mode, 0)
    return _notes(s, look(s, room, 0.5, (23, 32)), room, light)


def office(rng: Rng) -> SceneNotes:
    """A large office: rows of desks with computers, chairs, shelves, light panels."""
    s = home(rng, pick(rng, ["carpet", "carpet", "planks", "tiles"]), "paint")
    mode = pick(rng, ["sun", "overcast", "mixed"])
    w, d, h = (
        float(rng.uniform(5.5, 7.5)),
        float(rng.uniform(7.0, 10.0)),
        float(rng.uniform(2.7, 3.2)),
    )
    s.ceiling = tiles(srgb("#e2dfd8"), srgb("#d5d2ca"), srgb("#9c988f"), 0.6, roughness=0.8)
    bright = pick(rng, [1, 3])
    openings = {bright: windows(rng, d, 4, 0.9), 0: [Opening("open", w * 0.3, 0.9)]}
    room = Room(s, w, d, h, openings, accent=pick(rng, [-1, 0]))
    next_room(s, room, 0, openings[0][0], False)
    shady = 4 - bright
    for k in (shady, shady, shady, 0):
        wide = float(rng.uniform(0.8, 1.4))
        kind = pick(
            rng, [lambda v: bookshelf(s, v, 1.9, 0.35, 0.8), lambda v: cabinet(s, v, 1.4, 0.45)]
        )
        room.put(k, wide, 0.45, lambda wide=wide, kind=kind: kind(wide))  # type: ignore[misc]
    room.put(0, 0.6, 0.6, lambda: _inset(lambda q: plant(q, 1.6), s, 0.35))
    room.put(shady, 0.6, 0.6, lambda: _inset(lambda q: plant(q, 1.4), s, 0.35))
    room.pictures(0, 2, 1.7)
    room.pictures(shady, 4, 1.75)
    cover, panel = s.cloth(calm=True), s.cloth(calm=True)
    for x in (0.32, 0.7):
        for y in np.arange(1.9, d - 0.9, 1.95):
            turn = 0.0 if rng.random() < 0.7 else 180.0
            with at((x * w, float(y), 0), turn):
                desk(s, 1.5)
                with at((float(rng.normal(0, 0.15)), -0.95, 0), 180 + float(rng.normal(0, 35))):
                    office_chair(s, cover)
                if rng.random() < 0.5:
                    box((1.6, 0.04, 1.05), (0, 0.05, 0), panel, 0.01)
                if rng.random() < 0.5:
                    with at((0.95, -0.3, 0)):
                        carton(s, 0.35)
    for x in (0.3, 0.7):
        for y in np.arange(1.2, d, 1.8):
            box((0.58, 1.18, 0.02), (x * w, float(y), h - 0.025), glow((1, 0.97, 0.92), 2.0), 0)
    light = light_up(s, room, mode, bright)
    return _notes(s, look(s, room, float(rng.uniform(0.4, 0.6)), (22, 30)), room, light)


def library(rng: Rng) -> SceneNotes:
    """Aisles of tall bookshelves, reading tables, lamps."""
    s, mode = home(rng, pick(rng, ["planks", "carpet", "chequer"])), _mode(rng)
    w, d, h = (
        float(rng.uniform(4.4, 5.6)),
        float(rng.uniform(7.0, 9.0)),
        float(rng.uniform(2.8, 3.4)),
    )
    lit = mode in ("lamps", "mixed")
    openings = {0: windows(rng, w, 2, 0.9), 1: windows(rng, d, 3, 1.0)}
    room = Room(s, w, d, h, openings, beams=rng.random() < 0.5)
    shared = s.timber()
    s.timber = lambda: shared  # type: ignore[method-assign]  # one wood for every case
    for _ in range(6):
        room.put(3, 1.15, 0.32, lambda: bookshelf(s, 1.15, 2.2, 0.3, 0.95))
    for y in np.arange(2.6, d - 0.6, 1.7):
        for turn in (0.0, 180.0):
            with at((w - 1.0, float(y), 0), turn):
                bookshelf(s, 1.6, float(rng.uniform(1.5, 2.0)), 0.28, 0.92)
    with at((0.48 * w, 0.38 * d, 0), 90 + float(rng.normal(0, 3))):
        rug(s, 3.0, 1.6)
        _reading_table(s, lit)
    room.put(0, 0.9, 0.2, lambda: radiator(s, 0.9), low=True)
    room.put(0, 0.5, 0.5, lambda: _inset(plant, s, 0.3))
    for y in (0.3, 0.6):
        with at((0.45 * w, y * d, h)):
            pendant(s, 0.8, lit, 22)
    light = light_up(s, room, mode, pick(rng, [0, 1]))
    return _notes(s, look(s, room, float(rng.uniform(0.35, 0.6)), (22, 30)), room, light)


def _reading_table(s: Style, lit: bool) -> None:
    """A reading table with books, a lamp and chairs."""
    r, kind, seat = s.rng, int(s.rng.integers(3)), s.cloth()
    table(s, 1.9, 0.9, 0.75)
    for i in range(7):
        with at((-0.8 + 0.27 * i, float(r.uniform(-0.3, 0.3)), 0.752)):
            pick(
                r, [lambda q: stack(q, 2), lambda q: stack(q, 6), lambda q: lamp(q, lit, 0.45, 5)]
            )(s)
    for x in (-0.5, 0.5):
        for sign in (-1, 1):
            with at((x, sign * 0.75, 0), (0 if sign > 0 else 180) + float(r.normal(0, 14))):
                chair(s, s.wood, seat, kind)


FAMILIES: dict[str, tuple[str, Builder]] = {
    build.__name__: ("room", build)
    for build in (living_room, bedroom, study, dining_room, hall, office, library, kitchen)
}

# Kitchens are in test only: a family that no training has seen.
PLAN: dict[str, dict[str, tuple[int, ...]]] = {
    "living_room": {"train": (1, 2, 3, 4, 5), "validation": (6,), "test": (7,)},
    "bedroom": {"train": (1, 2, 3, 4, 5), "validation": (6,), "test": (7,)},
    "study": {"train": (1, 2, 3, 4), "validation": (5,)},
    "dining_room": {"train": (1, 2, 3, 4), "validation": (5,), "test": (6,)},
    "hall": {"train": (1, 2, 3, 4), "validation": (5,), "test": (6,)},
    "office": {"train": (1, 3)},
    "library": {"train": (1, 2)},
    "kitchen": {"test": (1, 2, 3, 4, 5, 6, 7)},
}
