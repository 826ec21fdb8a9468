"""What a network costs, counted on the network itself: parameters and multiply-adds.

Decimal units, as the field counts: 1 GMAC is 10^9 multiply-adds, at 256 x 256 unless said.
"""

from copy import deepcopy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """Numbers in all parameters, frozen or not."""
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def count_macs(network: nn.Module, height: int = 256, width: int = 256) -> int:
    """Multiply-adds of one RGB image's convolutions and matrix products.

    Additions, activations and pooling are not counted, as is usual in this field. Nothing is
    computed either: shapes alone go through a copy of the network.
    """
    shapes = deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter:
        shapes(torch.empty(1, 3, height, width, device="meta"))
    return counter.get_total_flops() // 2
