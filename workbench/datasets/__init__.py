"""Ground truth: what is really in the pictures, and what classes are called."""

from workbench.datasets.class_names import (
    MOST_NAME_BYTES,
    NO_CLASS,
    UNUSED,
    name_text,
    names_in,
    parse_names,
    read_name_text,
    tree_in,
)
from workbench.datasets.reading import read_truth, truth_for, truth_of
from workbench.datasets.truth import Truth, match, shortened

__all__ = [
    "MOST_NAME_BYTES",
    "NO_CLASS",
    "UNUSED",
    "Truth",
    "match",
    "name_text",
    "names_in",
    "parse_names",
    "read_name_text",
    "read_truth",
    "shortened",
    "tree_in",
    "truth_for",
    "truth_of",
]
