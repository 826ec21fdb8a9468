"""Steps a second of the training loop, against a plain loop as one would write it first.

    python tests/benchmarks/training.py [--steps 20] [--rounds 3]

Both train the student on the same batches (8 crops of 64 pixels), without and with a teacher. The
plain loop is what the paper's released code does: float32, default layout, the N x N affinity
matrices of the outputs.
"""

import statistics
import time
from collections.abc import Callable

import click
import torch
import torch.nn.functional as F
from torch import nn

import haze_course as hc
from haze_course.data.crops import HazyCrops
from haze_course.data.haze import HazySample
from haze_course.distill.affinity import affinity
from haze_course.machine import cores, describe

WEIGHT, POOL = 0.01, 4
Step = Callable[[HazySample], None]


def plain(teacher: nn.Module | None) -> Step:
    """Forward, loss, backward, step."""
    network = hc.nets.student(seed=0).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step(batch: HazySample) -> None:
        dehazed = network(batch.hazy)
        loss = F.mse_loss(dehazed, batch.clear)
        if teacher is not None:
            with torch.no_grad():
                target = affinity(F.avg_pool2d(teacher(batch.clear), 2 * POOL))
            made = affinity(F.avg_pool2d(dehazed, POOL))
            loss = loss + WEIGHT * (made - target).norm() / target.shape[-1] ** 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        optimizer.step()

    return step


def plain_rate(batches: list[HazySample], teacher: nn.Module | None) -> float:
    """Steps a second of the plain loop."""
    step = plain(teacher)
    step(batches[0])
    start = time.perf_counter()
    for batch in batches:
        step(batch)
    return len(batches) / (time.perf_counter() - start)


def own_rate(batches: list[HazySample], teacher: nn.Module | None) -> float:
    """Steps a second of the library's loop, its first step left out."""
    terms = [hc.distill.FeatureAffinity(teacher, weight=WEIGHT)] if teacher is not None else []
    started = 0.0

    def draw(step: int) -> HazySample:
        nonlocal started
        if step == 1:
            started = time.perf_counter()
        return batches[max(step - 1, 0)]

    def loss(net: nn.Module, batch: HazySample, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        dehazed = net(batch.hazy.to(memory_format=torch.channels_last)).float()
        value = F.mse_loss(dehazed, batch.clear)
        for term in terms:
            value = value + term(batch.clear, dehazed, {}, step)
        return value, {}

    steps = len(batches) + 1
    config = hc.training.TrainConfig(steps=steps, validate_every=steps, progress=False)
    hc.training.train(hc.nets.student(seed=0), draw, loss, lambda _: 0.0, config)
    return len(batches) / (time.perf_counter() - started)


@click.command()
@click.option("--steps", default=20, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(steps: int, rounds: int) -> None:
    """Print both rates and their ratio, alone and taught."""
    torch.set_num_threads(cores())
    draw = HazyCrops(
        [*hc.data.photos("train")[:6]], cut=hc.data.CropSettings(batch=8, size=64, large_share=0)
    )
    batches = [draw(step) for step in range(steps)]
    click.echo(f"{describe()}; {steps} steps of 8 crops of 64 pixels, median of {rounds} rounds")
    for name, teacher in {"alone": None, "taught": hc.nets.load_pretrained("teacher")}.items():
        rates: dict[str, list[float]] = {"plain": [], "library": []}
        for _ in range(rounds):  # in turn, so that a busy moment of the machine meets both
            rates["plain"].append(plain_rate(batches, teacher))
            rates["library"].append(own_rate(batches, teacher))
        slow, fast = (statistics.median(rates[key]) for key in rates)
        click.echo(
            f"{name:7} plain {slow:6.2f} steps/s, library {fast:6.2f} steps/s, {fast / slow:.2f} x"
        )


if __name__ == "__main__":
    main()
