"""How OpenVINO is asked: what its settings compile with, and several threads on one compiled network."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workbench.detectors import Calibration, Detector
from workbench.engines import Candidates, Opened, OpenVinoNetwork, open_engine, properties_of
from workbench.opening import open_detector
from workbench.pipeline import Pipeline
from workbench.settings import Settings

SMALL = "runtime.engine=openvino,input.size_hw=64x96,input.resize=opencv,nms.method=opencv,runtime.threads=2"
OPENVINO = {"runtime.engine": "openvino", "runtime.threads": 2}
WORKERS = {"feed.mode": "threads", "feed.workers": 2}


@pytest.mark.parametrize(
    ("values", "hint", "streams"),
    [
        ({}, "LATENCY", None),
        ({"runtime.hint": "throughput"}, "THROUGHPUT", None),
        ({"runtime.streams": 2}, "LATENCY", 2),
        (WORKERS, "LATENCY", 2),
        ({**WORKERS, "runtime.streams": 1}, "LATENCY", 1),
        ({"feed.mode": "tfdata", "feed.workers": 2}, "LATENCY", None),
    ],
    ids=["usual", "hint", "streams", "a stream a worker", "a stream for both", "one caller"],
)
def test_a_hint_and_streams_reach_the_compiled_network(
    small_tflite: Path, values: dict[str, object], hint: str, streams: int | None
) -> None:
    settings = Settings().with_values({**OPENVINO, **values})
    asked = properties_of(settings)
    assert (asked["PERFORMANCE_HINT"], asked.get("NUM_STREAMS"), asked["INFERENCE_NUM_THREADS"]) == (hint, streams, 2)

    compiled = OpenVinoNetwork(Opened(small_tflite.read_bytes(), (1, 64, 96, 3), np.float32, ()), settings).compiled

    assert compiled.get_property("PERFORMANCE_HINT") == hint
    assert compiled.get_property("NUM_STREAMS") == streams or streams is None


def test_workers_share_one_compiled_network_each_with_a_request_of_its_own(small_pipeline: Callable[[str], Pipeline]) -> None:
    one = small_pipeline(f"{SMALL},feed.mode=threads,feed.workers=2")
    noise = [np.random.default_rng(seed).random((1, 64, 96, 3), np.float32) for seed in range(2)]
    engines = [worker.engine for worker in one.workers()]
    alone = [engines[0].run(batch) for batch in noise]
    found: dict[int, list[object]] = {0: [], 1: []}

    def run(number: int) -> None:
        found[number] = [engines[number].run(noise[number]) for _ in range(20)]

    threads = [threading.Thread(target=run, args=(number,)) for number in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert engines[0] is not engines[1]
    assert "2 streams on 2 threads" in engines[0].notes
    assert engines[1].compilations == engines[0].compilations, "nothing was opened anew"
    for number, each in found.items():
        for candidates in each:
            assert isinstance(candidates, Candidates)
            np.testing.assert_array_equal(candidates.scores, alone[number].scores)


def test_a_file_of_float16_runs_in_bfloat16_near_float32(assets: Path) -> None:
    detector = open_detector(str(assets / "models" / "yolox_nano_416_float16_quantize.tflite"))
    if "BF16" not in capabilities():
        pytest.skip("this processor has no bfloat16")
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, 416, 416)).astype(np.float32)

    float32, bfloat16 = (candidates(detector, precision, noise) for precision in ("float32", "bfloat16"))

    assert not np.array_equal(bfloat16.scores, float32.scores), "it ran in float32"
    np.testing.assert_allclose(bfloat16.scores, float32.scores, atol=0.05)


def candidates(detector: Detector, precision: str, batch: np.ndarray) -> Candidates:
    settings = Settings().with_values({**OPENVINO, "runtime.precision": precision})
    found = open_engine(detector, settings, Calibration("none", list)).run(batch)
    assert isinstance(found, Candidates)
    return found


def capabilities() -> list[str]:
    import openvino

    return openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
