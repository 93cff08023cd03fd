"""The history: records kept in one SQLite file, safe when several processes write and when the power fails."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack, final

import platformdirs

from workbench.errors import RecordError, SaveError
from workbench.files import open_file
from workbench.history.summary import Summary
from workbench.history.tables import (
    COLUMNS,
    INSERT_BODY,
    INSERT_SUMMARY,
    SCHEMA,
    add_columns,
    body,
    known_schema,
    make_tables,
    missing_columns,
    show_columns,
    summaries_of,
)
from workbench.record import Profile, Record, Records, Waterfall, Weight

BUSY_SECONDS = 30.0  # a writer holds the lock for milliseconds; after this long something else is wrong
BUSY_STEP_SECONDS = 0.01
# What SQLite says where it cannot make the files beside a history that two processes agree by: the disk is read-only or full.
NO_FILES_BESIDE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
FULL_BYTES = 1_000_000  # free, and less is a full disk: a record has some hundred thousand
LAST_CHARACTER = "\U0010ffff"  # sorts after whatever else may follow a prefix
CHANGING = ("tag", "peak_bytes", "startup_seconds")  # columns of what a record is given later
IN_THE_LIST = "id IN (SELECT value FROM json_each(:ids))"  # SQLite limits the words of a statement, not the length of one


def default_path() -> Path:
    """Return where this user's history lives."""
    return platformdirs.user_data_path("workbench", appauthor=False) / "history.sqlite"


class Subject(TypedDict, total=False):
    """What was measured, by columns of `Summary`; `None` is anything."""

    detector_name: str | None
    detector_sha256: str | None
    media_name: str | None


class Filter(Subject, total=False):
    """What a record shall match in every given word, by columns of `Summary`; `None` is anything."""

    machine_id: str | None
    engine: str | None
    name: str | None
    tag: str | None


