"""The history: every record kept in one SQLite file, and what it tells without reading the records again."""

from workbench.history.fast import fast_values
from workbench.history.store import History, default_path
from workbench.history.summary import Summary, of_newest_truth
from workbench.history.trend import Run, trends

__all__ = [
    "History",
    "Run",
    "Summary",
    "default_path",
    "fast_values",
    "of_newest_truth",
    "trends",
]
