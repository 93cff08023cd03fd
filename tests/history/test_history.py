import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.profile.rows import profile, row
from tests.saved_records import MACHINE, record
from workbench.errors import RecordError, SaveError
from workbench.history import History, default_path, fast_values
from workbench.history.fast import fastest as fastest_of
from workbench.machine import NoiseCertificate, environment
from workbench.record import Problem, SettingStep, Waterfall
from workbench.timing import Ratio


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "history.sqlite") as opened:
        yield opened


def test_what_is_stored_comes_back_whole_and_in_order(history):
    stored = [record(name=name) for name in ("naive", "xla", "litert")]
    for one in stored:
        assert history.append(one)
    assert list(history.records()) == stored


def test_a_path_may_be_text(history, tmp_path):
    history.append(record(name="naive"))
    with History(str(tmp_path / "history.sqlite"), create=False) as opened:
        assert opened.path == tmp_path / "history.sqlite"
        assert len(opened.records()) == 1


def test_a_new_history_is_empty(history):
    assert history.records() == ()


def test_a_record_is_stored_once(history):
    one = record()
    assert history.append(one)
    assert not history.append(one)
    assert len(history.records()) == 1


def test_what_was_stored_is_there_after_closing(tmp_path):
    path = tmp_path / "deep" / "folder" / "history.sqlite"
    with History(path) as first:
        first.append(record(name="a < b & 'c' é"))
    with History(path, create=False) as second:
        assert second.records()[0].name == "a < b & 'c' é"


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"name": "b"}, ["b"]),
        ({"tag": "release"}, ["c"]),
        ({"machine_id": "other"}, ["b"]),
        ({"detector_name": "inspector-large"}, ["a"]),
        ({"detector_sha256": "sha of inspector-large"}, ["a"]),
        ({"detector_name": "inspector-mobile", "machine_id": "m" * 16}, ["c"]),
        ({"name": "' OR 1=1 --"}, []),
        ({}, ["a", "b", "c"]),
    ],
    ids=["name", "tag", "machine", "detector", "model file", "two words", "untrusted text", "nothing"],
)
def test_records_are_found_by_their_words(history, asked, names):
    history.append(record(name="a", detector="inspector-large"))
    history.append(record(name="b", machine="other"))
    history.append(record(name="c", tag="release"))
    assert [one.name for one in history.records(**asked)] == names


def test_a_table_can_do_without_pictures(history):
    stored = record()
    history.append(stored)
    (light,) = history.records(pictures=False)
    assert light == stored.model_copy(update={"detections": (), "pictures": ()})


def test_a_record_is_found_by_the_beginning_of_its_id(history):
    history.append(record(id="abc123"))
    history.append(record(id="abd456"))
    assert history.get("abc").id == "abc123"


@pytest.mark.parametrize(("prefix", "said"), [("ab", "2 records"), ("x", "no record"), ("", "no record"), ("%", "no record")])
def test_an_id_that_names_no_single_record_is_an_error(history, prefix, said):
    history.append(record(id="abc123"))
    history.append(record(id="abd456"))
    with pytest.raises(RecordError, match=said):
        history.get(prefix)


def test_a_tag_can_be_given_and_taken(history):
    history.append(record(id="abc"))
    assert history.set_tag("abc", "v1").tag == "v1"
    assert [one.tag for one in history.records(tag="v1")] == ["v1"]
    history.set_tag("abc", None)
    assert history.records(tag="v1") == ()
    assert history.get("abc").detections


def test_a_removed_record_is_gone_and_counted(history):
    history.append(record(id="abc"))
    assert history.remove_many(["abc"]) == 1
    assert history.records() == ()


MODEL = "sha of inspector-mobile"


def fastest(history, *records):
    for one in records:
        history.append(one)
    found = fastest_of(history.choices(MACHINE, detector_sha256=MODEL), MACHINE)
    return found and found.name


