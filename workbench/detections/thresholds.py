"""Which score threshold would serve better, and how much F1 it brings on images that had no part in choosing it.

Cross-fitting: the images are dealt into parts, each of which is judged with what the others choose (Stone 1974,
https://doi.org/10.1111/j.2517-6161.1974.tb00994.x). Nothing is run: it is counted from matches that are there already.
"""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.detections.certainty import Interval, change_interval
from workbench.detections.matches import ClassMatches
from workbench.detections.resampling import SEED, draw_weights, group_numbers
from workbench.timing import Value

PARTS = 5
FEWEST = 2 * PARTS  # images, or groups of them, below which nothing is said: a part of one image judges nothing
STEPS = (np.arange(1, 100) / 100).astype(np.float32)  # thresholds that are tried: finer ones nobody sets
EQUAL = 1e-9  # F1s that differ by less are equal


@final
class ScoreGain(Value):
    """What another score threshold brings: F1 at IoU .5, on images that had no part in choosing it."""

    class_id: int | None
    """For which class; `None` is one threshold for all of them, and F1 is then their mean."""
    score: float
    """Chosen on all images."""
    before: float
    after: float
    interval: Interval
    """Of the gain, over draws of the images."""


def score_gains(
    matches: Sequence[ClassMatches], own: Sequence[float], images: int, groups: NDArray[np.int64] | None, draws: int
) -> tuple[ScoreGain, ...]:
    """Return what one other threshold brings, and one for each class; those that bring nothing are left out.

    Args:
        matches: One for each class, down to scores below the setting's.
        own: The setting's threshold for each of them.
        images: How many there are.
        groups: Which images are alike; see `resampling.draw`.
        draws: How many say how sure a gain is.
    """
    numbers = group_numbers(images, groups)
    count = int(numbers.max(initial=-1)) + 1
    if count < FEWEST or not matches:
        return ()
    parts = np.random.default_rng(SEED).permutation(count)[numbers] % PARTS
    hits, boxes = (np.stack(sums) for sums in zip(*(_sums(one, parts) for one in matches), strict=True))  # each (K, P, T)
    now = np.asarray(own, np.float32)
    by_others = _f1(_by_others(hits), _by_others(boxes))
    for_each, for_all = _largest(by_others, now[:, None]), _largest_mean(by_others, now)  # each (K, P + 1)
    weights = draw_weights(images, groups, draws)

    def f1(chosen: FloatArray) -> FloatArray:
        """Return F1 `(K, D + 1)` over draws, each image judged by what `(K, P)` says of its part."""
        counts = [_counts(one, of_parts[parts]) for one, of_parts in zip(matches, chosen, strict=True)]
        return _f1(*(np.stack(column).astype(np.float32) @ weights for column in zip(*counts, strict=True)))

    before, each, together = f1(np.repeat(now[:, None], PARTS, axis=1)), f1(for_each), f1(for_all)
    mean_before, mean_after = (np.nanmean(draws_of, axis=0) for draws_of in (before, together))
    rows: list[tuple[int | None, float, FloatArray, FloatArray]] = [(None, float(for_all[0, -1]), mean_before, mean_after)]
    rows += [(one.class_id, float(for_each[k, -1]), before[k], each[k]) for k, one in enumerate(matches)]
    return tuple(gain for row in rows if (gain := _gain(*row)) is not None)


def _gain(class_id: int | None, score: float, before: FloatArray, after: FloatArray) -> ScoreGain | None:
    interval = change_interval(after, before)
    if interval is None or after[0] <= before[0]:
        return None
    figures = {"before": round(float(before[0]), 6), "after": round(float(after[0]), 6)}
    return ScoreGain(class_id=class_id, score=round(float(score), 2), interval=interval, **figures)


def _sums(one: ClassMatches, parts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return hits, and boxes found and known together, `(P, T)` by part and threshold: F1 is twice the one over the other."""
    counts = ~one.ignored[:, 0, 0]
    above = np.searchsorted(STEPS, one.scores, side="left")  # how many thresholds a score is above
    known = np.bincount(parts, weights=one.known[:, 0], minlength=PARTS).astype(np.int64)

    def reached(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        place = parts[one.images[rows]] * (len(STEPS) + 1) + above[rows]
        by_place = np.bincount(place, minlength=PARTS * (len(STEPS) + 1)).reshape(PARTS, -1)
        return np.cumsum(by_place[:, ::-1], axis=1)[:, -2::-1]

    return reached(counts & one.matched[:, 0, 0]), reached(counts) + known[:, None]


def _counts(one: ClassMatches, thresholds: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the same for each image, `(images,)`, under a threshold for each."""
    kept = ~one.ignored[:, 0, 0] & (one.scores > thresholds[one.images])
    hits, found = (np.bincount(one.images[rows], minlength=len(thresholds)) for rows in (kept & one.matched[:, 0, 0], kept))
    return hits, found + one.known[:, 0]


def _f1(hits: NDArray[np.floating], boxes: NDArray[np.floating]) -> FloatArray:
    """Return F1; NaN where nothing is there and nothing is found."""
    f1: FloatArray = np.divide(2 * hits, boxes, out=np.full(hits.shape, np.nan, np.float32), where=boxes > 0)
    return f1


def _by_others(sums: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the sums `(K, P + 1, T)` over all parts but one, and over all."""
    total = sums.sum(axis=1, keepdims=True)
    return np.concatenate([total - sums, total], axis=1).astype(np.float32)


def _largest_mean(f1: FloatArray, now: FloatArray) -> FloatArray:
    """Return the one threshold for all classes where their mean F1 is largest, for each of them."""
    there = np.isfinite(f1)
    mean = np.where(there, f1, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return np.broadcast_to(_largest(mean, now.mean()), (len(now), PARTS + 1))


def _largest(f1: FloatArray, now: FloatArray | np.floating) -> FloatArray:
    """Return the threshold of the largest F1 along the last axis; of equals the nearest to that of now."""
    known = np.where(np.isfinite(f1), f1, -1)
    best = known >= known.max(axis=-1, keepdims=True) - EQUAL
    away = np.abs(STEPS - np.asarray(now)[..., None])
    chosen: FloatArray = STEPS[np.where(best, away, np.inf).argmin(axis=-1)]
    return chosen
