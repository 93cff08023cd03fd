"""NMS and drawing alone are told as they are while the machine has its usual pace."""

import numpy as np
import pytest

from tests.scripted_machine import Machine
from tests.sweep.fake_loop import FakePipeline
from workbench.media import Frame
from workbench.settings import Nms
from workbench.sweep.screening import Screening

FRAMES = 16
OWN, OTHER = Nms(method="python", score=0.2), Nms(method="python", score=0.05)


class Moody:
    """Says how slow the machine is: what it is set to."""

    slower = 1.0

    def __call__(self, _):
        return self.slower


@pytest.fixture
def moody():
    return Moody()


@pytest.fixture
def machine(moody):
    return Machine(moody)


@pytest.fixture
def screening(machine):
    pipeline = FakePipeline(machine, OWN)
    frames = [Frame(np.zeros((8, 12, 3), np.uint8), str(n), n) for n in range(FRAMES)]
    return Screening(pipeline, frames, pipeline.infer(frames), np.arange(FRAMES), machine)


def seconds(screening, stage, nms=OTHER):
    return float(np.median(screening.seconds(stage, nms, np.arange(FRAMES))))


def test_seconds_are_those_of_the_work(screening):
    screening.screen(OWN)
    left = screening.screen(OTHER)

    assert len(left) == FRAMES
    assert seconds(screening, "nms") == pytest.approx(0.0025)
    assert seconds(screening, "draw") == pytest.approx(0.0024)
    assert seconds(screening, "whole") == pytest.approx(0.0049)


def test_what_was_timed_while_the_machine_was_slow_is_as_much_shorter_as_its_pace(screening, moody):
    screening.screen(OWN)
    moody.slower = 1.6
    screening.screen(OTHER)
    screening.screen_again()

    assert seconds(screening, "nms") == pytest.approx(0.0025)
    assert seconds(screening, "draw") == pytest.approx(0.0024)


def test_a_first_one_turns_out_later_to_have_been_slow(screening, moody):
    moody.slower = 1.6
    screening.screen(OTHER)
    before = seconds(screening, "nms")
    moody.slower = 1.0
    screening.screen(OWN)

    assert before == pytest.approx(1.6 * 0.0025)
    assert seconds(screening, "nms") == pytest.approx(0.0025)


def test_it_is_timed_again_once_the_machine_has_its_usual_pace(screening, machine, moody):
    def spent():
        before = machine.now
        screening.screen_again()
        return machine.now - before

    screening.screen(OWN)
    nothing = spent()
    moody.slower = 1.6
    screening.screen(OTHER)
    while_slow = spent()
    moody.slower = 1.0

    assert while_slow == pytest.approx(1.6 * nothing)  # only to see that it still is
    assert spent() > nothing + FRAMES * 0.0049
    assert spent() == pytest.approx(nothing)
