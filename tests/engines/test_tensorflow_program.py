"""What a TensorFlow program covers, when it compiles, and that an image without boxes is no crash."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.assets.scenes import SHAPES
from workbench.catalogue import NMS_METHODS
from workbench.detectors import Calibration, Card, Detector
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import ClassIdsCard
from workbench.detectors.tensorflow_network import GraphNetwork, Loaded
from workbench.engines import Candidates, Engine, open_engine
from workbench.engines.tensorflow_program import NMS_APART, computed_in
from workbench.media import Frame
from workbench.media.arrays import Arrays
from workbench.pipeline import Pipeline
from workbench.samples import sample_detector
from workbench.settings import Settings
from workbench.stages import suppress
from workbench.timing import Stopwatch

Open = Callable[[str], Pipeline]
NOTHING_TO_CALIBRATE = Calibration("nothing", list)
FUSED = ("padded", "tensorflow")
ALL_IN_ONE = "runtime.engine=xla,input.size_hw=192x320,input.resize=graph,nms.score=0.05,nms.method="


def opened(detector: Detector, **values: object) -> object:
    settings = Settings().with_values({name.replace("_", ".", 1): value for name, value in values.items()})
    return open_engine(detector, settings, NOTHING_TO_CALIBRATE)


@pytest.mark.parametrize(
    ("method", "covers_nms", "why"),
    [
        ("padded", True, None),
        ("tensorflow", True, None),
        ("combined", False, "nms: XLA has no CombinedNonMaxSuppression on a CPU"),
        ("soft", False, "nms: XLA has no NonMaxSuppressionV5 (soft) on a CPU"),
        ("python", False, "nms: nms.method=python runs on the host"),
        ("numpy", False, "nms: nms.method=numpy runs on the host"),
        ("opencv", False, "nms: nms.method=opencv runs on the host"),
    ],
    ids=lambda value: value if value in NMS_METHODS else "",
)
def test_xla_covers_all_it_can_and_says_why_not_the_rest(mobile: Detector, method: str, covers_nms: bool, why: str | None) -> None:
    engine = opened(mobile, runtime_engine="xla", input_resize="graph", nms_method=method)

    assert engine.covers == ("resize", "model", "box decoding", *(("nms",) if covers_nms else ()))
    assert engine.left_out == ((why,) if why else ())


def test_what_runs_on_a_gpu_says_in_what_it_computes_and_that_nobody_verified_it(small: Detector) -> None:
    there, here = (opened(small, runtime_engine="graph", runtime_device=device) for device in ("gpu:0", "cpu"))

    assert there.copies
    assert there.warnings == ("runtime.device is gpu:0, not verified: nothing here was ever run on a GPU",)
    assert there.notes == ("products of float32 in TensorFloat-32 where the GPU has it, with 10 bits of each number",)
    assert (here.warnings, here.notes) == ((), ())


@pytest.mark.parametrize(("on_gpu", "count"), [(True, 2), (False, 1)])
def test_mixed_precision_is_named_wherever_it_runs(on_gpu: bool, count: int) -> None:
    notes = computed_in("mixed_float16", on_gpu=on_gpu)

    assert notes[0] == "computed in mixed_float16, as the model was saved"
    assert len(notes) == count


class IdsNetwork(GraphNetwork):
    """Gives what a network may that is exported with its argmax: numbers of classes as integers, scores in half precision."""

    kind = "made up"

    def fingerprint(self) -> tuple[str, int]:
        return "0" * 64, 0

    def load(self) -> Loaded:
        def forward(batch: Any) -> dict[str, Any]:
            mean = tf.reduce_mean(batch, [1, 2, 3])[:, None]
            boxes = tf.constant([[[1.0, 2, 30, 40], [5, 5, 9, 9]]])
            return {"boxes": boxes, "scores": tf.cast(mean * 0 + 0.5, tf.float16) * [1, 0.5], "ids": tf.constant([[2, 0]])}

        shapes = {"boxes": (1, 2, 4), "scores": (1, 2), "ids": (1, 2)}
        outputs = tuple(TensorSpec(name, shape, "float32") for name, shape in shapes.items())
        return Loaded(forward, Tensors((TensorSpec("image", (1, 64, 96, 3), "float32"),), outputs), None)


@pytest.mark.parametrize("engine", ["eager", "graph"])
def test_outputs_of_any_type_are_read_as_real_numbers(tmp_path: Path, engine: str) -> None:
    network = IdsNetwork(tmp_path)
    card = Card(labels=("a", "b", "c"), candidates=ClassIdsCard(tensors=("boxes", "scores", "ids")))
    detector = Detector(network, card.meaning(network.inspect()), name="ids", source="ids")

    made = opened(detector, runtime_engine=engine, input_resize="opencv", input_size_hw="64x96", nms_method="numpy")

    assert isinstance(made, Engine)
    found = made.run(np.zeros((1, 64, 96, 3), np.float32))
    assert isinstance(found, Candidates)
    np.testing.assert_array_equal(found.scores, [[[0, 0, 0.5], [0.25, 0, 0]]])


@pytest.mark.parametrize("engine", ["eager", "graph"])
def test_other_programs_leave_the_nms_to_its_own_graph(mobile: Detector, engine: str) -> None:
    assert opened(mobile, runtime_engine=engine, input_resize="graph", nms_method="padded").left_out == (NMS_APART,)


@pytest.mark.parametrize("resize", ["opencv", "pillow"])
def test_a_resize_on_the_host_is_said_to_be_left_out(mobile: Detector, resize: str) -> None:
    engine = opened(mobile, runtime_engine="xla", input_resize=resize, nms_method="padded")

    assert engine.covers == ("model", "box decoding", "nms")
    assert engine.left_out == ("resize: input.resize puts it on the host",)


@pytest.mark.parametrize("method", [pytest.param(one, marks=[pytest.mark.slow] if one == "padded" else []) for one in FUSED])
def test_nms_inside_xla_keeps_what_nms_on_the_host_keeps(pipeline: Open, stills: tuple[Frame, ...], method: str) -> None:
    eager = "runtime.engine=eager,input.size_hw=192x320,input.resize=graph,nms.score=0.05"
    fused, apart = pipeline(f"{ALL_IN_ONE}{method}"), pipeline(eager)
    batch = stills[0].image_rgb[None]

    (kept,) = fused.engine.run(batch)

    raw = apart.engine.run(batch)
    assert isinstance(raw, Candidates)
    settings = apart.settings.nms.model_copy(update={"method": "numpy"})
    expected = suppress(raw.boxes_xyxy[0], raw.scores[0], settings)
    assert len(expected) >= 3
    np.testing.assert_array_equal(kept.class_ids, expected.class_ids)
    np.testing.assert_allclose(kept.scores, expected.scores, atol=1e-4)
    np.testing.assert_allclose(kept.boxes_xyxy_px, expected.boxes_xyxy_px, atol=0.02)


def test_a_network_that_is_first_used_by_a_graph_has_the_weights_of_its_file(mobile: Detector, stills: tuple[Frame, ...]) -> None:
    image = stills[0].image_rgb[None]
    values = {"input_size_hw": "64x96", "input_resize": "graph", "nms_method": "numpy"}
    expected = opened(mobile, runtime_engine="eager", **values).run(image)

    found = opened(sample_detector(mobile.facts.name), runtime_engine="graph", **values).run(image)

    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_one_program_is_one_stage(pipeline: Open, stills: tuple[Frame, ...]) -> None:
    watch = Stopwatch()

    watch.close_step(pipeline(f"{ALL_IN_ONE}padded").steps(Arrays(stills[:1], name="given", source="given"))(watch))

    assert list(watch.stage_seconds()) == ["decode", "infer", "draw"]


@pytest.mark.parametrize(("engine", "nms"), [("eager", "numpy"), ("graph", "numpy"), ("xla", "padded"), ("xla", "numpy")])
@pytest.mark.parametrize("batch", [1, 2])
def test_frames_of_sixty_sizes_compile_no_more_than_those_of_one(small: Detector, engine: str, nms: str, batch: int) -> None:
    opened_engine = opened(
        small, runtime_engine=engine, input_resize="graph", input_size_hw="64x96", nms_method=nms, runtime_batch=str(batch)
    )
    rng = np.random.default_rng(0)

    counts = set()
    for n in range(60):
        frames = rng.integers(0, 256, (batch, 40 + 3 * n, 200 - 2 * n, 3), np.uint8)
        opened_engine.run(frames)
        counts.add(opened_engine.compilations)

    assert counts == {0 if engine == "eager" else 1}


MANY_SIZES = """
import sys
import numpy as np
import psutil
from workbench.detectors import Calibration
from workbench.media import Frame
from workbench.opening import check, open_detector
from workbench.pipeline import Pipeline
from workbench.settings import parse_variant

