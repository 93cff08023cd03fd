"""An exported program's pipeline feeds and reads a network as the workbench does; no real network stands behind these."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.networks import HEADS, OWN, SIZE_HW, SPECS
from workbench.catalogue import NMS_METHODS
from workbench.detections import Detections, FloatArray
from workbench.detectors import Meaning
from workbench.export.card import reader_tree
from workbench.export.exporting import thresholds_of
from workbench.export.plan import requirements_text, what_runs
from workbench.export.program.pipeline import Pipeline
from workbench.settings import Nms, Settings
from workbench.stages import DetectionRows, InputSpec, OwnNms, above_own, only_above, place, prepare, quantised, soften, suppress

LABELS = ("nut", "bolt", "screw")
CLASSES = 3
FRAME = np.random.default_rng(0).integers(0, 256, (60, 130, 3), np.uint8)
REAL = {"dtype": "float32", "quantization": (0.0, 0)}


def pipeline(
    folder: Path,
    *,
    spec: InputSpec = SPECS["letterbox"],
    reader: Any = HEADS["boxes"],
    tensor: dict[str, Any] = REAL,
    **values: object,
) -> Pipeline:
    """Open a program's pipeline on a made-up network; `nms_score=0.4` sets `nms.score`."""
    named = {"runtime.engine": "litert", "input.resize": "opencv", "input.size_hw": SIZE_HW, "nms.method": "opencv"}
    settings = Settings().with_values(named | {name.replace("_", ".", 1): value for name, value in values.items()})
    own = isinstance(reader, OwnNms)
    meaning = Meaning(kind="", input_spec=spec, labels=(), head=None if own else reader, own_nms=reader if own else None)
    network = {"input_tensor": tensor, "input": asdict(spec), "reader": reader_tree(meaning, own_nms=own)}
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    (folder / "network.json").write_text(json.dumps(network))
    (folder / "settings.json").write_text(
        json.dumps({"runs": settings.model_dump(mode="json"), "thresholds": thresholds_of(settings.nms.score, LABELS)})
    )
    return Pipeline(folder, lambda *_: list)


def boxes_and_scores(seed: int = 0, count: int = 200) -> list[FloatArray]:
    """Crowds of boxes that overlap, in fractions, with equal scores."""
    rng = np.random.default_rng(seed)
    centers, sides = rng.uniform(0, 1, (count, 2)), rng.uniform(0.02, 0.4, (count, 2))
    corners = np.concatenate([centers - sides / 2, centers + sides / 2], axis=1)
    scores = rng.beta(0.5, 1, (1, count, CLASSES)).round(2)
    return [corners[None].astype(np.float32), scores.astype(np.float32)]


def in_frame(found: Detections, spec: InputSpec = SPECS["letterbox"]) -> FloatArray:
    return place(spec, (FRAME.shape[0], FRAME.shape[1]), SIZE_HW).to_frame(found.boxes_xyxy_px)


def assert_equal(found: Detections, wanted: Detections, spec: InputSpec = SPECS["letterbox"]) -> None:
    np.testing.assert_array_equal(found.boxes_xyxy_px, in_frame(wanted, spec))
    np.testing.assert_array_equal(found.scores, wanted.scores)
    np.testing.assert_array_equal(found.class_ids, wanted.class_ids)


@pytest.mark.parametrize("method", ["opencv", "soft"])
def test_each_class_has_its_own_threshold(tmp_path: Path, method: str) -> None:
    raw = boxes_and_scores()
    thresholds = np.array([0.9, 0.35, 0.5, 0.35], np.float32)
    boxes, scores = HEADS["boxes"].candidates(raw, SIZE_HW)
    thin_out = soften if method == "soft" else suppress
    wanted = above_own(thin_out(boxes[0], only_above(scores[0], thresholds), Nms(method=method, score=0.35)), thresholds)

    program = pipeline(tmp_path, nms_method=method, nms_score="0.35;nut=0.9;screw=0.5")

    assert_equal(program.detections(raw, FRAME), wanted)
    assert {int(number) for number in wanted.class_ids} == {0, 1, 2}


@pytest.mark.parametrize("spec", ["letterbox", "top left", "stretch"])
@pytest.mark.parametrize("method", ["opencv", "soft", "none"])
def test_candidates_are_thinned_out_and_brought_to_the_frame(tmp_path: Path, method: str, spec: str) -> None:
    raw = boxes_and_scores()
    rule = Nms(method=method, score=0.35, top_k=90)
    boxes, scores = HEADS["boxes"].candidates(raw, SIZE_HW)
    wanted = (soften if method == "soft" else suppress)(boxes[0], scores[0], rule)

    found = pipeline(tmp_path, spec=SPECS[spec], nms_method=method, nms_score=0.35, nms_top_k=90).detections(raw, FRAME)

    assert len(wanted) > 5
    assert_equal(found, wanted, SPECS[spec])


@pytest.mark.parametrize("method", ["opencv", "soft"])
def test_nothing_is_found_where_nothing_scores_enough(tmp_path: Path, method: str) -> None:
    boxes, scores = boxes_and_scores()

    assert len(pipeline(tmp_path, nms_method=method).detections([boxes, np.zeros_like(scores)], FRAME)) == 0


