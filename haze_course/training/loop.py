"""The training loop, written out once: teacher and student go through it alike.

A step's batch is a function of the step, the rate is a function of the step, and everything else
is in the checkpoint: a training that was stopped ends with the weights of one that was not. (A
network that draws at random itself, by dropout, draws anew.)
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
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
from haze_course.training.settings import (
    TrainConfig,
    autocast,
    deciding,
    learning_rate,
    resolve_device,
)
from haze_course.training.state import StateError, Weights, load_state, save_state

Batch = TypeVar("Batch")
Parts = dict[str, float]  # what a loss is made of, for the history


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
        return max(self.validation, key=lambda entry: entry[1])


def train(
    network: nn.Module,
    draw: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch, int], tuple[Tensor, Parts]],
    validate: Callable[[nn.Module], float],
    config: TrainConfig,
    *,
    groups: Sequence[dict[str, Any]] | None = None,
    optimizer: Callable[..., Optimizer] = torch.optim.Adam,
    folder: Path | None = None,
    about: Mapping[str, Any] | None = None,
) -> History:
    """Fit `network` in place, to the weights that validated best.

    Under torchrun every rank calls this with its own share of the batches, see
    `distributed.share`; the first rank validates and writes.

    Args:
        network: any module; moved to the device.
        draw: step -> batch, the same batch for the same step.
        loss: (network, batch, step) -> the number to minimise, and its parts to log.
        validate: network -> a score, higher is better.
        config: settings.
        groups: parameters with a "factor" of the rate each, as `rates_by_fan_in` gives them;
            None trains all at one rate.
        optimizer: a class of `torch.optim`, or what makes one from groups and ``lr``.
        folder: for ``state.safetensors``; a state that lies there is resumed.
        about: what else decides the result, by name, as JSON can hold it; a state in which it
            differs is refused.

    Raises:
        TrainingError: the loss is no longer a number.
        StateError: the folder holds the state of another training.
        ValueError: another training writes to the folder.
    """
    device = resolve_device(config.device)
    alone = only_run_in(folder) if folder and rank() == 0 else nullcontext()
    with alone:
        join(device, config.seed)
        network.to(device).to(memory_format=torch.channels_last)
        groups = groups or [{"params": list(network.parameters()), "factor": 1.0}]
        chosen = optimizer(groups, lr=config.learning_rate)
        objective, named = parallel(network, loss), deciding(config) | dict(about or {})
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
        best, header = load_state(state, network, optimizer)
        history, first = _resumed(header, named, state), header["step"]
        scaler.load_state_dict(header.get("scaler") or scaler.state_dict())
    _check_together(first, state, device)
    bar = tqdm(range(first, config.steps), initial=first, total=config.steps,
               disable=not config.progress or rank() > 0, unit=" steps", leave=False)  # fmt: skip
    seen, start = 0, time.perf_counter()
    for step in bar:
        network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config) * group["factor"]
        batch = draw(step)
        value, parts = _step(objective, batch, step, config, optimizer, scaler)
        history.loss.append(_finite(value, step, state))
        seen += samples(batch) * ranks()
        history.speed = seen / (time.perf_counter() - start)
        bar.set_postfix(loss=f"{value:.4f}", images=f"{history.speed:.1f}/s", refresh=False)
        if parts:
            history.parts.append((step, parts))
        done = step + 1
        if done % config.validate_every == 0 or done == config.steps:
            network.eval()
            history.validation.append((done, from_first(lambda: validate(network), device)))
            if history.best[0] == done:
                best = _weights(network)
        if state and rank() == 0 and (done % config.checkpoint_every == 0 or done == config.steps):
            header = {"step": done, "config": named, "history": asdict(history),
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
    optimizer.zero_grad()
    pieces = divide(batch, config.accumulate)
    found: list[Parts] = []
    for number, piece in enumerate(pieces, start=1):
        with apart(objective, last=number == len(pieces)):
            with autocast(device, config.precision):
                value, parts = objective(piece, step)
            scaler.scale(value / len(pieces)).backward()
        found.append({"": value.item(), **parts})
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(objective.parameters(), config.clip)
    scaler.step(optimizer)
    scaler.update()
    means = [sum(parts[name] for parts in found) / len(found) for name in found[0]]
    means = mean_over_ranks(means, device)
    return means[0], dict(zip(list(found[0])[1:], means[1:], strict=True))


def rates_by_fan_in(network: nn.Module) -> list[dict[str, Any]]:
    """rate of a weight = learning_rate / fan-in, so that no layer leaps: groups for `train`.

    Adam moves every weight by about the rate, whatever its gradient. An output that sums n
    inputs can thus leap by n times the rate, and layers with many inputs leap furthest. Vectors
    (biases, slopes) keep the rate of ten inputs.

        Yang et al., Tensor Programs V, NeurIPS 2021, arXiv:2203.03466.
    """
    groups = []
    for module in network.modules():
        for parameter in module.parameters(recurse=False):
            fan_in = 10.0
            if isinstance(module, nn.ConvTranspose2d) and parameter.ndim > 1:
                fan_in = parameter[:, 0].numel() / math.prod(module.stride)
            elif parameter.ndim > 1:
                fan_in = parameter[0].numel()
            groups.append({"params": [parameter], "factor": 1 / fan_in})
    return groups


def _weights(network: nn.Module) -> Weights:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def _finite(value: float, step: int, state: Path | None) -> float:
    if math.isfinite(value):
        return value
    kept = f"; the last good state is {state}" if state and state.is_file() else ""
    raise TrainingError(
        f"step {step}: the loss is {value}; try a lower learning_rate or clip{kept}"
    )


def _resumed(header: dict[str, Any], named: dict[str, Any], state: Path) -> History:
    stored = deciding(TrainConfig()) | header["config"]  # an older state lacks younger settings
    changed = [key for key, value in named.items() if stored.get(key, value) != value]
    changed += [key for key in stored if key not in named]
    if changed:
        raise StateError(
            f"{state}: a training with other settings ({', '.join(changed)}); "
            "choose another folder, or delete it to start anew"
        )
    kept = header["history"]
    return History(
        kept["loss"],
        [(step, score) for step, score in kept["validation"]],
        [(step, parts) for step, parts in kept["parts"]],
    )


def _check_together(step: int, state: Path | None, device: torch.device) -> None:
    """All ranks go on from one state; on several machines the folder is one that all see."""
    expected = from_first(lambda: float(step), device)
    if step != expected:
        raise StateError(
            f"{state}: expected the state of step {expected:.0f}, as on rank 0, got step {step} "
            f"on rank {rank()}; put the folder on a disk that all machines share"
        )
