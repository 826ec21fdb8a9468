"""The same cut, flip and turn for a picture and everything that belongs to it.

Random numbers come from a Generator that the caller passes, never from the global state, so that
two trainings with one seed see the same crops in the same order.

torchvision is imported where it works: it takes two seconds and 170 MB, and only training cuts.
"""

import torch
from torch import Tensor


def random_crop(*images: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """One random size x size window, cut from each image at the same place.

    Args:
        images: (..., H, W) of one H and W: hazy, clear, depth, transmission.
        size: side of the window.
        generator: draws top and left.
    """
    from torchvision.transforms.v2 import functional as T

    height, width = _common_size(images)
    if min(height, width) < size:
        raise ValueError(f"size: expected at most {min(height, width)}, the short side, got {size}")
    top, left = (
        int(torch.randint(side - size + 1, (), generator=generator)) for side in (height, width)
    )
    return tuple(T.crop(image, top, left, size, size) for image in images)


def flip_and_turn(*images: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
    """A random left-right flip and a random number of quarter turns, the same for each image.

    Args:
        images: square, (..., S, S): a turned rectangle would need black corners or another shape.
        generator: draws flip and turn.
    """
    from torchvision.transforms.v2 import functional as T

    height, width = _common_size(images)
    if height != width:
        raise ValueError(f"expected square images, got {height} x {width}; crop first")
    flip, turns = (int(torch.randint(n, (), generator=generator)) for n in (2, 4))
    if flip:
        images = tuple(T.horizontal_flip(image) for image in images)
    return tuple(torch.rot90(image, turns, dims=(-2, -1)) for image in images)


def _common_size(images: tuple[Tensor, ...]) -> tuple[int, int]:
    sizes = {(image.shape[-2], image.shape[-1]) for image in images}
    if len(sizes) != 1:
        raise ValueError(f"expected images of one size, got {sorted(sizes)}")
    return sizes.pop()
