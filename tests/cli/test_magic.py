"""The command line in a notebook's cell."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from workbench.record import Records

STARTED_AFTER_SECONDS = 6.0  # the command has started by then, and is far from its end


def test_a_command_says_what_it_says_elsewhere_and_returns_its_records(
    shell: InteractiveShell, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = shell.run_line_magic("workbench", f"history show aaa1 --history '{path}'")

    assert isinstance(found, Records)
    assert [record.id[:4] for record in found] == ["aaa1"]
    assert "median ms" in capsys.readouterr().out


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that runs a command which takes hours, as a kernel does; an interrupt reaches it whatever the tests run under."""
    runs = (
        "import signal; from workbench.cli.magic import run_line; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " print(run_line('run --frames 100000 --preset litert'))"
    )
    with subprocess.Popen([sys.executable, "-u", "-c", runs], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as started:
        time.sleep(STARTED_AFTER_SECONDS)
        yield started
        started.kill()


def test_an_interrupt_ends_the_command_which_says_what_became_of_it(kernel: "subprocess.Popen[str]") -> None:
    kernel.send_signal(signal.SIGINT)
    said, _ = kernel.communicate(timeout=60)

    assert said.splitlines() == ["workbench: stopped; what was measured before is in the history", "None"]


def test_a_kernel_that_is_killed_leaves_no_command_behind(kernel: "subprocess.Popen[str]") -> None:
    left = psutil.Process(kernel.pid).children(recursive=True)
    assert left
    kernel.kill()

    assert psutil.wait_procs(left, timeout=30)[1] == []


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
