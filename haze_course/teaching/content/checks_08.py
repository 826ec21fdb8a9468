"""Exercises of notebook 08: an experiment on distillation."""

import torch
from scipy.stats import nct
from scipy.stats import t as student_t
from torch import nn

from haze_course.teaching.checking import (
    Draw,
    Exercise,
    as_tensor,
    choice,
    each,
    entry,
    expect,
    same,
)

RIVALS = {
    "the term does nothing": "none",
    "any picture would do": "another image",
    "a random network would do": "untrained",
    "the clear picture would do, without a network": "truth",
}
# Worlds, from the poorest to the richest: whom the term helps if that rival is true, and
# the last, where every rival is false.
_HELPED = {
    "the term does nothing": (),
    "any picture would do": ("another image", "untrained", "truth", "teacher"),
    "a random network would do": ("untrained", "truth", "teacher"),
    "the clear picture would do, without a network": ("truth", "teacher"),
    "only a trained teacher helps": ("teacher",),
}
_CONTROLS = ("none", "truth", "untrained", "another image")


def _study(world: str, arm: str, draw: Draw) -> tuple[float, str]:
    """Mean lead of *teacher* over an arm in a made-up study of that world, and what was made up."""
    effect = draw.number(0.3, 0.8)
    noise = 0.02 * torch.randn(8, generator=draw.generator).mean().item()
    gained = [effect * (name in _HELPED[world]) for name in ("teacher", arm)]
    lead = gained[0] - gained[1] + noise
    whom = ", ".join(_HELPED[world]) or "no arm"
    return (
        lead,
        f"a made-up world where the term helps {whom}: teacher leads {arm} by {lead:+.2f} dB",
    )


def _controls(answer: object, draw: Draw, rival: str) -> None:
    arm = choice(answer, rival, _CONTROLS)
    worlds = list(_HELPED)
    lead, made_up = _study(rival, arm, draw)
    expect(lead < 0.15, f"{made_up}, so {rival!r} is ruled out although it is true there")
    lead, made_up = _study(worlds[worlds.index(rival) + 1], arm, draw)
    expect(lead > 0.15, f"{made_up}, so {rival!r} is not ruled out although it is false there")


CONTROLLED = each(
    _controls,
    'Its control rules out "{}" where that is false, and only there.',
    {
        "finds_an_idle_term": "the term does nothing",
        "finds_any_picture": "any picture would do",
        "finds_a_random_network": "a random network would do",
        "finds_the_clear_picture": "the clear picture would do, without a network",
    },
)


def read_interval(taught, alone):
    """Low and high end of Student's 95 % interval over seeds, and 1, 0 or -1."""
    differences = taught - alone
    n, mean = differences.shape[1], differences.mean(dim=1)
    half = float(student_t.ppf(0.975, n - 1)) * differences.std(dim=1) / n**0.5
    low, high = mean - half, mean + half
    return low, high, (low > 0).int() - (high < 0).int()


def _scores(draw: Draw, studies: int, seeds: int, gain: float = 0.0, spread: float = 1.0):
    alone = 20 + torch.randn(studies, seeds, generator=draw.generator).double()
    noise = torch.randn(studies, seeds, generator=draw.generator).double()
    return alone + gain + spread * noise, alone


def _read(answer, taught, alone, what: str):
    found = answer(taught, alone)
    expect(
        isinstance(found, tuple | list) and len(found) == 3,
        f"{what}: expected three results, got {type(found).__name__}",
    )
    names = "low", "high", "said"
    return [
        as_tensor(x, f"{what}, {name}", (len(taught),))
        for x, name in zip(found, names, strict=True)
    ]


def three_numbers_a_study(answer, draw: Draw):
    """Each study has a low end, a high end above it, and a verdict that is 1, 0 or -1."""
    studies, seeds = draw.whole(2, 6), draw.whole(3, 8)
    what = f"{studies} studies of {seeds} seeds"
    low, high, said = _read(answer, *_scores(draw, studies, seeds), what)
    expect((low < high).all(), f"{what}: in one of them low lies above high")
    odd = [x for x in said.tolist() if x not in (-1, 0, 1)]
    expect(not odd, f"{what}: a verdict of {odd[0] if odd else 0:g}")


