"""`workbench history prune`: what may go goes, what is tagged stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import HistoryFile, JsonFile, countable
from workbench.errors import SaveError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.history import History, Summary

MOST_DAYS = 36_525  # a century: nothing was measured before, and dates end somewhere


def prune(
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, callback=countable, help="Only what is older than so many days.")
    ] = None,
    problems: Annotated[bool, typer.Option("--problems", help="Only what did not run.")] = False,
    composed: Annotated[bool, typer.Option("--composed", help="Only times that a sweep put together.")] = False,
    keep: Annotated[int | None, typer.Option(metavar="N", min=0, callback=countable, help="But not the newest N of these.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Remove records that match every option given. What is tagged stays."""
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, write_json
    from workbench.wording import counted

    if older_than is None and keep is None and not problems and not composed:
        raise SettingsError("say what shall go: --older-than DAYS, --problems, --composed or --keep N")
    before = None if older_than is None else (datetime.now(UTC) - timedelta(days=min(older_than, MOST_DAYS))).isoformat()
    out = console(json_file)
    with opened_history(history) as opened:
        rows = opened.summaries()
        meant = [
            row
            for row in rows
            if row.tag is None
            and (before is None or (row.created and row.created < before))
            and (row.problem is not None or not problems)
            and (row.composed or not composed)
        ]
        gone = meant[: max(0, len(meant) - (keep or 0))]
        if not dry_run and gone:
            _remove(opened, gone, out)
    tagged = sum(row.tag is not None for row in rows)
    left = len(rows) - len(gone)
    kept = f"{counted(left, 'record')} {'stay' if left != 1 else 'stays'} ({tagged} tagged)"
    out.print(f"{counted(len(gone), 'record')} {'would be ' if dry_run else ''}removed; {kept}")
    write_json(json_file, {"dry_run": dry_run, "removed": [row.id for row in gone], "kept": left})


def _remove(opened: History, gone: Sequence[Summary], out: Console) -> None:
    from workbench.cli.screen import progress

    with progress() as tell:
        tell("removing records", 0, 0)
        opened.remove_many(row.id for row in gone)
        tell("making the file smaller", 0, 0)
        try:
            opened.compact()
        except SaveError as error:
            out.print(str(error), style="yellow")
