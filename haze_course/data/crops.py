"""Batches for training: random crops of clear pictures under random haze.

Batch k depends on the seed and k alone. Two trainings with one seed see the same pictures, cuts
and haze in the same order, and a training that stopped goes on with the batch it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from haze_course.data.haze import HazeSettings, HazySample, sample_haze
from haze_course.data.shipped import Photo, Scene
from haze_course.data.transforms import flip_and_turn, random_crop
from haze_course.guards import check_count, check_number
from haze_course.physics.scattering import far_end

WHOLE = slice(None)


@dataclass(frozen=True)
class CropSettings:
    """How a batch is cut.

    Attributes:
        batch: crops of `size` pixels; of larger ones, as many as have the same area, at least 2.
        size: side of a crop.
        large: side of the larger crops: global pooling sees other statistics on small ones.
        large_share: of the batches that are cut large.
        constant_share: of the crops with depth that get one transmission all the same.
    """

    batch: int = 16
    size: int = 64
    large: int = 128
    large_share: float = 0.25
    constant_share: float = 0.3

    def __post_init__(self) -> None:
        check_count(self.batch, "batch", 1)
        check_count(self.size, "size", 8)
        check_count(self.large, "large", self.size)
        check_number(self.large_share, "large_share", 0, 1)
        check_number(self.constant_share, "constant_share", 0, 1)


class HazyCrops:
    """``crops(step)`` -> one batch; pictures are held in memory as bytes, depths as floats.

    Args:
        pictures: photographs or scenes; those without depth get one transmission a crop.
        seed: of all random numbers.
        cut: sizes.
        haze: ranges.
        share: of each batch that is handed on, where several processes train together.

    Raises:
        ValueError: no picture, one that is smaller than a crop, or shares of unequal size.
    """

    def __init__(
        self,
        pictures: Sequence[Photo | Scene],
        *,
        seed: int = 0,
        cut: CropSettings | None = None,
        haze: HazeSettings | None = None,
        share: slice = WHOLE,
    ) -> None:
        if not pictures:
            raise ValueError("pictures: expected at least one, got none")
        self.seed = seed
        self.cut = cut or CropSettings()
        self.haze = haze or HazeSettings()
        self.share = share
        for count in (self.cut.batch, self._large_count)[: 2 if self.cut.large_share else 1]:
            own_share(count, share)  # now, not at the first batch of that size
        self._clear = [(picture.clear[0] * 255).round().byte() for picture in pictures]
        most = self.cut.large if self.cut.large_share else self.cut.size
        for picture, clear in zip(pictures, self._clear, strict=True):
            if min(clear.shape[-2:]) < most:
                raise ValueError(
                    f"{picture.name}: expected at least {most} x {most} pixels, a crop, got "
                    f"{clear.shape[-2]} x {clear.shape[-1]}; leave it out, or cut smaller"
                )
        depths = [picture.depth for picture in pictures]
        self._far = [None if depth is None else far_end(depth) for depth in depths]
        self._depth = [None if depth is None else depth[0] for depth in depths]

    def __call__(self, step: int) -> HazySample:
        """Batch number `step`, images of shape (B, 3, S, S)."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        cut = self.cut
        size, count = cut.size, cut.batch
        if _draw(generator) < cut.large_share:
            size, count = cut.large, self._large_count
        # All are drawn, for one generator serves them in turn; the share is then cut out.
        samples = [self._crop(size, generator) for _ in range(count)]
        own = [samples[k] for k in own_share(count, self.share)]
        return HazySample(*(torch.cat(parts) for parts in zip(*own, strict=True)))

    @property
    def _large_count(self) -> int:
        return max(round(self.cut.batch * (self.cut.size / self.cut.large) ** 2), 2)

    def _crop(self, size: int, generator: torch.Generator) -> HazySample:
        k = int(torch.randint(len(self._clear), (), generator=generator))
        clear, depth, far = self._clear[k], self._depth[k], self._far[k]
        use_depth = _draw(generator) >= self.cut.constant_share
        layers: tuple[Tensor, ...] = (clear,) if depth is None else (clear, depth)
        layers = random_crop(*layers, size=size, generator=generator)
        layers = flip_and_turn(*layers, generator=generator)
        picture = layers[0][None].float() / 255
        if depth is None or not use_depth:
            return sample_haze(picture, None, generator, self.haze)
        return sample_haze(picture, layers[1][None], generator, self.haze, far=far)


def own_share(count: int, share: slice) -> range:
    """Which of a batch's samples belong to one of several processes.

    >>> list(own_share(8, slice(1, None, 4)))
    [1, 5]

    Raises:
        ValueError: the shares would differ in size, and a mean of means would not be the mean.
    """
    processes = share.step or 1
    if count % processes:
        raise ValueError(
            f"batch: expected a multiple of the {processes} processes that share it, got "
            f"{count} images; start fewer processes, or choose another batch"
        )
    return range(count)[share]


def _draw(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))
