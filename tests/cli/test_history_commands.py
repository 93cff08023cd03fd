"""The commands on what was measured, as people and scripts use them; nothing here loads TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Workbench
from tests.saved_records import record
from workbench.history import History
from workbench.machine import environment
from workbench.record import FrameDetections, Problem, read_records

MARKUP = "[red]<script>alert(1)</script>"
LITERT = {"runtime.engine": "litert"}
INT8 = {"runtime.engine": "litert", "runtime.precision": "int8"}


def times(ms: float, seed: int = 0) -> tuple[float, ...]:
    return tuple((ms / 1000 * np.random.default_rng(seed).lognormal(0, 0.03, 150)).tolist())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history of this machine: a slow accurate setting, a quick one, one that broke, one composed, one that did not run."""
    here = environment().machine_id
    rows = (
        record(id="aaa1", name="slow", seconds=times(41), ap=0.600, created="2026-01-01T00:00:00+00:00"),
        record(id="bbb2", name="quick", seconds=times(10.7), ap=0.583, tag="v1", **INT8),
        record(id="ccc3", name="broken", seconds=times(1), ap=0.1, broken=True, **{"runtime.engine": "xla"}),
        record(id="ddd4", name="composed", seconds=times(9), ap=0.5, composed=True, **LITERT),
        record(id="eee5", name=MARKUP, seconds=None, problem=Problem(kind="ModelError", message=MARKUP), **{"nms.iou": 0.4}),
    )
    file = tmp_path / "history.sqlite"
    with History(file) as history:
        history.append_many(
            one.model_copy(update={"environment": environment().model_copy(update={"machine_id": here})}) for one in rows
        )
    return file


