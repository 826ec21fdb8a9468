"""A small copy of RESIDE for trying out: same folders, whole scenes, some of every part."""

import shutil
from collections import defaultdict
from pathlib import Path

from tqdm import tqdm

from haze_course.data.reside import draw_scenes, match_pairs, part_pictures
from haze_course.data.reside_folders import Folders, find_folders
from haze_course.paths import atomic_path

SCENES = 2  # at least, so that `split_by_scene` has something for both sides


def choose_sample(root: Path | str, count: int, *, seed: int = 0) -> list[Path]:
    """Files of a small copy: of each part `count` hazy pictures, and their truth.

    Scenes stay whole and are two at least, so a part may give a few more. The same seed chooses
    the same files on every machine. Pictures without truth are drawn one by one, hazy ones
    without partner are left out.

    Raises:
        ValueError: `count` below 1.
        FileNotFoundError: no part of RESIDE below `root`.
    """
    root = Path(root)
    if count < 1:
        raise ValueError(f"-n: expected 1 picture or more of each part, got {count}")
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected one with parts of RESIDE")
    parts = find_folders(root).parts
    chosen = [path for folders in parts for path in _of_part(folders, count, seed)]
    if not chosen:
        raise FileNotFoundError(
            f"{root}: expected parts of RESIDE with pictures, found none; "
            "`haze-course data check` says what is there"
        )
    return sorted(set(chosen))


def copy_sample(
    files: list[Path], root: Path | str, out: Path | str, *, force: bool = False,
    progress: bool = False,
) -> None:  # fmt: skip
    """Copy files below `root` to the same places below `out`, each only when complete.

    Raises:
        ValueError: one folder lies in the other, so copies would become data.
        FileExistsError: a file stands there and `force` is off; nothing was copied then.
    """
    root, out = Path(root), Path(out)
    inner, outer = out.resolve(), root.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise ValueError(f"{out}: expected a folder apart from {root}; choose another -o")
    targets = {path: out / path.relative_to(root) for path in files}
    present = [str(target) for target in targets.values() if target.exists()]
    if present and not force:
        raise FileExistsError(
            f"{present[0]} is there already, and {len(present) - 1} more; nothing was copied. "
            "Choose another -o, or --force"
        )
    for path, target in tqdm(targets.items(), unit=" files", disable=not progress):
        with atomic_path(target) as temporary:
            shutil.copyfile(path, temporary)


def _of_part(folders: Folders, count: int, seed: int) -> list[Path]:
    hazy, clear = part_pictures(folders)
    if folders.clear is None:
        drawn = set(draw_scenes((path.name for path in hazy), seed)[:count])
        return [path for path in hazy if path.name in drawn]
    by_scene = defaultdict(list)
    for pair in match_pairs(hazy, clear).pairs:
        by_scene[pair.scene].append(pair)
    chosen: list[Path] = []
    taken = 0
    for number, scene in enumerate(draw_scenes(by_scene, seed)):
        if number >= SCENES and taken >= count:
            break
        taken += len(by_scene[scene])
        chosen += [path for pair in by_scene[scene] for path in (pair.hazy_path, pair.clear_path)]
    return chosen
