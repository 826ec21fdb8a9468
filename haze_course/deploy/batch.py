"""Many files through one method, pictures and videos: one bad file does not stop the others."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from haze_course.deploy.ahead import Behind, ahead
from haze_course.deploy.inference import Method
from haze_course.deploy.video import dehaze_video
from haze_course.guards import check_image
from haze_course.images import (
    SUFFIXES,
    Metadata,
    read_image,
    read_metadata,
    write_image,
)
from haze_course.paths import list_files

VIDEO_SUFFIXES = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"}
# Torch raises RuntimeError where memory does not suffice; what it says is in the report.
_BAD_FILE = (ValueError, OSError, MemoryError, RuntimeError)
# Of the disk, the folder or the machine: every other file would meet them, too.
_STOPS_ALL = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EEXIST, errno.ENOTDIR, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}


def find_inputs(inputs: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the pictures and videos in them; in the given order, each once.

    Raises:
        FileNotFoundError: one does not exist, or a folder holds neither.
    """
    files = []
    for path in inputs:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        files += list_files(path, SUFFIXES | VIDEO_SUFFIXES) if path.is_dir() else [path]
    named: dict[Path, Path] = {}
    for file in files:  # a link of another name stays an input of its own
        named.setdefault(file.parent.resolve() / file.name, file)
    return list(named.values())


def plan_outputs(files: Sequence[Path], out: Path, *, force: bool = False) -> dict[Path, Path]:
    """Input file -> ``out/<stem>.png``, of a video ``out/<stem>.mp4``.

    Raises:
        ValueError: two inputs would be written to one file, or an input would be replaced.
        FileExistsError: a file stands there and `force` is off.
    """
    targets = {file: out / (file.stem + (".mp4" if is_video(file) else ".png")) for file in files}
    sources = {_identity(file) for file in files if file.exists()}
    writers: dict[str, Path] = {}
    for file, target in targets.items():
        name = str(target).casefold()
        if name in writers:
            raise ValueError(
                f"{writers[name]} and {file} would both become {target}, as upper and lower case "
                "are one on many disks; nothing was written. Give them to two commands with "
                "different -o"
            )
        if target.exists() and _identity(target) in sources:
            raise ValueError(f"{target} is an input and would be replaced; choose another -o")
        writers[name] = file
    present = [target.name for target in targets.values() if target.exists()]
    if present and not force:
        shown = ", ".join(present[:5]) + ", ..." * (len(present) > 5)
        raise FileExistsError(
            f"{out} already has {shown}; nothing was written. Choose another -o, or --force"
        )
    return targets


def _identity(file: Path) -> tuple[int, int]:
    """Of the file itself, whatever name it is called by."""
    found = file.stat()
    return found.st_dev, found.st_ino


def dehaze_files(
    targets: dict[Path, Path],
    method: Method,
    *,
    smoothing: float = 1.0,
    progress: bool = True,
) -> list[str]:
    """Run `method` on every file; a full disk stops it, a file that cannot be dehazed does not.

    So does what else every file would meet: a folder that cannot be written, no memory left.

    Pictures are read ahead and written behind while the method computes; what a camera wrote
    beside the pixels is kept.

    Args:
        targets: input file -> output file.
        method: hazy (1, 3, H, W) -> dehazed, same shape; of all methods only a `Dehazer` takes
            large pictures in tiles.
        smoothing: of videos, see `dehaze_video`.
        progress: show a bar.

    Returns:
        One line for each file that could not be dehazed, with what was said of it.
    """
    problems: list[str] = []

    def write(file: Path, image: Tensor, metadata: Metadata) -> None:
        with noting(problems, file):  # here, for a later call would be blamed for it
            write_image(image, targets[file], metadata=metadata)

    bar = tqdm(total=len(targets), unit=" files", disable=not progress)
    pictures = [file for file in targets if not is_video(file)]
    with bar, Behind() as behind:
        for file, read in zip(pictures, ahead(map(_read, pictures)), strict=True):
            with noting(problems, file):
                if isinstance(read, Exception):
                    raise read
                image, metadata = read
                behind(write, file, _same_size(method(image), image), metadata)
            bar.update()
        for file in (file for file in targets if is_video(file)):
            with noting(problems, file):
                dehaze_video(file, targets[file], method, smoothing=smoothing, progress=progress)
            bar.update()
    return problems


def is_video(file: Path) -> bool:
    """By its name."""
    return file.suffix.lower() in VIDEO_SUFFIXES


@contextmanager
def noting(problems: list[str], file: Path) -> Iterator[None]:
    """What ails one file becomes a line in `problems`; what every other would meet is raised."""
    try:
        yield
    except ImportError:  # of an extra
        raise
    except Exception as error:  # a method may raise anything
        if isinstance(error, OSError) and error.errno in _STOPS_ALL:
            raise
        problems.append(problem_line(str(file), error))


def problem_line(name: str, error: Exception) -> str:
    """What was said of a file, its name in front if it is not in it."""
    kind, text = type(error).__name__, str(error)
    if not isinstance(error, _BAD_FILE):  # 'gate' says little, KeyError: 'gate' more
        text = f"{kind}: {text}"
    text = text or kind
    return text if name in text else f"{name}: {text}"


def _same_size(dehazed: Tensor, hazy: Tensor) -> Tensor:
    check_image(dehazed, "output")
    if dehazed.shape != hazy.shape:
        sizes = f"expected {tuple(hazy.shape)}, got {tuple(dehazed.shape)}"
        raise ValueError(f"output: {sizes}; choose a method that keeps the size")
    return dehazed


def _read(file: Path) -> tuple[Tensor, Metadata] | Exception:
    try:
        return read_image(file), read_metadata(file)
    except _BAD_FILE as error:  # handed on, for reading runs ahead
        return error
