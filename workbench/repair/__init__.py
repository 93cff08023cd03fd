"""Repair: what quantising breaks is made right again, by ranges or by the fewest operators in float."""

from workbench.repair.isolation import Job, Outcome, run_repair
from workbench.repair.quality import AGREEMENT_OF_AP
from workbench.repair.repairing import MOST_LOSS, quantise

__all__ = ["AGREEMENT_OF_AP", "MOST_LOSS", "Job", "Outcome", "quantise", "run_repair"]
