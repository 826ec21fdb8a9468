"""Weights on disk: safetensors, which hold numbers and text and can execute nothing.

The header carries a card (architecture, its settings, how it was trained and how it scores) and
a hash of all tensors, checked on loading.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from haze_course.machine import usable_device
from haze_course.nets.ffa import FFANet
from haze_course.nets.fsrcnn import SuperResolutionTeacher
from haze_course.paths import atomic_path, data_folder

_ARCHITECTURES: dict[str, Any] = {cls.__name__: cls for cls in (FFANet, SuperResolutionTeacher)}


class WeightsError(ValueError):
    """A file whose weights cannot be used; the message names it and says what fits."""


def save_pretrained(
    network: nn.Module, path: Path | str, card: dict[str, Any] | None = None
) -> None:
    """Write weights, settings and a card to one .safetensors file; complete or not at all.

    Args:
        network: an `FFANet` or `SuperResolutionTeacher`.
        path: ends in .safetensors.
        card: what a user should know (data, steps, seed, scores, command); kept as JSON.
    """
    path = Path(path)
    name = type(network).__name__
    if name not in _ARCHITECTURES:
        raise WeightsError(f"{path}: expected one of {', '.join(_ARCHITECTURES)}, got {name}")
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"{path}: expected a name ending in .safetensors")
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    header = {
        "architecture": name,
        "settings": json.dumps(network.settings),
        "card": json.dumps(card or {}, ensure_ascii=False),
        "sha256": weights_hash(tensors),
    }
    with atomic_path(path) as temporary:
        # Written by Python: on a full disk its error is an OSError, safetensors' own is not.
        temporary.write_bytes(save(tensors, metadata=header))


def load_pretrained(name: str | Path, *, device: torch.device | str = "cpu") -> nn.Module:
    """A network with its weights, in evaluation mode, on `device`.

    Args:
        name: of a shipped checkpoint ("student", "teacher"), or a .safetensors file.
        device: where to put it.

    Raises:
        FileNotFoundError: no such checkpoint or file.
        WeightsError: not safetensors, truncated, another architecture, or a wrong hash.
        ValueError: this machine has no such device.
    """
    path = checkpoint_path(name)
    header, tensors = _read(path)
    architecture = header.get("architecture", "none named")
    if architecture not in _ARCHITECTURES:
        raise WeightsError(
            f"{path}: expected an architecture of {', '.join(_ARCHITECTURES)}, got {architecture}"
        )
    if weights_hash(tensors) != header.get("sha256"):
        raise WeightsError(
            f"{path}: its tensors do not match the hash in its header; fetch it anew"
        )
    try:
        network = _ARCHITECTURES[architecture](**json.loads(header["settings"]))
        network.load_state_dict(tensors)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: not the weights of {architecture}: {error}") from error
    return network.eval().to(usable_device(device))


def read_card(name: str | Path) -> dict[str, Any]:
    """The card of a checkpoint, with its architecture and settings."""
    path = checkpoint_path(name)
    header, _ = _read(path)
    try:
        settings, card = (json.loads(header.get(key, "{}")) for key in ("settings", "card"))
        return {"architecture": header.get("architecture"), "settings": settings, **card}
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path}: its card is damaged: {error}") from error


def checkpoint_path(name: str | Path) -> Path:
    """The file of a shipped checkpoint's name, or the path itself."""
    folder = data_folder() / "checkpoints"
    for path in (folder / f"{name}.safetensors", Path(name)):
        if path.is_file():
            return path
    shipped = ", ".join(sorted(file.stem for file in folder.glob("*.safetensors")))
    raise FileNotFoundError(
        f"{str(name)!r} is neither a shipped checkpoint ({shipped or 'none'}) nor a file"
    )


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            return header, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path}: expected a complete .safetensors file (other formats can run code when read)"
            f": {error}"
        ) from error


def weights_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, shapes, types and values; two networks that share it are one."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        tensor = tensors[key].cpu().contiguous()
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
