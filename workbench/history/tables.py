"""The history's tables, the statements that fill them, and which files hold them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any, get_args, get_type_hints

from workbench.errors import RecordError
from workbench.history.summary import Summary
from workbench.record import Record

SCHEMA = 2  # of what follows and of the columns of `Summary`
REMEDIES = {1: "open it once with workbench 0.1.0, which brings it up to date, or choose another file"}  # by schema of a file

TYPES = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER"}
READ_AS: dict[str, type] = {"TEXT": str, "INTEGER": int, "REAL": float}  # by SQLite, which stores any value in any column


def _column(name: str, kind: Any) -> str:
    """Return a column as SQL has it: what may be `None` may be null."""
    first, *others = get_args(kind) or (kind,)
    return f"{name} {TYPES[first]}{'' if others else ' NOT NULL'}"


# Apart from the records' bodies: whoever looks through all rows then reads a twentieth of the file.
TABLES = (
    "CREATE TABLE summaries (position INTEGER PRIMARY KEY AUTOINCREMENT,"
    f" {', '.join(starmap(_column, get_type_hints(Summary).items()))}, UNIQUE (id))",
    # Of one column each: rows of equal words then come in the order of their positions, and nothing has to be sorted.
    "CREATE INDEX summaries_by_detector ON summaries (detector_sha256)",
    "CREATE INDEX summaries_by_name ON summaries (name)",
    "CREATE INDEX summaries_by_tag ON summaries (tag) WHERE tag IS NOT NULL",
    "CREATE TABLE bodies (position INTEGER PRIMARY KEY, record TEXT NOT NULL, pictures TEXT NOT NULL)",
)
COLUMNS = ", ".join(Summary._fields)
INSERT_SUMMARY = (
    f"INSERT INTO summaries ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Summary._fields)})"  # noqa: S608 - our own words
    " ON CONFLICT (id) DO NOTHING"
)
# After its summary, which gave it its place; a body that is there already stays as it is.
INSERT_BODY = (
    "INSERT INTO bodies (position, record, pictures) SELECT position, :record, :pictures FROM summaries WHERE id = :id"
    " ON CONFLICT (position) DO NOTHING"
)


def body(record: Record) -> dict[str, str]:
    """Return the rest of a record's row: its JSON, and apart from it what makes it large."""
    large = {"pictures", "worst", "detections", "timeline"}
    return {"id": record.id, "record": record.model_dump_json(exclude=large), "pictures": record.model_dump_json(include=large)}


def _values(kind: Any) -> tuple[type, ...]:
    first, *others = get_args(kind) or (kind,)
    return (READ_AS[TYPES[first]], *others)


VALUES = tuple(map(_values, get_type_hints(Summary).values()))


def summaries_of(rows: Iterable[Sequence[Any]], path: Path) -> tuple[Summary, ...]:
    """Return the rows of a file's table as summaries.

    Raises:
        RecordError: One holds what nobody wrote there; says which.
    """
    found = tuple(map(Summary._make, rows))
    damaged = [row for row in found if not all(map(isinstance, row, VALUES))]
    damaged = damaged or [row for text, row in {row.settings_json: row for row in found}.items() if not _is_mapping(text)]
    if damaged:
        raise RecordError(f"{path} is damaged in the row of record {str(damaged[0].id)[:8]!r}; choose a copy, or measure anew")
    return found


def _is_mapping(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def known_schema(base: sqlite3.Connection, path: Path) -> int:
    """Return 0 for a new file, else the schema that this version reads.

    Raises:
        RecordError: The file holds anything else; it is not touched.
    """
    # One statement sees one state of the file, whatever another process does meanwhile.
    asked = "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
    schema, tables = base.execute(asked).fetchone()
    if schema == 0 and tables:
        raise RecordError(f"{path} is a database of something else; choose a history that `workbench` wrote")
    if schema not in {0, SCHEMA}:
        what = REMEDIES.get(schema, "choose another file or use the version that wrote it")
        raise RecordError(f"{path} has history schema {schema}, this version reads schema {SCHEMA}; {what}")
    return int(schema)


def missing_columns(base: sqlite3.Connection) -> tuple[str, ...]:
    """Return what a file of before lacks of the columns, as SQL has them; all of them may be null."""
    there = {name for (name,) in base.execute("SELECT name FROM pragma_table_info('summaries')")}
    return tuple(_column(name, kind) for name, kind in get_type_hints(Summary).items() if name not in there) if there else ()


def add_columns(base: sqlite3.Connection) -> None:
    """Bring a file of before up to date, inside the caller's transaction; the versions that wrote it read it as before."""
    for column in missing_columns(base):
        base.execute(f"ALTER TABLE summaries ADD COLUMN {column}")


def show_columns(base: sqlite3.Connection) -> None:
    """Show a file of before that cannot be written as if it had them, to this connection."""
    nothing = ", ".join(f"NULL AS {column.split()[0]}" for column in missing_columns(base))
    base.execute(f"CREATE TEMP VIEW summaries AS SELECT *, {nothing} FROM main.summaries")  # noqa: S608 - our own words


def make_tables(base: sqlite3.Connection) -> None:
    """Make a new file's tables, inside the caller's transaction."""
    for statement in TABLES:
        base.execute(statement)
    base.execute(f"PRAGMA user_version = {SCHEMA}")
