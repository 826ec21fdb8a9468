"""Networks elsewhere: ONNX agrees with PyTorch, int8 stays close, tiles leave no seam."""

import copy
import errno
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from command import call, refused
from torch import nn

import haze_course as hc
from haze_course.cli.export import calibration_images
from haze_course.deploy import tiles
from haze_course.deploy.inference import load_onnx
from haze_course.machine import MissingExtra
from haze_course.nets.ffa import FFANet
from haze_course.nets.weights import WeightsError


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return hc.nets.load_pretrained("student")


@pytest.fixture(scope="module")
def onnx_file(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "student.onnx"
    hc.deploy.export_onnx(network, path)
    return path


def test_onnx_agrees_at_any_size(network: nn.Module, onnx_file: Path) -> None:
    photos = [photo.hazy for photo in hc.data.real_haze("best")[:3]]
    odd = [photos[0][..., :101, :77], photos[1][..., :64, :231], photos[2][..., 5:6, :50]]
    assert hc.deploy.largest_difference(network, onnx_file, odd) < 1e-4
    two = torch.cat([odd[0], odd[0].flip(3)])
    with torch.no_grad():
        assert (load_onnx(onnx_file)(two) - network(two)).abs().max() < 1e-4


def test_files_are_small_and_name_their_ends(onnx_file: Path) -> None:
    import onnxruntime

    assert onnx_file.stat().st_size <= 500_000
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    assert [tensor.name for tensor in session.get_inputs()] == ["hazy"]
    assert [tensor.name for tensor in session.get_outputs()] == ["dehazed"]
    assert str(Path.cwd()).encode() not in onnx_file.read_bytes(), "a path of this machine"


def test_a_network_keeps_its_mode(tmp_path: Path) -> None:
    fresh = FFANet(width=8, groups=1, blocks=1).train()
    hc.deploy.export_onnx(fresh, tmp_path / "fresh.onnx")
    assert fresh.training


def test_a_failed_export_leaves_the_mode_and_no_file(tmp_path: Path) -> None:
    class Fails(nn.Module):
        def forward(self, hazy: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no way")

    network = Fails().train()
    with pytest.raises(RuntimeError):
        hc.deploy.export_onnx(network, tmp_path / "fails.onnx")
    assert network.training
    assert not list(tmp_path.iterdir())


def test_int8_is_a_third_in_size_and_close(
    network: nn.Module, onnx_file: Path, tmp_path: Path
) -> None:
    small = tmp_path / "int8.onnx"
    hc.deploy.quantize_onnx(onnx_file, small, calibration_images()[:3])
    assert small.stat().st_size <= 200_000
    method = hc.deploy.load_dehazer(small)
    pair = hc.data.benchmark_pairs("scenes", "validation")[0]
    with torch.no_grad():
        whole, rounded = network(pair.hazy), method(pair.hazy)
    loss = hc.quality.psnr(whole, pair.clear) - hc.quality.psnr(rounded, pair.clear)
    assert loss.item() < 0.3
    assert 0 < (whole - rounded).abs().mean() < 3 / 255


@pytest.mark.parametrize("count", [1, 2])
def test_int8_needs_a_convolution_between_first_and_last(count: int, tmp_path: Path) -> None:
    """None to quantize would mean all to ONNX Runtime."""
    few = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(count)])
    hc.deploy.export_onnx(few, tmp_path / "few.onnx")
    message = rf"few\.onnx: expected at least 3 convolutions of 3 x 3, found {count}"
    with pytest.raises(ValueError, match=message):
        hc.deploy.quantize_onnx(
            tmp_path / "few.onnx", tmp_path / "x.onnx", [torch.ones(1, 3, 8, 8)]
        )
    assert not (tmp_path / "x.onnx").exists()


def test_calibration_pictures_are_checked(tmp_path: Path) -> None:
    three = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)])
    source, path = tmp_path / "three.onnx", tmp_path / "int8.onnx"
    hc.deploy.export_onnx(three, source)
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    made = []
    for given in (image, image.double(), image.clone().requires_grad_()):
        hc.deploy.quantize_onnx(source, path, iter([given]))
        made.append(path.read_bytes())
    assert made[0] == made[1] == made[2]
    for images, message in (
        ([], "images: expected at least one picture for calibration, got none"),
        ([image * 255], r"images: expected values in \[0, 1\]"),
        ([image[0]], r"images: expected \(B, C, H, W\)"),
    ):
        with pytest.raises(ValueError, match=message):
            hc.deploy.quantize_onnx(source, tmp_path / "none.onnx", images)
    assert not (tmp_path / "none.onnx").exists()


