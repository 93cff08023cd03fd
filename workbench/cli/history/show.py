"""`workbench history show`: one record whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.cli.history.filters import SHORT_ID, RecordId
from workbench.cli.options import HistoryFile, JsonFile

if TYPE_CHECKING:
    from workbench.record import Record


def show(record: RecordId, history: HistoryFile = None, json_file: JsonFile = None) -> None:
    """Show one record: figures, settings, machine, and the command that repeats it."""
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, print_records, write_json

    with opened_history(history) as opened:
        found = opened.get(record)
    out = console(json_file)
    print_records(out, (found,))
    for name, words in _facts(found):
        out.print(f"{name}: {words}")
    write_json(json_file, found.to_json())


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    from workbench.settings import assignments, setting_names
    from workbench.wording import MISSING, counted, format_milliseconds, format_seconds

    machine = record.environment
    yield "id", record.id
    yield "measured", record.created
    if record.tag is not None:
        yield "tag", record.tag
    yield "detector", f"{record.detector.name} ({record.detector.source}) [{record.detector.sha256[:SHORT_ID]}]"
    yield "media", f"{record.media.name} ({record.media.source})"
    yield "settings", " ".join(assignments(record.settings, setting_names()))
    if record.timing is not None:
        stages = record.timing.stage_medians().items()
        yield "stages", ", ".join(f"{stage} {format_milliseconds(seconds * 1000)} ms" for stage, seconds in stages) or MISSING
        compiling, first_call = map(format_seconds, (record.timing.compile_seconds, record.timing.first_call_seconds))
        yield "start", f"compiling and converting {compiling}, first call {first_call}"
    if record.composed:
        yield "times", "put together from stages that were measured one by one"
    yield "machine", f"{machine.cpu} [{machine.machine_id[:SHORT_ID]}], {counted(machine.cores, 'core')}, {machine.system}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items()) or MISSING
    yield "again", record.command