def test_fast_is_the_fastest_here(history):
    assert fastest(history, record(name="slow", seconds=0.1), record(name="quick", seconds=0.001)) == "quick"


@pytest.mark.parametrize(
    "other",
    [
        record(seconds=0.001, machine="other"),
        record(seconds=0.001, detector="inspector-large"),
        record(seconds=0.001, broken=True),
        record(seconds=0.001, problem=Problem(kind="ModelError", message="no")),
        record(seconds=None),
        record(seconds=0.001, ap=0.53),
        record(seconds=0.001),
        record(seconds=0.001, ap=0.56, composed=True),
    ],
    ids=["another machine", "another model", "broken", "a problem", "no times", "less precise", "precision unknown", "composed"],
)
def test_fast_is_never(history, other):
    assert fastest(history, record(name="sound", seconds=0.1, ap=0.56), other) == "sound"


def test_fast_may_cost_two_hundredths_of_precision(history):
    assert fastest(history, record(name="best", ap=0.56), record(name="quick", seconds=0.001, ap=0.545)) == "quick"


def test_the_best_precision_may_be_known_from_another_machine(history):
    assert fastest(history, record(ap=0.60, machine="other"), record(name="poor", ap=0.50)) is None


def test_precision_is_compared_on_the_same_truth_only(history):
    easy = record(ap=0.9, truth="easy.json")
    assert fastest(history, easy, record(name="quick", seconds=0.001, ap=0.5)) == "quick"


def test_precision_is_compared_where_the_content_of_the_truth_is_the_same(history):
    easy = record(ap=0.9, truth_key="1", machine="other"), record(ap=0.6, truth_key="2", machine="other")
    poor = record(name="poor", seconds=0.001, ap=0.5, truth_key="2", **{"nms.iou": 0.4})
    assert fastest(history, *easy, poor, record(name="sound", ap=0.59, truth_key="2")) == "sound"


def test_what_was_judged_by_a_truth_since_corrected_is_not_fast(history):
    before, now = (
        record(name="quick", seconds=0.001, ap=ap, truth_key=key, **{"nms.iou": 0.4}) for ap, key in ((0.6, "1"), (0.1, "2"))
    )
    assert fastest(history, before, record(name="sound", ap=0.5, truth_key="2"), now) == "sound"


def test_without_any_precision_speed_decides(history):
    assert fastest(history, record(name="slow"), record(name="quick", seconds=0.001)) == "quick"


@pytest.mark.parametrize("text", ["fast", " fast , nms.score=0.4"])
def test_the_values_of_fast_are_those_of_the_fastest_here(history, text):
    one = record(machine=environment().machine_id)
    history.append(one)
    assert fast_values(text, MODEL, history.path) == one.settings.flat()
    assert fast_values(text, "another model", history.path) is None


@pytest.mark.parametrize("text", ["", "litert", "fastest", "nms.score=0.4"])
def test_no_history_is_opened_for_another_preset(tmp_path, text):
    assert fast_values(text, MODEL, tmp_path / "none.sqlite") is None
    assert not (tmp_path / "none.sqlite").exists()


def test_an_empty_history_knows_nothing_fast(history):
    assert fastest_of(history.choices(MACHINE, detector_sha256=MODEL), MACHINE) is None


def test_an_empty_file_becomes_a_history(tmp_path):
    (tmp_path / "empty").touch()
    with History(tmp_path / "empty") as opened:
        assert opened.records() == ()


def not_sqlite(path):
    path.write_bytes(b"this is no database, whatever its name" * 100)


def other_schema(path):
    with History(path) as opened:
        opened._base.execute("PRAGMA user_version = 99")


def of_something_else(path):
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE bookmarks (url TEXT)")
    base.commit()
    base.close()


