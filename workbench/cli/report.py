"""`workbench report`: records written up as one HTML file."""

import json
from pathlib import Path

from workbench.cli.screen import console, write_json
from workbench.errors import RecordError
from workbench.history import History, default_path
from workbench.record import Record, read_records
from workbench.report import write_report


def write(paths: tuple[Path, ...], out: Path, history: Path | None, json_file: str | None, *, different_machines: bool) -> None:
    """Write the page.

    Raises:
        WorkbenchError: A record cannot be read, there is none, they are of several machines, or the page cannot be written.
    """
    records = tuple(record for path in paths for record in read_records(path)) or _newest(history or default_path())
    write_report(records, out, allow_different_machines=different_machines)
    console(json_file).print(f"{len(records)} records: {out}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "report": str(out), "records": [record.id for record in records]}))


def _newest(path: Path) -> tuple[Record, ...]:
    """Return the records that belong together with the newest one: same detector, media and machine; of equal names the newest."""
    with History(path, create=False) as history:
        rows = history.records()
        if not rows:
            raise RecordError(f"the history {path} is empty; measure something with `workbench run` first")
        last = rows[-1]
        key = (last.detector.sha256, last.media.sha256, last.environment.machine_id)
        chosen = {row.name: row.id for row in rows if (row.detector.sha256, row.media.sha256, row.environment.machine_id) == key}
        return tuple(history.get(identity) for identity in chosen.values())
