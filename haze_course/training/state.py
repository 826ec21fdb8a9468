"""A training's state in one file: weights, best weights, optimizer, history; whole or not at all.

Stored as safetensors with JSON in the header: nothing in it can run when it is read. One number a
step is too much for the header, and is stored as tensors too.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from haze_course.paths import atomic_path
from haze_course.training.distributed import from_first, rank
from haze_course.training.settings import TrainConfig, deciding

Weights = dict[str, Tensor]
# Of an optimizer: set anew at every step, or no matter but of speed.
_FREE = ("lr", "foreach", "fused", "capturable", "differentiable")


class StateError(ValueError):
    """A checkpoint that is not this training's, or not readable or storable; named in the message.

    Another folder, or none, lets the training start anew.
    """


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

    Raises:
        StateError: the settings are too long for the header.
    """
    history = header["history"]
    others = {key: value for key, value in history.items() if key not in ("loss", "parts")}
    moments = {
        f"optimizer.{number}.{key}": value
        for number, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
    }
    tensors = {
        **{f"network.{key}": value for key, value in network.state_dict().items()},
        **{f"best.{key}": value for key, value in best.items()},
        **moments,
        **_packed(history["loss"], history["parts"]),
    }
    # Cloned: best and network may share memory, which safetensors refuses.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    try:
        content = save(tensors, metadata={"state": json.dumps(header | {"history": others})})
    except SafetensorError as error:
        raise StateError(
            f"{path}: expected settings and validations of at most 100 MB, could not store the "
            f"state ({error}); validate less often, or tell less in `about`"
        ) from error
    with atomic_path(path) as temporary:
        # Written by Python: on a full disk its error is an OSError, safetensors' own is not.
        temporary.write_bytes(content)


def read_header(path: Path) -> dict[str, Any]:
    """Step, settings and history, before anything is put in place.

    Raises:
        StateError: damaged, or no state of a training.
    """
    with _readable(path) as file:
        header: dict[str, Any] = json.loads((file.metadata() or {})["state"])
        keys = [key for key in file.keys() if key.startswith("history.")]  # noqa: SIM118
        if keys:  # an older state has all of its history in the header
            header["history"] |= _unpacked({key: file.get_tensor(key) for key in keys})
        return header


def _packed(loss: list[float], parts: list[tuple[int, dict[str, float]]]) -> Weights:
    """One tensor of losses, and (step, value) rows for every name among the parts."""
    rows: dict[str, list[tuple[int, float]]] = {}
    for step, named in parts:
        for name, value in named.items():
            rows.setdefault(f"history.parts.{name}", []).append((step, value))
    series = {"history.loss": loss, **rows}
    return {key: torch.tensor(values, dtype=torch.float64) for key, values in series.items()}


def _unpacked(tensors: Weights) -> dict[str, Any]:
    logged: dict[int, dict[str, float]] = {}
    for name, rows in _under("history.parts.", tensors).items():
        for step, value in rows.tolist():
            logged.setdefault(int(step), {})[name] = value
    return {"loss": tensors["history.loss"].tolist(), "parts": sorted(logged.items())}


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


def optimizer_words(network: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """What of an optimizer decides the result: its class and settings, its groups and their order.

    Raises:
        ValueError: it moves parameters that are not the network's.
    """
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    moved = [[id(p) for p in group["params"]] for group in optimizer.param_groups]
    foreign = [own for group in moved for own in group if own not in names]
    if foreign:
        raise ValueError(
            f"groups: expected parameters of the network, got {len(foreign)} others: parameters "
            "outside the network are neither stored nor shared; put them into the network"
        )
    defaults = told(optimizer.defaults)
    groups = []
    for given, members in zip(optimizer.param_groups, moved, strict=True):
        own = {key: value for key, value in told(given).items() if defaults.get(key) != value}
        groups.append(own | {"params": [names[member] for member in members]})
    settings = {f"optimizer {key}": value for key, value in defaults.items()}
    return {"optimizer": type(optimizer).__name__, **settings, "groups": groups}


def told(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of an optimizer's settings those that decide the result and that JSON can hold."""
    kept = {}
    for name, value in settings.items():
        several = value if isinstance(value, list | tuple) else [value]
        plain = all(one is None or isinstance(one, bool | int | float | str) for one in several)
        if plain and name not in _FREE:
            kept[name] = value
    return kept


def check_same(header: dict[str, Any], named: dict[str, Any], path: Path) -> None:
    """A state is resumed by the training that stored it.

    Raises:
        StateError: what decides the result differs.
    """
    stored = deciding(TrainConfig()) | header["config"]  # an older state lacks younger settings
    changed = [key for key, value in named.items() if stored.get(key, value) != value]
    changed += [key for key in stored if key not in named]
    if changed:
        raise StateError(
            f"{path}: a training with other settings ({', '.join(changed)}); "
            "choose another folder, or delete it to start anew"
        )


def check_together(step: int, path: Path | None, device: torch.device) -> None:
    """All ranks go on from one state; on several machines the folder is one that all see."""
    expected = from_first(lambda: float(step), device)
    if step != expected:
        raise StateError(
            f"{path}: expected the state of step {expected:.0f}, as on rank 0, got step {step} "
            f"on rank {rank()}; put the folder on a disk that all machines share"
        )


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
