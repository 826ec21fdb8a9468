"""What a picture costs: networks, sizes and ways of running them, side by side in one run.

    python tests/benchmarks/inference.py [--repeat 7] [--rounds 2] [--readme]
    python tests/benchmarks/inference.py --quality [--readme]

Every cell runs in processes of its own, in rounds, so that a busy moment meets all and the peak of
memory is a cell's own. The reference is PyTorch as one would write it first: float32, default
layout, the whole picture at once. Quality, which depends on the weights and not on the machine's
mood, has a table of its own. `--readme` replaces a table of the README.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

import haze_course as hc
from haze_course.cli.export import calibration_images
from haze_course.course.links import write_block
from haze_course.data.benchmark import benchmark_pairs
from haze_course.machine import cores, describe

SIZES = {"256 x 256": (256, 256), "620 x 460": (460, 620), "1280 x 720": (720, 1280),
         "3840 x 2160": (2160, 3840)}  # fmt: skip
COMPARED = "620 x 460"  # RESIDE's size
QUARTERED = 4  # calls: of fewer, quartiles say nothing
FIRST = "float32"
WAYS = [FIRST, "channels last", "bfloat16", "compiled", "ONNX float32", "ONNX int8"]
NETWORKS = ["student", "half-student", "ffa_net", "teacher"]
README = Path(__file__).parents[2] / "README.md"
Cell = tuple[str, str, str]  # network, size, way
Found = dict[str, float]


def cells() -> list[Cell]:
    """Students everywhere, the large ones where a run takes seconds, not minutes."""
    found = []
    for network in NETWORKS:
        small = network in ("student", "half-student")
        for size in SIZES:
            if not small and size not in ("256 x 256", "620 x 460"):
                continue
            ways = WAYS if small else WAYS[:3]
            if size == "3840 x 2160":  # whole float32 maps of gigabytes, or tiles
                ways = [FIRST, "bfloat16"]
            found += [(network, size, way) for way in ways]
    return found


def method(network: str, way: str, folder: Path) -> Callable[[Tensor], Tensor]:
    """A network run in a way; FFA-Net has its first weights, which cost what others cost."""
    if way.startswith("ONNX"):
        return hc.deploy.load_onnx(folder / f"{network} {way.split()[1]}.onnx")
    fresh = network == "ffa_net"
    module = hc.nets.ffa_net(seed=0) if fresh else hc.nets.load_pretrained(network)
    if way == FIRST:
        return module.eval()
    precision = "float32" if way == "channels last" else "bfloat16"
    return hc.deploy.Dehazer(module, precision=precision, compiled=way == "compiled")


def measure(network: str, size: str, way: str, folder: Path, repeat: int) -> dict[str, Any]:
    """Seconds of each call, and the megabytes that the first call added."""
    torch.set_num_threads(cores())
    run = method(network, way, folder)
    hazy = torch.rand(1, 3, *SIZES[size], generator=torch.Generator().manual_seed(0))
    seconds = []
    with torch.no_grad():
        run(hazy[..., :32, :48])  # loads the kernels
        before = peak_mb()
        run(hazy)
        mb = peak_mb() - before
        start = time.perf_counter()
        while not seconds or (len(seconds) < repeat and time.perf_counter() - start < 15):
            begin = time.perf_counter()
            run(hazy)
            seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds, "mb": mb}


def peak_mb() -> float:
    """The most memory this process ever held; `getrusage` would count its parent's, too."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1024


def peak(dtype: torch.dtype) -> float:
    """GFLOP/s of a product of two 2048 x 2048 matrices, the best of some."""
    torch.set_num_threads(cores())
    a = torch.rand(2048, 2048, generator=torch.Generator().manual_seed(0)).to(dtype)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        _ = a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best / 1e9


def quality(network: str, way: str, folder: Path) -> tuple[float, float]:
    """PSNR on the test scenes, and the mean difference of values from the first way, of 255."""
    torch.set_num_threads(cores())
    run, first = method(network, way, folder), method(network, FIRST, folder)
    scores, differences = [], []
    with torch.no_grad():
        for pair in benchmark_pairs("scenes"):
            dehazed, wanted = (m(pair.hazy).clamp(0, 1) for m in (run, first))
            scores.append(hc.quality.psnr(dehazed, pair.clear).item())
            differences.append((dehazed - wanted).abs().mean().item() * 255)
    return statistics.fmean(scores), statistics.fmean(differences)


def export(folder: Path) -> None:
    """The ONNX files of the small networks."""
    for name in ("student", "half-student"):
        whole = folder / f"{name} float32.onnx"
        hc.deploy.export_onnx(hc.nets.load_pretrained(name), whole)
        hc.deploy.quantize_onnx(whole, folder / f"{name} int8.onnx", calibration_images())


