"""The teacher: three small super-resolution networks, one each for red, green and blue.

    Dong et al., Accelerating the Super-Resolution Convolutional Neural Network (FSRCNN), ECCV
    2016, doi:10.1007/978-3-319-46475-6_25, arXiv:1608.00367.
    Mitheran et al., arXiv:2207.11250: its convolutions made depthwise separable, 8 817 parameters
    a channel, 26 451 together, x2.

Shapes: (B, 1, H, W) -> (B, 1, 2H, 2W) a channel; the teacher (B, 3, H, W) -> (B, 3, 2H, 2W).
"""

from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.guards import check_image

SCALE = 2
_BORDER = 2  # places repeated around the map, so that the picture's edge does not fade to black


def _conv(channels: int, outputs: int, size: int, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps H x W and sees the picture's edge repeated, not black."""
    padding = size // 2
    return nn.Conv2d(
        channels, outputs, size, padding=padding, groups=groups, padding_mode="replicate"
    )


class SeparableConv(nn.Sequential):
    """Depthwise k x k, then 1 x 1 across channels.  (B, C, H, W) -> (B, D, H, W)."""

    def __init__(self, channels: int, outputs: int, size: int) -> None:
        super().__init__(
            _conv(channels, channels, size, groups=channels), nn.Conv2d(channels, outputs, 1)
        )


class FSRCNN(nn.Module):
    """One channel, twice as large: extract, shrink, map, expand, up-convolve.

    Args:
        features: channels after extraction (d of the paper).
        shrunk: channels of the mapping (s).
        mappings: 3 x 3 separable convolutions in the middle (m).
    """

    def __init__(self, features: int = 56, shrunk: int = 12, mappings: int = 4) -> None:
        super().__init__()
        self.extract = nn.Sequential(_conv(1, features, 5), nn.PReLU(features))
        self.shrink = nn.Sequential(SeparableConv(features, shrunk, 1), nn.PReLU(shrunk))
        pairs = ((SeparableConv(shrunk, shrunk, 3), nn.PReLU(shrunk)) for _ in range(mappings))
        self.map = nn.Sequential(*chain.from_iterable(pairs))
        self.expand = nn.Sequential(SeparableConv(shrunk, features, 1), nn.PReLU(features))
        self.upsample = nn.ConvTranspose2d(
            features, 1, 9, stride=SCALE, padding=4, output_padding=SCALE - 1
        )
        nn.init.normal_(self.upsample.weight, std=0.001)
        assert self.upsample.bias is not None
        nn.init.zeros_(self.upsample.bias)

    def forward(self, channel: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, 1, 2H, 2W)."""
        x = self.expand(self.map(self.shrink(self.extract(channel))))  # (B, features, H, W)
        enlarged = self.upsample(F.pad(x, [_BORDER] * 4, mode="replicate"))
        edge = SCALE * _BORDER
        return enlarged[..., edge:-edge, edge:-edge]


class SuperResolutionTeacher(nn.Module):
    """RGB twice as large, each channel by its own FSRCNN.  (B, 3, H, W) -> (B, 3, 2H, 2W)."""

    def __init__(self, features: int = 56, shrunk: int = 12, mappings: int = 4) -> None:
        super().__init__()
        self.settings = {"features": features, "shrunk": shrunk, "mappings": mappings}
        self.channels = nn.ModuleList(FSRCNN(features, shrunk, mappings) for _ in range(3))

    def forward(self, image: Tensor) -> Tensor:
        """RGB in [0, 1], (B, 3, H, W) -> unclamped (B, 3, 2H, 2W)."""
        check_image(image, "image", channels=3)
        parts = [net(image[:, [c]]) for c, net in enumerate(self.channels)]
        return torch.cat(parts, dim=1)


def teacher(*, seed: int | None = None) -> SuperResolutionTeacher:
    """A teacher that starts as bicubic interpolation and can only learn from there.

    FSRCNN's up-convolution starts near zero, so at first the network outputs black and the
    gradient of everything before it is scaled by a thousandth. Here one path carries the picture
    unchanged through every layer to an up-convolution with the bicubic kernel. All other paths end
    in weights of zero: they add nothing yet, and learn from the first step, because what reaches
    them is not zero.

    Args:
        seed: of the other paths; the global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        network = SuperResolutionTeacher()
    for net in network.channels:
        assert isinstance(net, FSRCNN)
        start_at_bicubic_(net)
    return network


@torch.no_grad()
def start_at_bicubic_(net: FSRCNN) -> None:
    """Route channel 0 through every layer unchanged, enlarge it bicubically, silence the rest."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            middle = layer.kernel_size[0] // 2
            layer.weight[0] = 0
            layer.weight[0, 0, middle, middle] = 1
            assert layer.bias is not None
            layer.bias[0] = 0
    taps = cubic_taps().to(net.upsample.weight)
    net.upsample.weight.zero_()
    net.upsample.weight[0, 0] = taps[:, None] * taps


def cubic_taps() -> Tensor:
    """The nine weights of x2 bicubic interpolation as a transposed convolution (one of them 0).

    Keys, Cubic Convolution Interpolation, IEEE TASSP 29(6), 1981, doi:10.1109/TASSP.1981.1163711,
    with a = -1/2. Tap k writes to output 2 i - 4 + k, which lies (k - 4) / 2 - 1/4 from input i.
    """
    distance = ((torch.arange(9, dtype=torch.float64) - 4) / SCALE - 0.25).abs()
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))
