"""Real time: frames that come at their own pace, and whether a pipeline keeps up with it."""

from typing import Literal

import numpy as np

from workbench.timing.base import Value, derived
from workbench.timing.statistics import median_seconds, milliseconds, quantile_seconds

Policy = Literal["drop", "queue"]
"""What happens to a frame that nobody takes in time: the oldest is dropped, or all wait."""

GROWTH_LIMIT = 1.0  # frame intervals by which the age may grow from the first to the last quarter: more is a queue that fills


class RealTime(Value):
    """What one paced pass showed."""

    source_fps: float | None
    """At which frames came; `None` for a live source, whose own pace it was."""
    policy: Policy
    age_seconds: tuple[float, ...]
    """From the moment a frame was there to the moment its drawn picture was, one per frame in order."""
    interval_seconds: tuple[float, ...]
    """Between the pictures of two frames that followed each other."""
    dropped: int
    """Frames that came and were not taken."""

    @derived
    def median_age_ms(self) -> float | None:
        return milliseconds(median_seconds(self.age_seconds))

    @derived
    def p99_age_ms(self) -> float | None:
        return milliseconds(quantile_seconds(self.age_seconds, 0.99))

    @derived
    def jitter_ms(self) -> float | None:
        """Standard deviation of the intervals between pictures."""
        return milliseconds(float(np.std(self.interval_seconds))) if self.interval_seconds else None

    @derived
    def growing(self) -> bool:
        """Whether frames grew older and older: a queue that fills."""
        quarter = len(self.age_seconds) // 4
        interval = 1 / self.source_fps if self.source_fps else median_seconds(self.interval_seconds)
        if not quarter or not interval:
            return False
        first, last = self.age_seconds[:quarter], self.age_seconds[-quarter:]
        return float(np.median(last) - np.median(first)) > GROWTH_LIMIT * interval

    @derived
    def keeps_up(self) -> bool:
        """Whether no frame was dropped and none waited longer and longer."""
        return bool(self.age_seconds) and not self.dropped and not self.growing
