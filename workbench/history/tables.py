"""The history's tables, and how a file of an earlier schema becomes one of today's."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from workbench.errors import WorkbenchError
from workbench.history.summary import Summary
from workbench.record import Record

SCHEMA = 2
READABLE = frozenset({0, 1, SCHEMA})  # 0 is a new file

# Apart from the records' bodies: whoever looks through all rows then reads a twentieth of the file.
TABLES = (
    """
    CREATE TABLE summaries (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        name TEXT NOT NULL,
        tag TEXT,
        detector_name TEXT NOT NULL,
        detector_sha256 TEXT NOT NULL,
        labels_key TEXT NOT NULL,
        media_name TEXT NOT NULL,
        media_key TEXT NOT NULL,
        machine_id TEXT NOT NULL,
        cpu TEXT NOT NULL,
        settings_json TEXT NOT NULL,
        engine TEXT NOT NULL,
        precision TEXT NOT NULL,
        height INTEGER,
        width INTEGER,
        frames INTEGER NOT NULL,
        median_ms REAL,
        p95_ms REAL,
        fps REAL,
        ap REAL,
        ap_truth TEXT,
        agreement REAL,
        agreement_baseline TEXT,
        broken INTEGER NOT NULL,
        problem TEXT,
        composed INTEGER NOT NULL,
        noise TEXT NOT NULL
    )
    """,
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
UNREADABLE = "damaged, or written by another version"


def body(record: Record) -> dict[str, str]:
    """Return the rest of a record's row: its JSON, and apart from it what makes it large."""
    large = {"pictures", "detections", "timeline"}
    return {"id": record.id, "record": record.model_dump_json(exclude=large), "pictures": record.model_dump_json(include=large)}


def bring_up_to_date(base: sqlite3.Connection, schema: int) -> None:
    """Make today's tables inside the caller's transaction; what a file of schema 1 holds moves into them, record by record."""
    if schema == 1:
        base.execute("ALTER TABLE records RENAME TO records_1")
    for statement in TABLES:
        base.execute(statement)
    if schema == 1:
        base.executemany(INSERT_SUMMARY, _old_summaries(base))
        # In the old order, which the summaries have kept; what a record holds is not touched.
        base.execute(
            "INSERT INTO bodies (position, record, pictures) SELECT summaries.position, record, pictures FROM summaries"
            " JOIN records_1 ON records_1.id = summaries.id ORDER BY summaries.position"
        )
        base.execute("DROP TABLE records_1")
    base.execute(f"PRAGMA user_version = {SCHEMA}")


def _old_summaries(base: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    query = "SELECT id, name, tag, detector_name, detector_sha256, machine_id, record FROM records_1 ORDER BY position"
    for identity, name, tag, detector_name, detector_sha256, machine_id, text in base.execute(query):
        try:
            summary = Summary.of(Record.from_json(text))
        except (WorkbenchError, TypeError):  # it stays, and says so when it is read
            summary = _unreadable(identity)
        known = {
            "name": name,
            "tag": tag,
            "detector_name": detector_name,
            "detector_sha256": detector_sha256,
            "machine_id": machine_id,
        }
        yield summary._asdict() | known | {"id": identity}


def _unreadable(identity: str) -> Summary:
    row: dict[str, Any] = {name: "" if kind is str else None for name, kind in Summary.__annotations__.items()}
    row |= {"id": identity, "settings_json": "{}", "noise": "unknown"}
    return Summary(**row | {"frames": 0, "broken": False, "composed": False, "problem": UNREADABLE})
