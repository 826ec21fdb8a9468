"""A training's state in one file: weights, best weights, optimizer, history; whole or not at all.

Stored as safetensors with JSON in the header: nothing in it can run when it is read.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from haze_course.paths import atomic_path

Weights = dict[str, Tensor]


class StateError(ValueError):
    """A checkpoint that does not belong to this training; the message names it."""


def save_state(
    path: Path, network: nn.Module, optimizer: Optimizer, best: Weights, header: dict[str, Any]
) -> None:
    """Write everything that resuming needs.

    Args:
        path: ends in .safetensors.
        network: its weights.
        optimizer: its moments, by number of parameter.
        best: the weights that validated best so far.
        header: step, settings, history: anything JSON holds.
    """
    moments = {
        f"optimizer.{number}.{key}": value
        for number, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
    }
    tensors = {
        **{f"network.{key}": value for key, value in network.state_dict().items()},
        **{f"best.{key}": value for key, value in best.items()},
        **moments,
    }
    # Cloned: best and network may share memory, which safetensors refuses.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with atomic_path(path) as temporary:
        # Written by Python: on a full disk its error is an OSError, safetensors' own is not.
        temporary.write_bytes(save(tensors, metadata={"state": json.dumps(header)}))


def read_header(path: Path) -> dict[str, Any]:
    """Step, settings and history, before anything is put in place.

    Raises:
        StateError: damaged, or no state of a training.
    """
    with _readable(path) as file:
        header: dict[str, Any] = json.loads((file.metadata() or {})["state"])
        return header


def load_state(path: Path, network: nn.Module, optimizer: Optimizer) -> Weights:
    """Put weights and moments back in place; the best weights are handed back.

    Raises:
        StateError: damaged, or of another network.
    """
    with _readable(path) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    weights = _under("network.", tensors)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise StateError(f"{path}: the state of another network: {error}") from error
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _under("optimizer.", tensors).items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return _under("best.", tensors)


@contextmanager
def _readable(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise StateError(
            f"{path}: expected the state of a training, could not read it ({error}); "
            "delete it to start anew"
        ) from error


def _under(prefix: str, tensors: Weights) -> Weights:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
