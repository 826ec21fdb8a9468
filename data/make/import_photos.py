r"""Turn the originals into data/photos and data/hazy: resized pictures and their tables.

The originals lie in Debian packages, named with version and path in `photo_sources.csv`.
Fetch and unpack them into one folder, then run this script on that folder:

    apt-get download endless-sky-data gcompris-qt-data lomiri-wallpapers-16.04 \
        python3-sklearn python3-skimage libjxl-testdata budgie-backgrounds
    for package in *.deb; do dpkg -x "$package" originals; done
    python data/make/import_photos.py originals

The column `release` of `photo_sources.csv` names the Debian release that carries each package.
Needs Pillow only. Afterwards: `estimate_depth.py`, `write_attribution.py`, `write_checksums.py`.
"""

from __future__ import annotations

import argparse
import io
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps
from tables import DATA, Row, read_table, write_table

LONGEST_SIDE = 480  # pixels
JPEG_QUALITY = 90
CREDIT = ("licence", "author", "title", "package", "version", "path_in_package")

# Pictures of one place, or of one person's journey, stay on one side of the split: a network must
# not meet the place of a test picture in training.
SAME_PLACE = {
    "Berthold Werner": ("bwerner0 bwerner1 bwerner3 bwerner4 bwerner6 bwerner7 bwerner8 petra"),
    "Myrabella": ("myrabella0 myrabella2 myrabella3 myrabella4 myrabella6 myrabella7 myrabella8"),
    "Dmitry A. Mottl": "dmottl0 dmottl2 dmottl3 dmottl5",
    "Matthew Field": "mfield4 mfield5",
    "Eric Denni": "mountain24 mountain25",
    "Aitzol Berasategi": ("aitzgorri window_dogs forest_stream picosdeeuropa sunset"),
    "@harro.eu": (
        "badlands9 beach11 beach12 canyon10 desert10 hills7 mountain19 mountain20 mountain21 "
        "sea15 sea16 sea17 valley11 valley12 valley13 valley14 valley15 water10 water11"
    ),
    "Chris Pickel": (
        "beach7 beach8 beach9 city14 city15 city16 city17 desert8 fields10 fields11 hills5 "
        "mountain11 mountain14 mountain15 sea12 snow_forest"
    ),
    "Colosseum": "colosseum roman_colosseum",
    "New York": "city10 city11",
    "Tognopop": "eiffeltower palaisdespapes",
    "lava fields": "lava5 lava6",
    "painted hills": "badlands8 hills2",
    "rocket hall": "station1 station4",
    "alpine lakes": "water0 lake_sherburne",
}

VALIDATION = (  # 15 outdoor, 2 close, 1 indoor
    "aitzgorri window_dogs forest_stream picosdeeuropa sunset eiffeltower palaisdespapes "
    "greatwallofchina victoriamemorial mountain1 lava5 lava6 fields5 sky9 beacon_street "
    "polar_bear canyon_wren space7"
)

TEST = (  # 25 outdoor, 2 close, 1 macro, 2 indoor; most in the public domain, for printed figures
    "dmottl0 dmottl2 dmottl3 dmottl5 mfield4 mfield5 mountain24 mountain25 colosseum "
    "roman_colosseum charminar mysorepalace chateaudechambord montstmichel pontdugard rocamadour "
    "city10 city11 mountain5 beach3 forest3 badlands8 hills2 snow4 sky8 "
    "lemur osprey periwinkle station1 station4"
)


def split_of(name: str) -> str:
    """The split that a photograph belongs to; what is not listed is for training."""
    if name in TEST.split():
        return "test"
    return "validation" if name in VALIDATION.split() else "train"


def check_split(names: set[str]) -> None:
    """Raise ValueError where a listed name does not exist or a place lies in two splits."""
    listed = " ".join([TEST, VALIDATION, *SAME_PLACE.values()])
    if unknown := sorted(set(listed.split()) - names):
        raise ValueError(f"names in the lists of import_photos.py without a source row: {unknown}")
    for place, members in SAME_PLACE.items():
        splits = {split_of(name) for name in members.split()}
        if len(splits) > 1:
            raise ValueError(f"{place}: expected one split, found {sorted(splits)}")


def resource_files(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of each file in a Qt resource file (.rcc, formats 1 to 3).

    Format: header "qres", version, offsets of tree, data and names; a node has the offset of its
    name, flags, then children (folder) or territory, language and offset of its data (file).
    """
    magic, version, tree, data, names = struct.unpack_from(">4sIIII", archive)
    if magic != b"qres":
        raise ValueError(f"expected a Qt resource file starting with b'qres', found {magic!r}")
    node_size = 14 if version == 1 else 22
    folder, compressed, zstandard = 2, 1, 4

    def walk(index: int, parent: str) -> Iterator[tuple[str, bytes]]:
        start = tree + index * node_size
        name_offset, flags, first, second = struct.unpack_from(">IHII", archive, start)
        length = struct.unpack_from(">H", archive, names + name_offset)[0]
        text = names + name_offset + 6  # after the length and a hash
        own = archive[text : text + 2 * length].decode("utf-16-be") if index else ""
        path = f"{parent}/{own}".strip("/")
        if flags & folder:
            for child in range(second, second + first):
                yield from walk(child, path)
            return
        size = struct.unpack_from(">I", archive, data + second)[0]
        content = archive[data + second + 4 : data + second + 4 + size]
        if flags & zstandard:
            raise ValueError(f"{path}: zstandard compression is not read here; use Qt's rcc")
        yield path, zlib.decompress(content[4:]) if flags & compressed else content

    yield from walk(0, "")


def open_original(folder: Path, path_in_package: str) -> Image.Image:
    """Open an original; `archive.rcc!path` reads it out of a Qt resource file."""
    file, _, inside = path_in_package.partition("!")
    path = folder / file
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: original not found; unpack the packages into {folder} "
            "as the head of import_photos.py shows"
        )
    if not inside:
        return Image.open(path)
    for name, content in resource_files(path.read_bytes()):
        if name.endswith(inside):
            return Image.open(io.BytesIO(content))
    raise FileNotFoundError(f"{path}: holds no file that ends with {inside}")


def resize(picture: Image.Image) -> Image.Image:
    """Turn upright, convert to RGB and shrink to the longest side; never enlarge."""
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return upright


def import_one(source: Row, originals: Path) -> Row:
    """Write one resized picture and return its row of photos.csv or hazy.csv."""
    picture = resize(open_original(originals, source["path_in_package"]))
    file = f"{source['name']}.jpg"
    picture.save(DATA / source["folder"] / file, quality=JPEG_QUALITY, optimize=True)
    row = {"name": source["name"], "file": file}
    if source["folder"] == "photos":
        row |= {"split": split_of(source["name"])}
        row |= {"subject": source["subject"], "depth": source["depth"]}
    else:
        row |= {"grade": source["grade"]}
    row |= {key: source[key] for key in CREDIT}
    return row | {"width": str(picture.width), "height": str(picture.height)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("originals", type=Path, help="folder with the unpacked Debian packages")
    originals = parser.parse_args().originals
    sources = read_table(DATA / "make" / "photo_sources.csv")
    check_split({row["name"] for row in sources if row["folder"] == "photos"})

    for folder in ("photos", "hazy"):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
        rows = [import_one(source, originals) for source in sources if source["folder"] == folder]
        write_table(DATA / folder / f"{folder}.csv", sorted(rows, key=lambda row: row["name"]))
        print(f"{folder}: {len(rows)} pictures")


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
