"""Write what came out into the README, from the cards of the weights and the study's record.

    python data/make/write_results.py

Every number and every sentence is computed; a test compares the README with what this would write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import click
from run_study import DIGITS, PHASES, SCORES, brief, comparisons, planned
from study_arms import AFFINITY, FIRST, FORM, PAPER
from tables import DATA, Row
from train_shipped import NETWORKS

import haze_course as hc
from haze_course.course.links import write_block
from haze_course.data.benchmark import benchmark_pairs
from haze_course.quality.statistics import Interval, verdict
from haze_course.training.study import SETS, base_of, study_gains, study_runs

README = DATA.parent / "README.md"
PICTURES = SETS | {
    "rooms": "rooms of a family unseen in training, dense haze",
    "streets": "streets of such a family, most of each near",
}
RIVAL = "dark channel"
GREY = "one grey less"
APART = 1.5  # dB
UNSHOWN = "not distinguishable"


def results() -> str:
    """The shipped networks on the test split, and what the study decided."""
    shipped = [name for name in NETWORKS if (DATA / "checkpoints" / f"{name}.safetensors").exists()]
    cards = {name: hc.nets.read_card(name) for name in shipped}
    teacher = cards.pop("teacher")["test"]
    protocol = next(iter(cards.values()))["test"]["protocol"]
    first = next(iter(cards))
    grey = {which: one_grey_less(which) for which in PICTURES}
    rows = []
    for which, pictures in PICTURES.items():
        row = {"test pictures": pictures}
        scores = cards[first]["test"][which] | {GREY: grey[which]}
        row |= {name: _score(scores[name]) for name in ("hazy input", GREY, RIVAL)}
        row |= {name: _score(card["test"][which][name]) for name, card in cards.items()}
        rows.append(row | {f"{first} over {RIVAL}": scores[f"gain over {RIVAL}"]})
    return "\n".join(
        [
            f"PSNR in dB and SSIM: {protocol}.",
            "",
            hc.plots.markdown_table(rows),
            "",
            f"`{GREY}` takes from every picture the mean that haze adds to validation scenes: what "
            f"a method must beat that claims to see haze. The {first} was trained on haze drawn "
            f"much like that of the tests; the {RIVAL} was never told. Intervals are bootstrapped "
            "over pictures, or Student's t over places.",
            "",
            *_younger(cards, first),
            f"The teacher over bicubic interpolation: {teacher['gain over bicubic']}.",
            "",
            *_pair(cards),
            *_decided(grey),
        ]
    )


def one_grey_less(which: str) -> dict[str, Any]:
    """Scores on a test set of the method that takes one grey from every picture."""
    dull = benchmark_pairs("scenes", "validation")
    grey = fmean((pair.hazy - pair.clear).mean().item() for pair in dull)
    found = hc.quality.evaluate(lambda hazy: hazy - grey, benchmark_pairs(which), name=GREY)
    [row] = hc.quality.summarise(found)
    return row


def _younger(cards: dict[str, dict[str, Any]], first: str) -> list[str]:
    """Networks that trained for fewer steps than the first."""
    steps = {name: card["steps"] for name, card in cards.items()}
    said = [
        f"`{name}` trained {count} steps by an older recipe, `{first}` {steps[first]} "
        "([data/README.md](data/README.md)): their scores compare trainings, too."
        for name, count in steps.items()
        if count < steps[first]
    ]
    return [*said, ""] if said else []


def _decided(grey: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What the study compares, and a table of the intervals."""
    runs = study_runs("confirmation")
    _, _, steps, split = PHASES["confirmation"]
    ended = f"{len(runs)} of {len(planned('confirmation'))} trainings have ended"
    seen = Counter(run["arm"] for run in study_runs("screening"))
    again = sum(count > 1 for arm, count in seen.items() if arm != base_of(arm))
    found = comparisons(runs)
    rows = []
    for (arm, other), intervals in found.items():
        count = next(iter(intervals.values())).count
        planned_first = {arm, other} <= FIRST
        row = {"compared": f"`{arm}` over `{other}`", "seeds": str(count)}
        row["planned"] = "first" if planned_first else "later"
        for score, (pictures, metric) in SCORES.items():
            text = brief(intervals[score], DIGITS[metric])
            shown = verdict(intervals[score]) != UNSHOWN
            row[f"{pictures}: {metric.upper()}"] = f"**{text}**" if shown else text
        rows.append(row)
    total = len(rows) * len(SCORES)
    left = _excluding(comparisons(runs, level=1 - 0.05 / total))
    psnr = [score for score, (_, metric) in SCORES.items() if metric == "psnr"]
    family = len(psnr) * sum(row["planned"] == "first" for row in rows)
    early = {pair: scores for pair, scores in comparisons(runs, level=1 - 0.05 / family).items()
             if set(pair) <= FIRST}  # fmt: skip
    primary = _excluding({pair: {s: scores[s] for s in psnr} for pair, scores in early.items()})
    return [
        f"The study that decides about `{FORM}` and `{AFFINITY}` ({steps} steps of a plain recipe, "
        f"not that of the weights above; {split} split; {ended}). `hint`: a hidden map of the "
        "student learns to predict the teacher's; for control, the clear picture (`truth`), or the "
        "map of an untrained teacher (`untrained`), of the teacher as its training began, which is "
        "bicubic interpolation (`bicubic start`), or of the wrong picture (`another image`). "
        f"`features`: feature affinity of hidden maps. The screening chose both: {again} of its "
        f"{len(seen)} arms led on the first seed and ran on a second; of these, they are what "
        "gained most, and the best affinity of hidden maps. What is planned *first* was planned "
        "before any outcome, *later* when that of the first was known.",
        "",
        hc.plots.markdown_table(rows),
        "",
        "PSNR in dB; mean and 95 % interval over seeds, bold where it excludes zero. "
        f"These {total} intervals are not corrected for their number: {left} would exclude zero "
        f"at 5 % divided by it. Of the {family} in PSNR that were planned first, {primary} would "
        f"at 5 % divided by {family}.",
        "",
        _beaten(found),
        *_fallen(runs, grey),
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


def _excluding(found: Mapping[Any, Mapping[str, Interval]]) -> int:
    """How many intervals exclude zero."""
    return sum(verdict(each) != UNSHOWN for scores in found.values() for each in scores.values())


def _fallen(runs: list[Row], grey: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Trainings that ended far below `none` of their seed: intervals count them like others."""
    start = {run["seed"]: float(run["scenes_psnr"]) for run in runs if run["arm"] == "none"}
    fallen = [run for run in runs if float(run["scenes_psnr"]) < start[run["seed"]] - APART]
    if not fallen:
        return []
    all_of, some_of = (Counter(run["arm"] for run in some) for some in (runs, fallen))
    listed = ", ".join(f"{count} of {all_of[arm]} of `{arm}`" for arm, count in some_of.items())
    ends = [
        f"{fmean(float(run[f'{which}_psnr']) for run in fallen):.1f} dB on {pictures}, where "
        f"{GREY} scores {grey[which]['psnr']:.1f}"
        for which, pictures in SETS.items()
    ]
    without = [
        f"`{arm}` over `{other}` "
        + ", ".join(brief(intervals[f"{which}_psnr"], DIGITS["psnr"]) for which in SETS)
        for (arm, other), intervals in comparisons([r for r in runs if r not in fallen]).items()
        if {arm, other} & set(some_of)
    ]
    return [
        "",
        f"Trainings that fell apart, more than {APART} dB below `none` of their seed on scenes: "
        f"{listed}. They ended at {'; '.join(ends)}. The table counts them like the others. "
        f"Without them, to see how much hangs on them (PSNR, {' and '.join(SETS)}): "
        f"{'; '.join(without)}.",
    ]


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
