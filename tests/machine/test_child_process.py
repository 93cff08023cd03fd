"""Whatever a watched process does costs its caller a sentence, and leaves nothing running."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workbench.errors import SettingsError
from workbench.machine import KILLED, ChildFailedError, ChildProcess, memory_bytes
from workbench.machine.child_process import IDLE_VARIABLE, MEMORY_VARIABLE

ONE = "print('{\"n\": 1}', flush=True); "
DONE = "print('{\"done\": true}', flush=True); "
SLEEPER = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print('{"n": %d}' % left.pid, flush=True)
"""  # it keeps the outputs open
WATCHED = "from workbench.machine import writing_to_parent; import os, sys, time\nwith writing_to_parent() as out:\n    "
MIB = 1 << 20
LUCK = ("out of [31m luck " + 300 * "x")[:200]
LONG = 30.0  # seconds that nothing here takes


def child(code: str, silent_seconds: float = LONG, **more: object) -> ChildProcess:
    return ChildProcess(("-c", code), silent_seconds=silent_seconds, **more)


def numbers(code: str, silent_seconds: float = LONG, **more: object) -> list[int]:
    """Return the numbers that a process wrote before it was done."""
    with child(code, silent_seconds, **more) as process:
        return [message.tree["n"] for message in process.messages() if "n" in message.tree]


def failure(code: str, silent_seconds: float = LONG, **more: object) -> ChildFailedError:
    """Return why a process failed that has written one number."""
    found = []
    before = set(psutil.Process().children(recursive=True))  # a browser of other tests may be among them
    with pytest.raises(ChildFailedError) as failed, child(ONE + code, silent_seconds, **more) as process:
        found.extend(message.tree for message in process.messages())
    assert found == [{"n": 1}], "what came before is given"
    assert set(psutil.Process().children(recursive=True)) <= before
    return failed.value


def until(holds: Callable[[], object], seconds: float = LONG) -> bool:
    began = time.monotonic()
    while not (found := holds()) and time.monotonic() - began < seconds:
        time.sleep(0.05)
    return bool(found)


def test_lines_come_as_they_are_written_up_to_the_last() -> None:
    with child(ONE + "input()") as process:
        message = next(process.messages())

    assert message == ('{"n": 1}', {"n": 1})
    assert numbers(ONE + DONE + "print('this is not read')") == [1]


@pytest.mark.parametrize(
    ("code", "how", "exit_code", "printed"),
    [
        ("import os; os.abort()", "crashes the runtime (SIGABRT)", -6, ""),
        ("import os; os.kill(os.getpid(), 9)", "crashes the runtime (SIGKILL, as when memory runs out)", KILLED, ""),
        (
            "import sys; sys.exit('out of\\x1b[31m luck ' + 300 * 'x')",
            "ends its process with code 1",
            1,
            LUCK,
        ),
        ("raise ValueError('no')", "ends its process with code 1", 1, "ValueError: no"),
        ("pass", "ends its process with code 0", 0, ""),
    ],
    ids=["crash", "kill", "exit", "traceback", "early"],
)
def test_how_a_process_ended_is_told(code: str, how: str, exit_code: int, printed: str) -> None:
    failed = failure(code)

    assert (failed.reason, str(failed), failed.code, failed.printed) == ("ended", how, exit_code, printed)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("W0000 what a runtime says", "'W0000 what a runtime says'"),
        ('{"n": 1}{"n": 2}', '\'{"n": 1}{"n": 2}\''),
        ("[1, 2]", "'[1, 2]'"),
        ("\\x80\\xff", "'\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["words", "two in one", "list", "bytes"],
)
def test_a_line_that_is_no_message_ends_the_process_and_is_told(line: str, told: str) -> None:
    failed = failure(f"import sys, time; sys.stdout.buffer.write(b'{line}\\n'); sys.stdout.flush(); time.sleep(1000)")

    assert failed.reason == "unreadable"
    assert told in str(failed)


def test_a_process_that_writes_nothing_is_given_up_after_the_limit_of_the_moment() -> None:
    began = time.monotonic()
    failed = failure("import time; time.sleep(1000)", 2.0)

    assert (failed.reason, str(failed)) == ("silent", "does not return: it wrote nothing for 2 s")
    assert time.monotonic() - began < LONG


def test_a_process_that_waits_is_given_up_however_long_its_work_might_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IDLE_VARIABLE, "1")

    failed = failure("import time; time.sleep(1000)")

    assert failed.reason == "silent"
    assert re.fullmatch("does not return: it neither wrote nor computed anything for [12] s", str(failed))


