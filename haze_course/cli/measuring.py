"""Many pairs through one method: what is measured is kept, and one bad pair stops nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor
from tqdm import tqdm

from haze_course.cli.records import read_csv, write_csv
from haze_course.data.reside import PairFiles
from haze_course.deploy.batch import problem_line
from haze_course.guards import check_choice
from haze_course.quality.evaluation import (
    Method,
    MethodError,
    Record,
    evaluate,
)
from haze_course.quality.metrics import SSIM_PROTOCOLS

if TYPE_CHECKING:
    from haze_course.data.benchmark import Pair

    AnyPair = Pair | PairFiles

SAVE_EVERY = 10.0  # seconds; the whole file is written, so not after each of 72 135 images


@dataclass(frozen=True)
class _Loaded:
    """A pair in memory: each file decoded once."""

    name: str
    scene: str
    hazy: Tensor
    clear: Tensor


def read_done(
    csv_file: Path,
    pairs: "Sequence[AnyPair]",
    *,
    name: str,
    protocol: str,
) -> dict[str, Record]:
    """Image -> its record in the CSV, as far as it still holds.

    A picture that is younger than the CSV is measured again.

    Args:
        csv_file: what an earlier call wrote; without it nothing is done yet.
        pairs: all that shall be measured.
        name: of the method.
        protocol: of the SSIM.

    Raises:
        ValueError: the CSV is damaged, or of another method, protocol or set of pictures; to go
            on would lose its records.
    """
    if not csv_file.is_file():
        return {}
    records = read_csv(csv_file)
    wanted = {pair.name: pair for pair in pairs}
    others = [f"{record.method} ({record.protocol})" for record in records
              if (record.method, record.protocol) != (name, protocol)]  # fmt: skip
    others += [record.image for record in records if record.image not in wanted]
    if others:
        raise ValueError(
            f"{csv_file}: expected records of {name} ({protocol}) on these {len(wanted)} images, "
            f"found {others[0]}; --resume goes on with one call, so choose another --csv, "
            "or --force without --resume"
        )
    written = csv_file.stat().st_mtime
    return {
        record.image: record
        for record in records
        if not any(_younger(path, written) for path in _files(wanted[record.image]))
    }


def measure_all(
    method: Method,
    pairs: "Sequence[AnyPair]",
    *,
    name: str,
    protocol: str,
    done: dict[str, Record],
    csv_file: Path | None = None,
) -> tuple[list[Record], list[str]]:
    """Measure all pairs but those that are done; records in the order of the pairs, and problems.

    Records reach `csv_file` while it runs, also when it is interrupted.

    Raises:
        MethodError: the method fails on the very first image, so it is hardly the image.
        OSError: the CSV cannot be written.
    """
    check_choice(protocol, "protocol", SSIM_PROTOCOLS)
    records = {pair.name: done[pair.name] for pair in pairs if pair.name in done}
    problems: list[str] = []
    saved = time.monotonic()
    todo = [pair for pair in pairs if pair.name not in done]
    try:
        for pair in tqdm(todo, desc=name, unit=" images"):
            try:
                (record,) = evaluate(method, [_load(pair)], name=name, protocol=protocol)
            except (ValueError, OSError, MemoryError) as error:
                if isinstance(error, MethodError) and not records:
                    raise  # the method, not the picture
                problems.append(problem_line(pair.name, error))
                continue
            records[pair.name] = record
            if csv_file and time.monotonic() - saved > SAVE_EVERY:
                write_csv(_sorted(records, pairs), csv_file)
                saved = time.monotonic()
    finally:
        if csv_file and records:
            write_csv(_sorted(records, pairs), csv_file)
    if csv_file and not records:  # what stood there is of another call
        write_csv([], csv_file)
    return _sorted(records, pairs), problems


def _load(pair: "AnyPair") -> _Loaded:
    hazy, clear = pair.read() if isinstance(pair, PairFiles) else (pair.hazy, pair.clear)
    return _Loaded(pair.name, pair.scene, hazy, clear)


def _sorted(records: dict[str, Record], pairs: "Sequence[AnyPair]") -> list[Record]:
    return [records[pair.name] for pair in pairs if pair.name in records]


def _files(pair: "AnyPair") -> list[Path]:
    return [pair.hazy_path, pair.clear_path] if isinstance(pair, PairFiles) else []


def _younger(path: Path, written: float) -> bool:
    """Whether a file was changed after a time."""
    return path.is_file() and path.stat().st_mtime > written
