"""Settings of a training, and what follows from them alone: device, number format."""

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch

from haze_course.guards import check_choice, check_count, check_number
from haze_course.machine import multiplies_bfloat16
from haze_course.training.distributed import local_device

Schedule = Literal["cosine", "constant"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
LARGEST_SEED = 2**32 - 1  # of a sample: a million times that times the batch, within 64 bits


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training.

    Attributes:
        steps: batches in all.
        learning_rate: its peak.
        warmup: steps over which the rate rises to the peak.
        schedule: after the warm-up the rate falls as a half cosine, or stays.
        clip: largest norm of the gradient.
        accumulate: parts in which a batch is computed, for less memory; the step is the same
            where the loss is a mean over samples. Terms that take statistics over the batch (the
            released scale of the affinity, hints, teacher distances) see each part alone.
        validate_every: steps between validations; the best weights are kept.
        checkpoint_every: steps between states on disk, where a folder is given.
        seed: of the batches, from 0 to `LARGEST_SEED`.
        precision: "auto" takes bfloat16 where the processor multiplies it in hardware.
        device: "auto" takes a GPU where there is one.
        progress: show a bar.
    """

    steps: int = 1000
    learning_rate: float = 1e-3
    warmup: int = 100
    schedule: Schedule = "cosine"
    clip: float = 1.0
    accumulate: int = 1
    validate_every: int = 250
    checkpoint_every: int = 250
    seed: int = 0
    precision: Precision = "auto"
    device: str = "auto"
    progress: bool = True

    def __post_init__(self) -> None:
        for name in ("steps", "accumulate", "validate_every", "checkpoint_every"):
            check_count(getattr(self, name), name, 1)
        check_count(self.seed, "seed", 0)
        if self.seed > LARGEST_SEED:
            raise ValueError(f"seed: expected at most {LARGEST_SEED}, got {self.seed}")
        check_choice(self.schedule, "schedule", get_args(Schedule))
        check_choice(self.precision, "precision", get_args(Precision))
        check_number(self.learning_rate, "learning_rate", 1e-12, 1)
        check_number(self.warmup, "warmup", 0)
        check_number(self.clip, "clip", 1e-12)


def resolve_device(device: str) -> torch.device:
    """A device by name; "auto" is a GPU where there is one, else the processor."""
    if device != "auto":
        return local_device(device)
    return local_device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """The forward pass in 16 bits where the settings say so."""
    known = precision == "auto" and multiplies_bfloat16(device)
    enabled = precision in ("bfloat16", "float16") or known
    half = torch.float16 if precision == "float16" else torch.bfloat16
    return torch.autocast(device.type, half, enabled=enabled)


def deciding(config: TrainConfig) -> dict[str, Any]:
    """The settings that decide the result; the others may change between stop and resume."""
    free = ("progress", "device", "checkpoint_every", "accumulate")
    return {key: value for key, value in asdict(config).items() if key not in free}