def test_export_from_the_command_line(tmp_path: Path) -> None:
    done = call("export", "-o", tmp_path / "student.onnx")
    assert done.exit_code == 0, done.output
    assert "from PyTorch" in done.output
    refused(call("export", "-o", tmp_path / "student.onnx"), "is there already", "--force")
    refused(call("export", "-o", tmp_path / "student.pt"), "expected a name ending in .onnx")


def test_what_is_no_onnx_file_is_refused(
    tmp_path: Path, onnx_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match="haze-course export"):
        load_onnx(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(os.urandom(500))
    with pytest.raises(WeightsError, match=r"bad\.onnx: expected an ONNX file"):
        load_onnx(tmp_path / "bad.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"pip install 'haze-course\[edge\]'"):
        load_onnx(onnx_file)


def _onnx(
    folder: Path,
    operator: str,
    inputs: tuple[str, ...] = ("hazy",),
    size: tuple[str | int, str | int] = ("h", "w"),
) -> Path:
    """A network of one operator, any size of picture unless one is given."""
    from onnx import TensorProto, helper

    def picture(name: str) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 3, *size])

    made = helper.make_tensor_value_info("dehazed", TensorProto.FLOAT, None)
    node = helper.make_node(operator, list(inputs), ["dehazed"])
    graph = helper.make_graph([node], "one", [picture(name) for name in inputs], [made])
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    (folder / "odd.onnx").write_bytes(model.SerializeToString())
    return folder / "odd.onnx"


def test_an_onnx_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.onnx"
    empty.touch()
    with pytest.raises(
        WeightsError, match=r"empty\.onnx: expected an ONNX file.*haze-course export"
    ):
        load_onnx(empty)
    with pytest.raises(WeightsError, match=r"odd\.onnx: expected an ONNX file.*Dehaze"):
        load_onnx(_onnx(tmp_path, "Dehaze"))
    with pytest.raises(
        WeightsError, match=r"odd\.onnx: expected one input .* hazy .*, depth .*; write"
    ):
        load_onnx(_onnx(tmp_path, "Add", ("hazy", "depth")))
    small = r"odd\.onnx: expected .* as large as its input, got .* which makes \(1, 3, 1, 1\) of"
    with pytest.raises(WeightsError, match=small):
        load_onnx(_onnx(tmp_path, "GlobalAveragePool"))
    assert load_onnx(_onnx(tmp_path, "Relu"))(torch.ones(1, 3, 2, 5)).shape == (1, 3, 2, 5)


def test_a_picture_that_an_onnx_file_cannot_take_is_explained(tmp_path: Path) -> None:
    method = load_onnx(_onnx(tmp_path, "Relu", size=(4, 6)))
    with pytest.raises(ValueError, match=r"odd\.onnx: expected .* got \(1, 3, 2, 5\)"):
        method(torch.ones(1, 3, 2, 5))


def methods(folder: Path) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """All that take a picture: with gates and without, as ONNX, and frame by frame."""
    return {
        "student": hc.deploy.load_dehazer("half-student"),
        "plain": hc.deploy.Dehazer(nn.Conv2d(3, 3, 3, padding=1)),
        "onnx": load_onnx(_onnx(folder, "Relu")),
        "steady": hc.deploy.SteadyDehazer(hc.deploy.load_dehazer("half-student"), rate=25),
    }


