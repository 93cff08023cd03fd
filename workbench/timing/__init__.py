"""Timing: seconds as values, their statistics, stopwatches, comparisons of two settings, bounds of throughput."""

from workbench.timing.base import Value, derived
from workbench.timing.bounds import CORES, Limit, limit
from workbench.timing.comparing import BlockRounds, compare_blocks
from workbench.timing.own_stages import own_stages, stage
from workbench.timing.realtime import Policy, RealTime
from workbench.timing.statistics import CONFIDENCE, RESAMPLES, frames_needed, median_seconds
from workbench.timing.stopwatch import Clock, NoWatch, Progress, Span, Step, Stopwatch, Watch, time_frames, time_into
from workbench.timing.timing import (
    CANNOT_TELL,
    DECODED_BY_ONE,
    NO_DIFFERENCE,
    STAGES,
    UNEXPLAINED,
    Comparison,
    Ratio,
    StageSpan,
    Timing,
    Verdict,
    in_order,
    kept_seconds,
)

__all__ = [
    "CANNOT_TELL",
    "CONFIDENCE",
    "CORES",
    "DECODED_BY_ONE",
    "NO_DIFFERENCE",
    "RESAMPLES",
    "STAGES",
    "UNEXPLAINED",
    "BlockRounds",
    "Clock",
    "Comparison",
    "Limit",
    "NoWatch",
    "Policy",
    "Progress",
    "Ratio",
    "RealTime",
    "Span",
    "StageSpan",
    "Step",
    "Stopwatch",
    "Timing",
    "Value",
    "Verdict",
    "Watch",
    "compare_blocks",
    "derived",
    "frames_needed",
    "in_order",
    "kept_seconds",
    "limit",
    "median_seconds",
    "own_stages",
    "stage",
    "time_frames",
    "time_into",
]
