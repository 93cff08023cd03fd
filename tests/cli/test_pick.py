"""`workbench pick`: what to run, and why nothing does."""

import json
from pathlib import Path

from tests.command_line import Workbench
from tests.record.test_weight import WEIGHT
from workbench.cli.tables import MS_AND_FPS
from workbench.history import History


def test_pick_prints_what_to_run_and_exits_with_0(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--min-fps", "30", "--max-ap-loss", "0.02", "--history", path)

    assert done.status == 0
    assert done.out.startswith("Run inspector-mobile at 320x320 with LiteRT int8: 93.")
    assert "bbb2" in done.out
    assert MS_AND_FPS in done.out


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


def test_pick_keeps_a_limit_of_memory_and_says_how_to_weigh_what_never_was(workbench: Workbench, path: Path) -> None:
    with History(path) as opened:
        opened.set_weight("aaa1", WEIGHT)

    done = workbench("pick", "--max-memory", "200MB", "--max-startup", "500ms", "--history", path, "--json", "-")

    assert done.status == 0
    tree = json.loads(done.out)
    assert tree["chosen"]["record"]["id"] == "aaa1"
    assert tree["budget"]["max_memory"] == 200e6
    assert [margin["limit"] for margin in tree["chosen"]["margins"]] == ["max_memory", "max_startup"]
    assert "150 MB of memory (75 % of your limit of 200 MB)" in tree["sentence"]
    assert tree["unweighed"]["record"]["name"] == "composed"
    assert tree["weighing"] == "workbench run --weigh"
    assert "--weigh" in done.err
    assert "peak memory" in done.err


def test_pick_refuses_a_size_without_its_unit_in_one_line(workbench: Workbench, path: Path) -> None:
    done = workbench("pick", "--max-memory", "200", "--history", path)

    assert done.status == 2
    assert "--max-memory is '200'; write a size with its unit, such as 200MB" in done.err
    assert done.err.count("\n") == 1


def test_pick_s_table_has_no_column_for_what_nobody_weighed(workbench: Workbench, path: Path) -> None:
    assert "memory" not in workbench("pick", "--max-ms", "50", "--history", path).out
