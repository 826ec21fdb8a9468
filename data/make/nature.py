"""Parts of outdoor scenes: meshes from numpy, natural materials, sky, plants, stones, ground.

What `stage` does for furniture, this does for millions of leaves: geometry is collected as numpy
arrays and becomes few meshes, which are placed many times. Lengths are metres, z is up, the camera
stands near the origin and looks along +y. Used by `town.py` and `outdoors.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import bpy  # isort: skip  (first: it makes bmesh and mathutils importable)
import bmesh
import numpy as np
from mathutils import Vector, noise
from stage import Colour, Graph, Material, Rng, camera, sun

Array = np.ndarray
LADDER = np.array([0, 1, 3, 2])  # the quads of a strip of point pairs
UP = np.array([0.0, 0.0, 1.0])

BOX_FACES = np.array(
    [[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7], [3, 2, 1, 0]]
)


def turn(yaw: float) -> Array:
    """Rotation about z by `yaw` radians, (3, 3)."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


class Mesh:
    """Collects faces from numpy arrays and becomes one Blender object.

    `at` sets a frame (a place and a yaw) that applies to whatever is added afterwards. Every face
    gets texture coordinates in metres within its own plane, so that bricks have the same size on
    every wall, whichever way it faces.
    """

    def __init__(self) -> None:
        self.points: list[Array] = []
        self.faces: list[tuple[Array, int, bool]] = []
        self.materials: list[Material] = []
        self.size = 0
        self.at()

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> Mesh:
        """Set the frame of what follows."""
        self.origin, self.rotation = np.array([x, y, z]), turn(yaw)
        return self

    def add(self, points: Array, faces: Array, material: Material, smooth: bool = False) -> None:
        """Add `points` (n, 3) and `faces` (m, 3 or 4) that index them."""
        if material not in self.materials:
            self.materials.append(material)
        slot = self.materials.index(material)
        self.faces.append((np.asarray(faces) + self.size, slot, smooth))
        self.points.append(np.asarray(points, float) @ self.rotation.T + self.origin)
        self.size += len(points)

    def quad(self, *corners: Sequence[float], material: Material) -> None:
        """One face with three or four corners, anticlockwise from outside."""
        self.add(np.array(corners), np.arange(len(corners))[None], material)

    def box(self, low: Sequence[float], high: Sequence[float], material: Material) -> None:
        """An axis-aligned box (in the frame) between two corners."""
        (a, b, c), (d, e, f) = low, high
        corners = [(a, b, c), (d, b, c), (d, e, c), (a, e, c)]
        corners += [(a, b, f), (d, b, f), (d, e, f), (a, e, f)]
        self.add(np.array(corners), BOX_FACES, material)

    def slab(self, corners: Sequence[Sequence[float]], thick: float, material: Material) -> None:
        """A flat plate of four corners (anticlockwise from above), `thick` downwards."""
        top = np.array(corners, float)
        self.add(np.concatenate([top - [0, 0, thick], top]), BOX_FACES, material)

    def tube(
        self,
        path: Sequence[Sequence[float]],
        radii: Sequence[float] | float,
        material: Material,
        sides: int = 8,
        flat: float = 1.0,
    ) -> None:
        """A round bar along `path` (n, 3); `flat` squeezes it along y (bodies, crowns)."""
        line = np.array(path, float)
        radius = np.broadcast_to(np.asarray(radii, float), len(line))
        axis = line[-1] - line[0]
        axis = axis / (np.linalg.norm(axis) + 1e-9)
        side = np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[1]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        up = np.cross(axis, side)
        angle = np.arange(sides) * (2 * math.pi / sides)
        ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up * flat
        points = (line[:, None] + radius[:, None, None] * ring).reshape(-1, 3)
        k, j = np.meshgrid(np.arange(len(line) - 1), np.arange(sides), indexing="ij")
        a, b = k * sides + j, k * sides + (j + 1) % sides
        faces = np.stack([a, b, b + sides, a + sides], -1).reshape(-1, 4)
        self.add(points, faces, material, smooth=True)
        for end, order in ((0, -1), (len(line) - 1, 1)):
            cap = (end * sides + np.arange(sides))[::order]
            fan = np.stack([np.full(sides - 2, cap[0]), cap[1:-1], cap[2:]], -1)
            self.add(points, fan, material)

    def leaves(
        self, centres: Array, normals: Array, size: float, rng: Rng, material: Material
    ) -> None:
        """A small rhombus at every centre (n, 3), facing roughly along its normal (n, 3)."""
        n = len(centres)
        normals = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)
        normals = normals + rng.normal(0, 0.6, (n, 3))
        side = np.cross(normals, rng.normal(0, 1, (n, 3)))
        side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
        up = np.cross(normals, side)
        up /= np.linalg.norm(up, axis=1, keepdims=True) + 1e-9
        s = size * rng.uniform(0.6, 1.3, (n, 1))
        corners = [centres + up * s, centres + side * s * 0.5]
        corners += [centres - up * s * 0.8, centres - side * s * 0.5]
        points = np.stack(corners, 1).reshape(-1, 3)
        self.add(points, np.arange(4 * n).reshape(n, 4), material)

    def data(self, name: str) -> bpy.types.Mesh:
        """The collected faces as a Blender mesh with materials and texture coordinates."""
        points = np.concatenate(self.points)
        mesh = bpy.data.meshes.new(name)
        counts = np.concatenate([np.full(len(f), f.shape[1]) for f, _, _ in self.faces])
        index = np.concatenate([f.ravel() for f, _, _ in self.faces]).astype(np.int32)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int32)
        mesh.vertices.add(len(points))
        mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
        mesh.loops.add(len(index))
        mesh.loops.foreach_set("vertex_index", index)
        mesh.polygons.add(len(counts))
        mesh.polygons.foreach_set("loop_start", starts)
        slots = np.concatenate([np.full(len(f), s) for f, s, _ in self.faces])
        smooth = np.concatenate([np.full(len(f), s) for f, _, s in self.faces])
        mesh.polygons.foreach_set("material_index", slots.astype(np.int32))
        mesh.polygons.foreach_set("use_smooth", smooth)
        mesh.uv_layers.new(name="metres").data.foreach_set(
            "uv", plane_coordinates(points, index, starts, counts).astype(np.float32).ravel()
        )
        for material in self.materials:
            mesh.materials.append(material)
        mesh.update(calc_edges=True)
        return mesh

    def place(self, name: str = "part") -> bpy.types.Object:
        """Link one object with everything collected so far."""
        return place(self.data(name))


