"""What a setting adds to the frames of another one in the loop, told from few settings that ran in it and what all take alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from workbench.sweep.screening import Seconds


@final
@dataclass(frozen=True, slots=True, order=True)
class Added:
    """What was seen of one setting: medians, in seconds.

    Attributes:
        alone: What its work takes on its own.
        longer: By how much more it makes frames of the loop longer than the loop's own setting does.
    """

    alone: float
    longer: float


def longer_in_loop(alone: Seconds, seen: Sequence[Added]) -> Seconds:
    """Return what the loop adds to work that takes so many seconds alone: what it was seen to add to as much, or what is between.

    Below the least that was seen it is on the line through the least and the most, if these are far enough apart for one: down to
    as much as the work itself and no further. Above the most it is what it is there.

    Args:
        alone: Seconds of each frame.
        seen: At least one.
    """
    seen = sorted(seen)
    least, most = seen[0], seen[-1]
    if most.alone > 2 * least.alone:
        slope = min(1.0, max(0.0, (most.longer - least.longer) / (most.alone - least.alone)))
        seen = [Added(0.0, least.longer - slope * least.alone), *seen]
    return np.asarray(np.interp(alone, [one.alone for one in seen], [one.longer for one in seen]), np.float64)
