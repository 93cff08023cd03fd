"""What costs time in a network beside its arithmetic, and what to do about it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.errors import one_line
from workbench.profile.operators import Lint, OperatorRow
from workbench.quantising import DYNAMIC, INT4, SHAPE, FileFacts, Flatbuffer
from workbench.settings import Settings
from workbench.wording import counted, listed

LEAST_SHARE = 0.01  # of the operators' time: to change what takes less brings nothing that shows
NAMED = 3  # operators of a lint, the slowest
LONGEST_NAME = 40
TRANSPOSES = frozenset({"TRANSPOSE", "Transpose", "Reorder", "ReorderInput", "ReorderOutput"})
CHANGES_OF_TYPE = frozenset(
    {
        "QUANTIZE",
        "DEQUANTIZE",
        "CAST",
        "QuantizeLinear",
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "FakeQuantize",
        "Convert",
        "Cast",
    }
)
RESIZES = frozenset({"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "Resize", "Upsample", "Interpolate"})
MANY_TRANSPOSES = 2  # between channels first and last: there is one where pictures come with channels first
OPEN = "a shape that is known only while they run"
INSTEAD = {  # by the reason for a reference kernel
    OPEN: "export the model for one input size and batch",
    INT4: "choose runtime.precision=weight-int8 or int8: XNNPACK has kernels for those",
    DYNAMIC: "choose runtime.precision=dynamic-int8 or int8, or another runtime.engine",
    SHAPE: "try runtime.layout=nhwc, which takes some of them out, or another runtime.engine",
}
OTHERWISE = "try another runtime.precision or runtime.engine, or export the model without them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What lints look at.

    Attributes:
        rows: The operators, as they ran.
        file: What they were made of.
        facts: Of that file.
        settings: How they ran.
    """

    rows: Sequence[OperatorRow]
    file: Flatbuffer
    facts: FileFacts
    settings: Settings

    def of_kinds(self, kinds: Iterable[str]) -> list[OperatorRow]:
        """Return the operators of some types."""
        return [row for row in self.rows if row.kind in kinds]


def lints(inside: Inside) -> tuple[Lint, ...]:
    """Return what costs time, the dearest first; what takes less than `LEAST_SHARE` is left out."""
    found = [*_reference_kernels(inside), *_transposes(inside), *_type_changes(inside), *_resizes(inside)]
    least = LEAST_SHARE * sum(row.seconds or 0.0 for row in inside.rows)
    return tuple(sorted((one for one in found if one.seconds is None or one.seconds >= least), key=lambda one: -(one.seconds or 0)))


def _lint(rows: Sequence[OperatorRow], what: str, advice: str) -> Iterator[Lint]:
    if rows:
        untimed = any(row.seconds is None for row in rows)
        yield Lint(what=what, seconds=None if untimed else sum(row.seconds or 0.0 for row in rows), advice=advice)


def _reference_kernels(inside: Inside) -> Iterator[Lint]:
    graph = inside.file.graph
    given = (index for operator in graph.operators for index in operator.outputs)
    open_names = {inside.file.name(index) for index in given if -1 in inside.file.open_shape(index)}
    by_reason: dict[str, list[OperatorRow]] = {}
    for row in inside.rows:
        if row.reference:
            reason = OPEN if row.reference == SHAPE and row.name in open_names else row.reference
            by_reason.setdefault(reason, []).append(row)
    for reason, rows in by_reason.items():
        slowest = sorted(rows, key=lambda row: -(row.seconds or 0.0))
        names = listed([f"{row.kind} {one_line(row.name, LONGEST_NAME)}".strip() for row in slowest], most=NAMED)
        what = f"{counted(len(rows), 'operator')} on reference kernels for {reason}: {names}"
        yield from _lint(rows, what, INSTEAD.get(reason, OTHERWISE))


def _transposes(inside: Inside) -> Iterator[Lint]:
    rows = inside.of_kinds(TRANSPOSES)
    many = min(len(rows), inside.facts.layout_transposes) >= MANY_TRANSPOSES and inside.settings.runtime.layout == "stored"
    advice = "try runtime.layout=nhwc, which takes out those between channels first and last that it can"
    otherwise = "export the model with channels last, or try another runtime.engine: each keeps tensors in an order of its own"
    yield from _lint(rows, f"{counted(len(rows), 'transpose')} and changes of layout", advice if many else otherwise)


def _type_changes(inside: Inside) -> Iterator[Lint]:
    rows, islands = inside.of_kinds(CHANGES_OF_TYPE), len(inside.facts.islands)
    around = f", around {counted(islands, 'group')} of operators in floats between integers" if islands else ""
    advice = (
        "keep neighbours in one precision: whole blocks in float cost less than single operators, `workbench quantise --repair`"
    )
    yield from _lint(rows, f"{counted(len(rows), 'change')} of type{around}", advice)


def _resizes(inside: Inside) -> Iterator[Lint]:
    rows = inside.of_kinds(RESIZES)
    bilinear = "where the model can be trained anew, a resize to the nearest pixel by 2 costs less than a bilinear one"
    yield from _lint(rows, f"{counted(len(rows), 'resize')} inside the network", bilinear)
