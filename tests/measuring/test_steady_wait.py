"""Nothing is timed while the machine is in a slow spell, and nobody waits for ever."""

import pytest

from tests.scripted_machine import Machine
from workbench.measuring.steady_wait import MOST_AT_ONCE_SECONDS, MOST_SECONDS, SHARED_MOST_SECONDS, SteadyWait


def steady_wait(slower, **more):
    machine = Machine(slower)
    return machine, SteadyWait(lambda: machine.work(0.01), machine, machine.sleep, **more)


def test_a_spell_is_waited_for():
    machine, waiting = steady_wait(lambda now: 1.5 if 1 < now < 3 else 1.0)
    waiting.wait()
    assert waiting.waited_seconds == 0
    machine.now = 1.2
    waiting.wait()
    assert 3 <= machine.now < 3.3
    assert waiting.waited_seconds == pytest.approx(machine.now - 1.2)


def test_work_that_is_just_uneven_is_not():
    machine, waiting = steady_wait(lambda now: 1 + 0.1 * (now % 0.5))
    for _ in range(100):
        waiting.wait()
    assert waiting.waited_seconds == 0
    assert machine.now < 100 * 0.08


@pytest.mark.parametrize("most_seconds", [SHARED_MOST_SECONDS, MOST_SECONDS])
def test_a_machine_that_grows_slow_for_good_is_waited_for_only_so_long(most_seconds):
    machine, waiting = steady_wait(lambda now: 1.5 if now > 1 else 1.0, most_seconds=most_seconds)
    waiting.wait()
    waits = []
    for _ in range(100):
        machine.now += 1
        before = machine.now
        waiting.wait()
        waits.append(machine.now - before)
    look_and_pause_seconds = 0.2
    assert max(waits) <= MOST_AT_ONCE_SECONDS + look_and_pause_seconds
    assert most_seconds <= waiting.waited_seconds <= most_seconds + look_and_pause_seconds
    assert waits[-1] == 0


def test_what_begins_in_a_spell_learns_later_how_fast_the_machine_is():
    machine, waiting = steady_wait(lambda now: 1.5 if now < 2 or 4 < now < 5 else 1.0)
    waiting.wait()
    assert waiting.waited_seconds == 0
    machine.now = 3
    waiting.wait()
    machine.now = 4.1
    waiting.wait()
    assert waiting.waited_seconds == pytest.approx(machine.now - 4.1)
    assert machine.now >= 5
