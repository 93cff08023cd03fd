"""What a workbench that was closed leaves in the kernel: nothing of ours, no thread, and no memory that adds up."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.view.opening_and_closing import alive, open_and_close, ours

TINY = "input.size_hw=96x160"
MOST_GROWTH_BYTES = 30 * 2**20
SETTLED = 10  # workbenches after which memory is compared: by then all code is loaded


def test_three_that_were_closed_leave_no_object_and_no_thread(small_tflite: Path, tmp_path: Path) -> None:
    threads = []
    for _ in range(3):
        assert alive(open_and_close(str(small_tflite), "litert", tmp_path / "h.sqlite")) == []
        threads.append(psutil.Process().num_threads())  # of native ones: the interpreter has its own
    assert ours() == set()
    assert threads[0] == threads[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("engine", "count"), [("litert", 50), ("graph", 3), ("xla", 3)])
def test_what_many_leave_does_not_add_up(engine: str, count: int, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.view.opening_and_closing", f"{engine},{TINY}", str(count), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, timeout=800, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    after = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(after) == count
    assert [one for one in after if one["alive"]] == []
    if engine == "litert":  # TensorFlow keeps compiled programs and its pools of threads until the process ends
        assert after[-1]["threads"] == after[SETTLED - 1]["threads"]
        assert after[-1]["bytes"] - after[SETTLED - 1]["bytes"] < MOST_GROWTH_BYTES
