"""Any method over any pairs -> one record an image; tables, paired differences.

A method is a function or a network that maps a hazy batch to a dehazed batch, (B, 3, H, W) ->
(B, 3, H, W) in RGB [0, 1]. Nothing else is known of it here.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from haze_course.guards import check_choice, check_image
from haze_course.machine import device_of
from haze_course.quality.metrics import SSIM_PROTOCOLS, ciede2000, psnr, ssim
from haze_course.quality.statistics import scene_interval

Method = Callable[[Tensor], Tensor]
Cell = str | int | float | None
METRICS = {"psnr": "dB", "ssim": "", "ciede2000": "Delta E"}  # name -> unit
_SMALLER_IS_BETTER = {"ciede2000"}


class MethodError(ValueError):
    """A method failed on an image, or gave back something that is not its dehazed image."""


@dataclass(frozen=True)
class Record:
    """One method on one image: psnr in dB, ssim under `protocol`, ciede2000, seconds it took.

    `scene` is what images share that show the same under other haze.
    """

    image: str
    scene: str
    method: str
    psnr: float
    ssim: float
    ciede2000: float
    protocol: str
    seconds: float


def identity(hazy: Tensor) -> Tensor:
    """The baseline that every method must beat: the hazy input, untouched."""
    return hazy


def evaluate(
    method: Method,
    pairs: Iterable[Any],
    *,
    name: str,
    protocol: str = "valid",
    progress: bool = False,
) -> list[Record]:
    """Run `method` on every pair, without gradients, and measure it against the clear image.

    The first image on which it fails ends the run with a `MethodError` that names both.

    Args:
        method: hazy (1, 3, H, W) -> dehazed, same shape; clamped to [0, 1] before it is measured.
            A network is put into evaluation mode, and gets the picture where it lies.
        pairs: things with .name, .hazy and .clear, read one at a time; without .scene each shows
            one of its own.
        name: what records and tables call the method.
        protocol: of the SSIM, a key of `SSIM_PROTOCOLS`.
        progress: show a bar.
    """
    check_choice(protocol, "protocol", SSIM_PROTOCOLS)
    if isinstance(method, nn.Module):
        method.eval()
    bar = tqdm(pairs, desc=name, unit=" images", disable=not progress)
    records = [_measure(method, pair, name, protocol) for pair in bar]
    if not records:
        raise ValueError(f"{name}: no pairs to evaluate on; check the folder or the split's name")
    return records


def _measure(method: Method, pair: Any, name: str, protocol: str) -> Record:
    hazy, clear = pair.hazy, pair.clear
    check_image(hazy, f"{pair.name}: hazy", channels=3)
    if len(hazy) != 1 or hazy.shape != clear.shape:
        raise ValueError(
            f"{pair.name}: expected hazy and clear of one shape (1, 3, H, W), got "
            f"{tuple(hazy.shape)} and {tuple(clear.shape)}; crop both to the same window"
        )
    start = time.perf_counter()
    try:
        with torch.no_grad():
            # A copy, for a method may write into its input. The check waits for a GPU to finish.
            seen = hazy.to(device_of(method), copy=True)
            dehazed = check_image(method(seen), "output").to(clear.device)
        seconds = time.perf_counter() - start
        if dehazed.shape != hazy.shape:
            raise ValueError(f"output: expected {tuple(hazy.shape)}, got {tuple(dehazed.shape)}")
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise MethodError(f'method "{name}" failed on image "{pair.name}": {problem}') from error
    try:
        similarity = ssim(dehazed, clear, protocol=protocol).item()
        scores = psnr(dehazed, clear).item(), similarity, ciede2000(dehazed, clear).item()
    except ValueError as error:
        raise ValueError(f"{pair.name}: {error}") from error
    scene = getattr(pair, "scene", pair.name)
    return Record(pair.name, scene, name, *scores, protocol, seconds)


def paired_differences(
    records: Iterable[Record], method_a: str, method_b: str, metric: str = "psnr"
) -> list[float]:
    """How much better `method_a` is than `method_b`, image by image, in the order of a's records.

    Positive always favours `method_a`: where smaller is better (ciede2000) the sign is turned.
    """
    check_choice(metric, "metric", METRICS)
    chosen = [record for record in records if record.method in (method_a, method_b)]
    scores = {(record.method, record.image): getattr(record, metric) for record in chosen}
    protocols = {record.protocol for record in chosen}
    if len(scores) < len(chosen) or len(protocols) > 1:
        raise ValueError(
            f'"{method_a}" and "{method_b}": expected one record an image, of one protocol, got '
            f"{len(chosen)} for {len(scores)} under {sorted(protocols)}; keep those of one run"
        )
    images_a = [image for method, image in scores if method == method_a]
    images_b = [image for method, image in scores if method == method_b]
    if not images_a or set(images_a) != set(images_b):
        raise ValueError(
            f'expected records of the same images, got {len(images_a)} of "{method_a}" and '
            f'{len(images_b)} of "{method_b}"; evaluate both on the same pairs'
        )
    sign = -1 if metric in _SMALLER_IS_BETTER else 1
    return [sign * (scores[method_a, image] - scores[method_b, image]) for image in images_a]


def summarise(records: Iterable[Record]) -> list[dict[str, Cell]]:
    """One row a method and protocol: each metric's mean and 95 % interval over scenes.

    `<metric>_low` and `_high` are None for one scene or an infinite PSNR; `seconds` is a median.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.method, record.protocol), []).append(record)
    rows: list[dict[str, Cell]] = []
    for (method, protocol), group in groups.items():
        scenes = [record.scene for record in group]
        row: dict[str, Cell] = {"method": method, "images": len(group), "protocol": protocol}
        row["scenes"] = distinct = len(set(scenes))
        for metric in METRICS:
            values = [getattr(record, metric) for record in group]
            sure = distinct > 1 and all(map(math.isfinite, values))
            interval = scene_interval(values, scenes) if sure else None
            low, high = (interval.low, interval.high) if interval else (None, None)
            row |= {metric: fmean(values), f"{metric}_low": low, f"{metric}_high": high}
        rows.append(row | {"seconds": median(record.seconds for record in group)})
    return rows
