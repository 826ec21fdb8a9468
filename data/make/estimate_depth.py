"""Pseudo-depth of a photograph from geometry alone: sky, ground plane, contact rows.

    ground seen at row y    depth ~ 1 / (y - horizon)
    what stands on it       the depth of its contact row
    sky                     1, the farthest

No cue of haze goes in: depth guessed from the dark channel would favour the dark channel prior in
every test made with it. Three steps, each on the picture at half its size:

1. Sky (`sky.py`): smooth parts above a border that runs along strong edges.
2. Ground and things: segments (Felzenszwalb and Huttenlocher, IJCV 2004) below the horizon are
   ground; a segment that rises over it takes the depth of the row where it meets the ground, or of
   the thing that it rests on.
3. Guided filter (He et al., TPAMI 2013): the steps of the map follow the edges of the picture.

Needs numpy, pillow, scipy and scikit-image.

    python data/make/estimate_depth.py            # data/photos/depth, and the measure on the scenes
    python data/make/estimate_depth.py my.jpg     # writes my_depth.png beside my.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, stats
from skimage.segmentation import felzenszwalb
from sky import Sky, find_sky
from tables import DATA, Row, read_table, write_table

Array = np.ndarray

WALL = 0.8  # how fast side walls come nearer, relative to floor and ceiling
SOFT = 0.08  # softens the pole of 1 / (y - horizon), in picture heights
GROUND_FAR = 0.85  # relative depth of the ground at the horizon; the sky is 1
OUTDOORS = ("street", "landscape")
SKY_VALUE = 65535  # in the depth files of the scenes
TRUSTED = 0.9  # a border with a lower score is no sky


def _plane(distance: Array) -> Array:
    """Relative depth of a plane seen `distance` picture heights below (or above) the horizon."""
    return GROUND_FAR * SOFT / (np.maximum(distance, 0) + SOFT)


def _segment_depths(segment: Array, ground: Array, plane: Array, is_sky: Array) -> Array:
    """Depth of each segment that stands: the median over its columns of what lies under its foot.

    Under a foot lies ground (its plane depth there), a thing (its depth, a little farther) or the
    lower edge of the picture. Segments are settled from the lowest foot upwards.
    """
    height = segment.shape[0]
    depth = np.full(segment.max() + 1, np.nan)
    feet = []
    for label, box in enumerate(ndimage.find_objects(segment + 1)):
        if box is None or ground[label]:
            continue
        inside = segment[box] == label
        columns = np.flatnonzero(inside.any(0))
        foot = box[0].stop - 1 - inside[::-1][:, columns].argmax(0)
        feet.append((np.median(foot), label, foot, columns + box[1].start))
    for _, label, foot, columns in sorted(feet, key=lambda item: -item[0]):
        below = np.minimum(foot + 1, height - 1)
        support = segment[below, columns]
        thing = depth[support]  # NaN where not settled: higher up, or ground
        here = plane[foot, columns]
        value = np.where(ground[support] | np.isnan(thing), here, 1.08 * thing)
        value = value[~is_sky[below, columns]] if (~is_sky[below, columns]).any() else here
        depth[label] = min(float(np.median(value)), GROUND_FAR * 1.1)
    return depth


def _terrain(segment: Array) -> Array:
    """How much a segment is land rather than a thing, 0 to 1: land spans the picture."""
    width = segment.shape[1]
    spans = [
        0 if box is None else (box[1].stop - box[1].start) / width
        for box in ndimage.find_objects(segment + 1)
    ]
    return np.clip((np.array(spans) - 0.4) / 0.4, 0, 1)


def _guided_filter(guide: Array, target: Array, radius: int, eps: float) -> Array:
    """Edge-following mean: target ~ a guide + b in every window; (H, W) both."""

    def mean(x: Array) -> Array:
        return ndimage.uniform_filter(x, 2 * radius + 1)

    g, t = mean(guide), mean(target)
    a = (mean(guide * target) - g * t) / (mean(guide * guide) - g * g + eps)
    return mean(a) * guide + mean(t - a * g)


def estimate_depth(picture: Array, *, outdoors: bool = True) -> Array:
    """Relative depth (H, W) in (0, 1] of a picture (H, W, 3) in [0, 1]; 1 = sky, the farthest.

    `outdoors=False` looks for no sky and gives the ceiling the depth of a mirrored ground plane.
    """
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    sky = find_sky(picture) if outdoors else Sky(np.zeros(width, int), 0.0)
    border = sky.border if sky.score >= TRUSTED else np.zeros(width, int)
    is_sky = rows < border

    # the sky reaches down to the horizon where nothing stands before it
    lowest = np.percentile(border, 95) if is_sky.any() else 0.45 * height
    horizon = float(np.clip(lowest, 0.3 * height, 0.6 * height))
    offset = (rows - horizon) / height
    if not outdoors:  # ceiling and side walls run to the same far wall as the floor
        sideways = np.abs(columns / width - 0.5)
        offset = np.maximum(np.abs(offset), WALL * sideways)
    plane = _plane(offset)

    segment = felzenszwalb(picture, scale=120, sigma=0.8, min_size=60)
    segment = np.where(is_sky, segment.max() + 1, segment)
    count = np.bincount(segment.ravel()).clip(1)
    low = np.bincount(segment.ravel(), (rows > horizon).ravel()) / count
    ground = low > 0.8
    settled = _segment_depths(segment, ground, plane, is_sky)
    terrain = _terrain(segment)[segment]
    depth = np.where(ground[segment], plane, (1 - terrain) * settled[segment] + terrain * plane)
    depth = np.where(is_sky, 1.0, depth)

    # the sky takes no part in the smoothing of the rest: it would bleed into towers
    if is_sky.any():
        nearest = ndimage.distance_transform_edt(is_sky, return_indices=True)[1]
        depth = depth[tuple(nearest)]
    grey = picture.mean(2)
    smooth = _guided_filter(grey, depth, radius=6, eps=1e-3)
    return np.where(is_sky, 1.0, np.clip(smooth, 1 / 255, 254 / 255))


def half_size(path: Path) -> Array:
    """The picture at half its size, (H/2, W/2, 3) in [0, 1]."""
    with Image.open(path) as picture:
        size = picture.width // 2, picture.height // 2
        small = picture.convert("RGB").resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64) / 255


def save_depth(depth: Array, path: Path) -> None:
    """8 bit: value / 255 = relative depth, 255 = sky."""
    Image.fromarray(np.round(255 * depth).astype(np.uint8)).save(path, optimize=True)


def make_photo_depths() -> int:
    """Write data/photos/depth/<name>.png for every photo whose row says so; remove others."""
    folder = DATA / "photos" / "depth"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_table(DATA / "photos" / "photos.csv") if row["depth"] == "yes"]
    for row in rows:
        picture = half_size(DATA / "photos" / row["file"])
        depth = estimate_depth(picture, outdoors=row["subject"] != "indoor")
        save_depth(depth, folder / f"{row['name']}.png")
    for stale in set(folder.glob("*.png")) - {folder / f"{row['name']}.png" for row in rows}:
        stale.unlink()
    return len(rows)


def measure_scene(row: Row) -> Row:
    """Spearman's rank correlation of estimated and exact depth on one scene."""
    folder = DATA / "scenes"
    estimate = estimate_depth(half_size(folder / row["file"]), outdoors=row["kind"] in OUTDOORS)
    with Image.open(folder / row["depth_file"]) as stored:
        exact = np.asarray(
            stored.resize(estimate.shape[::-1], Image.Resampling.NEAREST), dtype=np.float64
        )
    known, solid = exact > 0, (exact > 0) & (exact < SKY_VALUE)

    def rank_correlation(where: Array) -> str:
        return f"{stats.spearmanr(estimate[where], exact[where]).statistic:.4f}"

    return {
        "scene": row["name"],
        "kind": row["kind"],
        "spearman": rank_correlation(solid),
        "spearman_with_sky": rank_correlation(known),
    }