@final
class History:
    """Records in the order in which they were added, newest last. One thread at a time; any number of processes.

    Args:
        path: The SQLite file; folders above it are made.
        create: Whether a missing file is made and one that cannot be written an error; else it is enough that it can be read.

    Raises:
        RecordError: The file is missing and shall not be made, is not SQLite, is damaged, or holds another schema.
        SaveError: The file cannot be made or written.
    """

    def __init__(self, path: Path | str, *, create: bool = True) -> None:
        self.path = path = Path(path)
        if not create and not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long to be one
            raise RecordError(f"there is no history at {path}; choose a file that `workbench` wrote, or measure first")
        try:
            path.parent.mkdir(mode=0o700 if path == default_path() else 0o777, parents=True, exist_ok=True)
            if path.exists():
                open_file(path).close()
        except OSError as error:
            raise SaveError(f"cannot open {path}: {error.strerror}; choose another place") from None
        self._base = self._connected("mode=rwc" if create else "mode=rw")
        try:
            if not create:
                self._read_as_it_is_where_nobody_can_write()
            self._prepare(create=create)
            self._bring_up_to_date(create=create)
        except BaseException:
            self._base.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()

    def check_writable(self) -> None:
        """See whether records can be stored, before there are any. Raises like `append`."""
        with self._writing():
            self._base.execute(f"PRAGMA user_version = {SCHEMA}")  # as it is: beginning alone is granted on a read-only disk too

    def append(self, record: Record) -> bool:
        """Store a record, on the disk when this returns.

        Returns:
            Whether it was new; one that is there already is left as it is.

        Raises:
            SaveError: No space or no permission; what was stored before is still there.
        """
        return self.append_many((record,)) == 1

    def append_many(self, records: Iterable[Record]) -> int:
        """Store records in one transaction: all of them are on the disk when this returns, or none.

        Returns:
            How many were new; those that are there already are left as they are. Raises like `append`.
        """
        rows = [(Summary.of(record)._asdict(), body(record)) for record in records]
        with self._writing():
            added = self._base.executemany(INSERT_SUMMARY, [summary for summary, _ in rows]).rowcount
            self._base.executemany(INSERT_BODY, [rest for _, rest in rows])
        return max(added, 0)

    def has(self, ids: Iterable[str]) -> frozenset[str]:
        """Return those of some ids whose records are here."""
        query = f"SELECT id FROM summaries WHERE {IN_THE_LIST}"  # noqa: S608 - our own words
        with self._reading():
            return frozenset(identity for (identity,) in self._base.execute(query, _listed(ids)))

    def machines(self) -> dict[str, str]:
        """Return the processors of the machines that records come from, by machine id."""
        with self._reading():
            return dict(self._base.execute("SELECT DISTINCT machine_id, cpu FROM summaries").fetchall())

    def summaries(self, *, newest: int | None = None, **asked: Unpack[Filter]) -> tuple[Summary, ...]:
        """Return one row for each record that matches, newest last; at most the `newest` of them. See `Filter`."""
        where, words = _matching(asked)
        query = f"SELECT {COLUMNS} FROM summaries WHERE {where} ORDER BY position DESC LIMIT :newest"  # noqa: S608 - our own words
        with self._reading():
            rows = self._base.execute(query, words | {"newest": -1 if newest is None else newest}).fetchall()
        rows.reverse()
        return summaries_of(rows, self.path)

    def choices(self, machine_id: str, **subject: Unpack[Subject]) -> tuple[Summary, ...]:
        """Return what a choice for a machine is made from: all of its rows that match, newest last.

        Before them come, of each other machine, the rows with the best AP: one for each set of classes, truth and frames.
        """
        where, words = _matching(subject)
        # SQLite takes the columns beside a maximum from the row that has it (https://sqlite.org/lang_select.html#bareagg).
        best = (
            f"SELECT {COLUMNS}, max(ap) FROM summaries WHERE {where} AND machine_id <> :machine_id AND problem IS NULL"  # noqa: S608 - our own words
            " GROUP BY machine_id, labels_key, ap_truth, ap_truth_key, media_key"
        )
        own = f"SELECT {COLUMNS} FROM summaries WHERE {where} AND machine_id = :machine_id ORDER BY position"  # noqa: S608 - as above
        words["machine_id"] = machine_id
        with self._reading():
            others = [row[:-1] for row in self._base.execute(best, words)]
            rows = others + self._base.execute(own, words).fetchall()
        return summaries_of(rows, self.path)

    def together_with(self, row: Summary) -> tuple[Summary, ...]:
        """Return what was measured of the same detector, on the same frames and machine: of equal names the newest.

        They come in the order in which their names were first measured there.
        """
        words = {"detector_sha256": row.detector_sha256, "media_key": row.media_key, "machine_id": row.machine_id}
        newest = f"SELECT max(position) AS last, min(position) AS first FROM summaries WHERE {_equal(words)} GROUP BY name"  # noqa: S608 - as above
        query = f"SELECT {COLUMNS} FROM ({newest}) JOIN summaries ON position = last ORDER BY first"  # noqa: S608 - as above
        with self._reading():
            rows = self._base.execute(query, words).fetchall()
        return summaries_of(rows, self.path)

    def records(self, *, pictures: bool = True, **asked: Unpack[Filter]) -> Records:
        """Return the records that match, newest last; see `Filter`.

        Without `pictures`, detections and timelines stay behind too: tables and charts do without, and are much faster so.

        Raises:
            RecordError: A stored record is damaged or of another schema; says which.
        """
        return self._select(*_matching(asked), pictures)

    def records_by_id(self, ids: Iterable[str], *, pictures: bool = True) -> Records:
        """Return records in the order in which they are asked for; those that are not here are left out. Raises like `records`."""
        order = tuple(ids)
        found = {record.id: record for record in self._select(IN_THE_LIST, _listed(order), pictures)}
        return Records(found[identity] for identity in order if identity in found)

    def get(self, id_prefix: str) -> Record:
        """Return the one record whose id begins so.

        Raises:
            RecordError: There is none, or more than one.
        """
        words = {"first": id_prefix, "last": id_prefix + LAST_CHARACTER}
        with self._reading():
            found = self._base.execute("SELECT id FROM summaries WHERE id BETWEEN :first AND :last", words).fetchall()
        records = self._select("id = :id", {"id": found[0][0]}, True) if id_prefix and len(found) == 1 else Records()
        if not records:
            what = f"{len(found)} records" if id_prefix and found else "no record"
            raise RecordError(f"{self.path} holds {what} whose id begins with {id_prefix!r}; choose one of `workbench history`")
        return records[0]

    def set_tag(self, id_prefix: str, tag: str | None) -> Record:
        """Give a record a tag, or take it away; return the new record. Raises like `get` and `append`."""
        return self._change(id_prefix, tag=tag)

    def set_waterfall(self, id_prefix: str, waterfall: Waterfall) -> Record:
        """Give a record its waterfall, in place of an earlier one; return the new record. Raises like `get` and `append`."""
        return self._change(id_prefix, waterfall=waterfall)

    def set_weight(self, id_prefix: str, weight: Weight) -> Record:
        """Give a record what it weighs, in place of what it did; return the new record. Raises like `get` and `append`."""
        return self._change(id_prefix, weight=weight)

    def set_inside(self, id_prefix: str, inside: Profile) -> Record:
        """Give a record its profile, in place of an earlier one; return the new record. Raises like `get` and `append`."""
        return self._change(id_prefix, inside=inside)

    def _change(self, id_prefix: str, **fields: object) -> Record:
        with self._writing():  # read inside too, or another process may change it meanwhile
            changed = self.get(id_prefix).model_copy(update=fields)
            words = {**Summary.of(changed)._asdict(), "record": body(changed)["record"]}
            columns = ", ".join(f"{column} = :{column}" for column in CHANGING)
            self._base.execute(f"UPDATE summaries SET {columns} WHERE id = :id", words)  # noqa: S608 - our own words
            self._base.execute(
                "UPDATE bodies SET record = :record WHERE position = (SELECT position FROM summaries WHERE id = :id)", words
            )
        return changed

    def remove_many(self, ids: Iterable[str]) -> int:
        """Take records out in one transaction; return how many were there. Raises like `append`."""
        words = _listed(ids)
        with self._writing():
            self._base.execute(
                f"DELETE FROM bodies WHERE position IN (SELECT position FROM summaries WHERE {IN_THE_LIST})",  # noqa: S608 - our own words
                words,
            )
            return self._base.execute(f"DELETE FROM summaries WHERE {IN_THE_LIST}", words).rowcount  # noqa: S608 - our own words

    def compact(self) -> None:
        """Give the room of removed records back to the disk; takes as long as writing the file anew, and as much room meanwhile.

        Raises:
            SaveError: There is no room for it, or another process has the file; nothing is lost.
        """
        try:
            self._base.execute("VACUUM")
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise SaveError(f"{self.path} stays as large as it was: {error}; nothing is lost") from None

    def _select(self, where: str, words: Mapping[str, Any], pictures: bool) -> Records:
        column = "pictures" if pictures else "'{}'"
        query = f"SELECT id, record, {column} FROM summaries LEFT JOIN bodies USING (position) WHERE {where} ORDER BY position"  # noqa: S608 - our own words
        with self._reading():
            rows = self._base.execute(query, dict(words)).fetchall()
        return Records(self._record(*row) for row in rows)

    def _record(self, name: str, text: str, pictures: str) -> Record:
        source = f"{self.path}, record {name[:8]},"
        try:
            tree = json.loads(text) | json.loads(pictures)
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordError(f"{source} is not JSON ({error}); remove it or measure again") from None
        return Record.from_tree(tree, source)

    def _connected(self, mode: str) -> sqlite3.Connection:
        """Connect to the file by its URI, in which no name means something else, such as `:memory:`."""
        try:
            return sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise SaveError(f"cannot open {self.path}: {error}; choose another place") from None

    def _read_as_it_is_where_nobody_can_write(self) -> None:
        try:
            self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in NO_FILES_BESIDE:
                return  # whoever reads next says what is wrong
            newest = self.path.with_name(f"{self.path.name}-wal")
            if newest.exists() and newest.stat().st_size:
                raise RecordError(
                    f"the newest records of {self.path} are still in {newest.name}, which needs a disk that can be written;"
                    " copy both files to one"
                ) from None
            self._base.close()
            self._base = self._connected("mode=ro&immutable=1")

    def _prepare(self, *, create: bool) -> None:
        try:
            schema = known_schema(self._base, self.path)
            self._set_journal_mode()
            self._base.execute("PRAGMA synchronous = FULL")
        except sqlite3.OperationalError as error:
            raise (self._unwritable if create else self._unreadable)(error) from None
        except sqlite3.Error as error:
            raise self._unreadable(error) from None
        if schema != SCHEMA:
            with self._writing():
                if known_schema(self._base, self.path) != SCHEMA:  # another process may have been first
                    make_tables(self._base)
        elif create:
            self.check_writable()

    def _set_journal_mode(self) -> None:
        """Set it, wherever another process does the same: SQLite does not wait then, and from then on it is in the file."""
        ends = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._base.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                    raise
                time.sleep(BUSY_STEP_SECONDS)
            else:
                return

    def _bring_up_to_date(self, *, create: bool) -> None:
        with self._reading():
            if not missing_columns(self._base):
                return
        try:
            with self._writing():
                add_columns(self._base)
        except SaveError:
            if create:
                raise
            with self._reading():
                show_columns(self._base)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._unreadable(error) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make all statements inside one transaction, whole or not at all."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            yield
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unwritable(error) from None
        finally:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")

    def _unreadable(self, error: sqlite3.Error) -> RecordError:
        return RecordError(f"cannot read the history {self.path}: {error}; choose one that `workbench` wrote")

    def _unwritable(self, error: sqlite3.Error) -> SaveError:
        full = shutil.disk_usage(self.path.parent).free < FULL_BYTES
        cause = f"its disk is full ({error})" if full else str(error)
        return SaveError(
            f"cannot write {self.path}: {cause}; nothing that was saved before is lost, free some space or choose another place"
        )


def _listed(ids: Iterable[str]) -> dict[str, Any]:
    return {"ids": json.dumps(tuple(ids))}


def _matching(asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a `Filter` as a condition and its words; no other name may come into a statement as it is."""
    if unknown := asked.keys() - Filter.__annotations__.keys():
        raise TypeError(f"records cannot be asked for by {', '.join(sorted(unknown))}")
    words = {column: word for column, word in asked.items() if word is not None}
    return _equal(words), words


def _equal(columns: Iterable[str]) -> str:
    """Return the condition that columns hold the words of their own names."""
    return " AND ".join(f"{column} = :{column}" for column in columns) or "true"
