"""What settings weigh, in a history: kept, given later, and absent in files of before."""

import sqlite3
from pathlib import Path

import pytest

from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from workbench.errors import SaveError
from workbench.history import History
from workbench.history.tables import missing_columns

NEW = ("peak_bytes INTEGER", "startup_seconds REAL")


@pytest.fixture
def of_before(tmp_path: Path) -> Path:
    """A history without the columns, as the version before wrote it."""
    path = tmp_path / "history.sqlite"
    with History(path) as opened:
        opened.append(record(id="abc", name="old"))
    base = sqlite3.connect(path, isolation_level=None)
    for column in NEW:
        base.execute(f"ALTER TABLE summaries DROP COLUMN {column.split()[0]}")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert missing_columns(base) == NEW
    base.close()
    return path


@pytest.mark.parametrize("create", [True, False], ids=["to write", "to read"])
def test_a_history_of_before_opens_and_takes_weights(of_before: Path, create: bool) -> None:
    with History(of_before, create=create) as opened:
        (old,) = opened.summaries()
        assert (old.name, old.peak_bytes, old.startup_seconds) == ("old", None, None)

        opened.append(record(id="def", weight=WEIGHT))
        opened.set_weight("abc", WEIGHT)
        assert [one.peak_bytes for one in opened.summaries()] == [150_000_000, 150_000_000]
        assert opened.get("abc").weight == WEIGHT


def test_a_history_of_before_that_cannot_be_written_can_be_read(of_before: Path) -> None:
    of_before.with_name(f"{of_before.name}-shm").symlink_to(of_before / "below a file")

    with History(of_before, create=False) as opened:
        (old,) = opened.summaries()
        assert (old.id, old.peak_bytes) == ("abc", None)
        assert opened.get("abc").name == "old"
        with pytest.raises(SaveError, match="cannot write"):
            opened.set_weight("abc", WEIGHT)


def test_the_version_before_reads_and_writes_what_was_brought_up_to_date(of_before: Path) -> None:
    History(of_before).close()
    base = sqlite3.connect(of_before)
    columns = [name for (name,) in base.execute("SELECT name FROM pragma_table_info('summaries')")]
    known = ", ".join(columns[2:-2])
    base.execute(f"INSERT INTO summaries (id, {known}) SELECT 'ghi', {known} FROM summaries")  # noqa: S608 - our own words
    base.commit()
    base.close()

    with History(of_before) as opened:
        assert [one.peak_bytes for one in opened.summaries()] == [None, None]


def test_a_tag_leaves_what_a_record_weighs(tmp_path: Path) -> None:
    with History(tmp_path / "history.sqlite") as opened:
        opened.append(record(id="abc", weight=WEIGHT))
        opened.set_tag("abc", "v1")

        assert opened.summaries()[0].startup_seconds == pytest.approx(0.24)
