"""The command line in a notebook's cell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from workbench.record import Records


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    made.run_line_magic("load_ext", "workbench")
    yield made
    made.history_manager.end_session()


def test_a_command_says_what_it_says_elsewhere_and_returns_its_records(
    shell: InteractiveShell, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = shell.run_line_magic("workbench", f"history show aaa1 --history '{path}'")

    assert isinstance(found, Records)
    assert [record.id[:4] for record in found] == ["aaa1"]
    assert "median ms" in capsys.readouterr().out


def test_what_holds_no_records_comes_as_it_is(shell: InteractiveShell, path: Path) -> None:
    found = shell.run_line_magic("workbench", f"history list --history '{path}'")

    assert isinstance(found, dict)
    assert found["records"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("run nosuch.tflite", "workbench: "),
        ("lab", "workbench: lab runs until it is stopped; start it in a terminal"),
        ("run 'nosuch.tflite", "workbench: No closing quotation; close what was opened"),
        ("", "Usage: workbench"),
    ],
)
def test_what_cannot_be_done_is_a_line_and_no_traceback(
    shell: InteractiveShell, line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_line_magic("workbench", line) is None

    shown = capsys.readouterr().out
    assert told in shown
    assert "Traceback" not in shown
