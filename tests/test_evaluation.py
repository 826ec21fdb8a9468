"""Any method over any pairs: what is recorded, what is refused, what reaches the disk."""

import errno
import json
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from haze_course import quality
from haze_course.cli import records
from haze_course.cli.records import read_csv, write_csv, write_json
from haze_course.physics import estimate_transmission, transmission_from_depth
from haze_course.quality.evaluation import (
    METRICS,
    MethodError,
    Record,
    evaluate,
    identity,
    paired_differences,
    summarise,
)
from haze_course.quality.metrics import ciede2000, psnr, ssim

HEADER = "image,scene,method,psnr,ssim,ciede2000,protocol,seconds"


@dataclass(frozen=True)
class Pair:
    name: str
    hazy: Tensor
    clear: Tensor


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    generator = torch.Generator().manual_seed(0)
    clear = torch.rand(4, 1, 3, 16, 20, generator=generator)
    return [Pair(f"scene {k}", 0.5 * each + 0.4, each) for k, each in enumerate(clear)]


def halfway(hazy: Tensor) -> Tensor:
    """Takes half of the haze of the fixture away."""
    return (hazy - 0.2) / 0.75


def record(
    image: str,
    method: str = "m",
    value: float = 1.0,
    protocol: str = "valid",
    scene: str | None = None,
) -> Record:
    return Record(image, scene or image, method, value, value / 2, value / 4, protocol, 0.25)


# --- evaluate


def test_records_hold_the_metrics_of_each_image(pairs: list[Pair]) -> None:
    records = evaluate(halfway, iter(pairs), name="half", protocol="luma")
    assert [each.image for each in records] == [pair.name for pair in pairs]
    for each, pair in zip(records, pairs, strict=True):
        dehazed = halfway(pair.hazy)
        assert each.psnr == psnr(dehazed, pair.clear).item()
        assert each.ssim == ssim(dehazed, pair.clear, protocol="luma").item()
        assert each.ciede2000 == ciede2000(dehazed, pair.clear).item()
        assert (each.method, each.protocol) == ("half", "luma")
        assert each.seconds >= 0


def test_identity_scores_the_hazy_input(pairs: list[Pair]) -> None:
    records = evaluate(identity, pairs, name="hazy input")
    assert records[0].psnr == psnr(pairs[0].hazy, pairs[0].clear).item()


def test_a_network_is_a_method_and_runs_without_gradients(pairs: list[Pair]) -> None:
    seen = []

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor(1.5))

        def forward(self, hazy: Tensor) -> Tensor:
            seen.append(torch.is_grad_enabled())
            return hazy * self.gain

    evaluate(Net(), pairs, name="net")
    assert seen == [False] * len(pairs)


def test_a_network_is_measured_in_evaluation_mode(pairs: list[Pair]) -> None:
    dropout = evaluate(nn.Dropout(0.5), pairs, name="net")
    untouched = evaluate(identity, pairs, name="net")
    assert [record.psnr for record in dropout] == [record.psnr for record in untouched]


def test_a_method_may_train_on_the_image_if_it_asks_for_gradients(pairs: list[Pair]) -> None:
    def zero_shot(hazy: Tensor) -> Tensor:
        with torch.enable_grad():
            gain = torch.ones((), requires_grad=True)
            (hazy * gain).mean().backward()
            return hazy * gain.grad.clamp(0.5, 2)

    assert len(evaluate(zero_shot, pairs, name="zero-shot")) == len(pairs)


def test_the_physics_is_silent_on_what_is_trained(pairs: list[Pair]) -> None:
    """Torch warns, here an error, where a number is read off a tensor that asks for gradients."""
    hazy = pairs[0].hazy.clone().requires_grad_()
    airlight = torch.full((1, 3), 0.9, requires_grad=True)
    beta = torch.full((1, 1), 0.5, requires_grad=True)
    found = estimate_transmission(hazy, airlight) + transmission_from_depth(hazy[:, :1], beta)
    found.mean().backward()
    for leaf in (hazy, airlight, beta):
        assert leaf.grad is not None
        assert leaf.grad.abs().sum() > 0


