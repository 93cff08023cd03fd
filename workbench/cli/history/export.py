"""`workbench history export`: records as a file of JSON, CSV or markdown."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.history.filters import EngineName, Machine, Name, Tag, machine_id_of
from workbench.cli.options import DetectorName, HistoryFile, JsonFile, MediaName
from workbench.errors import RecordError, SettingsError

READ_AT_ONCE = 100  # records with pictures: some tens of MB


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write them: .json, .csv or .md.")],
    records: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Beginnings of ids; all that match the filters without.")
    ] = None,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Write records to a JSON file that `workbench report` reads; or as a table, for a spreadsheet (.csv) or a comment (.md)."""
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, progress, write_json
    from workbench.files import CSV, JSON, MARKDOWN, check_writable, write_whole
    from workbench.record import Record, Records
    from workbench.wording import counted

    if records and any((detector, media, machine, tag, engine, name)):
        raise SettingsError("records are named by their ids or by filters; choose one of them")
    over, to_table = {".csv": (CSV, Records.to_csv), ".md": (MARKDOWN, Records.to_markdown)}.get(out.suffix.lower(), (JSON, None))
    check_writable(out, over)
    with opened_history(history) as opened, progress() as tell:
        if records:
            ids = [opened.get(prefix).id for prefix in records]
        else:
            machine_id = machine_id_of(machine, opened)
            rows = opened.summaries(
                detector_name=detector, media_name=media, machine_id=machine_id, tag=tag, engine=engine, name=name
            )
            ids = [row.id for row in rows]
        if not ids:
            raise RecordError(f"{opened.path} holds no record that matches; choose others")
        texts, rows_of_table = list[str](), list[Record]()
        for start in range(0, len(ids), READ_AT_ONCE):
            tell("reading records", start, len(ids))
            read = opened.records_by_id(ids[start : start + READ_AT_ONCE], pictures=to_table is None)
            if to_table is None:
                texts += [record.to_json() for record in read]
            else:
                rows_of_table += read
        write_whole(out, f"[{','.join(texts)}]\n" if to_table is None else to_table(Records(rows_of_table)), over=over)
    console(json_file).print(f"{counted(len(ids), 'record')}: {out}")
    write_json(json_file, {"file": str(out), "records": ids})
