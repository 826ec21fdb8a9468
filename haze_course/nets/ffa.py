"""FFA-Net, wide and slim: hazy RGB -> dehazed RGB.

    Qin et al., FFA-Net, AAAI 2020, doi:10.1609/aaai.v34i07.6865, arXiv:1911.07559: width 64,
    3 groups of 19 blocks.
    Mitheran et al., arXiv:2207.11250: 64 -> 16 wide, 19 -> 6 blocks a group.
Here the change is added to the picture; FFA-Net's code adds it to the normalised picture.

Read top to bottom: block, group, network. Shapes: B images, C = width, H x W pixels, G groups.
"""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.guards import check_image
from haze_course.nets.attention import ChannelAttention, PixelAttention


class Block(nn.Module):
    """conv - relu - (+x) - conv - channel gate - pixel gate - (+x).  (B, C, H, W) -> same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.channel_attention = ChannelAttention(width, max(width // 8, 1))
        self.pixel_attention = PixelAttention(width, max(width // 8, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        y = torch.relu(self.conv1(x)) + x
        y = self.channel_attention(self.conv2(y))
        return self.pixel_attention(y) + x


class Group(nn.Module):
    """Some blocks and a convolution inside one skip connection.  (B, C, H, W) -> same."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(Block(width) for _ in range(blocks)), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        return self.body(x) + x


class FFANet(nn.Module):
    """J-hat = I + tail(fused features of I).  RGB in [0, 1], (B, 3, H, W) -> same, unclamped.

    Args:
        width: channels of every hidden map.
        groups: their outputs are weighted by one channel attention and summed.
        blocks: blocks in each group.
        stride: s x s pixels are the channels of one (Shi et al., arXiv:1609.05158): smaller maps.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, width: int = 64, groups: int = 3, blocks: int = 19, stride: int = 1) -> None:
        super().__init__()
        given = {"width": width, "groups": groups, "blocks": blocks, "stride": stride}
        self.settings = {k: v for k, v in given.items() if (k, v) != ("stride", 1)}
        # RESIDE's statistics, inside the network: training, inference and ONNX cannot differ.
        self.register_buffer("mean", torch.tensor([0.64, 0.60, 0.58]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.14, 0.15, 0.152]).view(1, 3, 1, 1))
        self.head = nn.Conv2d(3 * stride**2, width, 3, padding=1)
        self.groups = nn.ModuleList(Group(width, blocks) for _ in range(groups))
        self.fusion = ChannelAttention(width * groups, max(width // 16, 1))
        self.pixel_attention = PixelAttention(width, max(width // 8, 1))
        self.tail = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, 3 * stride**2, 3, padding=1)
        )

    def forward(self, hazy: Tensor) -> Tensor:
        """Hazy (B, 3, H, W) -> dehazed (B, 3, H, W), any H and W."""
        check_image(hazy, "hazy", channels=3)
        s, (height, width) = self.settings.get("stride", 1), hazy.shape[-2:]
        x = (hazy - self.mean) / self.std
        if s > 1:
            x = F.pixel_unshuffle(F.pad(x, (0, -width % s, 0, -height % s), mode="replicate"), s)
        x = self.head(x)  # (B, C, H / s, W / s)
        outputs = []
        for group in self.groups:
            outputs.append(x := group(x))
        stacked = self.fusion(torch.cat(outputs, dim=1))  # (B, G * C, H, W)
        fused = reduce(torch.add, stacked.chunk(len(self.groups), dim=1))  # (B, C, H, W)
        change = self.tail(self.pixel_attention(fused))
        return hazy + (F.pixel_shuffle(change, s)[..., :height, :width] if s > 1 else change)


def student(*, seed: int | None = None) -> FFANet:
    """The slim FFA-Net of the paper: 96 007 parameters, freshly initialised.

    Args:
        seed: of the initial weights; the global random state is left as it was.
    """
    return _seeded(seed, width=16, groups=3, blocks=6)


def half_student(*, seed: int | None = None) -> FFANet:
    """The student at half resolution, 5 blocks a group: 84 331 parameters; see `student`."""
    return _seeded(seed, width=16, groups=3, blocks=5, stride=2)


def ffa_net(*, seed: int | None = None) -> FFANet:
    """FFA-Net at full size: 4 455 913 parameters, freshly initialised; see `student`."""
    return _seeded(seed, width=64, groups=3, blocks=19)


def _seeded(seed: int | None, **settings: int) -> FFANet:
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        return FFANet(**settings)
