"""Many picture files through one method: one bad file does not stop the others."""

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from haze_course.images import list_images, read_image, write_image

Method = Callable[[Tensor], Tensor]


def find_inputs(inputs: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the pictures in them; in the given order, each once.

    Raises:
        FileNotFoundError: one does not exist, or a folder holds no picture.
    """
    files = []
    for path in inputs:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        files += list_images(path) if path.is_dir() else [path]
    return list(dict.fromkeys(files))


def plan_outputs(files: Sequence[Path], out: Path, *, force: bool = False) -> dict[Path, Path]:
    """Input file -> ``out/<stem>.png``.

    Raises:
        ValueError: two inputs would be written to one file, or an input would be replaced.
        FileExistsError: a file stands there and `force` is off.
    """
    targets = {file: out / f"{file.stem}.png" for file in files}
    sources = {file.resolve() for file in files}
    writers: dict[Path, Path] = {}
    for file, target in targets.items():
        if target in writers:
            raise ValueError(
                f"{writers[target]} and {file} would both become {target}; "
                "nothing was written. Give them to two commands with different -o"
            )
        if target.resolve() in sources:
            raise ValueError(f"{target} is an input and would be replaced; choose another -o")
        writers[target] = file
    present = [target.name for target in writers if target.exists()]
    if present and not force:
        shown = ", ".join(present[:5]) + ", ..." * (len(present) > 5)
        raise FileExistsError(
            f"{out} already has {shown}; nothing was written. Choose another -o, or --force"
        )
    return targets


def dehaze_files(targets: dict[Path, Path], method: Method, *, progress: bool = True) -> list[str]:
    """Run `method` on every file; a full disk stops it, an unreadable file does not.

    Args:
        targets: input file -> output file.
        method: hazy (1, 3, H, W) -> dehazed, same shape.
        progress: show a bar.

    Returns:
        One line for each file that could not be dehazed.
    """
    problems = []
    for file, target in tqdm(targets.items(), unit=" pictures", disable=not progress):
        try:
            dehazed = method(read_image(file))
        except (ValueError, FileNotFoundError, MemoryError) as error:
            text = str(error) or type(error).__name__
            problems.append(text if str(file) in text else f"{file}: {text}")
            continue
        write_image(dehazed, target)
    return problems