def plane_coordinates(points: Array, index: Array, starts: Array, counts: Array) -> Array:
    """(u, v) in metres of every face corner: u level, v up the slope (x and y on level faces)."""
    a, b, c = (points[index[starts + k]] for k in (0, 1, 2))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    u = np.stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))], 1)
    level = np.abs(normal[:, 2]) > 0.95
    u[level] = [1.0, 0.0, 0.0]
    u /= np.linalg.norm(u, axis=1, keepdims=True) + 1e-12
    v = np.cross(normal, u)
    u, v = np.repeat(u, counts, 0), np.repeat(v, counts, 0)
    return np.stack([(points[index] * u).sum(1), (points[index] * v).sum(1)], 1)


def place(
    mesh: bpy.types.Mesh,
    at: Sequence[float] = (0.0, 0.0, 0.0),
    yaw: float = 0.0,
    scale: float | Sequence[float] = 1.0,
) -> bpy.types.Object:
    """Link an object that shows `mesh`; many objects may share one mesh (instances)."""
    item = bpy.data.objects.new(mesh.name, mesh)
    item.location = at
    item.rotation_euler = (0.0, 0.0, yaw)
    item.scale = (scale,) * 3 if isinstance(scale, (int, float)) else scale
    bpy.context.scene.collection.objects.link(item)
    return item


# ---------------------------------------------------------------- materials


