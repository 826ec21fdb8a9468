"""Where the shipped files are, and how a file is written so that none is ever half-written."""

import csv
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """The folder with photos/, scenes/ and hazy/: ``HAZE_DATA``, the installed package, a checkout.

    Raises:
        FileNotFoundError: none of the three holds the data.
    """
    chosen = os.environ.get("HAZE_DATA")
    if chosen:
        folder = Path(chosen).expanduser().resolve()
        if not (folder / "SHA256SUMS").is_file():
            raise FileNotFoundError(
                f"HAZE_DATA names {folder}, which has no SHA256SUMS; "
                "point it at a copy of the course's data/ folder, or unset it"
            )
        return folder
    return _shipped("data", marker="SHA256SUMS")


def notebooks_folder() -> Path:
    """The folder with the notebooks as shipped, in the installed package or a checkout."""
    return _shipped("notebooks", marker="profiles.yaml")


def _shipped(name: str, marker: str) -> Path:
    places = [_PACKAGE / "_shipped" / name, _PACKAGE.parent / name]
    for folder in places:
        if (folder / marker).is_file():
            return folder
    raise FileNotFoundError(
        f"no {name}/ with {marker} in {places[0]} or {places[1]}; "
        "install the package from a checkout (pip install -e .) or from its wheel"
    )


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary sibling to write to; it becomes `path` when the block ends without error.

    An error, a full disk included, removes the temporary file and leaves what stood at `path`.
    A file that is replaced keeps its permissions, and a link still leads to it.
    """
    path = Path(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    # The suffix stays last: writers choose their format by it.
    # Short and at random: as long a name as is allowed, and writers beside each other, do no harm.
    temporary = path.with_name(f".{secrets.token_hex(4)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if path.is_file():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:  # it would name the temporary file, or, on a full disk, none
        named = Path(error.filename) if error.filename else temporary
        if named not in (temporary, path, path.parent):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        if temporary.is_file():
            temporary.unlink()


def plain_name(name: str) -> str:
    """A file's name for readers of text: what of it is not UTF-8 is shown as ``?``."""
    return name.encode(errors="replace").decode()


def write_text(text: str, path: Path | str) -> None:
    """A text file in UTF-8, complete or not at all; see `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(header: Iterable[str], rows: Iterable[Iterable[object]], path: Path | str) -> None:
    """A CSV file, complete or not at all; names that are not UTF-8 keep their bytes."""
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


@contextmanager
def only_run_in(folder: Path | str) -> Iterator[None]:
    """Two runs that write to one folder would spoil each other: the second is refused.

    The lock goes with the process, however it ends.

    Raises:
        ValueError: another run works there.
    """
    folder = Path(folder)
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    user = getattr(os, "getuid", int)()  # another's lock in a shared folder cannot be opened
    lock = FileLock(  # no file beside yours
        Path(tempfile.gettempdir()) / f"haze_course_{user}_{name}.lock"
    )
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"{folder}: another run writes there; wait for it, or choose another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()


def list_files(folder: Path | str, suffixes: set[str]) -> list[Path]:
    """The files of a folder whose names end so, sorted by name, hidden ones left out.

    Raises:
        FileNotFoundError: no such folder, or no such file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        found = "a file" if folder.is_file() else "no such folder"
        beside = sorted(p.name for p in folder.parent.glob("*/"))[:8]
        raise FileNotFoundError(
            f"{folder}: {found}; expected a folder with pictures"
            + (f"; {folder.parent} holds {', '.join(beside)}" if beside else "")
        )
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and not path.is_dir()
    )
    if not files:
        raise FileNotFoundError(f"{folder}: no picture in it ({', '.join(sorted(suffixes))})")
    return files
