"""TensorFlow's profiler on a real network: what is slow is on top, and shapes, products and bytes are those of the network."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, final

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from tests.profile.test_profiling import one_large
from workbench.detections import Detections
from workbench.engines import Engine
from workbench.profile.lints import Inside, lints
from workbench.profile.profiling import with_seconds
from workbench.profile.tensorflow import TracedRuns
from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow
from workbench.settings import Runtime, Settings

TIMES, RUNS, SIDE, CHANNELS = 30, 8, 128, 16
OPTIONS: Mapping[str, Mapping[str, Any] | None] = {"graph": {}, "xla": {"jit_compile": True}, "eager": None}
LARGE = SIDE * SIDE * CHANNELS * TIMES * 9 * CHANNELS


@final
class OneLarge(Engine):
    """Five convolutions, the last of which has `TIMES` as many products as each other one."""

    batch, covers = 1, ("model",)
    compilations = 0  # type: ignore[assignment]

    def __init__(self, options: Mapping[str, Any] | None) -> None:
        rng = np.random.default_rng(0)
        self._weights = [
            tf.constant(rng.normal(size=(3, 3, CHANNELS, CHANNELS * times)), tf.float32) for times in (1, 1, 1, 1, TIMES)
        ]
        spec = tf.TensorSpec((1, SIDE, SIDE, CHANNELS))
        self._function = self._network if options is None else tf.function(self._network, (spec,), **options)
        self._traced = None if options is None else self._function.get_concrete_function()

    @property
    def operations(self) -> Sequence[Any]:
        return () if self._traced is None else self._traced.graph.get_operations()

    def _network(self, x: Any) -> Any:
        for number, weights in enumerate(self._weights):
            x = tf.nn.conv2d(x, weights, 1, "SAME", name="net/large" if number == 4 else f"net/small{number}")
        return x

    def run(self, batch: NDArray[Any]) -> list[Detections]:
        self._function(tf.constant(batch)).numpy()
        return []


def profiled(engine: str) -> tuple[TracedRuns, tuple[OperatorRow, ...]]:
    runs = TracedRuns(OneLarge(OPTIONS[engine]))
    for _ in range(RUNS):
        runs.run(np.ones((1, SIDE, SIDE, CHANNELS), np.float32))
    seen = runs.watched([range(1, RUNS)])
    assert len(seen.seconds) == RUNS - 1
    assert all(each >= 0 for run in seen.seconds for each in run)
    assert len(runs.around_seconds) == RUNS
    return runs, with_seconds(seen.rows, seen.seconds)


@pytest.mark.parametrize("engine", ["graph", "xla"])
def test_an_operator_that_is_30_times_as_large_is_on_top(engine: str) -> None:
    runs, rows = profiled(engine)

    slowest = max(rows, key=lambda row: row.seconds or 0)
    assert slowest.macs == LARGE
    assert slowest.macs == TIMES * sorted(row.macs for row in rows)[-2]
    assert "large" in slowest.name
    assert prod(slowest.shape) == SIDE * SIDE * CHANNELS * TIMES
    assert slowest.bytes_moved >= 4 * (SIDE * SIDE * CHANNELS * (TIMES + 1) + 9 * CHANNELS * CHANNELS * TIMES)
    assert "calling TensorFlow" in runs.around


def test_what_python_calls_one_by_one_is_told_by_type() -> None:
    runs, rows = profiled("eager")

    convolutions = [row for row in rows if row.kind == "Conv2D"]
    assert len(convolutions) == 5
    assert not any(row.name for row in rows)
    assert max(rows, key=lambda row: row.seconds or 0) == convolutions[-1]
    assert "Python" in runs.around


def row(name: str, kind: str, seconds: float, macs: int = 0) -> OperatorRow:
    return OperatorRow(name=name, kind=kind, seconds=seconds, macs=macs)


def test_grouped_convolutions_that_xla_is_slow_at_are_told_with_both_rates() -> None:
    rows = [row("a", "grouped convolution", 0.1, 10**7), row("b", "dot", 0.01, 10**8)]

    (told,) = lints(Inside(rows=rows, settings=Settings(runtime=Runtime(engine="xla"))))

    assert told.seconds == pytest.approx(0.1)
    assert "reach 0.100 GMAC/s where other convolutions reach 10.0" in told.what


def test_normalisation_apart_from_convolutions_is_told_and_the_frames_own_resize_is_not() -> None:
    rows = [
        row("net/bn/batchnorm/mul_1", "Mul", 0.01),
        row("net/conv", "Conv2D", 0.01),
        row("preprocess/r", "ResizeBilinear", 0.01),
    ]

    (told,) = lints(Inside(rows=rows, settings=Settings(runtime=Runtime(engine="graph"))))

    assert told.what.startswith("1 operator of batch normalisation")


def test_a_file_that_has_normalisation_in_its_convolutions_names_is_not_told_so() -> None:
    rows = [row("net/relu/Relu6;net/bn/batchnorm/add_1;net/conv/convolution", "CONV_2D", 0.01)]
    settings = Settings(runtime=Runtime(engine="litert"))

    assert not lints(Inside(rows=rows, settings=settings, file=Flatbuffer(one_large())))
