"""Containers of videos, .mp4 and the like: whether a file is all there."""

from pathlib import Path

_SLACK = 16  # bytes: some writers count a part's header twice


class VideoError(ValueError):
    """A file that cannot be read as a video; the message names it."""


def check_whole(path: Path | str) -> None:
    """Nothing is missing at the end of a video; FFmpeg reads what is left as if it were whole.

    Counts of frames and durations are hints, which edit lists and variable rates belie. But the
    outermost parts of .mp4, .mov, .mkv, .webm and .avi hold their length in bytes; of another
    file, or one that came from a live recording without them, nothing is known.

    Raises:
        VideoError: it is cut short.
    """
    if not Path(path).is_file():  # a camera, an address
        return
    size, end, pictures = Path(path).stat().st_size, 0, False
    with Path(path).open("rb") as file:
        while end < size:
            file.seek(end)
            length, pictures = _part(file.read(16).ljust(16, b"\0"))
            if not length:
                return
            end += length
    if pictures and end > size + _SLACK:
        raise VideoError(
            f"{path}: cut short: expected {end:,} bytes, found {size:,}; copy it again, or save "
            "what is left, as by ffmpeg -i NAME -c copy REST.mkv"
        )


def _part(head: bytes) -> tuple[int, bool]:
    """Of an outermost part its length, 0 if it does not say, and whether it holds pictures."""
    if head[:4] == b"RIFF":  # .avi
        length = int.from_bytes(head[4:8], "little")
        unknown = length in (0, 2**32 - 1)  # as while it is written
        return 0 if unknown else 8 + length, head[8:11] == b"AVI"
    if head[:4] in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):  # .mkv, .webm: header, segment
        width = 9 - head[4].bit_length()  # of the length: its first bit that is set says so
        length, first = int.from_bytes(head[4 : 4 + width], "big"), 1 << 7 * width
        unknown = width > 8 or length == 2 * first - 1
        return 0 if unknown else 4 + width + length - first, head[0] == 0x18
    length, kind = int.from_bytes(head[:4], "big"), head[4:8]  # .mp4, .mov, and whatever else
    if length == 1:
        length = int.from_bytes(head[8:16], "big")
    return length if length >= 8 else 0, kind in (b"mdat", b"moof")