def shared_luck_cancels(answer, draw: Draw):
    """A seed that is lucky in both arms changes nothing."""
    taught, alone = _scores(draw, 4, draw.whole(3, 8), 0.5)
    luck = 3 * torch.randn(alone.shape, generator=draw.generator).double()
    before = _read(answer, taught, alone, "4 studies")
    after = _read(answer, taught + luck, alone + luck, "4 studies")
    for name, one, other in zip(("low", "high"), before, after, strict=False):
        moved = (one - other).abs().max()
        expect(
            moved < 1e-3,  # single precision rounds scores of 20 dB, and t may be 4.3
            f"4 studies, the luck of a seed added to both its scores: {name} moves by {moved:.2g}",
        )


def swapped_arms_mirror_it(answer, draw: Draw):
    """With the arms swapped the interval is mirrored at zero."""
    taught, alone = _scores(draw, 5, 4, draw.number(1, 2))
    low, high, _ = _read(answer, taught, alone, "5 studies")
    mirrored = _read(answer, alone, taught, "5 studies, arms swapped")
    same(mirrored[0], -high, "5 studies, low with the arms swapped")
    same(mirrored[1], -low, "5 studies, high with the arms swapped")


def the_verdict_follows_the_interval(answer, draw: Draw):
    """The verdict says where the interval lies: above zero, below it, or across."""
    for gain in (-3.0, 0.0, 3.0):
        taught, alone = _scores(draw, 20, 5, gain, 0.6)
        low, high, said = _read(answer, taught, alone, "20 studies")
        for a, b, word in zip(low.tolist(), high.tolist(), said.tolist(), strict=True):
            where = (a > 0) - (b < 0)
            expect(where == word, f"an interval [{a:.2f}, {b:.2f}] got the verdict {word:g}")


SLEEP = (1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)  # hours that ten patients gained


def agrees_with_student(answer, draw: Draw):
    """On the ten patients of Student's paper of 1908 it gives the textbook's interval."""
    gained = torch.tensor([SLEEP], dtype=torch.float64)
    alone = gained.roll(draw.whole(0, 9)) + 5
    low, high, _ = _read(answer, alone + gained, alone, "Student's ten patients")
    half = float(student_t.ppf(0.975, 9)) * gained.std(dim=1) / 10**0.5
    same(low, gained.mean(dim=1) - half, "Student's ten patients, low")
    same(high, gained.mean(dim=1) + half, "Student's ten patients, high")


def keeps_its_promise(answer, draw: Draw):
    """In about 95 % of many studies of three seeds the interval holds the true gain."""
    gain, studies = draw.number(-1, 1), 1500
    taught, alone = _scores(draw, studies, 3, gain, draw.number(0.1, 1))
    low, high, _ = _read(answer, taught, alone, f"{studies} studies of 3 seeds")
    held = 100 * ((low <= gain) & (gain <= high)).double().mean().item()
    expect(abs(held - 95) < 2.7, f"{studies} studies of 3 seeds: {held:.0f} % hold the true gain")


PLAN = {
    "score": "last checkpoint",
    "shared": "initial weights, batches, haze",
    "seeds": 12,
}
SCORES = ("last checkpoint", "best checkpoint", "training loss")
SHARED = ("nothing", "initial weights", "initial weights, batches, haze")


def _seeds(answer: object) -> int:
    given = entry(answer, "seeds")
    whole = isinstance(given, int | float) and not isinstance(given, bool) and given == int(given)
    expect(whole and given >= 2, f"'seeds': expected a whole number from 2 on, got {given!r}")
    return int(given)


def the_score_favours_nobody(answer, draw: Draw):
    """Two arms whose students are equally good get the same score, on average."""
    score = choice(answer, "score", SCORES)
    rough, term = draw.number(0.25, 0.4), draw.number(0.001, 0.003)
    noise = torch.randn(2, 500, 40, generator=draw.generator).double()
    checkpoints = 20 + noise * torch.tensor([0.1, rough]).reshape(2, 1, 1)  # arms, studies, epochs
    if score == "training loss":
        raise_of = f"one whose loss holds a term of {term:.3f} besides"
        lead = -term
    else:
        raise_of = f"one whose checkpoints scatter by {rough:.2f} dB instead of 0.10"
        kept = checkpoints.amax(dim=2) if score == "best checkpoint" else checkpoints[..., -1]
        lead = (kept[1] - kept[0]).mean().item() if score == "best checkpoint" else 0.0
    expect(
        lead == 0,
        f"two made-up arms with equally good students, {raise_of}: by its {score} that one is "
        f"{'ahead' if lead > 0 else 'behind'} in 500 studies, by {abs(lead):.2g} on average",
    )


