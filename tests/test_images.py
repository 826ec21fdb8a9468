"""Whatever a camera, scanner or web page hands over becomes (1, 3, H, W) RGB in [0, 1]."""

import io
import random
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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


def _tiff(codes, *, bits, photometric=1, sample_format=1):
    """An uncompressed grey TIFF of 2 by 1, byte for byte, as Pillow writes only some of them."""
    tags = {256: 2, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 1,
            279: len(codes), 339: sample_format}  # fmt: skip
    data = codes.ljust(8, b"\0")
    table = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + table + bytes(4)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(_tiff(struct.pack("<2i", 200, 200), bits=32), "200 to 200", id="32 bit"),
        pytest.param(_tiff(struct.pack("<2i", 100_000, 7), bits=32), "7 to 100000", id="large"),
        pytest.param(
            _tiff(struct.pack("<2i", -5, 200), bits=32, sample_format=2), "-5 to 200", id="signed"
        ),
        pytest.param(
            _tiff(struct.pack("<2h", -5, 200), bits=16, sample_format=2),
            "-5 to 200",
            id="signed 16",
        ),
        pytest.param(_tiff(bytes([255, 1]), bits=8, sample_format=2), "1 to 255", id="signed 8"),
        pytest.param(_tiff(b"\xff\xf8\x00", bits=12), "2048 to 4095", id="12 bit"),
        pytest.param(
            _tiff(struct.pack("<2H", 65535, 0), bits=16, photometric=0), "0 to 65535", id="inverted"
        ),
        pytest.param(
            _tiff(struct.pack("<2f", 0, 1), bits=32, sample_format=3), "0.0 to 1.0", id="floats"
        ),
    ],
)
def test_grey_whose_white_is_not_known_is_refused_with_the_remedy(tmp_path, content, found):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(
        ImageError, match=rf"a\.tif: .*expected grey .*{found}; convert it to 8 or 16"
    ):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", ["tiff", "jpeg2000", "ppm"])
def test_16_bit_grey_reads_alike_from_every_format(tmp_path, kind):
    codes = np.array([[0, 13107], [39321, 65535]], dtype=np.uint16)
    Image.fromarray(codes).save(tmp_path / "a", kind)
    assert torch.allclose(
        read_image(tmp_path / "a")[0, 0], torch.tensor([[0, 0.2], [0.6, 1]]), atol=1e-6
    )


