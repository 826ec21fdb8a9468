"""Write data/ATTRIBUTION.csv: who made every picture of data/, under which licence, what changed.

    python data/make/write_attribution.py

It reads the tables photos.csv, hazy.csv and scenes.csv; run it after they change.
"""

from __future__ import annotations

import sys

from tables import DATA, Row, read_table, write_table

LICENCE_URLS = {
    "public-domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "Middlebury-permission": "https://vision.middlebury.edu/stereo/data/",
    **{
        f"CC-{kind}-{version}": f"https://creativecommons.org/licenses/{kind.lower()}/{version}/"
        for kind in ("BY", "BY-SA")
        for version in ("1.0", "2.0", "3.0", "4.0")
    },
}
RESIZED = "resized to a longest side of 480 px, JPEG quality 90"


def packaged(row: Row) -> str:
    """Debian package, version and path of an original."""
    return f"Debian {row['package']} {row['version']}: {row['path_in_package']}"


def attribution(file: str, row: Row, title: str, author: str, source: str, changes: str) -> Row:
    """One row of the table; an unknown licence is an error."""
    if row["licence"] not in LICENCE_URLS:
        raise ValueError(
            f"{file}: licence {row['licence']!r} has no address in write_attribution.py; add it"
        )
    url = LICENCE_URLS[row["licence"]]
    return {
        "file": file,
        "title": title,
        "author": author,
        "licence": row["licence"],
        "licence_url": url,
        "source": source,
        "changes": changes,
    }


def photo_rows(folder: str) -> list[Row]:
    """Rows of data/photos or data/hazy, the depth maps made from photographs included."""
    rows = []
    for row in read_table(DATA / folder / f"{folder}.csv"):
        credit = row["title"], row["author"], packaged(row)
        rows.append(attribution(f"{folder}/{row['file']}", row, *credit, RESIZED))
        if row.get("depth") == "yes":
            file = f"{folder}/depth/{row['name']}.png"
            rows.append(attribution(file, row, *credit, "depth estimated by estimate_depth.py"))
    return rows


def scene_rows() -> list[Row]:
    """Rows of data/scenes: rendered by this project, or measured at Middlebury College."""
    rows = []
    for row in read_table(DATA / "scenes" / "scenes.csv"):
        files = row["file"], row["depth_file"]
        if row["kind"] == "measured":
            title = "Motorcycle, Middlebury 2014 stereo data sets"
            author = (
                "Nera Nesic, Porter Westling, Xi Wang, York Kitajima, Greg Krathwohl, "
                "Daniel Scharstein (Middlebury College)"
            )
            folder = "usr/lib/python3/dist-packages/skimage/data"
            source = f"Debian python3-skimage 0.19.3-8: {folder}/motorcycle_"
            origins = f"{source}left.png", f"{source}disp.npz"
            changes = (
                "resized to 480 px width, JPEG quality 92",
                "disparity turned into depth, resized to 480 px width, 16-bit PNG",
            )
        else:
            title, author = row["name"].replace("_", " "), "haze_course"
            origins = ("rendered by make/render_scenes.py",) * 2
            changes = ("none",) * 2
        for file, origin, change in zip(files, origins, changes, strict=True):
            rows.append(attribution(f"scenes/{file}", row, title, author, origin, change))
    return rows


def main() -> None:
    rows = [*photo_rows("photos"), *photo_rows("hazy"), *scene_rows()]
    rows.sort(key=lambda row: row["file"])
    listed = {row["file"] for row in rows}
    folders = ("photos", "hazy", "scenes")
    pictures = {
        path.relative_to(DATA).as_posix()
        for folder in folders
        for path in (DATA / folder).rglob("*")
        if path.suffix in (".jpg", ".png") and not path.name.startswith(".")
    }
    if pictures != listed:
        raise ValueError(
            f"pictures without a row: {sorted(pictures - listed)}; "
            f"rows without a picture: {sorted(listed - pictures)}"
        )
    write_table(DATA / "ATTRIBUTION.csv", rows)
    print(f"{len(rows)} rows")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
