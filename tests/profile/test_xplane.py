"""What TensorFlow's traces say, and how operators that run at once share time."""

from typing import Any

import pytest
from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

from workbench.profile.xplane import PICOSECOND, Ran, read_trace, shared_seconds


class Plane:
    """The host's plane of a trace, in the making; times are picoseconds."""

    def __init__(self) -> None:
        self.space = XSpace()
        self._plane = self.space.planes.add(name="/host:CPU")
        self._numbers = dict[str, int]()

    def event(self, line: int, name: str, begin: int, duration: int, kind: str = "", **stats: str) -> None:
        while len(self._plane.lines) <= line:
            self._plane.lines.add(id=len(self._plane.lines))
        about = self._plane.event_metadata[self._number(name)]
        about.name, about.display_name = name, kind
        event = self._plane.lines[line].events.add(metadata_id=self._number(name), offset_ps=begin, duration_ps=duration)
        for stat, value in stats.items():
            self._plane.stat_metadata[self._number(stat)].name = stat
            event.stats.add(metadata_id=self._number(stat), str_value=value)

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers) + 1)


def ran(name: str, begin: int, end: int) -> Ran:
    return Ran((name, ""), "", begin, end)


def shares(*each: Ran, holders: tuple[str, ...] = ()) -> dict[str, float]:
    found = shared_seconds(each, {(name, "") for name in holders})
    return {name: pytest.approx(taken / PICOSECOND) for (name, _), taken in found.items()}


def test_operators_that_run_at_once_share_the_time_and_add_up_to_it() -> None:
    assert shares(ran("a", 0, 10), ran("b", 4, 8), ran("c", 20, 21)) == {"a": 8.0, "b": 2.0, "c": 1.0}


def test_a_loop_has_what_its_own_operators_leave() -> None:
    assert shares(ran("while", 0, 10), ran("a", 2, 5), holders=("while",)) == {"while": 7.0, "a": 3.0}


def test_an_operator_that_runs_twice_has_both_times() -> None:
    assert shares(ran("a", 0, 3), ran("a", 5, 9)) == {"a": 7.0}


def test_what_takes_no_time_is_still_there() -> None:
    assert shares(ran("a", 5, 5)) == {"a": 0.0}


def read(plane: Plane) -> Any:
    return read_trace(plane.space.SerializeToString())


def test_operators_of_a_graph_have_name_and_type() -> None:
    plane = Plane()
    plane.event(0, "ExecutorState::Process", 0, 100)
    plane.event(1, "net/conv:Conv2D", 5, 20, kind="Conv2D")

    assert read(plane).operators == (Ran(("net/conv", ""), "Conv2D", 5, 25),)


def test_one_of_xla_s_ends_where_it_says_so_on_another_thread_too() -> None:
    plane = Plane()
    plane.event(0, "convolution.1", 10, 3, hlo_op="convolution.1", hlo_module="cluster", _p="7")
    plane.event(0, "add_fusion", 20, 4, hlo_op="add_fusion", hlo_module="cluster", _p="8")
    plane.event(1, "end: convolution.1", 90, 1, _c="7")

    assert read(plane).operators == (Ran(("convolution.1", "cluster"), "", 10, 90), Ran(("add_fusion", "cluster"), "", 20, 24))


def test_what_python_calls_is_told_by_its_type_and_what_it_takes_inside() -> None:
    plane = Plane()
    plane.event(0, "EagerLocalExecute: Mul", 0, 50)
    plane.event(0, "EagerKernelExecute", 10, 30)

    trace = read(plane)
    assert [(one.kind, one.begin, one.end) for one in trace.eager] == [("Mul", 10, 40)]
    assert trace.inside_seconds == pytest.approx(30 * PICOSECOND)


def test_a_trace_of_nothing_holds_nothing() -> None:
    assert read_trace(b"") == read(Plane())
