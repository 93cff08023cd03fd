"""Ground truth: what is really in the pictures."""

from workbench.datasets.reading import read_truth, truth_for, truth_of
from workbench.datasets.truth import ImageTruth, Truth, match

__all__ = [
    "ImageTruth",
    "Truth",
    "match",
    "read_truth",
    "truth_for",
    "truth_of",
]
