"""Fix the haze of the validation and test pictures as numbers: writes data/haze.csv.

    python data/make/fix_haze.py

Sets, read by `haze_course.data.benchmark_pairs`:
  scenes   all scenes with exact depth, one haze each, light to dense
  photos   photographs with estimated depth, one haze each, light to dense
  rooms    the family of rooms that is in test only, three dense grey hazes each, as in RESIDE
  streets  the family of streets that is in test only, likewise

A picture's numbers depend on its name and the seed below alone, so adding pictures moves none.
"""

import zlib

import numpy as np
from tables import DATA, Row, write_table

import haze_course as hc
from haze_course.data.shipped import Photo, Scene

SEED = 20260
T_FAR = (0.05, 0.7)
DENSE_T_FAR = (0.08, 0.5)  # puts the hazy rooms near the 12 dB of RESIDE indoors
AIRLIGHT = (0.7, 1.0)
CAST = 0.02
DENSE_HAZES = 3


def main() -> None:
    rows = []
    for split in ("validation", "test"):
        scenes = hc.data.scenes(split)
        photos = [photo for photo in hc.data.photos(split) if photo.depth_path]
        rows += [haze_row("scenes", scene, split, scene.name) for scene in scenes]
        rows += [haze_row("photos", photo, split, photo.name) for photo in photos]
    for which, kind in (("rooms", "room"), ("streets", "street")):
        rows += [
            haze_row(which, scene, "test", f"{scene.name}_{k}", dense=True)
            for scene in hc.data.scenes("test", kind=kind)
            if scene.family in test_only_families()
            for k in range(1, DENSE_HAZES + 1)
        ]
    write_table(DATA / "haze.csv", rows)
    print(f"{len(rows)} hazes for {len({row['source'] for row in rows})} pictures")


def test_only_families() -> set[str]:
    """Families that training never sees: a test of generalisation within this folder."""
    seen = {scene.family for split in ("train", "validation") for scene in hc.data.scenes(split)}
    return {scene.family for scene in hc.data.scenes("test")} - seen


def haze_row(which: str, source: Photo | Scene, split: str, name: str, dense: bool = False) -> Row:
    """One row: A and t_far drawn from the name, beta from t_far and the depth."""
    random = np.random.default_rng([SEED, zlib.crc32(f"{which}/{name}".encode())])
    cast = random.uniform(-CAST, CAST, 3) * (not dense)
    airlight = np.clip(random.uniform(*AIRLIGHT) + cast, 0, 1).round(4)
    t_far = round(random.uniform(*(DENSE_T_FAR if dense else T_FAR)), 4)
    beta = float(hc.physics.beta_for(source.depth, t_far))
    red, green, blue = (f"{value:.4f}" for value in airlight)
    return {
        "set": which,
        "name": name,
        "source": source.name,
        "split": split,
        "red": red,
        "green": green,
        "blue": blue,
        "beta": f"{beta:.6g}",
        "t_far": f"{t_far:.4f}",
    }


if __name__ == "__main__":
    main()
