"""What a profile holds: a row for each operator, their groups, and what is left of the measured time."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pydantic import Field

from workbench.record.parts import parts_of
from workbench.timing import Value, derived


class Roof(Value):
    """What a machine reaches at best, on the threads of a setting."""

    macs_per_second: float = Field(gt=0)
    """Of a matrix product in float32."""
    bytes_per_second: float = Field(gt=0)
    """Of a copy within its caches, read and written."""
    int8_macs_per_second: float | None = Field(None, gt=0)
    """Of a matrix product in int8; `None` in profiles of before it was measured."""
    int8_by: str = ""
    """What multiplied there."""

    def products_per_second(self, *, integers: bool) -> float:
        """Return the products of one kind."""
        return (self.int8_macs_per_second if integers else None) or self.macs_per_second

    def least_seconds(self, macs: int, bytes_moved: int, *, integers: bool = False) -> float:
        """Return what work takes at least (Williams, Waterman and Patterson 2009, "Roofline").

        >>> Roof(macs_per_second=1e9, bytes_per_second=1e9).least_seconds(2_000_000, 1_000_000)
        0.002
        """
        return max(macs / self.products_per_second(integers=integers), bytes_moved / self.bytes_per_second)

    def is_arithmetic(self, macs: int, bytes_moved: int, *, integers: bool = False) -> bool:
        """Whether the products of some work take longer than its bytes do, both at best."""
        return macs / self.products_per_second(integers=integers) >= bytes_moved / self.bytes_per_second


class OperatorRow(Value):
    """An operator as a runtime ran it; names and types are a stranger's text.

    Several of the file's may have become one of a runtime's, and a runtime adds some of its own.
    """

    name: str
    """Of the tensor that it gives, or the runtime's for it; empty where it has none in the file."""
    kind: str
    """Its type, in the words of the file or of the runtime."""
    kernel: str = ""
    """What ran it, as the runtime calls that."""
    shape: tuple[int, ...] = ()
    """Of what it gives first."""
    macs: int = 0
    """Products that it adds up; 0 of an operator that adds none up."""
    integers: bool = False
    """Whether those are of 8 bits or fewer."""
    bytes_moved: int = 0
    """Of all that it takes and gives, each once: what it moves at least; 0 where that is not known."""
    reference: str | None = None
    """Why it runs on a reference kernel; `None` where it does not, or where that is not known."""
    seconds: float | None = None
    """For a batch; `None` where operators could not be timed."""


class Group(NamedTuple):
    """Operators of one type, or of one part of the network."""

    name: str
    rows: tuple[OperatorRow, ...]

    @property
    def seconds(self) -> float:
        return seconds_of(self.rows)


def seconds_of(rows: Iterable[OperatorRow]) -> float:
    """Add up operators' times."""
    return sum(row.seconds or 0.0 for row in rows)


class Lint(Value):
    """Something that costs time in a network, and what to do about it."""

    key: str
    """Which kind of thing it is."""
    what: str
    seconds: float | None
    """That its operators take; `None` where they could not be timed."""
    advice: str
    change: dict[str, str] = Field(default_factory=dict)
    """Settings that the advice comes to, by `group.field`; none where it is not about settings."""


class Profile(Value):
    """Where inside a network the time goes, under one setting."""

    detector: str
    setting: str
    """In the words of `--preset`."""
    runtime: str
    batch: int = Field(ge=1)
    operators: tuple[OperatorRow, ...]
    """In the order in which they ran."""
    infer_seconds: float = Field(gt=0)
    """For a batch, as every run measures it: without a profiler. The median of `runs`."""
    around_seconds: float
    """Of those, what goes to other things than operators."""
    around: str = "feeding and reading boxes"
    """Which things these are."""
    runs: int
    untimed: str | None = None
    """Why operators could not be timed."""
    roof: Roof
    """What this machine can do at best."""
    lints: tuple[Lint, ...] = ()

    @derived
    @property
    def operators_seconds(self) -> float | None:
        """The sum of the operators' times; `None` where they were not timed."""
        return None if self.untimed else seconds_of(self.operators)

    @derived
    @property
    def unexplained_seconds(self) -> float | None:
        """What neither operators nor feeding and reading explain: below 0 where the profiler itself takes more than is left."""
        found = self.operators_seconds
        return None if found is None else self.infer_seconds - self.around_seconds - found

    def share(self, seconds: float | None) -> float | None:
        """Return the share of the operators' time."""
        return seconds / self.operators_seconds if seconds is not None and self.operators_seconds else None

    def of_roof(self, rows: Iterable[OperatorRow]) -> float | None:
        """Return how near operators come to what the machine can do: the time that they take at least over the one they took."""
        each = tuple(rows)
        least = self.least_seconds(each)
        return least / seconds_of(each) if least and seconds_of(each) else None

    def least_seconds(self, rows: Iterable[OperatorRow]) -> float:
        """Return what operators take at least, one after the other."""
        return sum(self.roof.least_seconds(row.macs, row.bytes_moved, integers=row.integers) for row in rows)

    @property
    def slowest(self) -> tuple[OperatorRow, ...]:
        """The operators by their time, the slowest first; in their order where they were not timed."""
        return tuple(sorted(self.operators, key=lambda row: -(row.seconds or 0.0)))

    @property
    def by_kind(self) -> tuple[Group, ...]:
        """The operators of each type, the slowest type first."""
        return grouped(self.operators, lambda row: row.kind)

    @property
    def by_part(self) -> tuple[Group, ...]:
        """The operators of each part of the network, by the beginnings of their names."""
        parts = parts_of([(row.name, row.seconds or 0.0) for row in self.operators])
        return grouped(self.operators, lambda row: parts[row.name])


def grouped(rows: Iterable[OperatorRow], name_of: Callable[[OperatorRow], str]) -> tuple[Group, ...]:
    """Put operators of the same name together, the slowest group first."""
    groups = (Group(name, tuple(each)) for name, each in by_name(rows, name_of).items())
    return tuple(sorted(groups, key=lambda group: -group.seconds))


def by_name(rows: Iterable[OperatorRow], name_of: Callable[[OperatorRow], str]) -> dict[str, list[OperatorRow]]:
    """Put operators of the same name together, in their order."""
    found = dict[str, list[OperatorRow]]()
    for row in rows:
        found.setdefault(name_of(row), []).append(row)
    return found
