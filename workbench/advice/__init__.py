"""Advice: what the records show, what changing it should bring, and what it brought where that was measured.

Works on records alone: what it says of a setting was measured here, or is arithmetic on what was, and each card says which.
"""

from workbench.advice.advising import RULES, advise
from workbench.advice.card import Card
from workbench.advice.precisions import REPAIR

__all__ = ["REPAIR", "RULES", "Card", "advise"]