def shared_luck_does_not_count(answer, draw: Draw):
    """Luck that arms can share is not in their difference."""
    shared = choice(answer, "shared", SHARED)
    start, batches = 0.3 * torch.randn(2, 2, generator=draw.generator).double()
    luck = [0.0, 0.0]
    for arm in range(2):
        luck[arm] += start[arm if shared == "nothing" else 0].item()
        luck[arm] += batches[arm if shared != SHARED[-1] else 0].item()
    apart = luck[1] - luck[0]
    what = "two made-up arms with the same loss"
    expect(apart == 0, f"{what}: they share {shared}, and end {abs(apart):.2f} dB apart")


def fits_the_budget(answer, _draw: Draw):
    """Five arms of that many seeds are paid for."""
    seeds = _seeds(answer)
    expect(5 * seeds <= 60, f"{seeds} seeds in five arms are {5 * seeds} trainings")


def finds_the_gain(answer, _draw: Draw):
    """A true gain as large as the spread shows in four studies of five."""
    seeds = _seeds(answer)
    power = nct.sf(student_t.ppf(0.975, seeds - 1), seeds - 1, seeds**0.5)
    missed = round(1000 * (1 - float(power)))
    expect(power > 0.8, f"{seeds} seeds, 1000 studies: {missed} do not show the gain")


def _tiny_teacher(draw: Draw) -> nn.Sequential:
    layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
    teacher = nn.Sequential(*layers)
    with torch.no_grad():
        for weights in teacher.parameters():
            weights.copy_(torch.randn(weights.shape, generator=draw.generator))
    return teacher


def _gram(image):
    columns = image.flatten(2)
    return columns.mT @ columns


def _repaired(answer: object, snippet: str, last: int) -> int:
    given = entry(answer, snippet)
    text = str(given).strip()
    expect(
        text.isdigit() and 1 <= int(text) <= last,
        f"{snippet}: expected the number of one line, from 1 to {last}, got {given!r}",
    )
    return int(text)


def _right(line: int) -> str:
    return f"line {line} put right, all others as they stand"


def the_teacher_stays(answer, draw: Draw):
    """With your line of A put right, the teacher answers after three steps as before."""
    line = _repaired(answer, "A", 8)
    teacher, clear = _tiny_teacher(draw), draw.image(8, 8, batch=4)
    teacher.eval().requires_grad_(requires_grad=False)
    before = teacher(clear)
    for _ in range(3):
        # No wrapper, `student.train()`, or `teacher.eval()(clear)` leaves it alone.
        teacher.train(line not in (2, 5, 6))
        teacher(draw.image(8, 8, batch=4))
    moved = (teacher.eval()(clear) - before).abs().max()
    expect(moved == 0, f"A, {_right(line)}: the teacher's answer moves by {moved:.2f}")


def each_gets_its_own_lesson(answer, draw: Draw):
    """With your line of B put right, a perfect student has nothing to learn; shuffling stays."""
    line = _repaired(answer, "B", 7)
    pictures, counted = draw.image(4, 4, batch=6), torch.arange(6)
    shuffled = counted.roll(draw.whole(1, 5))
    shown = counted if line in (3, 5) else shuffled  # no `randperm`, or `pictures[k]`
    taught = shuffled if line in (4, 7) else counted  # `zip(order, order)`, or `lessons[place]`
    extra = (_gram(pictures[shown]) - _gram(pictures[taught])).square().mean()
    expect(extra == 0, f"B, {_right(line)}: the term of a perfect output is {extra:.2f}")
    still = "each picture meets its own lesson, but the pictures are not shuffled any more"
    expect(not shown.equal(counted), f"B, {_right(line)}: {still}")


