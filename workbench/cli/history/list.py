"""`workbench history list`: a row for each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from workbench.cli.history.filters import DEFAULT_ROWS, SHORT_ID, EngineName, Limit, Machine, Name, Tag, machine_id_of, minute
from workbench.cli.options import DetectorName, HistoryFile, JsonFile, MediaName, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from workbench.history import Summary

FIGURES = ("ms", "FPS", "AP", "agreement")


def list_records(
    context: typer.Context,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Limit = DEFAULT_ROWS,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """List records, the newest last."""
    filtered = any((detector, media, machine, tag, engine, name))
    if context.invoked_subcommand is not None:  # then these are the options of `workbench history`, which lists by default
        if filtered or history or json_file or limit != DEFAULT_ROWS:
            raise UsageError(f"options of `{context.invoked_subcommand}` stand after it", context)
        return
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, write_json
    from workbench.cli.tables import print_table

    with opened_history(history) as opened:
        machine_id = machine_id_of(machine, opened)
        found = opened.summaries(
            detector_name=detector, media_name=media, machine_id=machine_id, tag=tag, engine=engine, name=name, newest=limit + 1
        )
    rows, more = found[-limit:], len(found) > limit
    out = console(json_file)
    if rows:
        print_table(out, _table(rows))
    else:
        out.print("nothing that matches was measured" if filtered else "nothing was measured yet")
    if more:
        out.print(f"older ones are left out; --limit {limit * 10} shows more")
    write_json(json_file, {"more": more, "records": [row.tree() for row in rows]})


def _table(rows: Sequence[Summary]) -> Table:
    """Return the rows; what is the same in all of them is said once, above."""
    from workbench.cli.tables import summary_weight, table_of
    from workbench.record import WEIGHT_HEADINGS
    from workbench.wording import short_cpu_name

    where = {
        "detector": [row.detector_name for row in rows],
        "media": [row.media_name for row in rows],
        "machine": [f"{short_cpu_name(row.cpu)} [{row.machine_id[:SHORT_ID]}]" for row in rows],
    }
    same = [words[0] for words in where.values() if len(set(words)) == 1]
    differing = {name: words for name, words in where.items() if len(set(words)) > 1}
    weighed = any(row.peak_bytes is not None for row in rows)
    figures = (*FIGURES, *(WEIGHT_HEADINGS if weighed else ()))
    table = table_of(
        "id", "measured", *differing, "setting", *figures, "noise", "tag", figures=figures, whole=("id", "measured", "noise")
    )
    table.title = ", ".join(same) or None
    table.title_justify = "left"
    for number, row in enumerate(rows):
        marks = f"{' (composed)' if row.composed else ''}{' (broken)' if row.broken else ''}"
        places = (words[number] for words in differing.values())
        figures = (*_figures(row), *(summary_weight(row) if weighed else ()))
        cells = (row.id[:SHORT_ID], minute(row.created), *places, f"{row.name}{marks}", *figures, row.noise, row.tag or "")
        table.add_row(*cells, style="red" if row.problem or row.broken else "")
    return table


def _figures(row: Summary) -> tuple[str, ...]:
    from workbench.wording import format_fraction, format_milliseconds, format_number

    if row.problem is not None:
        return ("did not run", "", "", "")
    return format_milliseconds(row.median_ms), format_number(row.fps), format_fraction(row.ap), format_fraction(row.agreement)
