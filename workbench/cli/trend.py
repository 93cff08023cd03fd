"""`workbench history trend`: successive runs of the same setting, on each machine by itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from workbench.cli.history import SHORT_ID, Filters, minute, opened_history
from workbench.cli.screen import console, write_json
from workbench.cli.tables import print_table, table_of
from workbench.history import Run, trends
from workbench.wording import format_change, format_fraction, format_milliseconds, format_percent, short_cpu_name

FIGURES = ("median ms", "change", "AP", "AP change")


def show_trends(filters: Filters, limit: int, history: Path | None, json_file: str | None) -> None:
    """Print the runs of each setting that was measured more than once. Raises `RecordError` where there is no history."""
    with opened_history(history) as opened:
        found = trends(filters.of(opened))[-limit:]
    out = console(json_file)
    if not found:
        out.print("nothing that matches was measured twice under the same settings")
    for one in found:
        row = one.newest
        machine = f"{short_cpu_name(row.cpu)} [{row.machine_id[:SHORT_ID]}]"
        out.print(f"\n{row.detector_name}, {row.name}, on {row.media_name}, {machine}", style="bold", markup=False)
        print_table(out, _runs_table(one.runs))
    tree = [
        {"settings": one.newest.settings.model_dump(mode="json"), "runs": [_run_tree(run) for run in one.runs]} for one in found
    ]
    write_json(json_file, json.dumps({"schema": 1, "trends": tree}))


def _runs_table(runs: Sequence[Run]) -> Table:
    table = table_of("id", "measured", *FIGURES, "noise", "", figures=FIGURES, whole=("id", "measured"))
    for run in runs:
        row = run.summary
        change = format_percent(run.median_change)
        cells = (
            row.id[:SHORT_ID],
            minute(row.created),
            format_milliseconds(row.median_ms),
            f"+{change}" if run.median_change is not None and run.median_change > 0 else change,
            format_fraction(row.ap),
            format_change(run.ap_change),
            row.noise,
            ", ".join(filter(None, (row.tag, "" if run.same_model else "another model file"))),
        )
        table.add_row(*map(escape, cells))
    return table


def _run_tree(run: Run) -> dict[str, Any]:
    return run._asdict() | {"summary": run.summary.tree()}
