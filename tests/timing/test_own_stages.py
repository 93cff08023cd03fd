"""Stages that a function marks in itself."""

from itertools import count
from threading import Thread

import pytest

from workbench.errors import SettingsError
from workbench.timing import Stopwatch, own_stages, stage


def ticking() -> Stopwatch:
    watch = Stopwatch(lambda: 0.0)
    watch.start()
    return watch


def seconds(watch: Stopwatch) -> dict[str, float]:
    spent: dict[str, float] = {}
    for span in watch.taken():
        spent[span.stage] = spent.get(span.stage, 0.0) + span.ended_seconds - span.began_seconds
    return spent


def test_each_stage_gets_its_own_time_and_what_lies_between_goes_to_none() -> None:
    watch, ticks = ticking(), count()
    with own_stages(watch, lambda: float(next(ticks))) as stages:
        with stage("infer"):
            next(ticks)
        with stage("nms"):
            pass

    assert stages.marked
    assert seconds(watch) == {"infer": 2.0, "nms": 1.0}


def test_a_stage_within_another_is_counted_once() -> None:
    watch, ticks = ticking(), count()
    with own_stages(watch, lambda: float(next(ticks))), stage("outer"), stage("inner"):
        next(ticks)

    assert seconds(watch) == {"outer": 2.0, "inner": 2.0}


def test_a_stage_ends_where_its_part_raises() -> None:
    watch, ticks = ticking(), count()
    with own_stages(watch, lambda: float(next(ticks))):
        with pytest.raises(ZeroDivisionError), stage("infer"):
            raise ZeroDivisionError
        with stage("nms"):
            pass

    assert seconds(watch) == {"infer": 1.0, "nms": 1.0}


def test_outside_a_measurement_and_in_threads_of_its_own_it_does_nothing() -> None:
    watch = ticking()
    with stage("nms"), own_stages(watch, lambda: 0.0) as stages:
        thread = Thread(target=lambda: stage("infer").__enter__())
        thread.start()
        thread.join()

    assert not stages.marked
    assert watch.taken() == ()


@pytest.mark.parametrize("name", ["", "unexplained"])
def test_a_stage_has_a_name_of_its_own(name: str) -> None:
    with own_stages(ticking(), lambda: 0.0), pytest.raises(SettingsError, match="choose a name such as nms"):
        stage(name)
