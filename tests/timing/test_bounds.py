"""What bounds throughput."""

import pytest

from workbench.timing import Timing, limit


def timing(interval: float, cpu: float | None, *, overlapped: bool = True, **stages: float) -> Timing:
    return Timing(
        compile_seconds=0,
        first_call_seconds=0,
        total_seconds=(interval,) * 5,
        stage_seconds={stage: (seconds,) * 5 for stage, seconds in stages.items()},
        overlapped=overlapped,
        cpu_seconds=cpu,
    )


def test_the_cores_bound_what_uses_them() -> None:
    found = limit(timing(0.010, 0.018, decode=0.002, infer=0.016), cores=2)

    assert found is not None
    assert found.limited_by == "cores"
    assert found.bound_fps == pytest.approx(2 / 0.018)
    assert found.share == pytest.approx(0.9)


def test_a_stage_that_one_thread_does_bounds_where_it_is_slower() -> None:
    found = limit(timing(0.010, 0.010, decode=0.009, infer=0.001), cores=4)

    assert found is not None
    assert found.limited_by == "decode"
    assert found.without("decode", cores=4) == pytest.approx(4 / 0.001)
    assert found.bound_fps == pytest.approx(1 / 0.009)
    assert found.share == pytest.approx(0.9)


def test_each_stage_is_busy_for_its_share_of_the_time() -> None:
    found = limit(timing(0.010, 0.018, decode=0.002, infer=0.016), cores=2)

    assert found is not None
    assert found.busy == pytest.approx({"decode": 0.2, "infer": 1.6})


def test_one_after_the_other_only_the_cores_bound() -> None:
    found = limit(timing(0.010, 0.010, overlapped=False, decode=0.006, infer=0.004), cores=2)

    assert found is not None
    assert (found.serial_fps, found.limited_by) == (None, "cores")
    assert found.share == pytest.approx(0.5)


@pytest.mark.parametrize("cpu", [None, 0.0])
def test_without_processor_time_nothing_is_said(cpu: float | None) -> None:
    assert limit(timing(0.010, cpu), cores=2) is None
