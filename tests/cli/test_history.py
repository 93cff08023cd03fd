"""`workbench history`, as people and scripts use it."""

import json
from pathlib import Path

import pytest

from tests.cli.saved_history import MARKUP
from tests.command_line import Workbench
from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from workbench.history import History
from workbench.record import read_records


def test_the_list_is_newest_last_and_shows_names_as_they_are(workbench: Workbench, path: Path) -> None:
    done = workbench("history", "--history", path)

    assert done.status == 0
    ids = [line.split()[0] for line in done.out.splitlines()[2:]]
    assert ids == ["aaa1", "bbb2", "ccc3", "ddd4", "eee5"]
    assert MARKUP in done.out
    assert "composed (composed)" in done.out
    assert workbench("history", "list", "--history", path).out == done.out


def test_the_list_can_be_filtered_and_cut(workbench: Workbench, path: Path) -> None:
    asked = {
        ("--engine", "litert"): ["bbb2", "ddd4"],
        ("--tag", "v1"): ["bbb2"],
        ("--name", "slow"): ["aaa1"],
        ("--machine", "here", "--limit", "2"): ["ddd4", "eee5"],
        ("--detector", "yolo"): [],
    }
    for words, ids in asked.items():
        tree = json.loads(workbench("history", "list", *words, "--history", path, "--json", "-").out)
        assert [row["id"] for row in tree["records"]] == ids
        assert tree["more"] == ("--limit" in words)


def test_one_record_is_shown_whole(workbench: Workbench, path: Path) -> None:
    done = workbench("history", "show", "bbb", "--history", path)

    assert done.status == 0
    assert "runtime.engine=litert runtime.precision=int8" in done.out
    assert "tag: v1" in done.out
    tree = json.loads(workbench("history", "show", "bbb", "--history", path, "--json", "-").out)
    assert (tree["id"], len(tree["timing"]["total_seconds"])) == ("bbb2", 150)


def test_a_tag_is_given_and_taken(workbench: Workbench, path: Path) -> None:
    assert workbench("history", "tag", "aaa", MARKUP, "--history", path).out == f"aaa1 slow is tagged {MARKUP}\n"
    with History(path) as history:
        assert [row.id for row in history.summaries(tag=MARKUP)] == ["aaa1"]
    assert workbench("history", "untag", "aaa", "--history", path).out == "aaa1 slow has no tag\n"


def test_what_is_exported_is_what_was_kept(workbench: Workbench, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "records.json"

    assert workbench("history", "export", "ddd", "aaa", "--out", out, "--history", path).status == 0

    with History(path) as history:
        assert read_records(out) == (history.get("ddd4"), history.get("aaa1"))
        assert workbench("history", "export", "--out", out, "--history", path).status == 0
        assert read_records(out) == history.records()
    page = tmp_path / "report.html"
    assert workbench("report", out, "--out", page).status == 0
    assert "<script>alert(1)" not in page.read_text()


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (("--problems",), ["eee5"]),
        (("--composed",), ["ddd4"]),
        (("--older-than", "30"), ["aaa1"]),
        (("--keep", "1"), ["aaa1", "ccc3", "ddd4"]),
        (("--composed", "--keep", "1"), []),
        (("--problems", "--older-than", "30"), []),
    ],
    ids=["problems", "composed", "old", "all but one", "none of one", "both"],
)
def test_what_is_pruned_is_what_was_announced_and_tagged_records_stay(
    workbench: Workbench, path: Path, words: tuple[str, ...], gone: list[str]
) -> None:
    with History(path) as history:
        before = [row.id for row in history.summaries()]

    announced = workbench("history", "prune", *words, "--dry-run", "--history", path, "--json", "-")
    with History(path) as history:
        assert [row.id for row in history.summaries()] == before
    done = workbench("history", "prune", *words, "--history", path)

    assert json.loads(announced.out)["removed"] == gone
    assert done.status == 0
    with History(path) as history:
        assert [row.id for row in history.summaries()] == [one for one in before if one not in gone]
        assert [one.id for one in history.records()] == [row.id for row in history.summaries()]


def test_pruning_everything_leaves_the_tagged_in_a_small_file(workbench: Workbench, path: Path) -> None:
    with History(path) as history:
        history.append_many([record(id=f"n{n}", name="x" * 20_000) for n in range(50)])
    size = path.stat().st_size

    assert workbench("history", "prune", "--keep", "0", "--history", path).status == 0

    with History(path) as history:
        assert [row.id for row in history.summaries()] == ["bbb2"]
    assert path.stat().st_size < size / 5


def test_a_trend_shows_each_run_of_a_setting(workbench: Workbench, path: Path) -> None:
    with History(path) as history:
        history.append(history.get("bbb2").model_copy(update={"id": "fff6", "tag": None}))

    done = workbench("history", "trend", "--history", path)
    tree = json.loads(workbench("history", "trend", "--history", path, "--json", "-").out)

    assert "inspector-mobile, quick, on clip" in done.out
    assert [[run["summary"]["id"] for run in trend["runs"]] for trend in tree["trends"]] == [["bbb2", "fff6"]]
    assert tree["trends"][0]["runs"][1]["median_change"] == 0.0


def test_what_settings_weigh_has_columns_where_a_record_has_it(workbench: Workbench, path: Path) -> None:
    before = workbench("history", "--history", path).out
    with History(path) as opened:
        opened.set_weight("bbb2", WEIGHT)
    after = workbench("history", "--history", path, "--json", "-")
    shown = workbench("history", "show", "bbb2", "--history", path).out

    assert "memory" not in before
    assert "peak memory" in after.err
    assert "150 MB" in after.err
    assert [row["peak_bytes"] for row in json.loads(after.out)["records"]] == [None, 150_000_000, None, None, None]
    assert "in a process of its own: at most 150 MB of memory" in shown
