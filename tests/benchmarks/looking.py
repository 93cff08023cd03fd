"""Print how soon the workbench shows what one does, how many pictures it shows, and what showing costs the kernel.

It opens `workbench app` in the system's chromium. Run it on a quiet machine: `python -m tests.benchmarks.looking`.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil
from playwright.sync_api import Page, expect

from tests.browser.chromium import chromium
from tests.browser.serving import as_a_page, role
from workbench.machine import environment

PATIENCE_MS = 120_000
PRESETS = ("litert", "litert-int8")
STAGE_WIDTH_PX = 640
PLAYING = ("wb-player", "wb-worker")  # beginnings of what the system calls the threads that play (Linux)

# Each gives milliseconds from the input event until the first paint after the canvas shows the answer.
MOVE_SLIDER = """
([value]) => new Promise(resolve => {
  const canvas = document.querySelector("[data-role=picture]");
  const slider = document.querySelector('[data-name="nms.score"] input');
  const before = canvas.dataset.n;
  const seen = new MutationObserver(() => {
    if (canvas.dataset.n === before) return;
    seen.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  });
  seen.observe(canvas, { attributes: true });
  const began = performance.now();
  slider.valueAsNumber = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})
"""
CHOOSE_PRESET = """
([preset]) => new Promise(resolve => {
  const canvas = document.querySelector("[data-role=picture]");
  const seen = new MutationObserver(() => {
    if (canvas.dataset.setting !== preset) return;
    seen.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  });
  seen.observe(canvas, { attributes: true });
  const began = performance.now();
  document.querySelector(`[data-preset="${preset}"]`).click();
})
"""
COUNT_PICTURES = """
([seconds]) => new Promise(resolve => {
  const canvas = document.querySelector("[data-role=picture]");
  const shown = new Set();
  const seen = new MutationObserver(() => shown.add(canvas.dataset.n));
  seen.observe(canvas, { attributes: true });
  setTimeout(() => { seen.disconnect(); resolve(shown.size / seconds); }, seconds * 1000);
})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=25, help="slider moves, and changes of the setting")
    parser.add_argument(
        "--seconds", type=float, default=8, help="of each measurement while it plays; a page that shows nothing for 10 s dozes"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; the sample clip, paced at its own rate")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        context = browser.new_context(viewport={"width": 1100, "height": 1400})
        context.set_default_timeout(PATIENCE_MS)
        with as_a_page(context, Path(folder)) as page:
            expect(role(page, "picture")).to_have_attribute("data-n", re.compile(r"^[1-9]"), timeout=PATIENCE_MS)
            fit_stage(page)
            report_answers(page, options.times)
            report_showing(page, options.seconds, options.rounds)


def fit_stage(page: Page) -> None:
    """Let the picture be as wide as it is sent."""
    for _ in range(4):
        width = role(page, "picture").evaluate("one => one.clientWidth")
        assert page.viewport_size is not None
        page.set_viewport_size({"width": page.viewport_size["width"] + STAGE_WIDTH_PX - width, "height": 1400})
        page.wait_for_timeout(300)
    size = role(page, "picture").evaluate("one => `${one.clientWidth}x${one.clientHeight}`")
    print(f"picture on the page: {size}")


def report_answers(page: Page, times: int) -> None:
    role(page, "play").click()
    for preset in PRESETS:
        page.locator(f'[data-preset="{preset}"]').click()
        expect(role(page, "picture")).to_have_attribute("data-setting", preset, timeout=PATIENCE_MS)
        page.wait_for_timeout(6000)  # its accuracy is found meanwhile
    changes_ms = []
    for number in range(times):
        changes_ms.append(page.evaluate(CHOOSE_PRESET, [PRESETS[number % len(PRESETS)]]))
        page.wait_for_timeout(700)
    tell("a warm setting's first frame is on screen after", changes_ms)

    role(page, "play").click()
    page.wait_for_timeout(6000)
    moves_ms = []
    for number in range(times):
        moves_ms.append(page.evaluate(MOVE_SLIDER, [0.2 + 0.02 * (number % 20)]))
        page.wait_for_timeout(150)
    tell("an NMS slider's boxes are on screen after", moves_ms)


def tell(what: str, times_ms: list[float]) -> None:
    inner = sorted(times_ms)
    print(f"{what} {median(inner):.0f} ms (median of {len(inner)}; {inner[0]:.0f} to {inner[-1]:.0f})")


def report_showing(page: Page, seconds: float, rounds: int) -> None:
    """Compare the kernel's CPU time while pictures are shown with that while the page stands still and takes none.

    Left out are the threads that play, by their names, and those that runtimes and decoders started from there: they pass as many
    frames either way, and that they take longer for them beside a browser is not what showing costs.
    """
    role(page, "play").click()
    page.wait_for_timeout(6000)
    kernel = next(one for one in psutil.Process().children(recursive=True) if "ipykernel_launcher" in " ".join(one.cmdline()))
    halted = page.context.new_cdp_session(page)
    halted.send("Debugger.enable")
    shares, changes, rates = [], [], []
    for _ in range(rounds):
        began = cpu_seconds(kernel)
        rates.append(page.evaluate(COUNT_PICTURES, [seconds]))
        shown = spent_since(began, kernel)
        halted.send("Debugger.pause")
        time.sleep(1.0)  # what is on its way arrives
        began = cpu_seconds(kernel)
        time.sleep(seconds)
        hidden = spent_since(began, kernel)
        halted.send("Debugger.resume")
        page.wait_for_timeout(1500)
        shares.append(sum(used - hidden.get(thread, 0.0) for thread, used in shown.items() if not plays(kernel, thread)) / seconds)
        changes.append((sum(shown.values()) - sum(hidden.values())) / seconds)
    own = page.locator('[data-figure="cost of showing"]').inner_text().replace("\n", " ")
    print(f"pictures a second on screen: {median(rates):.1f} (median of {rounds}; {', '.join(f'{rate:.1f}' for rate in rates)})")
    print(f"showing takes {each(shares)} of a core in the kernel; the page says: {own}")
    print(f"with the threads that play the kernel takes {each(changes)} of a core more than with the page halted")


def plays(kernel: psutil.Process, thread: int) -> bool:
    """Whether a thread is one of those that play."""
    try:
        return Path(f"/proc/{kernel.pid}/task/{thread}/comm").read_text().startswith(PLAYING)
    except OSError:
        return False


def each(shares: list[float]) -> str:
    return f"{median(shares):.1%} (median of {len(shares)}; {', '.join(f'{share:.1%}' for share in shares)})"


def cpu_seconds(process: psutil.Process) -> dict[int, float]:
    """Return the CPU seconds of each of a process's threads so far, by its number."""
    return {thread.id: thread.user_time + thread.system_time for thread in process.threads()}


def spent_since(began: dict[int, float], process: psutil.Process) -> dict[int, float]:
    return {thread: now - began.get(thread, 0.0) for thread, now in cpu_seconds(process).items()}


if __name__ == "__main__":
    main()
