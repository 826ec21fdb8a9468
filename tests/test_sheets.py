"""Contact sheets of real haze: the right pictures on the right pages, and no score."""

import os
from pathlib import Path

import pytest
import torch
from command import call, picture, refused

import haze_course as hc
from haze_course.cli.sheets import draw_pages, plan_pages
from haze_course.images import read_image, write_image
from haze_course.nets import FFANet, save_pretrained
from haze_course.plots.sheets import draw_sheet


@pytest.fixture
def reside(tmp_path: Path) -> Path:
    """Real haze of all three parts, in pictures of unlike size, and a part with truth."""
    root = tmp_path / "reside"
    for number in range(6):
        picture(root / "RTTS" / "JPEGImages" / f"r{number}.png", number, (20, 30 + number))
    picture(root / "URHI" / "u0.jpg", 7, (30, 20))
    picture(root / "HSTS" / "real-world" / "h0.jpg", 8)
    picture(root / "SOTS" / "indoor" / "hazy" / "1400_1.png", 9)
    picture(root / "SOTS" / "indoor" / "gt" / "1400.png", 9)
    return root


def test_pages_hold_the_parts_without_truth(reside: Path, tmp_path: Path) -> None:
    pages = plan_pages(reside, tmp_path, None, count=5, rows=4)
    names = {page.name: [file.name for file in files] for page, files in pages.items()}
    assert names == {
        "hsts-real_01.jpg": ["h0.jpg"],
        "rtts_01.jpg": ["r0.png", "r1.png", "r2.png", "r3.png"],
        "rtts_02.jpg": ["r4.png"],
        "urhi_01.jpg": ["u0.jpg"],
    }
    assert list(plan_pages(reside / "URHI", tmp_path, "urhi", count=9, rows=9).values()) == [
        [reside / "URHI" / "u0.jpg"]
    ]


def test_sheets_are_written_and_a_bad_picture_is_named(reside: Path, tmp_path: Path) -> None:
    model, out = tmp_path / "mine.safetensors", tmp_path / "out"
    torch.manual_seed(0)
    save_pretrained(FFANet(width=8, groups=1, blocks=1), model)
    arguments = ("data", "sheets", reside, "-o", out, "--model", model, "--layout", "rtts")
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert "dB" not in result.output
    assert sorted(path.name for path in out.iterdir()) == ["rtts_01.jpg", "rtts_02.jpg"]
    assert read_image(out / "rtts_01.jpg").shape[-1] == 1248
    refused(call(*arguments), "rtts_01.jpg is there already", "--force")
    (reside / "RTTS" / "JPEGImages" / "r2.png").write_bytes(b"half")
    refused(call(*arguments, "--force"), "not shown:", "r2.png: expected a picture", "2 pages in")
    refused(call("data", "sheets", reside / "SOTS", "-o", out), "rtts, urhi below it, found none")
    refused(call("data", "sheets", tmp_path / "no", "-o", out), "no such folder")


def test_what_cannot_be_drawn_is_named_and_costs_no_other(tmp_path: Path) -> None:
    """Neither a picture for which the memory is short nor a page that no file can hold."""
    thin = picture(tmp_path / "thin.png", size=(1, 1100))
    tall, other = picture(tmp_path / "tall.png", size=(1100, 1)), picture(tmp_path / "other.png")

    def needs_much(hazy: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**60) if hazy.shape[-2:] == (40, 30) else hazy

    pages = {tmp_path / "a.jpg": [thin, other], tmp_path / "b.jpg": [tall]}
    written, problems = draw_pages(pages, {"student": needs_much})
    assert written == [tmp_path / "a.jpg"]
    assert [written[0].is_file(), (tmp_path / "b.jpg").exists()] == [True, False]
    assert [problem.split(": ")[0] for problem in problems] == [str(other), str(tmp_path / "b.jpg")]


def test_no_page_is_counted_where_none_was_written(tmp_path: Path) -> None:
    (tmp_path / "RTTS").mkdir()
    (tmp_path / "RTTS" / "bad.png").write_bytes(b"half")
    refused(call("data", "sheets", tmp_path, "-o", tmp_path / "out"), "0 pages in", "bad.png")


def test_a_panel_shows_its_picture_where_its_name_says(tmp_path: Path) -> None:
    def flat(value: float) -> torch.Tensor:
        return torch.full((1, 3, 40, 60), value)

    figure = draw_sheet({"a.png": {"hazy": flat(0.25), "student": flat(0.75)}}, head="two")
    path = tmp_path / "page.png"
    figure.savefig(path, dpi=100)
    page = read_image(path)
    middle = page.shape[-2] - 120
    assert page[0, :, middle, 200].tolist() == pytest.approx([0.25] * 3, abs=0.01)
    assert page[0, :, middle, 700].tolist() == pytest.approx([0.75] * 3, abs=0.01)
    assert {text.get_text() for text in figure.texts} == {"two", "hazy", "student", "a.png"}


def test_shipped_real_haze_makes_a_sheet(tmp_path: Path) -> None:
    photo = hc.data.real_haze("best")[0]
    write_image(photo.hazy[..., ::4, ::4], tmp_path / "RTTS" / "one.png")
    result = call("data", "sheets", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "rtts_01.jpg").is_file()


def test_two_pictures_of_one_name_are_both_drawn(tmp_path: Path) -> None:
    files = [tmp_path / "real" / name for name in ("1.png", "a/1.png")]
    for number, file in enumerate(files):
        picture(file, number, (20, 30))
    alone, both = tmp_path / "alone.jpg", tmp_path / "both.jpg"
    written, problems = draw_pages({alone: files[:1], both: files}, {"as it is": lambda x: x})
    assert (written, problems) == ([alone, both], [])
    assert read_image(both).shape[-2] > 1.5 * read_image(alone).shape[-2]


@pytest.mark.parametrize(
    "name", ["price $5 and $6.png", "$\\frac{$.png", os.fsdecode(b"caf\xe9.png")]
)
def test_any_name_can_stand_on_a_page(name: str, tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", size=(20, 30)).rename(tmp_path / name)
    methods = {"as $it is": lambda x: x}
    written, problems = draw_pages({tmp_path / "page.jpg": [file]}, methods)
    assert (written, problems) == ([tmp_path / "page.jpg"], [])
    shown = {"hazy": torch.rand(1, 3, 8, 8)}
    figure = draw_sheet({name: shown}, head="page")
    assert os.fsencode(name).decode(errors="replace")[:3] in "".join(
        text.get_text() for text in figure.texts
    )
