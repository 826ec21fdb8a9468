"""Two gates of FFA-Net: one number a channel, one number a pixel.

    Qin et al., FFA-Net: Feature Fusion Attention Network for Single Image Dehazing, AAAI 2020,
    doi:10.1609/aaai.v34i07.6865, arXiv:1911.07559.

Shapes: (B, C, H, W) -> same.
"""

import torch
from torch import Tensor, nn


class GlobalMean(nn.AdaptiveAvgPool2d):
    """Mean over the picture, (B, C, H, W) -> (B, C, 1, 1); its gradient lies as the maps do.

    A pooling's own lies channel by channel, and adding it to theirs is slow.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1)."""
        if x.requires_grad:
            return x.permute(0, 2, 3, 1).mean((1, 2))[..., None, None]
        return super().forward(x)


def _gate(channels: int, squeezed: int, gates: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, squeezed, 1),
        nn.ReLU(),
        nn.Conv2d(squeezed, gates, 1),
        nn.Sigmoid(),
    ]


class ChannelAttention(nn.Module):
    """x * sigmoid(W2 relu(W1 mean(x))): scale every channel by one gate in (0, 1).

    The mean runs over the whole picture, because the haze's colour and amount are global.

    Args:
        channels: C.
        squeezed: channels between the two 1 x 1 convolutions.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(GlobalMean(1), *_gate(channels, squeezed, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        return x * self.gate(x)  # gate: (B, C, 1, 1)


class PixelAttention(nn.Module):
    """x * sigmoid(W2 relu(W1 x)): scale every pixel by one gate in (0, 1).

    Haze is thicker on what is farther away, so where to work is a matter of place.

    Args:
        channels: C.
        squeezed: channels between the two 1 x 1 convolutions.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(*_gate(channels, squeezed, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        gate = self.gate(x)  # (B, 1, H, W)
        if x.dtype == torch.bfloat16 and x.is_cpu:
            # Without the copy, torch takes the channels of a pixel one by one.
            gate = gate.expand_as(x).contiguous(memory_format=torch.channels_last)
        return x * gate
