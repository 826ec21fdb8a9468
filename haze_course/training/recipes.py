"""Data, network and loss put together: how this course trains its teacher and its student."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from haze_course.data.benchmark import Pair
from haze_course.data.crops import CropSettings, HazyCrops
from haze_course.data.haze import HazeSettings, HazySample
from haze_course.data.pair_batches import PairBatch
from haze_course.data.reside import PairFiles
from haze_course.data.shipped import Photo, Scene
from haze_course.distill.terms import Term, tapped, weight_at
from haze_course.machine import device_of
from haze_course.quality.evaluation import Method
from haze_course.quality.metrics import psnr
from haze_course.training.distributed import share
from haze_course.training.identity import names_digest, term_words, words_of
from haze_course.training.loop import History, Parts, train
from haze_course.training.rates import rates_by_fan_in
from haze_course.training.settings import TrainConfig

Error = Callable[[Tensor, Tensor], Tensor]
AnyPair = Pair | PairFiles
LOG_EVERY = 50  # steps between two looks at the ratio of gradients, which costs a backward pass
SHAVE = 4  # pixels cut from each side before a super-resolution score, as is usual


def train_student(
    network: nn.Module,
    pictures: Sequence[Photo | Scene],
    validation: Sequence[Pair],
    config: TrainConfig | None = None,
    *,
    terms: Sequence[Term] = (),
    cut: CropSettings | None = None,
    haze: HazeSettings | None = None,
    error: Error = F.mse_loss,
    folder: Path | str | None = None,
    about: Mapping[str, Any] | None = None,
) -> History:
    """Minimise error(network(hazy), clear) + the terms; keep the weights of the best mean PSNR.

    Args:
        network: any network from RGB to RGB.
        pictures: clear ones, to be cut and hazed.
        validation: whole pictures with fixed haze, of other scenes.
        config: of the loop.
        terms: what else to learn from; the ratio of their gradient to the error's is logged. A
            term costs nothing at steps where its weight is 0.
        cut: sizes of the crops.
        haze: ranges of the haze.
        error: the mean square error, or another distance of two batches, as `F.l1_loss`.
        folder: to store and resume the state.
        about: what else decides the result, see `train`.
    """
    config = config or TrainConfig()
    draw = HazyCrops(pictures, seed=config.seed, cut=cut, haze=haze, share=share())
    seen = {"pictures": names_digest(pictures), "cut": repr(draw.cut), "haze": repr(draw.haze)}
    about = seen | dict(about or {})
    return fit_student(
        network, draw, validation, config, terms=terms, error=error, folder=folder, about=about
    )


def fit_student(
    network: nn.Module,
    draw: Callable[[int], HazySample] | Callable[[int], PairBatch],
    validation: Sequence[AnyPair],
    config: TrainConfig,
    *,
    terms: Sequence[Term] = (),
    error: Error = F.mse_loss,
    folder: Path | str | None = None,
    about: Mapping[str, Any] | None = None,
) -> History:
    """As `train_student`, on any batches: of `PairBatches` where hazy pictures lie on disk.

    Args:
        network: any network from RGB to RGB.
        draw: step -> a batch whose first two are hazy and clear.
        validation: whole pictures of other scenes.
        config: of the loop.
        terms: what else to learn from.
        error: of two batches.
        folder: to store and resume the state.
        about: what else decides the result, see `train`.

    Raises:
        ValueError: there is nothing to validate on.
    """
    seen = _validated_on(validation)

    def loss(net: nn.Module, batch: tuple[Tensor, ...], step: int) -> tuple[Tensor, Parts]:
        device = device_of(net)
        hazy, clear = (x.to(device, memory_format=torch.channels_last) for x in batch[:2])
        weighty = [term for term in terms if weight_at(term.weight, step)]
        names = [name for term in weighty for name in term.taps]
        with tapped(net, names) as taps:
            dehazed = net(hazy)
        distance = error(dehazed.float(), clear)
        logged = bool(terms) and step % LOG_EVERY == 0
        if not weighty:
            return distance, {"ratio": 0.0} if logged else {}
        extra = torch.stack([term(clear, dehazed.float(), taps, step) for term in weighty]).sum()
        return distance + extra, {"ratio": gradient_ratio(extra, distance, net)} if logged else {}

    def validate(net: nn.Module) -> float:
        return mean_psnr(net, validation)

    named = {"error": words_of(error), "terms": [term_words(t, config.steps) for t in terms]}
    about = seen | named | dict(about or {})
    return train(network, draw, loss, validate, config, folder=folder, about=about)


def train_teacher(
    network: nn.Module,
    pictures: Sequence[Photo | Scene],
    validation: Sequence[Photo | Scene],
    config: TrainConfig | None = None,
    *,
    cut: CropSettings | None = None,
    folder: Path | str | None = None,
) -> History:
    """Minimise MSE(network(small), large), small being the clear crop at half size.

    Every layer has its own rate, see `rates_by_fan_in`: with one rate for all and no warm-up, a
    teacher that starts at bicubic interpolation falls decibels below it within a few steps.

    Args:
        network: RGB -> RGB twice as large.
        pictures: clear ones; haze is never seen.
        validation: other clear pictures.
        config: of the loop.
        cut: sizes of the large crops.
        folder: to store and resume the state.

    Raises:
        ValueError: there is nothing to validate on, or a crop cannot be halved.
    """
    config, seen = config or TrainConfig(), _validated_on(validation)
    draw = HazyCrops(pictures, seed=config.seed, cut=cut, share=share())
    for name in ("size", "large"):
        if getattr(draw.cut, name) % 2:
            raise ValueError(f"cut: expected an even {name}, to be halved, got {draw.cut}")

    def loss(net: nn.Module, batch: HazySample, _step: int) -> tuple[Tensor, Parts]:
        large = batch.clear.to(device_of(net))
        return F.mse_loss(net(shrink(large)).float(), large), {}

    def validate(net: nn.Module) -> float:
        scores = [super_resolution_psnr(net, picture.clear) for picture in validation]
        return torch.stack(scores).mean().item()

    groups = rates_by_fan_in(network)
    about = seen | {"pictures": names_digest(pictures), "cut": repr(draw.cut)}
    return train(network, draw, loss, validate, config, groups=groups, folder=folder, about=about)


def _validated_on(validation: Sequence[Photo | Scene | AnyPair]) -> dict[str, str]:
    """What chooses the weights, for the state; an empty list would fail at the first validation."""
    if not validation:
        raise ValueError("validation: expected at least one picture, got none")
    return {"validation": names_digest(validation)}


def shrink(image: Tensor) -> Tensor:
    """Half the size, bicubic with the blur that half the size needs.  (B, 3, H, W) -> half."""
    half = (image.shape[-2] // 2, image.shape[-1] // 2)
    return F.interpolate(image, size=half, mode="bicubic", antialias=True).clamp(0, 1)


def enlarge(image: Tensor) -> Tensor:
    """Twice the size, bicubic: what a super-resolution network must beat."""
    return F.interpolate(image, scale_factor=2, mode="bicubic", antialias=True)


@torch.no_grad()
def super_resolution_psnr(method: Method, clear: Tensor) -> Tensor:
    """PSNR in dB of method(shrink(clear)) against clear, SHAVE pixels off each side.

    A scalar: the mean over the batch.
    """
    even = clear[..., : clear.shape[-2] // 2 * 2, : clear.shape[-1] // 2 * 2]
    enlarged = method(shrink(even).to(device_of(method))).cpu()
    inside = (..., slice(SHAVE, -SHAVE), slice(SHAVE, -SHAVE))
    return psnr(enlarged[inside], even[inside]).mean()


@torch.no_grad()
def mean_psnr(method: Method, pairs: Sequence[AnyPair]) -> float:
    """Mean over pictures of the PSNR in dB of method(hazy) against clear."""
    device, scores = device_of(method), []
    for pair in pairs:
        hazy, clear = pair.read() if isinstance(pair, PairFiles) else (pair.hazy, pair.clear)
        scores.append(psnr(method(hazy.to(device)).cpu(), clear))
    return torch.cat(scores).mean().item()


def gradient_ratio(term: Tensor, error: Tensor, network: nn.Module) -> float:
    """Norm of the gradient of `term` over that of `error`, over all parameters."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    norms = []
    for value in (term, error):
        gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        squares = [g.double().square().sum() for g in gradients if g is not None]
        norms.append(torch.stack(squares).sum().sqrt().item())
    return norms[0] / norms[1] if norms[1] else math.inf
