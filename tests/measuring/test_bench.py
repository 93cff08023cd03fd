"""Records of variants measured on the same frames: what they hold, and what they warn of."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from tests.breaking_media import Breaks
from workbench.cli import options
from workbench.detections import CURVE_SCORE
from workbench.detectors import Calibration, Detector
from workbench.errors import MediaError, RecordError, SettingsError
from workbench.measuring import DEFAULT_FRAMES, Bench
from workbench.measuring.bench import TIMES_APART
from workbench.measuring.kept_detections import PICTURES_EACH
from workbench.media import Media, array_media, open_media
from workbench.opening import EvaluationData, Variant, open_detector, variant
from workbench.record import Record

SIZE = "input.size_hw=64x96"
FRAMES = 6
SECONDS = 0.5  # for a comparison: what it says about time is not the subject here

Measure = Callable[[Bench, Detector, str], Record]


def bench_on(small_data: EvaluationData, **more: object) -> Bench:
    return Bench(small_data, FRAMES, comparison_seconds=SECONDS, **more)


@pytest.fixture(scope="module")
def told() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def records(small: Detector, small_data: EvaluationData, told: list[tuple[str, int, int]]) -> tuple[Record, ...]:
    """The default, the same again, and the same with a threshold at which little is left."""
    bench = bench_on(small_data, progress=lambda *words: told.append(words))
    rows = [("", "graph"), ("", "again"), ("input.resize=opencv,nms.method=numpy,nms.score=0.98", "strict")]
    return tuple(bench.measure(variant(small, f"{SIZE},{words}".strip(","), name=name)) for words, name in rows)


def test_a_record_says_what_ran(records: tuple[Record, ...], small: Detector, small_data: EvaluationData) -> None:
    record = records[0]

    assert record.name == "graph"
    assert record.command == f"workbench run {SHAPES} --preset {SIZE}"
    assert record.settings.input.size_hw == (64, 96)
    assert record.detector == small.facts
    assert record.media == small_data.media.facts()
    assert record.environment.cores >= 1
    assert record.engine is not None
    assert record.engine.covers == ("resize", "model", "box decoding")
    assert record.engine.threads == record.settings.runtime.threads
    assert record.problem is None


def test_stages_come_in_the_order_in_which_a_frame_passes_them(records: tuple[Record, ...]) -> None:
    stages = [list(record.timing.stage_seconds) for record in records if record.timing]

    assert stages == [["decode", "infer", "nms", "draw"]] * 2 + [["decode", "preprocess", "infer", "nms", "draw"]]


def test_as_many_frames_are_timed_as_were_asked_for(records: tuple[Record, ...], small_data: EvaluationData) -> None:
    assert small_data.media.facts().frames < FRAMES
    for record in records:
        assert record.timing is not None
        assert len(record.timing.total_seconds) == len(record.timing.split_total_seconds) == FRAMES
        assert {len(seconds) for seconds in record.timing.stage_seconds.values()} == {FRAMES}
        assert min(record.timing.total_seconds) > 0
        assert record.timing.compile_seconds > 0
        assert record.timing.first_call_seconds > 0


@pytest.mark.parametrize("feed", ["loop", "threads", "tfdata", "tfdata,feed.cache=memory"])
@pytest.mark.parametrize("batch", [1, 3])
def test_media_that_hold_fewer_are_repeated_and_that_is_told(
    small: Detector, small_data: EvaluationData, feed: str, batch: int
) -> None:
    there, asked = small_data.media.facts().frames, 3 * FRAMES
    bench = Bench(replace(small_data, labelled=None, labelled_truth=None), asked)

    record = bench.measure(variant(small, f"{SIZE},runtime.batch={batch},feed.mode={feed}"))

    assert record.timing is not None
    assert len(record.timing.total_seconds) == asked
    assert [row.frame for row in record.detections] == list(small_data.media.frame_names())
    assert f"{asked} frames were timed and the media hold {there}: they were repeated" in record.warnings
    assert record.media == small_data.media.facts()


def test_one_picture_is_timed_as_often_as_was_asked(small: Detector, small_media: Media) -> None:
    one = array_media([next(small_media.frames()).image_rgb], name="one")
    record = Bench(EvaluationData(one, None, None, None, Calibration("nothing", list)), 5).measure(variant(small, SIZE))

    assert record.timing is not None
    assert len(record.timing.total_seconds) == 5
    assert "5 frames were timed and the media hold 1: they were repeated" in record.warnings


def test_fewer_frames_than_there_are_may_be_timed(small: Detector, small_data: EvaluationData) -> None:
    record = Bench(small_data, 2).measure(variant(small, SIZE))

    assert record.timing is not None
    assert len(record.timing.total_seconds) == 2
    assert not [words for words in record.warnings if "repeated" in words]
    assert [row.frame for row in record.detections] == list(small_data.media.frame_names()[:2])


def test_truth_gives_accuracy(records: tuple[Record, ...], small_data: EvaluationData) -> None:
    accuracy = records[0].accuracy

    assert accuracy is not None
    assert accuracy.ap50 is not None
    assert accuracy.ap50 > 0.3
    assert (accuracy.images, accuracy.truth, accuracy.score_threshold) == (small_data.media.facts().frames, "scenes.json", 0.3)


def test_a_record_keeps_the_frames_that_it_gets_most_wrong(records: tuple[Record, ...], small_data: EvaluationData) -> None:
    first, same, strict = records

    assert same.worst == first.worst, "the same again loses nothing"
    assert not any(one.lost for one in first.worst)
    assert len(strict.worst[0].lost) >= 1, "little is left at that threshold, and the first found more"
    assert [len(one.lost) for one in strict.worst] == sorted((len(one.lost) for one in strict.worst), reverse=True)
    for one in strict.worst:
        assert one.against == "scenes.json"
        assert one.known.frame == one.picture.name
        assert set(one.lost) <= set(one.missed) <= set(range(len(one.known.scores)))
        assert len(one.known.scores) == len(small_data.truth.images[one.picture.name])


def test_the_first_is_compared_with_nothing(records: tuple[Record, ...]) -> None:
    assert (records[0].agreement, records[0].comparison) == (None, None)


def test_equal_settings_agree_wholly(records: tuple[Record, ...]) -> None:
    agreed = records[1].agreement

    assert agreed is not None
    assert (agreed.baseline, agreed.ratio, agreed.lost, agreed.new, agreed.broken) == ("graph", 1.0, 0, 0, False)
    assert agreed.matched >= 3
    assert records[1].accuracy == records[0].accuracy


def test_the_others_are_compared_with_the_first(records: tuple[Record, ...]) -> None:
    for record in records[1:]:
        assert record.comparison is not None
        assert (record.comparison.a, record.comparison.b) == ("graph", record.name)
        assert record.comparison.ratio.low <= record.comparison.ratio.median <= record.comparison.ratio.high
        assert record.comparison.blocks >= 32


def test_a_setting_that_loses_what_the_first_found_is_flagged_in_words(records: tuple[Record, ...]) -> None:
    strict = records[2]

    assert strict.broken
    (warning,) = [text for text in strict.warnings if text.startswith("this setting breaks the detector: ")]
    assert "AP falls from" in warning
    assert not records[1].broken


def test_warnings_are_sentences_for_people(records: tuple[Record, ...]) -> None:
    for record in records:
        for warning in record.warnings:
            assert " " in warning
            assert "\n" not in warning
            assert "<" not in warning


def test_noise_is_certified(records: tuple[Record, ...]) -> None:
    for record in records:
        assert record.noise.verdict in {"quiet", "noisy", "unknown"}
        assert record.noise.verdict == "quiet" or record.noise.reasons


def test_detections_and_pictures_are_kept(records: tuple[Record, ...], small_data: EvaluationData) -> None:
    record = records[0]

    assert [row.frame for row in record.detections] == list(small_data.media.frame_names())
    assert sum(len(row.scores) for row in record.detections) >= 3
    by_name = {row.frame: row for row in record.detections}
    assert record.pictures
    for picture in record.pictures:
        assert picture.found == by_name[picture.name]
        assert picture.truth is not None
        assert picture.size_hw == (120, 192)


def test_no_picture_is_kept_twice(records: tuple[Record, ...]) -> None:
    names = [picture.name for picture in records[0].pictures]

    assert len(names) == len(set(names)) <= 2 * PICTURES_EACH


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_record_survives_its_json(records: tuple[Record, ...], row: int) -> None:
    assert Record.from_json(records[row].to_json()) == records[row]


def test_progress_tells_each_part(records: tuple[Record, ...], told: list[tuple[str, int, int]]) -> None:
    assert records
    parts = list(dict.fromkeys(what for what, _, _ in told))
    assert parts[:3] == ["graph: preparing", "graph: timing", "graph: accuracy"]
    assert "again: comparing with graph" in parts
    assert all(done <= total for _, done, total in told if total)


def test_a_conversion_is_counted_and_said_to_be_one(small: Detector, small_data: EvaluationData) -> None:
    engine = Bench(small_data, 2).measure(variant(small, f"litert,{SIZE}")).engine

    assert engine is not None
    assert engine.model_bytes is not None
    assert engine.model_bytes > 10_000
    assert engine.compilations == (0 if "conversion read from the cache" in engine.notes else 1)


@pytest.mark.parametrize(
    ("words", "programs", "feed"),
    [
        ("graph", 2, "loop"),
        ("xla,nms.method=padded", 1, "threads"),
        pytest.param("graph,nms.method=numpy", 1, "loop", marks=pytest.mark.slow),
        pytest.param("xla,nms.method=padded", 1, "loop", marks=pytest.mark.slow),
        pytest.param("graph,nms.method=numpy", 1, "threads", marks=pytest.mark.slow),
        pytest.param("graph", 2, "threads", marks=pytest.mark.slow),
    ],
)
def test_nothing_is_compiled_while_frames_of_many_sizes_are_timed(small: Detector, words: str, programs: int, feed: str) -> None:
    rng = np.random.default_rng(0)
    sizes = [rng.integers(0, 256, (60 + 2 * n, 140 - n, 3), np.uint8) for n in range(60)]
    data = EvaluationData(array_media(sizes, name="sizes"), None, None, None, Calibration("nothing", list))

    record = Bench(data, 60).measure(variant(small, f"{words},input.size_hw=64x96,feed.mode={feed}"))

    assert record.engine is not None
    assert record.engine.recompilations == 0
    assert record.engine.compilations <= programs
    assert not [note for note in record.warnings if "compiled" in note]


def test_curves_of_classes_go_below_the_settings_score_and_nothing_is_run_for_them(records: tuple[Record, ...]) -> None:
    for record, score in zip(records[::2], (0.3, 0.98), strict=True):
        assert record.accuracy is not None
        lowest = min(one.curve[-1].score for one in record.accuracy.classes if one.curve)
        assert CURVE_SCORE <= lowest < score == record.accuracy.score_threshold
    assert records[0].engine is not None
    assert records[0].engine.recompilations == 0


def test_without_truth_there_is_no_accuracy(small: Detector, small_data: EvaluationData) -> None:
    bare = replace(small_data, truth=None, labelled=None, labelled_truth=None)

    bench = Bench(bare, 2, comparison_seconds=SECONDS)
    record, strict = (bench.measure(variant(small, f"{SIZE},nms.score={score}")) for score in (0.3, 0.98))

    assert record.accuracy is None
    assert all(picture.truth is None for picture in record.pictures)
    assert record.worst == ()
    assert {one.against for one in strict.worst} == {record.name}
    assert sum(len(one.missed) for one in strict.worst) == strict.agreement.lost
    assert all(one.lost == one.missed for one in strict.worst), "whatever is missed the baseline had found"


def test_what_could_not_run_is_a_row_with_its_problem(small: Detector, small_data: EvaluationData) -> None:
    made = variant(small, "xla")

    record = Bench(small_data, 2).problem_record(made, SettingsError("this and that"))

    assert record.problem is not None
    assert (record.problem.kind, record.problem.message) == ("SettingsError", "this and that")
    assert (record.timing, record.noise.verdict, record.settings) == (None, "unknown", made.settings)
    assert Record.from_json(record.to_json()) == record


def test_a_saved_record_may_be_the_baseline(small: Detector, small_data: EvaluationData, records: tuple[Record, ...]) -> None:
    record = bench_on(small_data, baseline=records[0]).measure(variant(small, SIZE))

    assert record.agreement is not None
    assert record.agreement.ratio == 1.0
    assert record.comparison is None
    assert TIMES_APART in record.warnings


def test_what_a_saved_record_is_of_may_take_turns_with_the_others_without_being_measured_again(
    small: Detector, small_data: EvaluationData, records: tuple[Record, ...]
) -> None:
    bench = bench_on(small_data, baseline=records[0])
    bench.compare_with(variant(small, SIZE, name=records[0].name))
    record = bench.measure(variant(small, f"{SIZE},nms.score=0.5"))

    assert record.comparison is not None
    assert (record.comparison.a, record.comparison.a_id) == (records[0].name, records[0].id)
    assert record.agreement is not None
    assert record.agreement.baseline_id == records[0].id
    assert TIMES_APART not in record.warnings


def test_a_saved_record_of_other_media_is_no_baseline(small_data: EvaluationData, records: tuple[Record, ...]) -> None:
    other = array_media([next(small_data.media.frames()).image_rgb], name="other")

    with pytest.raises(
        RecordError, match="was measured on scenes, these frames are of other and differ; choose a record of the same"
    ):
        Bench(replace(small_data, media=other), baseline=records[0])


def test_a_record_without_detections_is_no_baseline(small: Detector, small_data: EvaluationData) -> None:
    failed = Bench(small_data).problem_record(variant(small, "xla"), SettingsError("this and that"))

    with pytest.raises(RecordError, match="holds no detections; choose a record of a run that succeeded"):
        Bench(small_data, baseline=failed)


def test_the_command_lines_default_is_the_benchs() -> None:
    assert options.DEFAULT_FRAMES == DEFAULT_FRAMES


@pytest.fixture(scope="module")
def street(assets: Path) -> EvaluationData:
    """Photographs and frames of a video in which YOLOX finds well over ten things."""
    photographs = [next(open_media(path).frames()) for path in sorted((assets / "images" / "coral").glob("*.[bj][mp][pg]"))]
    film = open_media(assets / "videos" / "intel_bottle-detection.mp4").frames()
    images = [frame.image_rgb for frame in [*photographs, *islice(film, 0, 300, 60)]]
    return EvaluationData(array_media(images, name="street"), None, None, None, Calibration("nothing", list))


def yolox(assets: Path, kind: str) -> Variant:
    return variant(open_detector(str(assets / "models" / f"yolox_nano_416_{kind}_quantize.tflite")), name=kind)


@pytest.fixture(scope="module")
def sound(assets: Path, street: EvaluationData) -> Record:
    return Bench(street, 10).measure(yolox(assets, "float16"))


@pytest.mark.slow
def test_a_broken_model_is_flagged_against_a_sound_one(assets: Path, street: EvaluationData, sound: Record) -> None:
    bench = Bench(street, 10, baseline=sound)

    same, broken = bench.measure(yolox(assets, "dynamic_range")), bench.measure(yolox(assets, "int8"))

    assert sum(len(row.scores) for row in sound.detections) >= 10
    assert not same.broken, same.warnings
    assert broken.broken
    assert any(text.startswith("this setting breaks the detector: ") for text in broken.warnings)


def test_other_classes_are_not_compared(street: EvaluationData, sound: Record, small: Detector) -> None:
    record = Bench(street, 2, baseline=sound).measure(variant(small, f"runtime.engine=eager,{SIZE}"))

    assert record.agreement is None
    assert "float16 knows other classes: no agreement" in record.warnings


@pytest.mark.parametrize("feed", ["loop", "threads", "tfdata"])
def test_what_was_measured_before_a_frame_that_is_damaged_is_kept(small: Detector, feed: str) -> None:
    media = Breaks()

    def tell(what: str, _: int, __: int) -> None:
        media.matters = media.matters or what.endswith("timing")  # the warm-up is over

    bench = Bench(EvaluationData(media, None, None, None, Calibration("nothing", list)), 40, progress=tell)
    row = variant(small, f"graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy,feed.mode={feed}")

    with pytest.raises(MediaError, match="breaks#17 is damaged") as caught:
        bench.measure(row)
    record = bench.problem_record(row, caught.value)

    assert record.problem is not None
    assert record.timing is not None
    assert len(record.timing.total_seconds) == 17
