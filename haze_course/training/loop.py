"""The training loop, written out once: teacher and student go through it alike.

A step's batch is a function of the step, the rate is a function of the step, and everything else
is in the checkpoint: a training that was stopped ends with the weights of one that was not.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from haze_course.guards import check_number
from haze_course.paths import only_run_in
from haze_course.training.state import StateError, Weights, load_state, save_state

Batch = TypeVar("Batch")
Parts = dict[str, float]  # what a loss is made of, for the history


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says at which step and what to try."""


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training.

    Attributes:
        steps: batches in all.
        learning_rate: its peak.
        warmup: steps over which the rate rises to the peak; then it falls as a half cosine.
        clip: largest norm of the gradient.
        validate_every: steps between validations; the best weights are kept.
        checkpoint_every: steps between states on disk, where a folder is given.
        seed: of the batches.
        precision: "auto" takes bfloat16 where the processor multiplies it in hardware.
        device: "auto" takes a GPU where there is one.
        progress: show a bar.
    """

    steps: int = 1000
    learning_rate: float = 1e-3
    warmup: int = 100
    clip: float = 1.0
    validate_every: int = 250
    checkpoint_every: int = 250
    seed: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    progress: bool = True

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "checkpoint_every"):
            check_number(getattr(self, name), name, 1)
        check_number(self.learning_rate, "learning_rate", 1e-12, 1)
        check_number(self.warmup, "warmup", 0)
        check_number(self.clip, "clip", 1e-12)


@dataclass
class History:
    """What happened: one loss a step, and named numbers at the steps where they were taken."""

    loss: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    parts: list[tuple[int, Parts]] = field(default_factory=list)

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
    folder: Path | None = None,
) -> History:
    """Fit `network` in place, to the weights that validated best.

    Args:
        network: any module; moved to the device.
        draw: step -> batch, the same batch for the same step.
        loss: (network, batch, step) -> the number to minimise, and its parts to log.
        validate: network -> a score, higher is better.
        config: settings.
        groups: parameters with a "factor" of the rate each, as `rates_by_fan_in` gives them;
            None trains all at one rate.
        folder: for ``state.safetensors``; a state that lies there is resumed.

    Raises:
        TrainingError: the loss is no longer a number.
        StateError: the folder holds the state of another training.
        ValueError: another training writes to the folder.
    """
    with only_run_in(folder) if folder else nullcontext():
        return _train(network, draw, loss, validate, config, groups, folder)


def _train(
    network: nn.Module,
    draw: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch, int], tuple[Tensor, Parts]],
    validate: Callable[[nn.Module], float],
    config: TrainConfig,
    groups: Sequence[dict[str, Any]] | None,
    folder: Path | None,
) -> History:
    device = resolve_device(config.device)
    network.to(device).to(memory_format=torch.channels_last)
    groups = groups or [{"params": list(network.parameters()), "factor": 1.0}]
    optimizer = torch.optim.Adam(groups, lr=config.learning_rate)
    history, best, first = History(), _weights(network), 0
    state = folder / "state.safetensors" if folder else None
    if state and state.is_file():
        best, header = load_state(state, network, optimizer)
        history, first = _resumed(header, config, state), header["step"]
    bar = tqdm(range(first, config.steps), initial=first, total=config.steps,
               disable=not config.progress, unit=" steps", leave=False)  # fmt: skip
    for step in bar:
        network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config) * group["factor"]
        with _autocast(device, config.precision):
            value, parts = loss(network, draw(step), step)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        history.loss.append(_finite(value.item(), step, state))
        bar.set_postfix(loss=f"{history.loss[-1]:.4f}", refresh=False)
        if parts:
            history.parts.append((step, parts))
        done = step + 1
        if done % config.validate_every == 0 or done == config.steps:
            network.eval()
            history.validation.append((done, validate(network)))
            if history.best[0] == done:
                best = _weights(network)
        if state and (done % config.checkpoint_every == 0 or done == config.steps):
            header = {"step": done, "config": _identity(config), "history": asdict(history)}
            save_state(state, network, optimizer, best, header)
    network.load_state_dict(best)
    network.eval()
    return history


def learning_rate(step: int, config: TrainConfig) -> float:
    """A linear rise over the warm-up, then half a cosine down to zero at the end."""
    rise = min((step + 1) / max(config.warmup, 1), 1.0)
    share = max(step - config.warmup, 0) / max(config.steps - config.warmup, 1)
    return config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * share))


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


def resolve_device(device: str) -> torch.device:
    """A device by name; "auto" is a GPU where there is one, else the processor."""
    if device != "auto":
        return torch.device(device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    hardware = (
        torch.cuda.is_bf16_supported()
        if device.type == "cuda"
        else torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
    enabled = precision == "bfloat16" or (precision == "auto" and hardware)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def _weights(network: nn.Module) -> Weights:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def _finite(value: float, step: int, state: Path | None) -> float:
    if math.isfinite(value):
        return value
    kept = f"; the last good state is {state}" if state and state.is_file() else ""
    raise TrainingError(
        f"step {step}: the loss is {value}; try a lower learning_rate or clip{kept}"
    )


def _identity(config: TrainConfig) -> dict[str, Any]:
    """The settings that decide the result; the others may change between stop and resume."""
    free = ("progress", "device", "checkpoint_every")
    return {key: value for key, value in asdict(config).items() if key not in free}


def _resumed(header: dict[str, Any], config: TrainConfig, state: Path) -> History:
    if header["config"] != _identity(config):
        changed = [k for k, v in _identity(config).items() if header["config"].get(k) != v]
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
