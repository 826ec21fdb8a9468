"""Answers to the exercises of notebook 07: typical wrong ones, and right but unusual ones."""

import numpy as np
import torch
import torch.nn.functional as F

from haze_course.teaching.answers import Mistake


def gram_matrix(features):
    columns = features.flatten(2)
    return columns @ columns.mT


def attention(features):
    columns = features.flatten(2)
    return torch.softmax(columns.mT @ columns, dim=-1)


def cosines(features):
    columns = F.normalize(features.flatten(2), dim=1)
    return columns.mT @ columns


def reshaped_instead_of_transposed(features):
    rows = features.reshape(len(features), -1, features.shape[1])
    return rows @ rows.mT


def strengths_only(features):
    columns = features.flatten(2).abs()
    return columns.mT @ columns


def affinity_by_loops(features):
    batch, _, height, width = features.shape
    columns = features.numpy().reshape(batch, -1, height * width)
    matrix = np.zeros((batch, height * width, height * width))
    for i in range(height * width):
        for j in range(height * width):
            matrix[:, i, j] = (columns[:, :, i] * columns[:, :, j]).sum(axis=1)
    return matrix


def affinity_by_einsum(features):
    pairs = torch.einsum("bcij,bckl->bijkl", features.float(), features.float())
    return pairs.flatten(3).flatten(1, 2)


def one_window_for_both(student, teacher, pool):
    return F.avg_pool2d(student, pool), F.avg_pool2d(teacher, pool)


def always_twice(student, teacher, pool):
    return F.avg_pool2d(student, pool), F.avg_pool2d(teacher, 2 * pool)


def every_so_many_pixels(student, teacher, pool):
    k = teacher.shape[-1] // student.shape[-1]
    return student[..., ::pool, ::pool], teacher[..., :: k * pool, :: k * pool]


def the_largest_of_a_window(student, teacher, pool):
    k = teacher.shape[-1] // student.shape[-1]
    return F.max_pool2d(student, pool), F.max_pool2d(teacher, k * pool)


def a_student_cut_off(student, teacher, pool):
    k = teacher.shape[-1] // student.shape[-1]
    return F.avg_pool2d(student.detach(), pool), F.avg_pool2d(teacher, k * pool)


def adaptive_grids(student, teacher, pool):
    grid = student.shape[2] // pool, student.shape[3] // pool
    return tuple(F.adaptive_avg_pool2d(x, grid) for x in (student, teacher))


def means_of_blocks(student, teacher, pool):
    height, width = student.shape[2] // pool, student.shape[3] // pool

    def blocks(x):
        batch, channels, tall, wide = x.shape
        parts = x.reshape(batch, channels, height, tall // height, width, wide // width)
        return parts.mean(dim=5).mean(dim=3)

    return [blocks(student), blocks(teacher)]


def a_gradient_for_the_teacher(s, t):
    a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t))
    return (a - b).flatten(1).norm(dim=1)


def a_gradient_for_nobody(s, t):
    with torch.no_grad():
        a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t))
        return (a - b).flatten(1).norm(dim=1)


def without_the_root(s, t):
    a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t.detach()))
    return (a - b).square().sum(dim=(1, 2))


def one_norm_for_the_batch(s, t):
    a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t.detach()))
    return (a - b).norm()


def mean_instead_of_sum(s, t):
    a, b = (x.flatten(2).mT @ x.flatten(2) for x in (s, t.detach()))
    return (a - b).square().mean(dim=(1, 2)).sqrt()


def of_the_features(s, t):
    channels = max(s.shape[1], t.shape[1])
    s, t = (F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1])) for x in (s, t.detach()))
    return (s - t).flatten(1).norm(dim=1)


def distances_by_einsum(s, t):
    found = []
    for image, wanted in zip(s, t.detach(), strict=True):
        a = torch.einsum("chw,cij->hwij", image, image)
        a = a - torch.einsum("chw,cij->hwij", wanted, wanted)
        found.append((a**2).sum() ** 0.5)
    return torch.stack(found)


