"""Data is found where it may be, and a file is either whole or untouched."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from haze_course.paths import (
    atomic_path,
    data_folder,
    notebooks_folder,
    only_run_in,
    write_table,
    write_text,
)


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


@pytest.mark.skipif(os.name != "posix", reason="modes and links as on Unix")
def test_a_replaced_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    path, link = tmp_path / "kept" / "secret.csv", tmp_path / "link.csv"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write_text("new", link)
    assert path.read_text() == "new"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret.csv"]


@pytest.mark.skipif(os.name != "posix", reason="users have numbers")
def test_a_lock_is_of_one_user(tmp_path, monkeypatch):
    """Another user could not open its file in a folder that all share."""
    with only_run_in(tmp_path):
        with pytest.raises(ValueError, match="another run writes there"), only_run_in(tmp_path):
            pass
        monkeypatch.setattr(os, "getuid", lambda: 4321)
        with only_run_in(tmp_path):
            pass
    for name in (b"caf\xe9", "caf\u00e9".encode()):
        with only_run_in(os.fsdecode(name)):
            pass


def test_a_table_keeps_the_bytes_of_a_name_that_is_not_text(tmp_path):
    path = tmp_path / "class.csv"
    write_table(["folder", "done"], [[os.fsdecode(b"caf\xe9"), 1]], path)
    assert path.read_bytes().split() == [b"folder,done", b"caf\xe9,1"]
