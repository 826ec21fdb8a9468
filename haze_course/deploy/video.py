"""Video files through a method, frame by frame: decoded ahead, encoded behind.

Needs the extra ``video`` (PyAV).
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from haze_course.deploy.ahead import Behind, ahead
from haze_course.deploy.containers import VideoError, check_whole
from haze_course.deploy.frames import check_sizes, colours_of, upright
from haze_course.deploy.inference import Dehazer, Method
from haze_course.deploy.steady import Flicker, SteadyDehazer
from haze_course.deploy.tiles import gate_names
from haze_course.guards import check_image, check_number
from haze_course.machine import needs_extra
from haze_course.paths import atomic_path

# Sound that players of .mp4 know is copied; FFmpeg refuses others, or writes PCM few can play.
_COPIED = {"aac", "ac3", "alac", "eac3", "flac", "mp3", "mp3float", "opus"}


@dataclass(frozen=True)
class VideoReport:
    """What became of a video.

    Attributes:
        frames: how many.
        seconds: for decoding, dehazing and encoding.
        flicker: grey levels of 255, see `Flicker`.
    """

    frames: int
    seconds: float
    flicker: float


def dehaze_video(
    source: Path | str,
    target: Path | str,
    method: Method,
    *,
    smoothing: float = 1.0,
    progress: bool = True,
) -> VideoReport:
    """Dehaze every frame; sound, times, turns and the shape of pixels are kept.

    Sound that .mp4 does not hold, as the PCM of many .avi, becomes AAC of one or two channels.

    Args:
        source: any video that FFmpeg reads.
        target: ends in .mp4 (H.264); complete or not at all.
        method: hazy (1, 3, H, W) -> dehazed; the gates of a `Dehazer` are averaged over time.
        smoothing: seconds over which they are averaged; 0 leaves each frame its own.
        progress: show a bar.

    Raises:
        VideoError: no video, one cut short or without frames, or another size out of the method.
        MissingExtra: PyAV is not installed.
    """
    with needs_extra("video"):
        import av
    start, flicker, count, first = time.perf_counter(), Flicker(), 0, torch.Size()
    try:
        with av.open(str(source)) as reader, atomic_path(_mp4(target)) as part:
            if not reader.streams.video:
                raise VideoError(f"{source}: expected a video, found no pictures in it")
            check_whole(source)
            stream = reader.streams.video[0]
            rate = stream.average_rate or Fraction(25)
            if isinstance(method, Dehazer) and gate_names(method.network) and smoothing:
                method = SteadyDehazer(method, rate=float(rate), smoothing=smoothing)
            bar = tqdm(total=stream.frames or None, unit=" frames", disable=not progress)
            with bar, _Writer(part, reader, rate) as writer, Behind() as behind:
                for piece in ahead(_pieces(reader)):
                    if isinstance(piece, av.Packet):
                        behind(writer.hear, piece)
                        continue
                    hazy = upright(piece)
                    first = first or hazy.shape
                    dehazed = method(hazy)
                    check_sizes(source, first, hazy.shape, dehazed.shape)
                    flicker.add(hazy, dehazed)
                    behind(writer.encode, dehazed, piece)
                    bar.update()
                    count += 1
            if not count:
                raise VideoError(f"{source}: expected a video, found no frame in it")
    except av.FFmpegError as error:
        found = f"could not turn it into {target}: {error}"
        raise VideoError(f"{source}: expected a video, {found}") from error
    return VideoReport(count, time.perf_counter() - start, flicker.value)


def read_video(path: Path | str) -> Iterator[Tensor]:
    """The frames of a video, upright, each (1, 3, H, W) float32 in [0, 1].

    Raises:
        VideoError: not a video, or one cut short.
        MissingExtra: PyAV is not installed.
    """
    with needs_extra("video"):
        import av
    try:
        with av.open(str(path)) as reader:
            check_whole(path)
            for frame in reader.decode(video=0):
                yield upright(frame)
    except (av.FFmpegError, IndexError) as error:
        raise VideoError(f"{path}: expected a video, could not read it: {error}") from error


def write_video(frames: Iterable[Tensor], path: Path | str, *, rate: float | Fraction = 25) -> None:
    """Frames (1, 3, H, W) in [0, 1] -> an .mp4 (H.264), complete or not at all.

    Args:
        frames: all of one size.
        path: ends in .mp4.
        rate: frames a second; 30000 / 1001, as any fraction of a broadcast, is kept exactly.

    Raises:
        ValueError: there are no frames, one does not fit, another ending, or no such rate.
        MissingExtra: PyAV is not installed.
    """
    check_number(float(rate), "rate", 1e-3)
    exact = Fraction(rate).limit_denominator(1001)  # FFmpeg's fractions are of small numbers
    with atomic_path(_mp4(path)) as part, _Writer(part, None, exact) as writer:
        for frame in frames:
            writer.encode(frame, None)
        if not writer.shape:
            raise ValueError(f"{path}: expected at least one frame, got none; nothing was written")


def _mp4(path: Path | str) -> Path | str:
    if Path(path).suffix.lower() != ".mp4":
        raise ValueError(f"{path}: expected a name ending in .mp4")
    return path


def _pieces(reader: Any) -> Iterator[Any]:
    """Frames of the video and packets of the sound, in the order of the file."""
    video, *_ = reader.streams.video
    video.thread_type = "AUTO"
    for packet in reader.demux(video, *reader.streams.audio):
        if packet.stream.type == "video":
            yield from packet.decode()
        elif packet.dts is not None:  # the last, empty one only flushes a decoder
            yield packet


class _Writer:
    """An .mp4 under way: H.264 pictures, and the sound of another file, as it is or as AAC."""

    def __init__(self, path: Path, reader: Any, rate: Fraction) -> None:
        with needs_extra("video"):
            import av
        self._av, self._rate = av, rate
        self._container = av.open(str(path), "w", format="mp4")
        self._pictures: Any = None
        self._early: list[Any] = []
        self._last: int | None = None  # time of the last picture
        self._pixel = reader and reader.streams.video[0].sample_aspect_ratio  # wide to tall
        self.shape: tuple[int, ...] = ()  # of the first picture, and so of all
        audio = reader.streams.audio if reader else []
        known = [s for s in audio if s.codec_context]  # PyAV refuses the others by name
        self._recoded = [s for s in known if s.codec_context.name not in _COPIED]
        self._sound = {s.index: self._add_sound(s) for s in audio}

    def __enter__(self) -> "_Writer":
        return self

    def encode(self, image: Tensor, like: Any) -> None:
        """The next picture (1, 3, H, W); `like` is the frame whose time and colours it keeps."""
        shape = check_image(image, "frame", channels=3).shape
        self.shape = self.shape or (1, *shape[1:])
        if shape != self.shape:
            raise ValueError(f"frame: expected one picture, {self.shape}, got {tuple(shape)}")
        codes = (image[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
        frame = self._av.VideoFrame.from_ndarray(codes.numpy(), format="rgb24")
        if self._pictures is None:
            self._open(frame, like)
        if like is not None:
            frame.pts, frame.time_base = self._time(like), like.time_base
        frame = frame.reformat(format=self._pictures.pix_fmt, dst_colorspace=self._colours)
        self._container.mux(self._pictures.encode(frame))

    def _time(self, like: Any) -> int:
        """When a frame is shown; where a file's times go back, one frame after the last."""
        if like.pts is None or (self._last is not None and like.pts <= self._last):
            step = max(round(1 / (self._rate * like.time_base)), 1)
            self._last = 0 if self._last is None else self._last + step
        else:
            self._last = like.pts
        return self._last

    def hear(self, packet: Any) -> None:
        """The next piece of sound; it waits for the first picture, whose stream comes first."""
        if self._pictures is None:
            self._early.append(packet)
        elif packet.stream in self._recoded:
            self._recode(packet.stream, packet.decode())
        else:
            packet.stream = self._sound[packet.stream.index]
            self._container.mux(packet)

    def _add_sound(self, heard: Any) -> Any:
        if heard in self._recoded:  # to a rate and a layout that every player takes
            layout = "mono" if heard.codec_context.channels == 1 else "stereo"
            return self._container.add_stream("aac", rate=48_000, layout=layout)
        return self._container.add_stream_from_template(heard)

    def _recode(self, heard: Any, frames: Iterable[Any]) -> None:
        for frame in frames:  # None: no more will come
            self._container.mux(self._sound[heard.index].encode(frame))

    def _open(self, frame: Any, like: Any) -> None:
        stream = self._container.add_stream("libx264", rate=self._rate, options={"crf": "18"})
        stream.width, stream.height = frame.width, frame.height
        even = frame.width % 2 == 0 and frame.height % 2 == 0
        stream.pix_fmt = "yuv420p" if even else "yuv444p"  # which every player can show
        self._colours = colours_of(frame.height)
        stream.codec_context.colorspace = self._colours
        if self._pixel:
            stream.sample_aspect_ratio = self._pixel ** (-1 if like.rotation % 180 else 1)
        if like is not None and like.time_base:
            stream.codec_context.time_base = like.time_base
        self._pictures = stream
        for packet in self._early:
            self.hear(packet)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._pictures is not None:
                self._container.mux(self._pictures.encode())
                for heard in self._recoded:
                    self._recode(heard, [*heard.codec_context.decode(), None])
        finally:
            self._container.close()
