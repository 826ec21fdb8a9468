"""Exercises of notebook 07: feature affinity."""

from time import perf_counter

import torch
import torch.nn.functional as F

from haze_course.teaching.checking import Draw, Exercise, Violation, as_tensor, expect, same

PATIENCE = 0.15  # seconds for a thing that takes a thousandth of that


def affinity_by_hand(features):
    """The inner product of every place's column with every other: (B, N, N)."""
    columns = features.flatten(2)  # (B, C, N): one column of C numbers a place
    return columns.mT @ columns


def _features(draw: Draw, height: int, width: int, *, channels: int = 3, batch: int = 1):
    """Numbers of both signs, (B, C, H, W), in float64."""
    return 2 * draw.image(height, width, channels=channels, batch=batch).double() - 1


def _rotation(draw: Draw, channels: int):
    turn, _ = torch.linalg.qr(_features(draw, channels, channels, channels=1)[0, 0])
    return turn


def _turned(turn, features):
    return torch.einsum("dc,bchw->bdhw", turn, features)


def has_a_row_for_each_place(answer, draw: Draw):
    """(B, C, H, W) becomes (B, N, N): a row and a column for each of the N = H W places."""
    height, width, channels = draw.whole(2, 4), draw.whole(5, 7), draw.whole(2, 4)
    found = answer(_features(draw, height, width, channels=channels, batch=2))
    what = f"2 maps of {channels} channels, {height} x {width} places"
    as_tensor(found, what, (2, height * width, height * width))


def is_symmetric(answer, draw: Draw):
    """Place i resembles place j as much as j resembles i."""
    found = as_tensor(answer(_features(draw, 4, 5)), "a map of 4 x 5 places", (1, 20, 20))
    same(found, found.mT, "random numbers on 4 x 5 places, entry (i, j) against (j, i)")


def the_diagonal_is_the_squared_length(answer, draw: Draw):
    """A place compared with itself gives the squared length of its column."""
    features = _features(draw, 3, 4, channels=draw.whole(2, 5))
    found = as_tensor(answer(features), "a map of 3 x 4 places", (1, 12, 12))
    lengths = features.square().sum(dim=1).flatten()
    same(found[0].diagonal(), lengths, "random numbers on 3 x 4 places, the diagonal")


def a_rotation_changes_nothing(answer, draw: Draw):
    """Rotating the channels of all places alike changes nothing."""
    features = _features(draw, 4, 5)
    matrix, turned = answer(features), answer(_turned(_rotation(draw, 3), features))
    same(turned, as_tensor(matrix, "4 x 5 places"), "4 x 5 places, the three channels rotated")


def its_rank_is_at_most_c(answer, draw: Draw):
    """No eigenvalue is negative, and at most C of the N are not zero."""
    channels = draw.whole(1, 4)
    found = as_tensor(answer(_features(draw, 5, 6, channels=channels)), "a map", (1, 30, 30))
    values = torch.linalg.eigvalsh(found[0])
    small = 1e-4 * values.abs().max()
    what = f"{channels} channels on 5 x 6 places"
    expect(values[0] > -small, f"{what}: the smallest eigenvalue is {values[0]:.3g}")
    count = int((values > small).sum())
    expect(count <= channels, f"{what}: {count} eigenvalues are not zero")