@pytest.mark.parametrize("limit", [1, 7], ids=["one", "seven"])
def test_max_detections_end_it(tmp_path: Path, limit: int) -> None:
    assert len(pipeline(tmp_path, nms_max_detections=limit).detections(boxes_and_scores(), FRAME)) == limit


@pytest.mark.parametrize("name", OWN)
def test_a_network_s_own_detections_are_read_and_limited(tmp_path: Path, name: str) -> None:
    reader, outputs = OWN[name]
    raw = own_outputs(reader, outputs)
    (wanted,) = reader.detections(raw, SIZE_HW)
    wanted = wanted.where(np.flatnonzero(wanted.scores > np.float32(0.2))[:15])

    found = pipeline(tmp_path, reader=reader, nms_method="model", nms_score=0.2, nms_max_detections=15).detections(raw, FRAME)

    assert len(wanted) > 5
    assert_equal(found, wanted)


def test_a_networks_own_detections_have_a_threshold_for_each_class(tmp_path: Path) -> None:
    reader, outputs = next(iter(OWN.values()))
    raw = own_outputs(reader, outputs)
    (wanted,) = reader.detections(raw, SIZE_HW)
    thresholds = np.array([0.9, 0.2, 0.2, 0.2], np.float32)
    wanted = above_own(wanted, thresholds)

    found = pipeline(tmp_path, reader=reader, nms_method="model", nms_score="0.2;nut=0.9").detections(raw, FRAME)

    assert set(wanted.class_ids.tolist()) >= {1, 2}
    assert_equal(found, wanted)


def own_outputs(reader: OwnNms, outputs: int) -> Sequence[FloatArray]:
    rng = np.random.default_rng(2)
    boxes, scores = boxes_and_scores(2, 40)[0], rng.uniform(0, 1, (1, 40)).astype(np.float32)
    classes = rng.integers(0, CLASSES + 1, (1, 40)).astype(np.float32)
    if isinstance(reader, DetectionRows):
        parts = {"image": np.zeros((1, 40, 1)), "box": boxes, "score": scores[..., None], "class": classes[..., None]}
        return [np.concatenate([parts[name] for name in reader.columns], axis=2, dtype=np.float32)]
    return [boxes, scores, classes, np.array([30], np.float32)][:outputs]


QUANTISED = {
    "float": REAL,
    "int8": {"dtype": "int8", "quantization": (0.0039215, -128)},
    "int16": {"dtype": "int16", "quantization": (3e-5, 0)},
}


@pytest.mark.parametrize(
    ("name", "stored"),
    [(name, stored) for name, stored in product(SPECS, QUANTISED) if stored == "float" or name != "pixels"],
)
def test_frames_are_prepared_as_the_workbench_does(tmp_path: Path, name: str, stored: str) -> None:
    spec = SPECS[name]
    tensor = {"dtype": "uint8", "quantization": (0.0, 0)} if name == "pixels" else QUANTISED[stored]

    batch = pipeline(tmp_path, spec=spec, tensor=tensor).prepare(FRAME)

    wanted = quantised(prepare([FRAME], spec, SIZE_HW, "opencv"), tensor)
    assert (batch.dtype, batch.shape, batch.flags.c_contiguous) == (wanted.dtype, wanted.shape, True)
    np.testing.assert_array_equal(batch, wanted)


def test_pillow_resizes_where_the_setting_says_so(tmp_path: Path) -> None:
    batch = pipeline(tmp_path, input_resize="pillow").prepare(FRAME)

    np.testing.assert_array_equal(batch, prepare([FRAME], SPECS["letterbox"], SIZE_HW, "pillow"))


@pytest.mark.parametrize("resize", ["opencv", "pillow"])
def test_the_filter_is_that_of_the_setting(tmp_path: Path, resize: str) -> None:
    batch = pipeline(tmp_path, input_resize=resize, input_filter="area").prepare(FRAME)

    np.testing.assert_array_equal(batch, prepare([FRAME], SPECS["letterbox"], SIZE_HW, resize, "area"))
    assert (batch != prepare([FRAME], SPECS["letterbox"], SIZE_HW, resize)).any()


def test_a_network_that_resizes_itself_is_given_the_frame(tmp_path: Path) -> None:
    assert pipeline(tmp_path, runtime_engine="graph", input_resize="graph").prepare(FRAME).shape == (1, *FRAME.shape)


@pytest.mark.parametrize("method", NMS_METHODS)
def test_every_method_is_done_by_code_that_keeps_its_boxes(method: str) -> None:
    runs = what_runs(Settings().with_values({"nms.method": method}))

    assert runs.nms.method == (method if method in {"soft", "none", "model"} else "opencv")


@pytest.mark.parametrize(("engine", "runs"), [("keras", "graph"), ("eager", "graph"), ("xla", "xla"), ("litert", "litert")])
def test_slow_habits_run_as_a_graph(engine: str, runs: str) -> None:
    assert what_runs(Settings().with_values({"runtime.engine": engine})).runtime.engine == runs


def test_requirements_are_what_the_program_imports_at_its_versions() -> None:
    lines = requirements_text(Settings().with_values({"runtime.engine": "litert"})).splitlines()

    names = [line.partition("==")[0].removesuffix("-headless") for line in lines]
    assert names == ["numpy", "opencv-python", "pillow", "ai-edge-litert"]
    assert all(line.partition("==")[2] for line in lines)
