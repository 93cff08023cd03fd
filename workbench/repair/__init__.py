"""Repair: what quantising breaks is made right again, by ranges or by the fewest operators in float."""

from workbench.repair.child import MOST_LOSS, Job
from workbench.repair.repair import Outcome, run_repair

__all__ = ["MOST_LOSS", "Job", "Outcome", "run_repair"]
