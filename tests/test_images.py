"""Whatever a camera, scanner or web page hands over becomes (1, 3, H, W) RGB in [0, 1]."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from haze_course import images
from haze_course.images import (
    ImageError,
    jpeg_round_trip,
    list_images,
    read_image,
    read_metadata,
    write_image,
)
from haze_course.quality.metrics import psnr

RED = (1.0, 0.0, 0.0)


def _colour(path):
    image = read_image(path)
    assert image.dtype == torch.float32
    assert image.shape[:2] == (1, 3)
    return tuple(round(v, 3) for v in image[0, :, 0, 0].tolist())


def test_png_round_trip_is_exact_on_8_bit_values(tmp_path, generator):
    image = torch.randint(0, 256, (1, 3, 7, 5), generator=generator) / 255
    write_image(image, tmp_path / "a.png")
    assert torch.equal(read_image(tmp_path / "a.png"), image)


def test_writing_clamps_and_rounds_to_the_nearest_code(tmp_path):
    image = torch.tensor([-1.0, 0.4999 / 255, 0.5001 / 255, 2.0]).expand(1, 3, 1, 4)
    write_image(image, tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png")[0, 0, 0] * 255).tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("RGB", (255, 0, 0), RED),
        ("L", 51, (0.2, 0.2, 0.2)),
        ("1", 1, (1.0, 1.0, 1.0)),
        ("I;16", 13107, (0.2, 0.2, 0.2)),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), (1.0, 1.0, 1.0)),  # transparent shows the white page
        ("LA", (0, 0), (1.0, 1.0, 1.0)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, value, expected):
    Image.new(mode, (4, 3), value).save(tmp_path / "a.png")
    assert _colour(tmp_path / "a.png") == expected


def test_grey_beyond_16_bits_has_no_white(tmp_path):
    Image.fromarray(np.full((3, 4), 100_000, dtype=np.int32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"a\.tif: .*100000 have no defined white"):
        read_image(tmp_path / "a.tif")


def test_readers_in_threads_leave_the_warnings_as_they_were(tmp_path, monkeypatch):
    """The second comes while the first reads, and leaves after it."""
    inside, left = threading.Event(), threading.Event()

    def meeting(picture):
        if picture.size == (4, 3):  # the first waits for the second to come
            assert inside.wait(10)
        else:
            inside.set()
            assert left.wait(10)
        return np.zeros((3, 4, 3), dtype=np.float32)

    monkeypatch.setattr(images, "_to_rgb", meeting)
    for name, size in (("first", (4, 3)), ("second", (5, 3))):
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read_image, tmp_path / "first.png")
        first.add_done_callback(lambda _: left.set())
        pool.submit(read_image, tmp_path / "second.png").result()
    assert warnings.filters == before


def test_palette_and_cmyk_become_rgb(tmp_path):
    Image.new("RGB", (4, 3), (255, 0, 0)).quantize(4).save(tmp_path / "palette.png")
    Image.new("CMYK", (4, 3), (0, 255, 255, 0)).save(tmp_path / "cmyk.tif")
    assert _colour(tmp_path / "palette.png") == RED
    assert _colour(tmp_path / "cmyk.tif") == RED


def test_exif_orientation_is_applied(tmp_path):
    pixels = np.zeros((2, 6, 3), np.uint8)
    pixels[:, :2] = 255  # the left third is white
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn a quarter clockwise to see it upright"
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    image = read_image(tmp_path / "a.png")
    assert image.shape == (1, 3, 6, 2)
    assert image[0, :, :2].mean() == 1  # left became top
    assert image[0, :, 2:].mean() == 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda b: b[: len(b) // 2], id="truncated"),
        pytest.param(lambda b: b"", id="empty"),
        pytest.param(lambda b: b"no picture at all", id="text"),
        pytest.param(lambda b: b[:40], id="header only"),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_damaged_file_is_named(tmp_path, generator, damage, suffix):
    good, bad = tmp_path / f"good.{suffix}", tmp_path / f"bad.{suffix}"
    write_image(torch.rand(1, 3, 64, 64, generator=generator), good)
    bad.write_bytes(damage(good.read_bytes()))
    with pytest.raises(ImageError, match=rf"bad\.{suffix}: expected a picture"):
        read_image(bad)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png: no such file"):
        read_image(tmp_path / "nowhere.png")


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (20, 20)).save(tmp_path / "bomb.png")
    with pytest.raises(ImageError, match=r"bomb\.png: refused, expected at most 100 pixels"):
        read_image(tmp_path / "bomb.png")


def test_a_full_disk_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    write_image(torch.zeros(1, 3, 4, 4), path)
    before = path.read_bytes()

    def full(self, file, *args, **kwargs):
        file.write_bytes(b"half a pic")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        write_image(torch.ones(1, 3, 4, 4), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.gif: expected a name ending in"):
        write_image(torch.zeros(1, 3, 4, 4), tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"expected \(1, 3, H, W\) or \(1, 1, H, W\)"):
        write_image(torch.zeros(2, 3, 4, 4), tmp_path / "a.png")


def test_jpeg_loses_more_at_lower_quality(generator):
    coarse = torch.rand(2, 3, 4, 4, generator=generator)
    image = torch.nn.functional.interpolate(coarse, (32, 32), mode="bicubic").clamp(0, 1)
    close, far = (psnr(jpeg_round_trip(image, q), image) for q in (95, 10))
    assert (close > far + 3).all()


def test_a_flat_picture_survives_jpeg():
    image = torch.full((1, 3, 16, 16), 128 / 255)
    assert (jpeg_round_trip(image, 50) - image).abs().max() <= 1.01 / 255


def test_a_folder_lists_its_pictures_in_order(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt", "._a.JPG", ".b.123.part.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [p.name for p in list_images(tmp_path)] == ["a.JPG", "b.png"]
    with pytest.raises(FileNotFoundError, match="no such folder"):
        list_images(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no picture in it"):
        list_images(tmp_path / "empty")


def test_metadata_goes_along_but_the_turn_is_done(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # turned by a quarter; maker
    Image.new("RGB", (40, 20), (10, 60, 200)).save(
        tmp_path / "in.jpg", exif=exif, icc_profile=b"profile" * 30
    )
    image, metadata = read_image(tmp_path / "in.jpg"), read_metadata(tmp_path / "in.jpg")
    assert image.shape[-2:] == (40, 20)
    for name in ("out.png", "out.jpg"):
        write_image(image, tmp_path / name, metadata=metadata)
        with Image.open(tmp_path / name) as written:
            assert written.size == (20, 40)
            assert 0x0112 not in written.getexif()
            assert written.getexif()[0x010F] == "a camera"
            assert written.info["icc_profile"] == b"profile" * 30
    assert read_metadata(tmp_path / "none.png") == {}
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00broken")
    assert read_metadata(tmp_path / "bad.jpg") == {}
