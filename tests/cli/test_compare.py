"""`workbench compare`: two settings in interleaved blocks, and two saved records side by side."""

import json
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.cli.promises import promised
from tests.cli.saved_history import times
from tests.command_line import Workbench
from tests.saved_records import record
from workbench.cli.tables import MS_AND_FPS
from workbench.history import History

LITERT = "litert,input.size_hw=96x160"
EAGER = f"{LITERT},runtime.engine=eager"  # so much slower that a comparison is soon clear


def test_compare_gives_a_ratio_its_interval_and_a_verdict(workbench: Workbench, shots: Path, history: Path) -> None:

    done = workbench(
        "compare",
        SHAPES,
        shots,
        "--a",
        LITERT,
        "--b",
        EAGER,
        "--frames",
        "8",
        "--history",
        history,
        "--json",
        "-",
    )

    assert done.status == 0
    tree = json.loads(done.out)
    assert MS_AND_FPS in done.err
    assert set(tree["ratio"]) == {"median", "low", "high"}
    assert tree["ratio"]["low"] <= tree["ratio"]["median"] <= tree["ratio"]["high"]
    assert tree["verdict"] in {"faster", "slower", "no measurable difference", "cannot tell"}
    for row in ("a", "b"):
        promised(tree[row])
    assert tree["b"]["agreement"]["ratio"] == 1.0
    with History(history) as kept:
        assert [record.id for record in kept.records()] == [tree["a"]["id"], tree["b"]["id"]]


@pytest.mark.slow
def test_compare_explains_what_each_setting_brought(workbench: Workbench, shots: Path, history: Path) -> None:
    words = ("--frames", "4", "--history", history, "--explain")
    done = workbench(
        "compare", SHAPES, shots, "--a", LITERT, "--b", f"{LITERT},nms.method=numpy,nms.score=0.4", *words, "--json", "-"
    )

    assert done.status == 0
    tree = json.loads(done.out)
    assert [step["changes"] for step in tree["b"]["waterfall"]["steps"]] == [
        ["nms.method: opencv -> numpy"],
        ["nms.score: 0.3 -> 0.4"],
    ]
    assert "NMS OpenCV → NumPy" in done.err
    with History(history) as kept:
        assert [record.waterfall is None for record in kept.records()] == [True, False]


@pytest.mark.slow
def test_run_explains_the_best_and_its_report_shows_it(workbench: Workbench, shots: Path, history: Path, tmp_path: Path) -> None:
    report = tmp_path / "r.html"
    presets = ("--preset", EAGER, "--preset", LITERT)
    done = workbench("run", SHAPES, shots, *presets, "--frames", "4", "--history", history, "--explain", "--report", report)

    assert done.status == 0
    assert "eager TensorFlow → LiteRT" in done.out
    assert 'id="what-brought-it"' in report.read_text(encoding="utf-8")


def test_saved_records_are_not_explained_for_nothing_is_measured(workbench: Workbench) -> None:
    done = workbench("compare", "a.json", "b.json", "--explain")

    assert done.status == 2
    assert "--explain measures" in done.err


def test_saved_records_are_compared_from_file_and_history(workbench: Workbench, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    workbench("history", "export", "aaa", "--out", out, "--history", path)

    done = workbench("compare", out, "history:bbb", "--history", path)
    tree = json.loads(workbench("compare", out, "history:bbb", "--history", path, "--json", "-").out)

    assert done.status == 0
    assert "time: quick against" in done.out
    assert " times faster [" in done.out
    assert "different sessions" in done.out
    assert tree["verdict"] == "faster"
    assert tree["ratio"]["low"] < tree["ratio"]["median"] < tree["ratio"]["high"]
    assert tree["interleaved"] is False
    assert tree["changes"] == ["runtime.engine: graph -> litert", "runtime.precision: float32 -> int8"]
    assert tree["ap_change"] == pytest.approx(-0.017)


def test_a_difference_that_noise_may_explain_cannot_be_told(workbench: Workbench, path: Path) -> None:
    with History(path) as history:
        here = history.records()[0].environment
        history.append(record(id="fff6", name="later", seconds=times(35), noise="noisy").model_copy(update={"environment": here}))
    words = ("compare", "history:aaa", "history:fff", "--history", path)

    done = workbench(*words)

    assert "time: later against slow: cannot tell: 1.1" in done.out
    assert ", no more than the machine may have changed" in done.out
    assert json.loads(workbench(*words, "--json", "-").out)["verdict"] == "cannot tell"


def test_records_of_two_machines_are_compared_when_that_is_said(workbench: Workbench, path: Path) -> None:
    with History(path) as history:
        history.append(record(id="other", machine="elsewhere", ap=0.5))
    words = ("compare", "history:aaa", "history:other", "--history", path)

    assert workbench(*words).status == 2
    done = workbench(*words, "--different-machines")
    assert done.status == 0
    assert not any(line.startswith("time:") for line in done.out.splitlines())
