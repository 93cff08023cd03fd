"""Statistics of raw frame times: quantiles, when there are too few frames to state one, and the interval of a ratio."""

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SURPRISE = 0.0013  # chance that n frames hold none beyond the quantile (three sigma, one side); below it we state the quantile
CONFIDENCE = 0.95
RESAMPLES = 2000  # the interval's ends then move by about a thirtieth of its width from seed to seed
KEPT = 4096  # medians of records: a report of hundreds asks for those of each stage again and again
TRIMMED_SHARE = 0.25  # of the ratios at either end (what is left is the interquartile mean): foreign load spoils whole rounds


def frames_needed(quantile: float) -> int:
    """Count the frames below which a quantile is not stated.

    With fewer, the chance that not one of them lies beyond the quantile, `quantile ** n`, exceeds `SURPRISE`, and the figure would
    be the luck of the few slowest frames.

    >>> frames_needed(0.90), frames_needed(0.95), frames_needed(0.99)
    (64, 130, 662)
    """
    return math.ceil(math.log(SURPRISE) / math.log(quantile))


def quantile_seconds(seconds: Sequence[float], quantile: float) -> float | None:
    """Return a quantile, of a whole number of percent, in seconds; `None` where the frames are too few to state it."""
    if len(seconds) < frames_needed(quantile):
        return None
    return _percentiles(tuple(seconds))[round(100 * quantile) - 1]


@lru_cache(maxsize=KEPT)
def _percentiles(seconds: tuple[float, ...]) -> list[float]:
    """Return the 1st to the 99th, interpolated as numpy's are (Hyndman and Fan 1996, type 7)."""
    return statistics.quantiles(seconds, n=100, method="inclusive")


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds as milliseconds."""
    return None if seconds is None else seconds * 1000.0


def median_seconds(seconds: Sequence[float]) -> float | None:
    """Return the median in seconds, or `None` without a single frame."""
    if isinstance(seconds, tuple):
        return _median_of_record(seconds)
    return float(np.median(seconds)) if len(seconds) else None


@lru_cache(maxsize=KEPT)
def _median_of_record(seconds: tuple[float, ...]) -> float | None:
    return float(statistics.median(seconds)) if seconds else None


@lru_cache(maxsize=KEPT)
def median_of_sums(rows: tuple[tuple[float, ...], ...]) -> float | None:
    """Return the median of the sums of equally many seconds; `None` without any.

    >>> median_of_sums(((1.0, 2.0, 9.0), (0.5, 0.5, 0.5)))
    2.5
    """
    return median_seconds(np.sum(rows, axis=0)) if rows else None


def ratio_interval(ratios: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """Return the middle of independent ratios and the ends of its 95 % bootstrap interval: `(middle, low, high)`.

    The middle is the trimmed mean of their logarithms, so that A over B is the inverse of B over A. The interval is the expanded
    percentile bootstrap (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 5.3): the plain one is too
    narrow where there are few ratios. The fixed seed makes a saved figure repeatable.

    >>> [round(end, 2) for end in ratio_interval([1.04, 1.05, 1.05, 1.06, 1.05, 1.04])]
    [1.05, 1.04, 1.06]
    """
    from scipy.special import ndtr, stdtrit

    logs = np.log(np.asarray(ratios, np.float64))
    count = len(logs)
    if count < 2:
        return (float(np.exp(logs[0])), 0.0, math.inf)
    drawn = np.random.default_rng(seed).integers(count, size=(RESAMPLES, count))
    middles = _trimmed_mean(logs[drawn])
    tail = float(ndtr(math.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - CONFIDENCE) / 2)))
    low, high = np.quantile(middles, [tail, 1 - tail])
    return (float(np.exp(_trimmed_mean(logs[None])[0])), float(np.exp(low)), float(np.exp(high)))


def _trimmed_mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    cut = int(rows.shape[1] * TRIMMED_SHARE)
    return np.asarray(np.sort(rows, axis=1)[:, cut : rows.shape[1] - cut].mean(axis=1), np.float64)
