"""How near a plain loop's figures are to those of the setting that it spells out, stage by stage.

`python -m tests.benchmarks.own_function`, on an idle machine. Both run one file with the same threads, in turns: at the small
detector's own size, and at eight times its height and width, which takes as long as detectors of some megabytes. A difference of
their totals is what measuring a function adds or leaves out, and what the loop writes in another way.
"""

import argparse
import tempfile
from pathlib import Path

from tests.assets.scenes import FRAME_HW, SHAPES, TEST_SEEDS, draw_scene, write_scenes
from tests.assets.tflite import write_tflite
from tests.litert_loop import litert_loop
from workbench.hardware import usable_cores
from workbench.measuring import Bench
from workbench.opening import open_data, open_detector, variant
from workbench.record import Record
from workbench.wording import format_seconds_as_ms, ratio_words

SCENES = 64


def medians(record: Record) -> dict[str, float]:
    assert record.timing is not None, "it ran"
    return record.timing.budget()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--frames", type=int, default=600)
    asked.add_argument("--threads", type=int, default=usable_cores())
    asked.add_argument(
        "--times", type=int, nargs="+", default=[1, 8], help="the small detector's height and width, and the frames'"
    )
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for times in options.times:
            height, width = (times * side for side in FRAME_HW)
            scenes, model = Path(folder) / f"scenes {times}", Path(folder) / f"shapes {times}.tflite"
            write_scenes([draw_scene(TEST_SEEDS + n, (height, width)) for n in range(SCENES)], scenes)
            size = f"{64 * times}x{96 * times}"
            write_tflite(open_detector(str(SHAPES), str(scenes)), model, size)
            print(f"at {size}")
            set_beside(model, scenes, options.frames, options.threads)


def set_beside(model: Path, scenes: Path, frames: int, threads: int) -> None:
    detector = open_detector(str(model), str(scenes))
    bench = Bench(open_data(detector, str(scenes)), frames)
    setting = bench.measure(variant(detector, f"litert,runtime.threads={threads}"))
    loop = bench.measure(litert_loop(model, threads))
    own, others = medians(loop), medians(setting)
    for stage in dict.fromkeys([*others, *own]):
        pair = [format_seconds_as_ms(budget.get(stage)) for budget in (others, own)]
        print(f"{stage:12} setting {pair[0]:>8} ms   loop {pair[1]:>8} ms")
    assert loop.comparison is not None, "it is the second"
    print(f"the loop against the setting, in turns: {ratio_words(loop.comparison.ratio)}")
    print(f"AP {setting.accuracy and setting.accuracy.ap} and {loop.accuracy and loop.accuracy.ap}")
    print(f"noise: {setting.noise.verdict}, {loop.noise.verdict}")


if __name__ == "__main__":
    main()
