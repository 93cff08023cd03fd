"""The history: records kept in one SQLite file, safe when several processes write and when the power fails."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import platformdirs

from workbench.errors import RecordError, SaveError
from workbench.record import Record, check_same_machine

HISTORY_SCHEMA = 1
BUSY_SECONDS = 30.0  # a writer holds the lock for milliseconds; after this long something else is wrong
AP_LOSS_LIMIT = 0.02  # what `fast` may cost against the best AP known: about the run-to-run spread of training the same model

TABLES = """
CREATE TABLE records (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tag TEXT,
    detector_name TEXT NOT NULL,
    detector_sha256 TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    record TEXT NOT NULL,
    pictures TEXT NOT NULL
);
CREATE INDEX records_by_detector ON records (detector_sha256, machine_id);
"""


def default_path() -> Path:
    """Return where this user's history lives."""
    return platformdirs.user_data_path("workbench", appauthor=False) / "history.sqlite"


@final
class History:
    """Records in the order in which they were added, newest last. One thread at a time; any number of processes.

    Args:
        path: The SQLite file; folders above it are made.
        create: Whether a missing file is made, or an error.

    Raises:
        RecordError: The file is missing and shall not be made, is not SQLite, is damaged, or holds another schema.
        SaveError: The file cannot be made.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise RecordError(f"there is no history at {path}; choose a file that `workbench` wrote, or measure first")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise SaveError(f"cannot open {path}: {error}; choose another place") from None
        try:
            self._prepare()
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()

    def append(self, record: Record) -> bool:
        """Store a record, on the disk when this returns.

        Returns:
            Whether it was new; one that is there already is left as it is.

        Raises:
            SaveError: No space or no permission; what was stored before is still there.
        """
        with self._writing():
            added = self._base.execute(
                "INSERT INTO records (id, name, tag, detector_name, detector_sha256, machine_id, record, pictures)"
                " VALUES (:id, :name, :tag, :detector_name, :detector_sha256, :machine_id, :record, :pictures)"
                " ON CONFLICT (id) DO NOTHING",
                _row(record),
            )
            return added.rowcount == 1

    def records(
        self,
        *,
        detector_name: str | None = None,
        detector_sha256: str | None = None,
        machine_id: str | None = None,
        name: str | None = None,
        tag: str | None = None,
        pictures: bool = True,
    ) -> tuple[Record, ...]:
        """Return the records that match every given word, newest last.

        Args:
            detector_name: As in `record.detector.name`.
            detector_sha256: As in `record.detector.sha256`.
            machine_id: As in `record.environment.machine_id`.
            name: As in `record.name`.
            tag: As in `record.tag`.
            pictures: Whether their pictures and detections come along; tables and charts do without, and are much faster so.

        Raises:
            RecordError: A stored record is damaged or of another schema; says which.
        """
        asked = {
            "detector_name": detector_name,
            "detector_sha256": detector_sha256,
            "machine_id": machine_id,
            "name": name,
            "tag": tag,
        }
        words = {column: word for column, word in asked.items() if word is not None}
        return self._select(" AND ".join(f"{column} = :{column}" for column in words), words, pictures)

    def get(self, id_prefix: str) -> Record:
        """Return the one record whose id begins so.

        Raises:
            RecordError: There is none, or more than one.
        """
        found = self._select("substr(id, 1, length(:prefix)) = :prefix", {"prefix": id_prefix}, True) if id_prefix else ()
        if len(found) != 1:
            what = f"{len(found)} records" if found else "no record"
            raise RecordError(f"{self.path} holds {what} whose id begins with {id_prefix!r}; choose one of `workbench history`")
        return found[0]

    def set_tag(self, id_prefix: str, tag: str | None) -> Record:
        """Give a record a tag, or take it away; return the new record. Raises like `get` and `append`."""
        changed = self.get(id_prefix).model_copy(update={"tag": tag})
        with self._writing():
            self._base.execute("UPDATE records SET tag = :tag, record = :record WHERE id = :id", _row(changed))
        return changed

    def remove(self, id_prefix: str) -> Record:
        """Take a record out of the history and return it. Raises like `get` and `append`."""
        gone = self.get(id_prefix)
        with self._writing():
            self._base.execute("DELETE FROM records WHERE id = ?", (gone.id,))
        return gone

    def fastest(self, detector_sha256: str, machine_id: str) -> Record | None:
        """Return what the preset `fast` means: the fastest sound record of this detector on this machine.

        Sound is: without problem, not broken, and an AP at most `AP_LOSS_LIMIT` below the best that any machine's record of this
        detector reached on the same truth. Where an AP is known, records without one do not qualify.
        """
        known = self.records(detector_sha256=detector_sha256, pictures=False)
        best: dict[str, float] = {}
        for record in known:
            if record.accuracy and record.accuracy.ap is not None:
                best[record.accuracy.truth] = max(record.accuracy.ap, best.get(record.accuracy.truth, 0.0))
        sound = tuple(record for record in known if record.environment.machine_id == machine_id and _sound(record, best))
        check_same_machine(sound)
        return min(sound, key=_median_ms, default=None)

    def _select(self, where: str, words: dict[str, str], pictures: bool) -> tuple[Record, ...]:
        column = "pictures" if pictures else "'{}'"
        query = f"SELECT id, record, {column} FROM records WHERE {where or 'true'} ORDER BY position"  # noqa: S608 - our own words
        with self._reading():
            rows = self._base.execute(query, words).fetchall()
        return tuple(self._record(*row) for row in rows)

    def _record(self, name: str, text: str, pictures: str) -> Record:
        source = f"{self.path}, record {name[:8]},"
        try:
            tree = json.loads(text) | json.loads(pictures)
        except (ValueError, TypeError) as error:
            raise RecordError(f"{source} is not JSON ({error}); remove it or measure again") from None
        return Record.from_tree(tree, source)

    def _prepare(self) -> None:
        with self._reading():
            schema = self._known_schema()
            # Setting the journal mode may meet another process that does the same; from then on it is in the file.
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
        if schema != HISTORY_SCHEMA:
            with self._writing():
                if self._known_schema() != HISTORY_SCHEMA:  # another process may have been first
                    for statement in TABLES.split(";"):
                        self._base.execute(statement)
                    self._base.execute(f"PRAGMA user_version = {HISTORY_SCHEMA}")

    def _known_schema(self) -> int:
        """Return 0 for a new file or the schema that this version reads; anything else is refused before it is touched."""
        # One statement sees one state of the file, whatever another process does meanwhile.
        asked = "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
        schema, tables = self._base.execute(asked).fetchone()
        if schema == 0 and tables:
            raise RecordError(f"{self.path} is a database of something else; choose a history that `workbench` wrote")
        if schema not in {0, HISTORY_SCHEMA}:
            raise RecordError(
                f"{self.path} has history schema {schema}, this version reads schema {HISTORY_SCHEMA};"
                " choose another file or use the version that wrote it"
            )
        return int(schema)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise RecordError(f"cannot read the history {self.path}: {error}; choose one that `workbench` wrote") from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make all statements inside one transaction, whole or not at all."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            yield
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise SaveError(
                f"cannot write {self.path}: {error}; nothing that was saved before is lost, free some space or choose another place"
            ) from None
        finally:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")


def _row(record: Record) -> dict[str, Any]:
    tree = record.model_dump(mode="json")
    pictures = {part: tree.pop(part) for part in ("pictures", "detections")}
    return {
        "id": record.id,
        "name": record.name,
        "tag": record.tag,
        "detector_name": record.detector.name,
        "detector_sha256": record.detector.sha256,
        "machine_id": record.environment.machine_id,
        "record": json.dumps(tree, ensure_ascii=False),
        "pictures": json.dumps(pictures, ensure_ascii=False),
    }


def _sound(record: Record, best_ap: dict[str, float]) -> bool:
    if record.problem or record.broken or not record.timing or record.timing.median_ms is None:
        return False
    if record.accuracy is None or record.accuracy.ap is None:
        return not best_ap
    return record.accuracy.ap >= best_ap[record.accuracy.truth] - AP_LOSS_LIMIT


def _median_ms(record: Record) -> float:
    return (record.timing.median_ms if record.timing else None) or 0.0
