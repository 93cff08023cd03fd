"""Advice on real records: each card appears where its cause is real, and not where it is absent."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import psutil
import pytest

from workbench.advice import Card, advise
from workbench.advice.arithmetic import usable
from workbench.advice.frame import START_NOTED
from workbench.advice.stages import IDLE_NOTED, STOP_GAIN
from workbench.detectors import Calibration, Detector
from workbench.hardware import usable_cores
from workbench.machine import NoiseCertificate
from workbench.measuring import Bench
from workbench.media import open_media
from workbench.opening import EvaluationData, variant
from workbench.record import AP_LOSS_NOTED, Record, ap, speed_against
from workbench.samples import SAMPLE_CLIP
from workbench.timing import limit

pytestmark = pytest.mark.slow  # the rules on synthetic records are tested on each change: test_facts, test_cards

SMALL = "input.size_hw=64x96"
USUAL = "input.size_hw=192x320"
LITERT = f"litert,{SMALL}"
FLOODED = f"graph,input.resize=opencv,{USUAL},nms.method=python,nms.score=1e-8,nms.top_k=2000,nms.max_detections=500"
EAGER = f"runtime.engine=eager,input.resize=opencv,nms.method=numpy,{USUAL}"
FRAMES = 8  # each of the few that there are, twice
QUIET = NoiseCertificate(verdict="quiet", reasons=())

Measured = Callable[[str], Record]


@pytest.fixture(scope="module")
def measured(mobile: Detector, data: EvaluationData) -> Measured:
    """From a variant's words to its record on the same frames, each measured once and compared with nothing."""

    @cache
    def one(words: str) -> Record:
        return Bench(data, FRAMES).measure(variant(mobile, words, name=words))

    return one


@pytest.fixture(scope="module")
def measured_small(small: Detector, small_data: EvaluationData) -> Measured:
    """The same of the small detector: for what does not depend on what the network is."""

    @cache
    def one(words: str) -> Record:
        return Bench(small_data, FRAMES).measure(variant(small, words, name=words))

    return one


def keys(*records: Record) -> set[str]:
    return {card.key for card in advise(records)}


def card(key: str, *records: Record, baseline: Record | None = None) -> Card:
    (found,) = [one for one in advise(records, baseline) if one.key == key]
    return found


def swapped(record: Record, other: Record) -> tuple[Record, Record]:
    """Return both with each other's times: what they would be on a machine where it is the other way round."""
    return record.model_copy(update={"timing": other.timing}), other.model_copy(update={"timing": record.timing})


def test_nms_in_python_dominates_crowded_frames(measured: Measured) -> None:
    slow, quick = measured(FLOODED), measured(FLOODED.replace("python", "opencv"))

    found = card("nms-dominates", slow, quick, baseline=slow)

    assert found.change == {"nms.method": "opencv"}
    assert found.expected is not None
    assert found.expected.ratio > 1
    assert not found.expected.bound
    assert found.measured is not None
    assert found.measured.record_id == quick.id
    assert found.measured.speed.ratio == pytest.approx(slow.timing.median_ms / quick.timing.median_ms)


def test_without_an_alternative_there_is_a_bound_and_a_command(measured: Measured, mobile: Detector) -> None:
    record = measured(FLOODED)

    found = card("nms-dominates", record)

    assert found.measured is None
    assert found.expected is not None
    assert found.expected.bound
    assert found.command == f"workbench compare inspector-mobile --a {FLOODED} --b {FLOODED},nms.method=opencv"
    assert variant(mobile, f"{FLOODED},nms.method=opencv").settings == record.settings.with_values(found.change)


def test_a_low_threshold_floods_nms(measured: Measured) -> None:
    flooded, usual = measured(FLOODED), measured(FLOODED.replace("1e-8", "0.3"))

    found = card("score-floods-nms", flooded, usual, baseline=flooded)

    assert flooded.engine.candidates > 10 * usual.engine.candidates
    assert found.change == {"nms.score": 0.3}
    assert found.measured.record_id == usual.id


def test_a_usual_threshold_neither_floods_nms_nor_dominates(measured: Measured) -> None:
    usual = measured(f"graph,input.resize=opencv,{USUAL}")

    assert not keys(usual) & {"score-floods-nms", "nms-dominates"}


@pytest.mark.parametrize("engine", ["keras", "eager"])
def test_predict_and_eager_calls_cost_more_than_a_graph(measured_small: Measured, engine: str) -> None:
    habit, graph = (measured_small(EAGER.replace("eager", name)) for name in (engine, "graph"))

    found = card("call-overhead", habit, graph, baseline=habit)

    assert found.change == {"runtime.engine": "graph"}
    assert found.measured.speed.verdict == "faster"
    assert found.expected.ratio > 1
    assert not found.expected.bound
    assert "call-overhead" not in keys(graph)


