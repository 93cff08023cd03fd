"""All engines give the same boxes, at the precision that they say."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from workbench.catalogue import ENGINES
from workbench.detections import agreement
from workbench.detections.boxes import pairwise_iou
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import PRECISIONS
from workbench.stages import prepare

WIDE, TALL = "192x320", "160x96"
# Float32 sums in another order: the largest differences seen are 0.0005 px and 1e-6.
BOX_TOLERANCE_PX = 0.02
SCORE_TOLERANCE = 1e-4
# What a precision may change, mean over the candidates that float32 scores above `LIKELY`: scores, and IoU with float32's boxes.
LIKELY = 0.2
SCORE_DRIFT = {"float16": 0.005, "dynamic-int8": 0.05, "int8": 0.08, "int16x8": 0.05}
LEAST_IOU = {"float16": 0.99, "dynamic-int8": 0.9, "int8": 0.85, "int16x8": 0.9}

LOWER_PRECISIONS = pytest.mark.parametrize(
    ("engine", "precision"),
    [
        *(("litert", precision) for precision in PRECISIONS if precision in SCORE_DRIFT),
        *(("onnxruntime", precision) for precision in ENGINES["onnxruntime"].precisions if precision in SCORE_DRIFT),
    ],
)

Open = Callable[[str], Pipeline]


def candidates(pipeline: Pipeline, frames: Sequence[Frame]) -> Candidates:
    engine, settings = pipeline.engine, pipeline.settings
    assert settings.input.size_hw is not None
    found = engine.run(prepare([frame.image_rgb for frame in frames], engine.input_spec, settings.input.size_hw, "opencv"))
    assert isinstance(found, Candidates)
    return found


def words(engine: str, size: str = WIDE, precision: str = "float32", **more: object) -> str:
    values = {"runtime.engine": engine, "runtime.precision": precision, "input.size_hw": size, "input.resize": "opencv"}
    values |= {"nms.method": "numpy"} | {name.replace("_", ".", 1): value for name, value in more.items()}
    return ",".join(f"{name}={value}" for name, value in values.items())


@pytest.mark.parametrize(
    ("engine", "size", "batch"),
    [
        *((engine, WIDE, 1) for engine, row in ENGINES.items() if not row.runs_tflite),
        # These convert; `test_litert` does tall batches, on a small network.
        *(pytest.param(engine, WIDE, 1, marks=pytest.mark.slow) for engine, row in ENGINES.items() if row.runs_tflite),
        *(
            pytest.param(engine, TALL, 2, marks=[pytest.mark.slow] if engine == "xla" else [])
            for engine, row in ENGINES.items()
            if not row.runs_tflite
        ),
    ],
)
def test_engines_agree_at_float32(pipeline: Open, stills: tuple[Frame, ...], engine: str, size: str, batch: int) -> None:
    frames = stills[1 : 1 + batch]
    expected = [candidates(pipeline(words("eager", size)), [frame]) for frame in frames]

    found = candidates(pipeline(words(engine, size, **({"runtime_batch": batch} if batch > 1 else {}))), frames)

    assert len(found.scores) == batch
    for n, alone in enumerate(expected):
        np.testing.assert_allclose(found.boxes_xyxy[n], alone.boxes_xyxy[0], atol=BOX_TOLERANCE_PX)
        np.testing.assert_allclose(found.scores[n], alone.scores[0], atol=SCORE_TOLERANCE)


# They agree at float32, above; that of LiteRT also converts.
@pytest.mark.parametrize(
    "engine", [pytest.param(one, marks=[pytest.mark.slow] if one in {"xla", "eager", "onnxruntime"} else []) for one in ENGINES]
)
def test_engines_find_the_same_on_stills(pipeline: Open, stills: tuple[Frame, ...], engine: str) -> None:
    expected = [pipeline(words("eager")).detect([frame])[0] for frame in stills]
    assert sum(map(len, expected)) >= len(stills), "the sample detector finds too little to compare"

    for frame, one in zip(stills, expected, strict=True):
        (found,) = pipeline(words(engine)).detect([frame])
        assert found.class_ids.tolist() == one.class_ids.tolist()
        np.testing.assert_allclose(found.boxes_xyxy_px, one.boxes_xyxy_px, atol=BOX_TOLERANCE_PX * 1280 / 192)
        np.testing.assert_allclose(found.scores, one.scores, atol=SCORE_TOLERANCE)


@pytest.mark.parametrize("engine", ["eager", "graph", pytest.param("xla", marks=pytest.mark.slow)])
def test_resizing_in_the_graph_finds_what_resizing_on_the_host_finds(
    pipeline: Open, stills: tuple[Frame, ...], engine: str
) -> None:
    portrait = next(frame for frame in stills if frame.size_hw[0] > frame.size_hw[1])
    frames = [stills[1]] if engine == "xla" else [stills[1], portrait]  # XLA takes seconds to compile for each size
    host = [pipeline(words("eager")).detect([frame])[0] for frame in frames]

    graph = [pipeline(words(engine, input_resize="graph")).detect([frame])[0] for frame in frames]

    # Only rounding to whole grey levels differs: what scores near the threshold may come or go.
    agreed = agreement(graph, host, baseline_name="host")
    assert agreed.ratio >= 0.9
    assert agreed.mean_iou is None or agreed.mean_iou >= 0.9


@pytest.mark.slow
@LOWER_PRECISIONS
def test_a_lower_precision_stays_near_float32(pipeline: Open, stills: tuple[Frame, ...], engine: str, precision: str) -> None:
    drifts, ious = [], []
    for frame in stills[:3]:
        expected = candidates(pipeline(words("litert")), [frame])
        found = candidates(pipeline(words(engine, precision=precision)), [frame])
        likely = expected.scores[0].max(axis=-1) > LIKELY
        drifts.append(np.abs(found.scores[0][likely] - expected.scores[0][likely]).ravel())
        ious.append(np.diag(pairwise_iou(found.boxes_xyxy[0][likely], expected.boxes_xyxy[0][likely])))
    assert np.concatenate(ious).size >= 10, "the sample detector finds too little to compare"
    assert np.concatenate(drifts).mean() <= SCORE_DRIFT[precision]
    assert np.concatenate(ious).mean() >= LEAST_IOU[precision]


@pytest.mark.slow
@LOWER_PRECISIONS
def test_a_lower_precision_does_not_break_the_detector(
    pipeline: Open, stills: tuple[Frame, ...], engine: str, precision: str
) -> None:
    base, lower = pipeline(words("litert")), pipeline(words(engine, precision=precision))

    agreed = agreement(
        [lower.detect([frame])[0] for frame in stills], [base.detect([frame])[0] for frame in stills], baseline_name="float32"
    )

    assert agreed.matched >= 6
    assert not agreed.broken, agreed.reasons
