"""The training loop, written out once: teacher and student go through it alike.

A step's batch is a function of the step, the rate is a function of the step, and everything else
is in the checkpoint: a training that was stopped ends with the weights of one that was not. (A
network that draws at random itself, by dropout, draws anew.)
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer
from tqdm import tqdm

from haze_course.paths import only_run_in
from haze_course.training.distributed import (
    apart,
    divide,
    from_first,
    join,
    mean_over_ranks,
    parallel,
    rank,
    ranks,
    samples,
)
from haze_course.training.rates import learning_rate
from haze_course.training.settings import TrainConfig, autocast, deciding, resolve_device
from haze_course.training.state import (
    Weights,
    check_same,
    check_together,
    load_state,
    optimizer_words,
    read_header,
    save_state,
)

Batch = TypeVar("Batch")
Parts = dict[str, float]  # what a loss is made of, for the history
LEAST_SCALE = 1e-4  # of a loss in float16: from 2^16 it takes 30 steps without a finite gradient


class TrainingError(ValueError):
    """A training that cannot go on; the message says at which step and what to try."""


@dataclass
class History:
    """What happened: one loss a step, and named numbers at the steps where they were taken.

    `speed` is in samples a second, of the last call alone: two trainings may differ in it.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    parts: list[tuple[int, Parts]] = field(default_factory=list)
    speed: float = field(default=0.0, compare=False)

    @property
    def best(self) -> tuple[int, float]:
        """Step and score of the weights that were kept."""
        return max(self.validation, key=lambda entry: _comparable(entry[1]))


def train(
    network: nn.Module,
    draw: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch, int], tuple[Tensor, Parts]],
    validate: Callable[[nn.Module], float],
    config: TrainConfig,
    *,
    groups: Sequence[dict[str, Any]] | None = None,
    optimizer: Callable[..., Optimizer] = torch.optim.Adam,
    folder: Path | str | None = None,
    about: Mapping[str, Any] | None = None,
) -> History:
    """Fit `network` in place, to the weights that validated best.

    Under torchrun every rank calls this with its own share of the batches, see
    `distributed.share`; the first rank validates and writes, and every step must use all
    parameters that are not frozen.

    Args:
        network: any module; moved to the device.
        draw: step -> batch, the same batch for the same step.
        loss: (network, batch, step) -> the number to minimise, and its parts to log.
        validate: network -> a score, higher is better.
        config: settings.
        groups: parameters of the network to train, with a "factor" of the rate each, as
            `rates_by_fan_in` gives them; None trains all at one rate.
        optimizer: a class of `torch.optim`, or what makes one from groups and ``lr``.
        folder: for ``state.safetensors``; a state that lies there is resumed.
        about: what else decides the result, by name, as JSON can hold it; a state in which it
            differs is refused.

    Raises:
        TrainingError: loss, gradient or weights are no longer numbers.
        StateError: the folder holds the state of another training.
        ValueError: another training writes to the folder, or parameters are not the network's.
    """
    device, folder = resolve_device(config.device), Path(folder) if folder else None
    alone = only_run_in(folder) if folder and rank() == 0 else nullcontext()
    with alone:
        join(device, config.seed)
        network.to(device).to(memory_format=torch.channels_last)
        groups = groups or [{"params": list(network.parameters())}]
        chosen = optimizer(groups, lr=config.learning_rate)
        named = deciding(config) | optimizer_words(network, chosen) | dict(about or {})
        named = json.loads(json.dumps(named))  # as a state will hold it
        objective = parallel(network, loss)
        return _train(network, draw, objective, validate, config, chosen, folder, named)


