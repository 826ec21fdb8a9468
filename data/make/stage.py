"""The stage for rendered scenes: geometry, materials, light, camera, a picture with exact depth.

A build tool only: it needs Blender as a module (`bpy` 4.5, Python 3.11), numpy and pillow, which
the course itself never imports. `rooms.py` and `outdoors.py` fill the stage, `render_scenes.py`
holds the table of scenes.

Conventions
-----------
- Metres, Z up. `location` of a primitive is the centre of its *base*; `with at((x, y, z), turn):`
  moves everything built inside (nested calls compose), so furniture is built at the origin.
- Every mesh carries UV coordinates in metres (box projection; `lathe`: arc and height), so that a
  brick is 0.22 m long wherever it is used. Colours are linear RGB; `srgb("#c8a070")` converts.
- A builder is `Callable[[numpy.random.Generator], SceneNotes]`. It fills an empty stage, lights and
  camera included, draws every random number from its argument, and returns `SceneNotes`.
  Each module exports `FAMILIES: dict[str, tuple[str, Builder]]`: family -> (kind, builder), with
  kind "room", "street" or "landscape", and `PLAN`: family -> {split: (seed, seed, ...)}, the
  scenes that ship, e.g. {"alley": {"train": (1, 2), "validation": (3,), "test": (4,)}}.
- Strengths that look right: sunny `sky(35, a, 0.1)` + `sun(35, a, 4)`; overcast: sky alone.
- Depth is *planar*: the distance along the optical axis of the camera (Z pass of Cycles, checked
  against a wall that fills the view), not the length of the ray. Sky = 1e10. No glass anywhere.
- Pictures use the AgX view transform (medium high contrast): highlights roll off as on film. The
  exposure is then set so that the mean of the picture meets `SceneNotes.brightness`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy  # isort: skip  (first: it makes bmesh and mathutils importable)
import bmesh
import numpy as np
from mathutils import Euler, Matrix, Vector
from PIL import Image

Colour = tuple[float, float, float]
Point = Sequence[float]
Rng = np.random.Generator
Material = bpy.types.Material


@dataclass(frozen=True)
class SceneNotes:
    """What the table says about a scene: camera and light in words and numbers."""

    camera: str
    light: str
    brightness: float = 0.42  # mean of the finished picture, 0 to 1


Builder = Callable[[Rng], SceneNotes]

# ---------------------------------------------------------------- stage and frames

_frames: list[Matrix] = [Matrix.Identity(4)]


def new_stage() -> None:
    """Empty everything: objects, materials, images, world."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _frames[:] = [Matrix.Identity(4)]
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True


@contextmanager
def at(location: Point = (0, 0, 0), turn: float = 0.0, tilt: Point = (0, 0)) -> Iterator[None]:
    """Build in a moved frame: `turn` about Z and `tilt` about X, Y, in degrees."""
    angles = Euler(np.radians((tilt[0], tilt[1], turn)).tolist())
    _frames.append(_frames[-1] @ Matrix.LocRotScale(Vector(location), angles, None))
    try:
        yield
    finally:
        _frames.pop()


def srgb(code: str) -> Colour:
    """Linear RGB of a web colour such as "#c8a070"."""
    v = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return tuple(np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).tolist())


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    """One of the options, each as likely as the next."""
    return options[int(rng.integers(len(options)))]


def vary(rng: Rng, colour: Colour, amount: float = 0.15) -> Colour:
    """The colour, brighter or darker and slightly shifted."""
    gain = np.exp(rng.normal(0, amount)) * np.exp(rng.normal(0, amount / 3, 3))
    return tuple(np.clip(np.array(colour) * gain, 0, 0.92).tolist())


# ---------------------------------------------------------------- geometry


_PLANES = ((1, 2), (0, 2), (0, 1))


def _box_uv(vertices: np.ndarray, faces: Sequence[Sequence[int]]) -> np.ndarray:
    """UV in metres for every face corner, projected along the dominant axis of the face."""
    sizes = np.array([len(face) for face in faces])
    uv = np.empty((sizes.sum(), 2))
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in np.unique(sizes):
        at_ = np.flatnonzero(sizes == size)
        p = vertices[np.array([faces[i] for i in at_])]  # (faces, size, 3)
        q = np.roll(p, -1, axis=1)
        area = [(p[..., i] * q[..., j] - p[..., j] * q[..., i]).sum(1) for i, j in _PLANES]
        plane = np.array(_PLANES)[np.abs(area).argmax(axis=0)]  # (faces, 2)
        corners = np.take_along_axis(p, np.broadcast_to(plane[:, None], (*p.shape[:2], 2)), axis=2)
        uv[first[at_][:, None] + np.arange(size)] = corners
    return uv


