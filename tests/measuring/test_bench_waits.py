"""A measurement waits while others have the cores, and says so."""

import subprocess
import sys

import numpy as np
import pytest

from workbench.detectors import Calibration, Detector
from workbench.hardware import usable_cores
from workbench.measuring import Bench
from workbench.measuring.passes import TURN_FRAMES
from workbench.media import array_media
from workbench.opening import EvaluationData, variant

BURNING = "print('burning')\nwhile True: pass"


@pytest.mark.slow
def test_what_makes_the_machine_slow_between_two_turns_is_waited_for(mobile: Detector) -> None:
    burners: list[subprocess.Popen[bytes]] = []

    def tell(what: str, done: int, _: int) -> None:
        if "timing" not in what:
            return
        if done == 2 * TURN_FRAMES and not burners:  # the first turn of both passes is over
            words = [sys.executable, "-u", "-c", BURNING]
            burners.extend(subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(4 * usable_cores()))
            for burner in burners:
                assert burner.stdout is not None
                burner.stdout.readline()
        elif done > 2 * TURN_FRAMES:
            end(burners)

    noise = np.random.default_rng(0).integers(0, 256, (2 * TURN_FRAMES, 90, 160, 3), np.uint8)
    data = EvaluationData(array_media(noise), None, None, None, Calibration("none", list))
    bench = Bench(data, 2 * TURN_FRAMES, progress=tell)
    try:
        record = bench.measure(variant(mobile, "graph,input.size_hw=320", name="disturbed"))
    finally:
        end(burners)

    assert burners
    assert record.noise.waited_seconds
    assert record.timing is not None
    assert len(record.timing.total_seconds) == 2 * TURN_FRAMES, "nothing that was timed is left out"
    assert any("slow spells" in note for note in record.noise.notes)


def end(burners: list[subprocess.Popen[bytes]]) -> None:
    for burner in burners:
        if burner.returncode is None:
            burner.kill()
            burner.communicate()
