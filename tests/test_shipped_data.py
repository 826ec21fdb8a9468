"""What data/ promises: every file there, intact, licensed, and no place in two splits."""

import csv
import hashlib
import importlib
from collections import defaultdict

import pytest
import torch

import haze_course as hc
from haze_course.data import shipped
from haze_course.paths import data_folder

DATA = data_folder()
SCENE_FILES = (".jpg", "_depth.png")


def _sums():
    lines = (DATA / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_every_file_is_as_it_was_when_its_hash_was_taken():
    wrong = [
        name
        for name, digest in _sums().items()
        if hashlib.sha256((DATA / name).read_bytes()).hexdigest() != digest
    ]
    assert not wrong


def test_no_file_is_without_a_hash():
    known = set(_sums()) | {"SHA256SUMS"}
    present = {
        path.relative_to(DATA).as_posix()
        for path in DATA.rglob("*")
        if path.is_file() and path.relative_to(DATA).parts[0] not in ("make", "results")
    }
    assert present - known == set()


def test_every_picture_names_its_licence_and_author():
    with (DATA / "ATTRIBUTION.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    pictures = [*hc.data.photos(), *hc.data.real_haze(), *hc.data.scenes()]
    for picture in pictures:
        row = rows[picture.path.relative_to(DATA).as_posix()]
        assert all(row[column].strip() for column in ("author", "licence", "source", "changes"))
        assert row["licence"] == picture.licence
        assert picture.licence in picture.credit
    present = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.[jp][pn]g")}
    assert set(rows) == {name for name in present if not name.startswith("results/")}


def test_the_counts_of_the_design():
    splits = {split: len(hc.data.photos(split)) for split in shipped.SPLITS}
    assert splits == {"train": 100, "validation": 18, "test": 30}
    assert len(hc.data.real_haze()) == 30
    assert len(hc.data.real_haze("best")) == 18
    rendered = [scene for scene in hc.data.scenes() if scene.kind != "measured"]
    assert len(rendered) >= 80
    rooms = [scene for scene in rendered if scene.kind == "room"]
    assert 0.4 < len(rooms) / len(rendered) < 0.6


def test_what_ships_stays_small():
    shipped_bytes = sum(
        (DATA / name).stat().st_size for name in _sums() if "checkpoint" not in name
    )
    assert shipped_bytes < 35e6


@pytest.mark.parametrize("pictures", [hc.data.photos, hc.data.scenes], ids=["photos", "scenes"])
def test_no_picture_is_in_two_splits(pictures):
    splits = defaultdict(set)
    for picture in pictures():
        splits[hashlib.sha256(picture.path.read_bytes()).hexdigest()].add(picture.split)
        splits[picture.name].add(picture.split)
    assert all(len(found) == 1 for found in splits.values())


def test_no_place_is_in_two_splits(monkeypatch):
    """Other pictures of one place, as far as somebody who looked at all of them listed them."""
    monkeypatch.syspath_prepend(str(data_folder() / "make"))
    importer = importlib.import_module("import_photos")
    photos = {photo.name: photo.split for photo in hc.data.photos()}
    importer.check_split(set(photos))
    assert importer.SAME_PLACE
    assert all(split == importer.split_of(name) for name, split in photos.items())


@pytest.mark.parametrize("kind", ["room", "street"])
def test_one_family_is_seen_in_the_test_only(kind):
    splits = defaultdict(set)
    for scene in hc.data.scenes(kind=kind):
        splits[scene.family].add(scene.split)
    assert [family for family, found in splits.items() if found == {"test"}]


def test_every_scene_has_a_picture_and_exact_depth_of_one_size():
    for scene in hc.data.scenes():
        clear, depth = scene.clear, scene.depth
        assert clear.shape[-2:] == depth.shape[-2:] == scene.sky.shape[-2:]
        assert torch.isfinite(depth).all()
        assert (depth > 0).all()
        assert depth[~scene.sky].max() > 1.5 * depth.min()  # a scene, not a wall
        assert 0.15 < clear.mean() < 0.75, scene.name


@pytest.mark.parametrize("kind", ["street", "landscape"])
def test_the_sky_is_behind_everything_and_does_not_set_the_haze(kind):
    with_sky = [scene for scene in hc.data.scenes(kind=kind) if scene.sky.any()]
    assert with_sky
    for scene in with_sky:
        depth, sky = scene.depth, scene.sky
        ground = depth[~sky]
        assert depth[sky].min() == depth.max() >= 10 * ground.quantile(0.95) * 0.999
        assert depth.max() > ground.max(), scene.name
        transmission = hc.physics.transmission_from_depth(
            depth, hc.physics.beta_for(depth, t_far=0.2)
        )
        at_the_far_end = transmission[~sky].quantile(0.05).item()
        assert at_the_far_end == pytest.approx(0.2, abs=0.01), scene.name


def test_the_measured_scene_has_no_holes_left():
    (scene,) = hc.data.scenes(kind="measured")
    assert scene.unit == "m"
    assert 1 < scene.depth.min() < scene.depth.max() < 10  # a motorcycle in a garage


def test_estimated_depth_fits_its_photograph():
    with_depth = [photo for photo in hc.data.photos("validation") if photo.depth_path]
    assert with_depth
    for photo in with_depth:
        depth = photo.depth
        assert depth.shape[-2:] == photo.clear.shape[-2:]
        assert (depth > 0).all()
    without = [photo for photo in hc.data.photos() if not photo.depth_path]
    assert without
    assert without[0].depth is None


@pytest.mark.parametrize("which", ["scenes", "photos", "rooms", "streets"])
def test_fixed_haze_is_haze(which):
    pairs = hc.data.benchmark_pairs(which)
    assert len({pair.name for pair in pairs}) == len(pairs) >= 15
    for pair in pairs[:5]:
        hazy, clear, transmission = pair.hazy, pair.clear, pair.transmission
        assert hazy.shape == clear.shape
        assert (transmission > 0).all()
        assert (transmission <= 1).all()
        codes = hazy * 255
        torch.testing.assert_close(codes, codes.round(), atol=1e-3, rtol=0)
        airlight = torch.tensor([pair.airlight])
        expected = hc.physics.add_haze(clear, transmission, airlight)
        assert (hazy - expected).abs().max() <= 0.51 / 255


def test_test_haze_uses_test_pictures_only():
    for which in ("scenes", "photos", "rooms", "streets"):
        assert {pair.source.split for pair in hc.data.benchmark_pairs(which)} == {"test"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hc.data.photos("tset"), "split: expected one of test, train, validation"),
        (lambda: hc.data.scenes(kind="cave"), "kind: expected one of"),
        (lambda: hc.data.real_haze("worst"), "grade: expected one of best, other, got 'worst'"),
        (lambda: hc.data.benchmark_pairs("rooms", "validation"), "no rows"),
        (lambda: hc.data.benchmark_pairs("sots"), "set: expected one of"),
    ],
)
def test_a_wrong_name_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_holes_take_the_background_beside_them():
    codes = torch.tensor([[[[5.0, 0.0, 9.0, 0.0, 0.0, 4.0, 0.0]]]])
    assert shipped._fill_holes(codes).flatten().tolist() == [5, 9, 9, 9, 9, 4, 4]


def test_a_missing_table_is_named(tmp_path, monkeypatch):
    (tmp_path / "SHA256SUMS").touch()
    monkeypatch.setenv("HAZE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"photos\.csv: no such table"):
        hc.data.photos()


def test_scenes_of_another_folder_are_read_like_the_shipped_ones(tmp_path):
    shipped_ones = hc.data.scenes("train", family="hall")
    for name in ("scenes.csv", *(f"{s.name}{end}" for s in shipped_ones for end in SCENE_FILES)):
        (tmp_path / name).write_bytes((DATA / "scenes" / name).read_bytes())
    others = hc.data.scenes("train", family="hall", folder=tmp_path)
    assert [s.name for s in others] == [s.name for s in shipped_ones]
    assert others[0].path.parent == tmp_path
    assert torch.equal(others[0].depth, shipped_ones[0].depth)
    assert others[0].author == shipped.OURS