detector = open_detector(sys.argv[1])
settings = check(detector, parse_variant("xla,input.size_hw=64x96,nms.method=padded", base=detector.default_settings()))
pipeline = Pipeline(detector, settings, Calibration("nothing", list))
pipeline.compile((72, 128))
frames = [Frame(np.full((40 + 3 * n, 200 - 2 * n, 3), n, np.uint8), f"{n}", n) for n in range(60)]
pipeline.detect(frames[:1])
before = psutil.Process().memory_info().rss
for frame in frames:
    pipeline.detect([frame])
print(pipeline.compilations, psutil.Process().memory_info().rss - before)
"""


@pytest.mark.slow
def test_sixty_sizes_under_xla_are_one_compilation_and_take_no_more_memory(tmp_path: Path) -> None:
    """In a process of its own, in which XLA writes down what it compiles, and nobody else takes memory."""
    flags = {"XLA_FLAGS": f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"}
    command = [sys.executable, "-c", MANY_SIZES, SHAPES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | flags)

    assert done.returncode == 0, done.stderr[-2000:]
    counted, grown_bytes = map(int, done.stdout.split())
    assert counted == len(list(tmp_path.glob("*before_optimizations.txt"))) == 1
    assert grown_bytes < 50_000_000  # a program for each size takes 150 MB


NO_BOXES = """
import sys
import numpy as np
from workbench.detectors import Calibration
from workbench.media import Frame
from workbench.opening import check
from workbench.pipeline import Pipeline
from workbench.samples import sample_detector
from workbench.settings import Settings

detector = sample_detector("inspector-mobile")
frames = [Frame(np.zeros((72, 128, 3), np.uint8), f"blank#{n}", n) for n in range(2)]
for method in sys.argv[1:]:
    values = {"runtime.engine": "xla", "runtime.batch": 2, "input.size_hw": "64x96", "input.resize": "graph",
              "nms.method": method, "nms.score": 1.0}
    pipeline = Pipeline(detector, check(detector, Settings().with_values(values)), Calibration("nothing", list))
    both, (one,) = pipeline.detect(frames), pipeline.detect(frames[:1])
    print(method, list(pipeline.engine.covers), [len(found) for found in both], len(one))
"""


@pytest.mark.slow
def test_frames_without_a_box_do_not_crash_nms_inside_xla() -> None:
    """In a process of its own: what goes wrong here is a segmentation fault (tensorflow#117245)."""
    done = subprocess.run([sys.executable, "-c", NO_BOXES, *FUSED], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [f"{method} ['resize', 'model', 'box decoding', 'nms'] [0, 0] 0" for method in FUSED]
