from dataclasses import replace

import pytest

from workbench.machine import NoiseWatch, certify, quick_noise, with_pace
from workbench.machine.counters import Sample
from workbench.machine.noise import pace_change

STILL = Sample(at_seconds=0.0, busy_seconds=100.0, own_seconds=50.0, steal_seconds=1.0, all_seconds=1000.0, throttled=0)


def after(seconds=10.0, own=8.0, others=0.1, cores=4, steal=0.0, **changes):
    """The counters some seconds of work later."""
    later = replace(
        STILL,
        at_seconds=STILL.at_seconds + seconds,
        own_seconds=STILL.own_seconds + own,
        busy_seconds=STILL.busy_seconds + own + others,
        steal_seconds=STILL.steal_seconds + steal,
        all_seconds=STILL.all_seconds + cores * seconds,
    )
    return replace(later, **changes)


def certified(last, first=STILL, **known):
    return certify((first, last), **({"cores": 4} | known))


def test_own_work_is_no_noise():
    quiet = certified(after(own=39.0, others=0.2))
    assert (quiet.verdict, quiet.load_by_others) == ("quiet", pytest.approx(0.02))


@pytest.mark.parametrize(
    ("last", "known", "reason"),
    [
        (after(others=5.0), {}, "other processes kept 0.50 of 4 cores busy"),
        (after(steal=2.0), {}, "hypervisor gave 5.0% of the CPU time"),
        (after(throttled=3), {"quota": 2.0}, "stopped this process 3 times"),
        (after(), {"threads": 8}, "8 threads share 4 cores; set runtime.threads to 4"),
        (after(), {"threads": 4, "quota": 1.5}, "4 threads share 1.5 cores; set runtime.threads to 1"),
        (after(frequencies_mhz=(900.0, 1000.0), full_frequency_mhz=3000.0), {}, "stood at 1000 of 3000 MHz"),
    ],
    ids=["load by others", "steal", "throttling", "too many threads", "more threads than the quota", "clock held down"],
)
def test_noise_is_told_with_its_reason(last, known, reason):
    noisy = certified(last, **known)
    assert noisy.verdict == "noisy"
    assert reason in noisy.reasons[0]


def test_all_reasons_are_told():
    assert len(certified(after(others=9.0, steal=3.0, throttled=1), threads=9).reasons) == 4


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        (STILL, after(seconds=0.1, others=5.0), "too short"),
        (STILL, after(busy_seconds=None), "how busy"),
        (replace(STILL, steal_seconds=None), after(steal_seconds=None), "hypervisor"),
    ],
    ids=["a moment", "a system that tells no load", "a system that tells no steal"],
)
def test_what_cannot_be_known_is_unknown_with_why(first, last, reason):
    unknown = certified(last, first)
    assert unknown.verdict == "unknown"
    assert reason in unknown.reasons[0]


def test_noise_that_is_seen_outweighs_what_is_not_known():
    assert certified(after(others=9.0, steal_seconds=None), replace(STILL, steal_seconds=None)).verdict == "noisy"


@pytest.mark.parametrize(("cores", "verdict"), [(2, "noisy"), (16, "quiet")], ids=["two cores", "sixteen cores"])
def test_a_large_machine_bears_more(cores, verdict):
    assert certified(after(others=4.0, cores=cores), cores=cores).verdict == verdict


def test_a_clock_that_rested_before_the_work_is_no_noise():
    resting = replace(STILL, frequencies_mhz=(800.0,), full_frequency_mhz=3000.0)
    certificate = certified(after(frequencies_mhz=(2900.0,), full_frequency_mhz=3000.0), resting)
    assert certificate.verdict == "quiet"
    assert certificate.frequency_mhz == (800.0, 2900.0)


def test_a_child_that_ended_does_not_make_load_negative():
    assert certified(after(own=8.0, others=-0.5)).load_by_others == 0.0


def test_a_pace_that_changes_is_noise_that_no_counter_tells():
    steady, changed = [0.010, 0.011] * 200, [0.010] * 250 + [0.016] * 150

    quiet = with_pace(certified(after()), steady)
    noisy = with_pace(certified(after()), changed)
    doubly = with_pace(certified(after(others=3.0)), changed)

    assert (quiet.verdict, quiet.pace_change) == ("quiet", 0.0)
    assert (noisy.verdict, noisy.pace_change) == ("noisy", 0.6)
    assert noisy.reasons == ("the same work took 60% longer at times (limit 15%): the machine itself changed its pace",)
    assert [reason[:20] for reason in doubly.reasons] == ["other processes kept", "the same work took 6"]


def test_one_slow_moment_is_no_change_of_pace_and_few_frames_tell_none():
    assert pace_change([0.010] * 390 + [0.050] * 10) == 0.0
    assert pace_change([0.010] * 20 + [0.050] * 20) is None


def test_a_watch_judges_from_its_beginning_to_its_end():
    samples = iter([STILL, after(seconds=5.0, others=20.0), after(seconds=10.0, others=0.2)])
    probes = iter([1.0, 1.6, 1.3])
    with NoiseWatch(take=lambda: next(samples), probe=lambda: next(probes)) as watch:
        watch.sample()
    assert watch.certificate.load_by_others == pytest.approx(0.02)
    assert watch.certificate.probe_ms == pytest.approx(1.3)


def test_a_watch_keeps_its_certificate_when_the_run_fails():
    samples = iter([STILL, after(others=0.2)])
    watch = NoiseWatch(take=lambda: next(samples), probe=lambda: 1.0)
    with pytest.raises(RuntimeError), watch:
        raise RuntimeError
    assert watch.certificate.load_by_others == pytest.approx(0.02)


def test_this_machine_can_be_watched():
    certificate = quick_noise(0.6)
    assert certificate.verdict in {"quiet", "noisy", "unknown"}
    assert certificate.probe_ms is not None
    assert certificate.probe_ms > 0
    assert certificate.reasons
