"""How sure an average precision is: images drawn again and again, the same draws on both sides of a comparison.

An interval is the estimate plus and minus 1.96 standard deviations over the draws (Efron and Tibshirani 1993, chapter 13).
`python -m tests.benchmarks.truth --sets 1000` simulates how often it holds the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.detections.matches import IOU_THRESHOLDS, SIZES, ClassMatches

DRAWS = 1000
SCREENING_DRAWS = 200  # where hundreds of settings are judged: a deviation is then within 5 %
SEED = 20260  # the same draws for all settings: what they share cancels out
CHUNK = 125  # draws at a time, so that what is summed stays in the processor's cache
RECALL_POINTS = np.linspace(0.0, 1.0, 101)  # that COCO's average precision is the mean over
# A recall of exactly 35 % does not reach COCO's point of that name, which is .35000000000000003; nor do those of a few others.
ROUNDING = np.where(np.arange(101) / 100 < RECALL_POINTS, -1e-4, 1e-4).astype(np.float32)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Average precisions over draws of images; the first draw is of all images, each once.

    Attributes:
        ap: `(S, D)` by size of objects: all, small, medium, large; NaN where a draw has none of that size.
        ap50: `(D,)` at IoU .5.
        classes: `(K, D)` by class that the truth holds.
        classes_ap50: `(K, D)` at IoU .5.
    """

    ap: FloatArray
    ap50: FloatArray
    classes: FloatArray
    classes_ap50: FloatArray


def draw(matches: Sequence[ClassMatches], images: int, groups: NDArray[np.int64] | None = None, draws: int = DRAWS) -> Draws:
    """Compute average precisions over draws.

    Args:
        matches: One for each class that the truth holds.
        images: How many there are.
        groups: `(images,)`, a number for each image: those of one number are alike, as neighbours in a video, and drawn together.
        draws: How many.
    """
    weights = draw_weights(images, groups, draws)
    chunks = [weights[:, start : start + CHUNK] for start in range(0, draws + 1, CHUNK)]
    figures = [np.concatenate([_class_precisions(one, chunk) for chunk in chunks], axis=2) for one in matches]  # each (S, T, D)
    with np.errstate(invalid="ignore"):
        by_class = np.stack(figures) if figures else np.full((1, len(SIZES), len(IOU_THRESHOLDS), draws + 1), np.nan, np.float32)
        over_ious = by_class.mean(axis=2)  # (K, S, D)
    return Draws(
        ap=_mean_of_known(over_ious),
        ap50=_mean_of_known(by_class[:, 0, 0]),
        classes=over_ious[:, 0],
        classes_ap50=by_class[:, 0, 0],
    )


def draw_weights(images: int, groups: NDArray[np.int64] | None, draws: int) -> FloatArray:
    """Return how often each image is in each draw, `(images, D + 1)`; in the first, each once."""
    numbers = group_numbers(images, groups)
    return _group_weights(int(numbers.max(initial=-1)) + 1, draws)[numbers]


def group_numbers(images: int, groups: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return each image's group, numbered from 0 without gaps; each is one of its own where no groups are given."""
    return np.arange(images) if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)


@lru_cache(maxsize=4)
def _group_weights(count: int, draws: int) -> FloatArray:
    if not count:
        return np.zeros((0, draws + 1), np.float32)
    drawn = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=draws)
    return np.ascontiguousarray(np.vstack([np.ones(count, np.int64), drawn]).T, np.float32)


def _class_precisions(one: ClassMatches, weights: FloatArray) -> FloatArray:
    """Return one class's average precision by size, IoU and draw, `(S, T, D)`; NaN where nothing is there to be found."""
    sizes = one.known.shape[1]
    result = np.zeros((sizes, len(IOU_THRESHOLDS), weights.shape[1]), np.float32)
    drawn = weights[one.images]  # (N, D)
    for size in range(sizes):
        known = one.known[:, size].astype(np.float32) @ weights
        counted: tuple[bytes, FloatArray] | None = None
        for threshold in range(len(IOU_THRESHOLDS)):
            counts = ~one.ignored[:, size, threshold]
            if counted is None or counted[0] != counts.tobytes():  # the same at all thresholds where nothing is ignored
                counted = counts.tobytes(), np.cumsum(drawn * counts[:, None], axis=0)
            hits = np.flatnonzero(one.matched[:, size, threshold])
            result[size, threshold] = _precision(drawn[hits], counted[1][hits], known)
        result[size][:, known == 0] = np.nan
    return result


def _precision(hits: FloatArray, counted: FloatArray, known: FloatArray) -> FloatArray:
    """Return the mean precision over the recall points, `(D,)`.

    Args:
        hits: `(H, D)`, weights of the hits, best score first.
        counted: `(H, D)`, weights of all that count, summed from the best to each hit.
        known: `(D,)`, how many there are to find.
    """
    if not len(hits):
        return np.zeros(len(known), np.float32)
    found = np.cumsum(hits, axis=0)
    precision = np.divide(found, counted, out=np.zeros_like(found), where=counted > 0)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    share = np.divide(found, known, out=np.zeros_like(found), where=known > 0) * 100
    reached = np.floor(share + ROUNDING[np.rint(share).astype(np.int8)]) + (found > 0)  # points up to here; the first hit reaches 0
    steps = np.diff(reached, axis=0, prepend=np.zeros((1, reached.shape[1]), np.float32))
    return np.asarray((steps * envelope).sum(axis=0) / len(RECALL_POINTS), np.float32)


def _mean_of_known(by_class: FloatArray) -> FloatArray:
    """Return the mean over the first axis of what is no NaN; NaN where all is."""
    there = np.isfinite(by_class)
    count = there.sum(axis=0)
    total = np.where(there, by_class, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float32)
