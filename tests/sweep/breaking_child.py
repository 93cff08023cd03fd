"""A worker process whose network breaks the runtime at 64x64: it crashes there, or never returns.

`python breaking_child.py crash|hang JOB.json`
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.detectors import Calibration, Detector, KerasNetwork, LiteRtModel
from workbench.detectors.network import Conversion, Network
from workbench.opening import open_data
from workbench.samples import WEIGHTS, sample_detector
from workbench.sweep.child import main

BROKEN_HW = (64, 64)


class Breaking(Network):
    """The small sample's network, but for one size."""

    kind = "Keras"

    def __init__(self, path: Path, deed: Callable[[], object]) -> None:
        self._sound = KerasNetwork(path)
        self._deed = deed
        super().__init__(path)

    def inspect(self) -> Any:
        return self._sound.inspect()

    def run(self, batch: Any) -> Any:
        return self._sound.run(batch)

    def keras_model(self) -> Any:
        return self._sound.keras_model()

    def forward(self) -> Any:
        return self._sound.forward()

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        if conversion.size_hw == BROKEN_HW:
            self._deed()
        return self._sound.litert_model(conversion, calibration)


DEEDS: dict[str, Callable[[], object]] = {
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "hang": lambda: time.sleep(1000),
}


def open_breaking(sources: Any) -> Any:
    sound = sample_detector("inspector-mobile")
    network = Breaking(WEIGHTS / "inspector-mobile.keras", DEEDS[sys.argv[1]])
    detector = Detector(network, sound.meaning, name=sound.facts.name, source=sound.facts.source)
    return detector, open_data(detector, sources.media, sources.truth)


if __name__ == "__main__":
    main(Path(sys.argv[2]), open_breaking)