def test_a_method_cannot_change_the_pairs(pairs: list[Pair]) -> None:
    before = [pair.hazy.clone() for pair in pairs]
    evaluate(lambda hazy: hazy.sub_(0.1), pairs, name="in place")
    assert all(torch.equal(a, pair.hazy) for a, pair in zip(before, pairs, strict=True))


def test_pairs_are_read_one_at_a_time(pairs: list[Pair]) -> None:
    order = []

    def lazily():
        for pair in pairs:
            order.append("read")
            yield pair

    evaluate(lambda hazy: (order.append("run"), hazy)[1], lazily(), name="m")
    assert order == ["read", "run"] * len(pairs)


def test_progress_is_silent_unless_asked(pairs: list[Pair], capfd) -> None:
    evaluate(identity, pairs, name="quiet")
    assert capfd.readouterr() == ("", "")
    evaluate(identity, pairs, name="loud", progress=True)
    assert "loud" in capfd.readouterr().err


# --- what evaluate refuses


def broken(hazy: Tensor) -> Tensor:
    raise RuntimeError("out of ideas")


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        (broken, "RuntimeError: out of ideas"),
        (lambda hazy: hazy[..., 1:], r"expected \(1, 3, 16, 20\), got \(1, 3, 16, 19\)"),
        (lambda hazy: hazy[:, :1], r"expected \(1, 3, 16, 20\), got \(1, 1, 16, 20\)"),
        (lambda hazy: hazy[0], "expected .*got shape"),
        (lambda hazy: hazy / 0 * 0, "960 of 960 values are NaN"),
        (lambda hazy: (hazy, hazy), "expected a tensor .*got tuple"),
        (lambda hazy: (255 * hazy).byte(), "expected a float image"),
        (lambda hazy: None, "expected a tensor .*got NoneType"),
    ],
)
def test_a_failing_method_is_named_with_its_image(pairs: list[Pair], method, problem: str) -> None:
    def fails_late(hazy: Tensor) -> Tensor:
        return method(hazy) if torch.equal(hazy, pairs[2].hazy) else hazy

    with pytest.raises(MethodError, match=f'method "m" failed on image "scene 2": .*{problem}'):
        evaluate(fails_late, pairs, name="m")


def test_an_interrupt_is_not_taken_for_a_failing_method(pairs: list[Pair]) -> None:
    def stop(hazy: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(stop, pairs, name="m")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: replace(p, clear=p.clear[..., :18]), "one shape .*20.* and .*18.*; crop both"),
        (lambda p: replace(p, hazy=p.hazy[0]), "hazy: expected .*got shape"),
        (lambda p: replace(p, hazy=p.hazy * math.nan), "hazy: 960 of 960 values are NaN"),
        (lambda p: replace(p, clear=p.clear * math.nan), "target: 960 of 960 values are NaN"),
        (lambda p: replace(p, clear=255 * p.clear), "divide bytes by 255"),
        (lambda p: Pair(p.name, p.hazy.expand(2, -1, -1, -1), p.clear), r"shape \(1, 3, H, W\)"),
        (lambda p: Pair(p.name, p.hazy[..., :9], p.clear[..., :9]), "at least 11 x 11 pixels"),
    ],
)
def test_a_bad_pair_is_named_and_not_blamed_on_the_method(pairs, change, problem: str) -> None:
    with pytest.raises(ValueError, match=f"scene 1: .*{problem}") as caught:
        evaluate(identity, [pairs[0], change(pairs[1])], name="m")
    assert not isinstance(caught.value, MethodError)


def test_no_pairs_and_an_unknown_protocol_are_refused_before_any_work(pairs: list[Pair]) -> None:
    with pytest.raises(ValueError, match="m: no pairs to evaluate on"):
        evaluate(identity, [], name="m")
    with pytest.raises(ValueError, match="valid, padded, luma, downsampled, got 'x'"):
        evaluate(broken, pairs, name="m", protocol="x")