def test_pillow_dominates_where_inference_is_quick(filmed: Measured, measured: Measured) -> None:
    pillow, opencv = filmed(f"{LITERT},input.resize=pillow"), filmed(f"{LITERT},input.resize=opencv")

    found = card("resize-dominates", pillow, opencv, baseline=pillow)

    assert found.change == {"input.resize": "opencv"}
    assert found.measured.record_id == opencv.id
    assert "resize-dominates" not in keys(measured(EAGER))


def test_quantising_has_nothing_to_gain_where_inference_is_a_small_part(filmed: Measured, measured: Measured) -> None:
    slow_rest = "input.resize=pillow,nms.method=python,nms.score=1e-8,nms.max_detections=500"

    found = card("stop-quantising", filmed(f"{LITERT},{slow_rest}"))

    assert found.change is None
    assert found.expected.ratio < STOP_GAIN
    assert "stop-quantising" not in keys(measured(EAGER))


@pytest.fixture(scope="module")
def filmed(small: Detector, calibration: Calibration) -> Measured:
    """The small detector on frames of the sample clip, which are large and have to be decoded."""
    data = EvaluationData(open_media(SAMPLE_CLIP), None, None, None, calibration)

    @cache
    def one(words: str) -> Record:
        return Bench(data, 48).measure(variant(small, words, name=words))

    return one


def test_decoding_a_film_bounds_a_quick_network(filmed: Measured, measured: Measured) -> None:
    found = card("decoding-bounds", filmed(LITERT))

    assert found.expected.bound
    assert found.expected.ratio > 1
    if usable_cores() > 1:
        assert found.change == {"feed.mode": "threads", "feed.workers": usable_cores()}
    assert "decoding-bounds" not in keys(measured(LITERT))


def test_where_stages_overlap_decoding_bounds_as_the_limit_says(filmed: Measured) -> None:
    record = filmed(f"{LITERT},feed.mode=threads,feed.workers=1")

    assert ("decoding-bounds" in keys(record)) == ("decode" in limit(record.timing, usable(record)).limited_by.split(" + "))


def test_overlapping_that_was_measured_is_told(filmed: Measured) -> None:
    loop, threads = filmed(LITERT), filmed(f"{LITERT},feed.mode=threads,feed.workers=1")

    found = card("decoding-bounds", loop, threads, baseline=loop)

    assert usable_cores() == 1 or found.measured.record_id == threads.id


def test_cores_idle_while_python_suppresses(measured: Measured) -> None:
    record = measured(FLOODED)

    busy = record.timing.cpu_seconds * record.timing.fps
    assert ("cores-idle" in keys(record)) == (usable_cores() > 1 and busy <= (1 - IDLE_NOTED) * usable(record))
    if usable_cores() >= 2:
        assert card("cores-idle", record).expected.ratio > 1


def test_where_frames_overlap_no_core_is_said_to_idle(filmed: Measured) -> None:
    assert "cores-idle" not in keys(filmed(f"{LITERT},feed.mode=threads,feed.workers=1"))


def test_threads_that_are_not_as_many_as_cores(measured: Measured) -> None:
    cores = usable_cores()
    wrong = measured(f"{LITERT},runtime.threads={cores - 1 or 2}")

    found = card("threads-unequal", wrong, measured(LITERT))

    assert found.change == {"runtime.threads": cores}
    assert found.measured.record_id == measured(LITERT).id
    assert "threads-unequal" not in keys(measured(LITERT))


@pytest.mark.slow
def test_xla_is_called_slower_where_its_record_is(measured: Measured) -> None:
    graph, xla = measured(f"graph,{SMALL}"), measured(f"xla,{SMALL}")

    for one, other in ((graph, xla), swapped(graph, xla)):
        slower = speed_against(other, one).verdict == "slower"
        assert ("xla-slower" in keys(one, other)) == slower
        assert not slower or "XLA took" in card("xla-slower", one, other).evidence
    assert "xla-slower" not in keys(graph)


@pytest.mark.slow
def test_who_runs_a_slower_xla_is_told_the_way_back(measured: Measured) -> None:
    records = measured(f"graph,{SMALL}"), measured(f"xla,{SMALL}")
    slower = max(records, key=lambda record: record.timing.median_ms)
    graph, xla = records if slower is records[1] else swapped(*records)
    if speed_against(xla, graph).verdict != "slower":  # too close to tell on this machine
        assert "xla-slower" not in keys(graph, xla)
        return

    found = card("xla-slower", graph, xla, baseline=xla)

    assert found.change == {"runtime.engine": "graph", "nms.method": "tensorflow"}
    assert found.gain > 1


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["dynamic-int8", "int8"])
def test_integers_are_called_not_worth_it_where_their_records_say_so(measured: Measured, precision: str) -> None:
    floats, integers = measured(LITERT), measured(f"{LITERT},runtime.precision={precision}")

    for one, other in ((floats, integers), swapped(floats, integers)):
        verdict = speed_against(other, one).verdict
        right = not other.broken and (ap(one) or 0.0) - (ap(other) or 0.0) <= AP_LOSS_NOTED
        worth = {"faster": "int8-worth-it", "cannot tell": "int8-untold"}.get(verdict, "int8-not-worth-it")
        assert (worth if right else "int8-not-worth-it") in keys(one, other)
    assert "int8-not-worth-it" not in keys(floats)