def half_a_file(path):
    with History(path) as opened:
        for number in range(30):
            opened.append(record(name="x" * 3000, id=str(number)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def damaged_record(path):
    with History(path) as opened:
        opened.append(record(id="abc"))
        opened._base.execute("""UPDATE bodies SET record = '{"half": '""")


def older_record(path):
    with History(path) as opened:
        opened.append(record(id="abc"))
        opened._base.execute("UPDATE bodies SET record = json_set(record, '$.schema', 0)")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (not_sqlite, "not a database"),
        (other_schema, "history schema 99, this version reads schema 2"),
        (of_something_else, "database of something else"),
        (half_a_file, "malformed"),
        (damaged_record, "record abc, is not JSON"),
        (older_record, "record abc, has schema 0"),
    ],
    ids=["not SQLite", "another schema", "another program's", "half a file", "a damaged record", "a record of another schema"],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, make, said):
    path = tmp_path / "history.sqlite"
    make(path)

    def read():
        with History(path) as opened:
            opened.records()

    with pytest.raises(RecordError, match=said) as caught:
        read()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_of_something_else_is_left_as_it_is(tmp_path):
    path = tmp_path / "bookmarks.sqlite"
    of_something_else(path)
    before = path.read_bytes()
    with pytest.raises(RecordError):
        History(path)
    assert path.read_bytes() == before


def test_a_missing_history_that_shall_not_be_made_is_an_error(tmp_path):
    with pytest.raises(RecordError, match="no history"):
        History(tmp_path / "none.sqlite", create=False)
    assert not (tmp_path / "none.sqlite").exists()


@pytest.fixture
def read_only(tmp_path):
    """A history of one record beside which SQLite cannot make its files: as on a read-only or a full disk, for root too."""
    path = tmp_path / "read only?#%.sqlite"
    with History(path) as opened:
        opened.append(record(id="abc"))
    path.with_name(f"{path.name}-shm").symlink_to(path / "below a file")
    return path


def test_a_history_that_cannot_be_written_can_be_read(read_only):
    with History(read_only, create=False) as opened:
        assert opened.get("a").id == "abc"
        for change in (opened.check_writable, lambda: opened.set_tag("abc", "v1"), lambda: opened.append(record())):
            with pytest.raises(SaveError, match="cannot write .*nothing that was saved before is lost"):
                change()


def test_what_is_to_be_written_is_known_to_be_impossible_when_it_is_opened(read_only):
    with pytest.raises(SaveError, match="cannot write .*choose another place"):
        History(read_only)


def test_records_that_only_a_disk_that_can_be_written_shows_are_not_left_out_in_silence(read_only):
    read_only.with_name(f"{read_only.name}-wal").write_bytes(b"records of a process that was killed")
    with pytest.raises(RecordError, match="the newest records of .*sqlite are still in .*-wal"):
        History(read_only, create=False)


def test_no_name_of_a_file_means_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with History(Path(":memory:")) as opened:
        opened.append(record())
    assert Path(":memory:").is_file()


@pytest.mark.parametrize("create", [False, True])
def test_a_pipe_is_no_history(tmp_path, create):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SaveError, match="a device, a pipe"):
        History(tmp_path / "pipe", create=create)


def test_the_users_own_history_lies_in_a_folder_of_his_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    History(default_path()).close()
    assert default_path().parent.stat().st_mode & 0o777 == 0o700


def test_a_tag_changes_the_record_as_it_is_when_it_is_written(history):
    history.append(record(id="abc"))
    said: list[str] = []
    history._base.set_trace_callback(said.append)
    history.set_tag("abc", "v1")
    assert said[0].startswith("BEGIN IMMEDIATE")


def test_many_records_of_one_prefix_are_counted_and_not_read(history):
    history.append_many(record(id=f"abc{n}") for n in range(3))
    said: list[str] = []
    history._base.set_trace_callback(said.append)
    with pytest.raises(RecordError, match="holds 3 records whose id begins with 'abc'"):
        history.get("abc")
    assert not any("bodies" in one for one in said)


def test_fast_asks_no_history_that_is_not_there(tmp_path):
    assert fast_values("fast", MODEL, tmp_path / "none.sqlite") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file/history.sqlite", "folder"], ids=["below a file", "a folder"])
