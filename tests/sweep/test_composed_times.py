"""Times put together of the loop's front and an NMS on kept outputs: what they are, and what they can never be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scripted_machine import Machine
from tests.sweep.fake_pipeline import DECODE, INFER, FakePipeline
from workbench.errors import MediaError
from workbench.media import array_media
from workbench.settings import Nms
from workbench.sweep.child import HALVES, ROUNDS
from workbench.sweep.composed_records import FRAMES_KEPT, composed_times, why_impossible
from workbench.sweep.loop_timing import LEAST_FRAMES, LoopTiming
from workbench.sweep.nms_timing import LEAST_TIMED, SPREAD_FRAMES, VISITS, NmsTiming, spread_frames, spread_positions, time_nms

FRAMES = 40
OWN = Nms(method="opencv", score=0.2)
ROWS = [Nms(method=method, score=score) for method in ("opencv", "python") for score in (0.05, 0.1, 0.2, 0.3, 0.5)]
SPEEDS = {
    "steady": lambda _: 1.0,
    "one slow spell": lambda now: 1.7 if 0.3 < now < 1.3 else 1.0,
    "spells": lambda now: 3.0 if now % 2.3 < 0.5 else 1.0,
    "slow while NMS is timed": lambda now: 0.2 if now % 0.4 < 0.3 else 5.0,
    "slower and slower": lambda now: 1 + now,
}


def media_of(count):
    return array_media(np.zeros((count, 8, 12, 3), np.uint8))


def composed(pipeline, rows, frames=FRAMES):
    """Return the loop, and for each NMS its stages and whole frames, in seconds, as a group of a sweep takes its turns."""
    machine, media = pipeline.machine, media_of(frames)
    loop = LoopTiming(pipeline, media, frames, machine)
    positions, spread = spread_frames(media, frames)
    raws = [raw for frame in spread for raw in pipeline.infer([frame])]
    visits = {nms: [] for nms in rows}
    for turn in range(ROUNDS):
        loop.time_slice()
        for nms in rows[turn % HALVES :: HALVES]:
            part = slice(len(visits[nms]), None, VISITS)
            visits[nms].append(time_nms(pipeline.with_nms(nms), positions[part], spread[part], raws[part], machine))
    assert {len(some) for some in visits.values()} == {VISITS}
    times = {nms: composed_times(loop, NmsTiming.of_all(some), separate=not pipeline.own_nms) for nms, some in visits.items()}
    return loop, times


def test_on_a_steady_machine_they_are_those_of_whole_frames():
    pipeline = FakePipeline(Machine(SPEEDS["steady"]), OWN)
    _, times = composed(pipeline, ROWS)

    for nms, (stages, total) in times.items():
        whole = pipeline.with_nms(nms)
        assert list(stages) == ["decode", "infer", "nms", "draw"]
        assert len(total) == FRAMES_KEPT
        assert total == pytest.approx(np.full(FRAMES_KEPT, whole.frame_seconds))
        assert stages["nms"] == pytest.approx(np.full(FRAMES_KEPT, whole.nms_seconds))
        assert stages["draw"] == pytest.approx(np.full(FRAMES_KEPT, whole.draw_seconds))


def check_possible(loop, times):
    """No frame is shorter than its own front and the least that was seen of NMS and drawing; and all is positive."""
    _, front = loop.front(FRAMES_KEPT)
    measured = np.sum(list(front.values()), axis=0)
    for stages, total in times.values():
        assert why_impossible(stages, total) is None
        assert (total > measured).all()
        assert total == pytest.approx(measured + stages["nms"] + stages["draw"])


@pytest.mark.parametrize("speed", SPEEDS.values(), ids=SPEEDS)
def test_no_frame_is_shorter_than_what_was_measured_of_it_whatever_the_machine_does(speed):
    check_possible(*composed(FakePipeline(Machine(speed), OWN), ROWS))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.5, 20.0), min_size=1, max_size=8), st.floats(0.01, 1.0))
def test_nor_on_any_other_machine(speeds, spell_seconds):
    machine = Machine(lambda now: speeds[int(now / spell_seconds) % len(speeds)])
    check_possible(*composed(FakePipeline(machine, OWN), ROWS[:3]))


@pytest.mark.parametrize(
    ("stages", "total", "said"),
    [
        ({"decode": [0.001, 0.002], "infer": [0.005, 0.005], "nms": [0.001, 0.002]}, [0.007, 0.009], None),
        ({"decode": [0.001], "infer": [0.005], "nms": [0.0]}, [0.006], "nms takes 0 ms in one of 1 frames"),
        ({"decode": [0.001], "infer": [0.005, -0.001]}, [0.006], "infer takes -1 ms in one of 2 frames"),
        ({"infer": [float("nan")]}, [0.006], "infer takes nan ms"),
        ({"infer": []}, [], "infer takes inf ms in one of 0 frames"),
        (
            {"decode": [0.0017], "infer": [0.0045], "draw": [0.001]},
            [0.00008],
            "a frame takes 0.08 ms, its measured parts at least 7.2",
        ),
        ({"infer": [0.005, 0.009], "nms": [0.001, 0.002]}, [0.006, 0.0095], "takes 9.5 ms, its measured parts at least 10"),
    ],
    ids=["possible", "no time", "less than none", "no number", "no frame", "a hundredth of its parts", "one frame of two"],
)
def test_what_cannot_be_is_told(stages, total, said):
    reason = why_impossible({stage: np.array(seconds) for stage, seconds in stages.items()}, np.array(total))
    assert reason is None if said is None else said in reason


def test_a_network_that_does_its_own_nms_has_no_stage_for_it():
    pipeline = FakePipeline(Machine(SPEEDS["steady"]), OWN, own_nms=True)
    _, times = composed(pipeline, [OWN, Nms(score=0.1)])

    for nms, (stages, total) in times.items():
        whole = pipeline.with_nms(nms)
        assert list(stages) == ["decode", "infer", "draw"]
        assert total == pytest.approx(np.full(len(total), whole.frame_seconds))
        assert stages["draw"] == pytest.approx(np.full(len(total), whole.nms_seconds + whole.draw_seconds))


def test_a_disturbance_that_one_visit_falls_into_is_not_in_the_median():
    machine = Machine(SPEEDS["steady"])
    pipeline, media = FakePipeline(machine, OWN), media_of(FRAMES)
    positions, frames = spread_frames(media, FRAMES)
    raws, visits = pipeline.infer(frames), []
    for visit in range(VISITS):
        machine.slower = (lambda _: 50.0) if visit == 2 else SPEEDS["steady"]
        part = slice(visit, None, VISITS)
        visits.append(time_nms(pipeline, positions[part], frames[part], raws[part], machine))
    nms, draw = NmsTiming.of_all(visits).at(np.arange(FRAMES))

    assert np.median(nms) == pytest.approx(pipeline.nms_seconds)
    assert np.median(draw) == pytest.approx(pipeline.draw_seconds)
    assert nms.max() == pytest.approx(50 * pipeline.nms_seconds)


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_the_frames_that_are_kept_have_as_many_slow_ones_as_there_were(share):
    random = np.random.default_rng(0)
    pipeline = FakePipeline(Machine(SPEEDS["steady"]), OWN, late_seconds=lambda: 0.001 * (random.random() < share))
    _, times = composed(pipeline, [OWN])
    ((_, total),) = times.values()

    assert np.median(total) == pytest.approx(pipeline.frame_seconds + 0.001 * (share > 0.5), abs=1e-6)
    assert np.mean(total > pipeline.frame_seconds + 1e-6) == pytest.approx(share, abs=0.1)


def test_long_frames_have_few_in_a_slice_and_short_media_begin_again():
    pipeline = FakePipeline(Machine(lambda _: 100.0), OWN)
    loop = LoopTiming(pipeline, media_of(3), 3, pipeline.machine)
    before = pipeline.threads_taken
    for _ in range(ROUNDS):
        loop.time_slice()
    positions, front = loop.front(FRAMES_KEPT)

    assert len(loop.infer_seconds) == ROUNDS * LEAST_FRAMES
    assert pipeline.threads_taken == before + ROUNDS
    assert set(positions.tolist()) == {0, 1, 2}
    assert front["decode"] == pytest.approx(np.full(len(positions), 100 * DECODE))
    assert front["infer"] == pytest.approx(np.full(len(positions), 100 * INFER))


def test_media_that_are_gone_when_they_are_opened_again_are_told(monkeypatch):
    pipeline, media = FakePipeline(Machine(SPEEDS["steady"]), OWN), media_of(1)
    loop = LoopTiming(pipeline, media, 1, pipeline.machine)
    loop.time_slice()
    monkeypatch.setattr(type(media), "frames", lambda *_: iter(()))
    with pytest.raises(MediaError, match="opened again"):
        loop.time_slice()


def test_a_slow_nms_is_timed_on_fewer_frames_and_each_frame_has_that_of_the_nearest():
    machine, media = Machine(lambda _: 10.0), media_of(FRAMES)
    pipeline = FakePipeline(machine, Nms(method="python", score=0.05))
    positions, spread = spread_frames(media, FRAMES)
    timed = time_nms(pipeline, positions, spread, pipeline.infer(spread), machine)
    nms, _ = timed.at(np.array([int(timed.positions[1]), 39]))

    assert len(timed.found) == LEAST_TIMED < SPREAD_FRAMES == len(spread)
    assert nms[0] == timed.nms[1]
    assert nms[1] == timed.nms[timed.positions.argmax()]


@pytest.mark.parametrize("frames", [1, 3, 16, 17, 5000])
def test_frames_are_from_all_over_the_media(frames):
    positions = spread_positions(frames).tolist()
    assert positions == sorted(set(positions))
    assert len(positions) == min(SPREAD_FRAMES, frames)
    assert positions[0] == 0
    assert frames - positions[-1] <= frames / len(positions) + 1
