"""Two saved records side by side, and whether the newer one is worse than it was, beyond what noise explains.

Records of two sessions were not interleaved, so what the machine did between them (its clock, its neighbours, its memory) is in the
difference as well. The bootstrap tells only what the frames of the two sessions do not agree on; a margin stands for the rest.
"""

from workbench.regression.checking import MAX_AGREEMENT_LOSS, MAX_AP_LOSS, MAX_SLOWER, Check, Tolerance, check, did_not_run
from workbench.regression.differences import Differences, compare_records
from workbench.regression.times import Speeds, compare_times, ratio_of_medians

__all__ = [
    "MAX_AGREEMENT_LOSS",
    "MAX_AP_LOSS",
    "MAX_SLOWER",
    "Check",
    "Differences",
    "Speeds",
    "Tolerance",
    "check",
    "compare_records",
    "compare_times",
    "did_not_run",
    "ratio_of_medians",
]
