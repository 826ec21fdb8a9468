"""Loss terms that plug into the training of any network from RGB to RGB.

A term says what is compared (the outputs, or the maps of named modules: taps), how (feature
affinity), and with whom (a teacher, an untrained one, a wrongly fed one, the truth itself). It
knows nothing of architectures: a tap is the name of a module.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from haze_course.distill.affinity import Normalize, Scale, feature_affinity_loss

Taps = dict[str, Tensor]
Weight = float | Callable[[int], float]


class Term(Protocol):
    """What a training adds to its loss; not asked at steps where its weight is 0."""

    weight: Weight

    @property
    def taps(self) -> list[str]:
        """The student's modules that the training must tap."""

    def __call__(self, clear: Tensor, dehazed: Tensor, taps: Taps, step: int) -> Tensor:
        """The weighted loss of one batch: J and output, (B, 3, H, W), maps from `tapped`."""


@contextmanager
def tapped(network: nn.Module, names: Sequence[str]) -> Iterator[Taps]:
    """Collect the outputs of named modules while the block runs: ``{"groups.2": (B, C, H, W)}``.

    Args:
        network: any module.
        names: of sub-modules, as in ``network.named_modules()``; none costs nothing.

    Raises:
        ValueError: the network has no such module.
    """
    modules = dict(network.named_modules())
    unknown = [name for name in names if name not in modules or not name]
    if unknown:
        known = ", ".join(name for name in modules if name and name.count(".") <= 1)
        raise ValueError(f"no module {', '.join(unknown)} to tap; there are, among others: {known}")
    taps: Taps = {}

    def keep(name: str, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        taps[name] = output

    handles = [modules[name].register_forward_hook(partial(keep, name)) for name in names]
    try:
        yield taps
    finally:
        for handle in handles:
            handle.remove()


@dataclass
class FeatureAffinity:
    """weight * feature affinity between the student's map and what the teacher makes of the truth.

    Args:
        teacher: any network from RGB to a map; frozen here. None compares with the truth itself,
            the control that shows what a teacher adds.
        weight: of the term; a function of the step lets it decay.
        tap: the student's module to compare; None takes its output.
        teacher_tap: likewise of the teacher; the maps of several modules are put side by side.
        feed: what the teacher sees instead of the clear batch, for the control of a wrong input.
        pool: see `feature_affinity_loss`, as are scale and normalize.
        scale: how the norm is reduced.
        normalize: "cosine" or "centred" for hidden maps.
    """

    teacher: nn.Module | None
    _: KW_ONLY
    weight: Weight = 0.1
    tap: str | None = None
    teacher_tap: str | Sequence[str] | None = None
    feed: Callable[[Tensor], Tensor] | None = None
    pool: int = 4
    scale: Scale = "rms"
    normalize: Normalize = None

    def __post_init__(self) -> None:
        if self.teacher is not None:
            freeze(self.teacher)
        elif self.teacher_tap is not None:
            raise ValueError(
                f"teacher_tap {self.teacher_tap!r}: without a teacher there is no module"
            )

    @property
    def taps(self) -> list[str]:
        """The student's modules that the training must tap."""
        return [self.tap] if self.tap else []

    def __call__(self, clear: Tensor, dehazed: Tensor, taps: Taps, step: int) -> Tensor:
        """The weighted loss of one batch, see `Term`."""
        student_map = taps[self.tap] if self.tap else dehazed
        loss = feature_affinity_loss(
            student_map,
            self._target(clear),
            pool=self.pool,
            scale=self.scale,
            normalize=self.normalize,
        )
        return weight_at(self.weight, step) * loss

    @torch.no_grad()
    def _target(self, clear: Tensor) -> Tensor:
        seen = self.feed(clear) if self.feed else clear
        return seen if self.teacher is None else features_of(self.teacher, self.teacher_tap, seen)


def features_of(network: nn.Module, names: str | Sequence[str] | None, image: Tensor) -> Tensor:
    """What modules make of an image, side by side as channels; no names: the output.

    Args:
        network: any module; moved to where the image is.
        names: of sub-modules whose maps have one height and width.
        image: (B, 3, H, W).
    """
    network.to(image.device)
    listed = [names] if isinstance(names, str) else list(names or [])
    with tapped(network, listed) as taps:
        output: Tensor = network(image)
    return torch.cat([taps[name] for name in listed], dim=1) if listed else output


def weight_at(weight: Weight, step: int) -> float:
    """A weight that may be a function of the step."""
    return weight(step) if callable(weight) else weight


def freeze(network: nn.Module) -> nn.Module:
    """Evaluation mode and no gradients: both, or a teacher drifts or costs memory."""
    return network.eval().requires_grad_(requires_grad=False)


def another_image(clear: Tensor) -> Tensor:
    """Each image's neighbour in the batch: a teacher fed with this teaches the wrong scene."""
    if len(clear) < 2:
        raise ValueError("another_image: expected a batch of at least 2, got 1")
    return clear.roll(1, dims=0)
