"""The history's rows: what they say without the records, what is said of a file of the previous schema, and many at once."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.saved_records import MACHINE, record
from workbench.choosing import Budget, pick
from workbench.errors import RecordError
from workbench.history import History, Summary
from workbench.history.tables import TABLES
from workbench.record import Problem

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "history.sqlite") as opened:
        yield opened


RECORDS = {
    "a whole one": record(ap=0.5, tag="v1"),
    "a broken one": record(broken=True, agreement=0.1),
    "one that did not run": record(seconds=None, agreement=None, problem=Problem(kind="ModelError", message="no")),
    "a composed one": record(composed=True, noise="unknown"),
    "of the model's own size": record(settings=record().settings.with_values({"input.size_hw": None})),
    "of enough frames for a p95": record(seconds=[0.01 * (1 + n / 1000) for n in range(200)]),
    "with markup in its names": record(name="[red]<script>alert(1)</script>", tag="'; DROP TABLE summaries --", media="<b>[i]"),
}


@pytest.mark.parametrize("stored", RECORDS.values(), ids=RECORDS)
def test_a_row_says_what_its_record_says(history, stored):
    history.append(stored)

    (row,) = history.summaries()

    assert row == Summary.of(stored)
    assert row.settings == stored.settings
    assert (row.problem, bool(row.broken), bool(row.composed)) == (
        stored.problem and stored.problem.message,
        stored.broken,
        stored.composed,
    )
    assert row.median_ms == (stored.timing and stored.timing.median_ms)
    assert history.get(stored.id) == stored


def test_a_row_as_json_holds_settings_and_booleans(history):
    history.append(record(broken=True))

    tree = json.loads(json.dumps(history.summaries()[0].tree()))

    assert tree["broken"] is True
    assert tree["composed"] is False
    assert tree["settings"]["input"]["size_hw"] == [320, 320]


def test_a_new_file_has_the_columns_of_one_of_0_1_0_and_others_that_it_may_lack_so_that_both_are_of_one_schema():
    base = sqlite3.connect(":memory:")
    for statement in TABLES:
        base.execute(statement)
    saved = sqlite3.connect(f"{(REPOSITORY / 'tests/record/saved_0_1_0/history.sqlite').as_uri()}?mode=ro&immutable=1", uri=True)

    columns, before = (one.execute("PRAGMA table_info(summaries)").fetchall() for one in (base, saved))
    saved.close()

    assert columns[: len(before)] == before
    assert not any(not_null for _, _, _, not_null, _, _ in columns[len(before) :])
    assert [name for _, name, *_ in columns] == ["position", *Summary._fields]


def test_settings_written_before_a_field_was_there_are_equal_to_todays():
    today = Summary.of(record())
    tree = json.loads(today.settings_json)
    del tree["nms"]["top_k"]

    earlier = today._replace(settings_json=json.dumps(tree))

    assert earlier.settings_key == today.settings_key
    assert earlier.settings_key != Summary.of(record(**{"nms.top_k": 7})).settings_key


def test_settings_of_a_version_that_knows_more_are_equal_to_themselves_only():
    unknown = Summary.of(record())._replace(settings_json='{"runtime": {"engine": "warp"}}')

    assert unknown.settings_key == unknown.settings_json


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"engine": "litert"}, ["b"]),
        ({"media_name": "other"}, ["c"]),
        ({"machine_id": "elsewhere"}, ["a"]),
        ({"name": "c"}, ["c"]),
        ({"tag": "v1"}, ["b"]),
        ({"newest": 2}, ["b", "c"]),
        ({"newest": 9}, ["a", "b", "c"]),
        ({"detector_name": "inspector-mobile", "newest": 1}, ["c"]),
        ({"engine": "' OR true --"}, []),
        ({"engine": None, "media_name": "other"}, ["c"]),
    ],
    ids=["engine", "media", "machine", "name", "tag", "newest two", "more than there are", "both", "untrusted text", "anything"],
)
def test_rows_are_found_by_their_words_newest_last(history, asked, names):
    history.append(record(name="a", machine="elsewhere"))
    history.append(record(name="b", tag="v1", **{"runtime.engine": "litert"}))
    history.append(record(name="c", media="other"))

    assert [row.name for row in history.summaries(**asked)] == names


@pytest.mark.parametrize("asked", [{"noise": "quiet"}, {"true OR name": "a"}], ids=["another column", "SQL"])
def test_rows_are_asked_for_by_no_other_word(history, asked):
    for ask in (history.summaries, history.records):
        with pytest.raises(TypeError, match="cannot be asked for by"):
            ask(**asked)


def test_what_was_measured_together_is_the_newest_of_each_name_in_the_order_of_the_first(history):
    history.append_many([record(name="a", id="1"), record(name="b", id="2"), record(name="elsewhere", machine="elsewhere")])
    history.append_many(
        [record(name="c", id="3"), record(name="a", id="4"), record(name="b", id="5"), record(name="d", media="other")]
    )
    (last,) = [row for row in history.summaries() if row.id == "5"]

    found = history.together_with(last)

    assert [(row.name, row.id) for row in found] == [("a", "4"), ("b", "5"), ("c", "3")]


def test_a_choice_is_made_from_a_machine_s_own_rows_and_the_best_ap_of_others(history):
    elsewhere = {"machine": "other", "name": "x"}
    others = [record(ap=ap, **elsewhere) for ap in (0.4, 0.7, 0.6)]
    lost = record(seconds=None, ap=0.9, problem=Problem(kind="ModelError", message="no"), **elsewhere, **{"nms.iou": 0.9})
    own = [record(name=name, ap=0.5) for name in ("a", "b", "a")]
    history.append_many([own[0], *others, lost, *own[1:], record(media="another", ap=0.1, **elsewhere)])

    names = [(row.name, row.ap) for row in history.choices(MACHINE)]

    assert names[-3:] == [("a", 0.5), ("b", 0.5), ("a", 0.5)]
    assert sorted(names[:-3]) == [("x", 0.1), ("x", 0.7)]
    assert [row.name for row in history.choices(MACHINE, media_name="another")] == ["x"]
    history.append(record(ap=0.2, machine="third", media="another"))
    assert {row.machine_id for row in history.choices("none of them")} == {MACHINE, "other", "third"}
    for machine in (MACHINE, "other"):
        budget = Budget(max_ap_loss=0.25)
        everything = pick(history.summaries(media_name=own[0].media.name), budget, machine_id=machine)
        assert pick(history.choices(machine, media_name=own[0].media.name), budget, machine_id=machine) == everything
        assert everything.chosen is not None


def test_machines_are_known_by_their_processors(history):
    history.append_many([record(), record(machine="elsewhere"), record()])

    assert history.machines() == {MACHINE: "chip", "elsewhere": "chip"}


def test_many_records_are_stored_once_each(history):
    first, second, third = (record(id=name) for name in ("a", "b", "c"))
    history.append(first)

    assert history.append_many([first, second, third, second]) == 2
    assert [one.id for one in history.records()] == ["a", "b", "c"]
    assert history.append_many([]) == 0


def test_what_is_there_already_stays_as_it_was(history):
    history.append(record(id="a", name="first"))

    history.append_many([record(id="a", name="second")])

    assert history.get("a").name == "first"
    assert [row.name for row in history.summaries()] == ["first"]


def test_a_sweep_can_ask_what_is_there(history):
    history.append_many([record(id=str(n)) for n in range(5)])

    assert history.has(["1", "3", "nine"]) == {"1", "3"}
    assert {row.id for row in history.summaries()} == {"0", "1", "2", "3", "4"}
    assert history.has([]) == frozenset()


def test_records_come_in_the_order_in_which_they_are_asked_for(history):
    stored = {name: record(id=name) for name in ("a", "b", "c")}
    history.append_many(stored.values())

    assert history.records_by_id(["c", "nowhere", "a"]) == (stored["c"], stored["a"])
    assert history.records_by_id(["b"], pictures=False)[0].detections == ()


def test_removed_records_leave_nothing_behind(history):
    history.append_many([record(id=name) for name in ("a", "b", "c")])

    assert history.remove_many(["a", "c", "nowhere"]) == 2
    history.compact()

    assert {row.id for row in history.summaries()} == {"b"}
    assert history._base.execute("SELECT count(*) FROM bodies").fetchone() == (1,)


SCHEMA_1 = """
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
PRAGMA user_version = 1;
"""


def test_a_file_of_the_previous_schema_says_what_brings_it_up_to_date_and_stays_as_it_is(tmp_path):
    path = tmp_path / "history.sqlite"
    base = sqlite3.connect(path)
    base.executescript(SCHEMA_1)
    base.close()
    before = path.read_bytes()

    with pytest.raises(RecordError, match="schema 1, this version reads schema 2; open it once with workbench 0.1.0") as caught:
        History(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


STORING = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.saved_records import record
from workbench.history import History
with History(Path({path!r})) as history:
    number = 0
    while True:
        history.append_many([record(id=f"{{number}}-{{n}}", name="x" * 2000) for n in range(40)])
        print(number, flush=True)
        number += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.02, 0.031])
def test_a_process_killed_while_it_stores_many_leaves_all_of_them_or_none(tmp_path, delay):
    path = tmp_path / "history.sqlite"
    program = STORING.format(here=str(REPOSITORY), path=str(path))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = int(writer.stdout.readline())
        with contextlib.suppress(subprocess.TimeoutExpired):
            writer.wait(delay)
        os.kill(writer.pid, signal.SIGKILL)
        told = max(map(int, writer.stdout.read().split()), default=told)

    with History(path) as opened:
        stored = [one.id for one in opened.records()]
    whole = {identity.split("-")[0] for identity in stored}
    assert len(stored) == 40 * len(whole)
    assert {str(number) for number in range(told + 1)} <= whole


OPENING_MANY = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from workbench.history import History
opened = 0
for turn in range(40):
    time.sleep(max(0, {begins} + turn / 20 - time.time()))
    with History(Path({folder!r}) / f"{{turn}}.sqlite"):
        opened += 1
print(opened)
"""


def test_processes_that_make_a_history_at_once_make_one(tmp_path):
    path = tmp_path / "history.sqlite"
    program = OPENING.format(here=str(REPOSITORY), path=str(path))

    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]

    assert [one.communicate()[0].strip() for one in both] == ["0", "0"]


def test_whoever_makes_a_history_in_the_same_moment_waits_for_the_other(tmp_path):
    program = OPENING_MANY.format(here=str(REPOSITORY), folder=str(tmp_path), begins=time.time() + 2)

    many = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    assert [one.communicate()[0].strip() for one in many] == ["40"] * 4


OPENING = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from workbench.history import History
with History(Path({path!r})) as history:
    print(len(history.records()))
"""