def distances_by_channels(s, t):
    a, b = s.double().flatten(2), t.detach().double().flatten(2)
    squares = [(x @ y.mT).square().sum(dim=(1, 2)) for x, y in ((a, a), (b, b), (a, b))]
    return (squares[0] + squares[1] - 2 * squares[2]).clamp_min(1e-20).sqrt()


def one_number_a_place(height, width, pool):
    return 4 * (height // pool) * (width // pool) / 1e6


def windows_are_strips(height, width, pool):
    return 4 * (height * width // pool) ** 2 / 1e6


def bits(height, width, pool):
    return 32 * ((height // pool) * (width // pool)) ** 2 / 1e6


def mebibytes(height, width, pool):
    return 4 * ((height // pool) * (width // pool)) ** 2 / 2**20


def parts_of_windows(height, width, pool):
    return 4 * (height * width / pool**2) ** 2 / 1e6


def by_counting(height, width, pool):
    corners = [
        (y, x) for y in range(0, height - pool + 1, pool) for x in range(0, width - pool + 1, pool)
    ]
    pairs = sum(len(corners) for _ in corners)
    return np.float64(np.dtype("float32").itemsize * pairs) / 10**6


def by_a_tensor(height, width, pool):
    places = torch.tensor([height, width]).div(pool, rounding_mode="floor").prod()
    return places.double().square() * torch.finfo(torch.float32).bits / 8 * 1e-6


MISTAKES = {
    "07-1": (
        Mistake("the Gram matrix", gram_matrix, "has_a_row_for_each_place"),
        Mistake("softmax, as in attention", attention, "is_symmetric"),
        Mistake("cosines", cosines, "the_diagonal_is_the_squared_length"),
        Mistake(
            "reshaped instead of transposed",
            reshaped_instead_of_transposed,
            "the_diagonal_is_the_squared_length",
        ),
        Mistake("signs thrown away", strengths_only, "a_rotation_changes_nothing"),
    ),
    "07-2": (
        Mistake("one window for both", one_window_for_both, "they_meet_on_one_grid"),
        Mistake("the teacher is always twice as large", always_twice, "they_meet_on_one_grid"),
        Mistake("one pixel of a window", every_so_many_pixels, "the_mean_stays"),
        Mistake("the largest of a window", the_largest_of_a_window, "the_mean_stays"),
        Mistake("the student is cut off", a_student_cut_off, "the_student_can_learn"),
    ),
    "07-3": (
        Mistake("a gradient for the teacher", a_gradient_for_the_teacher, "the_teacher_gets_none"),
        Mistake("a gradient for nobody", a_gradient_for_nobody, "the_student_gets_a_gradient"),
        Mistake("the root is forgotten", without_the_root, "twice_the_features"),
        Mistake("one norm for the batch", one_norm_for_the_batch, "one_number_an_image"),
        Mistake("a mean instead of a sum", mean_instead_of_sum, "every_pair_counts"),
        Mistake("features, not relations", of_the_features, "equal_relations_are_at_distance_zero"),
    ),
    "07-4": (
        Mistake("a number a place, not a pair", one_number_a_place, "grows_with_the_square"),
        Mistake("a window pools one side", windows_are_strips, "pooling_undoes_enlarging"),
        Mistake("bits for bytes", bits, "weighs_what_pytorch_allocates"),
        Mistake("mebibytes", mebibytes, "weighs_what_pytorch_allocates"),
        Mistake("parts of windows count", parts_of_windows, "weighs_what_pytorch_allocates"),
    ),
}

UNUSUAL = {
    "07-1": (affinity_by_loops, affinity_by_einsum),
    "07-2": (adaptive_grids, means_of_blocks),
    "07-3": (distances_by_einsum, distances_by_channels),
    "07-4": (by_counting, by_a_tensor),
}
