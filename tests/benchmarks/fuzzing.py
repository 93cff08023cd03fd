"""Tries what may go wrong, and prints how much of it held: `FUZZ=100 SEED=1 python -m tests.benchmarks.fuzzing [--full] [PART…]`.

Held is the result or one line `workbench: …` with its exit code, within 30 s, in a process that goes on, with nothing left behind.
What did not hold is printed below the table; the same seed tries the same again.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from tests.fuzzing.kernel import Kernel, Tally
from tests.fuzzing.parts import PARTS, make_sound
from workbench.machine import environment

PROCESSES = 2


def tried(name: str, count: int, seed: int, folder: Path) -> tuple[Tally, float]:
    """Try a part in this process, whose commands run in another."""
    began = time.monotonic()
    work = folder / name
    work.mkdir()
    with Kernel(folder / f"kernel-{name}") as kernel:
        return PARTS[name].run(kernel, folder / "sound", work, count, seed), time.monotonic() - began


def main() -> None:
    """Try all parts, two at a time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="as many of each as where there is time, in the place of FUZZ")
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; all by default")
    options = parser.parse_args()
    seed = int(os.environ.get("SEED", "1"))
    names = options.parts or list(PARTS)
    counts = {name: PARTS[name].full if options.full else PARTS[name].count() for name in names}
    here = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, workbench {here.versions['workbench']}, {here.cpu}, {here.cores} cores")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data")}
        context = get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, context, max_tasks_per_child=1) as pool:
            pool.submit(make_sound, folder / "sound").result()
            begun = {name: pool.submit(tried, name, counts[name], seed, folder) for name in names}
            done = {name: future.result() for name, future in begun.items()}
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    print("| what | tried | held | seed | took |\n|---|---|---|---|---|")
    for name, (tally, seconds) in done.items():
        print(f"| {PARTS[name].what} | {tally.tried} | {tally.held} | {seed} | {seconds:.0f} s |")
    failures = [failure for tally, _ in done.values() for failure in tally.failures]
    print(*failures, sep="\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
