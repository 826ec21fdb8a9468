"""RESIDE as people have it: every layout is found, every fault is named, none stops the rest."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from command import call, refused
from PIL import Image

import haze_course as hc
from haze_course.cli.measuring import measure_all
from haze_course.cli.records import read_csv
from haze_course.data import find_pairs, find_pictures, split_by_scene
from haze_course.data.reside_check import REMEDIES, Report, check_reside
from haze_course.data.reside_sample import choose_sample
from haze_course.images import ImageError
from haze_course.layouts import LAYOUTS, PARTS, REAL_LAYOUTS, compare_counts
from haze_course.quality.evaluation import identity

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
BORDER = 10
PAIRED = {  # how copies of each part lie: hazy file, its clear file
    "its": [
        ("ITS/hazy/1_10_0.98796.png", "ITS/clear/1.png"),
        ("its/train/ITS_haze/1_10_0.98796.PNG", "its/train/ITS_clear/1.png"),
        ("ITS_v2/hazy/1_1_0.90179.png", "ITS_v2/clear/1.JPG"),
        ("RESIDE-IN/train/hazy/1_1_0.90179.png", "RESIDE-IN/train/GT/1_1_0.90179.png"),
        ("reside-indoor/train/hazy/1_1_0.9.png", "reside-indoor/train/gt/1.png"),
        ("RESIDE/ITS_haze/1_1_0.9.png", "RESIDE/ITS_clear/1.png"),
        ("data/train/indoor/hazy/1_1_0.9.png", "data/train/indoor/clear/1.png"),
    ],
    "ots": [
        ("OTS/hazy/0005_0.8_0.04.jpg", "OTS/clear/0005.jpg"),
        ("OTS_ALPHA/OTS/0005_0.8_0.04.jpg", "OTS_ALPHA/clear_images/0005.jpg"),
        ("OTS_ALPHA/haze/OTS/0005_0.8_0.04.jpg", "OTS_ALPHA/clear/clear_images/0005.jpg"),
        ("OTS_BETA/hazy/part3/0005_1_0.2.jpg", "OTS_BETA/clear/0005.jpg"),
        ("reside-outdoor/train/part2/0005_1_0.2.jpg", "reside-outdoor/train/clear/0005.png"),
    ],
    "sots-indoor": [
        ("SOTS/indoor/hazy/1400_2.png", "SOTS/indoor/gt/1400.png"),
        ("Reside/Sots/Indoor/Hazy/1400_2.Png", "Reside/Sots/Indoor/Clear/1400.PNG"),
        ("RESIDE/SOTS/nyuhaze500/hazy/1400_2.png", "RESIDE/SOTS/nyuhaze500/gt/1400.png"),
        ("ITS/test/hazy/1400_2.png", "ITS/test/clear/1400_2.png"),
        ("reside-indoor/test/hazy/1400_2.png", "reside-indoor/test/GT/1400_2.png"),
        ("SOTS/indoor/hazy/1400_2.jpg", "SOTS/indoor/original/1400.png"),
    ],
    "sots-outdoor": [
        ("SOTS/outdoor/hazy/0001_0.8_0.2.jpg", "SOTS/outdoor/gt/0001.png"),
        ("RESIDE-OUT/test/hazy/0001_0.8_0.2.png", "RESIDE-OUT/test/GT/0001_0.8_0.2.png"),
        ("OTS/test/hazy/0001_0.8_0.2.jpg", "OTS/test/clear/0001.png"),
    ],
    "hsts": [
        ("HSTS/synthetic/synthetic/0586.jpg", "HSTS/synthetic/original/0586.jpg"),
        ("HSTS/synthetic/hazy/0586.jpg", "HSTS/synthetic/gt/0586.png"),
        ("hsts/synthetic/0586.jpg", "hsts/original/0586.jpg"),
    ],
}
REAL = {
    "rtts": ["RTTS/JPEGImages/AM_Bing_211.png", "reside/rtts/x.jpg"],
    "urhi": ["URHI/x.jpeg", "UnannotatedHazyImages/x.png"],
    "hsts-real": ["HSTS/real-world/x.jpg", "HSTS/realworld/x.jpg", "hsts/real/X.PNG"],
}
CASES = [(layout, *case) for layout, cases in PAIRED.items() for case in cases]


def put(path: Path, seed: int = 0, border: int = 0, size: tuple[int, int] = (24, 32)) -> Path:
    """Noise of size (H, W); the same seed gives the same inner pixels whatever the border."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    noise = np.pad(noise, ((border, border), (border, border), (0, 0)), constant_values=255)
    Image.fromarray(noise).save(path)
    return path


