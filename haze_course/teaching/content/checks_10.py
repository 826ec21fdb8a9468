"""Exercises of notebook 10: export, eight bits, tiles."""

import torch
import torch.nn.functional as F

from haze_course.teaching.checking import Draw, Exercise, Violation, as_tensor, expect, same


def largest_difference(one, other, images):
    """The largest difference between two methods' outputs, over all pictures."""
    with torch.no_grad():
        return max((one(image) - other(image)).abs().max().item() for image in images)


def _pictures(draw: Draw, count: int = 3):
    return [draw.image(draw.whole(5, 9), draw.whole(5, 9)) for _ in range(count)]


def _number(found, what: str) -> float:
    return as_tensor(found, what, ()).item()


def twins_do_not_differ(answer, draw: Draw):
    """A method does not differ from itself."""
    found = _number(answer(torch.sqrt, torch.sqrt, _pictures(draw)), "one method twice")
    expect(found == 0, f"one method twice, 3 pictures: it says {found:.3g}")


def one_pixel_is_found(answer, draw: Draw):
    """One wrong value in one picture of several is found, wherever it is."""
    images = _pictures(draw, 4)
    for wrong in range(4):
        spot = draw.whole(0, images[wrong].numel() - 1)

        def other(image, wrong=wrong, spot=spot):
            changed = image.clone()
            if torch.equal(image, images[wrong]):
                changed.view(-1)[spot] -= 0.5
            return changed

        found = answer(lambda image: image, other, images)
        what = f"4 pictures, one value of picture {wrong} off by 0.5"
        same(as_tensor(found, what, ()), 0.5, what, tolerance=1e-5)


def the_sign_does_not_matter(answer, draw: Draw):
    """Too dark counts as much as too bright, and either method may come first."""
    images, size = _pictures(draw), draw.number(0.1, 0.4)
    for shift in (size, -size):
        other = _shifted(shift)
        for pair in ((lambda image: image, other), (other, lambda image: image)):
            what = f"every value off by {shift:+.2f}"
            same(as_tensor(answer(*pair, images), what, ()), size, what, tolerance=1e-5)


def _shifted(shift: float):
    return lambda image: image + shift


def through_int8(x, low, high):
    """What is left of x after rounding to 256 levels between low and high."""
    step = (high - low) / 255
    zero = round(-128 - low / step)
    q = torch.clamp(torch.round(x / step) + zero, -128, 127)
    return step * (q - zero)


def _range(draw: Draw) -> tuple[float, float]:
    return -draw.number(0.2, 2), draw.number(0.5, 3)


def _inside(draw: Draw, low: float, high: float):
    """Values from low to high, both included: `low / step` and the place of zero round alike."""
    share = draw.image(20, 25, channels=1).double()
    share[..., 0, :2] = torch.tensor([0.0, 1.0])
    return low + (high - low) * share


def has_at_most_256_values(answer, draw: Draw):
    """Eight bits are 256 values."""
    low, high = _range(draw)
    x = 1.5 * (low + (high - low) * draw.image(60, 60).double())
    found = as_tensor(answer(x, low, high), "60 x 60 pixels", (1, 3, 60, 60))
    count = len(found.unique())
    expect(count <= 256, f"range [{low:.2f}, {high:.2f}]: {count} different values came back")


def moves_by_half_a_step(answer, draw: Draw):
    """Inside the range, no value moves by more than half a step."""
    for _ in range(10):  # where to round the place of zero matters in every other range only
        low, high = _range(draw)
        x, step = _inside(draw, low, high), (high - low) / 255
        found = as_tensor(answer(x, low, high), "values inside the range", tuple(x.shape))
        moved = (found - x).abs()
        k = int(moved.argmax())
        expect(
            moved.max() <= 0.501 * step,
            f"range [{low:.4f}, {high:.4f}], a step is {step:.4f}: {x.flatten()[k]:.4f} became "
            f"{found.flatten()[k]:.4f}",
        )


def zero_stays_zero(answer, draw: Draw):
    """Zero stays zero, exactly."""
    low, high = _range(draw)
    zeros = torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    found = as_tensor(answer(zeros, low, high), "four zeros", (1, 1, 2, 2))
    expect((found == 0).all(), f"range [{low:.3f}, {high:.3f}]: 0 became {found.flatten()[0]:.3g}")


def nothing_escapes(answer, draw: Draw):
    """What lies outside comes back at the nearer end of the range, give or take a step."""
    low, high = _range(draw)
    step = (high - low) / 255
    far = torch.tensor([low - 2, low - 0.5, high + 0.5, high + 2], dtype=torch.float64)
    found = as_tensor(answer(far.view(1, 1, 1, 4), low, high), "values outside", (1, 1, 1, 4))
    ends = torch.tensor([low, low, high, high], dtype=torch.float64)
    for before, after, end in zip(far, found.flatten(), ends, strict=True):
        expect(
            (after - end).abs() <= 1.01 * step,
            f"range [{low:.2f}, {high:.2f}]: {before:.2f} became {after:.2f}",
        )


