"""What this computer can do, and how long a notebook will take on it.

A notebook's time was measured once, together with the time of a small fixed benchmark. On
another machine the same benchmark runs again, and the notebook's time is scaled by the ratio:

    seconds here = seconds there * benchmark here / benchmark there
"""

import functools
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from haze_course.paths import data_folder

if TYPE_CHECKING:
    import torch

# profile -> notebook -> {"seconds", "peak_mb", "benchmark"}
Timings = dict[str, dict[str, dict[str, float]]]


class MissingExtra(ImportError):  # noqa: N818
    """Something optional is not installed; the message says how to get it."""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Import optional packages inside; what is missing becomes a `MissingExtra`."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "a package").partition(".")[0]
        raise MissingExtra(
            f"this needs {name}, which is not installed: pip install 'haze-course[{extra}]'"
        ) from error


def cores() -> int:
    """Processor cores this process may use: affinity and container limits count."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = _first_line("/sys/fs/cgroup/cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit():
        count = min(count, max(1, int(quota[0]) // int(quota[1])))
    return count


def usable_device(name: "torch.device | str") -> "torch.device":
    """A device that holds tensors here.

    Raises:
        ValueError: torch knows no such device, or this machine has none; names those that it has.
    """
    import torch

    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # no such kind, no driver; not built in
        gpu = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        count = torch.accelerator.device_count() if gpu else 0
        known = ", ".join(["cpu", *(f"{gpu}:{k}" for k in range(count))])
        raise ValueError(f"device: expected one of {known}, got {str(name)!r}: {error}") from error


def device_of(method: object) -> "torch.device":
    """Where a network's parameters lie; a function takes its picture from the processor."""
    import torch

    parameters = method.parameters() if isinstance(method, torch.nn.Module) else iter(())
    return next((p.device for p in parameters), torch.device("cpu"))


def multiplies_bfloat16(device: "torch.device") -> bool:
    """Whether a device multiplies bfloat16 in hardware; imitated, it is slower than float32."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def memory_bytes() -> int:
    """Main memory in bytes, or the container's limit where that is less; 0 where unknown."""
    total = 0
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _first_line("/sys/fs/cgroup/memory.max")
    return min(total, int(limit)) if limit.isdigit() and total else total


def describe() -> str:
    """One line about this machine.

    >>> describe()
    '...of memory, Python 3..., torch 2...'
    """
    number, memory = cores(), memory_bytes()
    return (
        f"{number} core{'s' * (number != 1)}, "
        f"{f'{memory / 2**30:.0f} GB' if memory else 'an unknown amount'} of memory, "
        f"Python {platform.python_version()}, torch {importlib.metadata.version('torch')}"
    )


@functools.cache
def benchmark_seconds() -> float:
    """Seconds for one round of what the notebooks do most; measured once, in about 0.3 s.

    Convolutions, window minima and a matrix product in float32, with the threads torch has now.
    The median of the rounds is taken, so that one interruption does not count.
    """
    import torch

    own = torch.Generator().manual_seed(0)  # no one else's seed is touched
    picture = torch.rand(1, 16, 192, 192, generator=own)
    weight = torch.rand(16, 16, 3, 3, generator=own)
    matrix = torch.rand(512, 512, generator=own)
    rounds: list[float] = []
    with torch.inference_mode():
        stop = time.perf_counter() + 0.3
        while time.perf_counter() < stop or len(rounds) < 5:
            start = time.perf_counter()
            torch.conv2d(picture, weight, padding=1)
            torch.max_pool2d(-picture[:, :3], 15, stride=1, padding=7)
            _ = matrix @ matrix
            rounds.append(time.perf_counter() - start)
    return statistics.median(rounds)


def timings_file() -> Path:
    """Where the measured times of the notebooks are kept."""
    return data_folder() / "results" / "timings.json"


def timings() -> Timings:
    """The measured times, profile -> notebook -> seconds, peak_mb, benchmark; {} before any."""
    file = timings_file()
    if not file.is_file():
        return {}
    try:
        return json.loads(file.read_text(encoding="utf-8"))["profiles"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file}: expected JSON with 'profiles', could not read it ({error}); "
            "restore the file or measure again: haze-course run --record"
        ) from error


def estimate_seconds(notebook: str, profile: str = "lesson") -> float | None:
    """Seconds that a notebook will take here; None if it was never measured.

    Args:
        notebook: its number, as in "03", or its file name without .ipynb.
        profile: the sizes.
    """
    for name, measured in timings().get(profile, {}).items():
        if notebook in {name, name[:2]}:
            return measured["seconds"] * benchmark_seconds() / measured["benchmark"]
    return None


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
