"""Train the weights that ship: data/checkpoints/<name>.safetensors, each with its card.

    python data/make/train_shipped.py teacher
    python data/make/render_scenes.py --extra 80 --kind room --samples 8 --out out/more
    python data/make/train_shipped.py student --more out/more
    python data/make/train_shipped.py student-distilled --more out/more
    python data/make/train_shipped.py half-student --more out/more

The student and its distilled twin then go through a second cycle, with `--again`.

    python data/make/render_scenes.py --extra 120 --kind room --samples 8 --out out/more
    python data/make/train_shipped.py student --more out/more --again

The rate rises to half its first peak and falls once more, on new batches (warm restarts:
Loshchilov and Hutter, SGDR, ICLR 2017, arXiv:1608.03983).

`student-distilled` is `student` with the term that the study decides about: same start, same
batches, same steps; the weight of the term has reached zero before the second cycle. The pair
shows what such a term changes; whether it helps, the study says.

Stop it at any moment and start it again: the state lies in --work, and the result is that of a
training that was not stopped. Choices are made on the validation split; the card's scores are of
the test split, with the protocol of each named.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from study_arms import CONFIRMATION, sources
from tables import DATA
from torch import nn

import haze_course as hc
from haze_course.data.benchmark import benchmark_pairs
from haze_course.data.shipped import Scene
from haze_course.machine import describe
from haze_course.quality.evaluation import Method, Record, evaluate, identity, paired_differences
from haze_course.quality.statistics import Interval, bootstrap_interval
from haze_course.training.loop import History
from haze_course.training.recipes import SHAVE, enlarge, super_resolution_psnr

Scores = dict[str, Any]
CYCLE: dict[str, Any] = {"steps": 9_000, "learning_rate": 1e-3}  # of --again
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "teacher": hc.nets.teacher,
    "student": hc.nets.student,
    "student-distilled": hc.nets.student,
    "half-student": hc.nets.half_student,
}


def score_teacher(network: nn.Module) -> Scores:
    """PSNR on the test photographs, and what is gained over bicubic interpolation."""
    clear = [photo.clear for photo in hc.data.photos("test")]
    scores = [super_resolution_psnr(network, image).item() for image in clear]
    bicubic = [super_resolution_psnr(enlarge, image).item() for image in clear]
    gains = [score - base for score, base in zip(scores, bicubic, strict=True)]
    return {
        "protocol": f"x2, PSNR on RGB, {SHAVE} pixels cut from each side, mean of dB, photos",
        "psnr": sum(scores) / len(scores),
        "gain over bicubic": words(bootstrap_interval(gains, over="photographs")),
    }


def score_dehazer(network: nn.Module, name: str) -> Scores:
    """PSNR and SSIM on every test set, and what is gained over the input and the prior."""
    methods: dict[str, Method] = {
        name: network,
        "hazy input": identity,
        "dark channel": hc.physics.dehaze_dark_channel,
    }
    scores: Scores = {"protocol": "RGB clamped to [0, 1], mean over pictures; SSIM valid"}
    for which in ("scenes", "rooms", "streets", "photos"):
        records: list[Record] = []
        pairs = benchmark_pairs(which)
        for label, method in methods.items():
            records += evaluate(method, pairs, name=label)
        scores[which] = {
            str(row["method"]): {"psnr": row["psnr"], "ssim": row["ssim"]}
            for row in hc.quality.summarise(records)
        }
        for rival in ("hazy input", "dark channel"):
            gains = paired_differences(records, name, rival)
            interval = over_places(gains, [pair.scene for pair in pairs])
            scores[which][f"gain over {rival}"] = words(interval)
    return scores


def over_places(gains: list[float], places: list[str]) -> Interval:
    """A kitchen in three hazes is one kitchen."""
    over = "pictures" if len(set(places)) == len(places) else "places"
    return hc.quality.scene_interval(gains, places, over=over)


def words(interval: Interval) -> str:
    """A mean with its interval, in dB."""
    return (
        f"{interval.mean:.2f} dB [{interval.low:.2f}, {interval.high:.2f}], "
        f"{100 * interval.level:g} % over {interval.count} {interval.over}"
    )


def also(scenes: Sequence[Scene]) -> str:
    """Words for scenes that do not ship: each is its family and its seed."""
    if not scenes:
        return ""
    seeds = sorted(int(scene.name.rpartition("_")[2]) for scene in scenes)
    return f", and {len(scenes)} of data/make/render_scenes.py, seeds {seeds[0]} to {seeds[-1]}"


@click.command()
@click.argument("name", type=click.Choice(list(NETWORKS)))
@click.option("--steps", type=int, help="Other than those of the shipped weights.")
@click.option("--again", is_flag=True, help="Another cycle, from the weights that lie in --out.")
@click.option("--score", is_flag=True, help="Train nothing: write the scores of the card anew.")
@click.option("--more", type=click.Path(path_type=Path), help="Folder of scenes that do not ship.")
@click.option("--work", default="out/training", show_default=True, type=click.Path(path_type=Path))
@click.option("--out", default=DATA / "checkpoints", type=click.Path(path_type=Path))
def main(
    name: str, steps: int | None, again: bool, score: bool, more: Path | None, work: Path, out: Path
) -> None:
    """Train, score on the test split, write weights with their card."""
    teacher, target = name == "teacher", out / f"{name}.safetensors"
    judge = score_teacher if teacher else partial(score_dehazer, name=name)
    if score:
        network, card = hc.nets.load_pretrained(target), hc.nets.read_card(target)
        card = {
            key: value for key, value in card.items() if key not in ("architecture", "settings")
        }
        hc.nets.save_pretrained(network, target, card | {"test": judge(network)})
        return
    config = hc.training.TEACHER if teacher else hc.training.STUDENT
    before: dict[str, Any] = {"steps": 0, "made by": ""}
    network = NETWORKS[name](seed=config.seed)
    if again:
        before, network = hc.nets.read_card(target), hc.nets.load_pretrained(target)
        config = replace(config, seed=before["seed"] + 1, **CYCLE)
    config = replace(config, steps=steps or config.steps)
    folder = work / f"{name}-{before['steps'] + config.steps}"
    scenes = hc.data.scenes("train", folder=more) if more and not teacher else []
    form = list(CONFIRMATION)[1] if name == "student-distilled" else "none"
    history: History
    if teacher:
        history = hc.training.train_shipped_teacher(network, config, folder=folder)
    else:
        terms = [] if again else CONFIRMATION[form].terms(sources(config.seed, config.steps))
        about = {"term": form, "before": before["made by"]}
        history = hc.training.train_shipped_student(
            network, config, more=scenes, terms=terms, folder=folder, about=about
        )
    scores = judge(network)
    step, best = history.best
    step += before["steps"]
    data = "train split of data/photos" + ("" if teacher else " and data/scenes") + also(scenes)
    command = f"python data/make/train_shipped.py {name} --steps {config.steps}"
    command += f" --more {more.name}" if scenes and more else ""
    command += " --again" if again else ""
    card = {
        "made by": "; ".join(filter(None, (before["made by"], command))),
        "data": data,
        "seed": config.seed,
        "steps": before["steps"] + config.steps,
        **({} if form == "none" else {"term": form}),
        "best validation": {"step": step, "psnr": best},
        "test": scores,
        "machine": describe(),
    }
    hc.nets.save_pretrained(network, target, card)
    click.echo(f"{name}: validation {best:.2f} dB at step {step}")
    click.echo("\n".join(f"{key}: {value}" for key, value in scores.items()))


if __name__ == "__main__":
    main()
