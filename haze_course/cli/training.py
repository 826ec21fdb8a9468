"""The command that trains: a teacher or a student, on the pictures of the course."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
from torch import nn

from haze_course.cli.group import FOLDER, check_result
from haze_course.distill.affinity import Scale
from haze_course.distill.terms import FeatureAffinity
from haze_course.machine import describe
from haze_course.nets.ffa import student
from haze_course.nets.fsrcnn import teacher as new_teacher
from haze_course.nets.weights import load_pretrained, save_pretrained
from haze_course.training.loop import History, TrainConfig
from haze_course.training.shipped import (
    STUDENT,
    TEACHER,
    train_shipped_student,
    train_shipped_teacher,
)

Command = Callable[..., None]


def settings_options(command: Command) -> Command:
    """One option for each field of TrainConfig, its help taken from the field's line there."""
    described = dict(re.findall(r"^ +(\w+): (.+)$", TrainConfig.__doc__ or "", re.MULTILINE))
    hints = get_type_hints(TrainConfig)
    for field in reversed(dataclasses.fields(TrainConfig)):
        kind, name = hints[field.name], field.name.replace("_", "-")
        choice = click.Choice(get_args(kind)) if get_origin(kind) is Literal else kind
        flag = f"--{name}/--no-{name}" if kind is bool else f"--{name}"
        option = click.option(flag, type=choice, default=None, help=described[field.name])
        command = option(command)
    return command


@click.command()
@click.argument("network", type=click.Choice(["teacher", "student"]))
@click.option("-o", "--out", required=True, type=FOLDER, help="The weights, NAME.safetensors.")
@click.option("--state", type=FOLDER, help="Folder to stop and resume with.")
@click.option("--teacher", metavar="NAME_OR_FILE", help="Distil a student from these weights.")
@click.option("--weight", default=0.1, show_default=True, help="Of the feature affinity.")
@click.option("--scale", default="rms", show_default=True, type=click.Choice(get_args(Scale)))
@click.option("--force", is_flag=True, help="Replace weights that are there.")
@settings_options
def train(
    *,
    network: str,
    out: Path,
    state: Path | None,
    teacher: str | None,
    weight: float,
    scale: Scale,
    force: bool,
    **settings: Any,
) -> None:
    """Train a teacher, or a student with or without one, and write its weights with a card.

    Settings that are not given are those of the shipped weights.
    """
    check_result(out, ".safetensors", force=force)
    given = {name: value for name, value in settings.items() if value is not None}
    config = dataclasses.replace(TEACHER if network == "teacher" else STUDENT, **given)
    card: dict[str, Any] = {"settings of the training": dataclasses.asdict(config)}
    if network == "teacher":
        if teacher:
            raise ValueError("--teacher: a teacher learns from clear pictures alone")
        trained, history = _fit_teacher(config, state)
    else:
        trained, history = _fit_student(config, state, teacher, weight, scale)
    if teacher:
        card["distilled from"] = {"teacher": Path(teacher).stem, "weight": weight, "scale": scale}
    step, score = history.best
    card |= {"best validation": {"step": step, "psnr": score}, "machine": describe()}
    save_pretrained(trained, out, card)
    click.echo(f"{out}: {score:.2f} dB on the validation split, at step {step} of {config.steps}")


def _fit_teacher(config: TrainConfig, state: Path | None) -> tuple[nn.Module, History]:
    network = new_teacher(seed=config.seed)
    return network, train_shipped_teacher(network, config, folder=state)


def _fit_student(
    config: TrainConfig, state: Path | None, teacher: str | None, weight: float, scale: Scale
) -> tuple[nn.Module, History]:
    terms = []
    if teacher:
        terms = [FeatureAffinity(load_pretrained(teacher), weight=weight, scale=scale)]
    network = student(seed=config.seed)
    return network, train_shipped_student(network, config, terms=terms, folder=state)
