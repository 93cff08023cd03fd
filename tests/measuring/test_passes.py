import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import MediaError
from workbench.measuring import warm_up
from workbench.measuring.passes import TURN_FRAMES, measure_in_turns
from workbench.timing import NoWatch, Span, Stopwatch, time_frames, time_into


def measure(*args, **options):
    """Measure one setting alone."""
    turns = measure_in_turns(*args, **options)
    while True:
        try:
            next(turns)
        except StopIteration as end:
            return end.value


class Clock:
    """Stands still until told how long something took."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def spend(self, seconds):
        self.now += seconds


def scripted(clock, seconds, batches):
    """A step over media whose n-th batch has so many frames and takes so long, two thirds of it in `infer`."""
    script = iter(zip(batches, seconds, strict=True))

    def step(watch):
        frames, spent = next(script, (0, 0.0))
        clock.spend(spent / 3)
        watch.lap("decode")
        clock.spend(2 * spent / 3)
        watch.lap("infer")
        return frames

    return step


def steady(clock, seconds=0.010):
    def step(watch):
        clock.spend(seconds)
        watch.lap("infer")
        return 1

    return step


def test_times_are_raw_and_in_order():
    clock = Clock()
    assert time_frames(scripted(clock, [0.3, 0.1, 0.2], [1, 1, 1]), 3, clock=clock) == pytest.approx((0.3, 0.1, 0.2))


def test_a_short_tail_carries_the_cost_of_its_batch():
    clock = Clock()
    assert time_frames(scripted(clock, [0.4, 0.4, 0.4], [4, 4, 2]), 99, clock=clock) == pytest.approx((0.1,) * 8 + (0.2,) * 2)


def test_a_batch_is_not_cut_at_the_frames_asked_for():
    clock = Clock()
    assert len(time_frames(scripted(clock, [0.4, 0.4, 0.4], [4, 4, 4]), 6, clock=clock)) == 8


def test_media_that_end_end_the_pass():
    clock = Clock()
    assert len(time_frames(scripted(clock, [0.1] * 5, [1] * 5), 100, clock=clock)) == 5


def test_progress_is_told_after_each_step_and_not_timed():
    clock, told = Clock(), []

    def progress(done, total):
        clock.spend(7.0)
        told.append((done, total))

    seconds: list[float] = []
    time_into(seconds, steady(clock), 3, NoWatch(), clock, progress)
    assert seconds == pytest.approx([0.01] * 3)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_stages_have_one_time_per_frame_that_add_up_to_the_frame():
    clock = Clock()
    watch = Stopwatch(clock)
    total = time_frames(scripted(clock, [0.3, 0.6], [1, 2]), 3, watch, clock)
    assert watch.stage_seconds() == {"decode": pytest.approx((0.1,) * 3), "infer": pytest.approx((0.2,) * 3)}
    assert total == pytest.approx((0.3,) * 3)


def test_two_laps_of_one_stage_are_one_time():
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()
    for _ in range(2):
        clock.spend(0.1)
        watch.lap("copy")
        clock.spend(0.5)
        watch.lap("infer")
    watch.close_step(1)
    assert watch.stage_seconds() == {"copy": pytest.approx((0.2,)), "infer": pytest.approx((1.0,))}


def test_time_before_a_step_belongs_to_no_stage():
    clock = Clock()
    watch = Stopwatch(clock)
    clock.spend(9.0)
    watch.start()
    clock.spend(0.1)
    watch.lap("decode")
    watch.close_step(1)
    assert watch.stage_seconds() == {"decode": pytest.approx((0.1,))}


def test_seconds_of_another_thread_leave_the_running_lap_alone():
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()
    clock.spend(0.1)
    watch.add(Span("decode", "decode", 3.0, 3.7))
    watch.lap("infer")
    watch.close_step(1)
    assert watch.stage_seconds() == {"decode": pytest.approx((0.7,)), "infer": pytest.approx((0.1,))}


@given(st.lists(st.tuples(st.integers(1, 4), st.sets(st.sampled_from(["decode", "infer", "nms"]))), max_size=8))
def test_a_stage_that_a_step_skips_gets_zeros(steps):
    watch = Stopwatch(Clock())
    for frames, stages in steps:
        watch.start()
        for stage in stages:
            watch.add(Span(stage, "elsewhere", 0.0, 1.0))
        watch.close_step(frames)
    for stage, seconds in watch.stage_seconds().items():
        assert len(seconds) == sum(frames for frames, _ in steps)
        assert sum(seconds) == pytest.approx(sum(stage in stages for _, stages in steps))


def test_a_warm_up_slower_than_the_rest_does_not_leak():
    clock = Clock()
    slow = iter([3.0, 2.0, 1.0])

    def step(watch):
        clock.spend(next(slow, 0.010))
        watch.lap("infer")
        return 1

    measured = measure(lambda: step, frames=50, clock=clock)
    assert measured.warmed_up.first_call_seconds == pytest.approx(3.0)
    assert measured.timing.total_seconds == pytest.approx((0.010,) * 50)
    assert measured.timing.stage_seconds == {"infer": pytest.approx((0.010,) * 50)}


def test_each_pass_opens_the_media_anew():
    clock, opened = Clock(), []

    def make_step():
        opened.append(clock())
        return scripted(clock, [0.05] * 20, [1] * 20)

    measured = measure(make_step, frames=100, clock=clock)
    assert len(measured.timing.total_seconds) == len(measured.timing.split_total_seconds) == 20
    assert len(opened) == 3


def test_the_total_comes_from_a_pass_without_timers():
    clock, watches = Clock(), []

    def step(watch):
        watches.append(type(watch))
        clock.spend(0.1)
        return 1

    measure(lambda: step, frames=2, clock=clock)
    assert watches == [NoWatch] * 8 + [NoWatch] * 2 + [Stopwatch] * 2


def test_a_machine_that_changes_its_pace_does_so_in_both_passes():
    clock, calls = Clock(), itertools.count()

    def step(watch):
        clock.spend(0.010 if next(calls) < 30 + 5 * TURN_FRAMES else 0.020)  # after the warm-up, in the midst of the frames
        watch.lap("infer")
        return 1

    timing = measure(lambda: step, frames=5 * TURN_FRAMES, clock=clock).timing
    assert sum(timing.total_seconds) == pytest.approx(sum(timing.stage_seconds["infer"]), rel=0.2)  # a turn in ten


@pytest.mark.parametrize(("there", "done"), [(1000, 4 * TURN_FRAMES), (TURN_FRAMES + 1, TURN_FRAMES + 1)])
def test_what_has_to_be_done_beside_is_done_once_in_the_middle_and_not_timed(there, done):
    clock, handled = Clock(), []
    before = []

    def make_step():
        left = iter(range(there))

        def step(watch):
            if next(left, None) is None:
                return 0
            clock.spend(0.010)
            handled.append(watch)
            return 1

        handled.clear()
        return step

    def between():
        before.append(sum(isinstance(watch, NoWatch) for watch in handled))
        clock.spend(60.0)

    measured = measure(make_step, frames=8 * TURN_FRAMES, clock=clock, between=between)

    assert before == [done]
    assert measured.timing.total_seconds == pytest.approx((0.010,) * min(there, 8 * TURN_FRAMES))


def test_settings_that_take_turns_share_the_moods_of_the_machine():
    clock, settled = Clock(), []

    def turns(name, frame_seconds):
        def step(watch):
            slow = clock() > 105  # for about half of the time
            clock.spend(frame_seconds * (2 if slow else 1))
            watch.lap("infer")
            return 1

        def settle():
            settled.append(name)
            clock.spend(0.05)

        return measure_in_turns(lambda: step, frames=160, clock=clock, turn_frames=16, settle=settle)

    left = {"a": turns("a", 0.010), "b": turns("b", 0.011)}
    found = {}
    while left:
        for name, one in list(left.items()):
            try:
                next(one)
            except StopIteration as end:
                found[name] = end.value
                del left[name]
    whole = {name: sum(one.timing.total_seconds) for name, one in found.items()}

    assert [len(one.timing.total_seconds) for one in found.values()] == [160, 160]
    assert 1.0 < whole["b"] / whole["a"] < 1.2  # one after the other it would be 2
    assert max(map(max, (one.timing.total_seconds for one in found.values()))) < 0.03  # settling is nobody's frame
    assert settled == ["a", "b"] * 10


@pytest.mark.parametrize(("frame_seconds", "split"), [(0.010, 100), (0.060, 83), (0.200, 32)])
def test_a_slow_settings_split_rests_on_fewer_frames_and_progress_ends_all_the_same(frame_seconds, split):
    clock, told = Clock(), []
    measured = measure(lambda: steady(clock, frame_seconds), frames=100, clock=clock, progress=lambda *now: told.append(now))
    assert len(measured.timing.total_seconds) == 100
    assert len(measured.timing.split_total_seconds) == split
    assert told[-1] == (200, 200)


def test_progress_spans_both_passes():
    clock, told = Clock(), []
    measure(lambda: steady(clock), frames=2, clock=clock, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_was_measured_becomes_a_timing():
    clock = Clock()
    timing = measure(lambda: steady(clock), frames=4, clock=clock).timing
    assert (timing.median_ms, timing.unexplained_share) == pytest.approx((10.0, 0.0))


@pytest.mark.parametrize(
    ("seconds_per_step", "steps"),
    [(0.001, 300), (0.010, 30), (0.050, 8), (2.0, 4)],
    ids=["fast: minimum time", "minimum time", "minimum count", "slow: the cap wins"],
)
def test_a_steady_warm_up_ends_at_its_minimum(seconds_per_step, steps):
    clock = Clock()
    warmed_up = warm_up(lambda: steady(clock, seconds_per_step), clock=clock)
    assert steps <= warmed_up.steps <= steps + 1
    assert warmed_up.stable == (steps >= 8)


def test_a_warm_up_that_never_settles_ends_at_the_cap_and_says_so():
    clock, growing = Clock(), iter(range(1, 10**6))

    def step(_):
        clock.spend(0.001 * next(growing) ** 2)
        return 1

    measured = measure(lambda: step, frames=1, clock=clock)
    assert not measured.warmed_up.stable
    assert "still changed" in measured.warmed_up.warnings[0]


def test_a_settled_warm_up_warns_of_nothing():
    clock = Clock()
    assert measure(lambda: steady(clock), frames=1, clock=clock).warmed_up.warnings == ()


def test_a_warm_up_opens_short_media_again():
    clock = Clock()
    assert warm_up(lambda: scripted(clock, [0.1, 0.1], [1, 1]), clock=clock).steps == 8


def test_media_without_a_frame_are_an_error_and_no_endless_loop():
    with pytest.raises(MediaError, match="no frame"):
        measure(lambda: lambda _: 0, frames=3)
