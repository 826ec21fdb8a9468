"""The command that trains: a teacher or a student, on the pictures of the course or on yours."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
from torch import nn

from haze_course.cli.group import FOLDER, check_result, method_name
from haze_course.data.pair_batches import PairBatches, PairSettings
from haze_course.data.reside import find_pairs
from haze_course.distill.affinity import Scale
from haze_course.distill.terms import FeatureAffinity, Term
from haze_course.layouts import ANY_PAIRS, PARTS
from haze_course.machine import describe
from haze_course.nets.ffa import half_student, student
from haze_course.nets.fsrcnn import teacher as new_teacher
from haze_course.nets.weights import load_pretrained, save_pretrained
from haze_course.training.distributed import leave, rank, share
from haze_course.training.identity import names_digest
from haze_course.training.loop import History
from haze_course.training.presets import PRESETS, Preset, hold_out
from haze_course.training.recipes import fit_student
from haze_course.training.settings import TrainConfig
from haze_course.training.shipped import (
    STUDENT,
    TEACHER,
    train_shipped_student,
    train_shipped_teacher,
)

Command = Callable[..., None]
STUDENTS: dict[str, Callable[..., nn.Module]] = {"student": student, "half-student": half_student}
_LESSON: list[str] = ["weight", "scale"]  # settings of the feature affinity, for a teacher
TRAINING_LAYOUTS = [ANY_PAIRS, *(name for name, part in PARTS.items() if part.split == "train")]


def settings_options(settings: type) -> Callable[[Command], Command]:
    """One option for each field of a dataclass, its help taken from the field's line there."""
    described = dict(re.findall(r"^ +(\w+): (.+)$", settings.__doc__ or "", re.MULTILINE))
    hints = get_type_hints(settings)

    def decorate(command: Command) -> Command:
        for field in reversed(dataclasses.fields(settings)):
            kind, name = hints[field.name], field.name.replace("_", "-")
            choice = click.Choice(get_args(kind)) if get_origin(kind) is Literal else kind
            flag = f"--{name}/--no-{name}" if kind is bool else f"--{name}"
            option = click.option(flag, type=choice, default=None, help=described[field.name])
            command = option(command)
        return command

    return decorate


def _affinity(setting: str) -> str:
    return f"Of the feature affinity [{getattr(FeatureAffinity, setting)}]."


@click.command()
@click.argument("network", type=click.Choice(["teacher", *STUDENTS]))
@click.option("-o", "--out", required=True, type=FOLDER, help="The weights, NAME.safetensors.")
@click.option("--state", type=FOLDER, help="Folder to stop and resume with.")
@click.option("--teacher", metavar="NAME_OR_FILE", help="Distil a student from these weights.")
@click.option("--weight", type=float, help=_affinity("weight"))
@click.option("--scale", type=click.Choice(get_args(Scale)), help=_affinity("scale"))
@click.option("--force", is_flag=True, help="Replace weights that are there.")
@click.option("--data", type=FOLDER, help="Pairs on your disk, for a student.")
@click.option("--layout", type=click.Choice(TRAINING_LAYOUTS), help="How they lie there [pairs].")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Settings to start from [course].")
@click.option("--epochs", type=click.IntRange(min=1), help="How often to see all, not --steps.")
@click.option("--held-out", type=float, help="Share of the scenes to validate on [0.02].")
@settings_options(PairSettings)
@settings_options(TrainConfig)
def train(
    *,
    network: str,
    out: Path,
    state: Path | None,
    teacher: str | None,
    force: bool,
    data: Path | None,
    **settings: Any,
) -> None:
    """Train a teacher, or a student with or without one, and write its weights with a card.

    Settings that are not given are those of the shipped weights, or of the preset; with --data
    the error is the mean square, as in arXiv:2207.11250. Started by torchrun, the processes share
    every batch.
    """
    check_result(out, ".safetensors", force=force)
    given = {name: value for name, value in settings.items() if value is not None}
    lesson = {name: given.pop(name) for name in _LESSON if name in given}
    terms, distilled = _lesson(network, teacher, lesson)
    card: dict[str, Any] = {"distilled from": distilled, "data": None}
    if data is None:
        config, trained, history = _on_shipped(network, given, terms, state, card)
        where = "the validation split"
    else:
        if network == "teacher":
            raise ValueError("--data: its pairs train a student; a teacher learns from the course")
        config, trained, history = _on_pairs(network, data, given, terms, state, card)
        where = f"{card['data']['validation pairs']} pairs of held-out scenes"
    step, score = history.best
    card = {key: value for key, value in card.items() if value} | {
        "settings of the training": dataclasses.asdict(config),
        "best validation": {"step": step, "psnr": score},
        "machine": describe(),
    }
    if rank() == 0:
        save_pretrained(trained, out, card)
        click.echo(f"{out}: {score:.2f} dB on {where}, at step {step} of {config.steps}")
        if history.speed:  # a training that was finished before only loads
            click.echo(f"{history.speed:.1f} images a second")
    leave()


