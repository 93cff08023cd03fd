"""Picking: the fastest setting that meets a budget, by how much, and what stands in the way where none does.

from workbench.picking import Budget, pick, sentence

picked = pick(history.summaries(), Budget(min_fps=30, max_ap_loss=0.02))
print(sentence(picked))
"""

from workbench.picking.budget import Budget, Candidate, Limit, Margin, Stat
from workbench.picking.pick import Choice, Pick, Relaxation, pick
from workbench.picking.words import sentence, setting_words

__all__ = [
    "Budget",
    "Candidate",
    "Choice",
    "Limit",
    "Margin",
    "Pick",
    "Relaxation",
    "Stat",
    "pick",
    "sentence",
    "setting_words",
]