def test_a_place_that_cannot_hold_a_history_is_an_error(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises((SaveError, RecordError), match=str(tmp_path)):
        History(tmp_path / place)


def test_a_full_disk_loses_nothing_that_was_stored(history):
    history.append(record(id="kept"))
    pages = history._base.execute("PRAGMA page_count").fetchone()[0]
    history._base.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SaveError, match="full"):
        history.append(record(id="lost", name="x" * 100_000))
    assert [one.id for one in history.records()] == ["kept"]
    history._base.execute("PRAGMA max_page_count = 100000")
    assert history.append(record(id="later"))


FULL_DISK = """
import resource, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.saved_records import record
from workbench.errors import SaveError
from workbench.history import History
with History(Path({path!r})) as history:
    history.append(record(id="kept"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        history.append(record(id="lost", name="x" * 1_000_000))
    except SaveError as error:
        print("refused:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes to set")
def test_a_file_system_that_refuses_loses_nothing_that_was_stored(tmp_path):
    path = tmp_path / "history.sqlite"
    program = FULL_DISK.format(here=str(Path(__file__).parents[2]), path=str(path))
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "refused: cannot write" in answer.stdout
    with History(path) as opened:
        assert [one.id for one in opened.records()] == ["kept"]


WRITER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.saved_records import record
from workbench.history import History
for number in range(25):
    with History(Path({path!r})) as history:
        history.append(record(id=f"{{sys.argv[1]}}-{{number}}"))
        history.append(record(id=f"both-{{number}}"))
"""


def test_processes_that_write_at_once_lose_nothing_and_store_nothing_twice(tmp_path):
    path = tmp_path / "history.sqlite"
    program = WRITER.format(here=str(Path(__file__).parents[2]), path=str(path))
    writers = [subprocess.Popen([sys.executable, "-c", program, name], stderr=subprocess.PIPE) for name in ("one", "two", "three")]
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], errors
    with History(path) as opened:
        stored = [one.id for one in opened.records()]
    assert sorted(stored) == sorted(f"{name}-{n}" for name in ("one", "two", "three", "both") for n in range(25))


DYING = """
import os, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.saved_records import record
from workbench.history import History
history = History(Path({path!r}))
history.append(record(id="kept"))
history._base.execute("BEGIN IMMEDIATE")
history._base.execute("UPDATE summaries SET name = 'half'")
os._exit(9)
"""


def test_a_process_that_dies_in_the_middle_leaves_the_history_sound(tmp_path):
    path = tmp_path / "history.sqlite"
    program = DYING.format(here=str(Path(__file__).parents[2]), path=str(path))
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    with History(path) as opened:
        assert [one.name for one in opened.records(name="xla")] == ["xla"]


def test_the_default_place_is_the_users_own():
    assert default_path().name == "history.sqlite"
    assert "workbench" in default_path().parts


def test_a_record_is_given_its_waterfall_and_keeps_all_else(history):
    step = SettingStep(changes=("nms.method: python -> opencv",), ratio=Ratio(median=2.0, low=1.9, high=2.1))
    noise = NoiseCertificate(verdict="quiet", reasons=())
    waterfall = Waterfall(baseline="naive", baseline_id="n", baseline_ms=60.0, steps=(step,), noise=noise)
    before = record(tag="kept")
    history.append(before)
    history.set_waterfall(before.id, waterfall)

    assert history.get(before.id) == before.model_copy(update={"waterfall": waterfall})
    assert history.summaries()[0].tag == "kept"


def test_a_profile_is_kept_with_its_record(history: History) -> None:
    inside, before = profile(row("net/conv")), record(tag="kept")
    history.append(before)
    history.set_inside(before.id, inside)

    assert history.get(before.id) == before.model_copy(update={"inside": inside})
    assert history.records(pictures=False)[0].inside == inside
