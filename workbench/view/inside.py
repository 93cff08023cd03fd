"""What is inside a network, in the words and figures that people read: the same as the report's."""

from collections.abc import Iterable, Sequence
from typing import Any, final

from workbench.profile import why_not_profiled
from workbench.record import (
    INSIDE_FIGURES,
    OPERATOR_HEADINGS,
    Profile,
    Record,
    group_cells,
    inside_sums,
    lint_words,
    operator_cells,
)
from workbench.session import Session
from workbench.wording import counted

MOST_ROWS = 15  # of each table; the report and --json have more
FIGURES = frozenset({"operators", *INSIDE_FIGURES})
LEFT_OUT = frozenset({"kernel", "output", "MMAC", "moves"})  # columns that only the report and the command line have room for
Told = dict[str, Any]


@final
class InsideTold:
    """Tells of the tab, and keeps its tables until another profile is shown: a network may have thousands of operators."""

    def __init__(self) -> None:
        self._last: tuple[Profile, Told] | None = None

    def tell(self, session: Session, records: Sequence[Record]) -> Told:
        """Tell whose operators would be timed now, or why they cannot be; and those of the current setting, else the last."""
        opened, settings = session.opened, session.settings
        if opened is None or settings is None:
            return {"about": None, "reason": "Detector and frames are still being opened.", "picture": None}
        timed = [record for record in records if record.inside is not None]
        shown = next((record for record in reversed(timed) if record.settings == settings), timed[-1] if timed else None)
        return {
            "about": f"{session.name_of(settings)}, in a process of its own",
            "reason": why_not_profiled(settings),
            "picture": self._picture(shown) if shown is not None else None,
        }

    def _picture(self, record: Record) -> Told:
        found = record.inside
        assert found is not None, "it was timed"
        if self._last is None or self._last[0] is not found:
            self._last = found, _tables(found)
        return {"name": record.name, **self._last[1]}


def _tables(found: Profile) -> Told:
    first = "First" if found.untimed else "Slowest"
    operators = (operator_cells(found, row) for row in found.slowest[:MOST_ROWS])
    tables = [_table(f"{first} of {counted(len(found.operators), 'operator')}", OPERATOR_HEADINGS, operators)]
    for heading, groups in () if found.untimed else (("type", found.by_kind), ("part", found.by_part)):
        cells = (group_cells(found, group) for group in groups[:MOST_ROWS])
        tables.append(_table(f"By {heading}", (heading, "operators", *INSIDE_FIGURES), cells))
    return {"sums": inside_sums(found), "lints": [lint_words(found, one) for one in found.lints], "tables": tables}


def _table(caption: str, headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Told:
    """Return a table of those columns that a tab has room for."""
    shown = [place for place, heading in enumerate(headings) if heading not in LEFT_OUT]
    return {
        "caption": caption,
        "headings": [[headings[place], headings[place] in FIGURES] for place in shown],
        "rows": [[row[place] for place in shown] for row in rows],
    }
