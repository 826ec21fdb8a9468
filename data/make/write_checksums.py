"""Write data/SHA256SUMS, in the format of `sha256sum`: one line for every shipped file.

    python data/make/write_checksums.py
    (cd data && sha256sum --check --quiet SHA256SUMS)

Left out: the list itself, the scripts in make/, and results/, which studies rewrite.
"""

from __future__ import annotations

import hashlib

from tables import DATA

LEFT_OUT = ("make", "results", "SHA256SUMS")


def main() -> None:
    paths = sorted(path.relative_to(DATA) for path in DATA.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256((DATA / path).read_bytes()).hexdigest()}  {path.as_posix()}\n"
        for path in paths
        if path.parts[0] not in LEFT_OUT and not path.name.startswith(".")
    ]
    part = DATA / ".SHA256SUMS.part"
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(DATA / "SHA256SUMS")
    print(f"{len(lines)} files")


if __name__ == "__main__":
    main()