@pytest.mark.parametrize(("mode", "half"), [("L", 51), ("I;16", 13107)])
def test_a_transparent_grey_shows_the_white_page(tmp_path, mode, half):
    picture = Image.new(mode, (2, 1), half)
    picture.putpixel((0, 0), 7)
    picture.save(tmp_path / "a.png", transparency=7)
    assert read_image(tmp_path / "a.png")[0, 0, 0].tolist() == pytest.approx([1, 0.2])


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
    ("orientation", "upright"),
    [  # of 1 2 3 above 4 5 6
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]),
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),
        (9, [[1, 2, 3], [4, 5, 6]]),  # no such turn
    ],
)
@pytest.mark.parametrize("kind", ["png", "tiff"])  # a TIFF is turned as it is decoded
def test_each_turn_makes_the_picture_upright_once(tmp_path, orientation, upright, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    Image.fromarray(stored).save(tmp_path / "a", kind, exif=exif)
    assert (read_image(tmp_path / "a")[0, 0] * 255).round().tolist() == upright


def _with_exif(kind):
    """A picture as a camera writes it, turned, and where its EXIF block lies."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "a camera", 72.0
    exif[0x8769] = {0x829A: 0.01, 0xA002: 8, 0xA003: 4}
    file, block = io.BytesIO(), exif.tobytes().removeprefix(b"Exif\0\0")
    noise = np.random.default_rng(0).integers(0, 256, (4, 8, 3), np.uint8)
    Image.fromarray(noise).save(file, kind, exif=exif)
    content = file.getvalue()
    return content, content.index(block), len(block)


def _sealed(content, start, length):
    """The checksum of the PNG chunk made to fit, as Pillow looks at it before the block."""
    if content.startswith(b"\x89PNG"):
        struct.pack_into(
            ">I", content, start + length, zlib.crc32(content[start - 4 : start + length])
        )
    return bytes(content)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_damaged_exif_block_costs_no_pixel(tmp_path, kind):
    content, start, length = _with_exif(kind)
    (tmp_path / "a").write_bytes(content)
    expected = read_image(tmp_path / "a")
    stored = expected.rot90(1, (2, 3))  # as where the turn is lost
    for seed in range(60):
        draw, damaged = random.Random(seed), bytearray(content)
        for _ in range(draw.randint(1, 3)):
            damaged[start + draw.randrange(length)] = draw.randrange(256)
        (tmp_path / "a").write_bytes(_sealed(damaged, start, length))
        image, metadata = read_image(tmp_path / "a"), read_metadata(tmp_path / "a")
        assert any(  # one flipped bit makes another turn of it
            torch.equal(image, turned)
            for turn in range(4)
            for turned in (stored.rot90(turn, (2, 3)), stored.flip(3).rot90(turn, (2, 3)))
        ), f"seed {seed}"
        write_image(image, tmp_path / "out.png", metadata=metadata)


def test_a_tiff_cut_short_anywhere_is_refused_or_read_right(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    for picture in (Image.fromarray(noise), Image.fromarray(noise[..., 0])):
        picture.save(tmp_path / "a.tif")
        content, expected = (tmp_path / "a.tif").read_bytes(), read_image(tmp_path / "a.tif")
        for length in range(0, len(content), 3):
            (tmp_path / "a.tif").write_bytes(content[:length])
            with suppress(ImageError):
                assert torch.equal(read_image(tmp_path / "a.tif"), expected)


def test_a_tiff_with_a_tag_of_the_wrong_type_is_named(tmp_path):
    number, text = (struct.pack("<HHI", 273, kind, 1) for kind in (3, 2))  # where the pixels lie
    (tmp_path / "a.tif").write_bytes(_tiff(b"ab", bits=8).replace(number, text))
    with pytest.raises(ImageError, match=r"a\.tif: expected a picture"):
        read_image(tmp_path / "a.tif")


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
    for size in ((20, 20), (12, 12)):  # an error to Pillow, a warning to Pillow
        Image.new("L", size).save(tmp_path / "bomb.png")
        with pytest.raises(ImageError, match=r"bomb\.png: refused, expected at most 100 pixels"):
            read_image(tmp_path / "bomb.png")
        assert read_metadata(tmp_path / "bomb.png") == {}


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


def test_the_size_among_the_metadata_turns_with_the_picture(tmp_path):
    for orientation, expected in ((1, (8, 4)), (3, (8, 4)), (6, (4, 8)), (7, (4, 8))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x8769] = {0xA002: 8, 0xA003: 4, 0x829A: 0.5}
        Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
        write_image(
            read_image(tmp_path / "a.jpg"),
            tmp_path / "b.jpg",
            metadata=read_metadata(tmp_path / "a.jpg"),
        )
        with Image.open(tmp_path / "b.jpg") as written:
            inner = written.getexif().get_ifd(0x8769)
            assert (inner[0xA002], inner[0xA003]) == written.size == expected
            assert inner[0x829A] == 0.5  # exposure


def test_how_a_tiff_was_stored_does_not_go_along(tmp_path):
    for compression in (None, "tiff_lzw"):
        Image.new("RGB", (48, 40)).save(
            tmp_path / "a.tif",
            compression=compression,
            tiffinfo={0x010F: "a scanner", 700: b"<x/>"},
        )
        write_image(
            torch.zeros(1, 3, 8, 9), tmp_path / "b.png", metadata=read_metadata(tmp_path / "a.tif")
        )
        with Image.open(tmp_path / "b.png") as written:
            assert dict(written.getexif()) == {0x010F: "a scanner"}
    Image.new("RGB", (48, 40)).save(tmp_path / "a.tif")
    assert read_metadata(tmp_path / "a.tif") == {}


def test_a_damaged_exif_block_does_not_cost_the_colour_profile(tmp_path):
    Image.new("RGB", (8, 4)).save(
        tmp_path / "a.jpg", exif=b"Exif\0\0no block at all", icc_profile=b"profile"
    )
    assert read_metadata(tmp_path / "a.jpg") == {"icc_profile": b"profile"}
