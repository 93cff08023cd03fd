"""Answers about how frames are fed."""

import pytest

from tests.report.records import record, timing
from workbench.errors import RecordError
from workbench.lessons import bounded_by, keeps_up, share_of_bound
from workbench.record import Record
from workbench.timing import RealTime


def fed(cpu_seconds: float, *, serial: tuple[tuple[str, ...], ...] = ()) -> Record:
    """Frames that get through every 10 ms, of which decoding takes 8, on two cores."""
    values = {"total_seconds": (0.01,) * 40, "cpu_seconds": cpu_seconds, "overlapped": bool(serial), "serial": serial}
    return record("threads", timing=timing({"decode": 8.0, "infer": 9.0}, **values))


def test_where_the_cores_are_busy_they_are_the_bound() -> None:
    answer = bounded_by(fed(0.019, serial=(("decode",),)))

    assert answer.names == ("cores",)
    assert "2 cores" in answer.sentence


def test_what_one_thread_does_alone_is_the_bound_where_it_takes_longest() -> None:
    answer = bounded_by(fed(0.009, serial=(("decode",),)))

    assert answer.names == ("decode",)
    assert answer.grade("decode").right
    assert not answer.grade("cores").right


def test_the_share_of_the_bound_is_told_in_percent() -> None:
    answer = share_of_bound(fed(0.016))  # two cores allow 125 frames a second, 100 were reached

    assert answer.value == pytest.approx(80, rel=0.02)
    assert "100 of at most 125 frames a second, 80 %" in answer.sentence


@pytest.mark.parametrize(("dropped", "answer"), [(0, "yes"), (7, "no")])
def test_it_keeps_up_where_no_frame_is_dropped_and_none_grows_older(dropped: int, answer: str) -> None:
    paced = RealTime(source_fps=30, policy="drop", age_seconds=(0.02,) * 60, interval_seconds=(1 / 30,) * 59, dropped=dropped)

    assert keeps_up(record("graph", real_time=paced)).names == (answer,)


def test_what_was_not_measured_is_said_with_what_measures_it() -> None:
    with pytest.raises(RecordError, match="was not run at the frames' own pace; give the bench"):
        keeps_up(record("graph"))
    with pytest.raises(RecordError, match="has no processor time; measure it again"):
        share_of_bound(record("graph"))
