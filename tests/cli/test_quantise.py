"""`workbench quantise`: what it prints and writes, and how it ends."""

import json
from io import StringIO
from pathlib import Path

import pytest

from tests.command_line import Workbench
from tests.quantised_records import FLOAT, OTHER, PLAIN, REPAIRED, quantised
from workbench.cli.quantise import MOST_LOSS, print_quantised
from workbench.cli.screen import Screen
from workbench.record import Record
from workbench.repair import MOST_LOSS as REPAIR_MOST_LOSS
from workbench.repair.answer import answer_of


def printed(records: list[Record]) -> str:
    out = StringIO()
    print_quantised(Screen(file=out, width=200, highlight=False, emoji=False, soft_wrap=True), records)
    return out.getvalue()


def test_networks_blocks_and_the_answer_are_printed() -> None:
    lines = printed(quantised(FLOAT, PLAIN, REPAIRED)).splitlines()

    assert lines[0].split() == ["network", "size", "ms", "speed", "AP", "change", "agreement"]
    assert any(line.startswith("int8 repaired") and ".970" in line for line in lines)
    assert any("one scale" in line and "in float" in line and "12.3" in line for line in lines)
    assert "judged on 20 frames, the search was guided by 10" in lines
    assert lines[-1] == (
        "against float32: int8 costs .080 AP, agrees .700, is 4.0 times smaller, 1.90 times faster [1.80, 2.00]; with 1 of 2 blocks"
        " in float it costs .003 AP, agrees .970, is 4.0 times smaller, 1.90 times faster [1.80, 2.00]"
    )


def test_names_of_a_stranger_s_file_are_written_out() -> None:
    text = printed(quantised(FLOAT, PLAIN))

    assert "[red]conv\\x1b[31m stem" in text
    assert "\x1b" not in text


def test_few_frames_are_said_to_flatter() -> None:
    assert "it reads better than it is" in printed(quantised(FLOAT, PLAIN, apart=False))


def test_where_nothing_helps_it_is_said_with_what_loses_nothing() -> None:
    answer = answer_of((FLOAT, PLAIN, OTHER), 1, in_float=0, blocks=2, limit=0.01, kept=False)

    assert answer.startswith("against float32: int8 costs .080 AP")
    assert "more than .010 AP" in answer
    assert answer.endswith("weight-int8 loses no AP that shows, agrees .970, is 4.0 times smaller, 1.90 times faster [1.80, 2.00]")


def test_the_limit_is_the_repair_s() -> None:
    assert MOST_LOSS == REPAIR_MOST_LOSS


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere.tflite",), "nowhere.tflite"),
        (("--precision", "int7"), "runtime.precision is 'int7'"),
        (("--max-ap-loss", "2"), "Invalid value for '--max-ap-loss'"),
    ],
    ids=["no file", "no precision", "no loss"],
)
def test_a_mistake_is_one_line(workbench: Workbench, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = workbench("quantise", *words, "--history", tmp_path / "h.sqlite")

    assert done.status == 2
    assert told in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_detector_is_quantised_repaired_and_written(
    workbench: Workbench, small_tflite: Path, small_folder: Path, tmp_path: Path
) -> None:
    out, told = tmp_path / "int8.tflite", tmp_path / "told.json"
    words = (small_tflite, small_folder, "--repair", "--frames", "3", "--out", out, "--json", told)

    done = workbench("quantise", *words, "--history", tmp_path / "h.sqlite")

    assert done.status == 0, done.err
    assert out.read_bytes()[4:8] == b"TFL3"
    tree = json.loads(told.read_text())
    assert tree["settings"]["runtime"]["precision"] == "int8"
    assert [one["role"] for one in tree["judged"]][:2] == ["float", "plain"]
    assert tree["answer"] in done.out
    assert "run it: --preset" in done.out
    shown = workbench("history", "list", "--history", tmp_path / "h.sqlite")
    assert "int8" in shown.out
