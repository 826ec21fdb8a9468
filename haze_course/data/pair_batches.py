"""Batches of hazy and clear pictures from disk, for data sets that are larger than memory.

Batch k depends on the pairs, the seed and k alone, as in `crops`: a training that stopped goes on
with the batch it would have seen, and processes that train together divide the same batches.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from haze_course.data.crops import WHOLE, own_share
from haze_course.data.reside import PairFiles
from haze_course.data.transforms import flip_and_turn, random_crop
from haze_course.guards import check_count, check_number
from haze_course.images import ImageError, short_side

Key = tuple[int, int | None]  # number of a pair, seed of its cut; None leaves it whole


@dataclass(frozen=True)
class PairSettings:
    """How pairs on disk become batches.

    Attributes:
        batch: pairs in a batch, over all processes that train together.
        crop: side of the square cut from a pair, flipped and turned; 0 keeps pictures whole.
        workers: processes that read ahead; with 0 training waits for every picture.
        cache: megabytes of decoded pictures to keep in memory, for each process that trains.
    """

    batch: int = 16
    crop: int = 64
    workers: int = 2
    cache: int = 0

    def __post_init__(self) -> None:
        check_count(self.batch, "batch", 1)
        if self.crop:
            check_count(self.crop, "crop", 8)
        check_count(self.workers, "workers", 0)
        check_number(self.cache, "cache", 0)


class PairBatch(NamedTuple):
    """I and J, (B, 3, H, W), RGB in [0, 1]."""

    hazy: Tensor
    clear: Tensor


class PairBatches:
    """``batches(step)`` -> one `PairBatch`; worker processes read the next ones meanwhile.

    An epoch shows every pair once, in an order of its own. Whole pictures meet only pictures of
    their size; a batch that an epoch cannot fill is filled with pairs from its beginning.

    Args:
        pairs: from `find_pairs`.
        seed: of orders and cuts.
        settings: sizes, workers, memory.
        share: of each batch that is handed on, where several processes train together.
        progress: show a bar where all pictures are opened first: for their sizes, or the cache.

    Raises:
        ValueError: no pairs, some smaller than a crop, or a batch that the processes cannot share
            evenly.
        ImageError: a picture cannot be read.
    """

    def __init__(
        self,
        pairs: Sequence[PairFiles],
        *,
        seed: int = 0,
        settings: PairSettings | None = None,
        share: slice = WHOLE,
        progress: bool = False,
    ) -> None:
        if not pairs:
            raise ValueError("pairs: expected at least one, got none")
        self.seed = seed
        self.settings = settings or PairSettings()
        self._own = own_share(self.settings.batch, share)
        _check_sides(pairs, self.settings.crop)
        self._pictures = _Pictures(pairs, self.settings.crop)
        self._groups = [list(range(len(pairs)))]
        if self.settings.cache or self.settings.crop == 0:
            self._groups = self._survey(progress=progress)
        self._epoch: tuple[int, list[list[int]]] = (-1, [])
        self._next, self._ahead = -1, iter(())

    @property
    def steps_per_epoch(self) -> int:
        """Batches that show every pair once."""
        return sum(math.ceil(len(group) / self.settings.batch) for group in self._groups)

    def __call__(self, step: int) -> PairBatch:
        """Batch number `step`, this process's share of it."""
        if step != self._next:
            self._ahead = iter(self._loader(self._keys(k) for k in itertools.count(step)))
        self._next = step + 1
        return PairBatch(*(codes.float() / 255 for codes in _checked(next(self._ahead))))

    def _keys(self, step: int) -> list[Key]:
        """Which pairs, and the seed of each one's cut."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch[0]:
            self._epoch = epoch, self._deal(epoch)
        batch = self._epoch[1][place]
        first = (self.seed * 1_000_003 + step) * len(batch)
        return [(batch[k], first + k) for k in self._own]

    def _deal(self, epoch: int) -> list[list[int]]:
        """All batches of an epoch."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        size, batches = self.settings.batch, []
        for group in self._groups:
            order = torch.randperm(len(group), generator=generator).tolist()
            for start in range(0, len(order), size):
                places = (k % len(order) for k in range(start, start + size))
                batches.append([group[order[k]] for k in places])
        return [batches[k] for k in torch.randperm(len(batches), generator=generator).tolist()]

    def _loader(self, keys: Any) -> DataLoader[Any]:
        return DataLoader(
            self._pictures,
            batch_sampler=keys,
            num_workers=self.settings.workers,
            collate_fn=_stack,
            generator=torch.Generator(),  # the loader's own draws leave the global numbers alone
        )

    def _survey(self, *, progress: bool) -> list[list[int]]:
        """Open all pictures once: numbers of pairs by size; fill the cache on the way."""
        sizes: dict[tuple[int, ...], list[int]] = {}
        room = self.settings.cache * 2**20
        count = len(self._pictures.pairs)
        loader = self._loader([[(k, None)] for k in range(count)])
        bar = tqdm(loader, desc="opening", total=count, unit=" pairs", disable=not progress)
        for number, found in enumerate(bar):
            hazy, clear = (codes[0] for codes in _checked(found))
            room -= hazy.numel() + clear.numel()
            if room >= 0:  # cloned: a worker's tensor holds a file open
                self._pictures.kept[number] = hazy.clone(), clear.clone()
            elif self.settings.crop:
                break
            sizes.setdefault(tuple(hazy.shape), []).append(number)
        return [list(range(count))] if self.settings.crop else list(sizes.values())