def describe(rows: list[Row]) -> str:
    """The measured correlations, one sentence a kind of scene."""
    parts = []
    for kind in sorted({row["kind"] for row in rows}):
        own = [row for row in rows if row["kind"] == kind]
        mean, whole = (
            np.mean([float(row[key]) for row in own]) for key in ("spearman", "spearman_with_sky")
        )
        parts.append(f"| {kind} | {len(own)} | {mean:.2f} | {whole:.2f} |")
    head = "| kind | scenes | without sky | with sky |\n|---|---|---|---|\n"
    return head + "\n".join(parts)


def rewrite_readme(text: str) -> None:
    """Replace what stands between the two marks in data/README.md."""
    path = DATA / "README.md"
    start, end = (
        "<!-- pseudo-depth: written by make/estimate_depth.py -->",
        "<!-- /pseudo-depth -->",
    )
    old = path.read_text(encoding="utf-8")
    if start not in old or end not in old:
        raise ValueError(f"{path}: expected the marks {start} and {end}, found none; put them back")
    head, rest = old.split(start)
    new = f"{head}{start}\n{text}\n{end}{rest.split(end)[1]}"
    path.write_text(new, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", type=Path, help="own pictures instead of data/")
    parser.add_argument("--indoors", action="store_true", help="own pictures show rooms")
    parser.add_argument("--only", choices=("photos", "scenes"), help="one of the two parts")
    args = parser.parse_args()
    for path in args.pictures:
        depth = estimate_depth(half_size(path), outdoors=not args.indoors)
        save_depth(depth, path.with_name(f"{path.stem}_depth.png"))
    if args.pictures:
        return
    if args.only != "scenes":
        print(f"photos: {make_photo_depths()} depth maps")
    if args.only != "photos":
        rows = [measure_scene(row) for row in read_table(DATA / "scenes" / "scenes.csv")]
        write_table(DATA / "results" / "pseudo_depth.csv", rows)
        rewrite_readme(describe(rows))
        print(describe(rows))


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