Given = dict[str, Any]


def _lesson(network: str, teacher: str | None, given: Given) -> tuple[list[Term], Given | None]:
    """What a student learns from a teacher, and how the card says it; neither without one."""
    if not teacher:
        if given:
            flags = ", ".join(f"--{name}" for name in given)
            raise ValueError(f"{flags}: only with --teacher, whose features they weigh and scale")
        return [], None
    if network == "teacher":
        raise ValueError("--teacher: a teacher learns from clear pictures alone")
    term = FeatureAffinity(load_pretrained(teacher), **given)
    how = {"weight": term.weight, "scale": term.scale}
    return [term], {"teacher": method_name(teacher), **how}


def _on_shipped(
    network: str, given: Given, terms: list[Term], state: Path | None, card: dict[str, Any]
) -> tuple[TrainConfig, nn.Module, History]:
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    alone = [f"--{name.replace('_', '-')}" for name in given if name not in known]
    if alone:
        raise ValueError(f"{', '.join(alone)}: only with --data, for pairs on your disk")
    if network == "teacher":
        config = dataclasses.replace(TEACHER, **given)
        enlarger = new_teacher(seed=config.seed)
        return config, enlarger, train_shipped_teacher(enlarger, config, folder=state)
    config = dataclasses.replace(STUDENT, **given)
    trained = STUDENTS[network](seed=config.seed)
    history = train_shipped_student(trained, config, terms=terms, folder=state, about=card)
    return config, trained, history


def _on_pairs(
    network: str,
    data: Path,
    given: Given,
    terms: list[Term],
    state: Path | None,
    card: dict[str, Any],
) -> tuple[TrainConfig, nn.Module, History]:
    """The same on disk; writes to the card what the training saw."""
    layout, held_out = given.get("layout", ANY_PAIRS), given.get("held_out", 0.02)
    pairs, validation = hold_out(find_pairs(data, layout=layout), held_out)
    preset = _changed(PRESETS[given.get("preset", "course")], given)
    config = preset.config
    batches = PairBatches(pairs, seed=config.seed, settings=preset.pairs, share=share(),
                          progress=config.progress and rank() == 0)  # fmt: skip
    if preset.epochs:
        steps = preset.epochs * batches.steps_per_epoch
        every = given.get("validate_every", batches.steps_per_epoch)
        config = dataclasses.replace(config, steps=steps, validate_every=every)
    card["data"] = {
        "layout": layout,
        "training pairs": len(pairs),
        "held out": held_out,
        "validation pairs": len(validation),
        "batch": preset.pairs.batch,
        "crop": preset.pairs.crop,
    }
    trained = STUDENTS[network](seed=config.seed)
    history = fit_student(
        trained, batches, validation, config, terms=terms, folder=state,
        about=card | {"pairs": names_digest(pairs)},
    )  # fmt: skip
    return config, trained, history


def _changed(preset: Preset, given: Given) -> Preset:
    """A preset with what the command line gives in its place; steps and epochs exclude each other.

    Raises:
        ValueError: both are given.
    """
    if "steps" in given and "epochs" in given:
        raise ValueError("--steps, --epochs: expected one of them, got both")
    config, pairs = preset.config, preset.pairs
    config = dataclasses.replace(config, **{k: v for k, v in given.items() if hasattr(config, k)})
    pairs = dataclasses.replace(pairs, **{k: v for k, v in given.items() if hasattr(pairs, k)})
    epochs = 0 if "steps" in given else given.get("epochs", preset.epochs)
    return Preset(config, pairs, epochs)