def is_every_inner_product(answer, draw: Draw):
    """Entry (i, j) is the inner product of places i and j, counted row by row."""
    features = _features(draw, 3, 4, batch=2)
    columns = [features[:, :, i // 4, i % 4] for i in range(12)]
    wanted = torch.stack([torch.stack([(a * b).sum(1) for b in columns], 1) for a in columns], 1)
    same(answer(features), wanted, "random numbers, 2 maps of 3 x 4 places")


def on_one_grid(student, teacher, pool):
    """Both maps averaged in windows, on one grid: (B, C, h, w), (B, D, h, w)."""
    k = teacher.shape[-1] // student.shape[-1]  # 2 for outputs, 1 for hidden maps
    return F.avg_pool2d(student, pool), F.avg_pool2d(teacher, k * pool)


def _two_maps(draw: Draw, k: int = 2):
    pool = draw.whole(2, 3)
    height, width = pool * draw.whole(2, 3), pool * draw.whole(4, 5)
    student = _features(draw, height, width, channels=4, batch=2)
    teacher = _features(draw, k * height, k * width, batch=2)
    what = f"student {height} x {width}, teacher {k * height} x {k * width}, pool={pool}"
    return student, teacher, pool, what


def they_meet_on_one_grid(answer, draw: Draw):
    """Both come back with one height and width, a place for each of the student's windows."""
    for k in (2, 1):
        student, teacher, pool, what = _two_maps(draw, k)
        grid = (student.shape[2] // pool, student.shape[3] // pool)
        s, t = answer(student, teacher, pool)
        as_tensor(s, f"{what}: the student's", (2, 4, *grid))
        as_tensor(t, f"{what}: the teacher's", (2, 3, *grid))


def the_mean_stays(answer, draw: Draw):
    """Every pixel counts, and all alike: the mean over a whole map stays what it was."""
    student, teacher, pool, what = _two_maps(draw)
    for name, before, after in zip(
        ("student", "teacher"), (student, teacher), answer(student, teacher, pool), strict=True
    ):
        found = as_tensor(after, what).mean(dim=(2, 3))
        same(found, before.mean(dim=(2, 3)), f"{what}: mean of the {name}'s channels")


def a_repeated_picture_is_the_same(answer, draw: Draw):
    """A teacher that shows each pixel of the student's map 2 x 2 or 3 x 3 times agrees with it."""
    student, _, pool, _ = _two_maps(draw)
    k = draw.whole(2, 3)
    large = student.repeat_interleave(k, dim=2).repeat_interleave(k, dim=3)
    s, t = answer(student, large, pool)
    same(t, as_tensor(s, "student"), f"every pixel repeated {k} x {k} times, pool={pool}")


def places_do_not_mix(answer, draw: Draw):
    """Each place is the mean of its own window and of nothing else."""
    student, teacher, pool, what = _two_maps(draw)
    for name, before, after in zip(
        ("student", "teacher"), (student, teacher), answer(student, teacher, pool), strict=True
    ):
        side = pool * before.shape[-1] // student.shape[-1]
        blocks = before.unflatten(3, (-1, side)).unflatten(2, (-1, side))
        same(after, blocks.mean(dim=(3, 5)), f"{what}: the {name}'s grid")


def the_student_can_learn(answer, draw: Draw):
    """A gradient passes through the student's grid, back to its map."""
    student, teacher, pool, what = _two_maps(draw)
    s, _ = answer(student.requires_grad_(), teacher, pool)
    expect(getattr(s, "requires_grad", False), f"{what}: the student's grid is cut off")


def distances(s, t):
    """Norm of S^T S - T^T T for each image, (B,); the gradient goes to s only."""
    difference = affinity_by_hand(s) - affinity_by_hand(t.detach())
    return difference.flatten(1).norm(dim=1)


def one_number_an_image(answer, draw: Draw):
    """One number an image, and no image changes another's."""
    s, t = _features(draw, 3, 4, batch=3), _features(draw, 3, 4, channels=5, batch=3)
    together = as_tensor(answer(s, t), "3 images", (3,))
    alone = [
        as_tensor(answer(a[None], b[None]), "1 image", (1,)) for a, b in zip(s, t, strict=True)
    ]
    same(together, torch.cat(alone), "three images together, against one after the other")


def equal_relations_are_at_distance_zero(answer, draw: Draw):
    """Maps whose places relate alike are at distance 0, whatever their channels."""
    s = _features(draw, 3, 4, channels=4, batch=2)
    found = as_tensor(answer(s, s.clone()), "two equal maps", (2,))
    expect(found.abs().max() < 1e-3, f"two equal maps: yours is {found.abs().max():.3g}")
    found = as_tensor(answer(s, _turned(_rotation(draw, 4), s)), "channels rotated", (2,))
    expect(found.abs().max() < 1e-3, f"channels rotated: yours is {found.abs().max():.3g}")


def twice_the_features(answer, draw: Draw):
    """Features twice as large have products four times as large: so has the distance."""
    s, t = _features(draw, 3, 4), _features(draw, 3, 4, channels=2)
    before = as_tensor(answer(s, t), "random maps", (1,))
    same(answer(2 * s, 2 * t), 4 * before, "random maps, both doubled")


def every_pair_counts(answer, draw: Draw):
    """Each of the N x N entries counts: two flat maps differ by more on a larger grid."""
    level, height, width = draw.number(0.5, 2), draw.whole(2, 6), draw.whole(2, 6)
    s = torch.full((1, 1, height, width), level).double()
    what = f"{level:.2f} everywhere on {height} x {width} places, against zeros"
    same(answer(s, torch.zeros_like(s)), torch.tensor([level**2 * height * width]), what)


def is_the_norm_of_the_difference(answer, draw: Draw):
    """On random maps it is the root of the sum of the squared differences of all entries."""
    s = _features(draw, 3, 5, channels=2, batch=2)
    t = _features(draw, 3, 5, channels=4, batch=2)
    a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t))
    same(answer(s, t), (a - b).square().sum(dim=(1, 2)).sqrt(), "2 against 4 channels, 3 x 5")


def the_student_gets_a_gradient(answer, draw: Draw):
    """The gradient reaches the student's features."""
    s, t = _features(draw, 3, 4).requires_grad_(), _features(draw, 3, 4)
    found = answer(s, t)
    if not getattr(found, "requires_grad", False):
        raise Violation("the result does not depend on s, as far as autograd knows")
    found.sum().backward()
    expect(s.grad is not None and s.grad.abs().max() > 0, "the gradient of s is zero")


def the_teacher_gets_none(answer, draw: Draw):
    """No gradient reaches the teacher's features."""
    s, t = _features(draw, 3, 4).requires_grad_(), _features(draw, 3, 4).requires_grad_()
    answer(s, t).sum().backward()
    left = "after `distances(s, t).sum().backward()`, `t.grad` holds"
    expect(t.grad is None or not t.grad.any(), f"{left} numbers other than zero")


def takes_no_loop_over_pairs(answer, draw: Draw):
    """A grid of 20 x 20 places takes a blink: the notebook goes on with thousands of places."""
    s, t = _features(draw, 20, 20), _features(draw, 20, 20)
    times = []
    while len(times) < 4 and min(times, default=1.0) > PATIENCE:
        start = perf_counter()
        answer(s, t)
        times.append(perf_counter() - start)
    expect(min(times) <= PATIENCE, f"a grid of 20 x 20 places took {min(times):.1f} s")


def megabytes(height, width, pool):
    """Millions of bytes of one N x N matrix of 32-bit numbers, the picture pooled."""
    places = (height // pool) * (width // pool)
    return 4 * places**2 / 1e6


def grows_with_the_square(answer, draw: Draw):
    """Every place is compared with every other: the memory grows with the square of N."""
    height, width = draw.whole(50, 150), draw.whole(50, 150)
    before = as_tensor(answer(height, width, 1), f"{height} x {width}", ())
    same(answer(2 * height, 3 * width, 1), 36 * before, f"{2 * height} x {3 * width}, pool=1")


def pooling_undoes_enlarging(answer, draw: Draw):
    """A picture k times as high and wide, in windows k times as high and wide, costs the same."""
    height, width, k = draw.whole(50, 150), draw.whole(50, 150), draw.whole(2, 5)
    before = as_tensor(answer(height, width, 1), f"{height} x {width}", ())
    what = f"{k * height} x {k * width} pixels, pool={k}"
    same(answer(k * height, k * width, k), before, what)


def weighs_what_pytorch_allocates(answer, draw: Draw):
    """It is the weight of the tensor that PyTorch allocates for the pooled picture."""
    pool = draw.whole(2, 4)
    height, width = (pool * draw.whole(10, 15) + draw.whole(1, pool - 1) for _ in range(2))
    places = F.avg_pool2d(torch.zeros(1, 1, height, width), pool).numel()
    matrix = torch.empty(places, places, device="meta")
    wanted = matrix.numel() * matrix.element_size() / 1e6
    same(answer(height, width, pool), wanted, f"{height} x {width} pixels, pool={pool}")


EXERCISES = {
    "07-1": Exercise(
        affinity_by_hand,
        (
            has_a_row_for_each_place,
            is_symmetric,
            the_diagonal_is_the_squared_length,
            a_rotation_changes_nothing,
            its_rank_is_at_most_c,
            is_every_inner_product,
        ),
        (
            "One matrix product computes all inner products at once. Which two matrices?",
            "First lay the H x W places in one row, without touching the order of the channels: "
            "(B, C, N). Then multiply the transpose of that with it.",
            "`columns = features.flatten(2)` has shape (B, C, N).\n`.mT` swaps the last two "
            "dimensions, `@` multiplies matrices of a batch one by one.",
        ),
    ),
    "07-2": Exercise(
        on_one_grid,
        (
            they_meet_on_one_grid,
            the_mean_stays,
            a_repeated_picture_is_the_same,
            places_do_not_mix,
            the_student_can_learn,
        ),
        (
            "A window of the student and a window of the teacher must show the same piece of the "
            "picture. Which window is larger?",
            "How many times as wide is the teacher's map? Its window is as many times as wide as "
            "the student's. Read that number from the shapes: it is not always 2.",
            "`k = teacher.shape[-1] // student.shape[-1]`\n`F.avg_pool2d(student, pool)`, and the "
            "same of the teacher with a window of `k * pool`",
        ),
    ),
    "07-3": Exercise(
        distances,
        (
            one_number_an_image,
            equal_relations_are_at_distance_zero,
            twice_the_features,
            every_pair_counts,
            is_the_norm_of_the_difference,
            the_student_gets_a_gradient,
            the_teacher_gets_none,
            takes_no_loop_over_pairs,
        ),
        (
            "You have the affinity matrix already. The teacher takes part in the comparison, but "
            "autograd must not see it.",
            "Subtract the two affinity matrices, square, sum over both of their dimensions, take "
            "the root. `detach()` hands back a tensor without a history.",
            "`difference = hc.distill.affinity(s) - hc.distill.affinity(t.detach())`, (B, N, N); "
            "your own of 07-1 will do if it has no loop\n"
            "Then `.flatten(1)` and the norm over dimension 1.",
        ),
    ),
    "07-4": Exercise(
        megabytes,
        (grows_with_the_square, pooling_undoes_enlarging, weighs_what_pytorch_allocates),
        (
            "Count the places first, then the pairs of places, then the bytes.",
            "A window of `pool` x `pool` pixels becomes one place; what does not fill a window is "
            "dropped. The matrix has a row and a column for each place.",
            "`places = (height // pool) * (width // pool)`\nA 32-bit number has 4 bytes; divide "
            "by a million at the end.",
        ),
    ),
}
