"""Where is the sky? The part of a picture above the border that splits it best.

Of all borders, one row a column, that cut a picture into an upper and a lower part: the one along
strong edges that separates smooth clusters of colour and texture from the rest. The first guess is
that of Shen and Wang, Sky region detection in a single image for autonomous ground robot
navigation, IJARS 2013; the best border for given clusters is found by dynamic programming.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.cluster.vq import kmeans2
from skimage.color import rgb2lab

Array = np.ndarray

CLUSTERS = 32


class Sky(NamedTuple):
    """The sky's lower border: first row below the sky in each column (W,), and its score."""

    border: Array
    score: float


def _texture_features(picture: Array) -> Array:
    """Colour and local roughness of each pixel, (H, W, 5), scaled to weigh about alike."""
    lab = rgb2lab(picture)
    slope = np.hypot(ndimage.sobel(lab[..., 0], 0), ndimage.sobel(lab[..., 0], 1))
    rough = [1.2 * np.log1p(ndimage.uniform_filter(slope, size)) for size in (3, 9)]
    return np.dstack([lab[..., 0] / 25, lab[..., 1] / 12, lab[..., 2] / 12, *rough])


def _first_border(picture: Array) -> Array:
    """Border of Shen and Wang: of the first strong edges from above, the set that splits best."""
    height, width = picture.shape[:2]
    grey = ndimage.gaussian_filter(picture.mean(2), 1)
    slope = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))
    rows = np.arange(height)[:, None]
    best, border = 0.0, np.zeros(width, int)
    for threshold in np.geomspace(0.03, 1.5, 40):
        strong = slope > threshold
        strong[:2] = False
        first = np.where(strong.any(0), strong.argmax(0), height)
        parts = rows < first, rows >= first
        if min(part.sum() for part in parts) < 50:
            continue
        spread = [np.linalg.eigvalsh(np.cov(255 * picture[part].T)) for part in parts]
        score = 1 / sum(w * (e.prod() + e[-1]) for w, e in zip((2, 1), spread, strict=True))
        if score > best:
            best, border = score, first
    return ndimage.median_filter(border, 9)


def _best_path(cost: Array, jump: Array) -> Array:
    """Row k(x) that minimises sum cost[k(x), x] + jump[k(x), k(x+1)], by dynamic programming."""
    total, back = cost[:, 0], []
    for column in cost[:, 1:].T:
        options = total[:, None] + jump
        back.append(options.argmin(0))
        total = options.min(0) + column
    path = [int(total.argmin())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])


def find_sky(picture: Array) -> Sky:
    """The sky as the part above a border; picture (H, W, 3) in [0, 1].

    From several first borders: count how often each cluster of colour and texture lies above and
    below, cut the picture anew where the log odds and the edges say, and repeat. The border that
    splits the clusters best, along the strongest edges and with few jumps, wins.
    """
    height, width = picture.shape[:2]
    rows = np.arange(height)[:, None]
    features = _texture_features(picture)
    flat = features.reshape(-1, features.shape[2])
    cluster = kmeans2(flat, CLUSTERS, minit="++", seed=0, iter=15)[1].reshape(height, width)

    place = np.interp(rows / height, [0, 0.2, 0.6, 0.75, 1], [2, 0.6, 0, -1.5, -4])  # log odds
    lab = rgb2lab(ndimage.gaussian_filter(picture, (0.7, 0.7, 0)))
    step = np.sqrt((ndimage.sobel(lab, 0) ** 2).sum(2))
    edge = np.clip(step / (np.percentile(step, 98) + 1e-6), 0, 1)
    edge = np.maximum(edge[1:], edge[:-1])
    levels = np.arange(height + 1)
    jump = 0.06 * np.abs(levels[:, None] - levels)

    starts = [np.full(width, int(part * height)) for part in (0.12, 0.3, 0.5)]
    found = Sky(np.zeros(width, int), -np.inf)
    for first in [*starts, _first_border(picture)]:
        border = first
        for _ in range(5):
            above = rows < border
            share = [np.bincount(cluster[m], minlength=CLUSTERS) + 0.5 for m in (above, ~above)]
            p, q = (count / count.sum() for count in share)
            odds = np.clip(np.log(p / q), -3, 3)[cluster] + place
            cost = np.vstack([np.zeros(width), -odds.cumsum(0)]) / (0.25 * height)
            cost[1:height] -= edge
            previous, border = border, _best_path(cost, jump)
            if (previous == border).all():
                break
        above = rows < border
        if not above.any() or above.all():
            continue
        mean = (p + q) / 2
        divergence = (p * np.log(p / mean) + q * np.log(q / mean)).sum() / 2
        along = edge[np.clip(border - 1, 0, height - 2), np.arange(width)].mean()
        smoother = np.clip(features[~above, 3].mean() - features[above, 3].mean(), -1, 1)
        jumps = np.minimum(np.abs(np.diff(border)), 0.3 * height).mean() / height
        score = divergence + 0.5 * along + 0.3 * smoother - 3 * jumps
        if score > found.score:
            found = Sky(border, float(score))
    return found
