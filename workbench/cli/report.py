"""`workbench report`: records written up as one HTML file."""

import json
from pathlib import Path

from workbench.cli.screen import console, write_json
from workbench.errors import RecordError
from workbench.history import History, Summary, default_path
from workbench.record import Record, fastest_first, read_records
from workbench.report import write_report

PICTURED = 50  # records whose frames are shown; more of them would make the page larger than mail takes


def write(
    paths: tuple[Path, ...], out: Path, history: Path | None, json_file: str | None, *, top: int, different_machines: bool
) -> None:
    """Write the page; from the history at most `top` records.

    Raises:
        WorkbenchError: A record cannot be read, there is none, they are of several machines, or the page cannot be written.
    """
    records = tuple(record for path in paths for record in read_records(path)) or newest(history or default_path(), top)
    write_report(records, out, allow_different_machines=different_machines)
    console(json_file).print(f"{len(records)} records: {out}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "report": str(out), "records": [record.id for record in records]}))


def newest(path: Path, top: int) -> tuple[Record, ...]:
    """Return the records that belong together with the newest one: same detector, media and machine; of equal names the newest.

    Where they are too many: the fastest that work, and what they were compared with.
    """
    with History(path, create=False) as history:
        last = history.summaries(newest=1)
        if not last:
            raise RecordError(f"the history {path} is empty; measure something with `workbench run` first")
        together = history.together_with(last[0])
        best = _best(together, top)
        pictured = {row.id for row in best[:PICTURED]}
        chosen = {row.id for row in best}
        in_order = [row.id for row in together if row.id in chosen]
        plain = {record.id: record for record in history.records_by_id(chosen - pictured, pictures=False)}
        whole = plain | {record.id: record for record in history.records_by_id(pictured)}
        return tuple(whole[identity] for identity in in_order)


def _best(rows: tuple[Summary, ...], top: int) -> list[Summary]:
    """Return at most so many: what others were compared with, then what works, the fastest first."""
    baselines = {row.agreement_baseline for row in rows}
    ordered = fastest_first(rows, lambda row: (row.median_ms, row.ap))
    return sorted(ordered, key=lambda row: (row.name not in baselines, not row.sound))[:top]