class Paper(Graph):
    """The graph of `stage`, with smooth steps, shared materials and the sky's own tree."""

    def __init__(self, name: str, tree: bpy.types.NodeTree | None = None) -> None:
        if tree is None:
            super().__init__(name)
        else:
            self.tree = tree
            tree.nodes.clear()

    def between(self, value: Any, low: Any, high: Any) -> Any:
        """0 below `low`, 1 above `high`, smooth in between."""
        inputs = {0: value, 1: low, 2: high}
        return self.node("MapRange", inputs, interpolation_type="SMOOTHSTEP").outputs[0]

    def sum(self, *terms: tuple[Any, float]) -> Any:
        """Weighted sum of sockets."""
        total: Any = 0.0
        for value, weight in terms:
            inputs = {0: value, 1: weight, 2: total}
            total = self.node("Math", inputs, operation="MULTIPLY_ADD").outputs[0]
        return total

    def vector(self, operation: str, a: Any, b: Any) -> Any:
        """One vector operation."""
        return self.node("VectorMath", {0: a, 1: b}, operation=operation).outputs[0]


def surface(
    name: str, a: Colour, b: Colour | None = None, *, scale: float = 1.0, rough: float = 0.85,
    relief: float = 0.012, pattern: tuple[float, float] | None = None, offset: float = 0.5,
    joint: Colour = (0.35, 0.33, 0.3), joint_width: float = 0.01, vary: float = 0.2,
    metal: float = 0.0, leaf: float = 0.0, stain: float = 0.5,
) -> Material:  # fmt: skip
    """Two colours mixed by noise at three scales, with stains, relief and an optional bond.

    `scale` is the size of the largest blotch in metres; `pattern` the width and height of a
    brick, tile or slab; `vary` how much instances of one mesh differ; `leaf` the share of light
    that passes through. A name that exists already returns the same material.
    """
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    b = b or dim(a, 0.6)
    g = Paper(name)
    where = g.solid()
    coarse, fine = g.noise(1 / scale, 8, where), g.noise(14 / scale, 6, where, 0.7)
    colour = g.mix(g.between(g.sum((coarse, 0.6), (fine, 0.4)), 0.36, 0.64), a, b)
    height = g.sum((fine, 1.0), (coarse, 0.7))
    if pattern:
        bond = g.node(
            "TexBrick",
            {"Vector": g.uv(), "Color1": colour, "Color2": g.mix(0.65, colour, b), "Mortar": joint,
             "Scale": 1.0, "Mortar Size": joint_width, "Mortar Smooth": 0.3,
             "Brick Width": pattern[0], "Row Height": pattern[1]},
            offset=offset,
        )  # fmt: skip
        colour = bond.outputs[0]
        height = g.sum((height, 0.4), (bond.outputs[1], -1.0))
    grime = g.between(g.noise(0.35 / scale, 10, where, 0.7), 0.42, 0.75)
    colour = g.mix(g.math("MULTIPLY", grime, stain), colour, dim(a, 0.4))
    chance = g.node("ObjectInfo").outputs["Random"]
    tint = {0: g.sum((chance, 0.12 * vary), (1.0, 0.5 - 0.06 * vary)), 1: 1.0,
            2: g.sum((chance, 2 * vary), (1.0, 1 - vary)), 4: colour}  # fmt: skip
    colour = g.node("HueSaturation", tint).outputs[0]
    return g.finish(colour, rough, height, relief, metal, translucent=leaf)


def dim(colour: Colour, gain: float) -> Colour:
    """The colour times a number."""
    return tuple(gain * c for c in colour)


def paint(name: str, colour: Colour, rough: float = 0.5, metal: float = 0.0) -> Material:
    """Paint, metal or plastic: nearly one colour. The same name gives the same material."""
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    g = Paper(name)
    return g.finish(g.mix(g.noise(3, 8, rough=0.7), dim(colour, 0.65), dim(colour, 1.15)), rough,
                    metallic=metal)  # fmt: skip


def panes(name: str = "panes", tint: Colour = (0.03, 0.04, 0.05)) -> Material:
    """A dark mirror: what a window looks like from outside by day."""
    return surface(name, tint, dim(tint, 3), rough=0.06, relief=0.0, scale=2.5, stain=0.0)


# ---------------------------------------------------------------- sky