def _train(
    network: nn.Module,
    draw: Callable[[int], Batch],
    objective: nn.Module,
    validate: Callable[[nn.Module], float],
    config: TrainConfig,
    optimizer: Optimizer,
    folder: Path | None,
    named: dict[str, Any],
) -> History:
    device = resolve_device(config.device)
    scaler = GradScaler(device.type, enabled=config.precision == "float16")
    state = folder / "state.safetensors" if folder else None
    history, best, first = History(), _weights(network), 0
    if state and state.is_file():
        header, history = _resumed(state, named)
        best, first = load_state(state, network, optimizer), header["step"]
        scaler.load_state_dict(header.get("scaler") or scaler.state_dict())
    check_together(first, state, device)
    bar = tqdm(range(first, config.steps), initial=first, total=config.steps,
               disable=not config.progress or rank() > 0, unit=" steps", leave=False)  # fmt: skip
    seen, start = 0, time.perf_counter()
    for step in bar:
        network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config) * group.get("factor", 1.0)
        batch = draw(step)
        with _divergence(network, step, state):
            value, parts = _step(objective, batch, step, config, optimizer, scaler)
        history.loss.append(value)
        seen += samples(batch) * ranks()
        history.speed = seen / (time.perf_counter() - start)
        bar.set_postfix(loss=f"{value:.4f}", images=f"{history.speed:.1f}/s", refresh=False)
        history.parts += [(step, parts)] if parts else []
        done = step + 1
        if done % config.validate_every == 0 or done == config.steps:
            network.eval()
            with _divergence(network, step, state):
                score = from_first(lambda: validate(network), device)
            history.validation.append((done, score))
            if history.best[0] == done:
                best = _weights(network)
        if state and rank() == 0 and (done % config.checkpoint_every == 0 or done == config.steps):
            header = {"step": done, "config": named, "history": vars(history),
                      "scaler": scaler.state_dict()}  # fmt: skip
            save_state(state, network, optimizer, best, header)
    network.load_state_dict(best)
    network.eval()
    return history


def _step(
    objective: nn.Module,
    batch: Batch,
    step: int,
    config: TrainConfig,
    optimizer: Optimizer,
    scaler: GradScaler,
) -> tuple[float, Parts]:
    """Zero, forward, loss, backward, clip, step; mean loss and parts over all micro-batches."""
    device = resolve_device(config.device)
    objective.zero_grad()  # what is not trained collects gradients too
    pieces = divide(batch, config.accumulate)
    found: list[Parts] = []
    for number, piece in enumerate(pieces, start=1):
        with apart(objective, last=number == len(pieces)):
            with autocast(device, config.precision):
                value, parts = objective(piece, step)
            scaler.scale(value / len(pieces)).backward()
        found.append({"": value.item(), **parts})
    scaler.unscale_(optimizer)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(trained, config.clip).item()
    if not math.isfinite(norm) and not scaler.is_enabled():  # a scaler leaves such a step out
        losses = [parts[""] for parts in found if not math.isfinite(parts[""])]
        what = f"the loss is {losses[0]}" if losses else f"the norm of the gradient is {norm}"
        raise TrainingError(what)
    scaler.step(optimizer)
    scaler.update()
    if scaler.is_enabled() and scaler.get_scale() < LEAST_SCALE:
        raise TrainingError("no gradient was finite for many steps (take bfloat16 or float32)")
    means = [sum(parts[name] for parts in found) / len(found) for name in found[0]]
    means = mean_over_ranks(means, device)
    if not math.isfinite(means[0]):
        raise TrainingError(f"the loss is {means[0]}")
    return means[0], dict(zip(list(found[0])[1:], means[1:], strict=True))


def _weights(network: nn.Module) -> Weights:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


@contextmanager
def _divergence(network: nn.Module, step: int, state: Path | None) -> Iterator[None]:
    """Whatever stumbles over weights that are no numbers, it is the training that failed."""
    try:
        yield
    except ValueError as error:
        sound = all(p.isfinite().all() for p in network.parameters())
        if sound and not isinstance(error, TrainingError):
            raise
        found = error if sound else "weights are no longer finite"
        kept = f"; the last good state is {state}" if state and state.is_file() else ""
        raise TrainingError(
            f"step {step}: {found}; try a lower learning_rate or clip{kept}"
        ) from error


def _comparable(score: float) -> float:
    return -math.inf if math.isnan(score) else score


def _resumed(state: Path, named: dict[str, Any]) -> tuple[dict[str, Any], History]:
    header = read_header(state)
    check_same(header, named, state)
    kept = header["history"]
    validation = [(step, score) for step, score in kept["validation"]]
    parts = [(step, logged) for step, logged in kept["parts"]]
    return header, History(kept["loss"], validation, parts)