def the_teacher_sees_its_range(answer, draw: Draw):
    """With your line of C put right, a perfect output is the best one."""
    line = _repaired(answer, "C", 4)
    clear = draw.image(4, 4, batch=2)
    target = clear if line == 3 else (clear - 0.45) / 0.22
    perfect = (_gram(clear) - _gram(target)).square().mean()
    other = (_gram(target) - _gram(target)).square().mean()
    best = perfect <= other
    what = "the term prefers another output to the perfect one, whose term is"
    expect(best, f"C, {_right(line)}: {what} {perfect:.2f}")


def nobody_gains_by_choosing(answer, draw: Draw):
    """With your line of D put right, two arms of equally good students end level."""
    line = _repaired(answer, "D", 8)
    noise = torch.randn(2, 4000, 40, generator=draw.generator).double()
    on_test = noise * torch.tensor([0.1, 0.3]).reshape(2, 1, 1)  # equally good checkpoints
    chosen = on_test.argmax(dim=2)
    if line in (5, 6, 7):
        # Validation pictures choose, the last is taken, or others than those that choose are
        # reported: for the reported pictures, a place like any other.
        chosen = torch.zeros_like(chosen)
    kept = on_test.gather(2, chosen[..., None]).mean(dim=(1, 2))
    gain = (kept[1] - kept[0]).item()
    what = "two arms of equally good checkpoints, one with rougher scores"
    expect(abs(gain) < 0.05, f"D, {_right(line)}: {what}: it gains {gain:.2f} dB")


BUGS = {"A": 5, "B": 7, "C": 3, "D": 5}

EXERCISES = {
    "08-1": Exercise(
        RIVALS,
        CONTROLLED,
        (
            "Suppose that the rival is true. Which arm then has all that it takes to do as well as "
            "teacher? And suppose that it is false: does that arm fall behind?",
            "Each arm lacks one thing that teacher has: the term, the right picture, a training of "
            "the network, or the network. The control lacks what the rival calls useless, and "
            "nothing else that matters.",
            "If the term does nothing, the arm without the term does as well.\nIf any picture "
            "would do, the arm with the wrong picture does as well.\nGo on like this.",
        ),
    ),
    "08-2": Exercise(
        read_interval,
        (
            three_numbers_a_study,
            shared_luck_cancels,
            swapped_arms_mirror_it,
            the_verdict_follows_the_interval,
            agrees_with_student,
            keeps_its_promise,
        ),
        (
            "What is repeated is a pair of trainings. So there is one number a seed: the "
            "difference of its two scores. All the rest is a mean, a spread and a factor.",
            "Along the second dimension: mean and standard deviation of the differences. Half the "
            "width is factor times standard deviation divided by the root of n. For the verdict, "
            "ask low and high, not the mean.",
            "`d = taught - alone`\n`half = float(student_t.ppf(0.975, n - 1)) * d.std(dim=1) / "
            "n**0.5`\n`said = (low > 0).int() - (high < 0).int()`",
        ),
    ),
    "08-3": Exercise(
        PLAN,
        (the_score_favours_nobody, shared_luck_does_not_count, fits_the_budget, finds_the_gain),
        (
            "Ask of each choice: could one arm come out ahead although both students are equally "
            "good? And of the number: what does it cost, and what does it show?",
            "A maximum of noisy scores grows with the noise. A loss with a term more is another "
            "quantity. Whatever differs between arms besides the loss adds to the spread. For the "
            "seeds, go along the curve of the figure that has the spread of the plan.",
            "`simulate(read_interval, n, 0.2, 0.2)[0]` is the percentage of studies that show the "
            "gain with n seeds. Try n, and keep 5 * n within the budget.",
        ),
    ),
    "08-4": Exercise(
        BUGS,
        (
            the_teacher_stays,
            each_gets_its_own_lesson,
            the_teacher_sees_its_range,
            nobody_gains_by_choosing,
        ),
        (
            "Ask four questions: does the teacher change? Does each picture meet its own lesson? "
            "Does the teacher see what it learned from? Who chose the checkpoint that is reported?",
            "A: `train()` reaches all modules inside, and BatchNorm counts in that mode, with or "
            "without gradients. B: say aloud what `k` and `place` are. C: compare the ranges. D: "
            "follow the test pictures.",
            "All four lines are right but for a word or two: A in the module, B in the index, C in "
            "what the teacher is given, D in the pictures.",
        ),
    ),
}
