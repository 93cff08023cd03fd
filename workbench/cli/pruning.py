"""`workbench history prune`: what may go goes, what is tagged stays."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from workbench.cli.history import opened_history
from workbench.cli.screen import console, progress, write_json
from workbench.errors import SaveError, SettingsError
from workbench.history import History, Summary
from workbench.wording import counted


class Pruning(NamedTuple):
    """What shall go: what all of these mean."""

    older_than_days: float | None = None
    problems: bool = False
    composed: bool = False
    keep: int | None = None
    """How many of them stay, the newest."""

    def of(self, rows: Sequence[Summary], now: datetime) -> tuple[Summary, ...]:
        """Return the rows that go; none that is tagged.

        Args:
            rows: All of them, newest last.
            now: What `older_than_days` counts back from, in UTC.
        """
        before = None if self.older_than_days is None else (now - timedelta(days=self.older_than_days)).isoformat()
        meant = [
            row
            for row in rows
            if row.tag is None
            and (before is None or (row.created and row.created < before))
            and (row.problem is not None or not self.problems)
            and (row.composed or not self.composed)
        ]
        return tuple(meant[: max(0, len(meant) - (self.keep or 0))])


def prune_records(asked: Pruning, history: Path | None, json_file: str | None, *, dry_run: bool) -> None:
    """Remove records, or say which. Raises `WorkbenchError` where nothing was asked for, or it cannot be written."""
    if asked == Pruning():
        raise SettingsError("say what shall go: --older-than DAYS, --problems, --composed or --keep N")
    out = console(json_file)
    with opened_history(history) as opened:
        rows = opened.summaries()
        gone = asked.of(rows, datetime.now(UTC))
        if not dry_run and gone:
            _remove(opened, gone, out)
    tagged = sum(row.tag is not None for row in rows)
    kept = f"{counted(len(rows) - len(gone), 'record')} {'stay' if len(rows) - len(gone) != 1 else 'stays'} ({tagged} tagged)"
    out.print(f"{counted(len(gone), 'record')} {'would be ' if dry_run else ''}removed; {kept}")
    tree = {"schema": 1, "dry_run": dry_run, "removed": [row.id for row in gone], "kept": len(rows) - len(gone)}
    write_json(json_file, json.dumps(tree))


def _remove(opened: History, gone: Sequence[Summary], out: Console) -> None:
    with progress() as tell:
        tell("removing records", 0, 0)
        opened.remove_many(row.id for row in gone)
        tell("making the file smaller", 0, 0)
        try:
            opened.compact()
        except SaveError as error:
            out.print(str(error), style="yellow", markup=False)
