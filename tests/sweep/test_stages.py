"""Times put together from stages are those of whole frames, also on a machine that changes its pace."""

import numpy as np
import pytest

from tests.scripted_machine import Machine
from tests.sweep.fake_loop import COLDER, INFER, FakePipeline
from workbench.detections import Detections
from workbench.detectors import Calibration
from workbench.errors import MediaError
from workbench.media import array_media
from workbench.opening import Footage
from workbench.settings import Nms
from workbench.sweep.looks import LEAST_EVERY, LOOKS
from workbench.sweep.stages import LOOPED_KEPT, LoopTimes

FRAMES = 40
FEWEST = LOOKS // LEAST_EVERY
LATE = 0.001
SCORES = (0.05, 0.1, 0.2, 0.3, 0.5)
METHODS = ("opencv", "python")
MIDDLING = [Nms(method=method, score=0.2) for method in METHODS]
MOST = [Nms(method=method, score=min(SCORES)) for method in METHODS]


class OwnNmsPipeline(FakePipeline):
    """Its network gives detections, of which a score leaves fewer before they are drawn."""

    def infer(self, frames):
        self.machine.work(INFER)
        return [Detections.empty() for _ in frames]

    def next_batch(self, frames, watch):
        return super().next_batch(frames, Unheard(watch, "nms"))


class Unheard:
    """A watch that is told of all laps but one."""

    def __init__(self, watch, name):
        self.watch, self.name = watch, name

    def lap(self, name):
        if name != self.name:
            self.watch.lap(name)


class LatePipeline(FakePipeline):
    """Its decoder is late in a share of the frames."""

    def __init__(self, machine, nms):
        super().__init__(machine, nms)
        self.share = 0.0
        self.random = np.random.default_rng(0)

    def next_batch(self, frames, watch):
        if self.random.random() < self.share:
            self.machine.work(LATE)
        return super().next_batch(frames, watch)


