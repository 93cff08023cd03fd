"""What an hour of playing leaves behind, and what a kernel does to a workbench that lives in it."""

import gc
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.view.test_view import Page, ours, until
from workbench import Workbench

FRAMES = 3_000  # tests/benchmarks/endurance.py plays longer
SETTLED_FRAMES = 1_000
MOST_GROWTH_BYTES = 15 * 2**20
TINY = "litert,input.size_hw=64x96"
KERNEL_SECONDS = 120


@pytest.fixture
def small_clip(tmp_path: Path) -> Path:
    path = tmp_path / "small.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (128, 72))
    draw = np.random.default_rng(0)
    for _ in range(200):
        writer.write(draw.integers(0, 256, (72, 128, 3), np.uint8))
    writer.release()
    return path


@pytest.mark.slow
def test_playing_on_leaves_no_memory_behind(small_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbench = Workbench(media=str(small_clip), preset=TINY, history=tmp_path / "h.sqlite", frames=3)
    page = Page(workbench, monkeypatch)
    until(lambda: page.view.status["ready"])
    player = workbench.session.opened.player
    page.tell("pin")
    page.tell("pace", value="free")
    page.tell("play")
    until(lambda: player.shown.number > SETTLED_FRAMES)
    before = resident_bytes(page)
    until(lambda: player.shown.number > FRAMES)
    grown = resident_bytes(page) - before
    workbench.close()
    assert ours() == set()
    assert grown < MOST_GROWTH_BYTES, f"{grown / 2**20:.0f} MiB more"


def resident_bytes(page: Page) -> int:
    page.sent.clear()  # the test's own
    gc.collect()
    return int(psutil.Process().memory_info().rss)


class Kernel:
    """A kernel as a notebook has it."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code: str) -> str:
        """Run a cell to its end and return what it printed, or the name of the error it ended with."""
        printed: list[str] = []
        reply = self.client.execute_interactive(
            code, timeout=KERNEL_SECONDS, output_hook=lambda message: printed.append(message["content"].get("text", ""))
        )
        return "".join(printed) if reply["content"]["status"] == "ok" else str(reply["content"]["ename"])

    def interrupt_a_cell(self, code: str) -> str:
        """Interrupt a cell once it has said that it runs; return the name of the error it ended with."""

        def interrupt(message: dict) -> None:
            if message["msg_type"] == "stream":
                self.manager.interrupt_kernel()

        return str(self.client.execute_interactive(code, timeout=KERNEL_SECONDS, output_hook=interrupt)["content"].get("ename"))

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    started = Kernel()
    yield started
    started.end()


START = f"""
import time
from workbench import Workbench
workbench = Workbench(preset="{TINY}")
session = workbench.session
while session.opened is None or session.opened.player.shown is None:
    time.sleep(0.1)
session.play()
print("playing", session.notices.message)
"""
PLAYS = """
workbench.children[0]._handle_custom_msg({"type": "shown", "n": session.opened.player.shown.number}, [])  # unwatched, it would doze
before = session.opened.player.shown.number
time.sleep(0.5)
print(session.opened.player.playing, session.opened.player.shown.number > before, session.notices.message)
"""
ENDS = """
import threading
workbench.close()
print([one.name for one in threading.enumerate() if one.name.startswith("workbench-")])
"""


@pytest.mark.slow
def test_an_interrupted_kernel_plays_on(kernel: Kernel) -> None:
    assert kernel.run(START).strip() == "playing None"
    assert kernel.interrupt_a_cell("print('running', flush=True); time.sleep(60)") == "KeyboardInterrupt"
    assert kernel.run(PLAYS).strip() == "True True None"
    kernel.manager.interrupt_kernel()  # with no cell running
    assert kernel.run(PLAYS).strip() == "True True None"
    assert kernel.run(ENDS).strip() == "[]"