def test_pick_prints_what_to_run_and_exits_with_0(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--min-fps", "30", "--max-ap-loss", "0.02", "--history", path)

    assert done.status == 0
    assert done.out.startswith("Run inspector-mobile at 320x320 with LiteRT int8: 93.")
    assert "bbb2" in done.out


def test_pick_that_finds_nothing_says_why_and_exits_with_1(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--min-fps", "30", "--max-ap-loss", "0.01", "--history", path, "--json", "-")

    assert done.status == 1
    tree = json.loads(done.out)
    assert tree["chosen"] is None
    assert tree["sentence"].startswith("No setting measured on this machine gives 30 frames a second")
    assert [one["limit"] for one in tree["relaxations"]] == ["min_fps", "max_ap_loss"]
    assert tree["relaxations"][1]["choice"]["record"]["name"] == "quick"


def test_pick_as_json_holds_the_margins(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--max-ms", "50", "--stat", "p95", "--history", path, "--json", "-")

    tree = json.loads(done.out)
    assert tree["schema"] == 1
    assert tree["chosen"]["record"]["id"] == "bbb2"
    assert tree["chosen"]["margins"][0]["room"] > 0
    assert tree["runner_up"]["record"]["id"] == "aaa1"
    assert tree["unconfirmed"]["record"]["composed"] is True
    assert (tree["candidates"], tree["unusable"]) == (3, 2)
    assert "By composed times" in tree["sentence"]


def test_pick_counts_losses_from_a_record(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--max-ap-loss", "0.001", "--baseline", "history:bbb2", "--history", path)

    assert done.status == 0
    assert "no less accurate" not in done.out
    assert "as accurate as quick (limit .001)" in done.out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("pick --history {tmp}/none.sqlite", "there is no history at"),
        (
            "pick --history {tmp}/empty.sqlite",
            "the history {tmp}/empty.sqlite holds no measurement; measure with `workbench sweep`",
        ),
        ("pick --detector yolo --history {path}", "the history {path} holds no measurement of yolo; measure"),
        ("pick --machine pdp11 --history {path}", "no machine matches 'pdp11'; the history knows "),
        ("pick --min-fps nan --history {path}", "min_fps is nan; choose a number above 0"),
        ("pick --stat mean --history {path}", "--stat is 'mean'; choose median or p95"),
        ("pick --baseline history:zzz --history {path}", "{path} holds no record whose id begins with 'zzz'"),
        ("pick --history {tmp}/elsewhere.sqlite", "nothing was measured on this machine; measure with"),
        ("history --history {tmp}/none.sqlite", "there is no history at"),
        ("history show zzz --history {path}", "{path} holds no record whose id begins with 'zzz'"),
        ("history tag aaa1 ' ' --history {path}", "the tag is empty; choose a word"),
        ("history prune --history {path}", "say what shall go: --older-than DAYS"),
        ("history prune --keep -1 --history {path}", "Invalid value for '--keep'"),
        ("history export --tag none --out {tmp}/x.json --history {path}", "{path} holds no record that matches"),
        ("history export aaa1 --tag v1 --out {tmp}/x.json --history {path}", "records are named by their ids or by filters"),
        ("history export aaa1 --out {path}/x.json --history {path}", "cannot write {path}/x.json"),
        ("history --tag v1 list --history {path}", "options of `list` stand after it"),
        ("history shuffle", "No such command 'shuffle'"),
        ("compare {tmp}/none.json history:aaa1 --history {path}", "cannot read {tmp}/none.json"),
        ("compare history:aaa1 history:eee5 --history {path}", f"{MARKUP} [eee5] did not run"),
        ("compare --a graph", "Missing option '--b'"),
        ("compare history:aaa1", "Missing option '--a'"),
        ("check --against v9 --history {path}", "no record of {path} is tagged 'v9'; tag one with `workbench history tag ID v9`"),
        ("check --against v1 --record history:aaa1 --history {path}", "no record tagged 'v1' is of inspector-mobile on clip under"),
        ("check --against v1 --max-slower=-1 --history {path}", "max_slower is -1.0; choose a fraction"),
        ("check --history {path}", "Missing option '--against'"),
    ],
    ids=lambda value: value[:60] if value.split()[0] in {"pick", "history", "compare", "check"} else "",
)
def test_a_users_error_is_one_line_and_exit_2(workbench: Workbench, path: Path, tmp_path: Path, words: str, error: str) -> None:
    import shlex

    History(tmp_path / "empty.sqlite").close()
    with History(tmp_path / "elsewhere.sqlite") as elsewhere:
        elsewhere.append(record(machine="elsewhere"))

    def told(text: str) -> str:
        return text.replace("{tmp}", str(tmp_path)).replace("{path}", str(path))

    done = workbench(*(told(word) for word in shlex.split(words)))

    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith(f"workbench: {told(error)}")


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


def test_the_report_of_a_long_history_holds_the_fastest_and_what_they_were_compared_with(
    workbench: Workbench, tmp_path: Path
) -> None:
    path, page = tmp_path / "long.sqlite", tmp_path / "report.html"
    quick = [record(id=f"q{n}", name=f"quick {n}", seconds=times(10 + n), ap=0.5, **{"nms.iou": 0.1 + 0.01 * n}) for n in range(60)]
    naive = record(id="naive", name="naive", seconds=times(90), agreement=None, ap=0.5)
    broken = record(id="broken", name="broken", seconds=times(1), broken=True, **{"nms.iou": 0.9})
    with History(path) as history:
        history.append_many([*quick[::-1], naive, broken])

    done = workbench("report", "--history", path, "--top", "4", "--out", page, "--json", "-")
    whole = workbench("report", "--history", path, "--out", page, "--json", "-")

    assert json.loads(done.out)["records"] == ["q2", "q1", "q0", "naive"]
    assert len(json.loads(whole.out)["records"]) == 62
    assert "quick 59" in page.read_text()


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


def test_saved_records_are_compared_from_file_and_history(workbench: Workbench, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    workbench("history", "export", "aaa", "--out", out, "--history", path)

    done = workbench("compare", out, "history:bbb", "--history", path)
    tree = json.loads(workbench("compare", out, "history:bbb", "--history", path, "--json", "-").out)

    assert done.status == 0
    assert "quick is 3.8" in done.out
    assert "different sessions" in done.out
    assert tree["verdict"] == "faster"
    assert tree["ratio"]["low"] < tree["ratio"]["median"] < tree["ratio"]["high"]
    assert tree["interleaved"] is False
    assert tree["changes"] == ["runtime.engine: graph -> litert", "runtime.precision: float32 -> int8"]
    assert tree["ap_change"] == pytest.approx(-0.017)


def test_records_of_two_machines_are_compared_when_that_is_said(workbench: Workbench, path: Path) -> None:
    with History(path) as history:
        history.append(record(id="other", machine="elsewhere", ap=0.5))
    words = ("compare", "history:aaa", "history:other", "--history", path)

    assert workbench(*words).status == 2
    done = workbench(*words, "--different-machines")
    assert done.status == 0
    assert not any(line.startswith("time:") for line in done.out.splitlines())


def again(path: Path, identity: str, ms: float = 10.7, ap: float = 0.583, **changes: object) -> None:
    """Store what `bbb2` might be when it is measured again."""
    with History(path) as history:
        old = history.get("bbb2")
        new = record(seconds=times(ms, 1), ap=ap)
        update = {"id": identity, "tag": None, "timing": new.timing, "accuracy": new.accuracy, **changes}
        history.append(old.model_copy(update=update))


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, 0, "as good: inspector-mobile quick: takes 1.00 times as long"),
        ({"ms": 12.5}, 1, "worse: inspector-mobile quick: takes 1.1"),
        ({"ap": 0.57}, 1, "worse: inspector-mobile quick: AP 0.583 -> 0.570"),
        (
            {"problem": Problem(kind="ModelError", message=MARKUP)},
            1,
            f"worse: inspector-mobile quick: does not run any more: {MARKUP}",
        ),
        (
            {"detections": (FrameDetections(frame="1", boxes_xyxy_px=(), scores=(), class_ids=()),)},
            1,
            "worse: inspector-mobile quick: agreement 0.000",
        ),
    ],
    ids=["the same", "slower", "less precise", "does not run", "finds nothing"],
)
def test_a_saved_record_is_checked_against_a_tag(
    workbench: Workbench, path: Path, changes: dict[str, object], status: int, said: str
) -> None:
    again(path, "fff6", **changes)  # type: ignore[arg-type]

    done = workbench("check", "--against", "v1", "--record", "history:fff6", "--history", path)
    tree = json.loads(workbench("check", "--against", "v1", "--record", "history:fff6", "--history", path, "--json", "-").out)

    assert done.status == status
    assert done.out.startswith(said)
    assert tree["worse"] == bool(status)
    assert (tree["checks"][0]["before"], tree["against"]) == ("bbb2", "v1")


