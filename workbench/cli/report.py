"""`workbench report`: records written up as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import HistoryFile, JsonFile, Records, countable, writable
from workbench.files import PAGE


def report(
    records: Records = None,
    out: Annotated[Path, typer.Option(metavar="FILE", callback=writable(PAGE), help="Where to write the page.")] = Path(
        "report.html"
    ),
    history: HistoryFile = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="N", callback=countable, help="From the history at most so many, the fastest that work.")
    ] = 500,
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Allow records of several machines in one report.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Write records up as one HTML file. Without records: the newest run's detector and media, from the history."""
    from workbench.cli.saved import named_or_newest
    from workbench.cli.screen import console, write_json
    from workbench.report import write_report

    chosen = named_or_newest(records, history, top)
    write_report(chosen, out, allow_different_machines=different_machines)
    console(json_file).print(f"{len(chosen)} records: {out}")
    write_json(json_file, {"report": str(out), "records": [record.id for record in chosen]})