def collect(folder: Path, repeat: int, rounds: int, only: str | None) -> dict[Cell, Found]:
    """Every cell in every round, each in a process of its own."""
    chosen = [cell for cell in cells() if not only or only in " | ".join(cell)]
    runs: dict[Cell, list[dict[str, Any]]] = {cell: [] for cell in chosen}
    for number in range(rounds):
        for cell in chosen:
            command = [sys.executable, __file__, "--folder", str(folder), "--repeat", str(repeat)]
            command += ["--cell", json.dumps(cell)]
            done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            runs[cell].append(json.loads(done.splitlines()[-1]))
            median = statistics.median(runs[cell][-1]["seconds"])
            click.echo(f"round {number + 1}: {', '.join(cell)}: {median:.3f} s", err=True)
    found = {}
    for cell, results in runs.items():
        seconds = sorted(s for result in results for s in result["seconds"])
        found[cell] = {
            "seconds": statistics.median(seconds),
            "mb": max(result["mb"] for result in results),
        }
        if len(seconds) >= QUARTERED:
            low, _, high = statistics.quantiles(seconds, n=4)
            found[cell]["spread"] = high - low
    return found


def quality_lines(folder: Path) -> list[str]:
    """The table in Markdown: what a way costs in quality, for the networks that dehaze."""
    table = ["| network | way | PSNR, dB | difference, grey levels |", "|---|---|---:|---:|"]
    for network in ("student", "half-student"):
        for way in WAYS:
            psnr, difference = quality(network, way, folder)
            table.append(f"| {network} | {way} | {psnr:.2f} | {difference:.2f} |")
    note = (
        "PSNR on the test scenes, RGB, mean over scenes; mean difference of values from the first "
        "way, in grey levels of 255."
    )
    return [note, "", *table]


def lines(found: dict[Cell, Found]) -> list[str]:
    """The table in Markdown, one row a network and way, with what it was measured on."""
    peaks = {False: peak(torch.float32), True: peak(torch.bfloat16)}
    head = ["network", "way", *(f"{size}, ms" for size in SIZES), "times", "of peak", "MB"]
    table = [" | ".join(["", *head, ""]).strip(), "|---|---|" + "---:|" * (len(head) - 2)]
    for network, way in dict.fromkeys((network, way) for network, _, way in found):
        cells_here = [found.get((network, size, way)) for size in SIZES]
        times = [_milliseconds(cell) if cell else "" for cell in cells_here]
        last = _compared(network, way, found, peaks)
        table.append(" | ".join(["", network, way, *times, *last, ""]).strip())
    note = (
        f"Measured on {describe()}. A product of two matrices of 2048 x 2048 reaches "
        f"{peaks[False]:.0f} GFLOP/s here in float32, {peaks[True]:.0f} in bfloat16: the peak. "
        "Median of the calls after the first, in brackets how far the quartiles lie apart where "
        f"{QUARTERED} calls or more were made. Times as fast as "
        "float32 in the default layout, share of the peak, MB above network and picture: at "
        f"{COMPARED}."
    )
    notes = []
    slow = found.get(("student", COMPARED, FIRST))
    fast = found.get(("half-student", COMPARED, "bfloat16"))
    if slow and fast:
        ratio = slow["seconds"] / fast["seconds"]
        notes.append(
            f"At {COMPARED} the half-student in bfloat16 is {ratio:.1f} times as fast as the "
            "student in float32"
        )
        if same := found.get(("student", COMPARED, "bfloat16")):
            ratio = same["seconds"] / fast["seconds"]
            notes[0] += f", and {ratio:.1f} times as fast as the student in bfloat16"
        notes[0] += "."
    return [note, "", *table, "", *notes]


def _milliseconds(cell: Found) -> str:
    spread = f" ({1000 * cell['spread']:.0f})" if "spread" in cell else ""
    return f"{1000 * cell['seconds']:.0f}{spread}"


def _compared(
    network: str, way: str, found: dict[Cell, Found], peaks: dict[bool, float]
) -> list[str]:
    """Times as fast as the first way, share of the peak, megabytes."""
    cell, base = found.get((network, COMPARED, way)), found.get((network, COMPARED, FIRST))
    if not cell or not base:
        return ["", "", ""]
    module = hc.nets.ffa_net() if network == "ffa_net" else hc.nets.load_pretrained(network)
    rate = 2 * hc.nets.count_macs(module, *SIZES[COMPARED]) / cell["seconds"] / 1e9
    share = "" if "int8" in way else f"{100 * rate / peaks[way in ('bfloat16', 'compiled')]:.0f} %"
    return [f"{base['seconds'] / cell['seconds']:.1f}", share, f"{cell['mb']:.0f}"]


@click.command()
@click.option("--repeat", default=7, show_default=True, help="Calls of a cell in a round.")
@click.option("--rounds", default=2, show_default=True)
@click.option("--only", help="Cells with this text in network | size | way.")
@click.option("--quality", "only_quality", is_flag=True, help="Not how fast, but how well.")
@click.option("--readme", is_flag=True, help="Replace the README's table.")
@click.option("--cell", hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(
    repeat: int,
    rounds: int,
    only: str | None,
    only_quality: bool,
    readme: bool,
    cell: str | None,
    folder: Path | None,
) -> None:
    """Print the table."""
    if cell and folder:
        click.echo(json.dumps(measure(*json.loads(cell), folder, repeat)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        export(place)
        if only_quality:
            table = quality_lines(place)
        else:
            table = lines(collect(place, repeat, rounds, only))
    text = "\n".join(table)
    click.echo(text)
    if readme:
        write_block(README, "quality" if only_quality else "speed", text)


if __name__ == "__main__":
    main()
