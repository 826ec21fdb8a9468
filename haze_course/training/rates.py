"""How fast a training moves: the rate over the steps, and between the layers."""

import math
from typing import Any

from torch import nn

from haze_course.training.settings import TrainConfig


def learning_rate(step: int, config: TrainConfig) -> float:
    """A linear rise over the warm-up, then half a cosine down to zero at the end, or no change."""
    rise = min((step + 1) / max(config.warmup, 1), 1.0)
    if config.schedule == "constant":
        return config.learning_rate * rise
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
