"""Render the scenes with exact depth: pictures, 16-bit depth and the table `scenes.csv`.

A scene is its family and its seed: `living_room_003` is family `living_room`, seed 3, and comes out
the same wherever it is rendered with the same Blender (depth exactly, colours to a grey level). The
families and the shipped seeds stand in `rooms.py` and `outdoors.py` (`FAMILIES`, `PLAN`).

    python data/make/render_scenes.py                        # what is missing in data/scenes
    python data/make/render_scenes.py --only kitchen_002     # one scene, again
    python data/make/render_scenes.py --family dining_room --samples 8 --out preview
    python data/make/render_scenes.py --extra 200 --kind room --first-seed 1000 --out more

Needs Blender as a module: `pip install bpy==4.5.* pillow numpy` on Python 3.11. Stop it at any
moment and start it again: finished scenes are kept, half-written files never appear.

Files: `<name>.jpg` (JPEG, quality 92, no chroma subsampling) and `<name>_depth.png` (16 bit, planar
depth: metres = value * scale, rounded to 11 significant bits, that is within 0.05 %; 65535 = sky).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import stage  # isort: skip  (first: it loads Blender, which the others need)
import numpy as np
import outdoors
import rooms
from PIL import Image
from tables import Row, read_table

SCENES = Path(__file__).resolve().parents[1] / "scenes"
FAMILIES = {**rooms.FAMILIES, **outdoors.FAMILIES}
PLAN: dict[str, dict[str, tuple[int, ...]]] = {**rooms.PLAN, **outdoors.PLAN}
TABLE = [
    (f"{family}_{seed:03d}", family, seed, split)
    for family, splits in PLAN.items()
    for split, seeds in splits.items()
    for seed in seeds
]
COLUMNS = (
    "name", "file", "depth_file", "kind", "family", "split", "scale", "unit", "seed", "camera",
    "light", "licence",
)  # fmt: skip
SKY = 65535


def encode_depth(depth: np.ndarray) -> tuple[np.ndarray, float]:
    """Depth in metres as uint16 and the scale: metres = value * scale; 65535 = sky.

    Values keep 11 significant bits, which halves the size of the PNG.
    """
    if not np.isfinite(depth).all() or (depth <= 0).any():
        raise ValueError("expected finite, positive depth, found others: check the camera's place")
    is_sky = depth > 1e6
    scale = float(f"{(depth[~is_sky].max() if (~is_sky).any() else 1.0) * 1.0005 / 65000:.6g}")
    value = np.where(is_sky, 0, depth / scale)
    step = 2.0 ** np.maximum(0, np.floor(np.log2(np.maximum(value, 1))) - 10)
    value = np.maximum(np.round(value / step) * step, 1).astype(np.uint16)
    return np.where(is_sky, SKY, value).astype(np.uint16), scale


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Blender writes to the standard output, below Python."""
    sys.stdout.flush()
    keep, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        yield
    finally:
        os.dup2(keep, 1)
        os.close(keep)
        os.close(null)


def _save(image: Image.Image, path: Path, **options: object) -> None:
    """Write to a neighbour, then rename: a reader never sees half a file."""
    part = path.with_name(f".{path.name}.part{os.getpid()}")
    image.save(part, format="JPEG" if path.suffix == ".jpg" else "PNG", **options)
    part.replace(path)


def _rows_by_name(folder: Path) -> dict[str, Row]:
    return {row["name"]: row for row in read_table(folder / "scenes.csv")}


def _update_table(folder: Path, row: dict[str, str] | None = None) -> None:
    """Insert or replace a row, drop rows without files, restore the order of TABLE.

    Safe while a second process renders into the same folder.
    """
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        rows = _rows_by_name(folder) | ({row["name"]: row} if row else {})
        rows = {name: r for name, r in rows.items() if (folder / r["file"]).exists()}
        place = {name: i for i, (name, *_) in enumerate(TABLE)}
        order = sorted(rows, key=lambda name: (place.get(name, len(place)), name))
        part = folder / f".scenes.csv.part{os.getpid()}"
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[name] for name in order)
        part.replace(folder / "scenes.csv")
    finally:
        os.close(handle)


