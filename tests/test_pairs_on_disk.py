"""Pairs are found by RESIDE's names, cut to one size, and a missing partner is named."""

import shutil

import pytest
import torch

from haze_course.data import PairBatches, PairedImages, PairSettings, find_pairs, random_crop
from haze_course.images import ImageError, write_image


@pytest.fixture
def folder(tmp_path, generator):
    for scene in ("1400", "1401"):
        clear = torch.randint(0, 256, (1, 3, 48, 64), generator=generator) / 255
        write_image(clear, tmp_path / "clear" / f"{scene}.png")
        for k in (1, 2):
            write_image(0.5 * clear + 0.5, tmp_path / "hazy" / f"{scene}_{k}.png")
    return tmp_path


def test_each_hazy_picture_finds_its_scene(folder):
    pairs = find_pairs(folder)
    assert [pair.name for pair in pairs] == ["1400_1", "1400_2", "1401_1", "1401_2"]
    assert [pair.clear_path.stem for pair in pairs] == ["1400", "1400", "1401", "1401"]
    hazy, clear = pairs[0].hazy, pairs[0].clear
    assert (hazy - (0.5 * clear + 0.5)).abs().max() < 1 / 255


def test_a_clear_picture_named_like_the_hazy_one_wins(folder):
    special = torch.zeros(1, 3, 48, 64)
    write_image(special, folder / "clear" / "1400_1.png")
    assert torch.equal(find_pairs(folder)[0].clear, special)


def test_the_border_of_the_clear_picture_is_cut(folder):
    inner = find_pairs(folder)[0].clear
    bordered = torch.nn.functional.pad(inner, (10, 10, 10, 10), value=1.0)
    write_image(bordered, folder / "clear" / "1400.png")
    assert torch.equal(find_pairs(folder)[0].clear, inner)


def test_a_clear_picture_that_is_too_small_is_named(folder):
    write_image(torch.zeros(1, 3, 40, 64), folder / "clear" / "1400.png")
    with pytest.raises(ImageError, match=r"1400\.png: 64 x 40 pixels, smaller than its hazy"):
        _ = find_pairs(folder)[0].clear


@pytest.mark.parametrize("size", [(50, 66), (68, 64), (68, 82), (96, 128)])
def test_a_clear_picture_with_another_border_than_ten_pixels_is_refused(folder, size):
    write_image(torch.zeros(1, 3, *size), folder / "clear" / "1400.png")
    expected = r"which does not fit .* expected 64 x 48, or 84 x 68 with RESIDE's border"
    with pytest.raises(ImageError, match=rf"1400\.png: {size[1]} x {size[0]} pixels, {expected}"):
        _ = PairedImages(find_pairs(folder))[0]


def test_a_hazy_picture_without_partner_is_named(folder):
    (folder / "clear" / "1401.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1401_1\.png: expected a clear picture 1401"):
        find_pairs(folder)


def test_two_clear_pictures_of_one_stem_are_refused(folder):
    write_image(torch.zeros(1, 3, 48, 64), folder / "clear" / "1400.jpg")
    with pytest.raises(ImageError, match=r"1400\.png: 1400\.jpg has the same stem"):
        find_pairs(folder)


@pytest.mark.parametrize("clear", ["clear", "gt", "GT"])
def test_sots_indoor_is_found_wherever_it_lies(folder, tmp_path_factory, clear):
    root = tmp_path_factory.mktemp("reside")
    for part in ("indoor", "outdoor"):
        (root / "SOTS" / part).mkdir(parents=True)
        for name, copied in (("hazy", "hazy"), ("clear", clear)):
            shutil.copytree(folder / name, root / "SOTS" / part / copied)
    expected = [pair.name for pair in find_pairs(folder)]
    for start in (root, root / "SOTS" / "indoor"):
        pairs = find_pairs(start, layout="sots-indoor")
        assert [pair.name for pair in pairs] == expected
        assert all("outdoor" not in pair.hazy_path.parts for pair in pairs)


def test_a_layout_that_fits_nothing_says_what_was_looked_for(folder, tmp_path_factory):
    with pytest.raises(ValueError, match=r"expected one of pairs, its, .*, got 'nyu'"):
        find_pairs(folder, layout="nyu")
    with pytest.raises(FileNotFoundError, match=r"one folder hazy/ beside clear/ or gt/, got none"):
        find_pairs(tmp_path_factory.mktemp("empty"), layout="sots-indoor")


@pytest.mark.parametrize("missing", ["hazy", "clear"])
def test_a_missing_folder_is_named(folder, missing):
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match=f"{missing}: no such folder"):
        find_pairs(folder)


def test_the_data_set_yields_pairs_without_a_batch_dimension(folder, generator):
    pairs = find_pairs(folder)
    hazy, clear = PairedImages(pairs)[1]
    assert hazy.shape == clear.shape == (3, 48, 64)

    def crop(hazy, clear):
        return random_crop(hazy, clear, size=16, generator=generator)

    loader = torch.utils.data.DataLoader(PairedImages(pairs, crop), batch_size=4)
    hazy, clear = next(iter(loader))
    assert hazy.shape == clear.shape == (4, 3, 16, 16)
    assert (hazy - (0.5 * clear + 0.5)).abs().max() < 1 / 255


def test_a_hazy_picture_smaller_than_a_crop_is_found_before_the_training(tmp_path):
    """RESIDE's clear pictures have a border that the hazy ones lack."""
    write_image(torch.zeros(1, 3, 48, 64), tmp_path / "clear" / "1.png")
    for k in (1, 2):
        write_image(torch.zeros(1, 3, 28, 44), tmp_path / "hazy" / f"1_{k}.png")
    pairs = find_pairs(tmp_path)
    message = r"at least 40 x 40 pixels, found 2 smaller \(1_1\.png, 1_2\.png\)"
    with pytest.raises(ValueError, match=message):
        PairBatches(pairs, settings=PairSettings(crop=40, workers=0))
    PairBatches(pairs, settings=PairSettings(crop=28, workers=0))