def test_sizes_that_compiled_again_are_told(measured_small: Measured) -> None:
    """As in a record of 0.1.0; today no size of frame compiles anything."""
    fresh, once = (measured_small(words) for words in (f"graph,{SMALL}", f"graph,input.resize=opencv,{SMALL}"))
    again = fresh.model_copy(update={"engine": fresh.engine.model_copy(update={"recompilations": 2})})

    found = card("recompiling", again, once)

    assert found.change == {"input.resize": "opencv"}
    assert found.measured.record_id == once.id
    assert "recompiling" not in keys(fresh, once)


def test_small_objects_are_lost_at_a_small_size(measured: Measured) -> None:
    small, large = measured(f"graph,{USUAL}"), measured("graph,input.size_hw=448x768")

    found = card("small-objects-lost", small, large)

    assert large.accuracy.ap_small - small.accuracy.ap_small > AP_LOSS_NOTED
    assert found.change == {"input.size_hw": (448, 768)}
    assert found.expected.ratio < 1
    assert "small-objects-lost" not in keys(large)


def test_one_detection_a_frame_is_a_trap(measured: Measured) -> None:
    cut, whole = measured(f"graph,{USUAL},nms.max_detections=1"), measured(f"graph,{USUAL}")

    found = card("max-detections-trap", cut, whole)

    assert found.change == {"nms.max_detections": 100}
    assert found.measured.record_id == whole.id
    assert "max-detections-trap" not in keys(whole)


def test_boxes_of_another_class_are_lost_without_per_class(measured: Measured) -> None:
    words = "graph,input.size_hw=288x512,nms.score=0.05,nms.iou=0.1,nms.per_class="
    agnostic, separate = measured(f"{words}false"), measured(f"{words}true")

    found = card("class-agnostic-trap", agnostic, separate)

    assert found.change == {"nms.per_class": True}
    assert found.measured.record_id == separate.id
    assert not keys(separate) & {"class-agnostic-trap"}
    assert not keys(agnostic) & {"class-agnostic-trap"}, "there is no evidence without the other record"


def test_a_start_of_many_frames_is_told_apart(measured: Measured) -> None:
    graph, eager = measured(f"graph,{SMALL}"), measured(EAGER)

    for record in (graph, eager):
        start = record.timing.compile_seconds + record.timing.first_call_seconds
        assert ("slow-start" in keys(record)) == (start * 1000 / record.timing.median_ms >= START_NOTED)
    assert "slow-start" in keys(graph)


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Keep a core busy with a process that is nobody's child: children count as the measured process itself."""
    burning = "import time; end = time.time() + 60\nwhile time.time() < end: pass"
    start = f"import subprocess; print(subprocess.Popen([{sys.executable!r}, '-c', {burning!r}], stdout=-3, stderr=-3).pid)"
    burner = psutil.Process(int(subprocess.run([sys.executable, "-c", start], capture_output=True, check=True).stdout))
    yield
    burner.kill()


@pytest.mark.usefixtures("busy_machine")
def test_a_machine_that_others_keep_busy_is_noisy(small: Detector, small_data: EvaluationData) -> None:
    record = Bench(small_data, FRAMES).measure(variant(small, EAGER, name="disturbed"))

    found = card("noisy-machine", record)

    assert record.noise.verdict == "noisy"
    assert found.command == record.command
    assert "other processes kept" in found.evidence
    assert "noisy-machine" not in keys(record.model_copy(update={"noise": QUIET}))


def test_two_compared_in_one_bench_have_an_interval(mobile: Detector, data: EvaluationData) -> None:
    bench = Bench(replace(data, labelled=None, labelled_truth=None), FRAMES, comparison_seconds=0.5)
    slow, quick = (bench.measure(variant(mobile, f"{LITERT},input.resize={place}", name=place)) for place in ("pillow", "opencv"))

    found = card("resize-dominates", slow, quick, baseline=slow)

    assert found.measured.speed.basis == "interleaved"
    assert found.measured.speed.interval == quick.comparison.ratio
    assert found.gain == quick.comparison.ratio.median
    assert "measured in interleaved blocks" in found.measured.words
