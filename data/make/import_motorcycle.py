"""Add the measured scene: Motorcycle of the Middlebury 2014 stereo set, as scikit-image carries it.

    depth = f B / (disparity + dx),  f = 994.978 px, B = 193.001 mm, dx = 31.086 px

    Scharstein et al., High-resolution stereo datasets with subpixel-accurate ground truth,
    GCPR 2014.

The left picture and its disparity lie in Debian's `python3-skimage` (0.19.3-8); fetch and unpack:

    apt-get download python3-skimage && dpkg -x python3-skimage_*.deb originals
    python data/make/import_motorcycle.py originals

Pixels whose disparity was not measured (infinite in the original) are stored as 0 = unknown.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tables import DATA, Row, read_table, write_table

FOLDER = Path("usr/lib/python3/dist-packages/skimage/data")
FOCAL, BASELINE, OFFSET = 994.978, 0.193001, 31.086  # pixels, metres, pixels
SCALE = 0.0001  # metres per step of the 16-bit depth: up to 6.5 m
WIDTH = 480  # pixels, as the rendered scenes
ROW: Row = {
    "name": "motorcycle",
    "file": "motorcycle.jpg",
    "depth_file": "motorcycle_depth.png",
    "kind": "measured",
    "family": "motorcycle",
    "split": "test",
    "scale": str(SCALE),
    "unit": "m",
    "seed": "",
    "camera": "stereo pair, focal length 994.978 px at 741 px width, baseline 193.001 mm",
    "light": "ambient light of a garage",
    "licence": "Middlebury-permission",
}


def depth_from_disparity(disparity: np.ndarray) -> np.ndarray:
    """depth = f B / (disparity + dx) in metres; NaN where the disparity is not finite."""
    depth = FOCAL * BASELINE / (disparity.astype(np.float64) + OFFSET)
    return np.where(np.isfinite(disparity), depth, np.nan)


def update_table(folder: Path) -> None:
    """Put the row of this scene last in scenes.csv; render_scenes.py keeps rows it does not own."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)  # the lock that render_scenes.py takes
    try:
        rows = [row for row in read_table(folder / "scenes.csv") if row["name"] != ROW["name"]]
        write_table(folder / "scenes.csv", [*rows, ROW])
    finally:
        os.close(handle)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("originals", type=Path, help="folder with python3-skimage unpacked")
    folder = parser.parse_args().originals / FOLDER

    with np.load(folder / "motorcycle_disp.npz") as archive:
        depth = depth_from_disparity(archive["arr_0"])
    picture = Image.open(folder / "motorcycle_left.png").convert("RGB")
    size = (WIDTH, round(WIDTH * picture.height / picture.width))
    steps = np.nan_to_num(np.round(depth / SCALE), nan=0).astype(np.uint16)

    target = DATA / "scenes"
    target.mkdir(parents=True, exist_ok=True)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    small.save(target / ROW["file"], quality=92, subsampling=0, optimize=True)
    # nearest: a mean over the edge of an object would be a depth where nothing stands
    near = Image.fromarray(steps).resize(size, Image.Resampling.NEAREST)
    near.save(target / ROW["depth_file"], optimize=True)

    update_table(target)
    known = np.asarray(near) > 0
    print(f"motorcycle: {size[0]} x {size[1]}, {1 - known.mean():.1%} unknown")


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"{error.filename}: not found; unpack python3-skimage as the head shows")