def spans(size, tile, halo):
    """(start, stop, first, last) of each tile: compute start:stop, keep first:last."""
    return [
        (max(k - halo, 0), min(k + tile + halo, size), k, min(k + tile, size))
        for k in range(0, size, tile)
    ]


def _found(answer, size: int, tile: int, halo: int):
    """The answer as rows of four whole numbers, and the question in words."""
    what = f"size={size}, tile={tile}, halo={halo}"
    found = list(answer(size, tile, halo))
    rows = []
    for row in found:
        numbers = [int(n) for n in row]
        if len(numbers) != 4:
            raise Violation(f"{what}: expected four numbers a tile, got {row}")
        rows.append(numbers)
    expect(rows, f"{what}: no tile came back")
    return rows, what


def _sizes(draw: Draw):
    tile = draw.whole(3, 9)
    return tile * draw.whole(2, 4) + draw.whole(1, tile - 1), tile, draw.whole(1, 4)


def covers_everything_once(answer, draw: Draw):
    """What is kept covers the whole size, in order, each pixel once."""
    for size, tile, halo in (_sizes(draw), (12, 4, 2), (5, 9, 3)):
        rows, what = _found(answer, size, tile, halo)
        kept = [k for *_, first, last in rows for k in range(first, last)]
        expect(kept == list(range(size)), f"{what}: it keeps {[tuple(r[2:]) for r in rows]}")


def stays_in_the_picture(answer, draw: Draw):
    """Nothing outside the picture is computed: a negative start would count from the end."""
    for size, tile, halo in (_sizes(draw), (5, 9, 3)):
        for start, stop, *_ in (rows := _found(answer, size, tile, halo))[0]:
            expect(
                0 <= start < stop <= size,
                f"{rows[1]}: a tile computes {start}:{stop}",
            )


def has_its_halo(answer, draw: Draw):
    """Each tile sees `halo` pixels beyond what it keeps, or up to the picture's end."""
    size, tile, halo = _sizes(draw)
    rows, what = _found(answer, size, tile, halo)
    for start, stop, first, last in rows:
        sees = start <= max(first - halo, 0) and stop >= min(last + halo, size)
        expect(sees, f"{what}: to keep {first}:{last}, it computes {start}:{stop}")


def needs_little_memory(answer, draw: Draw):
    """No tile computes more than itself and two halos."""
    size, tile, halo = _sizes(draw)
    rows, what = _found(answer, size, tile, halo)
    widest = max(stop - start for start, stop, *_ in rows)
    expect(widest <= tile + 2 * halo, f"{what}: a tile computes {widest} pixels")


def gives_the_same_filter(answer, draw: Draw):
    """A moving average, computed tile by tile, is the moving average of the whole."""
    size, tile, halo = _sizes(draw)
    line = draw.image(1, size, channels=1).double()[0]
    kernel = torch.ones(1, 1, 2 * halo + 1, dtype=torch.float64)
    whole = F.conv1d(line, kernel, padding=halo)
    rows, what = _found(answer, size, tile, halo)
    pieces = [
        F.conv1d(line[..., start:stop], kernel, padding=halo)[..., first - start : last - start]
        for start, stop, first, last in rows
    ]
    same(torch.cat(pieces, dim=-1), whole, f"{what}, a moving average of {2 * halo + 1} pixels")


EXERCISES = {
    "10-1": Exercise(
        largest_difference,
        (twins_do_not_differ, one_pixel_is_found, the_sign_does_not_matter),
        (
            "Two outputs of one picture differ by a picture. Which number of it cannot hide "
            "a single wrong pixel?",
            "Per picture: subtract, take the size without the sign, take the largest. Then the "
            "largest over the pictures, which may differ in size and cannot be stacked.",
            "`max(... for image in images)`, with `(one(image) - other(image)).abs().max()` "
            "inside, under `torch.no_grad()`.",
        ),
    ),
    "10-2": Exercise(
        through_int8,
        (has_at_most_256_values, moves_by_half_a_step, zero_stays_zero, nothing_escapes),
        (
            "Go to whole numbers, keep them within -128 ... 127, and come back.",
            "Compute `step` and the whole number `zero` first, both are Python numbers. Round "
            "`x / step`, add `zero`, clamp, subtract `zero`, multiply by `step`.",
            "`step = (high - low) / 255`\n`zero = round(-128 - low / step)`\n"
            "`q = torch.clamp(torch.round(x / step) + zero, ...)`\n`return step * (q - zero)`",
        ),
    ),
    "10-3": Exercise(
        spans,
        (
            covers_everything_once,
            stays_in_the_picture,
            has_its_halo,
            needs_little_memory,
            gives_the_same_filter,
        ),
        (
            "What is kept are steps of `tile` through the size. What is computed is that, "
            "widened on both sides.",
            "The last tile may be shorter. Widening must stop at 0 and at `size`.",
            "For `k` in `range(0, size, tile)`: keep `k` to `min(k + tile, size)`, compute "
            "`max(k - halo, 0)` to `min(... , size)`.",
        ),
    ),
}
