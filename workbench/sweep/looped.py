"""What the loop adds to stages that were timed on their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]
Positions = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Looped:
    """A run in the loop: seconds by stage, the frames that they are of, and what the same work took around it, when slower."""

    stages: dict[str, Seconds]
    at: Positions
    pace_seconds: float


@final
@dataclass(frozen=True, slots=True, order=True)
class Added:
    """What the loop was seen to add to a stage: medians, in seconds."""

    alone: float
    longer: float


def in_loop(alone: Seconds, seen: Sequence[Added]) -> Seconds:
    """Return what a stage takes in the loop that takes so many seconds alone.

    The loop adds what it was seen to add for as much to do, or what is in between. Below the least that was seen, that is on the line
    through the least and the most, if these are far enough apart for one; but never less than nothing or more than at the least.

    Args:
        alone: Seconds of each frame.
        seen: At least one.
    """
    seen = sorted(seen)
    least, most = seen[0], seen[-1]
    if most.alone > 2 * least.alone:
        slope = (most.longer - least.longer) / (most.alone - least.alone)
        seen = [Added(0.0, min(least.longer, max(0.0, least.longer - slope * least.alone))), *seen]
    longer = np.interp(alone, [one.alone for one in seen], [one.longer for one in seen])
    return np.maximum(alone + longer, 0.0)
