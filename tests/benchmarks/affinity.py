"""The exact C x C affinity loss against the N x N matrices it replaces, in one run.

    python tests/benchmarks/affinity.py [--repeat 3]

2 images of 460 x 620 from the student, 920 x 1240 from the teacher, forward and backward. Each way
runs in processes of its own, so that the peak of its memory is its own.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

import click
import torch
import torch.nn.functional as F

from haze_course.distill.affinity import affinity, feature_affinity_loss
from haze_course.machine import describe

SHAPE = (2, 3, 460, 620)
POOL = 4


def n_by_n(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The loss as the formula reads: both N x N matrices are built, in float32."""
    s, t = F.avg_pool2d(student, POOL), F.avg_pool2d(teacher, 2 * POOL)
    difference = affinity(s) - affinity(t)
    return difference.flatten(1).norm(dim=1).mean() / difference.shape[-1]


def c_by_c(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The same number through C x C products."""
    return feature_affinity_loss(student, teacher, pool=POOL)


WAYS = {"N x N": n_by_n, "C x C": c_by_c}


def measure(way: str) -> dict[str, float]:
    """Seconds, and megabytes above those of the inputs, of one forward and backward."""
    own = torch.Generator().manual_seed(0)
    batch, channels, height, width = SHAPE
    student = torch.rand(SHAPE, generator=own).requires_grad_()
    teacher = torch.rand(batch, channels, 2 * height, 2 * width, generator=own)
    warm = torch.rand(1, 3, 16, 16, generator=own).requires_grad_()
    WAYS[way](warm, F.interpolate(warm.detach(), scale_factor=2)).backward()  # loads the kernels
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    loss = WAYS[way](student, teacher)
    loss.backward()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "mb": (after - before) / 1024, "loss": loss.item()}


@click.command()
@click.option("--repeat", default=3, show_default=True, help="Runs of each way, in turn.")
@click.option("--way", type=click.Choice(list(WAYS)), hidden=True)
def main(repeat: int, way: str | None) -> None:
    """Print both ways side by side and their ratios."""
    if way:
        click.echo(json.dumps(measure(way)))
        return
    click.echo(f"{describe()}; {' x '.join(map(str, SHAPE))}, forward and backward")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for _ in range(repeat):
        for name in WAYS:  # in turn, so that a busy moment of the machine meets both
            command = [sys.executable, __file__, "--way", name]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            runs[name].append(json.loads(output))
    median = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    for name, found in median.items():
        click.echo(f"{name}  {found['seconds']:8.3f} s  {found['mb']:8.1f} MB  {found['loss']:.6f}")
    slow, fast = median["N x N"], median["C x C"]
    click.echo(
        f"ratio  {slow['seconds'] / fast['seconds']:8.0f} x  {slow['mb'] / fast['mb']:8.0f} x"
    )


if __name__ == "__main__":
    main()
