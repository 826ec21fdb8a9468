"""Several processes train as one does: torchrun starts them, gloo lets them talk."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from haze_course.data import CropSettings, HazyCrops, photos
from haze_course.nets import FFANet
from haze_course.training import TrainConfig, train
from haze_course.training.distributed import divide

CUT = CropSettings(batch=4, size=16, large=24, large_share=0.3)

# Run as a script by torchrun, imported by the tests: the same training either way.
SCRIPT = """
import json, os, sys
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
import test_distributed as here
from haze_course.training.distributed import rank

found = here.fit(1), here.fit(2), here.learn(), here.resume(Path(sys.argv[2]))
(Path(sys.argv[2]) / f"rank{rank()}.json").write_text(json.dumps(found))
"""


def launch(folder: Path, code: str = SCRIPT) -> tuple[list[list[list[float]]], str]:
    """What each of two ranks found, and what they printed."""
    script = folder / "script.py"
    script.write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", "--max-restarts=1", str(script)]
    command += [str(Path(__file__).parent), str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"rank{k}.json").read_text()) for k in range(2)], done.stdout


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FFANet(width=8, groups=1, blocks=1).double()


def fit(accumulate: int) -> list[float]:
    """Three steps of plain gradient descent in float64: the weights."""
    from haze_course.training.distributed import share

    def draw(step: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(step)
        clear = torch.rand(8, 3, 12, 12, generator=generator, dtype=torch.float64)
        return (clear * 0.5 + 0.4)[share()], clear[share()]

    def loss(net: nn.Module, batch: tuple[Tensor, Tensor], _: int) -> tuple[Tensor, dict]:
        error = (net(batch[0]) - batch[1]).square().mean()
        return error, {"error": error.item()}

    def validate(_: nn.Module) -> float:
        return 1.0

    config = TrainConfig(steps=3, warmup=0, learning_rate=0.1, schedule="constant", clip=0.05,
                         precision="float32", progress=False, accumulate=accumulate)  # fmt: skip
    fitted = network()
    history = train(fitted, draw, loss, validate, config, optimizer=torch.optim.SGD)
    weights = torch.cat([p.detach().flatten() for p in fitted.parameters()])
    logged = [parts["error"] for _, parts in history.parts]
    return [*history.loss, *logged, *weights.tolist()]


def learn() -> list[float]:
    """The recipe of the student with a teacher: its losses and validations."""
    import haze_course as hc
    from haze_course.distill import FeatureAffinity
    from haze_course.nets import teacher
    from haze_course.training import train_student

    photo = hc.data.photos("validation")[0]
    pairs = [hc.data.Pair(photo.name, photo, 1.0, (0.9, 0.9, 0.9))]
    config = TrainConfig(steps=6, warmup=2, validate_every=3, precision="float32", progress=False)
    history = train_student(network().float(), hc.data.photos("train")[:2], pairs, config,
                            cut=CUT, terms=[FeatureAffinity(teacher(seed=0))])  # fmt: skip
    assert history.parts[0][1]["ratio"] > 0  # of shares: not the ratio of the whole batch
    return [*history.loss, *(score for _, score in history.validation)]


def resume(folder: Path) -> list[float]:
    """A training that a rank's death interrupts once; torchrun starts all ranks anew."""
    import os

    from haze_course.training.distributed import rank, share

    restarted = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "1"))
    (folder / f"started{restarted}.{rank()}").touch()

    def draw(step: int) -> tuple[Tensor]:
        if (step, rank(), restarted) == (5, 1, 0):
            os.kill(os.getpid(), 9)
        return (torch.rand(4, 3, generator=torch.Generator().manual_seed(step))[share()],)

    def loss(net: nn.Module, batch: tuple[Tensor], _: int) -> tuple[Tensor, dict]:
        return (net(batch[0]) - 2).square().mean(), {}

    with torch.random.fork_rng():
        torch.manual_seed(0)
        line = nn.Linear(3, 3)
    config = TrainConfig(steps=9, warmup=0, checkpoint_every=2, validate_every=3,
                         precision="float32", progress=False)  # fmt: skip
    history = train(line, draw, loss, lambda net: -net.bias.sum().item(), config, folder=folder)
    return [*history.loss, *(score for _, score in history.validation)]


def test_two_ranks_train_as_one_process(tmp_path: Path) -> None:
    (first, second), _ = launch(tmp_path)
    assert first == second  # both ranks hold the same weights, losses and scores
    (tmp_path / "alone").mkdir()
    alone = [fit(1), fit(1), learn(), resume(tmp_path / "alone")]
    for found, expected, exact in zip(first, alone, [1e-12, 1e-12, 1e-4, 1e-5], strict=True):
        assert found == pytest.approx(expected, rel=exact, abs=exact)
    starts = sorted(path.name for path in tmp_path.glob("started*"))
    assert starts == ["started0.0", "started0.1", "started1.0", "started1.1"]
    assert (tmp_path / "state.safetensors").is_file()


def test_micro_batches_make_the_step_of_one_batch() -> None:
    assert fit(4) == pytest.approx(fit(1), rel=1e-12, abs=1e-12)
    with pytest.raises(ValueError, match="divisor of the 8 samples that a rank holds, got 3"):
        fit(3)


def test_micro_batches_hold_every_sample_once() -> None:
    batch = HazyCrops(photos("train")[:1], cut=CUT)(0)
    pieces = divide(batch, 2)
    assert [type(piece) for piece in pieces] == [type(batch)] * 2
    assert torch.equal(torch.stack([p.hazy for p in pieces], 1).flatten(0, 1), batch.hazy)


def test_shares_make_up_the_batch_and_are_equal() -> None:
    pictures = photos("train")[:1]
    whole, *halves = (HazyCrops(pictures, cut=CUT, share=share)
                      for share in (slice(None), slice(0, None, 2), slice(1, None, 2)))  # fmt: skip
    for step in range(3):
        parts = [half(step).hazy for half in halves]
        assert torch.equal(torch.stack(parts, 1).flatten(0, 1), whole(step).hazy)
    with pytest.raises(ValueError, match="multiple of the 4 processes that share it, got 2 images"):
        HazyCrops(pictures, cut=CUT, share=slice(0, None, 4))
