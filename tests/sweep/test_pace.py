"""Composed times are set to the machine's usual pace, which is that of the middle one of all processes."""

import pytest

from tests.saved_records import record
from workbench.machine import NoiseCertificate
from workbench.sweep.pace import Paces
from workbench.timing import Timing

MS = 0.001


def composed(probe_ms, ms, **changes):
    """Return a composed record of a process in which the same work took some milliseconds."""
    timing = Timing(
        compile_seconds=2,
        first_call_seconds=1,
        total_seconds=(ms * MS, ms * MS),
        stage_seconds={"infer": (ms * MS * 0.9,) * 2, "draw": (ms * MS * 0.1,) * 2},
    )
    noise = NoiseCertificate(verdict="quiet", reasons=(), probe_ms=probe_ms)
    return record(**({"timing": timing, "composed": True} | changes)).model_copy(update={"noise": noise})


def at_usual(records):
    paces = Paces()
    paces.see(records)
    return list(paces.at_usual(records))


def medians(records):
    return [one.timing.median_ms for one in records]


def test_what_a_slow_process_measured_is_set_to_the_pace_of_the_others():
    slow, *others = composed(1.2, 24), composed(1.0, 20), composed(1.0, 30), composed(0.99, 40)
    (changed,) = at_usual([slow, *others])

    assert changed.id == slow.id
    assert medians([changed]) == [pytest.approx(20)]
    assert changed.timing.stage_medians() == {"infer": pytest.approx(18 * MS), "draw": pytest.approx(2 * MS)}
    assert (changed.timing.compile_seconds, changed.timing.first_call_seconds) == (2, 1)
    assert changed.noise.notes == ("the same work took 1.20 times as long as usual: times are divided by that",)
    assert changed.noise.pace_ms == 1.0
    assert slow.noise.notes == ()


def test_it_is_the_processes_that_count_and_not_their_rows():
    assert medians(at_usual([composed(1.2, 24)] * 50 + [composed(1.0, 20), composed(1.001, 20)])) == [pytest.approx(20.02)] * 50


def test_times_that_were_set_before_stay_and_more_processes_set_them_again():
    first = [composed(1.2, 24), composed(1.3, 26)]
    again = at_usual(first)
    assert medians(again) == [pytest.approx(24)]
    settled = [first[0], *again]
    assert at_usual(settled) == []

    changed = {one.id: one for one in at_usual([*settled, composed(1.0, 20), composed(0.99, 18), composed(1.001, 20)])}
    assert medians(changed.get(one.id, one) for one in settled) == [pytest.approx(20.02)] * 2
    assert {one.noise.usual_probe_ms for one in changed.values()} == {1.001}


def test_machines_have_paces_of_their_own():
    assert at_usual([composed(1.2, 24), composed(1.0, 20, machine="n" * 16)]) == []


def test_what_was_measured_whole_or_had_no_probe_stays_as_it_is():
    whole = composed(1.2, 24, composed=False)
    bare = composed(None, 24)
    assert at_usual([whole, bare, composed(1.0, 20), composed(1.001, 20)]) == []
