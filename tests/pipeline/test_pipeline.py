"""From frames to detections in pixels of the frame, and what is compiled on the way."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.assets.scenes import LABELS
from workbench.catalogue import NMS_METHODS
from workbench.datasets import Truth
from workbench.detections.boxes import pairwise_iou
from workbench.detectors import Calibration, Detector
from workbench.engines import Candidates
from workbench.media import Frame, array_media
from workbench.media.arrays import Arrays
from workbench.opening import check
from workbench.pipeline import Pipeline
from workbench.pipeline.pipeline import open_suppressor
from workbench.settings import Nms, Settings
from workbench.timing import NoWatch, Stopwatch, Watch

Open = Callable[[str], Pipeline]
GRAPH = "graph,input.size_hw=64x96"
HOST = f"{GRAPH},input.resize=opencv"
SMALL = "graph,input.size_hw=64x96"
EAGER = "runtime.engine=eager,input.resize=graph"  # traces nothing, so it is quick where few frames pass
NOTHING = Calibration("nothing", list)


def fresh(detector: Detector, **values: object) -> Pipeline:
    """A pipeline that nothing else has run."""
    settings = Settings().with_values({name.replace("_", ".", 1): value for name, value in values.items()})
    return Pipeline(detector, check(detector, settings), NOTHING)


def frame(height: int, width: int, name: str = "noise") -> Frame:
    return Frame(np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8), name, 0)


def given(frames: Sequence[Frame]) -> Arrays:
    return Arrays(frames, name="given", source="given")


def stages_of(pipeline: Pipeline, frames: list[Frame]) -> list[str]:
    watch = Stopwatch()
    step = pipeline.steps(given(frames))
    watch.start()
    watch.close_step(step(watch))
    return list(watch.stage_seconds())


@pytest.mark.parametrize("resize", ["graph", "opencv"])
def test_what_is_found_lies_where_the_truth_is(pipeline: Open, stills: tuple[Frame, ...], still_truth: Truth, resize: str) -> None:
    """Landscape and portrait: an axis that is mixed up, or padding that is not taken off, misses."""
    hits = {True: [], False: []}
    for still in stills:
        (found,) = pipeline(f"runtime.engine=eager,input.size_hw=320x384,input.resize={resize}").detect([still])
        truth = still_truth.images[still.name]
        overlap = pairwise_iou(found.boxes_xyxy_px, truth.boxes_xyxy_px)
        overlap[found.class_ids[:, None] != truth.class_ids[None]] = 0
        hits[still.size_hw[0] > still.size_hw[1]] += (overlap.max(axis=1, initial=0) >= 0.5).tolist()

    for portrait, each in hits.items():
        assert sum(each) >= 3, f"nothing is found in {'portrait' if portrait else 'landscape'} stills"
        assert np.mean(each) >= 0.3  # of the boxes of a small network at low resolution; mixed up it is none


def test_boxes_stay_inside_the_frame(small_pipeline: Open, small_frames: tuple[Frame, ...]) -> None:
    for still in small_frames:
        (found,) = small_pipeline(f"{EAGER},input.size_hw=64x96,nms.score=0.02").detect([still])
        height, width = still.size_hw
        assert len(found)
        assert (found.boxes_xyxy_px >= 0).all()
        assert (found.boxes_xyxy_px <= [width, height, width, height]).all()


@pytest.mark.parametrize("words", [GRAPH, HOST], ids=["resized in the graph", "resized on the host"])
def test_a_batch_with_a_short_tail_finds_what_single_frames_find(
    small_pipeline: Open, small_frames: tuple[Frame, ...], words: str
) -> None:
    frames = [still for still in small_frames if still.size_hw == (120, 192)][:3]
    alone = [small_pipeline(words).detect([one])[0] for one in frames]
    told: list[tuple[Frame, object]] = []

    step = small_pipeline(f"{words},runtime.batch=2").steps(
        given(frames), lambda batch, found: told.extend(zip(batch, found, strict=True))
    )
    handled = [step(Stopwatch()) for _ in range(3)]

    assert handled == [2, 1, 0]
    assert [one for one, _ in told] == frames
    for (_, found), expected in zip(told, alone, strict=True):
        assert found.class_ids.tolist() == expected.class_ids.tolist()
        np.testing.assert_allclose(found.boxes_xyxy_px, expected.boxes_xyxy_px, atol=0.2)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


@pytest.mark.parametrize("words", [GRAPH, HOST], ids=["resized in the graph", "resized on the host"])
def test_frames_of_different_sizes_may_share_a_batch(small_pipeline: Open, small_frames: tuple[Frame, ...], words: str) -> None:
    mixed = [small_frames[0], next(still for still in small_frames if still.size_hw == (192, 120))]

    together = small_pipeline(f"{words},runtime.batch=2").detect(mixed)

    for found, one in zip(together, mixed, strict=True):
        (alone,) = small_pipeline(words).detect([one])
        np.testing.assert_allclose(found.boxes_xyxy_px, alone.boxes_xyxy_px, atol=0.2)


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        (f"{SMALL},input.resize=opencv", ["decode", "preprocess", "infer", "nms", "draw"]),
        (f"{SMALL},input.resize=graph", ["decode", "infer", "nms", "draw"]),
    ],
    ids=["resize on the host", "resize in the graph"],
)
def test_a_stage_is_told_where_its_work_is_apart(small_pipeline: Open, words: str, stages: list[str]) -> None:
    assert stages_of(small_pipeline(words), [frame(72, 128)]) == stages


def test_the_end_of_the_media_is_no_step(small_pipeline: Open) -> None:
    assert stages_of(small_pipeline(SMALL), [frame(72, 128)])
    assert small_pipeline(SMALL).steps(given([]))(Stopwatch()) == 0


def test_drawing_leaves_the_frame_as_it_was(small_pipeline: Open, small_frames: tuple[Frame, ...]) -> None:
    before = small_frames[0].image_rgb.copy()

    small_pipeline(GRAPH).steps(given(small_frames[:1]))(Stopwatch())

    np.testing.assert_array_equal(small_frames[0].image_rgb, before)


def test_a_block_begins_media_again_that_end(small_pipeline: Open) -> None:
    media = array_media([frame(72, 128).image_rgb] * 3)

    assert [len(small_pipeline(SMALL).block_timer(media)(count)) for count in (2, 3, 7)] == [2, 3, 7]


def test_a_block_is_at_most_the_rest_of_a_batch_longer(small_pipeline: Open) -> None:
    media = array_media([frame(72, 128).image_rgb] * 3)

    time_block = small_pipeline(f"{SMALL},runtime.batch=2").block_timer(media)

    assert {len(time_block(4)) for _ in range(3)} <= {4, 5}


@pytest.mark.parametrize("method", [method for method in NMS_METHODS if method != "model"])
def test_no_candidate_above_the_threshold_is_no_detection(small_pipeline: Open, method: str) -> None:
    (found,) = small_pipeline(f"{EAGER},input.size_hw=64x96,nms.method={method},nms.score=1.0").detect([frame(72, 128)])

    assert len(found) == 0
    assert found.boxes_xyxy_px.shape == (0, 4)


def test_every_nms_that_settings_name_opens_but_the_models_own() -> None:
    for method in NMS_METHODS:
        if method != "model":
            open_suppressor(Nms(method=method))


@pytest.mark.parametrize("engine", ["graph", "keras"])
def test_warm_shapes_compile_nothing_more(small: Detector, engine: str) -> None:
    made = fresh(small, runtime_engine=engine, input_size_hw="64x96", nms_method="numpy", runtime_batch=2)

    made.compile((72, 128))
    compiled = made.compilations
    made.detect([frame(72, 128)] * 2)
    made.detect([frame(72, 128)])

    assert (compiled, made.compilations) == (1, 1)


def test_a_new_frame_size_compiles_nothing_wherever_it_is_resized(small: Detector) -> None:
    graph, host = (fresh(small, input_size_hw="64x96", nms_method="numpy", input_resize=resize) for resize in ("graph", "opencv"))

    counts = []
    for size_hw in ((72, 128), (128, 72), (72, 128)):
        graph.detect([frame(*size_hw)])
        host.detect([frame(*size_hw)])
        counts.append((graph.compilations, host.compilations))

    assert counts == [(1, 1)] * 3


def test_thresholds_move_without_tracing_the_nms_again(small: Detector) -> None:
    values = {"input_size_hw": "64x96", "input_resize": "opencv", "nms_method": "tensorflow", "nms_max_detections": 17}
    first, second = fresh(small, **values, nms_score=0.3), fresh(small, **values, nms_score=0.6, nms_iou=0.4)

    first.compile((72, 128))
    second.compile((72, 128))

    assert first.compilations == 2, "the network and its NMS"
    # The second's own network, and no NMS: its graph was there. Its count is taken from when it was made.
    third = fresh(small, **values, nms_score=0.7)
    third.compile((72, 128))
    assert third.compilations == 1


def test_an_nms_that_says_what_a_knob_does_not_do_passes_it_on(small_pipeline: Open) -> None:
    plain, soft = (small_pipeline(words).engine_facts().notes for words in (SMALL, f"{SMALL},nms.method=soft"))
    assert soft == (*plain, NMS_METHODS["soft"].note)


@pytest.mark.parametrize("words", [GRAPH, "xla,input.size_hw=64x96,nms.method=padded"], ids=["nms apart", "nms in the program"])
def test_another_nms_answers_from_the_outputs_that_were_kept(
    small_pipeline: Open, small_frames: tuple[Frame, ...], words: str
) -> None:
    first = small_pipeline(f"{words},nms.score=0.05")
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.3}))
    assert other is not None

    passed = first.next_batch(iter(small_frames[:1]), NoWatch())
    compiled = first.compilations

    assert passed is not None
    assert len(passed.frames) == len(passed.raw) == len(passed.found) == 1
    (expected,) = other.detect(small_frames[:1])
    assert first.compilations == compiled, "a threshold compiles nothing"
    if isinstance(passed.raw[0], Candidates):
        (answered,) = other.suppress(passed.raw, passed.frames)
        assert 0 < len(answered) < len(passed.found[0])
        np.testing.assert_allclose(answered.boxes_xyxy_px, expected.boxes_xyxy_px, atol=1e-3)


BY_CLASS = [
    pytest.param(f"{HOST},nms.method=numpy", id="host"),
    pytest.param(HOST, id="graph"),
    pytest.param("xla,input.size_hw=64x96,nms.method=padded", id="inside the program", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("words", BY_CLASS)
def test_each_class_has_its_own_threshold(small_pipeline: Open, small_frames: tuple[Frame, ...], words: str) -> None:
    """Classes do not suppress each other here, so all is found that a low threshold finds, less what its class's leaves out."""
    (low,) = small_pipeline(f"{words},nms.score=0.01").detect(small_frames[:1])
    number = int(np.bincount(low.class_ids).argmax())
    middle = round(float(np.median(low.scores[low.class_ids == number])), 3)

    (found,) = small_pipeline(f"{words},nms.score=0.01;{LABELS[number]}={middle}").detect(small_frames[:1])

    own = np.where(low.class_ids == number, np.float32(middle), np.float32(0.01))
    wanted = low.where(low.scores > own)
    assert 0 < len(wanted) < len(low)
    np.testing.assert_array_equal(found.class_ids, wanted.class_ids)
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)
    np.testing.assert_allclose(found.boxes_xyxy_px, wanted.boxes_xyxy_px, atol=1e-3)


