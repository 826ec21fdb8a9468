"""Write what came out into the README, from the cards of the weights and the study's record.

    python data/make/write_results.py

Every number and every sentence is computed; a test compares the README with what this would write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
from run_study import DIGITS, PHASES, SCORES, brief, comparisons, planned
from study_arms import AFFINITY, FORM, PAPER
from tables import DATA, Row
from train_shipped import NETWORKS

import haze_course as hc
from haze_course.course.links import write_block
from haze_course.quality.statistics import Interval, verdict
from haze_course.training.study import SETS, study_gains, study_runs

README = DATA.parent / "README.md"
PICTURES = SETS | {
    "rooms": "rooms of a family unseen in training, dense haze",
    "streets": "streets of such a family, most of each near",
}
RIVAL = "dark channel"
APART = 1.5  # dB
UNSHOWN = "not distinguishable"


def results() -> str:
    """The shipped networks on the test split, and what the study decided."""
    shipped = [name for name in NETWORKS if (DATA / "checkpoints" / f"{name}.safetensors").exists()]
    cards = {name: hc.nets.read_card(name) for name in shipped}
    teacher = cards.pop("teacher")["test"]
    protocol = next(iter(cards.values()))["test"]["protocol"]
    first = next(iter(cards))
    rows = []
    for which, pictures in PICTURES.items():
        row = {"test pictures": pictures}
        scores = cards[first]["test"][which]
        row |= {name: _score(scores[name]) for name in ("hazy input", RIVAL)}
        row |= {name: _score(card["test"][which][name]) for name, card in cards.items()}
        rows.append(row | {f"{first} over {RIVAL}": scores[f"gain over {RIVAL}"]})
    return "\n".join(
        [
            f"PSNR in dB and SSIM: {protocol}.",
            "",
            hc.plots.markdown_table(rows),
            "",
            f"The teacher over bicubic interpolation: {teacher['gain over bicubic']}.",
            "",
            *_pair(cards),
            *_decided(),
        ]
    )


def _decided() -> list[str]:
    """What the study compares, and a table of the intervals."""
    runs = study_runs("confirmation")
    _, _, steps, split = PHASES["confirmation"]
    ended = f"{len(runs)} of {len(planned('confirmation'))} trainings have ended"
    seen = Counter(run["arm"] for run in study_runs("screening")).values()
    found = comparisons(runs)
    rows = []
    for (arm, other), intervals in found.items():
        count = next(iter(intervals.values())).count
        row = {"compared": f"`{arm}` over `{other}`", "seeds": str(count)}
        for score, (pictures, metric) in SCORES.items():
            text = brief(intervals[score], DIGITS[metric])
            shown = verdict(intervals[score]) != UNSHOWN
            row[f"{pictures}: {metric.upper()}"] = f"**{text}**" if shown else text
        rows.append(row)
    total = len(rows) * len(SCORES)
    strict = comparisons(runs, level=1 - 0.05 / total).values()
    left = sum(verdict(each) != UNSHOWN for scores in strict for each in scores.values())
    return [
        f"The study that decides about `{FORM}` and `{AFFINITY}` ({steps} steps of a plain recipe, "
        f"not that of the weights above; {split} split; {ended}). `hint`: a hidden map of the "
        "student learns to predict the teacher's; for control, the clear picture (`truth`), or the "
        "map of an untrained teacher (`untrained`), of the teacher as its training began, which is "
        "bicubic interpolation (`bicubic start`), or of the wrong picture (`another image`). "
        "`features`: feature affinity of hidden maps. The screening chose both, as what gained "
        f"most of all and of the affinities, with {min(seen)} to {max(seen)} seeds an arm. The "
        "affinity, the wrong picture and the bicubic start joined when the outcome of the others "
        "was known.",
        "",
        hc.plots.markdown_table(rows),
        "",
        "PSNR in dB; mean and 95 % interval over seeds, bold where it excludes zero. "
        f"These {total} intervals are not corrected for their number: "
        f"{left} would exclude zero at 5 % divided by it.",
        "",
        _beaten(found),
        *_fallen(runs),
        *_paper(study_gains(runs)),
    ]


def _beaten(found: Mapping[tuple[str, str], Mapping[str, Interval]]) -> str:
    """Whom the form beats in PSNR on both sets of pictures, and whom not."""
    sides: dict[bool, list[str]] = {True: [], False: []}
    for (arm, other), intervals in found.items():
        if arm == FORM:
            both = [each for score, each in intervals.items() if SCORES[score][1] == "psnr"]
            better = all(verdict(each) == "better" for each in both)
            sides[better].append(f"`{other.removeprefix(f'{FORM}/')}`")
    beaten, others = (", ".join(names) or "none" for names in sides.values())
    return f"In PSNR on both sets, `{FORM}` beats: {beaten}. Not shown to be beaten: {others}."


def _fallen(runs: list[Row]) -> list[str]:
    """Trainings that ended far below `none` of their seed: intervals count them like others."""
    apart = Counter(
        arm
        for arm, sets in study_gains(runs).items()
        for gain in sets[SETS["scenes"]]
        if gain < -APART
    )
    listed = ", ".join(f"{count} of `{arm}`" for arm, count in apart.items())
    said = f"Trainings that fell apart, more than {APART} dB below `none` of their seed on scenes: "
    return ["", f"{said}{listed}. They count like the others."] if listed else []


def _paper(gains: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """Where the paper's own forms stand, seed by seed: too few for an interval."""
    rows = [
        {"over `none`, dB of PSNR a seed": f"`{arm}`"}
        | {pictures: ", ".join(f"{d:+.2f}" for d in each) for pictures, each in sets.items()}
        for arm, sets in gains.items()
        if arm in PAPER
    ]
    said = "The paper's own forms, affinity of the outputs, joined last: no interval, no verdict."
    return ["", said, "", hc.plots.markdown_table(rows)] if rows else []


def _pair(cards: dict[str, dict[str, Any]]) -> list[str]:
    """What two trainings that differ in the term are, and are not."""
    return [
        f"`{name}` is `student` with the term {card['term']}, one training each: no evidence for "
        "the term, nor against it. That is what the study is for."
        for name, card in cards.items()
        if "term" in card
    ] + [""]


def _score(scores: dict[str, float]) -> str:
    return f"{scores['psnr']:.2f} / {scores['ssim']:.3f}"


@click.command()
def main() -> None:
    """Write the block; say whether it changed."""
    click.echo("written" if write_block(README, "results", results()) else "as it was")


if __name__ == "__main__":
    main()