def indoor(root: Path, scenes: int = 3, hazy: int = 2) -> Path:
    """SOTS indoor as published but for its size; returns its folder."""
    place = root / "SOTS" / "indoor"
    for scene in range(scenes):
        put(place / "gt" / f"{1400 + scene}.png", scene, BORDER)
        for k in range(1, hazy + 1):
            put(place / "hazy" / f"{1400 + scene}_{k}.png", 1000 * scene + 100 + k)
    return place


def kinds(report: Report) -> dict[str, str]:
    assert {finding.kind for finding in report.findings} <= set(REMEDIES)
    return {finding.file: finding.kind for finding in report.findings}


def test_every_published_part_has_a_layout_and_a_case() -> None:
    assert set(PAIRED) == set(LAYOUTS) - {"pairs"}
    assert set(REAL) == set(REAL_LAYOUTS)
    assert {*LAYOUTS, *REAL_LAYOUTS} == {"pairs", *PARTS}


@pytest.mark.parametrize(("layout", "hazy", "clear"), CASES)
def test_a_pair_is_found_wherever_copies_keep_it(
    tmp_path: Path, layout: str, hazy: str, clear: str
) -> None:
    lossless = clear.lower().endswith(".png")
    put(tmp_path / hazy, 1)
    put(tmp_path / clear, 2, BORDER)
    put(tmp_path / Path(hazy).parts[0] / "trans" / "1_1.png", 3)  # ITS brings these along
    (pair,) = find_pairs(tmp_path, layout=layout)
    assert (pair.hazy_path, pair.clear_path) == (tmp_path / hazy, tmp_path / clear)
    assert pair.name == Path(hazy).stem
    inner = put(tmp_path / "inner.png", 2)
    expected = hc.images.read_image(inner)
    assert pair.hazy.shape == pair.clear.shape == expected.shape
    if lossless:
        assert (pair.clear == expected).all()
    inner.unlink()
    report = check_reside(tmp_path)
    assert [(part.part, part.hazy, part.scenes) for part in report.parts] == [(layout, 1, 1)]
    assert report.sound, report.findings


@pytest.mark.parametrize(("layout", "name"), [(k, name) for k in REAL for name in REAL[k]])
def test_pictures_without_truth_are_found(tmp_path: Path, layout: str, name: str) -> None:
    path = put(tmp_path / name)
    put(tmp_path / "SOTS" / "indoor" / "hazy" / "1400_1.png")
    put(tmp_path / "SOTS" / "indoor" / "gt" / "1400.png")
    put(tmp_path / "HSTS" / "synthetic" / "synthetic" / "0586.jpg")
    put(tmp_path / "HSTS" / "synthetic" / "original" / "0586.jpg")
    assert find_pictures(tmp_path, layout=layout) == [path]
    assert find_pictures(path.parent, layout=layout) == [path]
    other = put(tmp_path / "elsewhere" / "y.png")
    assert find_pictures(other.parent, layout=layout) == [other]
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"one folder of pictures, got none.*{layout}"):
        find_pictures(tmp_path, layout=layout)
    with pytest.raises(ValueError, match="expected one of hsts-real, rtts, urhi, got 'its'"):
        find_pictures(tmp_path, layout="its")


