"""`workbench history`: what was measured, listed, shown, tagged, exported and pruned."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from workbench.cli.saved import machine_of
from workbench.cli.screen import console, print_records, progress, write_json
from workbench.cli.tables import print_table, table_of
from workbench.errors import RecordError, SettingsError
from workbench.history import History, Summary, default_path
from workbench.machine import environment
from workbench.record import Record, write_whole
from workbench.settings import assignments
from workbench.wording import MISSING, counted, format_fraction, format_milliseconds, format_number, short_cpu_name

HERE = "here"
SHORT_ID = 8
FIGURES = ("ms", "FPS", "AP", "agreement")
PLACES: dict[str, Callable[[Summary], str]] = {
    "detector": lambda row: row.detector_name,
    "media": lambda row: row.media_name,
    "machine": lambda row: f"{short_cpu_name(row.cpu)} [{row.machine_id[:SHORT_ID]}]",
}
READ_AT_ONCE = 100  # records with pictures: some tens of MB


class Filters(NamedTuple):
    """Which records are meant; `None` leaves nothing out."""

    detector: str | None = None
    media: str | None = None
    machine: str | None = None
    """`here`, the beginning of an id, or a part of a processor's name."""
    tag: str | None = None
    engine: str | None = None
    name: str | None = None

    def of(self, history: History, newest: int | None = None) -> tuple[Summary, ...]:
        """Return the rows that match, newest last.

        Raises:
            RecordError: The machine is none that is known.
        """
        machine = self.machine
        if machine == HERE:
            machine = environment().machine_id
        elif machine is not None:
            machine = machine_of(machine, history.machines())
        return history.summaries(
            detector_name=self.detector,
            media_name=self.media,
            machine_id=machine,
            tag=self.tag,
            engine=self.engine,
            name=self.name,
            newest=newest,
        )


def opened_history(path: Path | None) -> History:
    """Open a history that is there: the user's own, or the one named. Raises `RecordError` where there is none."""
    return History(path or default_path(), create=False)


def show_list(filters: Filters, limit: int, history: Path | None, json_file: str | None) -> None:
    """Print a row for each record, the newest last. Raises `RecordError` where there is no history."""
    with opened_history(history) as opened:
        found = filters.of(opened, limit + 1)
    rows, more = found[-limit:], len(found) > limit
    out = console(json_file)
    if not rows:
        out.print("nothing that matches was measured" if any(filters) else "nothing was measured yet")
    else:
        print_table(out, _table(rows))
    if more:
        out.print(f"older ones are left out; --limit {limit * 10} shows more")
    write_json(json_file, json.dumps({"schema": 1, "more": more, "records": [row.tree() for row in rows]}))


def _table(rows: Sequence[Summary]) -> Table:
    """Return the rows; what is the same in all of them is said once, above."""
    same = {name: words for name, tell in PLACES.items() if len(words := {tell(row) for row in rows}) == 1}
    places = [name for name in PLACES if name not in same]
    table = table_of(
        "id", "measured", *places, "setting", *FIGURES, "noise", "tag", figures=FIGURES, whole=("id", "measured", "noise")
    )
    table.title = escape(", ".join(word for words in same.values() for word in words)) or None
    table.title_justify = "left"
    for row in rows:
        marks = f"{' (composed)' if row.composed else ''}{' (broken)' if row.broken else ''}"
        where = (PLACES[name](row) for name in places)
        cells = (row.id[:SHORT_ID], minute(row.created), *where, f"{row.name}{marks}", *_figures(row), row.noise, row.tag or "")
        table.add_row(*map(escape, cells), style="red" if row.problem or row.broken else "")
    return table


def _figures(row: Summary) -> tuple[str, ...]:
    if row.problem is not None:
        return ("did not run", "", "", "")
    return format_milliseconds(row.median_ms), format_number(row.fps), format_fraction(row.ap), format_fraction(row.agreement)


def minute(created: str) -> str:
    """Write a record's time to the minute, in UTC.

    >>> minute("2026-03-04T05:06:07+00:00")
    '2026-03-04 05:06'
    """
    return created[:16].replace("T", " ")


def show_record(prefix: str, history: Path | None, json_file: str | None) -> None:
    """Print one record. Raises `RecordError` where no single one is meant."""
    with opened_history(history) as opened:
        record = opened.get(prefix)
    out = console(json_file)
    print_records(out, (record,))
    for name, words in _facts(record):
        out.print(f"{name}: {words}", markup=False)
    write_json(json_file, record.to_json())


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    machine = record.environment
    yield "id", record.id
    yield "measured", record.created
    if record.tag is not None:
        yield "tag", record.tag
    yield "detector", f"{record.detector.name} ({record.detector.source}) [{record.detector.sha256[:SHORT_ID]}]"
    yield "media", f"{record.media.name} ({record.media.source})"
    yield "settings", " ".join(assignments(record.settings))
    if record.timing is not None:
        stages = record.timing.stage_medians().items()
        yield "stages", ", ".join(f"{stage} {format_milliseconds(seconds * 1000)} ms" for stage, seconds in stages) or MISSING
        start = f"{format_number(record.timing.compile_seconds)} s, first call {format_number(record.timing.first_call_seconds)} s"
        yield "start", f"compiling and converting {start}"
    if record.composed:
        yield "times", "put together from stages that were measured one by one"
    yield "machine", f"{machine.cpu} [{machine.machine_id[:SHORT_ID]}], {counted(machine.cores, 'core')}, {machine.system}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items()) or MISSING
    yield "again", record.command


def tag_record(prefix: str, tag: str | None, history: Path | None, json_file: str | None) -> None:
    """Give a record a tag, or take it away. Raises `WorkbenchError` where that cannot be."""
    if tag is not None and not tag.strip():
        raise SettingsError("the tag is empty; choose a word, or `workbench history untag ID`")
    with opened_history(history) as opened:
        changed = opened.set_tag(prefix, tag)
    words = f"is tagged {tag}" if tag is not None else "has no tag"
    console(json_file).print(f"{changed.id[:SHORT_ID]} {changed.name} {words}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "record": Summary.of(changed).tree()}))


def export_records(prefixes: tuple[str, ...], filters: Filters, out: Path, history: Path | None, json_file: str | None) -> None:
    """Write records to a file. Raises `WorkbenchError` where none is meant, or the file cannot be written."""
    if prefixes and any(filters):
        raise SettingsError("records are named by their ids or by filters; choose one of them")
    with opened_history(history) as opened, progress() as tell:
        ids = tuple(opened.get(prefix).id for prefix in prefixes) or tuple(row.id for row in filters.of(opened))
        if not ids:
            raise RecordError(f"{opened.path} holds no record that matches; choose others")
        texts: list[str] = []
        for start in range(0, len(ids), READ_AT_ONCE):
            tell("reading records", start, len(ids))
            texts += [record.to_json() for record in opened.records_by_id(ids[start : start + READ_AT_ONCE])]
        write_whole(out, f"[{','.join(texts)}]\n")
    console(json_file).print(f"{counted(len(ids), 'record')}: {out}", markup=False)
    write_json(json_file, json.dumps({"schema": 1, "file": str(out), "records": ids}))