def mesh(
    vertices: Any,
    faces: Sequence[Sequence[int]],
    material: Material | None,
    location: Point = (0, 0, 0),
    rotation: Point = (0, 0, 0),
    smooth: bool = False,
    uv: np.ndarray | None = None,
) -> bpy.types.Object:
    """An object from vertices (N, 3) and faces; rotation in degrees; `uv` one row a face corner."""
    vertices = np.asarray(vertices, dtype=float)
    data = bpy.data.meshes.new("mesh")
    data.from_pydata(vertices.tolist(), [], [list(f) for f in faces])
    layer = data.uv_layers.new(name="metres")
    uv = _box_uv(vertices, faces) if uv is None else uv
    layer.data.foreach_set("uv", np.asarray(uv, dtype=np.float32).ravel())
    data.polygons.foreach_set("use_smooth", [smooth] * len(data.polygons))
    if material is not None:
        data.materials.append(material)
    return place(data, location, rotation)


def place(
    data: Any, location: Point = (0, 0, 0), rotation: Point = (0, 0, 0), scale: float = 1.0
) -> bpy.types.Object:
    """Put mesh, lamp or camera data on the stage; the same data may be placed many times."""
    thing = bpy.data.objects.new("object", data)
    local = Matrix.LocRotScale(
        Vector(location), Euler(np.radians(rotation).tolist()), Vector((scale,) * 3)
    )
    thing.matrix_world = _frames[-1] @ local
    bpy.context.scene.collection.objects.link(thing)
    return thing


def box(
    size: Point,
    location: Point,
    material: Material | None,
    bevel: float = 0.006,
    rotation: Point = (0, 0, 0),
) -> bpy.types.Object:
    """A box with bevelled edges standing on `location`."""
    bm = bmesh.new()
    bmesh.ops.create_cube(bm, size=1.0)
    for v in bm.verts:
        v.co = Vector((v.co.x * size[0], v.co.y * size[1], (v.co.z + 0.5) * size[2]))
    bevel = min(bevel, 0.3 * min(size))
    if bevel > 0:
        bmesh.ops.bevel(bm, geom=bm.edges[:], offset=bevel, segments=2, profile=0.5, affect="EDGES")
    bm.verts.index_update()
    vertices = np.array([v.co[:] for v in bm.verts])
    faces = [[v.index for v in f.verts] for f in bm.faces]
    bm.free()
    return mesh(vertices, faces, material, location, rotation)


def sheet(
    width: float,
    depth: float,
    height: Callable[[np.ndarray, np.ndarray], np.ndarray] | float,
    material: Material | None,
    location: Point = (0, 0, 0),
    rotation: Point = (0, 0, 0),
    steps: tuple[int, int] = (1, 1),
    smooth: bool = True,
) -> bpy.types.Object:
    """A grid centred on `location`, z = height(x, y): floors, cloth, curtains, terrain."""
    x, y = np.meshgrid(
        np.linspace(-width / 2, width / 2, steps[0] + 1),
        np.linspace(-depth / 2, depth / 2, steps[1] + 1),
    )
    z = height(x, y) if callable(height) else np.full_like(x, height)
    i = np.arange(steps[0] * steps[1])
    a = i // steps[0] * (steps[0] + 1) + i % steps[0]
    faces = np.stack([a, a + 1, a + steps[0] + 2, a + steps[0] + 1], axis=1)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    uv = points[faces.ravel(), :2]
    return mesh(points, faces.tolist(), material, location, rotation, smooth, uv)


def lathe(
    profile: Sequence[tuple[float, float]],
    material: Material | None,
    location: Point = (0, 0, 0),
    rotation: Point = (0, 0, 0),
    segments: int = 32,
    smooth: bool = True,
) -> bpy.types.Object:
    """Turn a profile of (radius, height) about Z: bowls, vases, lamps, fruit, columns."""
    r, z = np.array(profile, dtype=float).T
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    grid = np.stack(
        [np.outer(r, np.cos(angle)), np.outer(r, np.sin(angle)), np.outer(z, np.ones(segments + 1))]
    )
    rows, columns = len(r), segments + 1
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(segments)).ravel()
    faces = np.stack([a, a + 1, a + columns + 1, a + columns], axis=1)
    arc = np.concatenate([[0], np.cumsum(np.hypot(np.diff(r), np.diff(z)))])
    uv = np.stack(np.meshgrid(angle * max(r.max(), 1e-3), arc), axis=-1).reshape(-1, 2)
    points = grid.reshape(3, -1).T
    return mesh(points, faces.tolist(), material, location, rotation, smooth, uv[faces.ravel()])


