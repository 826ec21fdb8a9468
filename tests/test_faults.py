"""What may go wrong: killed at any moment, a full disk, two runs at once, a thousand bad files.

``HAZE_FAULTS`` is how often to kill (2; `make test-faults` asks for 20).
"""

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from torch import nn

from haze_course.deploy.batch import dehaze_files, plan_outputs
from haze_course.images import ImageError, read_image, write_image
from haze_course.nets.ffa import FFANet
from haze_course.nets.weights import save_pretrained
from haze_course.paths import only_run_in
from haze_course.training.loop import TrainConfig, train

KILLS = int(os.environ.get("HAZE_FAULTS", "2"))
ROOT = Path(__file__).resolve().parent.parent

TRAINING = """
import sys, time, torch
from pathlib import Path
from haze_course.training.loop import TrainConfig, train
torch.set_num_threads(1)
torch.manual_seed(0)
network = torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(6)])

def draw(step):
    time.sleep(0.002)
    return torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(step))

def loss(net, batch, step):
    return (net(batch) - batch).square().mean(), {}

config = TrainConfig(steps=400, checkpoint_every=1, validate_every=50, warmup=10,
                     precision="float32", progress=False)
train(network, draw, loss, lambda net: 0.0, config, folder=Path(sys.argv[1]))
print("done", torch.cat([p.flatten() for p in network.parameters()]).double().sum().item())
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def stored_step(folder: Path) -> int:
    """The step of the checkpoint; its whole file must be readable."""
    path = folder / "state.safetensors"
    if not path.is_file():
        return 0
    with safe_open(path, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118
            file.get_tensor(key)
        return int(json.loads(file.metadata()["state"])["step"])


def test_a_training_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    whole = start(TRAINING, tmp_path / "whole").communicate()[0]
    reached = 0
    for _ in range(KILLS):
        running = start(TRAINING, tmp_path / "killed")
        while stored_step(tmp_path / "killed") == reached:  # until it stores steps of its own
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.2))
        running.kill()
        running.communicate()
        now = stored_step(tmp_path / "killed")
        assert now >= reached, f"seed {seed}: fell from step {reached} to {now}"
        reached = now
    assert start(TRAINING, tmp_path / "killed").communicate()[0] == whole, f"seed {seed}"
    assert "done" in whole
    left = [path.name for path in (tmp_path / "killed").iterdir() if ".part" in path.name]
    assert len(left) <= KILLS


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    running = start(TRAINING, tmp_path)
    while not (tmp_path / "state.safetensors").is_file():
        time.sleep(0.02)
    with pytest.raises(ValueError, match="another run writes there"), only_run_in(tmp_path):
        pass
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    with only_run_in(tmp_path):  # the lock went with its process
        pass


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    network = nn.Conv2d(3, 3, 3, padding=1)

    def loss(net: nn.Module, batch: torch.Tensor, _: int) -> tuple[torch.Tensor, dict[str, float]]:
        return (net(batch) - batch).square().mean(), {}

    def fit(steps: int) -> None:
        config = TrainConfig(
            steps=4, checkpoint_every=2, validate_every=4, precision="float32", progress=False
        )
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)

        def draw(step: int) -> torch.Tensor:
            if step == steps:  # from now on no file may grow
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            return torch.ones(1, 3, 4, 4)

        try:
            train(network, draw, loss, lambda _: 0.0, config, folder=tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(OSError, match=r"state\.safetensors"):
            fit(steps=2)
    finally:
        signal.signal(signal.SIGXFSZ, before)
    assert stored_step(tmp_path) == 2
    fit(steps=-1)
    assert stored_step(tmp_path) == 4


def test_weights_that_do_not_fit_the_disk_are_named(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match=r"x\.safetensors"):
            save_pretrained(FFANet(width=8, groups=1, blocks=1), tmp_path / "x.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


# Bad pictures: each either read rightly or refused by name.


def _png(image: Image.Image, kind: str = "png", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _noise(draw: random.Random, mode: str = "RGB") -> Image.Image:
    size = (draw.randint(1, 40), draw.randint(1, 40))
    values = np.random.default_rng(draw.randrange(10**6)).integers(0, 256, (*size, 3), np.uint8)
    return Image.fromarray(values).convert(mode)


def truncated(draw: random.Random) -> bytes:
    whole = _png(_noise(draw), draw.choice(["png", "jpeg", "bmp", "tiff", "webp"]))
    return whole[: draw.randrange(len(whole))]


def wrong_magic(draw: random.Random) -> bytes:
    return draw.randbytes(4) + _png(_noise(draw))[4:]


def scrambled(draw: random.Random) -> bytes:
    whole = bytearray(_png(_noise(draw), draw.choice(["png", "jpeg", "webp"])))
    for _ in range(5):
        whole[draw.randrange(len(whole))] = draw.randrange(256)
    return bytes(whole)


def empty(_: random.Random) -> bytes:
    return b""


def huge_header(draw: random.Random) -> bytes:
    whole = bytearray(_png(_noise(draw)))
    whole[16:24] = (2**31 - 1).to_bytes(4, "big") * 2  # width and height of a PNG
    return bytes(whole)


def sixteen_bit(draw: random.Random) -> bytes:
    values = np.random.default_rng(draw.randrange(10**6)).integers(0, 2**16, (9, 7), np.uint16)
    return _png(Image.fromarray(values))


def other_mode(draw: random.Random) -> bytes:
    mode, kind = draw.choice(
        [("P", "png"), ("CMYK", "jpeg"), ("RGBA", "png"), ("LA", "png"), ("1", "png"), ("L", "bmp")]
    )
    return _png(_noise(draw, mode), kind)


def turned(draw: random.Random) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = draw.randint(1, 8)
    return _png(_noise(draw), "jpeg", exif=exif)


def animated(draw: random.Random) -> bytes:
    first = _noise(draw)
    more = [_noise(draw).resize(first.size) for _ in range(2)]
    return _png(first, "webp", save_all=True, append_images=more)


DAMAGES = [truncated, wrong_magic, scrambled, empty, huge_header, sixteen_bit, other_mode, turned,
           animated]  # fmt: skip
ALWAYS_READ = {sixteen_bit, other_mode, turned, animated}
NEVER_READ = {wrong_magic, empty, huge_header}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_strange_picture_is_read_or_refused_by_name(
    damage: Callable[[random.Random], bytes], tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    draw = random.Random(seed)
    for number in range(25):
        path = tmp_path / f"strange{number}.png"
        path.write_bytes(damage(draw))
        image, refusal = read(path)
        if image is None:
            assert path.name in refusal, f"seed {seed}"
            assert damage not in ALWAYS_READ, f"seed {seed}: {refusal}"
        else:
            assert damage not in NEVER_READ, f"seed {seed}"
            assert image.ndim == 4
            assert image.shape[:2] == (1, 3)
            assert 0 <= image.min() <= image.max() <= 1


def read(path: Path) -> tuple[torch.Tensor | None, str]:
    try:
        return read_image(path), ""
    except ImageError as error:
        return None, str(error)


def test_one_bad_file_among_a_thousand_stops_nothing(tmp_path: Path) -> None:
    good = tmp_path / "in" / "0000.png"
    write_image(torch.rand(1, 3, 4, 4), good)
    for number in range(1, 1000):
        (tmp_path / "in" / f"{number:04}.png").write_bytes(good.read_bytes())
    bad = tmp_path / "in" / "0500.png"
    bad.write_bytes(good.read_bytes()[:30])
    targets = plan_outputs(sorted((tmp_path / "in").iterdir()), tmp_path / "out")
    problems = dehaze_files(targets, lambda hazy: hazy, progress=False)
    assert len(problems) == 1
    assert "0500.png" in problems[0]
    assert len(list((tmp_path / "out").iterdir())) == 999


def test_a_picture_that_cannot_be_written_is_named_and_costs_no_other(tmp_path: Path) -> None:
    """Writing runs behind: the error of one must not fall on the next."""
    files = [tmp_path / f"{k}.png" for k in range(5)]
    for k, file in enumerate(files):
        write_image(torch.full((1, 3, 8, 8), 0.1 * k), file)

    def spoils_one(hazy: torch.Tensor) -> torch.Tensor:
        return hazy * float("nan") if (hazy.mean() * 10).round() == 1 else hazy

    targets = plan_outputs(files, tmp_path / "out")
    problems = dehaze_files(targets, spoils_one, progress=False)
    assert len(problems) == 1
    assert "1.png" in problems[0]
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == [
        "0.png", "2.png", "3.png", "4.png",
    ]  # fmt: skip
