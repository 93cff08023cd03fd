"""The program's own formulas give what the workbench's stages give, for every kind of network; nobody needs a network for that."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.export.programs import LABELS, SIZE_HW, load, plan
from workbench.catalogue import NMS_METHODS
from workbench.detections import Detections, FloatArray
from workbench.detectors import quantised
from workbench.errors import UnavailableError
from workbench.export.plan import what_runs
from workbench.export.program import program_text, requirements_text
from workbench.settings import Settings
from workbench.stages import (
    AnchorGrid,
    AnchorGrids,
    BoxesHead,
    DetectionRows,
    DetectionTensors,
    Head,
    HostSuppressor,
    InputSpec,
    OwnNms,
    RowsHead,
    SsdHead,
    YoloxHead,
    place,
    prepare,
)

CLASSES = len(LABELS)
MOST_LINES, LONGEST_LINE = 150, 132
GRIDS = AnchorGrids(
    (
        AnchorGrid(cells_hw=(6, 8), boxes_wh=((0.2, 0.3), (0.4, 0.2))),
        AnchorGrid(stride_px=40, boxes_wh=((30.0, 50.0),), normalised=False),
    )
)
HEADS = {
    "ssd": SsdHead(anchors_cxcywh_px=GRIDS),
    "ssd with background": SsdHead(anchors_cxcywh_px=GRIDS, background=True, activation="softmax", center_variance=0.2),
    "yolox": YoloxHead(strides=(8, 16)),
    "boxes": BoxesHead(),
    "boxes yxyx sigmoid": BoxesHead(order="yxyx", activation="sigmoid", background=True),
    "boxes cxcywh in pixels": BoxesHead(order="cxcywh", normalised=False),
    "rows": RowsHead(objectness=True),
    "rows transposed": RowsHead(transposed=True, normalised=True),
    "rows sigmoid": RowsHead(objectness=True, activation="sigmoid", order="xyxy"),
    "rows softmax": RowsHead(objectness=True, activation="softmax", order="yxyx"),
}
READERS = {
    "tensors": (DetectionTensors(first_class=1), 4),
    "tensors without count": (DetectionTensors(order="cxcywh", normalised=False), 3),
    "rows": (DetectionRows(), 1),
    "rows normalised": (DetectionRows(order="yxyx", normalised=True), 1),
}


def raw_outputs(head: Head, seed: int = 0) -> list[FloatArray]:
    """Random outputs, with crowds of boxes that overlap, equal scores, boxes without area, and numbers that are none."""
    rng = np.random.default_rng(seed)
    columns = CLASSES + bool(getattr(head, "background", False))
    if isinstance(head, SsdHead):
        count = len(head.anchors_cxcywh_px(SIZE_HW))
        return [_spoilt(rng.normal(0, 1, (1, count, 4))), _scores(rng, (1, count, columns))]
    if isinstance(head, YoloxHead):
        count = sum((SIZE_HW[0] // side) * (SIZE_HW[1] // side) for side in head.strides)
        return [_spoilt(np.concatenate([rng.normal(0, 1, (1, count, 4)), _scores(rng, (1, count, 1 + CLASSES))], axis=2))]
    boxes = _boxes(rng, 200, str(getattr(head, "order", "xyxy")), normalised=bool(getattr(head, "normalised", False)))
    if isinstance(head, BoxesHead):
        return [boxes, _scores(rng, (1, 200, columns))]
    assert isinstance(head, RowsHead)
    rows = np.concatenate([boxes, _scores(rng, (1, 200, CLASSES + head.objectness))], axis=2)
    return [np.ascontiguousarray(rows.transpose(0, 2, 1)) if head.transposed else rows]


def _scores(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    scores = rng.beta(0.5, 1, shape).round(2).astype(np.float32)  # rounded: many are equal
    scores[0, 3, -1], scores[0, 5, -1] = np.nan, np.inf
    return scores


def _spoilt(boxes: FloatArray) -> FloatArray:
    boxes[0, 7, :4] = np.nan
    return boxes.astype(np.float32)


def _boxes(rng: np.random.Generator, count: int, order: str, *, normalised: bool) -> FloatArray:
    centers, sides = rng.uniform(0, 1, (count, 2)), rng.uniform(0.02, 0.4, (count, 2))
    sides[9] = 0
    corners = np.concatenate([centers - sides / 2, centers + sides / 2], axis=1)
    boxes = np.concatenate([centers, sides], axis=1) if order == "cxcywh" else corners
    boxes = boxes[:, [1, 0, 3, 2]] if order == "yxyx" else boxes
    scale = 1 if normalised else np.array([SIZE_HW[::-1] * 2]) if order != "yxyx" else np.array([SIZE_HW * 2])
    return _spoilt((boxes * scale)[None])


def assert_same(found: Sequence[np.ndarray], wanted: Detections) -> None:
    boxes, scores, classes = found
    np.testing.assert_array_equal(classes, wanted.class_ids)
    np.testing.assert_allclose(scores, wanted.scores, rtol=1e-6)
    np.testing.assert_allclose(boxes, wanted.boxes_xyxy_px, atol=1e-3, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("per_class", [True, False], ids=["per class", "across classes"])
@pytest.mark.parametrize("name", HEADS)
def test_candidates_are_decoded_and_thinned_out_as_the_workbench_does(tmp_path: Path, name: str, per_class: bool) -> None:
    head = HEADS[name]
    made = plan(head=head, outputs=len(raw_outputs(head)), nms_per_class=per_class, nms_score=0.35, nms_top_k=90)
    program = load(made, tmp_path)

    for seed in range(3):
        raw = raw_outputs(head, seed)
        boxes, scores = head.candidates(raw, SIZE_HW)
        wanted = HostSuppressor(made.runs.nms)(boxes[0], scores[0])
        assert len(wanted) > 5
        assert_same(program.detections(raw), wanted)


@pytest.mark.parametrize("limit", [1, 7], ids=["one", "seven"])
def test_max_detections_end_it(tmp_path: Path, limit: int) -> None:
    program = load(plan(head=HEADS["boxes"], nms_max_detections=limit), tmp_path)

    assert len(program.detections(raw_outputs(HEADS["boxes"]))[1]) == limit


@pytest.mark.parametrize("method", ["opencv", "soft"])
def test_nothing_is_found_where_nothing_scores_enough(tmp_path: Path, method: str) -> None:
    program = load(plan(head=HEADS["boxes"], nms_method=method), tmp_path)
    raw = raw_outputs(HEADS["boxes"])

    boxes, scores, classes = program.in_frame(program.detections([raw[0], np.zeros_like(raw[1])]), np.zeros((30, 40, 3), np.uint8))

    assert (boxes.shape, scores.shape, classes.shape) == ((0, 4), (0,), (0,))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("per_class", [True, False], ids=["per class", "across classes"])
def test_soft_suppression_lowers_scores_as_tensorflow_does(tmp_path: Path, per_class: bool) -> None:
    from workbench.graph import GraphSuppressor

    made = plan(head=HEADS["boxes"], nms_method="soft", nms_per_class=per_class, nms_max_detections=30)
    raw = [raw_outputs(HEADS["boxes"])[0], np.random.default_rng(1).uniform(0, 1, (1, 200, CLASSES)).astype(np.float32)]
    boxes, scores = HEADS["boxes"].candidates(raw, SIZE_HW)

    found, wanted = load(made, tmp_path).detections(raw), GraphSuppressor(made.runs.nms)(boxes[0], scores[0])

    assert len(wanted) == 30
    np.testing.assert_array_equal(found[2], wanted.class_ids)
    np.testing.assert_allclose(found[1], wanted.scores, atol=1e-4)
    np.testing.assert_allclose(found[0], wanted.boxes_xyxy_px, atol=1e-2)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", READERS)
def test_a_network_s_own_detections_are_read_as_the_workbench_does(tmp_path: Path, name: str) -> None:
    reader, outputs = READERS[name]
    program = load(plan(own_nms=reader, outputs=outputs, nms_method="model", nms_score=0.2, nms_max_detections=15), tmp_path)
    raw = _own_outputs(reader, outputs)

    (wanted,) = reader.detections(raw, SIZE_HW)
    wanted = wanted.where(np.flatnonzero(wanted.scores > np.float32(0.2))[:15])

    assert len(wanted) > 5
    assert_same(program.detections(raw), wanted)


def _own_outputs(reader: OwnNms, outputs: int) -> list[FloatArray]:
    rng = np.random.default_rng(2)
    boxes = _boxes(rng, 40, str(getattr(reader, "order", "")), normalised=bool(getattr(reader, "normalised", False)))
    scores, classes = rng.uniform(0, 1, (1, 40)).astype(np.float32), rng.integers(0, CLASSES + 1, (1, 40)).astype(np.float32)
    scores[0, 4] = np.nan
    if outputs == 1:
        return [np.concatenate([boxes, scores[..., None], classes[..., None]], axis=2)]
    return [boxes, scores, classes, np.array([30], np.float32)][:outputs]


SPECS = {
    "letterbox": {},
    "top left": {"align": "top-left", "pad": 0.0},
    "stretch": {"fit": "stretch"},
    "BGR": {"colour": "BGR", "offset": 127.5, "factor": 1 / 127.5},
    "raw pixel values": {"factor": 1.0},
    "planar": {"layout": "NCHW"},
    "each channel its own": {"offset": (123.7, 116.3, 103.5), "factor": (1 / 58.4, 1 / 57.1, 1 / 57.4)},
    "each channel its own, planar": {"layout": "NCHW", "offset": (123.7, 116.3, 103.5), "factor": (1 / 58.4, 1 / 57.1, 1 / 57.4)},
    "pixels": {"dtype": "uint8"},
}
QUANTISED = {"float": (None, None), "int8": ("int8", (0.0039215, -128)), "int16": ("int16", (0.0000305, 0))}


@pytest.mark.parametrize("frame_hw", [(72, 128), (130, 60), (96, 128)], ids=["landscape", "portrait", "as large as the input"])
@pytest.mark.parametrize(
    ("name", "stored"),
    [(name, stored) for name, stored in product(SPECS, QUANTISED) if stored == "float" or name not in {"pixels"}],
)
def test_frames_are_prepared_as_the_workbench_does(tmp_path: Path, name: str, stored: str, frame_hw: tuple[int, int]) -> None:
    spec = InputSpec(size_hw=SIZE_HW, default_hw=SIZE_HW, **SPECS[name])
    dtype, quantization = QUANTISED[stored]
    program = load(plan(spec=spec, head=HEADS["boxes"], dtype=dtype, quantization=quantization), tmp_path)
    frame_rgb = np.random.default_rng(frame_hw[0]).integers(0, 256, (*frame_hw, 3), np.uint8)

    batch = program.prepare(cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2BGR))

    wanted = prepare([frame_rgb], spec, SIZE_HW, "opencv")
    if dtype is not None:
        wanted = quantised(wanted, {"dtype": np.dtype(dtype).type, "quantization": quantization})
    assert (batch.dtype, batch.shape, batch.flags.c_contiguous) == (wanted.dtype, wanted.shape, True)
    np.testing.assert_array_equal(batch, wanted)


@pytest.mark.parametrize("name", ["letterbox", "top left", "stretch"])
@pytest.mark.parametrize("frame_hw", [(72, 128), (130, 60)], ids=["landscape", "portrait"])
def test_boxes_come_back_to_the_frame_as_in_the_workbench(tmp_path: Path, name: str, frame_hw: tuple[int, int]) -> None:
    spec = InputSpec(size_hw=SIZE_HW, default_hw=SIZE_HW, **SPECS[name])
    boxes = np.random.default_rng(3).uniform(-20, 150, (50, 4)).astype(np.float32)

    found = load(plan(spec=spec, head=HEADS["boxes"]), tmp_path).in_frame((boxes, None, None), np.zeros((*frame_hw, 3), np.uint8))

    np.testing.assert_array_equal(found[0], place(spec, frame_hw, SIZE_HW).to_frame(boxes))


ENGINES = ("litert", "openvino", "onnxruntime", "graph", "xla")
EVERYTHING = [
    *product(HEADS, ENGINES, ("opencv", "soft"), SPECS),
    *product(READERS, ENGINES, ("model",), SPECS),
]


def test_every_program_is_short_and_compiles() -> None:
    """All kinds of network on all runtimes: some 800 programs in a few seconds."""
    for name, engine, method, spec_name in EVERYTHING:
        spec = InputSpec(size_hw=SIZE_HW, default_hw=SIZE_HW, **SPECS[spec_name])
        resize = "graph" if engine in {"graph", "xla"} else "opencv"
        reader, outputs = READERS[name] if method == "model" else (None, 2)
        stored = {} if resize == "graph" or spec.dtype == "uint8" else {"dtype": "int8", "quantization": (0.1, 3)}
        head = None if reader else HEADS[name]
        made = plan(
            spec=spec,
            head=head,
            own_nms=reader,
            outputs=outputs,
            runtime_engine=engine,
            input_resize=resize,
            nms_method=method,
            **stored,
        )

        text = program_text(made)

        compile(text, "detect.py", "exec")
        lines = text.splitlines()
        assert len(lines) <= MOST_LINES, f"{name} {engine} {method} {spec_name}: {len(lines)} lines"
        assert max(map(len, lines)) <= LONGEST_LINE, max(lines, key=len)
        assert "workbench" not in text.replace("`workbench export`", "")
        assert "\n\n\n\n" not in text


@pytest.mark.parametrize("method", NMS_METHODS)
def test_every_method_is_done_by_code_that_keeps_its_boxes(method: str) -> None:
    runs = what_runs(Settings().with_values({"nms.method": method}))

    assert runs.nms.method == (method if method in {"soft", "model"} else "opencv")


@pytest.mark.parametrize(("engine", "runs"), [("keras", "graph"), ("eager", "graph"), ("xla", "xla"), ("litert", "litert")])
def test_slow_habits_run_as_a_graph(engine: str, runs: str) -> None:
    assert what_runs(Settings().with_values({"runtime.engine": engine})).runtime.engine == runs


def test_requirements_are_the_three_packages_at_their_versions() -> None:
    lines = requirements_text(plan(head=HEADS["boxes"])).splitlines()

    assert [line.partition("==")[0] for line in lines] in (
        ["numpy", "opencv-python", "ai-edge-litert"],
        ["numpy", "opencv-python-headless", "ai-edge-litert"],
    )
    assert all(line.partition("==")[2] for line in lines)


def test_outputs_of_an_unknown_kind_are_refused() -> None:
    class NewHead(Head):
        def candidates(self, raw, size_hw, ops=None):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    with pytest.raises(UnavailableError, match="no program is written for outputs of the kind"):
        program_text(plan(head=NewHead()))