def cylinder(
    radius: float,
    height: float,
    location: Point,
    material: Material | None,
    rotation: Point = (0, 0, 0),
    top: float | None = None,
    segments: int = 24,
) -> bpy.types.Object:
    """A closed cylinder (or cone, with the radius `top`) standing on `location`."""
    t = radius if top is None else top
    b = min(0.08 * radius, 0.01)
    profile = [(0, 0), (radius, 0), (radius, b), (t, height - b), (t - b, height), (0, height)]
    thing = lathe(profile, material, location, rotation, segments)
    flat = [i // segments in (0, 4) for i in range(len(thing.data.polygons))]
    thing.data.polygons.foreach_set("use_smooth", [not f for f in flat])
    return thing


def ball(
    radius: Point | float, location: Point, material: Material | None, segments: int = 24
) -> bpy.types.Object:
    """A sphere (or ellipsoid with three radii) resting on `location`."""
    rx, ry, rz = (radius,) * 3 if isinstance(radius, (int, float)) else radius
    a = np.linspace(-np.pi / 2, np.pi / 2, max(6, segments // 2) + 1)
    profile = list(zip(np.cos(a), np.sin(a) + 1, strict=True))
    thing = lathe(profile, material, location, segments=segments)
    thing.data.transform(Matrix.Diagonal((rx, ry, rz, 1)))
    return thing


def cushion(
    size: Point,
    location: Point,
    material: Material | None,
    rotation: Point = (0, 0, 0),
    power: float = 5.0,
    crumple: float = 0.0,
    rng: Rng | None = None,
) -> bpy.types.Object:
    """A soft rounded block (superellipsoid): seats, mattresses, pillows (power 2.5), stones."""
    n = 14
    bm = bmesh.new()
    bmesh.ops.create_cube(bm, size=2.0)
    bmesh.ops.subdivide_edges(bm, edges=bm.edges[:], cuts=n, use_grid_fill=True)
    p = np.array([v.co[:] for v in bm.verts])
    bm.verts.index_update()
    faces = [[v.index for v in f.verts] for f in bm.faces]
    bm.free()
    p = np.sign(p) * np.sin(np.abs(p) * np.pi / 2) ** 0.8
    p /= (np.abs(p) ** power).sum(axis=1, keepdims=True) ** (1 / power)
    if crumple and rng is not None:
        for _ in range(6):
            k, phase = rng.normal(0, 4, 3), rng.uniform(0, 6.28)
            p *= 1 + crumple / 3 * np.sin(p @ k + phase)[:, None]
    p = p * np.array(size) / 2 + (0, 0, size[2] / 2)
    return mesh(p, faces, material, location, rotation, smooth=True)


def tube(
    points: Sequence[Point], radius: float, material: Material | None, end: float | None = None
) -> bpy.types.Object:
    """A round bar along points: stems, legs, rails, cables; thins to the radius `end`."""
    curve = bpy.data.curves.new("tube", "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution = "3D", radius, 3
    curve.use_fill_caps = True
    spline = curve.splines.new("POLY")
    spline.points.add(len(points) - 1)
    for i, (p, q) in enumerate(zip(spline.points, points, strict=True)):
        p.co = (*q, 1.0)
        p.radius = 1 + ((end or radius) / radius - 1) * i / max(1, len(points) - 1)
    if material is not None:
        curve.materials.append(material)
    return place(curve)


def leaves(
    rng: Rng,
    positions: np.ndarray,
    directions: np.ndarray,
    size: tuple[float, float],
    material: Material | None,
    droop: float = 0.3,
    spread: float = 0.3,
) -> bpy.types.Object:
    """Many bent leaves in one mesh; positions, directions: (N, 3); size: (length, width)."""
    n = len(positions)
    up = directions + rng.normal(0, spread, (n, 3))
    up /= np.linalg.norm(up, axis=1, keepdims=True) + 1e-9
    side = np.cross(up, rng.normal(0, 0.4, (n, 3)) + np.array((0, 0, 1.0)))
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    length = size[0] * rng.uniform(0.6, 1.2, (n, 1))
    half = 0.5 * size[1] * rng.uniform(0.7, 1.2, (n, 1))
    fall = np.array((0, 0, -1.0)) * length * droop
    mid, tip = positions + up * length * 0.45, positions + up * length + fall
    points = np.stack([positions, mid - side * half, mid + side * half, tip], axis=1)
    b = 4 * np.arange(n)
    faces = np.concatenate([np.stack([b, b + 1, b + 2], 1), np.stack([b + 1, b + 3, b + 2], 1)])
    return mesh(points.reshape(-1, 3), faces.tolist(), material)


# ---------------------------------------------------------------- materials


class Graph:
    """A material's node graph in few words; inputs take numbers, colours or other sockets."""

    def __init__(self, name: str = "material") -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def node(self, kind: str, inputs: dict[Any, Any] | None = None, **settings: Any) -> Any:
        """Add ShaderNode<kind>, set attributes, fill or link its inputs; returns the node."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for key, value in settings.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            socket = node.inputs[key]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            elif socket.type == "RGBA":
                socket.default_value = (*value[:3], 1.0)
            else:
                socket.default_value = value
        return node

    def uv(self, scale: Point = (1, 1, 1), turn: float = 0.0, shift: bool = False) -> Any:
        """UV in metres; `shift` moves it by a random amount for each object."""
        vector = self.node("TexCoord").outputs["UV"]
        if shift:
            offset = self.math("MULTIPLY", self.node("ObjectInfo").outputs["Random"], 37.0)
            vector = self.node("VectorMath", {0: vector, 1: offset}).outputs[0]
        mapping = {"Vector": vector, "Scale": scale, "Rotation": (0, 0, np.radians(turn))}
        return self.node("Mapping", mapping).outputs[0]

    def solid(self, scale: Point = (1, 1, 1)) -> Any:
        """Object coordinates in metres, moved by a random amount for each object."""
        offset = self.math("MULTIPLY", self.node("ObjectInfo").outputs["Random"], 37.0)
        vector = self.node("TexCoord").outputs["Object"]
        vector = self.node("VectorMath", {0: vector, 1: offset}).outputs[0]
        return self.node("Mapping", {"Vector": vector, "Scale": scale}).outputs[0]

    def noise(self, scale: float, detail: float = 4.0, vector: Any = None, rough: float = 0.55):
        """Fractal noise, 0 to 1, of `scale` features a metre."""
        vector = self.solid() if vector is None else vector
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Roughness": rough}
        return self.node("TexNoise", inputs).outputs[0]

    def math(self, operation: str, a: Any, b: Any = 0.0) -> Any:
        """One scalar operation of Blender's math node."""
        return self.node("Math", {0: a, 1: b}, operation=operation).outputs[0]

    def mix(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        """Colour a where factor is 0, b where it is 1."""
        inputs = {0: factor, 6: a, 7: b}
        return self.node("Mix", inputs, data_type="RGBA", blend_type=blend).outputs[2]

    def ramp(self, value: Any, *stops: tuple[float, Colour], constant: bool = False) -> Any:
        """A colour for every value: (position, colour) in rising order."""
        node = self.node("ValToRGB", {0: value})
        ramp = node.color_ramp
        ramp.interpolation = "CONSTANT" if constant else "LINEAR"
        while len(ramp.elements) < len(stops):
            ramp.elements.new(0.5)
        for element, (position, colour) in zip(ramp.elements, stops, strict=True):
            element.position, element.color = position, (*colour, 1.0)
        return node.outputs[0]

    def finish(
        self,
        colour: Any,
        roughness: Any = 0.6,
        height: Any = None,
        bump: float = 0.01,
        metallic: float = 0.0,
        sheen: float = 0.0,
        translucent: float = 0.0,
        flat: Colour | None = None,
    ) -> Material:
        """Close the graph; `bump` is the height of the relief in metres.

        With `flat`, a mean colour, light that bounces diffusely off the surface sees that colour
        only. The texture is then evaluated where the camera looks: a quarter of the time saved.
        """
        inputs = {
            "Base Color": colour,
            "Roughness": roughness,
            "Metallic": metallic,
            "Sheen Weight": sheen,
        }
        if height is not None:
            normal = self.node("Bump", {"Height": height, "Distance": bump, "Strength": 1.0})
            inputs["Normal"] = normal.outputs[0]
        shader = self.node("BsdfPrincipled", inputs).outputs[0]
        if translucent:
            through = self.node("BsdfTranslucent", {"Color": flat or colour}).outputs[0]
            shader = self.node("MixShader", {0: translucent, 1: shader, 2: through}).outputs[0]
        if flat is not None:
            bounced = self.node("LightPath").outputs["Is Diffuse Ray"]
            cheap = self.node("BsdfDiffuse", {"Color": flat}).outputs[0]
            shader = self.node("MixShader", {0: bounced, 1: shader, 2: cheap}).outputs[0]
        self.node("OutputMaterial", {"Surface": shader})
        return self.material


def _mean(*colours: Colour) -> Colour:
    return tuple((0.85 * np.mean(colours, axis=0)).tolist())


def plain(colour: Colour, roughness: float = 0.5, metallic: float = 0.0) -> Material:
    """Paint, enamel, china or metal with slight uneven wear."""
    g = Graph("plain")
    tone = g.ramp(g.noise(6), (0.3, tuple(0.88 * c for c in colour)), (0.7, colour))
    return g.finish(tone, roughness, metallic=metallic, flat=colour)


def plaster(colour: Colour, relief: float = 0.004, stains: float = 0.12) -> Material:
    """Wall plaster or concrete: broad stains, fine grain."""
    g = Graph("plaster")
    dark = tuple((1 - stains) * c for c in colour)
    tone = g.mix(g.noise(1.2, 6), dark, colour)
    tone = g.mix(g.math("MULTIPLY", g.noise(60, 3), 0.25), tone, tuple(0.7 * c for c in colour))
    return g.finish(tone, 0.85, g.noise(25, 3), relief, flat=_mean(dark, colour))


def brick(
    a: Colour, b: Colour, mortar: Colour, size: tuple[float, float] = (0.22, 0.075)
) -> Material:
    """Brickwork with bricks of `size` metres, colours between a and b, and worn faces."""
    g = Graph("brick")
    node = g.node(
        "TexBrick",
        {"Vector": g.uv(), "Color1": a, "Color2": b, "Mortar": mortar, "Scale": 1.0,
         "Mortar Size": 0.006, "Mortar Smooth": 0.3, "Brick Width": size[0], "Row Height": size[1]},
    )  # fmt: skip
    worn = g.mix(g.math("MULTIPLY", g.noise(18, 6), 0.7), node.outputs[0], (0.02, 0.02, 0.02))
    height = g.math("SUBTRACT", g.math("MULTIPLY", g.noise(50), 0.4), node.outputs[1])
    return g.finish(worn, 0.85, height, 0.008, flat=_mean(a, b))


def tiles(
    a: Colour, b: Colour, joint: Colour, size: float = 0.15, chequered: bool = False,
    roughness: float = 0.25,
) -> Material:  # fmt: skip
    """Square tiles of `size` metres with joints; `chequered` alternates the two colours."""
    g = Graph("tiles")
    node = g.node(
        "TexBrick",
        {"Vector": g.uv(), "Color1": a, "Color2": a if chequered else b, "Mortar": joint,
         "Scale": 1.0, "Mortar Size": 0.02 * size, "Brick Width": size, "Row Height": size},
        offset=0.0,
    )  # fmt: skip
    tone = node.outputs[0]
    if chequered:
        inputs = {"Vector": g.uv(), "Color1": a, "Color2": b, "Scale": 1 / size}
        tone = g.mix(node.outputs[1], g.node("TexChecker", inputs).outputs[0], joint)
    tone = g.mix(g.math("MULTIPLY", g.noise(9, 6), 0.35), tone, tuple(0.5 * c for c in a))
    height = g.math("MULTIPLY", node.outputs[1], -1.0)
    return g.finish(tone, roughness, height, 0.003, flat=_mean(a, b))


def wood(
    light: Colour, dark: Colour, planks: tuple[float, float] | None = None, roughness: float = 0.4,
    across: bool = False,
) -> Material:  # fmt: skip
    """Wood grain along U (along V if `across`); `planks` = (length, width) in metres for floors."""
    g = Graph("wood")
    turn = 90.0 if across else 0.0
    vector = g.uv(turn=turn, shift=planks is None)
    shade: Any = 0.5
    joint: Any = 0.0
    if planks:
        node = g.node(
            "TexBrick",
            {"Vector": vector, "Color1": (0, 0, 0), "Color2": (1, 1, 1), "Mortar": (0.5, 0.5, 0.5),
             "Scale": 1.0, "Mortar Size": 0.0018, "Brick Width": planks[0],
             "Row Height": planks[1]},
            offset=0.37, offset_frequency=2,
        )  # fmt: skip
        shade, joint = node.outputs[0], node.outputs[1]
        vector = g.node("VectorMath", {0: vector, 1: g.math("MULTIPLY", shade, 9.0)}).outputs[0]
    long = g.node("Mapping", {"Vector": vector, "Scale": (1.5, 34, 1)}).outputs[0]
    grain = g.noise(1.6, 5, long, 0.65)
    ring = g.math("SINE", g.math("MULTIPLY", g.noise(0.55, 2, long), 30.0))
    value = g.math("ADD", g.math("MULTIPLY", ring, 0.08), grain)
    tone = g.ramp(value, (0.28, dark), (0.72, light))
    tone = g.mix(g.math("MULTIPLY", shade, 0.45), tone, dark, "MULTIPLY" if planks else "MIX")
    tone = g.mix(joint, tone, tuple(0.15 * c for c in dark))
    return g.finish(tone, roughness, g.math("SUBTRACT", grain, joint), 0.0015,
                    flat=_mean(light, dark))  # fmt: skip


def fabric(
    a: Colour, b: Colour | None = None, pattern: str = "plain", size: float = 0.08,
    translucent: float = 0.0,
) -> Material:  # fmt: skip
    """Woven cloth: "plain", "stripes", "checks", "floral" or "dots", repeating every `size` m."""
    g = Graph("fabric")
    b = b or tuple(0.6 * c for c in a)
    weave = g.noise(420, 1)
    vector = g.uv()
    if pattern == "plain":
        tone = g.mix(g.noise(5, 5), a, tuple(0.7 * c for c in a))
        slub = g.math("MULTIPLY", g.noise(1.0, 3, g.uv((35, 140, 1))), 0.6)
        tone = g.mix(slub, tone, tuple(0.45 * c for c in a))
    elif pattern in ("stripes", "checks"):
        x, y, _ = (g.node("SeparateXYZ", {0: vector}).outputs[i] for i in range(3))
        bands = [
            g.math("GREATER_THAN", g.math("FRACT", g.math("DIVIDE", v, size)), 0.5) for v in (x, y)
        ]
        factor = bands[0]
        if pattern == "checks":
            factor = g.math("MULTIPLY", g.math("ADD", *bands), 0.5)
        tone = g.mix(factor, a, b)
    else:
        rand = 1.0 if pattern == "floral" else 0.0
        inputs = {"Vector": vector, "Scale": 1 / size, "Randomness": rand}
        cell = g.node("TexVoronoi", inputs, voronoi_dimensions="2D")
        edge = g.math("ADD", cell.outputs[0], g.math("MULTIPLY", g.noise(2.2 / size, 2), 0.5))
        ground = g.ramp(g.noise(1.5 / size, 2), (0.5, a), (0.54, tuple(0.7 * c for c in a)))
        petals = g.mix(0.35, b, g.mix(1.0, b, cell.outputs[1], "MULTIPLY"))
        limit = 0.52 if pattern == "floral" else 0.55
        tone = g.mix(g.math("LESS_THAN", edge, limit), ground, petals)
        if pattern == "floral":
            tone = g.mix(g.math("LESS_THAN", edge, 0.33), tone, (0.75, 0.55, 0.15))
    tone = g.mix(g.math("MULTIPLY", weave, 0.5), tone, tuple(0.35 * c for c in a))
    return g.finish(tone, 0.9, weave, 0.002, sheen=0.25, translucent=translucent,
                    flat=a if pattern == "plain" else _mean(a, a, b))  # fmt: skip


def carpet(a: Colour, b: Colour | None = None, tufts: float = 160.0) -> Material:
    """Pile carpet, felt, gravel-like noise: colour flecks and a rough surface."""
    g = Graph("carpet")
    fleck = g.noise(tufts, 2)
    tone = g.ramp(fleck, (0.35, tuple(0.5 * c for c in b or a)), (0.65, a))
    tone = g.mix(g.math("MULTIPLY", g.noise(2.5, 5), 0.5), tone, tuple(0.5 * c for c in a))
    return g.finish(tone, 0.95, fleck, 0.012, sheen=0.2, flat=_mean(a, b or a))


def leather(colour: Colour) -> Material:
    """Leather: fine cells and creases, a soft shine."""
    g = Graph("leather")
    cells = g.node("TexVoronoi", {"Vector": g.solid(), "Scale": 220.0}).outputs[0]
    tone = g.mix(g.noise(7, 6), colour, tuple(0.55 * c for c in colour))
    height = g.math("ADD", cells, g.math("MULTIPLY", g.noise(9, 4), 2.0))
    return g.finish(tone, 0.38, height, 0.003, flat=colour)


def marble(base: Colour, vein: Colour, scale: float = 2.0, roughness: float = 0.12) -> Material:
    """Polished stone with veins."""
    g = Graph("marble")
    twist = g.node("TexNoise", {"Vector": g.solid(), "Scale": scale, "Detail": 6.0}).outputs[1]
    vector = g.node("VectorMath", {0: g.solid(), 1: twist}).outputs[0]
    line = g.math("ABSOLUTE", g.math("SUBTRACT", g.noise(scale * 1.3, 5, vector), 0.5))
    tone = g.ramp(line, (0.0, vein), (0.06, base))
    tone = g.mix(g.math("MULTIPLY", g.noise(90, 2), 0.2), tone, vein)
    return g.finish(tone, roughness, flat=base)


def foliage(colour: Colour, translucent: float = 0.3) -> Material:
    """Leaves: every leaf mesh and patch a slightly different green, light shines through."""
    g = Graph("foliage")
    dark = tuple(0.45 * c for c in colour)
    warm = (min(1.0, colour[0] * 1.7), colour[1] * 1.1, colour[2] * 0.7)
    return g.finish(g.ramp(g.noise(14, 3), (0.3, dark), (0.5, colour), (0.75, warm)), 0.5,
                    translucent=translucent, flat=colour)  # fmt: skip


def glow(colour: Colour, strength: float) -> Material:
    """A surface that emits light: lampshades, screens, lit windows."""
    g = Graph("glow")
    shader = g.node("Emission", {"Color": colour, "Strength": strength}).outputs[0]
    g.node("OutputMaterial", {"Surface": shader})
    return g.material


def picture(path: Path, width: float, height: float, glowing: float = 0.0) -> Material:
    """A photograph that fills UV from (-width/2, 0) to (width/2, height), as `box` lays it."""
    g = Graph("picture")
    scale = (1 / width, 1 / height, 1)
    inputs = {"Vector": g.node("TexCoord").outputs["UV"], "Scale": scale, "Location": (0.5, 0, 0)}
    image = bpy.data.images.load(str(path), check_existing=True)
    vector = g.node("Mapping", inputs).outputs[0]
    tone = g.node("TexImage", {"Vector": vector}, image=image).outputs[0]
    if glowing:
        shader = g.node("Emission", {"Color": tone, "Strength": glowing}).outputs[0]
        g.node("OutputMaterial", {"Surface": shader})
        return g.material
    return g.finish(tone, 0.35)


# ---------------------------------------------------------------- light


def sky(elevation: float, azimuth: float, strength: float = 0.3, haze: float = 1.0) -> None:
    """A physical sky without sun disc (add `sun`); degrees, azimuth counter-clockwise from +X."""
    _world(
        "TexSky",
        strength,
        sky_type="NISHITA",
        sun_disc=False,
        sun_elevation=float(np.radians(elevation)),
        sun_rotation=float(np.radians(90 - azimuth)),
        dust_density=haze,
    )


def sky_photo(name: str, strength: float = 1.0, turn: float = 0.0) -> None:
    """A panorama that Blender ships (CC0): city, courtyard, forest, interior, night, sunrise ..."""
    folder = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
    image = bpy.data.images.load(str(folder / f"{name}.exr"), check_existing=True)
    _world("TexEnvironment", strength, turn, image=image)


def _world(kind: str, strength: float, turn: float = 0.0, **settings: Any) -> None:
    tree = bpy.context.scene.world.node_tree
    tree.nodes.clear()
    texture = tree.nodes.new("ShaderNode" + kind)
    for key, value in settings.items():
        setattr(texture, key, value)
    mapping, coords = tree.nodes.new("ShaderNodeMapping"), tree.nodes.new("ShaderNodeTexCoord")
    mapping.inputs["Rotation"].default_value = (0, 0, np.radians(turn))
    back, out = tree.nodes.new("ShaderNodeBackground"), tree.nodes.new("ShaderNodeOutputWorld")
    back.inputs["Strength"].default_value = strength
    tree.links.new(coords.outputs["Generated"], mapping.inputs[0])
    tree.links.new(mapping.outputs[0], texture.inputs[0])
    tree.links.new(texture.outputs[0], back.inputs["Color"])
    tree.links.new(back.outputs[0], out.inputs["Surface"])


def _lamp(kind: str, power: float, colour: Colour, **settings: Any) -> bpy.types.Light:
    lamp = bpy.data.lights.new(kind.lower(), kind)
    lamp.energy, lamp.color = power, colour
    for key, value in settings.items():
        setattr(lamp, key, value)
    return lamp


def sun(elevation: float, azimuth: float, strength: float = 3.0, colour: Colour = (1, 0.95, 0.87),
        softness: float = 0.6) -> None:  # fmt: skip
    """Sunlight from the given direction in degrees (same azimuth as `sky`), W/m2."""
    lamp = _lamp("SUN", strength, colour, angle=float(np.radians(softness)))
    place(lamp, (0, 0, 10), (90 - elevation, 0, azimuth + 90))


def area_light(location: Point, target: Point, size: tuple[float, float], power: float,
               colour: Colour = (1, 1, 1), portal: bool = False) -> None:  # fmt: skip
    """A rectangular light of `power` watts facing `target`; `portal` guides sky light instead."""
    lamp = _lamp("AREA", power, colour, shape="RECTANGLE", size=size[0], size_y=size[1])
    lamp.cycles.is_portal = portal
    thing = place(lamp, location, _facing(location, target))
    thing.visible_camera = False


def point_light(location: Point, power: float, colour: Colour = (1, 0.75, 0.5),
                radius: float = 0.05) -> None:  # fmt: skip
    """A lamp bulb of `power` watts."""
    thing = place(_lamp("POINT", power, colour, shadow_soft_size=radius), location)
    thing.visible_camera = False


def _facing(location: Point, target: Point) -> tuple[float, float, float]:
    towards = Vector(target) - Vector(location)
    return tuple(np.degrees(towards.to_track_quat("-Z", "Y").to_euler()).tolist())


# ---------------------------------------------------------------- camera and render


def camera(location: Point, target: Point, lens: float = 28.0) -> str:
    """Set the camera (focal length in mm on a 36 mm sensor); returns the words for the table."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.clip_start, data.clip_end = lens, 36.0, 0.02, 20000.0
    bpy.context.scene.camera = place(data, location, _facing(location, target))
    where, at_ = (" ".join(f"{c:.2f}" for c in p) for p in (location, target))
    return f"at {where} m towards {at_} m; {lens:.0f} mm on 36 mm"


def render(width: int, height: int, samples: int, seed: int = 0, brightness: float = 0.42,
           threads: int = 2) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The picture (height, width, 3) uint8 sRGB and planar depth (height, width) float32 metres."""
    scene = bpy.context.scene
    r, c = scene.render, scene.cycles
    r.engine, r.resolution_x, r.resolution_y, r.resolution_percentage = "CYCLES", width, height, 100
    r.threads_mode, r.threads = "FIXED", threads
    c.device, c.samples, c.seed, c.use_denoising = "CPU", samples, seed, True
    c.denoiser, c.denoising_prefilter = "OPENIMAGEDENOISE", "FAST"
    c.use_adaptive_sampling, c.adaptive_threshold = True, 0.04
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transmission_bounces = 4, 3, 2, 3
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect, c.filter_width = 6.0, 1.3
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_layers[0].use_pass_z = True
    with tempfile.TemporaryDirectory() as folder:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        layers = tree.nodes.new("CompositorNodeRLayers")
        out = tree.nodes.new("CompositorNodeOutputFile")
        out.base_path, out.file_slots[0].path = folder, "depth"
        out.format.file_format, out.format.color_depth = "OPEN_EXR", "32"
        composite = tree.nodes.new("CompositorNodeComposite")
        tree.links.new(layers.outputs["Image"], composite.inputs[0])
        tree.links.new(layers.outputs["Depth"], out.inputs[0])
        r.image_settings.file_format = "PNG"
        bpy.ops.render.render()
        exr = bpy.data.images.load(str(next(Path(folder).glob("depth*.exr"))))
        flat = np.empty(width * height * exr.channels, dtype=np.float32)
        exr.pixels.foreach_get(flat)
        depth = flat.reshape(height, width, exr.channels)[::-1, :, 0].copy()
        low, high = -8.0, 8.0
        for _ in range(9):  # bisection on the exposure, in stops
            scene.view_settings.exposure = (low + high) / 2
            shot = Path(folder) / "picture.png"
            bpy.data.images["Render Result"].save_render(str(shot), scene=scene)
            rgb = np.array(Image.open(shot).convert("RGB"))
            if rgb.mean() / 255 < brightness:
                low = scene.view_settings.exposure
            else:
                high = scene.view_settings.exposure
    return rgb, depth
