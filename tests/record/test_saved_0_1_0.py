"""What 0.1.0 left behind still opens: its records, its history, its grid and what its reports let people download.

The files in `saved_0_1_0` were written by 0.1.0 itself, from runs and a sweep of a few frames on the sample line; the pictures
were made smaller. Among the records are whole runs compared in turns, one composed of stages, and one that could not run.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import Workbench
from workbench.advice import advise
from workbench.choosing import Budget, pick
from workbench.history import History, Summary
from workbench.record import Record, read_records, speed_against
from workbench.report import render_report
from workbench.sweep import read_grid

SAVED = Path(__file__).parent / "saved_0_1_0"
GRAPH, LITERT, BASELINE = "graph size_hw=160", "litert size_hw=160", "baseline"


@pytest.fixture(scope="module")
def records() -> tuple[Record, ...]:
    return read_records(SAVED / "records.json")


@pytest.fixture
def history_path(tmp_path: Path) -> Path:
    """A copy: opening a history may write beside it."""
    return Path(shutil.copy(SAVED / "history.sqlite", tmp_path))


def test_records_hold_what_they_held(records: tuple[Record, ...]) -> None:
    graph, litert, baseline, composed, problem = records

    assert [one.name for one in (graph, litert, baseline)] == [GRAPH, LITERT, BASELINE]
    assert graph.timing is not None
    assert (len(graph.timing.total_seconds), graph.timing.median_ms) == (8, pytest.approx(27.366, abs=0.001))
    assert graph.accuracy is not None
    assert graph.accuracy.ap == pytest.approx(0.0517, abs=0.0001)
    assert (graph.settings.input.size_hw, litert.settings.runtime.engine, litert.tag) == ((160, 160), "litert", "v1")
    assert len(graph.pictures) == len(litert.pictures) == 1
    assert (composed.composed, composed.broken, composed.settings.nms.score) == (True, True, 0.2)
    assert problem.problem is not None
    assert problem.problem.message.startswith("runtime.precision is bfloat16: LiteRT has no conversion to it")


def test_no_word_of_a_saved_record_is_lost_by_saving_it_again(records: tuple[Record, ...]) -> None:
    saved = json.loads((SAVED / "records.json").read_text(encoding="utf-8"))

    assert [lost(old, json.loads(new.to_json())) for old, new in zip(saved, records, strict=True)] == [[]] * len(records)


def lost(old: object, new: object, place: str = "") -> list[str]:
    """Name what a saved tree holds and the one written today does not hold in the same place; more than it held is fine."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [place]
        return [word for key, value in old.items() for word in lost(value, new.get(key), f"{place}.{key}")]
    return [] if old == new else [place]


def test_what_a_report_let_people_download_is_the_records(records: tuple[Record, ...]) -> None:
    assert read_records(SAVED / "report_download.json") == records


def test_records_are_compared_by_the_turns_they_took(records: tuple[Record, ...]) -> None:
    speed = speed_against(records[1], records[0])

    assert speed is not None
    assert (speed.basis, speed.verdict) == ("interleaved", "faster")
    assert speed.ratio == pytest.approx(3.86, abs=0.01)


def test_the_history_lists_and_opens_every_record(history_path: Path, records: tuple[Record, ...]) -> None:
    with History(history_path, create=False) as opened:
        assert opened.records() == records
        assert [row._replace(broken=bool(row.broken), composed=bool(row.composed)) for row in opened.summaries()] == [
            Summary.of(one) for one in records
        ]
        assert [row.name for row in opened.summaries(tag="v1")] == [LITERT]
        assert opened.append(records[0].model_copy(update={"id": "of today"}))


def test_the_fastest_sound_setting_is_picked(records: tuple[Record, ...]) -> None:
    rows = [Summary.of(one) for one in records]

    picked = pick(rows, Budget(max_ap_loss=0.02), baseline=Summary.of(records[0]))

    assert picked.chosen is not None
    assert picked.chosen.summary.name == LITERT  # the composed one is faster, but lost too much against its own baseline


def test_advice_and_a_report_are_drawn_from_them(records: tuple[Record, ...]) -> None:
    html = render_report(records)

    assert advise(records)
    assert all(one.name.replace("&", "&amp;") in html for one in records)
    assert "LiteRT has no conversion to it" in html


def test_commands_read_them(history_path: Path, tmp_path: Path, workbench: Workbench) -> None:
    for words in (
        ("history", "list", "--history", history_path),
        ("history", "show", "0790fe", "--history", history_path),
        ("pick", "--max-ap-loss", "0.02", "--machine", "0123", "--history", history_path),
        ("report", SAVED / "records.json", "--out", tmp_path / "report.html"),
        ("report", SAVED / "report_download.json", "--out", tmp_path / "again.html"),
        ("advise", SAVED / "records.json"),
    ):
        done = workbench(*words)
        assert (done.status, done.err) == (0, ""), words


def test_the_grid_opens() -> None:
    grid = read_grid(SAVED / "grid.toml")

    assert len(grid) == 8
    assert {"input.size_hw", "runtime.precision", "nms.score"} <= grid.named