def test_the_programs_own_thresholds_move_without_compiling_and_others_want_another_program(small: Detector) -> None:
    pipeline = fresh(
        small, runtime_engine="xla", input_size_hw="64x96", input_resize="graph", nms_method="padded", nms_score="0.1;disc=0.2"
    )
    nms = pipeline.settings.nms

    moved = pipeline.with_nms(Nms.model_validate(nms.model_dump() | {"score": "0.3;cross=0.5"}))

    assert moved is not None
    assert pipeline.with_nms(nms.model_copy(update={"score": 0.2})) is None


def test_an_nms_that_is_part_of_the_program_has_to_be_compiled_again(small_pipeline: Open) -> None:
    first = small_pipeline("xla,input.size_hw=64x96,nms.method=padded,nms.score=0.05")

    assert first.with_nms(first.settings.nms.model_copy(update={"max_detections": 7})) is None


class Silent(Watch):
    def start(self) -> None:
        raise AssertionError("a step does not start its own watch")

    def lap(self, stage: str) -> None:
        pass

    def skip(self) -> None:
        pass

    def add(self, stage: str, seconds: float) -> None:
        pass


def test_a_step_leaves_starting_the_watch_to_who_times_it(small_pipeline: Open) -> None:
    assert small_pipeline(SMALL).steps(given([frame(72, 128)]))(Silent()) == 1


def test_a_program_on_another_device_gets_its_batch_by_a_copy_that_is_a_stage_of_its_own(small: Detector) -> None:
    """No GPU is needed: the copy goes to whichever device the program runs on, here the processor."""
    one = fresh(small, input_size_hw="64x96", input_resize="opencv")
    (before,) = one.detect([frame(72, 128)])
    one.engine.copies = True
    watch = Stopwatch()
    watch.start()
    (after,) = one.pass_batch([frame(72, 128)], watch).found

    assert [span.stage for span in watch.taken()] == ["preprocess", "copy", "infer", "nms", "draw"]
    np.testing.assert_array_equal(after.boxes_xyxy_px, before.boxes_xyxy_px)
    assert one.input_bytes == 64 * 96 * 3 * 4