class _Pictures(Dataset[Any]):
    """Item (k, seed) is pair k as bytes (3, H, W), or the error that it raised: workers
    would hand on an error as the text of its traceback.
    """

    def __init__(self, pairs: Sequence[PairFiles], crop: int) -> None:
        self.pairs = list(pairs)
        self.crop = crop
        self.kept: dict[int, tuple[Tensor, Tensor]] = {}

    def __getitem__(self, key: Key) -> tuple[Tensor, ...] | Exception:
        number, seed = key
        try:
            pair = self.kept.get(number) or self._read(number)
            if not self.crop or seed is None:
                return pair
            generator = torch.Generator().manual_seed(seed)
            pair = random_crop(*pair, size=self.crop, generator=generator)
            return flip_and_turn(*pair, generator=generator)
        except (ValueError, OSError) as error:
            path = self.pairs[number].hazy_path
            return error if path.name in str(error) else ValueError(f"{path}: {error}")

    def _read(self, number: int) -> tuple[Tensor, ...]:
        return tuple((image[0] * 255).round().byte() for image in self.pairs[number].read())


def _check_sides(pairs: Sequence[PairFiles], crop: int) -> None:
    """Now, not when a training of hours meets a small one; what is no picture fails when read."""
    if not crop:
        return
    clear = _smaller(dict.fromkeys(pair.clear_path for pair in pairs), crop)
    known = set(clear)  # named once: a hazy picture is no larger than its clear one
    hazy = _smaller((pair.hazy_path for pair in pairs if pair.clear_path not in known), crop)
    if small := [path.name for path in (*clear, *hazy)]:
        shown = ", ".join(small[:5]) + ", ..." * (len(small) > 5)
        raise ValueError(
            f"crop: expected pictures of at least {crop} x {crop} pixels, found {len(small)} "
            f"smaller ({shown}); leave them out, or cut smaller"
        )


def _smaller(paths: Iterable[Path], side: int) -> list[Path]:
    """Those whose shorter side is less, as far as they have one."""
    small = []
    for path in paths:
        with suppress(ImageError):
            if short_side(path) < side:
                small.append(path)
    return small


def _stack(pairs: list[Any]) -> Any:
    """Pairs of bytes -> two batches of bytes; the first error instead, if there is one."""
    for pair in pairs:
        if isinstance(pair, Exception):
            return pair
    return [torch.stack(images) for images in zip(*pairs, strict=True)]


def _checked(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Exception):
        raise found
    return iter(found)
