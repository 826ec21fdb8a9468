"""Settings for training on pairs from disk, under the names that the command line knows."""

from collections.abc import Sequence
from dataclasses import dataclass

from haze_course.data.pair_batches import PairSettings
from haze_course.data.reside import PairFiles, split_by_scene
from haze_course.training.settings import TrainConfig
from haze_course.training.shipped import STUDENT

VALIDATION_PAIRS = 50  # at most: they are whole pictures, and all other processes wait


@dataclass(frozen=True)
class Preset:
    """How to train, on which batches, and for how long: `epochs`, or the steps of `config`."""

    config: TrainConfig
    pairs: PairSettings
    epochs: int = 0


PRESETS = {
    "course": Preset(STUDENT, PairSettings()),
    # arXiv:2207.11250: two whole pictures of ITS a step, one rate for 200 epochs.
    "paper": Preset(
        TrainConfig(learning_rate=1e-4, warmup=0, schedule="constant", clip=0.1),
        PairSettings(batch=2, crop=0),
        epochs=200,
    ),
}


def hold_out(pairs: Sequence[PairFiles], share: float) -> tuple[list[PairFiles], list[PairFiles]]:
    """Pairs to train on, and at most `VALIDATION_PAIRS` of other scenes to validate on.

    The split does not depend on the seed of a training: its seeds compare.

    Args:
        pairs: of a training set; the test set is for the end.
        share: of the scenes that are held out.

    Raises:
        ValueError: fewer than two scenes.
    """
    held, rest = split_by_scene(pairs, share)
    count = min(VALIDATION_PAIRS, len(held))
    return rest, [held[k * len(held) // count] for k in range(count)]