def test_a_network_gets_the_picture_where_it_lies(pairs: list[Pair]) -> None:
    class Elsewhere(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1, device="meta"))  # stands for a GPU
            self.seen: list[str] = []

        def forward(self, hazy: Tensor) -> Tensor:
            self.seen.append(hazy.device.type)
            return torch.full(hazy.shape, 0.5)

    network = Elsewhere()
    evaluate(network, pairs[:1], name="net")
    assert network.seen == ["meta"]


# --- paired differences


@pytest.mark.parametrize("metric", METRICS)
def test_positive_differences_favour_the_first_method(pairs: list[Pair], metric: str) -> None:
    half = evaluate(halfway, pairs, name="half")
    hazy = evaluate(identity, pairs[::-1], name="hazy input")
    differences = paired_differences(half + hazy, "half", "hazy input", metric)
    assert min(differences) > 0
    assert paired_differences(hazy + half, "hazy input", "half", metric) == [
        -each for each in differences[::-1]
    ]
    first = abs(getattr(half[0], metric) - getattr(hazy[-1], metric))
    assert differences[0] == pytest.approx(first, rel=1e-12)


def test_differences_lead_to_a_sentence(pairs: list[Pair]) -> None:
    records = evaluate(halfway, pairs, name="half") + evaluate(identity, pairs, name="hazy input")
    interval = quality.bootstrap_interval(paired_differences(records, "half", "hazy input"))
    said = quality.sentence("half", "hazy input", interval, METRICS["psnr"])
    assert said.startswith("half is better than hazy input by ")
    assert said.endswith("(95 % interval over 4 images).")


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([record("1", "a")], 'got 1 of "a" and 0 of "b"'),
        ([record("1", "a"), record("2", "b")], 'got 1 of "a" and 1 of "b"; evaluate both'),
        ([record("1", "a"), record("1", "a"), record("1", "b")], "one record an image"),
        ([record("1", "a"), record("1", "b", protocol="luma")], r"under \['luma', 'valid'\]"),
        ([], 'got 0 of "a" and 0 of "b"'),
    ],
)
def test_records_that_do_not_pair_are_refused(records: list[Record], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        paired_differences(records, "a", "b")


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of psnr, ssim, ciede2000, got 'lpips'"):
        paired_differences([], "a", "b", "lpips")


# --- summary


def test_summary_is_a_row_a_method_with_mean_and_interval() -> None:
    records = [record(str(k), method, k + 1.0) for method in ("a", "b") for k in range(5)]
    rows = summarise(records)
    assert [row["method"] for row in rows] == ["a", "b"]
    row = rows[0]
    assert (row["images"], row["protocol"], row["seconds"]) == (5, "valid", 0.25)
    assert (row["psnr"], row["ssim"], row["ciede2000"]) == (3.0, 1.5, 0.75)
    interval = quality.seed_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (row["psnr_low"], row["psnr_high"]) == (interval.low, interval.high)


def test_summary_counts_several_hazes_of_a_scene_as_one() -> None:
    gains = {"a": 1.0, "b": 2.0, "c": 4.0}
    records = [record(f"{s}{k}", value=v, scene=s) for s, v in gains.items() for k in range(10)]
    [row] = summarise(records)
    interval = quality.seed_interval([*gains.values()])
    assert (row["images"], row["scenes"]) == (30, 3)
    assert (row["psnr_low"], row["psnr_high"]) == pytest.approx((interval.low, interval.high))
    [one] = summarise([record("1", scene="a"), record("2", scene="a")])
    assert (one["scenes"], one["psnr_low"]) == (1, None)


def test_summary_keeps_protocols_apart() -> None:
    rows = summarise([record("1"), record("1", protocol="luma")])
    assert [row["protocol"] for row in rows] == ["valid", "luma"]


def test_summary_claims_no_interval_where_there_is_none() -> None:
    one, perfect = summarise([record("1", "one"), record("1"), record("2", value=math.inf)])
    assert (one["psnr"], one["psnr_low"], one["psnr_high"]) == (1.0, None, None)
    assert (perfect["psnr"], perfect["psnr_low"]) == (math.inf, None)
    assert summarise([]) == []


# --- files


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    st.lists(
        st.builds(
            Record,
            image=st.text(st.characters(codec="utf-8")),
            scene=st.text(st.characters(codec="utf-8")),
            method=st.text(st.characters(codec="utf-8")),
            psnr=st.floats(allow_nan=False),
            ssim=st.floats(-1, 1),
            ciede2000=st.floats(0, 100),
            protocol=st.sampled_from(["valid", "luma"]),
            seconds=st.floats(0, 1e9),
        )
    )
)
def test_csv_round_trip_is_exact(tmp_path_factory, records: list[Record]) -> None:
    path = tmp_path_factory.mktemp("csv") / "records.csv"
    write_csv(records, path)
    assert read_csv(path) == records


