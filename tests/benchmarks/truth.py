"""Does comparing tell the truth on this machine? Prints figures of time, then of accuracy; run it where `workbench` will be used.

    python -m tests.benchmarks.truth                          200 comparisons of a setting with itself, 100 with 5 % more work
    python -m tests.benchmarks.truth --same 40 --slowed 20    a quicker look
    python -m tests.benchmarks.truth --sets 1000              how often intervals of AP hold the truth, simulated (an hour)

The work is real: resize a 720p frame and convolve it, about 2 ms. The slowed side does the same and then spins for 5 % of the
median that was measured just before the comparison. Asserts nothing: the figures and the noise certificate are the result.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np

from tests.benchmarks.simulated_accuracy import coverages
from workbench.machine import NoiseWatch, environment
from workbench.timing import compare_blocks
from workbench.timing.comparing import TimeBlock

SLOW_DOWN = 0.05


def one_frame(frames: np.ndarray) -> Callable[[int], None]:
    """Return the work on the n-th of some frames."""
    kernel = np.random.default_rng(1).normal(size=(7, 7)).astype(np.float32)

    def work(position: int) -> None:
        small = cv2.resize(frames[position % len(frames)], (320, 180), interpolation=cv2.INTER_AREA)
        cv2.filter2D(small.astype(np.float32) / 255.0, -1, kernel)

    return work


def timed(work: Callable[[int], None], extra_seconds: float = 0.0) -> TimeBlock:
    """Time frames of the work, each followed by spinning for some extra seconds."""

    def block(count: int) -> list[float]:
        seconds = []
        for position in range(count):
            began = time.perf_counter()
            work(position)
            until = time.perf_counter() + extra_seconds
            while extra_seconds and time.perf_counter() < until:
                pass
            seconds.append(time.perf_counter() - began)
        return seconds

    return block


def verdicts(
    work: Callable[[int], None], count: int, slow_down: float, maximum_seconds: float
) -> tuple[Counter[str], list[float], list[int]]:
    """Compare the work with itself, slowed, some times; return the verdicts, the ratios and the rounds that each took."""
    found: Counter[str] = Counter()
    ratios, rounds = [], []
    for _ in range(count):
        median = float(np.median(timed(work)(50)))
        result = compare_blocks(timed(work), timed(work, slow_down * median), maximum_seconds=maximum_seconds)
        found[result.ratio.verdict()] += 1
        ratios.append(result.ratio.median)
        rounds.append(result.blocks // 4)
    return found, ratios, rounds


def report(title: str, found: Counter[str], ratios: list[float], rounds: list[int]) -> None:
    """Print one line of verdicts and one of spread."""
    print(f"{title}: " + ", ".join(f"{number} {verdict}" for verdict, number in found.most_common()))
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    print(f"    ratio {middle:.4f} (5 % to 95 %: {low:.4f} to {high:.4f}); rounds {int(np.median(rounds))}, at most {max(rounds)}")


def main() -> None:
    """Print both figures with the environment."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--same", type=int, default=200, help="comparisons of a setting with itself")
    parser.add_argument("--slowed", type=int, default=100, help="comparisons with 5 %% more work on one side")
    parser.add_argument("--maximum-seconds", type=float, default=20.0, help="of one comparison")
    parser.add_argument("--sets", type=int, default=0, help="simulated data sets of labelled images for each of 12 cases")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    frames = np.random.default_rng(0).integers(0, 255, (8, 720, 1280, 3), np.uint8)
    work = one_frame(frames)
    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {1000 * float(np.median(timed(work)(200))):.2f} ms a frame")
    began = time.perf_counter()
    with NoiseWatch() as watch:
        if asked.same:
            found, ratios, rounds = verdicts(work, asked.same, 0.0, asked.maximum_seconds)
            report(f"with itself, {asked.same} times", found, ratios, rounds)
            claimed = 1 - found["no measurable difference"] / asked.same
            print(f"    a difference that is not there was claimed in {claimed:.1%} (at most 5 %)")
        if asked.slowed:
            found, ratios, rounds = verdicts(work, asked.slowed, SLOW_DOWN, asked.maximum_seconds)
            report(f"slowed by {SLOW_DOWN:.0%}, {asked.slowed} times", found, ratios, rounds)
            print(f"    it was found in {found['slower'] / asked.slowed:.1%} (at least 95 %)")
    for one in coverages(asked.sets) if asked.sets else ():
        print(one, flush=True)
    noise = watch.certificate
    print(f"machine: {noise.verdict}, {'; '.join(noise.reasons)}; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
