"""Large pictures in bounded memory: tiles, with the gates of the whole picture.

Channel attention averages over the whole picture, and the gates of every block depend on the
blocks before it: a tile alone would get other gates than its neighbour, and one would see it. So
the gates come from one pass over a small copy of the whole picture, and every tile runs with them.
What is left of the difference to the whole picture is that small copy.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.distill.terms import tapped
from haze_course.guards import check_count, check_image
from haze_course.nets.attention import ChannelAttention
from haze_course.nets.ffa import FFANet

GATE_PIXELS = 250_000  # of the small copy: what the first pass may cost in memory
TILE = 384
Gates = dict[str, Tensor]  # module -> (B, C, 1, 1)


@torch.no_grad()
def dehaze_in_tiles(network: nn.Module, hazy: Tensor, *, tile: int = TILE) -> Tensor:
    """Dehazed, as large as `hazy`, in memory that grows with the tile, not with the picture.

    One thread at a time may use the network, see `fixed_gates`; a `Dehazer` sees to it.

    Args:
        network: one that `fits_tiles`; on any device.
        hazy: (1, 3, H, W).
        tile: side of the squares that are kept; `reach` pixels around each are computed, too. It
            is rounded up to what the network's stride divides.
    """
    check_image(hazy, "hazy", channels=3)
    check_count(tile, "tile", 1)
    gates = read_gates(network, shrink_to(hazy, GATE_PIXELS))
    return run_in_tiles(network, hazy, gates, tile=tile)


@torch.no_grad()
def run_in_tiles(network: nn.Module, hazy: Tensor, gates: Gates, *, tile: int = TILE) -> Tensor:
    """`dehaze_in_tiles` with given gates, as a video smooths them."""
    device, stride = next(network.parameters()).device, _stride(network)
    halo, tile = (-(-size // stride) * stride for size in (reach(network), tile))
    height, width = hazy.shape[-2:]
    dehazed = torch.empty_like(hazy)
    with fixed_gates(network, gates):
        for top in range(0, height, tile):
            for left in range(0, width, tile):
                above, before = max(top - halo, 0), max(left - halo, 0)
                around = hazy[..., above : top + tile + halo, before : left + tile + halo]
                made = network(around.to(device)).to(hazy.device)
                inner = made[..., top - above :, left - before :][..., :tile, :tile]
                dehazed[..., top : top + tile, left : left + tile] = inner
    return dehazed


@torch.no_grad()
def read_gates(network: nn.Module, hazy: Tensor) -> Gates:
    """The gates that every `ChannelAttention` of the network opens for a picture."""
    with tapped(network, gate_names(network)) as gates:
        network(hazy.to(next(network.parameters()).device))
    return gates


def fits_tiles(network: nn.Module) -> bool:
    """Is it an `FFANet`?  Of others `reach` does not know strides and pooling: seams would show."""
    return isinstance(network, FFANet)


def gate_names(network: nn.Module) -> list[str]:
    """The modules whose gates hang on the whole picture; none: the network cannot be tiled so."""
    modules = network.named_modules()
    return [f"{name}.gate" for name, module in modules if isinstance(module, ChannelAttention)]


@contextmanager
def fixed_gates(network: nn.Module, gates: Gates) -> Iterator[None]:
    """While it lasts, every `ChannelAttention` uses these gates, whatever and whoever calls it."""

    def replace(gate: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        return lambda _module, _inputs, output: gate.to(output.dtype)

    modules = dict(network.named_modules())
    handles = [modules[name].register_forward_hook(replace(gate)) for name, gate in gates.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def reach(network: nn.Module) -> int:
    """How many pixels away an input can change an output, pooling aside: 42 for the student.

    The sum over all convolutions of (kernel - 1) / 2, as if they stood in one line: right for
    FFA-Net, too much where branches run side by side. Where pixels are folded into channels, a
    place is that many pixels.
    """
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    places = sum(module.dilation[0] * (module.kernel_size[0] - 1) // 2 for module in convolutions)
    stride = _stride(network)
    return places * stride + stride - 1


def _stride(network: nn.Module) -> int:
    """Side of the squares of pixels that a network folds into channels."""
    return getattr(network, "settings", {}).get("stride", 1)


def shrink_to(image: Tensor, pixels: int) -> Tensor:
    """A copy of at most so many pixels, of the same shape otherwise, by averaging."""
    height, width = image.shape[-2:]
    scale = math.sqrt(pixels / (height * width))
    if scale >= 1:
        return image
    size = (max(int(height * scale), 1), max(int(width * scale), 1))
    return F.interpolate(image, size=size, mode="area")
