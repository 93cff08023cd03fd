"""Measuring: settings measured whole, alone and in turns, with what was found kept and the noise told."""

from workbench.measuring.bench import COMPARISON_SECONDS, DEFAULT_FRAMES, Bench, Row
from workbench.measuring.explaining import explain
from workbench.measuring.notebook_progress import progress_shown
from workbench.measuring.passes import WarmedUp, warm_up
from workbench.measuring.real_time_pass import REAL_TIME_FRAMES, RealTimePass
from workbench.measuring.weighing import weigh, weight_of

__all__ = [
    "COMPARISON_SECONDS",
    "DEFAULT_FRAMES",
    "REAL_TIME_FRAMES",
    "Bench",
    "RealTimePass",
    "Row",
    "WarmedUp",
    "explain",
    "progress_shown",
    "warm_up",
    "weigh",
    "weight_of",
]
