"""How fast one record is against another, from the best evidence that there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.detections import TOLERANCE, Agreement, ApChange, Detections, agreement_of, compare_ap, match_frame, neighbours
from workbench.machine import pace_ratio
from workbench.record.record import Record
from workbench.timing import Ratio, Verdict

AP_LOSS_NOTED = TOLERANCE
SEPARATE_RUNS_MARGIN = 1.10  # identical runs minutes apart differ by several percent; less than this is not called a difference

SCREENING_ERROR = 0.10  # that composed times are off by, about: they choose what is measured whole, and decide nothing

Basis = Literal["interleaved", "both against the baseline", "separate runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast B is against A: `bounds` is A's time over B's and what lies around it."""

    bounds: Ratio
    """The 95 % interval; of separate runs, how far they may be off."""
    basis: Basis

    @property
    def ratio(self) -> float:
        return self.bounds.median

    @property
    def interval(self) -> Ratio | None:
        """The 95 % interval; separate runs have none."""
        return None if self.basis == "separate runs" else self.bounds

    @property
    def verdict(self) -> Verdict:
        """What B is, against A."""
        return self.bounds.verdict()


def speed_against(record: Record, other: Record) -> Speed | None:
    """Return how fast a record is against another, from the best evidence there is.

    Blocks that interleaved the two count most; then two comparisons with the same baseline, whose intervals are divided end by end
    (wider than need be, never narrower); then the medians of separate runs, with a margin, at least as wide as the pace changed
    within either or between the two. `None` where either has no times, or they ran on different machines or media.
    """
    if not comparable(record, other):
        return None
    own, others = record.comparison, other.comparison
    if own is not None and names(own.a_id, own.a, other):
        return Speed(bounds=own.ratio, basis="interleaved")
    if others is not None and names(others.a_id, others.a, record):
        return Speed(bounds=_divided(Ratio(median=1, low=1, high=1), others.ratio), basis="interleaved")
    if own is not None and others is not None and (own.a_id, own.a) == (others.a_id, others.a):
        return Speed(bounds=_divided(own.ratio, others.ratio), basis="both against the baseline")
    return _speed_of_medians(record, other)


def _speed_of_medians(record: Record, other: Record) -> Speed | None:
    new, old = median_ms(record), median_ms(other)
    if not new or not old:
        return None
    ratio = old / new
    pace = pace_ratio(other.noise, record.noise) or 1.0
    margin = max(SEPARATE_RUNS_MARGIN, pace, 1 / pace, *(1.0 + (one.noise.pace_change or 0.0) for one in (record, other)))
    return Speed(bounds=Ratio(median=ratio, low=ratio, high=ratio).widened(margin), basis="separate runs")


def _divided(upper: Ratio, lower: Ratio) -> Ratio:
    return Ratio(median=upper.median / lower.median, low=upper.low / lower.high, high=upper.high / lower.low)


def names(key: str | None, name: str, record: Record) -> bool:
    """Tell whether a record's id, or where none was kept its name, is this one's."""
    return record.id == key if key is not None else record.name == name


def median_ms(record: Record) -> float | None:
    """Return the median milliseconds of a frame; `None` without times."""
    return record.timing.median_ms if record.timing is not None else None


def ran(record: Record) -> bool:
    """Tell whether a record holds times."""
    return record.problem is None and bool(median_ms(record))


def comparable(record: Record, other: Record) -> bool:
    """Tell whether two records' times may be set side by side: both ran, on one machine, on the same frames."""
    same_media = record.media.key == other.media.key
    return ran(record) and ran(other) and same_media and record.environment.machine_id == other.environment.machine_id


def ap(record: Record | None) -> float | None:
    """Return the average precision, where there is one."""
    return record.accuracy.ap if record is not None and record.accuracy is not None else None


def ap_change(record: Record, other: Record, name: str = "ap") -> float | None:
    """Return how much more AP a record has than another; `None` where either is unknown, or they were judged by other truths.

    Args:
        record: The one.
        other: The other.
        name: Which of `Accuracy`'s fields.
    """
    if record.accuracy is None or other.accuracy is None or not record.accuracy.judged_by.is_same_truth(other.accuracy.judged_by):
        return None
    new, old = getattr(record.accuracy, name), getattr(other.accuracy, name)
    return None if new is None or old is None else float(new - old)


def why_no_ap_change(record: Record, other: Record) -> str:
    """Say why `ap_change` gives none."""
    known = ap(record) is not None and ap(other) is not None
    return "the truth is another" if known else "both records need one on the same truth"


def accuracy_against(record: Record, other: Record, tolerance: float = AP_LOSS_NOTED) -> ApChange | None:
    """Return how much more AP a record has than another and how sure that is; `None` as `ap_change` gives it.

    Args:
        record: The one.
        other: The other.
        tolerance: The change that does not matter.
    """
    return compare_ap(record.accuracy, other.accuracy, tolerance)


def agreement_with(baseline: Record, found: Mapping[str, Detections]) -> Agreement | None:
    """Return how detections by frame name agree with those that a record kept; `None` where they share no frame."""
    pairs = [(found[row.frame], row.detections()) for row in baseline.detections if row.frame in found]
    if not pairs:
        return None
    matches = [match_frame(one, other) for one, other in pairs]
    groups = _neighbours([row.frame for row in baseline.detections if row.frame in found], baseline.media.fps)
    return agreement_of(matches, baseline_name=baseline.name, baseline_id=baseline.id, groups=groups)


def _neighbours(frames: Sequence[str], fps: float | None) -> NDArray[np.int64] | None:
    """Return which frames of a video are neighbours, by the numbers in their names; `None` for pictures."""
    numbers = [frame.rpartition("#")[2] for frame in frames]
    if not fps or not all(number.isdecimal() for number in numbers):
        return None
    return neighbours(np.array(numbers, np.float64) / fps)
