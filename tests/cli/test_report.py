"""`workbench report`: which records of a long history it holds."""

import json
from pathlib import Path

from tests.cli.saved_history import times
from tests.command_line import Workbench
from tests.saved_records import record
from workbench.history import History


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
