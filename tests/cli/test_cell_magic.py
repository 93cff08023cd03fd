"""`%%workbench`: a notebook's cell that defines `detect(frame)`, measured in the notebook's own process."""

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.assets.scenes import SHAPES
from workbench.history import History
from workbench.record import Records

NOTHING = "def detect(frame):\n    return [], [], []\n"
ONE_BOX = """
from workbench import stage
offset = 1
def detect(frame):
    with stage("infer"):
        height, width = frame.shape[:2]
    return [[offset, offset, width, height]], [.5], ["square"]
"""
RAISES = "def deeper(frame):\n    return frame.nothing\ndef detect(frame):\n    return deeper(frame)\n"
# Stages are listened to from the second pass on, which comes after a turn of the first.
INTERRUPTED = """
from contextlib import nullcontext
from workbench import stage
def detect(frame):
    if not isinstance(stage("infer"), nullcontext):
        raise KeyboardInterrupt
    return [], [], []
"""


Run = Callable[[str, str], Records | None]


@pytest.fixture
def run(shell: InteractiveShell, small_folder: Path, history: Path) -> Run:
    """Run a cell on the small detector's frames."""
    always = f"--media '{small_folder}' --history '{history}' --seconds 0.1"

    def run_cell(options: str, cell: str) -> Records | None:
        found = shell.run_cell_magic("workbench", f"{always} {options}", cell)
        assert found is None or isinstance(found, Records)
        return found

    return run_cell


def test_it_is_measured_compared_with_a_setting_and_kept(run: Run, history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(f"--model '{SHAPES}' --against graph,input.size_hw=64x96 --frames 6", ONE_BOX)

    assert found is not None
    setting, own = found
    assert (setting.name, own.name) == ("graph size_hw=64x96", "detect (your function)")
    assert own.comparison is not None
    assert own.comparison.a_id == setting.id
    assert own.accuracy is not None
    assert own.accuracy.ap is not None
    assert own.agreement is not None
    assert own.detector.labels == setting.detector.labels
    assert f"{own.name} against {setting.name}: " in capsys.readouterr().out
    with History(history) as kept:
        assert [row.id for row in kept.summaries()] == [setting.id, own.id]


def test_without_a_setting_no_model_is_wanted_and_the_truth_names_the_classes(run: Run) -> None:
    found = run("--frames 6", ONE_BOX)

    assert found is not None
    (own,) = found
    assert sorted(own.detector.labels) == ["cross", "disc", "square"]
    assert own.accuracy is not None
    assert own.timing is not None
    assert list(own.timing.stage_seconds) == ["decode", "infer", "draw"]


def test_the_cell_runs_in_the_notebook_and_another_cell_is_another_function(run: Run, shell: InteractiveShell) -> None:
    rows = [run("--frames 6", ONE_BOX.replace("offset = 1", f"offset = {n}")) for n in (1, 2)]

    assert shell.user_ns["offset"] == 2
    assert len({row[0].detector.sha256 for row in rows if row}) == 2


@pytest.mark.parametrize("cell", ["def detct(frame):\n    return [], [], []\n", "detect(None)"])
def test_the_detect_of_an_earlier_cell_is_not_measured(
    run: Run, shell: InteractiveShell, history: Path, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(NOTHING)
    earlier = shell.user_ns["detect"]

    assert run("--frames 2", cell) is None
    assert "workbench: the cell defines no detect(frame)" in capsys.readouterr().out
    assert not history.exists()
    assert shell.user_ns["detect"] is earlier
    assert not hasattr(builtins, "detect")


@pytest.mark.parametrize(
    "cell",
    [
        "from mine import detect",
        "from mine import *",
        "detect = detect",
        "earlier = detect\ndef detect(frame):\n    return earlier(frame)",
    ],
)
def test_the_cell_may_take_its_detect_from_anywhere(run: Run, shell: InteractiveShell, cell: str) -> None:
    mine = ModuleType("mine")
    vars(mine)["detect"] = lambda _: ([], [], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mine", mine)
        shell.run_cell("from mine import detect")

        assert run("--frames 2", cell) is not None


def test_classes_are_named_where_nothing_else_names_them(run: Run) -> None:
    found = run("--labels square,disc --frames 6", ONE_BOX)

    assert found is not None
    assert found[0].detector.labels == ("square", "disc")


@pytest.mark.parametrize(
    ("options", "cell", "told"),
    [
        pytest.param("--nosuch", NOTHING, "workbench: No such option: --nosuch; see `%%workbench --help`", id="option"),
        pytest.param("--truth 'no", NOTHING, "workbench: No closing quotation; close what was opened", id="quote"),
        pytest.param("--frames nan", NOTHING, "workbench: Invalid value for '--frames'", id="number"),
        pytest.param("--against nosuch", NOTHING, "workbench: there is no preset 'nosuch'; choose one of naive", id="preset"),
        pytest.param("", "x = 1", "workbench: the cell defines no detect(frame); write `def detect(frame):`", id="no function"),
        pytest.param("", "def detect(frame): return frame", "workbench: detect(frame) gives ndarray; return boxes", id="returned"),
        pytest.param("", "def detect(frame) return frame", "SyntaxError", id="syntax"),
    ],
)
def test_a_mistake_costs_a_line_and_no_measurement(
    run: Run, history: Path, options: str, cell: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options, cell) is None

    assert told in capsys.readouterr().out
    assert not history.exists()


def test_help_is_shown_and_nothing_runs(run: Run, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help", "ran = True") is None

    assert "--against" in capsys.readouterr().out
    assert "ran" not in shell.user_ns


def test_what_the_function_raises_is_shown_with_its_own_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AttributeError, match="nothing") as raised:
        run("", RAISES)

    names = [entry.name for entry in raised.traceback]
    assert names[-3:] == ["run_cell", "detect", "deeper"]
    assert not capsys.readouterr().out


def test_an_interrupt_gives_what_was_measured_until_then(run: Run, history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run("--frames 100", INTERRUPTED)

    assert found is not None
    (own,) = found
    assert own.problem is not None
    assert own.problem.kind == "KeyboardInterrupt"
    assert own.timing is not None
    assert 0 < len(own.timing.total_seconds) < 100
    assert "interrupted; what was measured before is here and in the history" in capsys.readouterr().out
    with History(history) as kept:
        assert [row.id for row in kept.summaries()] == [own.id]
