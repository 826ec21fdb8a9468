"""Videos come out as they went in but for the haze; brightness does not pump."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from command import call, refused
from torch import Tensor

import haze_course as hc
from haze_course.deploy.steady import Flicker, SteadyDehazer
from haze_course.machine import MissingExtra

SIZE = (48, 64)


def frames(count: int = 6) -> list[Tensor]:
    """A window that moves over a photograph."""
    photo = hc.data.real_haze("best")[0].hazy
    return [photo[..., 20 : 20 + SIZE[0], k : k + SIZE[1]] for k in range(0, 4 * count, 4)]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    hc.deploy.write_video(frames(), tmp_path / "clip.mp4", rate=12)
    return tmp_path / "clip.mp4"


def test_a_video_goes_round(clip: Path) -> None:
    back = list(hc.deploy.read_video(clip))
    assert len(back) == 6
    for given, read in zip(frames(), back, strict=True):
        assert read.shape == given.shape
        assert (read - given).abs().mean() < 5 / 255  # H.264, with half the colour resolution
        assert (read - given).mean().abs() < 1.5 / 255


@pytest.mark.parametrize("size", [(48, 64), (47, 63), (720, 64)])
def test_colours_hold_whatever_the_size(size: tuple[int, int], tmp_path: Path) -> None:
    """BT.601 and BT.709 confused would shift a saturated colour by more than ten levels."""
    colour = torch.tensor([0.8, 0.2, 0.4]).view(1, 3, 1, 1).expand(1, 3, *size)
    hc.deploy.write_video([colour] * 2, tmp_path / "x.mp4")
    hc.deploy.dehaze_video(
        tmp_path / "x.mp4", tmp_path / "y.mp4", lambda hazy: hazy, progress=False
    )
    for name in ("x.mp4", "y.mp4"):
        (first, *_) = hc.deploy.read_video(tmp_path / name)
        assert first.shape == colour.shape
        assert (first - colour).abs().max() < 4 / 255


@pytest.mark.parametrize("height", [576, 720])
def test_unmarked_colours_are_read_by_size_as_players_do(height: int, tmp_path: Path) -> None:
    import av

    colour = torch.tensor([204, 51, 102], dtype=torch.uint8)
    pixels = colour.expand(height, 64, 3).contiguous().numpy()
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, height, "yuv420p"
        rgb = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = rgb.reformat(format="yuv420p", dst_colorspace=1 if height == 720 else 5)
        frame.colorspace = 2  # not said
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(str(tmp_path / "x.mp4")) as made:
        assert next(made.decode(video=0)).colorspace == 2
    hc.deploy.dehaze_video(
        tmp_path / "x.mp4", tmp_path / "y.mp4", lambda hazy: hazy, progress=False
    )
    for name in ("x.mp4", "y.mp4"):
        (read,) = hc.deploy.read_video(tmp_path / name)
        assert (read * 255 - colour.view(1, 3, 1, 1)).abs().max() < 4


def with_sound(clip: Path, heard: Path, codec: str) -> Path:
    """The clip with half a second of sound: a quarter of silence, a quarter of a tone."""
    import av

    with av.open(str(clip)) as pictures, av.open(str(heard), "w") as container:
        video = container.add_stream_from_template(pictures.streams.video[0])
        audio = container.add_stream(codec, rate=8000, layout="mono")
        for packet in pictures.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
        wave = np.sin(np.arange(4000) / 5).astype(np.float32)[None]
        wave[:, :2000] = 0
        sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(audio.encode(sound))
        container.mux(audio.encode())
    return heard


def sound_of(path: Path) -> np.ndarray:
    """Its samples, (channels, samples)."""
    import av

    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)


def test_times_and_sound_are_kept(clip: Path, tmp_path: Path) -> None:
    import av

    heard = with_sound(clip, tmp_path / "heard.mp4", "aac")
    out = tmp_path / "out.mp4"
    report = hc.deploy.dehaze_video(heard, out, lambda hazy: hazy * 0.9, progress=False)
    assert report.frames == 6
    with av.open(str(out)) as made:
        assert made.streams.video[0].average_rate == Fraction(12)
        assert [round(frame.time * 12) for frame in made.decode(video=0)] == list(range(6))
    np.testing.assert_array_equal(sound_of(out), sound_of(heard))


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_u8"])
def test_sound_that_mp4_cannot_hold_becomes_aac(codec: str, clip: Path, tmp_path: Path) -> None:
    """All of it, and when it was heard."""
    import av

    heard, out = with_sound(clip, tmp_path / "heard.mkv", codec), tmp_path / "out.mp4"
    hc.deploy.dehaze_video(heard, out, lambda hazy: hazy, progress=False)
    with av.open(str(out)) as made:
        (stream,) = made.streams.audio
        assert (stream.codec_context.name, stream.sample_rate) == ("aac", 48_000)
    sound = sound_of(out)
    assert sound.shape[1] == pytest.approx(0.5 * 48_000, abs=1024)  # one frame of AAC
    silence, tone = sound[:, 1000:11_000], sound[:, 13_000:22_000]
    assert silence.std() < 0.01
    assert tone.std() == pytest.approx(0.5**0.5, abs=0.05)


@pytest.mark.parametrize(("rate", "exact"), [
    (29.97, Fraction(2997, 100)), (23.976, Fraction(2997, 125)),
    (30000 / 1001, Fraction(30000, 1001)), (Fraction(24000, 1001), Fraction(24000, 1001)),
])  # fmt: skip
def test_broadcast_rates_come_back(rate: float | Fraction, exact: Fraction, tmp_path: Path) -> None:
    import av

    hc.deploy.write_video(frames(2), tmp_path / "x.mp4", rate=rate)
    with av.open(str(tmp_path / "x.mp4")) as made:
        assert made.streams.video[0].average_rate == exact


def test_what_cannot_be_written_as_a_video_is_named(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"x\.mp4: expected at least one frame, got none"):
        hc.deploy.write_video([], tmp_path / "x.mp4")
    with pytest.raises(ValueError, match="rate: expected"):
        hc.deploy.write_video(frames(1), tmp_path / "x.mp4", rate=0)
    for write in (
        lambda: hc.deploy.write_video(frames(1), tmp_path / "x.gif"),
        lambda: hc.deploy.dehaze_video(clip, tmp_path / "x.gif", lambda hazy: hazy),
    ):
        with pytest.raises(ValueError, match=r"x\.gif: expected a name ending in \.mp4"):
            write()
    assert list(tmp_path.iterdir()) == [clip]


@pytest.mark.parametrize(("last", "message"), [
    (torch.zeros(1, 3, *SIZE, dtype=torch.uint8), "frame: expected a float image"),
    (torch.full((1, 3, *SIZE), torch.nan), "frame: 9216 of 9216 values are NaN"),
    (torch.zeros(1, 1, *SIZE), "frame: expected 3 channel"),
    (torch.zeros(4, 3, *SIZE), r"frame: expected one picture, \(1, 3, 48, 64\), got \(4,"),
    (torch.zeros(1, 3, 24, 32), r"\(1, 3, 48, 64\), got \(1, 3, 24, 32\)"),
])  # fmt: skip
def test_a_frame_that_does_not_fit_is_refused(last: Tensor, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        hc.deploy.write_video([*frames(1), last], tmp_path / "x.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("turn", "shown"), [(0, Fraction(4, 3)), (90, Fraction(3, 4))])
def test_pixels_keep_their_shape(turn: int, shown: Fraction, tmp_path: Path) -> None:
    """Of a source whose pixels are not square, as on tape, the picture is not squeezed."""
    import av

    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_rotation(turn)
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    hc.deploy.dehaze_video(
        tmp_path / "x.mp4", tmp_path / "y.mp4", lambda hazy: hazy, progress=False
    )
    with av.open(str(tmp_path / "y.mp4")) as made:
        (stream,) = made.streams.video
        assert stream.sample_aspect_ratio == shown
        assert (stream.width, stream.height) == ((64, 48) if turn == 0 else (48, 64))


def test_what_is_no_video_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all" * 50)
    out = tmp_path / "out.mp4"
    with pytest.raises(hc.deploy.VideoError, match=r"bad\.mp4: expected a video"):
        hc.deploy.dehaze_video(bad, out, lambda hazy: hazy, progress=False)
    with pytest.raises(hc.deploy.VideoError, match=r"bad\.mp4: expected a video"):
        list(hc.deploy.read_video(bad))
    assert [file.name for file in tmp_path.iterdir()] == ["bad.mp4"]


def recording(path: Path, *, count: int = 40, sound: bool = False, **options: str) -> Path:
    """Moving noise, so that a cut costs many frames; with `sound`, twice as long as the pictures.

    As a phone records it: the time between two frames varies, and the last is held for long.
    """
    import av

    noise = np.random.default_rng(0)
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 100)
        times = np.cumsum(noise.integers(2, 9, count))
        if sound:
            audio = container.add_stream("aac", rate=8000, layout="mono")
            silent = av.AudioFrame.from_ndarray(
                np.zeros((1, 160 * times[-1]), np.float32), format="fltp", layout="mono"
            )
            silent.sample_rate = 8000
        for time in times:
            pixels = noise.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if path.suffix != ".avi":  # which knows one rate only
                frame.pts, frame.time_base = int(time), Fraction(1, 100)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound:
            container.mux(audio.encode(silent))
            container.mux(audio.encode())
    return path


CONTAINERS: list[tuple[str, dict[str, str]]] = [
    ("x.mp4", {"movflags": "faststart"}),
    ("x.mov", {"movflags": "faststart"}),
    ("fragments.mp4", {"movflags": "frag_keyframe+empty_moov"}),
    ("x.mkv", {}),
    ("x.avi", {}),
]


@pytest.mark.parametrize(("name", "options"), CONTAINERS)
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_video_cut_short_is_named_and_leaves_nothing(
    part: float, name: str, options: dict[str, str], tmp_path: Path
) -> None:
    """FFmpeg reads it as if it were whole, and says nothing."""
    cut = recording(tmp_path / name, sound=True, **options)
    whole = cut.read_bytes()
    left = int(part * len(whole))
    cut.write_bytes(whole[:left])
    message = rf"{name}: cut short: expected [\d,]+ bytes, found {left:,}; copy it again"
    with pytest.raises(hc.deploy.VideoError, match=message):
        hc.deploy.dehaze_video(cut, tmp_path / "out.mp4", lambda hazy: hazy, progress=False)
    with pytest.raises(hc.deploy.VideoError, match=message):
        list(hc.deploy.read_video(cut))
    targets = {cut: tmp_path / "out.mp4"}
    (problem,) = hc.deploy.dehaze_files(targets, lambda hazy: hazy, progress=False)
    assert "cut short" in problem
    assert list(tmp_path.iterdir()) == [cut]


@pytest.mark.parametrize(("name", "options"), [
    *CONTAINERS,
    ("last.mp4", {}),  # its index stands behind the pictures
    ("live.mkv", {"live": "1"}),  # says neither how large nor how long it is
])  # fmt: skip
@pytest.mark.parametrize("sound", [False, True])
def test_a_whole_video_is_never_taken_for_one_cut_short(
    sound: bool, name: str, options: dict[str, str], tmp_path: Path
) -> None:
    """Whatever the rate, and however long the sound."""
    whole = recording(tmp_path / name, sound=sound, **options)
    assert len(list(hc.deploy.read_video(whole))) == 40
    whole.write_bytes(whole.read_bytes() + bytes(range(256)))  # cameras leave notes at the end
    assert len(list(hc.deploy.read_video(whole))) == 40


def test_a_video_that_was_trimmed_by_its_index_is_whole(tmp_path: Path) -> None:
    """As phones trim: all frames stay in the file, and an edit list says which are shown."""
    import av

    clip, trimmed = recording(tmp_path / "clip.mp4"), tmp_path / "trimmed.mp4"
    with av.open(str(clip)) as given, av.open(str(trimmed), "w") as made:
        video = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - 10_000, packet.dts - 10_000
                packet.stream = video
                made.mux(packet)
    with av.open(str(trimmed)) as file:
        declared = file.streams.video[0].frames
    shown = list(hc.deploy.read_video(trimmed))
    assert 0 < len(shown) < declared == 40


@pytest.mark.parametrize("model", [False, True])
def test_a_method_that_changes_the_size_is_refused(model: bool, clip: Path, tmp_path: Path) -> None:
    def half(hazy: Tensor) -> Tensor:
        return F.avg_pool2d(hazy, 2)

    method = hc.deploy.Dehazer(torch.nn.AvgPool2d(2)) if model else half
    message = r"clip\.mp4: expected a method that keeps \(1, 3, 48, 64\), got \(1, 3, 24, 32\)"
    with pytest.raises(hc.deploy.VideoError, match=message):
        hc.deploy.dehaze_video(clip, tmp_path / "out.mp4", method, progress=False)
    assert list(tmp_path.iterdir()) == [clip]


def test_a_method_that_fails_leaves_no_half_video(clip: Path, tmp_path: Path) -> None:
    def fails(hazy: Tensor) -> Tensor:
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        hc.deploy.dehaze_video(clip, tmp_path / "out.mp4", fails, progress=False)
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


def test_without_pyav_the_message_says_what_to_install(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"pip install 'haze-course\[video\]'"):
        hc.deploy.dehaze_video(clip, tmp_path / "out.mp4", lambda hazy: hazy)


def test_the_command_takes_folders_of_both(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    clip.rename(folder / "clip.mp4")
    hc.images.write_image(frames(1)[0], folder / "one.png")
    (folder / "bad.avi").write_bytes(b"RIFF" + bytes(100))
    done = call("dehaze", folder, "-o", tmp_path / "out", "--model", "half-student")
    refused(done, "2 of 3 files", "channels last", "bad.avi: expected a video")
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["clip.mp4", "one.png"]
    assert len(list(hc.deploy.read_video(tmp_path / "out" / "clip.mp4"))) == 6


def test_compiling_is_refused_where_gates_are_averaged(clip: Path, tmp_path: Path) -> None:
    """They are set from outside, so the compiled network would never be called."""
    arguments = ("dehaze", clip, "-o", tmp_path / "out", "--model", "half-student", "--compiled")
    refused(call(*arguments), "--compiled: a video", "clip.mp4", "--smoothing 0")
    assert not (tmp_path / "out").exists()


def passing(count: int = 14) -> Iterator[Tensor]:
    """A still camera; something dark goes by."""
    photo = hc.data.real_haze("best")[0].hazy[..., :96, :160]
    for k in range(count):
        frame = photo.clone()
        frame[..., 30:80, 12 * k : 12 * k + 60] *= 0.2
        yield frame


def test_what_passes_by_does_not_make_the_rest_flicker() -> None:
    dehazer = hc.deploy.load_dehazer("student", precision="float32")
    measured = {}
    for name, method in {
        "alone": dehazer,
        "steady": SteadyDehazer(dehazer, rate=25, smoothing=1),
    }.items():
        flicker = Flicker()
        for frame in passing():
            flicker.add(frame, method(frame))
        measured[name] = flicker.value
    assert measured["steady"] < 0.7 * measured["alone"]


def test_a_still_picture_comes_out_as_it_does_alone() -> None:
    dehazer = hc.deploy.load_dehazer("student", precision="float32")
    steady = SteadyDehazer(dehazer, rate=25)
    frame = next(passing())
    for _ in range(3):
        torch.testing.assert_close(steady(frame), dehazer(frame), atol=1e-5, rtol=0)


def test_a_new_shot_starts_anew() -> None:
    dehazer = hc.deploy.load_dehazer("student", precision="float32")
    steady = SteadyDehazer(dehazer, rate=25, smoothing=10)
    first = next(passing())
    second = 1 - first
    steady(first)
    torch.testing.assert_close(steady(second), dehazer(second), atol=1e-5, rtol=0)


class _Opening(hc.deploy.Dehazer):
    """Opens its one gate to 0.6 at first, to 0.64 ever after, in bfloat16."""

    opens = 0.6

    def gates(self, hazy: Tensor) -> dict[str, Tensor]:
        now, self.opens = self.opens, 0.64
        return {"gate": torch.tensor(now, dtype=torch.bfloat16)}

    def with_gates(self, hazy: Tensor, gates: dict[str, Tensor]) -> Tensor:
        return hazy * 0 + gates["gate"].float()


def test_averages_of_coarse_gates_do_not_stall() -> None:
    """A step of the average is finer than bfloat16."""
    steady = SteadyDehazer(_Opening(torch.nn.Identity()), rate=30, smoothing=1)
    frame = torch.zeros(1, 3, 1, 1)
    made = [steady(frame).mean().item() for _ in range(300)]
    assert made[0] == pytest.approx(0.6, abs=2e-3)
    assert made[-1] == pytest.approx(0.640625, abs=1e-4)  # 0.64 in bfloat16


def test_averaged_gates_stay_among_those_that_the_frames_open() -> None:
    """An average lies between what it averages: nothing that was replaced may speak in it."""
    dehazer, used = hc.deploy.load_dehazer("student", precision="float32"), []
    opened = [dehazer.gates(frame) for frame in passing()]
    with_gates = dehazer.with_gates
    dehazer.with_gates = lambda hazy, gates: used.append(gates) or with_gates(hazy, gates)
    steady = SteadyDehazer(dehazer, rate=25, smoothing=0.2)
    for frame in passing():
        steady(frame)
    assert len(used) == len(opened)
    for name in opened[0]:
        each = torch.stack([gates[name] for gates in opened])
        mean = torch.stack([gates[name] for gates in used])
        assert (mean >= each.amin(dim=0) - 1e-6).all()
        assert (mean <= each.amax(dim=0) + 1e-6).all()


def test_flicker_is_what_moves_where_nothing_moved() -> None:
    flicker = Flicker()
    still = torch.full((1, 3, 32, 32), 0.5)
    for level in (0.5, 0.52, 0.5):
        flicker.add(still, still * 0 + level)
    assert flicker.value == pytest.approx(0.02 * 255, rel=1e-3)
    moving = Flicker()
    for level in (0.5, 0.6):
        moving.add(still * 0 + level, still * 0 + level)
    assert moving.value != moving.value  # nan: nothing held still


def test_a_video_whose_times_go_back_is_written_in_the_order_shown(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an .avi with B-frames is decoded: the pictures in order, their times not."""
    from haze_course.deploy import video

    pieces = video._pieces

    def shuffled(reader: object) -> Iterator[object]:
        for piece, time in zip(pieces(reader), (0, 2, 1, 4, None, 3), strict=True):
            piece.pts = None if time is None else 1024 * time
            yield piece

    monkeypatch.setattr(video, "_pieces", shuffled)
    out = clip.with_name("out.mp4")
    report = hc.deploy.dehaze_video(clip, out, lambda hazy: hazy, progress=False)
    assert report.frames == 6
    for given, read in zip(frames(), hc.deploy.read_video(out), strict=True):
        assert (read - given).abs().mean() < 8 / 255


def test_a_video_whose_pictures_change_their_size_is_named(tmp_path: Path) -> None:
    import av

    joined = b""
    for size in (48, 64):
        path = tmp_path / f"{size}.ts"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, size, "yuv420p"
            grey = np.full((size, 64, 3), 128, np.uint8)
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            container.mux(stream.encode())
        joined += path.read_bytes()
        path.unlink()
    (tmp_path / "two.ts").write_bytes(joined)
    message = r"two\.ts: expected pictures of one size, got 64 x 48 and later 64 x 64"
    with pytest.raises(hc.deploy.VideoError, match=message):
        hc.deploy.dehaze_video(
            tmp_path / "two.ts", tmp_path / "out.mp4", lambda hazy: hazy, progress=False
        )
    assert [file.name for file in tmp_path.iterdir()] == ["two.ts"]
