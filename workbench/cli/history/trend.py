"""`workbench history trend`: successive runs of the same setting, on each machine by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.history.filters import SHORT_ID, EngineName, Machine, Name, machine_id_of, minute
from workbench.cli.options import DetectorName, HistoryFile, JsonFile, MediaName, countable

if TYPE_CHECKING:
    from rich.table import Table

    from workbench.history import Run

FIGURES = ("median ms", "change", "AP", "AP change")


def trend(
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", callback=countable, help="How many trends, those with the newest runs.")
    ] = 10,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Show what the same setting took, time after time, on each machine by itself."""
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, write_json
    from workbench.cli.tables import print_table
    from workbench.history import trends
    from workbench.wording import short_cpu_name

    with opened_history(history) as opened:
        machine_id = machine_id_of(machine, opened)
        rows = opened.summaries(detector_name=detector, media_name=media, machine_id=machine_id, engine=engine, name=name)
    found = trends(rows)[-limit:]
    out = console(json_file)
    if not found:
        out.print("nothing that matches was measured twice under the same settings")
    for one in found:
        row = one.newest
        place = f"{short_cpu_name(row.cpu)} [{row.machine_id[:SHORT_ID]}]"
        out.print()
        out.print(f"{row.detector_name}, {row.name}, on {row.media_name}, {place}", style="bold")
        print_table(out, _runs_table(one.runs))
    tree = [
        {"settings": one.newest.settings.model_dump(mode="json"), "runs": [_run_tree(run) for run in one.runs]} for one in found
    ]
    write_json(json_file, {"trends": tree})


def _runs_table(runs: Sequence[Run]) -> Table:
    from workbench.cli.tables import table_of
    from workbench.wording import format_change, format_fraction, format_milliseconds, format_percent

    table = table_of("id", "measured", *FIGURES, "noise", "", figures=FIGURES, whole=("id", "measured"))
    for run in runs:
        row = run.summary
        change = format_percent(run.median_change)
        others = [what for what, same in (("another truth", run.same_truth), ("another model file", run.same_model)) if not same]
        cells = (
            row.id[:SHORT_ID],
            minute(row.created),
            format_milliseconds(row.median_ms),
            f"+{change}" if run.median_change is not None and run.median_change > 0 else change,
            format_fraction(row.ap),
            format_change(run.ap_change),
            row.noise,
            ", ".join([*filter(None, [row.tag]), *others]),
        )
        table.add_row(*cells)
    return table


def _run_tree(run: Run) -> dict[str, Any]:
    return run._asdict() | {"summary": run.summary.tree()}
