"""Data is found where it may be, and a file is either whole or untouched."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from haze_course.paths import atomic_path, data_folder, notebooks_folder, write_text


def test_a_checkout_finds_its_own_folders():
    assert (data_folder() / "photos" / "photos.csv").is_file()
    assert (notebooks_folder() / "profiles.yaml").is_file()


def test_haze_data_points_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "SHA256SUMS").touch()
    monkeypatch.setenv("HAZE_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_a_wrong_haze_data_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HAZE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"HAZE_DATA names .*nowhere.*unset it"):
        data_folder()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old")

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*result\.csv'"):
        write_half()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.csv"]


def test_a_finished_write_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "new" / "result.csv"
    for text in ("first", "second"):
        with atomic_path(path) as temporary:
            temporary.write_text(text)
        assert path.read_text() == text
    assert [p.name for p in path.parent.iterdir()] == ["result.csv"]


def test_writers_of_one_path_do_not_meet(tmp_path):
    path, texts = tmp_path / "out.txt", ["a" * 10_000, "b" * 10_000]

    def write(text):
        for _ in range(50):
            write_text(text, path)
            assert path.read_text() in texts

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, texts))
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_as_long_a_name_as_the_disk_allows_can_be_written(tmp_path):
    path = tmp_path / ("n" * 251 + ".txt")
    write_text("x", path)
    assert path.read_text() == "x"
