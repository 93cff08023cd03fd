"""What TensorFlow's profiler writes of a run: which operator ran when, on several threads, and the program that XLA compiled."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from workbench.errors import UnavailableError

PICOSECOND = 1e-12
PROGRAMS = "/host:metadata"  # the plane that holds what XLA compiled
HOST = "/host:CPU"
KERNEL, EAGER = "EagerKernelExecute", "EagerLocalExecute: "  # a program's execution, and behind the second whose it is
END = "end: "  # of an operator of XLA's, which may end on another thread than it began

Key = tuple[str, str]


class Ran(NamedTuple):
    """An operator while it ran.

    Attributes:
        key: Its name; and the module that it is of under XLA, or its number where Python called it.
        kind: Its type in a graph; empty under XLA, whose program says it.
        begin: Picoseconds.
        end: Picoseconds.
    """

    key: Key
    kind: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A run.

    Attributes:
        operators: Of graphs and of XLA's programs.
        eager: What Python called, programs and single operators, each by its name or type and a number.
        programs: XLA's modules, as it serialises them.
    """

    operators: tuple[Ran, ...]
    eager: tuple[Ran, ...]
    programs: tuple[bytes, ...]

    @property
    def inside_seconds(self) -> float:
        """What Python's calls take, inside TensorFlow's kernels."""
        return PICOSECOND * sum(one.end - one.begin for one in self.eager)


def read_trace(content: bytes) -> Trace:
    """Read an `xplane.pb`.

    Raises:
        UnavailableError: This TensorFlow cannot read what it writes.
    """
    try:
        from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace
    except ImportError:
        raise UnavailableError("this TensorFlow cannot read its own traces; install the version that the package names") from None
    space = XSpace.FromString(content)
    planes = {plane.name: plane for plane in space.planes}
    programs = planes[PROGRAMS].event_metadata.values() if PROGRAMS in planes else ()
    operators, eager = list[Ran](), list[Ran]()
    for plane in (planes[HOST],) if HOST in planes else ():
        operators += _operators(plane)
        eager += (one for line in plane.lines for one in _eager(plane, line))
    return Trace(tuple(operators), tuple(eager), tuple(stat.bytes_value for one in programs for stat in one.stats))


def _operators(plane: Any) -> Iterator[Ran]:
    names = {number: stat.name for number, stat in plane.stat_metadata.items()}
    begun, ends = dict[Any, Ran](), dict[Any, int]()
    for line in plane.lines:
        for event in line.events:
            about = plane.event_metadata[event.metadata_id]
            begin = line.timestamp_ns * 1000 + event.offset_ps
            kind = about.display_name
            if kind and about.name.endswith(f":{kind}"):
                yield Ran((about.name.removesuffix(f":{kind}"), ""), kind, begin, begin + event.duration_ps)
                continue
            if not event.stats:
                continue
            stats = {names[stat.metadata_id]: _value(stat, names) for stat in event.stats}
            if "hlo_op" in stats:
                key = str(stats["hlo_op"]), str(stats.get("hlo_module", ""))
                begun[stats.get("_p", (line.id, begin))] = Ran(key, "", begin, begin + event.duration_ps)
            elif about.name.startswith(END):
                ends[stats.get("_c")] = begin
    yield from (one._replace(end=max(one.end, ends.get(number, one.end))) for number, one in begun.items())


def _eager(plane: Any, line: Any) -> Iterator[Ran]:
    called, number = "", 0
    for event in line.events:
        name = plane.event_metadata[event.metadata_id].name
        if name.startswith(EAGER):
            called, number = name.removeprefix(EAGER), number + 1  # of those alone: what else is told differs from run to run
        elif name == KERNEL:
            begin = line.timestamp_ns * 1000 + event.offset_ps
            yield Ran((called, str(number)), called, begin, begin + event.duration_ps)


def _value(stat: Any, names: Mapping[int, str]) -> object:
    kind = stat.WhichOneof("value")
    value = getattr(stat, kind)
    return names.get(value, value) if kind == "ref_value" else value


def shared_seconds(ran: Iterable[Ran], holders: Collection[Key] = ()) -> dict[Key, float]:
    """Return what each operator took of a run, in the order of their first beginnings.

    Where several run at once, each has its share of that time, so that the sum is the time in which any of them ran: the sum of
    their own durations would be more than the run takes.

    Args:
        ran: When they ran.
        holders: Those that run others, as a loop does: they have the time in which none of these ran.

    >>> found = shared_seconds([Ran(("a", ""), "", 0, 4 * 10**12), Ran(("b", ""), "", 2 * 10**12, 6 * 10**12)])
    >>> list(found.values())
    [3.0, 3.0]
    """
    each = sorted(ran, key=lambda one: one.begin)
    found = {one.key: 0.0 for one in each}
    changes = sorted((when, number, begins) for number, one in enumerate(each) for when, begins in ((one.begin, 1), (one.end, 0)))
    active, before = dict[int, Key](), 0
    for when, number, begins in changes:
        if when > before and active:
            sharing = [key for key in active.values() if key not in holders] or list(active.values())
            for key in sharing:
                found[key] += (when - before) / len(sharing)
        before = when
        if begins:
            active[number] = each[number].key
        else:
            active.pop(number, None)
    return {key: PICOSECOND * taken for key, taken in found.items()}
