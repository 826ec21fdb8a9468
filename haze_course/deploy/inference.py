"""A trained network as a method: hazy picture -> dehazed picture."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from haze_course.nets.weights import WeightsError, load_pretrained

Method = Callable[[Tensor], Tensor]


def load_dehazer(name: str | Path, *, device: torch.device | str = "cpu") -> Method:
    """Hazy (B, 3, H, W) -> dehazed, same shape, without gradients, back on the processor.

    Args:
        name: of a shipped checkpoint, or a .safetensors file.
        device: where the network runs.

    Raises:
        FileNotFoundError: no such checkpoint or file.
        WeightsError: weights that cannot be used, or of a network that changes the size.
    """
    network = load_pretrained(name, device=device).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def method(hazy: Tensor) -> Tensor:
        dehazed: Tensor = network(hazy.to(device, memory_format=torch.channels_last))
        return dehazed.cpu()

    probe = method(torch.zeros(1, 3, 4, 6))
    if probe.shape != (1, 3, 4, 6):
        raise WeightsError(
            f"{name}: expected a network whose output is as large as its input, got "
            f"{type(network).__name__}, which makes {tuple(probe.shape[2:])} of (4, 6)"
        )
    return method