def test_the_tolerance_of_a_check_can_be_said(workbench: Workbench, path: Path) -> None:
    again(path, "fff6", ms=12.5)
    words = ("check", "--against", "v1", "--record", "history:fff6", "--history", path)

    assert workbench(*words).status == 1
    assert workbench(*words, "--max-slower", "0.25").status == 0


def test_a_tag_of_another_machine_is_refused_or_judged_without_times(workbench: Workbench, path: Path) -> None:
    elsewhere = environment().model_copy(update={"machine_id": "elsewhere"})
    again(path, "fff6", ms=99.0, environment=elsewhere)
    words = ("check", "--against", "v1", "--record", "history:fff6", "--history", path)

    refused = workbench(*words)
    judged = workbench(*words, "--different-machines")

    assert refused.status == 2
    assert "was measured on another machine" in refused.err
    assert judged.status == 0
    assert "AP 0.583 -> 0.583" in judged.out
    assert "times as long" not in judged.out


@pytest.mark.parametrize("words", ["pick --help", "history --help", "history prune --help", "check --help"])
def test_help_loads_neither_tensorflow_nor_numpy(words: str) -> None:
    code = (
        "import sys\n"
        "from workbench.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted({'tensorflow', 'numpy', 'cv2', 'scipy', 'plotly'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "[]", "")


def test_picking_and_keeping_reach_no_tensorflow(path: Path) -> None:
    code = (
        "import sys\n"
        "from workbench.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted({'tensorflow', 'keras', 'cv2', 'plotly'} & set(sys.modules)))\n"
    )
    for words in (("pick",), ("history",), ("history", "trend"), ("compare", "history:aaa", "history:bbb")):
        done = subprocess.run([sys.executable, "-c", code, *words, "--history", path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "[]", "")
