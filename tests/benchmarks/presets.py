"""Print each loop preset's frame rate against `naive`, and the share of a frame that no stage explains: medians of several runs.

Run it on a quiet machine: `python tests/benchmarks/presets.py`.
"""

import argparse
from dataclasses import replace
from statistics import median

from workbench import Bench, open_data, open_detector, variant
from workbench.machine import environment
from workbench.record import Record
from workbench.samples import SAMPLE_CLIP
from workbench.settings import PRESETS
from workbench.timing import Timing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--detector", default="inspector-mobile")
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {options.detector}, {options.runs} runs of {options.frames} frames")
    detector = open_detector(options.detector)
    runs: dict[str, list[Record]] = {preset: [] for preset in PRESETS}
    for _ in range(options.runs):
        data = replace(open_data(detector, str(SAMPLE_CLIP)), labelled=None, labelled_truth=None)  # accuracy takes minutes
        bench = Bench(data, frames=options.frames)
        for preset in PRESETS:
            runs[preset].append(bench.measure(variant(detector, preset)))
    timings = {preset: [timing_of(record) for record in records] for preset, records in runs.items()}
    naive_fps = [one.fps or 0.0 for one in timings["naive"]]
    print(f"{'preset':<12} {'ms':>7} {'x naive':>8} {'unexplained':>12}  noise")
    for preset, records in runs.items():
        ratios = [(one.fps or 0.0) / fps for one, fps in zip(timings[preset], naive_fps, strict=True)]
        shares = [one.unexplained_share or 0.0 for one in timings[preset]]
        noise = ", ".join(sorted({record.noise.verdict for record in records}))
        ms = median(one.median_ms or 0.0 for one in timings[preset])
        print(f"{preset:<12} {ms:7.2f} {median(ratios):8.1f} {median(shares):12.1%}  {noise}")


def timing_of(record: Record) -> Timing:
    assert record.timing is not None, record.problem
    return record.timing


if __name__ == "__main__":
    main()