def sky(rng: Rng, *, elevation: float, azimuth: float, cover: float, warm: float = 0.0) -> str:
    """A Nishita sky with procedural clouds, and a sun lamp that agrees with it.

    Args:
        rng: shapes the clouds.
        elevation: of the sun, degrees above the horizon.
        azimuth: of the sun, degrees counter-clockwise from +x (the view is at 90).
        cover: share of the sky under cloud, 0 to 1.
        warm: 0 for white sunlight, 1 for evening.

    Returns:
        A note on the light.
    """
    high = math.radians(elevation)
    g = Paper("sky", bpy.context.scene.world.node_tree)
    clear = g.node("TexSky", sky_type="NISHITA", sun_disc=False, sun_elevation=high,
                   sun_rotation=math.radians(90 - azimuth), altitude=600.0, dust_density=0.3,
                   ozone_density=2.0)  # fmt: skip
    direction = g.node("TexCoord").outputs["Generated"]
    up = g.node("SeparateXYZ", {0: direction}).outputs[2]
    # clouds lie on a plane above the viewer: they shrink towards the horizon
    over = g.math("DIVIDE", 1.0, g.math("ADD", g.math("MAXIMUM", up, 0.0), 0.16))
    plane = g.vector("MULTIPLY", direction, over)
    where = g.vector("ADD", plane, tuple(rng.uniform(0, 50, 3)))
    shape = g.noise(float(rng.uniform(0.5, 1.1)), 12, where, 0.55)
    limit = 0.68 - 0.4 * cover
    mask = g.math("MULTIPLY", g.between(shape, limit, limit + 0.17), g.between(up, 0.0, 0.06))
    shade = g.between(g.noise(1.3, 8, g.vector("ADD", where, (0.12, -0.1, 0.0))), 0.3, 0.7)
    bright = 0.75 + 0.5 * math.sin(high)
    light = tuple(8.0 * bright * c for c in (1.0, 1.0 - 0.12 * warm, 1.0 - 0.3 * warm))
    cloud = g.mix(shade, tuple(4.2 * bright * c for c in (0.86, 0.9, 1.0)), light)
    colour = g.mix(g.math("MULTIPLY", mask, 0.93), clear.outputs[0], cloud)
    back = g.node("Background", {0: colour, 1: 0.11}).outputs[0]
    g.node("OutputWorld", {0: back})
    sunny = max(0.0, 1.0 - 2.0 * max(cover - 0.5, 0.0))
    sun(elevation, azimuth, 6.0 * sunny * (0.45 + 0.55 * math.sin(high)) + 0.05,
        (1.0, 0.95 - 0.18 * warm, 0.88 - 0.42 * warm), 0.6 + 8 * (1 - sunny))  # fmt: skip
    return f"sun {elevation:.0f} deg high at azimuth {azimuth:.0f}, cloud {cover:.0%}"


def weather(rng: Rng, *, evening: float = 0.25) -> str:
    """A sky drawn at random: blue, partly cloudy, overcast or evening."""
    azimuth = float(rng.choice([90 - rng.uniform(35, 150), 90 + rng.uniform(35, 150)]))
    if rng.random() < evening:
        return sky(
            rng,
            elevation=float(rng.uniform(11, 18)),
            azimuth=azimuth,
            cover=float(rng.uniform(0.25, 0.55)),
            warm=float(rng.uniform(0.5, 1.0)),
        )
    cover = float(rng.choice([rng.uniform(0.2, 0.4), rng.uniform(0.4, 0.6), rng.uniform(0.75, 1)]))
    return sky(rng, elevation=float(rng.uniform(24, 58)), azimuth=azimuth, cover=cover)


def look(
    height: float, *, at: tuple[float, float] = (0.0, 0.0), yaw: float = 0.0, pitch: float = 0.0,
    lens: float = 28.0,
) -> str:  # fmt: skip
    """The camera at (x, y, height); `yaw` degrees to the left of +y, `pitch` upwards."""
    a, b = math.radians(yaw), math.radians(pitch)
    towards = (at[0] - 20 * math.sin(a), at[1] + 20 * math.cos(a), height + 20 * math.tan(b))
    return camera((*at, height), towards, lens)


# ---------------------------------------------------------------- plants and stones

GREENS = {
    "summer": ((0.09, 0.17, 0.03), (0.035, 0.085, 0.015)),
    "light": ((0.2, 0.27, 0.045), (0.09, 0.15, 0.025)),
    "olive": ((0.13, 0.14, 0.05), (0.06, 0.075, 0.03)),
    "autumn": ((0.42, 0.17, 0.03), (0.2, 0.06, 0.015)),
    "fir": ((0.035, 0.08, 0.03), (0.015, 0.038, 0.017)),
    "dry": ((0.32, 0.26, 0.1), (0.18, 0.14, 0.05)),
    "snow": ((0.75, 0.78, 0.82), (0.04, 0.07, 0.045)),
}