def make_scene(
    name: str, family: str, seed: int, split: str, folder: Path, samples: int, threads: int
) -> dict[str, str]:
    """Build, render and store one scene; returns its row of the table."""
    kind, build = FAMILIES[family]
    rng = np.random.default_rng([seed, *family.encode()])
    with _quiet():
        stage.new_stage()
        notes = build(rng)
        rgb, depth = stage.render(480, 320, samples, seed, notes.brightness, threads)
    value, scale = encode_depth(depth)
    _save(Image.fromarray(value), folder / f"{name}_depth.png", optimize=True)
    _save(Image.fromarray(rgb), folder / f"{name}.jpg", quality=92, subsampling=0, optimize=True)
    cells = (
        name, f"{name}.jpg", f"{name}_depth.png", kind, family, split, f"{scale:.6g}", "m", seed,
        notes.camera, notes.light, "CC0-1.0",
    )  # fmt: skip
    return {column: str(cell) for column, cell in zip(COLUMNS, cells, strict=True)}


def chosen_scenes(args: argparse.Namespace) -> list[tuple[str, str, int, str]]:
    """The scenes that the command line asks for, as rows of TABLE."""
    named = args.family or [f for f, (kind, _) in FAMILIES.items() if args.kind in (None, kind)]
    if unknown := set(named) - set(FAMILIES):
        raise ValueError(f"unknown family {sorted(unknown)}; there are {', '.join(FAMILIES)}")
    if args.extra:
        # A family that is in test only stays out of what is made for training.
        families = args.family or [f for f in named if set(PLAN[f]) != {"test"}]
        pairs = [(families[i % len(families)], args.first_seed + i) for i in range(args.extra)]
        return [(f"{family}_{seed:03d}", family, seed, "train") for family, seed in pairs]
    if args.only:
        rows = {name: (name, family, seed, split) for name, family, seed, split in TABLE}
        for name in set(args.only) - set(rows):
            family, _, seed = name.rpartition("_")
            if family not in FAMILIES or not seed.isdigit():
                raise ValueError(f"unknown scene {name!r}; expected <family>_<seed>")
            rows[name] = (name, family, int(seed), "none")
        return [rows[name] for name in args.only]
    return [row for row in TABLE if row[1] in named]


def main() -> None:
    """Command line: render what is chosen and missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenes, even if present")
    parser.add_argument("--family", nargs="+", help="all scenes of these families")
    parser.add_argument("--kind", choices=("room", "street", "landscape"))
    parser.add_argument("--samples", type=int, default=16, help="light paths a pixel (default 16)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=SCENES, help="folder (default data/scenes)")
    parser.add_argument("--extra", type=int, metavar="N", help="N scenes beyond the table")
    parser.add_argument("--first-seed", type=int, default=1000, metavar="S")
    args = parser.parse_args()
    if args.extra and args.out.resolve() == SCENES:
        parser.error("--extra is for scenes that do not ship: give another folder with --out")
    try:
        wanted = chosen_scenes(args)
    except ValueError as problem:
        parser.error(str(problem))
    args.out.mkdir(parents=True, exist_ok=True)
    done = {
        name for name in _rows_by_name(args.out)
        if (args.out / f"{name}.jpg").exists() and (args.out / f"{name}_depth.png").exists()
    }  # fmt: skip
    todo = [row for row in wanted if args.only or row[0] not in done]
    print(f"{len(wanted)} scenes, {len(wanted) - len(todo)} present, {len(todo)} to render")
    start = time.monotonic()
    for i, row in enumerate(todo, 1):
        begin = time.monotonic()
        _update_table(args.out, make_scene(*row, args.out, args.samples, args.threads))
        spent, left = time.monotonic() - begin, (time.monotonic() - start) / i * (len(todo) - i)
        print(f"[{i}/{len(todo)}] {row[0]}  {spent:.0f} s  (about {left / 60:.0f} min left)",
              flush=True)  # fmt: skip
    _update_table(args.out)


if __name__ == "__main__":
    main()
