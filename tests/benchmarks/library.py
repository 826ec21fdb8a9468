"""What the library's slow functions cost on a picture of 620 x 460, and what its import costs.

python tests/benchmarks/library.py [--repeat 7]
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import click
import torch

import haze_course as hc
from haze_course.machine import describe

SIZE = (460, 620)


def median_seconds(call: Callable[[], object], repeat: int) -> float:
    """The median over `repeat` calls after a first one that does not count."""
    call()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def import_seconds(statement: str, repeat: int) -> float:
    """Of a fresh interpreter that runs one statement."""
    command = [sys.executable, "-c", statement]
    return median_seconds(lambda: subprocess.run(command, check=True), repeat)


@click.command()
@click.option("--repeat", default=7, show_default=True)
def main(repeat: int) -> None:
    """Print one line a function."""
    own = torch.Generator().manual_seed(0)
    clear = torch.rand(1, 3, *SIZE, generator=own)
    transmission = torch.rand(1, 1, *SIZE, generator=own).clamp_min(0.1)
    hazy = hc.physics.add_haze(clear, transmission, 0.9)
    click.echo(f"{describe()}; a picture of {SIZE[1]} x {SIZE[0]}, median of {repeat}")
    calls: dict[str, Callable[[], object]] = {
        "dark channel prior": lambda: hc.physics.dehaze_dark_channel(hazy),
        "its guided filter": lambda: hc.physics.guided_filter(hazy, transmission),
        "psnr": lambda: hc.quality.psnr(hazy, clear),
        "ssim, valid": lambda: hc.quality.ssim(hazy, clear),
        "ciede2000": lambda: hc.quality.ciede2000(hazy, clear),
    }
    for name, call in calls.items():
        click.echo(f"{name:22} {median_seconds(call, repeat):7.3f} s")
    alone = import_seconds("import torch", repeat)
    both = import_seconds("import torch, haze_course", repeat)
    click.echo(f"{'import haze_course':22} {both - alone:7.3f} s beyond import torch")


if __name__ == "__main__":
    main()