@pytest.mark.parametrize(
    ("place", "part"), [("RESIDE-IN/train", "its"), ("SOTS/outdoor", "sots-outdoor")]
)
def test_a_part_may_be_given_itself(tmp_path: Path, place: str, part: str) -> None:
    put(tmp_path / place / "hazy" / "1_0.9_0.1.png")
    put(tmp_path / place / "gt" / "1.png")
    assert [found.part for found in check_reside(tmp_path / place).parts] == [part]
    assert len(find_pairs(tmp_path / place, layout=part)) == 1


def test_two_copies_of_one_part_are_not_mixed(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    shutil.copytree(place, place.with_name("nyuhaze500"))
    with pytest.raises(FileNotFoundError, match=r"expected one folder .* got .*indoor, .*nyuhaze"):
        find_pairs(tmp_path, layout="sots-indoor")
    assert len(find_pairs(place, layout="sots-indoor")) == 6
    with pytest.raises(FileNotFoundError, match=r"got none \(but sots-indoor in .*SOTS"):
        find_pairs(tmp_path, layout="ots")
    with pytest.raises(FileNotFoundError, match=r"got none \(but sots-indoor in .*SOTS"):
        find_pairs(place, layout="its")  # a test set is no training set, wherever one points
    assert any("lies in 2 places" in note for note in check_reside(tmp_path).notes)


def test_links_are_followed_once_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    place = indoor(tmp_path / "disk", scenes=1)
    (tmp_path / "reside").mkdir()
    (tmp_path / "reside" / "SOTS").symlink_to(place.parent, target_is_directory=True)
    (place / "up").symlink_to(tmp_path, target_is_directory=True)
    (place / "hazy" / "._1400_1.png").write_bytes(b"macOS")
    assert len(find_pairs(tmp_path / "reside", layout="sots-indoor")) == 2
    assert check_reside(tmp_path).sound


def test_the_same_stem_twice_is_refused(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    put(place / "hazy" / "1400_1.JPG", 7)
    with pytest.raises(ImageError, match=r"1400_1\.png: 1400_1\.JPG has the same stem; remove one"):
        find_pairs(tmp_path, layout="sots-indoor")


def test_no_scene_is_on_both_sides(tmp_path: Path) -> None:
    indoor(tmp_path, scenes=10)
    pairs = find_pairs(tmp_path, layout="sots-indoor")
    some, rest = split_by_scene(pairs, 0.3, 1)
    assert len({pair.scene for pair in some}) == 3
    assert not {pair.scene for pair in some} & {pair.scene for pair in rest}
    assert sorted(some + rest) == pairs
    assert some == sorted(some)
    assert split_by_scene(pairs[::-1], 0.3, 1)[0] == some[::-1]
    assert any(split_by_scene(pairs, 0.3, seed)[0] != some for seed in range(2, 5))
    for share in (0, 1):
        assert all(split_by_scene(pairs, share, 0))
    with pytest.raises(ValueError, match="two scenes or more to split, got 1"):
        split_by_scene(pairs[:2], 0.5, 0)
    with pytest.raises(ValueError, match="share"):
        split_by_scene(pairs, 1.5, 0)


def test_clear_pictures_named_like_the_hazy_ones_share_their_scene(tmp_path: Path) -> None:
    for k in (1, 2):
        put(tmp_path / "hazy" / f"1400_{k}.png", k)
        put(tmp_path / "clear" / f"1400_{k}.png", 9)
    assert {pair.scene for pair in find_pairs(tmp_path)} == {"1400"}


@pytest.mark.parametrize("name", ["20230501_{}.png", "230501_{}.png"])
def test_a_date_is_not_the_number_of_a_scene(name: str, tmp_path: Path) -> None:
    for k in (101010, 111111):
        put(tmp_path / "hazy" / name.format(k), k)
        put(tmp_path / "clear" / name.format(k), k + 1)
    pairs = find_pairs(tmp_path)
    assert {pair.scene for pair in pairs} == {pair.name for pair in pairs}
    one, other = split_by_scene(pairs, 0.5)
    assert len(one) == len(other) == 1


def test_counts_are_compared_with_the_published_ones(tmp_path: Path) -> None:
    assert compare_counts("its", 13_990, 1_399).startswith("all of its: 13 990 of 13 990 hazy")
    expected = "subset of its: 1 200 of 13 990 hazy pictures, 120 of 1 399 scenes"
    assert compare_counts("its", 1_200, 120) == expected
    assert compare_counts("its", 100_000, 10_000).startswith("more than the published its")
    assert compare_counts("rtts", 4_322, 0) == "all of rtts: 4 322 of 4 322 hazy pictures"
    put(tmp_path / "SOTS" / "outdoor" / "hazy" / "0001_0.8_0.2.jpg")
    put(tmp_path / "SOTS" / "outdoor" / "gt" / "0001.png")
    (part,) = check_reside(tmp_path).parts
    assert part.notes == ["published counts unverified"]
    put(tmp_path / "SOTS" / "outdoor" / "gt" / "0002.png")  # a partial copy, and no fault
    report = check_reside(tmp_path)
    assert report.parts[0].notes[-1] == "clear pictures without a hazy one: 1"
    assert report.parts[0].scenes == 2
    assert report.sound


def test_a_copy_of_other_pairs_is_read_as_pairs(tmp_path: Path) -> None:
    put(tmp_path / "RESIDE-6K" / "train" / "hazy" / "7.jpg")
    put(tmp_path / "RESIDE-6K" / "train" / "GT" / "7.jpg")
    put(tmp_path / "holiday" / "beach.jpg")
    report = check_reside(tmp_path)
    assert [part.part for part in report.parts] == ["pairs"]
    assert report.notes == ["holiday: pictures of no known part"]
    assert report.sound


def test_each_fault_is_named_and_none_hides_another(tmp_path: Path) -> None:
    place = indoor(tmp_path, scenes=6, hazy=1)
    hazy, clear = place / "hazy", place / "gt"
    (clear / "1400.png").unlink()  # unpaired
    put(clear / "1401.png", 1, size=(48, 64))  # resized
    whole = (hazy / "1402_1.png").read_bytes()
    (hazy / "1402_1.png").write_bytes(whole[: len(whole) // 2])  # truncated
    (clear / "1403.png").write_bytes(b"")  # empty
    put(hazy / "1404_1.jpg", 4)  # twice
    put(hazy / "1405 (1).png", 5)  # no scene in that name, and no partner
    put(tmp_path / "OTS" / "hazy" / "0005_0.8_0.04.jpg")  # no clear folder
    report = check_reside(tmp_path)
    assert kinds(report) == {
        "SOTS/indoor/hazy/1400_1.png": "unpaired",
        "SOTS/indoor/gt/1401.png": "size",
        "SOTS/indoor/hazy/1402_1.png": "unreadable",
        "SOTS/indoor/gt/1403.png": "empty",
        "SOTS/indoor/hazy/1404_1.png": "twice",
        "SOTS/indoor/hazy/1405 (1).png": "name",
        "OTS/hazy": "missing",
    }
    assert "64 x 48 pixels" in next(f.text for f in report.findings if f.kind == "size")
    assert not report.sound
    assert "1 empty" in report.verdict


@pytest.mark.parametrize("border", [0, BORDER])
def test_a_test_picture_among_the_training_ones_is_found(tmp_path: Path, border: int) -> None:
    indoor(tmp_path, scenes=2)
    put(tmp_path / "ITS" / "hazy" / "1_1_0.9.png", 77)
    put(tmp_path / "ITS" / "clear" / "1.png", 1, border)  # scene 1401, saved anew
    report = check_reside(tmp_path)
    assert kinds(report) == {"SOTS/indoor/gt/1401.png": "duplicate"}
    assert report.findings[0].text == "the same picture as ITS/clear/1.png"


def test_check_says_what_to_do_and_exits_with_two(tmp_path: Path) -> None:
    root = tmp_path / "RESIDE"
    place, out = indoor(root, scenes=50, hazy=10), tmp_path / "r.json"
    result = call("data", "check", root, "--json", out)
    assert result.exit_code == 0, result.output
    assert "all of sots-indoor: 500 of 500 hazy pictures, 50 of 50 scenes" in result.output
    assert "Sound: nothing to correct in sots-indoor." in result.output
    assert json.loads(out.read_text())["sound"] is True
    refused(call("data", "check", root, "--json", out), "r.json is there already")
    (place / "gt" / "1400.png").unlink()
    result = call("data", "check", root, "--json", out, "--force")
    refused(result, "10 to correct (10 unpaired)", "copy the clear one")
    report = json.loads(out.read_text())
    assert len(report["findings"]) == 10
    assert report["findings"][0]["file"] == "SOTS/indoor/hazy/1400_1.png"
    refused(call("data", "check", tmp_path / "no"), "no: no such folder; expected one with parts")
    (tmp_path / "empty").mkdir()
    refused(call("data", "check", tmp_path / "empty"), "expected folders such as SOTS/indoor/hazy")


def whole(root: Path) -> Path:
    """A little of several parts."""
    indoor(root, scenes=8, hazy=3)
    for scene in range(1, 6):
        put(root / "ITS" / "train" / "ITS_clear" / f"{scene}.png", scene + 50, BORDER)
        for k in range(10):
            put(root / "ITS" / "train" / "ITS_haze" / f"{scene}_{k}_0.9.png", 60 * scene + k)
    for k in range(9):
        put(root / "RTTS" / "JPEGImages" / f"{k}.png", k)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*")) if path.is_file()}  # fmt: skip


def test_a_sample_keeps_the_layout_and_whole_scenes(tmp_path: Path) -> None:
    root, out = whole(tmp_path / "RESIDE"), tmp_path / "small"
    result = call("data", "sample", root, "-n", 4, "-o", out)
    assert result.exit_code == 0, result.output
    copied, source = files(out), files(root)
    assert copied.items() <= source.items()
    assert f"{len(copied)} files copied" in result.output
    for layout, scenes, each in (("sots-indoor", 2, 3), ("its", 2, 10)):
        pairs = find_pairs(out, layout=layout)
        assert len(pairs) == scenes * each
        assert all(split_by_scene(pairs, 0.5, 0))
    assert len(find_pictures(out, layout="rtts")) == 4
    assert check_reside(out).sound
    again = tmp_path / "again"
    assert call("data", "sample", root, "-n", 4, "-o", again).exit_code == 0
    assert files(again) == copied
    assert choose_sample(root, 4, seed=1) != choose_sample(root, 4, seed=0)


def test_a_sample_overwrites_nothing_silently(tmp_path: Path) -> None:
    root, out = whole(tmp_path / "RESIDE"), tmp_path / "small"
    arguments = ("data", "sample", root, "-n", 1, "-o", out)
    assert call(*arguments).exit_code == 0
    before = files(out)
    victim = out / next(iter(before))
    victim.write_bytes(b"mine")
    refused(call(*arguments), "is there already", "nothing was copied", "--force")
    assert victim.read_bytes() == b"mine"
    assert call(*arguments, "--force").exit_code == 0
    assert files(out) == before  # and no half-written file is left
    refused(call("data", "sample", root, "-o", root / "in"), "expected a folder apart from")
    refused(call("data", "sample", tmp_path / "no", "-o", out), "no such folder")
    refused(call("data", "sample", root, "-n", 0, "-o", out), "expected 1 picture or more")
    (tmp_path / "empty").mkdir()
    refused(call("data", "sample", tmp_path / "empty", "-o", out), "found none", "data check")


def test_evaluate_offers_every_pair_layout_without_torch() -> None:
    code = (
        "import sys; from haze_course.cli.pictures import evaluate; "
        "(choice,) = [p.type.choices for p in evaluate.params if p.name == 'layout']; "
        "print('torch' in sys.modules, *choice)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", *LAYOUTS]


def evaluated(tmp_path: Path, *more: object) -> tuple[object, ...]:
    results = ("--json", tmp_path / "r.json", "--csv", tmp_path / "r.csv")
    where = ("--data", tmp_path, "--layout", "sots-indoor")
    return ("evaluate", *where, "--method", "hazy", *results, *more)


def test_one_bad_pair_does_not_stop_a_batch(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    (place / "hazy" / "1400_1.png").write_bytes(b"")
    put(place / "gt" / "1402.png", 2, border=9)
    result = call(*evaluated(tmp_path))
    refused(result, "3 of 6 not measured", "1400_1.png: expected a picture", "hazy on 3 images")
    refused(result, "1402_1.png (32 x 24); expected 32 x 24, or 52 x 44", "1402_2.png (32 x 24)")
    records = json.loads((tmp_path / "r.json").read_text())["records"]
    assert [record["image"] for record in records] == ["1400_2", "1401_1", "1401_2"]
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 4
    shutil.rmtree(place / "gt")
    for scene in range(3):
        put(place / "gt" / f"{1400 + scene}.png", size=(9, 9))
    other = ("--json", tmp_path / "o.json")
    refused(call(*evaluated(tmp_path, *other, "--force")), "6 of 6 not measured")
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["summary"] == found["records"] == []
    assert len(found["problems"]) == 6
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 1  # nothing of the call before
    again = call(*evaluated(tmp_path, "--force", "--resume"))
    refused(again, "6 of 6 not measured")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_stop_nothing(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    odd = os.fsdecode(b"caf\xe9")
    for file in (place / "hazy" / "1400_1.png", place / "gt" / "1400.png"):
        shutil.copy(file, file.with_name(f"{odd}.png"))
    (place / "hazy" / os.fsdecode(b"caf\xe9_1.png")).write_bytes(b"")
    refused(call(*evaluated(tmp_path)), "1 of 8 not measured", "_1.png: expected a picture")
    names = [record.image for record in read_csv(tmp_path / "r.csv")]
    assert odd in names
    content = json.loads((tmp_path / "r.json").read_text())
    assert "caf?" in [record["image"] for record in content["records"]]
    assert "caf?_1.png" in content["problems"][0]
    pairs = find_pairs(tmp_path, layout="sots-indoor")
    assert sum(len(side) for side in split_by_scene(pairs, 0.5)) == 8
    done = call("data", "sample", tmp_path / "SOTS", "-n", 99, "-o", tmp_path / "copy")
    assert done.exit_code == 0, done.output
    assert any(file.stem == odd for file in (tmp_path / "copy").rglob("*.png"))


def test_notebook_09_measures_the_copy_that_haze_reside_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = indoor(tmp_path)
    cells = nbformat.read(NOTEBOOKS / "09_report_card.ipynb", as_version=4).cells
    [source] = [cell.source for cell in cells if 'environ.get("HAZE_RESIDE")' in cell.source]
    shown: list[list[dict[str, object]]] = []
    monkeypatch.setattr(hc.plots, "show_table", lambda rows, _title: shown.append(rows))
    for folder in (place, tmp_path):  # the indoor test set, or the whole of RESIDE
        monkeypatch.setenv("HAZE_RESIDE", str(folder))
        names = {"hc": hc, "os": os, "methods": {"hazy input": identity}, "evenly": lambda x: x}
        exec(source, names)
    [first], [second] = shown
    assert first == second
    assert first["pictures"] == 6
    scores = []
    for file in sorted((place / "hazy").iterdir()):
        hazy, clear = (
            np.asarray(Image.open(path), float) / 255
            for path in (file, place / "gt" / f"{file.stem[:4]}.png")
        )
        error = (hazy - clear[BORDER:-BORDER, BORDER:-BORDER]) ** 2
        scores.append(-10 * np.log10(error.mean()))
    assert first["PSNR (dB)"] == pytest.approx(np.mean(scores), abs=1e-4)


def test_evaluate_prints_the_means_without_a_file(tmp_path: Path) -> None:
    where = ("--data", indoor(tmp_path), "--layout", "sots-indoor")
    result = call("evaluate", *where, "--method", "hazy")
    assert result.exit_code == 0, result.output
    assert "hazy on 6 images" in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"SOTS"}


def test_resume_measures_only_what_is_missing(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    bad = place / "hazy" / "1401_1.png"
    good = bad.read_bytes()
    bad.write_bytes(good[:60])
    refused(call(*evaluated(tmp_path)), "1 of 6 not measured")
    first = (tmp_path / "r.csv").read_text().splitlines()
    bad.write_bytes(good)
    refused(call(*evaluated(tmp_path)), "r.json is there already")
    result = call(*evaluated(tmp_path, "--resume"))
    assert result.exit_code == 0, result.output
    assert "hazy on 6 images" in result.output
    second = (tmp_path / "r.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in second[1:]] == [
        f"{scene}_{k}" for scene in (1400, 1401, 1402) for k in (1, 2)
    ]
    assert set(first) < set(second)  # the seconds each took included: not measured again
    # A picture that changed is measured again, the others are not.
    changed = put(place / "hazy" / "1400_2.png", 99)
    later = (tmp_path / "r.csv").stat().st_mtime + 5
    os.utime(changed, (later, later))
    assert call(*evaluated(tmp_path, "--resume")).exit_code == 0
    third = (tmp_path / "r.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in set(third) - set(second)] == ["1400_2"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_measured_outlives_what_follows(
    tmp_path: Path, error: type[BaseException]
) -> None:
    indoor(tmp_path)
    pairs = find_pairs(tmp_path, layout="sots-indoor")
    third = pairs[2].hazy

    def method(hazy: torch.Tensor) -> torch.Tensor:
        if torch.equal(hazy, third):
            raise error("stop")
        return hazy

    out = tmp_path / "r.csv"
    settings = {"name": "m", "protocol": "valid", "done": {}, "csv_file": out}
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            measure_all(method, pairs, **settings)
        assert [record.image for record in read_csv(out)] == ["1400_1", "1400_2"]
        return
    records, problems = measure_all(method, pairs, **settings)
    assert read_csv(out) == records
    assert len(records) == 5
    assert problems == ['method "m" failed on image "1401_1": ValueError: stop']
    out.unlink()
    with pytest.raises(hc.quality.MethodError, match="1401_1"):  # it never worked: the method
        measure_all(method, pairs[2:], **settings)
    assert not out.exists()


def test_resume_does_not_mix_what_does_not_belong_together(tmp_path: Path) -> None:
    place = indoor(tmp_path)
    refused(call(*evaluated(tmp_path)[:-2], "--resume"), "--resume: expected --csv FILE")
    assert call(*evaluated(tmp_path, "--resume")).exit_code == 0
    before = (tmp_path / "r.csv").read_bytes()
    other = evaluated(tmp_path, "--resume", "--protocol", "luma")
    refused(call(*other), "records of hazy (luma)", "found hazy (valid)", "another --csv")
    (place / "hazy" / "1402_2.png").unlink()
    refused(call(*evaluated(tmp_path, "--resume")), "on these 5 images, found 1402_2")
    assert (tmp_path / "r.csv").read_bytes() == before
