"""Is a copy of RESIDE sound?  Every file is opened, and what is wrong comes back as a list.

Two pictures count as the same when their decoded pixels do, so one that was saved anew is found.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from haze_course.data.looks import Look, look_at_all
from haze_course.data.reside import (
    Matched,
    PairFiles,
    check_sizes,
    match_pairs,
    part_pictures,
)
from haze_course.data.reside_folders import Folders, find_folders, is_hazy_name
from haze_course.images import ImageError
from haze_course.layouts import PARTS, compare_counts

REMEDIES = {  # kind of finding -> what to do
    "empty": "files of 0 bytes: copy them again from the archive",
    "unreadable": "files that cannot be decoded: copy them again from the archive",
    "unpaired": "hazy pictures without a clear one: copy the clear one, or remove the hazy one",
    "twice": "two files of one stem: remove one of them",
    "size": "expected equal sizes, or a clear picture with a border of exactly 10 pixels: "
    "take the truth as published, resizing it costs decibels",
    "name": "names that do not tell the scene: rename them, or keep them elsewhere",
    "duplicate": "pictures of a test set that a training set holds as well: "
    "leave their scenes out of the training",
    "missing": "nothing to pair or to find: put the folders beside each other under these names",
}


class Finding(NamedTuple):
    """Something to correct: a key of `REMEDIES`, the file below the root, what was found."""

    kind: str
    file: str
    text: str


@dataclass
class PartReport:
    """What was found of one part; `hazy` and `scenes` count files, sound or not."""

    part: str
    folder: str
    hazy: int
    scenes: int
    sentence: str
    notes: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What was found below `root`; sound when there is nothing to correct."""

    root: str
    parts: list[PartReport]
    findings: list[Finding]
    notes: list[str]

    @property
    def sound(self) -> bool:
        """Whether there is nothing to correct; a partial copy may be sound."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """One sentence a person can act on."""
        if self.sound:
            parts = ", ".join(dict.fromkeys(part.part for part in self.parts))
            return f"Sound: nothing to correct in {parts}."
        counts = Counter(finding.kind for finding in self.findings)
        listed = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        return f"{self.root}: {len(self.findings)} to correct ({listed})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        findings = [finding._asdict() for finding in self.findings]
        return asdict(self) | {
            "findings": findings, "sound": self.sound, "verdict": self.verdict
        }  # fmt: skip


def check_reside(root: Path | str, *, progress: bool = False) -> Report:
    """Open every picture of every part below a folder and compare with RESIDE as published.

    No broken file stops it. Training and test sets are compared by the content of their pictures.

    Args:
        root: a folder that holds parts of RESIDE, or is one.
        progress: show a bar.

    Raises:
        FileNotFoundError: no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected one with parts of RESIDE")
    tree = find_folders(root)
    files = [part_pictures(folders) for folders in tree.parts]
    looks: dict[Path, Look] = {}
    findings: list[Finding] = []
    everything = list(dict.fromkeys(path for both in files for some in both for path in some))
    for path, found in zip(everything, look_at_all(everything, progress=progress), strict=True):
        if isinstance(found, Look):
            looks[path] = found
        else:
            findings.append(Finding(found.kind, _below(root, path), found.text))
    parts = []
    for folders, (hazy, clear) in zip(tree.parts, files, strict=True):
        matched = match_pairs(hazy, clear)
        parts.append(_count(root, folders, len(hazy), matched))
        if folders.clear:
            findings += _pair_findings(root, matched, looks)
        findings += _name_findings(root, folders.part, hazy)
    findings += _duplicates(root, tree.parts, files, looks)
    findings += _missing(root, tree.parts, tree.strays)
    return Report(str(root), parts, findings, _notes(root, parts, tree.strays))


def _count(root: Path, folders: Folders, hazy: int, matched: Matched) -> PartReport:
    unused = [PairFiles(path.stem, path, path) for path in matched.unused]
    scenes = len({pair.scene for pair in (*matched.pairs, *unused)})
    sentence = compare_counts(folders.part, hazy, scenes)
    report = PartReport(folders.part, _below(root, folders.place), hazy, scenes, sentence)
    if folders.part in PARTS and PARTS[folders.part].note:
        report.notes.append(PARTS[folders.part].note)
    if matched.unused and folders.clear:
        report.notes.append(f"clear pictures without a hazy one: {len(matched.unused)}")
    return report


def _pair_findings(root: Path, matched: Matched, looks: dict[Path, Look]) -> list[Finding]:
    findings = [
        Finding("unpaired", _below(root, path), f"no clear picture {path.stem.split('_')[0]}.*")
        for path in matched.lonely
    ]
    findings += [
        Finding("twice", _below(root, other), f"{_below(root, first)} has the same stem")
        for first, other in matched.twice
    ]
    wrong: dict[Path, str] = {}  # one line a clear picture, not one for each of its ten hazy ones
    for pair in matched.pairs:
        if pair.hazy_path in looks and pair.clear_path in looks:
            try:
                check_sizes(pair, looks[pair.hazy_path].shape, looks[pair.clear_path].shape)
            except ImageError as error:
                text = str(error).removeprefix(f"{pair.clear_path}: ").split("; take")[0]
                wrong.setdefault(pair.clear_path, text)
    return findings + [Finding("size", _below(root, path), text) for path, text in wrong.items()]


def _name_findings(root: Path, part: str, hazy: Iterable[Path]) -> list[Finding]:
    published = PARTS.get(part)
    if published is None or not published.stem:
        return []
    return [
        Finding("name", _below(root, path), f"expected a name like {published.example}")
        for path in hazy
        if not re.fullmatch(published.stem, path.stem)
    ]


def _duplicates(
    root: Path,
    parts: Sequence[Folders],
    files: Sequence[tuple[list[Path], list[Path]]],
    looks: dict[Path, Look],
) -> list[Finding]:
    """Pictures of a test part that a training part holds too, border or not."""
    by_split: dict[str, dict[bytes, Path]] = {"train": {}, "test": {}}
    for folders, (hazy, clear) in zip(parts, files, strict=True):
        split = by_split.get(PARTS[folders.part].split if folders.part in PARTS else "", {})
        for path in (*hazy, *clear):
            if path in looks:
                look = looks[path]
                split.update(dict.fromkeys({look.whole, look.inner} - {b""}, path))
    train, test = by_split["train"], by_split["test"]
    same = {test[digest]: train[digest] for digest in test if digest in train}
    return [
        Finding("duplicate", _below(root, path), f"the same picture as {_below(root, other)}")
        for path, other in sorted(same.items())
    ]


def _missing(root: Path, parts: Sequence[Folders], strays: Iterable[Path]) -> list[Finding]:
    findings = [
        Finding("missing", _below(root, folder), "no clear/ or gt/ beside it")
        for folder in strays
        if is_hazy_name(folder.name)
    ]
    if not parts and not findings:
        wanted = "expected folders such as SOTS/indoor/hazy and SOTS/indoor/gt, or RTTS/JPEGImages"
        findings.append(Finding("missing", ".", wanted))
    return findings


def _notes(root: Path, parts: Sequence[PartReport], strays: Iterable[Path]) -> list[str]:
    places: dict[str, list[str]] = {}
    for part in parts:
        places.setdefault(part.part, []).append(part.folder)
    notes = [
        f"{part} lies in {len(folders)} places ({', '.join(folders)}); give --data one of them"
        for part, folders in places.items()
        if len(folders) > 1
    ]
    return notes + [f"{_below(root, path)}: pictures of no known part" for path in strays]


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