def composed(slower, rows, factor=1.0):
    """Return for each NMS the stages and the whole frames that the looks give, in milliseconds."""
    machine = Machine(slower)
    media = array_media(np.zeros((FRAMES, 8, 12, 3), np.uint8))
    pipeline = FakePipeline(machine, MIDDLING[0], factor)
    times = LoopTimes(
        pipeline, [*MIDDLING, *MOST], Footage(media, None, None, None, Calibration("none", list)), FRAMES, lambda: None, machine
    )
    for n, nms in enumerate(rows):
        times.screen(nms)
        if n % max(1, len(rows) // (LOOKS - 1)) == 0:
            times.look_again()
    found = []
    for nms in rows:
        stages, totals = times.times(nms)
        assert len(totals) == LOOPED_KEPT
        found.append(
            ({name: 1000 * float(np.median(seconds)) for name, seconds in stages.items()}, 1000 * float(np.median(totals)))
        )
    return found, pipeline


def nms_rows():
    return [Nms(method=method, score=score) for method in METHODS for score in SCORES]


@pytest.mark.parametrize(
    ("slower", "off"),
    [
        (lambda _: 1.0, 1e-3),
        (lambda now: 1.7 if 0.3 < now < 1.3 else 1.0, 0.01),  # while all that runs in the loop is screened
        (lambda now: 1.7 if now % 2.3 < 0.5 else 1.0, 0.01),  # now and then
        (lambda now: 1.5 if now % 4 < 2.2 else 1.0, 0.01),  # more often than not
        (lambda now: 1 + 0.02 * now / 10, 0.05),  # growing hot
    ],
    ids=["steady", "one spell", "spells", "mostly spells", "slower and slower"],
)
def test_composed_times_are_those_of_whole_frames(slower, off):
    rows = nms_rows()
    found, pipeline = composed(slower, rows)

    for nms, (stages, total) in zip(rows, found, strict=True):
        whole = pipeline.with_nms(nms)
        assert total == pytest.approx(1000 * whole.frame_seconds, rel=off)
        assert stages["nms"] == pytest.approx(1000 * (whole.nms_seconds + COLDER), rel=2 * off, abs=0.02)
        assert stages["draw"] == pytest.approx(1000 * (whole.draw_seconds + COLDER), rel=2 * off, abs=0.02)
        assert sum(stages.values()) == pytest.approx(total, rel=0.02)


@pytest.mark.parametrize(("times_longer", "least", "most"), [(1, LOOKS, LOOKS), (10, FEWEST, LOOKS - 4), (100, FEWEST, FEWEST)])
def test_long_frames_have_fewer_looks(times_longer, least, most):
    machine = Machine(lambda _: times_longer)
    media = array_media(np.zeros((FRAMES, 8, 12, 3), np.uint8))
    pipeline = FakePipeline(machine, MIDDLING[0], 1.0)
    footage = Footage(media, None, None, None, Calibration("none", list))
    times = LoopTimes(pipeline, MIDDLING, footage, FRAMES, lambda: None, machine)
    looks = 0
    for _ in range(LOOKS):
        before = len(times.infer_seconds)
        times.look_again()
        looks += len(times.infer_seconds) > before

    assert least <= looks <= most


@pytest.mark.parametrize("factor", [1.3, 1.7])
def test_what_the_loop_adds_may_grow_with_what_there_is_to_do(factor):
    """As where the threads of a decoder work behind NMS and drawing."""
    rows = nms_rows()
    found, pipeline = composed(lambda _: 1.0, rows, factor)

    for nms, (stages, total) in zip(rows, found, strict=True):
        whole = pipeline.with_nms(nms)
        assert total == pytest.approx(1000 * whole.frame_seconds, rel=1e-3)
        assert stages["nms"] == pytest.approx(1000 * whole.in_loop(whole.nms_seconds), rel=1e-3)
        assert stages["draw"] == pytest.approx(1000 * whole.in_loop(whole.draw_seconds), rel=1e-3)


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_a_decoder_that_is_late_now_and_then(share):
    """The median of whole frames is with the many, also under another NMS."""
    machine = Machine(lambda _: 1.0)
    media = array_media(np.zeros((FRAMES, 8, 12, 3), np.uint8))
    pipeline = LatePipeline(machine, Nms(score=0.2))
    times = LoopTimes(pipeline, [], Footage(media, None, None, None, Calibration("none", list)), FRAMES, lambda: None, machine)
    pipeline.share = share
    for _ in range(LOOKS):
        times.look_again()
    other = Nms(score=0.05)
    times.screen(other)
    late_ms = 1000 * LATE if share > 0.5 else 0.0

    for nms in (pipeline.settings.nms, other):
        _, totals = times.times(nms)
        assert 1000 * np.median(totals) == pytest.approx(1000 * pipeline.with_nms(nms).frame_seconds + late_ms, abs=0.01)


def test_a_network_that_does_its_own_nms_has_no_stage_for_it():
    machine = Machine(lambda _: 1.0)
    pipeline = OwnNmsPipeline(machine, Nms(score=0.2), factor=1.3)
    media = array_media(np.zeros((FRAMES, 8, 12, 3), np.uint8))
    footage = Footage(media, None, None, None, Calibration("none", list))
    times = LoopTimes(pipeline, [Nms(score=0.05)], footage, FRAMES, lambda: None, machine)
    other = Nms(score=0.1)
    times.screen(other)

    for nms in (pipeline.settings.nms, other):
        stages, totals = times.times(nms)
        whole = pipeline.with_nms(nms)
        assert set(stages) == {"decode", "infer", "draw"}
        assert 1000 * np.median(totals) == pytest.approx(1000 * whole.frame_seconds, rel=1e-3)
        assert np.median(stages["draw"]) == pytest.approx(whole.in_loop(whole.nms_seconds) + whole.in_loop(whole.draw_seconds))


def test_short_media_are_looked_at_again_and_again():
    machine = Machine(lambda _: 1.0)
    media = array_media(np.zeros((5, 8, 12, 3), np.uint8))
    pipeline = FakePipeline(machine, Nms(score=0.2))
    times = LoopTimes(pipeline, [], Footage(media, None, None, None, Calibration("none", list)), 150, lambda: None, machine)
    _, totals = times.times(pipeline.settings.nms)

    assert len(totals) == min(LOOPED_KEPT, len(times.infer_seconds))
    assert len(times.frames) == 5
    assert totals == pytest.approx([pipeline.frame_seconds] * len(totals), rel=1e-3)


def test_media_that_are_gone_when_they_are_opened_again_are_told_and_end_it():
    machine = Machine(lambda _: 1.0)
    media = array_media(np.zeros((5, 8, 12, 3), np.uint8))
    footage = Footage(media, None, None, None, Calibration("none", list))
    times = LoopTimes(FakePipeline(machine, Nms(score=0.2)), [], footage, 5, lambda: None, machine)
    media.frames = lambda *_: iter(())
    with pytest.raises(MediaError, match="opened again"):
        times.look_again()