@pytest.mark.parametrize("pixels", [10**9, 500], ids=["whole", "in tiles"])
def test_a_picture_of_any_float_type_becomes_float32(
    pixels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haze_course.deploy.inference.WHOLE_PIXELS", pixels)
    hazy = torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    for name, method in methods(tmp_path).items():
        wanted = method(hazy)
        for kind in (torch.float64, torch.float16, torch.bfloat16):
            made = method(hazy.to(kind).requires_grad_())
            assert (made.dtype, made.requires_grad) == (torch.float32, False), name
            assert (made - wanted).abs().max() < 0.05, name


def test_what_is_no_picture_is_explained(tmp_path: Path) -> None:
    hazy = torch.rand(1, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    for method in methods(tmp_path).values():
        for given, message in (
            (hazy.numpy(), "hazy: expected a tensor .*, got ndarray; a picture array is"),
            (hazy[0], r"hazy: expected \(B, C, H, W\), .* add a batch dimension"),
            (hazy[:, :1], r"hazy: expected 3 channel\(s\), got 1"),
            ((hazy * 255).byte(), "hazy: expected a float image .* divide bytes by 255"),
            (hazy * 255, "hazy: expected values in .* divide bytes by 255"),
            (hazy * 2 - 1, "hazy: expected values in"),
            (hazy * float("nan"), "hazy: 288 of 288 values are NaN"),
        ):
            with pytest.raises(ValueError, match=message):
                method(given)
        assert method(hazy).shape == hazy.shape


def test_what_interpolation_overshoots_is_no_error(tmp_path: Path) -> None:
    """Bicubic, at an edge of black and white."""
    edge = torch.zeros(1, 3, 20, 20)
    edge[..., 10:, 10:] = 1
    sharp = nn.functional.interpolate(edge, scale_factor=1.7, mode="bicubic")
    assert sharp.max() > 1.1
    for method in methods(tmp_path).values():
        assert method(sharp).shape == sharp.shape


def test_a_dehazer_evaluates_and_leaves_a_network_trainable() -> None:
    network = FFANet(width=8, groups=1, blocks=1).train()
    hc.deploy.Dehazer(network)
    assert not network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_the_ending_of_an_onnx_file_may_be_in_capitals(tmp_path: Path) -> None:
    file = _onnx(tmp_path, "Relu").rename(tmp_path / "ODD.ONNX")
    assert "ONNX" in hc.deploy.load_dehazer(file).way


def test_tiles_with_the_pictures_own_gates_are_exact(network: nn.Module) -> None:
    hazy = hc.data.real_haze("best")[0].hazy[..., :150, :170]
    with torch.no_grad():
        whole = network(hazy)
    gates = tiles.read_gates(network, hazy)
    pieces = tiles.run_in_tiles(network, hazy, gates, tile=64)
    assert (pieces - whole).abs().max() < 1e-5
    with torch.no_grad():
        assert torch.equal(network(hazy), whole)  # the gates are free again


@pytest.mark.parametrize("size", [(150, 170), (151, 169)])
def test_folded_pixels_are_cut_between_their_squares(size: tuple[int, int]) -> None:
    half = hc.nets.load_pretrained("half-student")
    hazy = hc.data.real_haze("best")[0].hazy[..., : size[0], : size[1]]
    gates = tiles.read_gates(half, hazy)
    with torch.no_grad():
        whole = half(hazy)
    assert (tiles.run_in_tiles(half, hazy, gates, tile=33) - whole).abs().max() < 1e-5


def test_a_tile_sees_as_far_as_the_network(network: nn.Module) -> None:
    """The reach is tight: an impulse changes what lies 42 pixels away, and nothing farther."""
    assert tiles.reach(network) == 42
    hazy = torch.full((1, 3, 1, 201), 0.5)
    spot = hazy.clone()
    spot[..., 100] = 1
    with torch.no_grad(), tiles.fixed_gates(network, tiles.read_gates(network, hazy)):
        changed = (network(spot) - network(hazy)).abs().amax(dim=(0, 1, 2)) > 0
    places = changed.nonzero().flatten()
    assert places.min() >= 100 - 42
    assert places.max() <= 100 + 42


def test_tiles_leave_no_seam_whatever_the_gates(network: nn.Module) -> None:
    """All tiles use one set of gates, so they are cut-outs of one picture."""
    hazy = hc.data.real_haze("best")[1].hazy[..., :150, :170]
    small = tiles.shrink_to(hazy, 150 * 170 // 4)
    assert small.shape[-2:] == (75, 85)
    assert tiles.shrink_to(hazy, 10**9) is hazy
    gates = tiles.read_gates(network, small)
    pieces = tiles.run_in_tiles(network, hazy, gates, tile=64)
    with torch.no_grad(), tiles.fixed_gates(network, gates):
        at_once = network(hazy)
    assert (pieces - at_once).abs().max() < 1e-5


def test_a_large_picture_needs_little_memory(network: nn.Module) -> None:
    """What grows with the picture is the picture: input, output, no hidden maps."""
    hazy = hc.data.real_haze("best")[0].hazy[..., :64, :90]
    whole = hc.deploy.dehaze_in_tiles(network, hazy, tile=32)
    assert whole.shape == hazy.shape
    seen = []
    hook = network.head.register_forward_hook(lambda _m, _i, made: seen.append(made.shape[-2:]))
    hc.deploy.dehaze_in_tiles(network, hazy.repeat(1, 1, 4, 4), tile=32)
    hook.remove()
    limit = 32 + 2 * tiles.reach(network)
    assert max(max(size) for size in seen[1:]) <= limit


def test_the_fast_way_changes_no_picture_visibly(network: nn.Module) -> None:
    """bfloat16: below half a grey level on average, below 0.05 dB on the test scenes."""
    fast = hc.deploy.load_dehazer("student", precision="bfloat16")
    assert fast.way == "bfloat16, channels last"
    changes, moved = [], []
    for pair in hc.data.benchmark_pairs("scenes")[::5]:
        with torch.no_grad():
            whole = network(pair.hazy)
        made = fast(pair.hazy)
        moved.append((made - whole).abs().mean().item() * 255)
        changes += hc.quality.psnr(made, pair.clear) - hc.quality.psnr(whole, pair.clear)
    assert max(moved) < 0.5
    assert abs(sum(changes) / len(changes)) < 0.05


def test_float32_is_the_network_itself(network: nn.Module) -> None:
    exact = hc.deploy.load_dehazer("student", precision="float32")
    hazy = hc.data.real_haze("best")[0].hazy
    with torch.no_grad():
        assert (exact(hazy) - network(hazy)).abs().max() < 1e-5
    assert not exact(hazy).requires_grad


@pytest.mark.skipif(not shutil.which("g++"), reason="compiling needs g++")
def test_compiling_changes_nothing_but_the_speed(tmp_path: Path) -> None:
    """At sizes it was not compiled for, too."""
    file = tmp_path / "small.safetensors"
    hc.nets.save_pretrained(FFANet(width=8, groups=1, blocks=1), file, {})
    plain = hc.deploy.load_dehazer(file, precision="float32")
    fused = hc.deploy.load_dehazer(file, precision="float32", compiled=True)
    assert fused.way == "float32, channels last, compiled"
    photo = hc.data.real_haze("best")[0].hazy
    for height, width in ((40, 56), (33, 47)):
        hazy = photo[..., :height, :width]
        assert (fused(hazy) - plain(hazy)).abs().max() < 1e-5


def test_compiling_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ValueError, match="found no no-such-compiler; install one"):
        hc.deploy.load_dehazer("student", compiled=True)


def test_large_pictures_go_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the same door, and in video frames as in pictures."""
    dehazer = hc.deploy.load_dehazer("student", precision="float32")
    hazy = hc.data.real_haze("best")[0].hazy[..., :120, :200]
    whole = dehazer(hazy)
    for name in ("tiles.GATE_PIXELS", "inference.GATE_PIXELS", "inference.WHOLE_PIXELS"):
        monkeypatch.setattr(f"haze_course.deploy.{name}", 5000)
    pieces = dehazer(hazy)
    again = dehazer.with_gates(hazy, dehazer.gates(hazy))
    torch.testing.assert_close(again, pieces, atol=1e-5, rtol=0)
    difference = (pieces - whole).abs()
    assert 0 < difference.mean() < 6 / 255  # gates of a copy: near, not equal


def test_batches_of_large_pictures_go_in_tiles_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dehazer = hc.deploy.load_dehazer("student", precision="float32")
    photos = [photo.hazy[..., :120, :200] for photo in hc.data.real_haze("best")[:2]]
    for name in ("tiles.GATE_PIXELS", "inference.WHOLE_PIXELS"):
        monkeypatch.setattr(f"haze_course.deploy.{name}", 5000)
    seen = []
    dehazer.network.head.register_forward_hook(lambda _m, _i, made: seen.append(len(made)))
    together = dehazer(torch.cat(photos))
    assert max(seen) == 1
    torch.testing.assert_close(together, torch.cat([dehazer(photo) for photo in photos]))


def test_two_threads_may_share_a_dehazer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates of one picture are set on the network, so the other must wait."""
    dehazer = hc.deploy.load_dehazer("half-student", precision="float32")
    photos = [photo.hazy[..., :120, :200] for photo in hc.data.real_haze("best")[:2]]
    photos.append(photos[0][..., :40, :60])  # whole, while the others go in tiles
    for name in ("tiles.GATE_PIXELS", "inference.WHOLE_PIXELS"):
        monkeypatch.setattr(f"haze_course.deploy.{name}", 5000)

    def film(photo: torch.Tensor) -> torch.Tensor:
        steady = hc.deploy.SteadyDehazer(dehazer, rate=25)
        return [steady(photo) for _ in range(2)][-1]

    for method in (dehazer, film):
        alone = [method(photo) for photo in photos]
        with ThreadPoolExecutor(3) as pool:
            for together in range(3):
                for made, wanted in zip(pool.map(method, photos), alone, strict=True):
                    assert (made - wanted).abs().max() < 1e-5, together


def test_an_onnx_file_runs_in_one_way_only(onnx_file: Path) -> None:
    assert "ONNX" in hc.deploy.load_dehazer(onnx_file).way
    for how in ({"compiled": True}, {"precision": "float16"}, {"device": "gpu"}):
        with pytest.raises(ValueError, match="runs as it is written"):
            hc.deploy.load_dehazer(onnx_file, **how)


@pytest.mark.parametrize(("how", "message"), [
    ({"precision": "float16"}, "precision: expected one of auto, float32, bfloat16, got 'float16'"),
    ({"device": "gpu"}, r"device: expected one of cpu.*, got 'gpu'"),
    ({"device": "cuda:99"}, r"device: expected one of cpu.*, got 'cuda:99'"),
])  # fmt: skip
def test_what_this_machine_cannot_do_is_refused(how: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hc.deploy.load_dehazer("student", **how)


def test_a_picture_too_large_for_memory_costs_no_other(tmp_path: Path) -> None:
    """Torch says so by RuntimeError, and what it says is handed on."""
    files = [tmp_path / f"{k}.png" for k in range(3)]
    for k, file in enumerate(files):
        hc.images.write_image(torch.full((1, 3, 8, 8), 0.1 * k), file)

    def needs_much(hazy: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**60) if (hazy.mean() * 10).round() == 1 else hazy

    targets = hc.deploy.plan_outputs(files, tmp_path / "out")
    (problem,) = hc.deploy.dehaze_files(targets, needs_much, progress=False)
    assert problem.startswith(f"{files[1]}: ")
    assert "memory" in problem
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["0.png", "2.png"]


def _pictures(folder: Path, count: int = 3) -> list[Path]:
    files = [folder / f"{k}.png" for k in range(count)]
    for k, file in enumerate(files):
        hc.images.write_image(torch.full((1, 3, 8, 8), 0.1 * k), file)
    return files


def test_a_file_that_the_system_will_not_write_costs_no_other(tmp_path: Path) -> None:
    files = _pictures(tmp_path)
    hc.deploy.write_video([torch.ones(1, 3, 8, 8)], tmp_path / "3.mp4")
    files.append(tmp_path / "3.mp4")
    targets = hc.deploy.plan_outputs(files, tmp_path / "out")
    targets[files[1]] = tmp_path / "out" / ("x" * 300 + ".png")  # longer than systems allow
    targets[files[2]].mkdir(parents=True)  # a folder stands there
    targets[files[3]].mkdir()
    problems = hc.deploy.dehaze_files(targets, lambda hazy: hazy, progress=False)
    assert [problem.split(":")[0] for problem in problems] == [str(file) for file in files[1:]]
    assert "too long" in problems[0]
    assert [file.name for file in (tmp_path / "out").iterdir() if file.is_file()] == ["0.png"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_every_file_would_meet_stops_all(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def refuses(_image: torch.Tensor, path: Path, **_: object) -> None:
        seen.append(path)
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr("haze_course.deploy.batch.write_image", refuses)
    targets = hc.deploy.plan_outputs(_pictures(tmp_path, 9), tmp_path / "out")
    with pytest.raises(OSError, match=os.strerror(number)):
        hc.deploy.dehaze_files(targets, lambda hazy: hazy, progress=False)
    assert len(seen) < 9


def test_what_has_strides_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles would start off its grid: seams, or pieces that do not fit."""
    monkeypatch.setattr(hc.deploy.inference, "WHOLE_PIXELS", 100)
    torch.manual_seed(0)
    strided = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), hc.nets.ChannelAttention(8, 2),
        nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1),
    ).eval()  # fmt: skip
    hazy = torch.rand(1, 3, 500, 404)
    dehazer = hc.deploy.Dehazer(strided, precision="float32")
    with torch.no_grad():
        whole = strided(hazy)
    assert torch.allclose(dehazer(hazy), whole, atol=1e-5)
    gates = dehazer.gates(hazy)
    assert gates
    assert torch.allclose(dehazer.with_gates(hazy, gates), whole, atol=1e-5)


def test_what_comes_back_lies_as_other_tensors_do(network: nn.Module) -> None:
    assert hc.deploy.Dehazer(network)(torch.rand(1, 3, 20, 24)).is_contiguous()


def test_an_onnx_file_is_called_so(network: nn.Module, tmp_path: Path) -> None:
    for write in (
        lambda path: hc.deploy.export_onnx(network, path),
        lambda path: hc.deploy.quantize_onnx(tmp_path / "a.onnx", path, []),
    ):
        with pytest.raises(ValueError, match=r"x\.txt: expected a name ending in \.onnx"):
            write(tmp_path / "x.txt")
    with pytest.raises(ValueError, match="tile: expected a whole number"):
        hc.deploy.dehaze_in_tiles(network, torch.rand(1, 3, 8, 8), tile=100.5)


def test_no_input_is_replaced_on_disks_that_know_no_case(tmp_path: Path) -> None:
    (first, *_) = _pictures(tmp_path, 1)
    big = first.with_name("B.PNG")
    first.rename(big)
    os.link(big, tmp_path / "B.png")  # as such a disk answers to either name
    with pytest.raises(ValueError, match=r"B\.png is an input and would be replaced"):
        hc.deploy.plan_outputs([big], tmp_path, force=True)
    with pytest.raises(ValueError, match="would both become"):
        hc.deploy.plan_outputs([tmp_path / "A.jpg", tmp_path / "a.bmp"], tmp_path / "out")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda hazy: hazy[..., ::2, ::2], "expected (1, 3, 8, 8), got (1, 3, 4, 4)"),
        (lambda hazy: hazy[:, :1], "expected (1, 3, 8, 8), got (1, 1, 8, 8)"),
        (lambda hazy: None, "expected a tensor (B, C, H, W), got NoneType"),
        (lambda hazy: {}["gate"], "KeyError: 'gate'"),
        (lambda hazy: hazy + "1", "TypeError: "),
        (lambda hazy: hazy.nothing, "AttributeError: "),
    ],
)
def test_a_method_that_fails_on_a_file_costs_no_other(
    made: Callable[[torch.Tensor], torch.Tensor], said: str, tmp_path: Path
) -> None:
    files = _pictures(tmp_path)
    hc.deploy.write_video([torch.full((1, 3, 8, 8), 0.1)], tmp_path / "3.mp4")
    files.append(tmp_path / "3.mp4")

    def method(hazy: torch.Tensor) -> torch.Tensor:
        return made(hazy) if (hazy.mean() * 10).round() == 1 else hazy

    targets = hc.deploy.plan_outputs(files, tmp_path / "out")
    problems = hc.deploy.dehaze_files(targets, method, progress=False)
    assert [problem.split(":")[0] for problem in problems] == [str(files[1]), str(files[3])]
    assert said in problems[0]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["0.png", "2.png"]


def test_a_file_given_by_two_names_is_one_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = _pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    given = [Path("0.png"), first, tmp_path / "." / ".." / tmp_path.name / "0.png", second]
    assert hc.deploy.find_inputs(given) == [Path("0.png"), second]
    (tmp_path / "link.png").symlink_to(first)  # a name of its own, a picture of its own
    assert hc.deploy.find_inputs([first, tmp_path / "link.png"]) == [first, tmp_path / "link.png"]


def test_a_dehazer_can_be_copied_and_sent_to_a_process(network: nn.Module) -> None:
    hazy = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(0))
    dehazer = hc.deploy.Dehazer(network, precision="float32")
    expected = dehazer(hazy)
    for twin in (copy.deepcopy(dehazer), pickle.loads(pickle.dumps(dehazer))):
        assert torch.equal(twin(hazy), expected)
        assert twin.network is not dehazer.network
        assert twin.gates(hazy).keys() == dehazer.gates(hazy).keys()