def test_csv_is_plain_and_has_a_header(tmp_path: Path) -> None:
    write_csv([record("a, b", scene="s")], tmp_path / "new" / "records.csv")
    lines = (tmp_path / "new" / "records.csv").read_text().splitlines()
    assert lines == [HEADER, '"a, b",s,m,1.0,0.5,0.25,valid,0.25']


def test_json_holds_summary_and_records_and_is_strict(tmp_path: Path) -> None:
    records = [record("1"), record("2", value=math.inf)]
    write_json(iter(records), tmp_path / "records.json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads((tmp_path / "records.json").read_text(), parse_constant=refuse)
    assert [row["psnr"] for row in content["records"]] == [1.0, "inf"]
    assert content["records"][0]["image"] == "1"
    assert content["summary"][0]["images"] == 2
    assert content["summary"][0]["psnr"] == "inf"


class FullDisk:
    """Stands in for a writer; fails as a full disk does, after the first bytes."""

    def __init__(self, file) -> None:
        self.file = file

    def writerow(self, row: object) -> None:
        self.file.write("image,met")

    def writerows(self, rows: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("write", [write_csv, write_json])
@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, write, existing: bool) -> None:
    path = tmp_path / "records.out"
    if existing:
        write([record("old")], path)
        old = path.read_bytes()

    def half_written(self: Path, text: str, **_: object) -> None:
        self.write_bytes(text[:9].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half_written)
    monkeypatch.setattr(records.csv, "writer", FullDisk)
    with pytest.raises(OSError, match="No space left"):
        write([record("new")], path)
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == (["records.out"] if existing else [])
    if existing:
        assert path.read_bytes() == old


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected the columns image,scene,method,psnr"),
        ("image,psnr\n1,2\n", "expected the columns .* got image,psnr"),
        (f"{HEADER}\nx,s,m,1,1,1,valid\n", "a record is damaged: .*shorter"),
        (f"{HEADER}\nx,s,m,1,1,1,valid,0,0\n", "a record is damaged: .*longer"),
        (f"{HEADER}\nx,s,m,one,1,1,valid,0\n", "could not convert string to float: 'one'"),
        (f'{HEADER}\n"x{"s" * 2**18}', "a record is damaged: field larger than field limit"),
        (b"\xff\xfe\x00\x9d" * 999, "expected the columns"),
    ],
)
def test_a_damaged_csv_is_refused_by_name(tmp_path: Path, text: str | bytes, problem: str) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ValueError, match=f"records.csv: .*{problem}") as refusal:
        read_csv(path)
    assert len(str(refusal.value).encode()) < 1000  # not the whole of a damaged file


def test_a_csv_that_a_spreadsheet_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    write_csv([record("1")], path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_csv(path) == [record("1")]


def test_a_name_that_is_no_text_is_written_and_read(tmp_path: Path) -> None:
    """Disks hold names in other encodings than UTF-8."""
    odd = record(os.fsdecode(b"caf\xe9"))
    write_csv([odd], tmp_path / "r.csv")
    assert read_csv(tmp_path / "r.csv") == [odd]
    write_json([odd], tmp_path / "r.json", [f"{odd.image}: bad"])
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["records"][0]["image"] == content["records"][0]["scene"] == "caf?"
    assert content["problems"] == ["caf?: bad"]


def test_a_missing_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        read_csv(tmp_path / "nowhere.csv")


def test_the_package_hands_on_what_it_promises() -> None:
    for name in quality.__all__:
        assert hasattr(quality, name)
