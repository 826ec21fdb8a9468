"""Records of an evaluation as files: CSV to go on with, JSON to read elsewhere."""

import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, get_type_hints

from haze_course.paths import plain_name, write_table, write_text
from haze_course.quality.evaluation import Record, summarise

_TYPES: dict[str, Callable[[str], Any]] = get_type_hints(Record)  # column -> how to read it
_SHOWN = 200  # characters of a damaged file that a message repeats


def write_csv(records: Iterable[Record], path: Path | str) -> None:
    """One line a record; numbers in full, so that `read_csv` gives the same records back."""
    write_table(_TYPES, (astuple(record) for record in records), path)


def read_csv(path: Path | str) -> list[Record]:
    """The records that `write_csv` wrote; ValueError of what is damaged."""
    with Path(path).open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        try:
            header, *rows = list(csv.reader(file)) or [[]]
            if header == list(_TYPES):
                cells = [zip(_TYPES.values(), row, strict=True) for row in rows]
                return [Record(*(read(cell) for read, cell in row)) for row in cells]
        except (ValueError, csv.Error) as error:
            said = plain_name(str(error)[:_SHOWN])
            raise ValueError(f"{path}: a record is damaged: {said}; write it anew") from error
    found = plain_name(",".join(header)[:_SHOWN])
    raise ValueError(f"{path}: expected the columns {','.join(_TYPES)}, got {found}")


def write_json(records: Iterable[Record], path: Path | str, problems: Sequence[str] = ()) -> None:
    """``{"summary": [...], "records": [...], "problems": [...]}``; an infinite PSNR is "inf".

    Args:
        records: may be none, where nothing could be measured.
        path: of the file.
        problems: a line for each pair that could not be measured.
    """
    records = list(records)
    tables = {"summary": summarise(records), "records": [asdict(record) for record in records]}
    for row in (*tables["summary"], *tables["records"]):
        row.update({key: "inf" for key, cell in row.items() if cell == math.inf})
        row.update({key: plain_name(cell) for key, cell in row.items() if isinstance(cell, str)})
    told = tables | {"problems": [plain_name(problem) for problem in problems]}
    write_text(json.dumps(told, indent=1, allow_nan=False), path)
