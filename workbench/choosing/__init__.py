"""Choosing: the fastest setting that keeps a budget, and whether a newer record is worse than an older one."""

from workbench.choosing.budget import Budget, Stat
from workbench.choosing.checking import Check, Tolerance, check, did_not_run
from workbench.choosing.differences import Differences, compare_records
from workbench.choosing.picking import Choice, Pick, accuracy_of_choice, choices_of, pick
from workbench.choosing.sentences import sentence, setting_words
from workbench.choosing.speeds import ratio_of_medians

__all__ = [
    "Budget",
    "Check",
    "Choice",
    "Differences",
    "Pick",
    "Stat",
    "Tolerance",
    "accuracy_of_choice",
    "check",
    "choices_of",
    "compare_records",
    "did_not_run",
    "pick",
    "ratio_of_medians",
    "sentence",
    "setting_words",
]