def foliage(kind: str) -> Material:
    """Leaves of one of the `GREENS`."""
    return surface(
        "leaf " + kind,
        *GREENS[kind],
        scale=1.2,
        rough=0.6,
        relief=0.002,
        vary=0.35,
        leaf=0.3,
        stain=0.2,
    )


def bark() -> Material:
    """Trunks, posts and old wood."""
    return surface("bark", (0.16, 0.11, 0.075), (0.05, 0.035, 0.025), scale=0.25, relief=0.03)


def sphere(rng: Rng, n: int) -> Array:
    """`n` directions, uniform on the unit sphere, (n, 3)."""
    v = rng.normal(0, 1, (n, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def broadleaf(
    rng: Rng,
    height: float,
    kind: str = "summer",
    *,
    width: float = 0.75,
    bare: float = 0.28,
    leaves: int = 5200,
    leaf: float = 0.2,
) -> bpy.types.Mesh:
    """A tree whose crown (`width` of its height) is a heap of leafy blobs on branches."""
    m = Mesh()
    low, rz = bare * height, 0.5 * (1 - bare) * height
    rx, centre = 0.5 * width * height * (1 - 0.4 * bare), np.array([0, 0, 0.0])
    centre = np.array([0, 0, low + rz])
    r0 = 0.022 * height + 0.03
    lean = rng.normal(0, 0.02 * height, (5, 3)) * np.linspace(0, 1, 5)[:, None]
    trunk = np.linspace([0, 0, -0.5], [0, 0, height * 0.75], 5) + lean * [1, 1, 0]
    m.tube(trunk, r0 * np.array([1.5, 1, 0.8, 0.55, 0.2]), bark())
    blobs = sphere(rng, 22) * np.cbrt(rng.uniform(0.15, 0.85, (22, 1)))
    blobs = blobs * [rx * 0.8, rx * 0.8, rz * 0.85] + centre
    for b in blobs[:12]:
        start = trunk[2] * 0.6 + trunk[1] * 0.4 + [0, 0, rng.uniform(-0.05, 0.12) * height]
        bend = (start + b) / 2 + [0, 0, 0.04 * height]
        m.tube([start, bend, b], [r0 * 0.4, r0 * 0.25, r0 * 0.08], bark(), 5)
    owner = rng.integers(0, len(blobs), leaves)
    out = sphere(rng, leaves)
    radius = rng.uniform(0.55, 1.05, (leaves, 1)) * min(rx, rz) * 0.46
    centres = blobs[owner] + out * radius * rng.uniform(0.7, 1.3, (22, 1))[owner]
    m.leaves(centres, out + 0.4 * UP, leaf * height / 9, rng, foliage(kind))
    return m.data("tree")


def conifer(rng: Rng, height: float, kind: str = "fir", *, layers: int = 26) -> bpy.types.Mesh:
    """A fir: drooping branches in layers, each a spray of needle triangles."""
    m = Mesh()
    m.tube([[0, 0, -0.5], [0, 0, height * 0.97]], [0.018 * height, 0.01], bark(), 6)
    points, faces, base = [], [], 0
    t = np.linspace(0.12, 1, 6)[:, None]
    for k in range(layers):
        up = 0.1 + 0.88 * (k / layers) ** 0.92
        reach = height * 0.23 * (1 - up) ** 0.85 + 0.02 * height * rng.uniform(0.4, 1)
        for a in rng.uniform(0, 2 * math.pi, 11):
            r = reach * rng.uniform(0.7, 1.12)
            along = np.array([math.cos(a), math.sin(a), 0.0])
            side = np.array([-along[1], along[0], 0.0])
            droop = np.array([0, 0, -0.45]) * t**1.6 + [0, 0, 0.12] * t
            axis = [0, 0, up * height] + (along * t + droop) * r
            width = r * 0.34 * np.sin(np.pi * (0.15 + 0.75 * t)) * rng.uniform(0.7, 1.2)
            tips = [axis - along * 0.06 * r + s * side * width - [0, 0, 0.07 * r] for s in (1, -1)]
            points += [axis, *tips]
            i = base + np.arange(5)
            faces += [np.stack([i, i + 1, i + 6 + 1], 1), np.stack([i + 1, i, i + 12 + 1], 1)]
            base += 18
    m.add(np.concatenate(points), np.concatenate(faces), foliage(kind))
    return m.data("fir")


def shrub(rng: Rng, size: float, kind: str, leaves: int = 900) -> bpy.types.Mesh:
    """A bush: leaves around a few low blobs."""
    m = Mesh()
    blobs = rng.normal(0, 0.3, (7, 3)) * size
    blobs[:, 2] = np.abs(blobs[:, 2]) + 0.15 * size
    out, owner = sphere(rng, leaves), rng.integers(0, 7, leaves)
    centres = blobs[owner] + out * rng.uniform(0.15, 0.4, (leaves, 1)) * size
    centres[:, 2] = np.abs(centres[:, 2])
    m.leaves(centres, out, 0.045 * size + 0.01, rng, foliage(kind))
    return m.data("shrub")


def tuft(
    rng: Rng, kind: str, height: float = 0.35, blades: int = 110, spread: float = 0.5
) -> bpy.types.Mesh:
    """A patch of grass blades, each one bent triangle strip."""
    m = Mesh()
    root = np.concatenate([rng.normal(0, spread * 0.5, (blades, 2)), np.zeros((blades, 1))], 1)
    lean = rng.normal(0, 0.35, (blades, 3)) * [1, 1, 0] + [0, 0, 1]
    tall = height * rng.uniform(0.4, 1.2, (blades, 1))
    side = np.cross(lean, sphere(rng, blades)) * 0.012
    middle, tip = root + lean * tall * 0.6, root + (lean + (lean - [0, 0, 1]) * 0.6) * tall
    points = np.stack([root - side, root + side, middle + side, middle - side, tip], 1)
    i = 5 * np.arange(blades)[:, None]
    m.add(points.reshape(-1, 3), i + np.arange(4), foliage(kind))
    m.add(points.reshape(-1, 3), i + np.array([3, 2, 4]), foliage(kind))
    return m.data("grass")


def rock(rng: Rng, material: Material, detail: int = 4) -> bpy.types.Mesh:
    """A boulder about 1 m across: a displaced sphere cut by a few planes."""
    ball = bmesh.new()
    bmesh.ops.create_icosphere(ball, subdivisions=detail, radius=0.5)
    points = np.array([v.co for v in ball.verts])
    faces = np.array([[v.index for v in f.verts] for f in ball.faces])
    ball.free()
    seed = Vector(rng.uniform(-99, 99, 3))
    for cut in sphere(rng, 9):
        over = np.maximum(points @ cut - rng.uniform(0.24, 0.42), 0)
        points -= 0.9 * over[:, None] * cut
    swell = [noise.fractal(Vector(p) * 3 + seed, 0.9, 2.1, 6) for p in points]
    m = Mesh()
    m.add(points * (1 + 0.16 * np.array(swell)[:, None]), faces, material)
    return m.data("rock")


def scatter(
    rng: Rng,
    meshes: Sequence[bpy.types.Mesh],
    points: Array,
    scale: tuple[float, float] = (0.75, 1.25),
    squash: float = 0.0,
) -> None:
    """An instance of one of `meshes` at each of `points` (n, 3), turned and scaled at random."""
    for p in points:
        s = float(rng.uniform(*scale))
        tall = s * float(rng.uniform(1 - squash, 1 + squash))
        place(meshes[rng.integers(len(meshes))], p, float(rng.uniform(0, 6.28)), (s, s, tall))


# ---------------------------------------------------------------- terrain

Height = Callable[[float, float], float]
Keep = Callable[[float, float, float], bool]


def fractal(
    x: float, y: float, size: float, seed: float, octaves: float = 6.0, rough: float = 0.9
) -> float:
    """Fractal noise, about -1 to 1, with features of `size` metres."""
    return noise.fractal(Vector((x / size, y / size, seed)), rough, 2.03, octaves)


def ridged(x: float, y: float, size: float, seed: float) -> float:
    """Mountain ridges, about 0 to 3, with features of `size` metres."""
    where = Vector((x / size, y / size, seed))
    return noise.ridged_multi_fractal(where, 1.0, 2.1, 8, 1.0, 2.0)


def step(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, smooth in between."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def terrain(
    height: Height,
    material: Material,
    *,
    near: float = 1.0,
    far: float = 6000.0,
    rings: int = 420,
    spokes: int = 330,
    angle: float = 48.0,
) -> None:
    """A fan of ground in front of the camera, its cells growing with distance."""
    radius = near * (far / near) ** np.linspace(0, 1, rings)
    bearing = np.radians(np.linspace(-angle, angle, spokes))
    x, y = radius[:, None] * np.sin(bearing), radius[:, None] * np.cos(bearing)
    y = y - near
    z = [height(float(a), float(b)) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(spokes - 1), indexing="ij")
    a = (k * spokes + j).ravel()
    m = Mesh()
    faces = np.stack([a + 1, a, a + spokes, a + spokes + 1], 1)[:, ::-1]
    m.add(np.stack([x.ravel(), y.ravel(), z], 1), faces[:, ::-1], material, smooth=True)
    m.place("ground")


def anywhere(x: float, y: float, z: float) -> bool:
    """The mask that keeps every point."""
    return True


def fan(
    rng: Rng,
    n: int,
    near: float,
    far: float,
    height: Height,
    *,
    angle: float = 40.0,
    power: float = 1.0,
    keep: Keep = anywhere,
) -> Array:
    """`n` tries of ground points between two distances that `keep` accepts, (m, 3).

    `power` 1 spreads them evenly over the logarithm of distance, 2 towards evenly over area.
    """
    u = rng.uniform(0, 1, n) ** (1 / power)
    r, a = near * (far / near) ** u, np.radians(rng.uniform(-angle, angle, n))
    spots = [(float(x), float(y)) for x, y in zip(r * np.sin(a), r * np.cos(a), strict=True)]
    found = [(x, y, height(x, y)) for x, y in spots]
    kept = [p for p in found if keep(*p)]
    return np.array(kept).reshape(-1, 3)


def steepness(height: Height, x: float, y: float, h: float = 1.5) -> float:
    """Slope of the ground, rise over run."""
    z = height(x, y)
    return math.hypot(height(x + h, y) - z, height(x, y + h) - z) / h


def soil(
    name: str, a: Colour, b: Colour, *, steep: tuple[Colour, Colour] | None = None,
    cliff: float = 0.75, high: tuple[Colour, float, float] | None = None,
    patches: tuple[Colour, ...] = (), strata: bool = False, grain: float = 2.0,
    relief: float = 0.08,
) -> Material:  # fmt: skip
    """Ground of two colours at scales from 0.1 m to 100 m, with rock on slopes and snow above.

    Args:
        name: of the material.
        a: one colour of level ground.
        b: the other.
        steep: two colours for ground whose normal leans below `cliff`.
        cliff: z of the normal where slopes turn to rock.
        high: a colour, the height in metres where it begins, and the width of the transition.
        patches: colours of fields of about 130 m.
        strata: level bands of colour on the slopes.
        grain: size of the middle blotches, metres.
        relief: height of the grain, metres.
    """
    g = Paper(name)
    geometry = g.node("NewGeometry")
    where, normal = geometry.outputs["Position"], geometry.outputs["Normal"]
    z, lean = (g.node("SeparateXYZ", {0: v}).outputs[2] for v in (where, normal))
    wide, middle = g.noise(0.012, 8, where, 0.6), g.noise(1 / grain, 8, where, 0.6)
    fine = g.noise(9, 5, where, 0.7)
    colour = g.mix(g.between(g.sum((wide, 0.45), (middle, 0.35), (fine, 0.2)), 0.38, 0.62), a, b)
    if patches:
        bend = g.node("TexNoise", {"Vector": where, "Scale": 0.01}).outputs[1]
        warped = g.vector("ADD", where, g.vector("MULTIPLY", bend, (60.0, 60.0, 0.0)))
        flat = g.vector("MULTIPLY", warped, (1.0, 1.0, 0.0))
        cells = {"Vector": flat, "Scale": 1 / 130}
        cell = g.node("TexVoronoi", cells, distance="CHEBYCHEV").outputs[1]
        stops = [(k / len(patches), c) for k, c in enumerate(patches)]
        field = g.ramp(g.node("SeparateColor", {0: cell}).outputs[0], *stops, constant=True)
        colour = g.mix(0.75, colour, field)
        colour = g.mix(g.math("MULTIPLY", g.between(fine, 0.4, 0.7), 0.35), colour, b)
    if steep:
        layer = g.noise(0.5, 8, where, 0.7)
        if strata:
            level = g.sum((g.noise(0.03, 6, where), 9.0), (z, 1.0))
            band = g.node("CombineXYZ", {2: level}).outputs[0]
            layer = g.sum((g.noise(0.22, 8, band, 0.8), 0.8), (layer, 0.2))
        stone = g.mix(g.between(layer, 0.38, 0.62), *steep)
        edge = g.sum((middle, 0.2), (lean, 1.0))
        colour = g.mix(g.between(edge, cliff, cliff + 0.17), stone, colour)
    if high:
        line = g.sum((g.math("SUBTRACT", wide, 0.5), 2.5 * high[2]), (z, 1.0))
        white = g.between(line, high[1], high[1] + high[2])
        colour = g.mix(g.math("MULTIPLY", white, g.between(lean, 0.55, 0.72)), colour, high[0])
    return g.finish(colour, 0.9, g.sum((fine, 1.0), (middle, grain)), relief)


def water(level: float, ripple: float = 0.15, colour: Colour = (0.012, 0.035, 0.045)) -> None:
    """A sheet of water at height `level`: dark, reflecting, with waves of `ripple` metres."""
    g = Paper("water")
    where = g.vector("MULTIPLY", g.node("NewGeometry").outputs["Position"], (0.45, 1.0, 1.0))
    waves = g.sum((g.noise(0.6, 5, where), 1.0), (g.noise(0.06, 5, where), 4.0))
    m = Mesh()
    corners = [(-9e3, -50, level), (9e3, -50, level), (9e3, 1.2e4, level), (-9e3, 1.2e4, level)]
    m.slab(corners, 0.1, g.finish(colour, 0.05, waves, ripple))
    m.place("water")


def trees(
    rng: Rng, kinds: Sequence[str], tall: tuple[float, float] = (6, 11), n: int = 4, **shape: float
) -> list[bpy.types.Mesh]:
    """`n` broadleaf trees whose leaves are drawn from `kinds`."""
    return [
        broadleaf(rng, float(rng.uniform(*tall)), str(rng.choice(kinds)), **shape) for _ in range(n)
    ]


def lawn(
    rng: Rng,
    height: Height,
    kinds: Sequence[str],
    *,
    reach: float = 45.0,
    n: int = 2600,
    tall: float = 0.3,
    keep: Keep = anywhere,
) -> None:
    """Grass in front of the camera, thinning out towards `reach` metres."""
    patches = [tuft(rng, k, tall) for k in kinds for _ in range(3)]
    spots = fan(rng, n, 1.5, reach, height, angle=38, power=1.6, keep=keep)
    scatter(rng, patches, spots, (0.5, 1.1))


def backdrop(rng: Rng, tall: float, level: float = -0.4, wooded: bool = True) -> Height:
    """Ground and hills behind a town; returns its height function."""
    seed = float(rng.uniform(-99, 99))

    def height(x: float, y: float) -> float:
        r = math.hypot(x, y)
        return level - 1.0 + tall * (0.6 + fractal(x, y, 900, seed, 6)) * step(r, 350, 1800)

    terrain(
        height,
        soil(
            "backdrop",
            (0.11, 0.13, 0.04),
            (0.06, 0.09, 0.02),
            patches=((0.12, 0.15, 0.04), (0.25, 0.22, 0.09), (0.08, 0.11, 0.03)),
            steep=((0.26, 0.24, 0.2), (0.12, 0.11, 0.1)),
            cliff=0.7,
        ),
        rings=240,
        spokes=200,
        far=5000,
    )
    if wooded:
        spots = fan(rng, 2600, 420, 2600, height, power=1.5)
        scatter(rng, trees(rng, ["summer", "olive"], n=2, leaves=1500, leaf=0.3), spots, (0.9, 1.8))
    return height
