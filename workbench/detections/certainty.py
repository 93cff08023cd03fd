"""How sure figures of accuracy are: intervals, and what the change between two settings is, judged on the same images."""

import base64
import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.timing import Value

TOLERANCE = 0.02  # AP that a setting may lose without anybody's notice; COCO's own results differ by .01 between trainings
FEW_IMAGES = 100  # with fewer, an interval holds the truth less often than it says, and AP itself reads high (by .01 at 50)
NORMAL_95 = 1.96
POWER = 1 + 0.84 / NORMAL_95  # a difference is found in 80 % of tries where the interval's half is this much smaller than it
ALIKE_SECONDS = 2.0  # of a video that count as one: most of what is seen in it has changed by then
MOST_IMAGES_NAMED = 100_000  # more nobody labels: then there is nothing to settle

AccuracyVerdict = Literal["lost", "gained", "no change", "cannot tell"]


class Interval(Value):
    """A 95 % interval."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2


class ApChange(Value):
    """How much more AP one setting has than another, judged on the same images."""

    change: float
    interval: Interval | None = None
    """Paired over the images; `None` for records that do not hold what it is made of."""
    images: int
    few_images: bool = False
    tolerance: float = TOLERANCE

    @property
    def verdict(self) -> AccuracyVerdict:
        """What became of accuracy; `no change` is none above the tolerance.

        >>> made = lambda low, high: ApChange(change=(low + high) / 2, interval=Interval(low=low, high=high), images=200).verdict
        >>> made(-0.05, -0.01), made(0.001, 0.03), made(-0.018, -0.002), made(-0.03, 0.01)
        ('lost', 'gained', 'no change', 'cannot tell')
        """
        if self.interval is None:
            return "cannot tell"
        if max(-self.interval.low, self.interval.high) <= self.tolerance:
            return "no change"
        return "lost" if self.interval.high < 0 else "gained" if self.interval.low > 0 else "cannot tell"

    @property
    def images_to_settle(self) -> int | None:
        """How many labelled images would probably settle it; `None` where it is settled, or no number that people label would do.

        The interval's half shrinks with the root of the number of images. It has to leave out 0 in 80 % of tries, or to lie
        within the tolerance, whichever takes fewer.
        """
        away = abs(self.change)
        return self._images_for(max(away / POWER, self.tolerance - away)) if self.verdict == "cannot tell" else None

    @property
    def images_within(self) -> int | None:
        """How many would probably show that no more than the tolerance is lost; `None` as above, or where more is lost."""
        return self._images_for(self.tolerance + self.change)

    def _images_for(self, half: float) -> int | None:
        if self.interval is None or half <= 0:
            return None
        wanted = math.ceil(self.images * (self.interval.half / half) ** 2)
        return wanted if self.images < wanted <= MOST_IMAGES_NAMED else None


def interval_of(draws: FloatArray) -> Interval | None:
    """Return the 95 % interval of a figure in 0..1 from its draws `(D + 1,)`, the first of which is the estimate.

    >>> interval_of(np.array([0.5, 0.4, 0.5, 0.6], np.float32))
    Interval(low=0.304, high=0.696)
    """
    around = change_interval(draws, np.zeros_like(draws))
    return around and Interval(low=max(0.0, around.low), high=min(1.0, around.high))


def change_interval(new: FloatArray, old: FloatArray) -> Interval | None:
    """Return the 95 % interval of a change, from draws of the same images on both sides."""
    count = min(len(new), len(old))
    difference = new[:count] - old[:count]
    if count < 3 or not np.isfinite(difference[0]) or np.isfinite(difference[1:]).sum() < 2:
        return None
    half = NORMAL_95 * float(np.nanstd(difference[1:].astype(np.float64), ddof=1))
    return Interval(low=round(float(difference[0]) - half, 6), high=round(float(difference[0]) + half, 6))


def neighbours(seconds: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return a number for each frame of a video, by its time; those of one number show the same objects, and are one evidence."""
    return np.asarray(seconds // ALIKE_SECONDS, np.int64)


def share_interval(
    parts: NDArray[np.float64], wholes: NDArray[np.float64], groups: NDArray[np.int64] | None = None
) -> Interval | None:
    """Return the 95 % interval of `sum(parts) / sum(wholes)`; `None` where one group is all there is, or nothing differs in any.

    The ratio estimator over groups of frames (Cochran, Sampling Techniques, 1977, chapter 6): no draws, so that it costs nothing
    while frames play.

    Args:
        parts: `(F,)`, of each frame.
        wholes: `(F,)`, at least `parts`.
        groups: `(F,)`, a number for each frame: those of one number are alike.

    >>> share_interval(np.array([1.0, 2, 0, 1]), np.array([1.0, 2, 1, 1]))
    Interval(low=0.375384, high=1.0)
    """
    numbers = np.arange(len(wholes)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count, whole = int(numbers.max(initial=-1)) + 1, float(np.sum(wholes))
    if count < 2 or not whole or np.array_equal(parts, wholes):
        return None
    share = float(np.sum(parts)) / whole
    away = np.bincount(numbers, parts - share * wholes)
    half = NORMAL_95 * math.sqrt(count / (count - 1) * float(np.sum(away**2))) / whole
    return Interval(low=round(max(0.0, share - half), 6), high=round(min(1.0, share + half), 6))


def packed(draws: FloatArray) -> str:
    """Write draws as text for a record: their distances from the estimate, in 16 bits each."""
    return base64.b64encode((draws[1:] - draws[0]).astype("<f2").tobytes()).decode() if len(draws) > 1 else ""


def unpacked(text: str, estimate: float) -> FloatArray:
    """Read what `packed` wrote; text that is none gives the estimate alone."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    away = np.frombuffer(content[: len(content) // 2 * 2], "<f2").astype(np.float32)
    return np.concatenate([np.array([estimate], np.float32), np.float32(estimate) + away])
