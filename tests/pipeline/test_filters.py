"""Every engine is fed what the filter of the settings leaves, wherever frames are resized."""

from collections.abc import Callable

import numpy as np
import pytest

from workbench.catalogue import ENGINES
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import FILTERS
from workbench.stages import RESIZED_BY

SIZE = "input.size_hw=64x96,nms.method=numpy"
NOISE = Frame(np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8), "noise", 0)
SAME = 0.01  # of a score: inputs that differ by a grey level, through the small detector

Open = Callable[[str], Pipeline]


def scores(pipeline: Pipeline) -> np.ndarray:
    (raw,) = pipeline.infer([NOISE])
    return np.asarray(raw.scores)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    "engine",
    [
        engine if engine == "eager" else pytest.param(engine, marks=pytest.mark.slow)
        for engine, row in ENGINES.items()
        if row.resizes
    ],
)
def test_a_graph_that_resizes_finds_what_the_host_finds_under_the_same_filter(small_pipeline: Open, engine: str, name: str) -> None:
    inside = scores(small_pipeline(f"runtime.engine={engine},{SIZE},input.resize=graph,input.filter={name}"))
    by_host = {
        one: scores(small_pipeline(f"runtime.engine=eager,{SIZE},input.resize={RESIZED_BY[one]},input.filter={one}"))
        for one in FILTERS
    }

    assert apart(inside, by_host[name]) < SAME
    assert all(apart(inside, by_host[other]) > 2 * SAME for other in FILTERS if other != name)