@pytest.mark.parametrize("works", ["exec({!r})", "subprocess.run([sys.executable, '-c', {!r}])"], ids=["itself", "what it started"])
def test_one_that_computes_now_and_then_is_not(monkeypatch: pytest.MonkeyPatch, works: str) -> None:
    monkeypatch.setenv(IDLE_VARIABLE, "1")
    computes = "import time\nfor _ in range(20): sum(range(500_000)); time.sleep(0.1)"

    assert numbers(f"import subprocess, sys; {works.format(computes)}; {ONE}{DONE}") == [1]


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, value)

    with pytest.raises(SettingsError, match=f"{MEMORY_VARIABLE} is '{value}' in the environment; choose a number above 0"):
        child("pass")


def test_a_limit_of_memory_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, "0.1")

    assert failure(f"import time; held = bytearray({200 * MIB}); time.sleep(1000)").reason == "memory"


def test_the_limit_may_change_with_the_work() -> None:
    slow = "import time; time.sleep(3); " + ONE + DONE
    with child(ONE + slow, 1.0) as process:
        for _ in process.messages():
            process.silent_seconds = LONG
    with child(ONE + slow) as process:
        messages = process.messages()
        next(messages)
        process.silent_seconds = 1.0
        with pytest.raises(ChildFailedError, match="for 1 s"):
            next(messages)


def test_a_process_that_takes_too_much_memory_is_given_up() -> None:
    failed = failure(f"import time; held = bytearray({200 * MIB}); time.sleep(1000)", memory_bytes=100 * MIB)

    assert failed.reason == "memory"
    assert str(failed).startswith("runs out of memory (it took 0.2 GiB, the limit is 0.1")


def test_a_process_may_take_a_share_of_what_the_machine_has() -> None:
    assert MIB < child("pass")._memory_bytes <= 0.9 * memory_bytes()


def test_a_stop_from_another_thread_ends_it() -> None:
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()

    assert failure("import time; time.sleep(1000)", stop=stop).reason == "stopped"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_megabytes_of_remarks_block_nothing(stream: str) -> None:
    much = f"sys.{stream}.write(4_000_000 * 'remark '); os.write({1 if stream == 'stdout' else 2}, 4_000_000 * b'native '); "
    end = 'out.write(\'{"n": 1}\\n{"done": true}\\n\'); out.flush()'

    assert numbers(WATCHED + much + end) == [1]


@pytest.mark.parametrize(
    ("end", "reason"),
    [(DONE, None), ("import os; os.abort()", "ended"), ("import time; time.sleep(1000)", "silent")],
    ids=["done", "crash", "hang"],
)
def test_what_a_process_leaves_behind_is_ended_with_it(end: str, reason: str | None) -> None:
    failed = None
    with child(SLEEPER + end, LONG if reason == "ended" else 2.0) as process:
        messages = process.messages()
        left = psutil.Process(next(messages).tree["n"])
        try:
            list(messages)
        except ChildFailedError as error:
            failed = error

    assert (failed and failed.reason) == reason
    assert until(lambda: not left.is_running() or left.status() == psutil.STATUS_ZOMBIE, 0), "it was left running"


def test_a_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    working = tmp_path / "working"
    grandchild = WATCHED + f"open({str(working)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    parent = (
        "from workbench.machine import ChildProcess\n"
        f"with ChildProcess(('-c', {grandchild!r}), silent_seconds=1000) as child:\n    list(child.messages())"
    )
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        assert until(lambda: working.exists() and working.read_text())
        orphan = psutil.Process(int(working.read_text()))
        process.kill()

    assert until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)


def test_many_open_files_of_the_parent_stand_in_no_way() -> None:
    handles = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while handles[-1] <= 1024:  # where waiting for a pipe by `select` ends
            handles.append(os.dup(handles[0]))
        assert numbers(ONE + DONE) == [1]
    finally:
        for handle in handles:
            os.close(handle)


def test_plain_lines_of_a_program_are_given_until_it_ends(tmp_path: Path) -> None:
    with child("import os; print(os.getcwd()); print(os.environ['WORD'])", folder=tmp_path, variables={"WORD": "own"}) as process:
        assert list(process.lines()) == [str(tmp_path), "own"]

    found = []
    with pytest.raises(ChildFailedError) as failed, child("print('a'); import sys; sys.exit(1)") as process:
        found.extend(process.lines())
    assert (found, failed.value.code) == (["a"], 1)
