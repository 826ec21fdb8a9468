"""One training in several processes: each takes a share of every batch, all make the same step.

``torchrun --nproc-per-node=2 -m haze_course train ...`` starts the processes and tells each its
place in the environment. Without it there is one process, and nothing here does anything.

Li et al., PyTorch Distributed, VLDB 2020, arXiv:2006.15704.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from haze_course.machine import usable_device

Batch = TypeVar("Batch")
PATIENCE = timedelta(hours=2)  # the others wait while the first rank validates


def rank() -> int:
    """This process among the others, from 0; the first one alone prints and writes."""
    return int(os.environ.get("RANK", "0"))


def ranks() -> int:
    """Processes that train together; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def share() -> slice:
    """Which samples of a batch are this rank's: every `ranks`-th, from its own number on."""
    return slice(rank(), None, ranks())


def local_device(kind: str) -> torch.device:
    """A device by name; one of several processes on a machine takes a GPU of its own."""
    if kind == "cuda" and ranks() > 1:
        kind = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return usable_device(kind)


def join(device: torch.device, seed: int) -> None:
    """Meet the other ranks, once in the life of a process: a second training finds them there.

    Args:
        device: where this rank trains: GPUs talk through nccl, processors through gloo.
        seed: of the global random numbers (dropout), one more on each rank.
    """
    if ranks() == 1 or dist.is_initialized():
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    store, own, count = next(dist.rendezvous("env://", timeout=PATIENCE))  # type: ignore[attr-defined]
    # On one machine the store outlives a restart, and the keys of the dead would be found in it.
    number = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    attempt = dist.PrefixStore(number, store)  # type: ignore[attr-defined]
    dist.init_process_group(backend, timeout=PATIENCE, store=attempt, rank=own, world_size=count)
    torch.manual_seed(seed + rank())


def leave() -> None:
    """Part in order, after success; after an error the process ends and torchrun ends the rest."""
    if dist.is_initialized():
        dist.destroy_process_group()


class _Objective(nn.Module):
    """Network and loss as one module: a loss may call the network as it likes, and tap it."""

    def __init__(self, network: nn.Module, loss: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.loss = loss

    def forward(self, batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        value, parts = self.loss(self.network, batch, step)
        return value, parts


def parallel(network: nn.Module, loss: Callable[..., Any]) -> nn.Module:
    """(batch, step) -> (value, parts), its gradients averaged over the ranks.

    The mean over ranks is the mean over the batch where every rank holds as many samples, and
    where neither the network nor the loss takes statistics over its batch. With several ranks
    every parameter must take part in every step, or be frozen: the ranks wait for its gradient.
    """
    objective = _Objective(network, loss)
    if ranks() == 1:
        return objective
    return DistributedDataParallel(objective)


def apart(objective: nn.Module, *, last: bool) -> AbstractContextManager[None]:
    """Micro-batches before the last one keep their gradients to themselves."""
    if isinstance(objective, DistributedDataParallel) and not last:
        return objective.no_sync()
    return nullcontext()


def mean_over_ranks(values: Sequence[float], device: torch.device) -> list[float]:
    """Each number's mean over the ranks, the same on all of them."""
    if ranks() == 1:
        return list(values)
    total = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(total)
    return [value / ranks() for value in total.tolist()]


def from_first(compute: Callable[[], float], device: torch.device) -> float:
    """A number that the first rank computes and hands to all others."""
    if ranks() == 1:
        return compute()
    value = compute() if rank() == 0 else 0.0
    told = torch.tensor(value, dtype=torch.float64, device=device)
    dist.broadcast(told, 0)
    return told.item()


def samples(batch: object) -> int:
    """How many samples a tuple of tensors holds; 0 for anything else."""
    first = batch[0] if isinstance(batch, tuple) and batch else None
    return len(first) if isinstance(first, Tensor) else 0


def divide(batch: Batch, count: int) -> list[Batch]:
    """Micro-batches: the k-th holds every `count`-th sample from k on.

    Args:
        batch: a tuple of tensors, a named one too; all have the samples first.
        count: of micro-batches.

    Raises:
        ValueError: they would differ in size, and a mean of means would not be the mean.
    """
    if count == 1:
        return [batch]
    size = samples(batch)
    if not isinstance(batch, tuple) or size == 0 or size % count:
        raise ValueError(
            f"accumulate: expected a divisor of the {size} samples that a rank holds, got {count}"
        )
    make: Any = getattr(batch, "_make", tuple)
    return [make(tensor[k::count] for tensor in batch) for k in range(count)]
