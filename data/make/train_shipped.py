"""Train the weights that ship: data/checkpoints/<name>.safetensors, each with its card.

    python data/make/train_shipped.py teacher
    python data/make/train_shipped.py student --steps 20000

Stop it at any moment and start it again: the state lies in --work, and the result is that of a
training that was not stopped. Choices are made on the validation split; the card's scores are of
the test split, with the protocol of each named.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch
from tables import DATA
from torch import nn

import haze_course as hc
from haze_course.data.crops import CropSettings
from haze_course.machine import describe
from haze_course.quality.evaluation import Record, evaluate, identity, paired_differences
from haze_course.quality.statistics import Interval, bootstrap_interval
from haze_course.training.loop import History, TrainConfig
from haze_course.training.recipes import (
    SHAVE,
    enlarge,
    super_resolution_psnr,
    train_student,
    train_teacher,
)

SEED = 0
VALIDATE_PHOTOS = 9  # of the validation split, beside all its scenes: whole pictures are slow


class Bicubic(nn.Module):
    """What the teacher must beat, as a network."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))  # gives it a device

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.scale * enlarge(image)


def make_teacher(config: TrainConfig, folder: Path) -> tuple[nn.Module, History, dict[str, Any]]:
    network = hc.nets.teacher(seed=SEED)
    cut = CropSettings(batch=16, size=96, large=96, large_share=0)
    validation = hc.data.photos("validation")
    history = train_teacher(
        network, hc.data.photos("train"), validation, config, cut=cut, folder=folder
    )
    test = hc.data.photos("test")
    bicubic = Bicubic()
    gains, scores = [], []
    for photo in test:
        clear = photo.clear
        scores.append(super_resolution_psnr(network, clear).item())
        gains.append(scores[-1] - super_resolution_psnr(bicubic, clear).item())
    interval = bootstrap_interval(gains, over="photographs")
    return (
        network,
        history,
        {
            "protocol": f"PSNR on RGB, x2 from antialiased bicubic, {SHAVE} pixels shaved, test photos",
            "psnr": sum(scores) / len(scores),
            "gain over bicubic": describe_interval(interval),
        },
    )


def make_student(config: TrainConfig, folder: Path) -> tuple[nn.Module, History, dict[str, Any]]:
    network = hc.nets.student(seed=SEED)
    pictures = [*hc.data.photos("train"), *hc.data.scenes("train")]
    validation = [
        *hc.data.benchmark_pairs("scenes", "validation"),
        *hc.data.benchmark_pairs("photos", "validation")[:VALIDATE_PHOTOS],
    ]
    history = train_student(network, pictures, validation, config, folder=folder)
    methods = {
        "student": network,
        "hazy input": identity,
        "dark channel": hc.physics.dehaze_dark_channel,
    }
    scores: dict[str, Any] = {"protocol": "PSNR on RGB clamped to [0, 1], mean of dB; SSIM valid"}
    for which in ("scenes", "rooms", "streets", "photos"):
        pairs = hc.data.benchmark_pairs(which)
        records: list[Record] = []
        for name, method in methods.items():
            records += evaluate(method, pairs, name=name)
        mean = {m: [r.psnr for r in records if r.method == m] for m in methods}
        scores[which] = {m: sum(values) / len(values) for m, values in mean.items()}
        for rival in ("hazy input", "dark channel"):
            gain = bootstrap_interval(paired_differences(records, "student", rival))
            scores[which][f"gain over {rival}"] = describe_interval(gain)
    return network, history, scores


MAKERS: dict[str, Callable[[TrainConfig, Path], tuple[nn.Module, History, dict[str, Any]]]] = {
    "teacher": make_teacher,
    "student": make_student,
}
LEARNING_RATES = {"teacher": 1e-2, "student": 2e-3}


def describe_interval(interval: Interval) -> str:
    """A mean with its interval, in dB."""
    return (
        f"{interval.mean:.2f} dB [{interval.low:.2f}, {interval.high:.2f}], "
        f"{100 * interval.level:g} % over {interval.count} {interval.over}"
    )


@click.command()
@click.argument("name", type=click.Choice(list(MAKERS)))
@click.option("--steps", default=4000, show_default=True)
@click.option("--work", default="out/training", show_default=True, type=click.Path(path_type=Path))
@click.option("--out", default=DATA / "checkpoints", type=click.Path(path_type=Path))
def main(name: str, steps: int, work: Path, out: Path) -> None:
    """Train, score on the test split, write weights with their card."""
    config = TrainConfig(
        steps=steps,
        learning_rate=LEARNING_RATES[name],
        warmup=min(200, steps // 10),
        validate_every=max(steps // 10, 1),
        seed=SEED,
    )
    network, history, scores = MAKERS[name](config, work / f"{name}-{steps}")
    best_step, best = history.best
    card = {
        "name": name,
        "made by": f"python data/make/train_shipped.py {name} --steps {steps}",
        "data": "train split of data/photos and data/scenes",
        "seed": SEED,
        "steps": steps,
        "best validation": {"step": best_step, "psnr": best},
        "test": scores,
        "machine": describe(),
    }
    path = out / f"{name}.safetensors"
    hc.nets.save_pretrained(network, path, card)
    click.echo(f"{path.name}: validation {best:.2f} dB at step {best_step}")
    click.echo("\n".join(f"{key}: {value}" for key, value in scores.items()))


if __name__ == "__main__":
    main()
