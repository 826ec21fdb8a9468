"""Two gates of FFA-Net: one number a channel, one number a pixel.

    Qin et al., FFA-Net: Feature Fusion Attention Network for Single Image Dehazing, AAAI 2020,
    doi:10.1609/aaai.v34i07.6865, arXiv:1911.07559.

Shapes: (B, C, H, W) -> same.
"""

from torch import Tensor, nn


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
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_gate(channels, squeezed, channels))

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
        return x * self.gate(x)  # gate: (B, 1, H, W)
