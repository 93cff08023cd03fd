"""Measuring: settings measured whole, alone and in turns, with what was found kept and the noise told."""

from workbench.measuring.bench import COMPARISON_SECONDS, DEFAULT_FRAMES, Bench
from workbench.measuring.passes import SHARED_TURN_FRAMES, WarmedUp, warm_up
from workbench.measuring.real_time_pass import RealTimePass
from workbench.measuring.steady_wait import SLOW, FixedWork

__all__ = [
    "COMPARISON_SECONDS",
    "DEFAULT_FRAMES",
    "SHARED_TURN_FRAMES",
    "SLOW",
    "Bench",
    "FixedWork",
    "RealTimePass",
    "WarmedUp",
    "warm_up",
]
