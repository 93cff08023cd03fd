"""What costs time in a network beside its arithmetic, and what to do about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.engines import PREPROCESS
from workbench.errors import one_line
from workbench.quantising import DYNAMIC, INT4, SHAPE, Flatbuffer, file_facts
from workbench.record import Lint, OperatorRow
from workbench.settings import Settings
from workbench.wording import counted, format_number, listed

LEAST_SHARE = 0.01  # of the operators' time: to change what takes less brings nothing that shows
NAMED = 3  # operators of a lint, the slowest
LONGEST_NAME = 40
TRANSPOSES = frozenset(
    {"TRANSPOSE", "Transpose", "Reorder", "ReorderInput", "ReorderOutput", "transpose", "copy", "copy_bitcast_fusion"}
)
CHANGES_OF_TYPE = frozenset(
    {
        *("QUANTIZE", "DEQUANTIZE", "CAST"),  # in a file
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),  # ONNX Runtime's
        *("FakeQuantize", "Convert", "Cast", "convert"),  # OpenVINO's, TensorFlow's and XLA's
    }
)
RESIZES = frozenset(
    {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "Resize", "Upsample", "Interpolate", "ResizeBilinear", "ResizeNearestNeighbor"}
)
NORMALISATION = "/batchnorm/"  # in the names that TensorFlow gives to what normalises a batch
NORMALISATIONS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
GROUPED, ALONE = "grouped convolution", frozenset({"convolution", "dot"})  # types of XLA's
SLOW = 0.1  # of the rate of other convolutions: depthwise ones are bound by memory, and half as fast or a quarter nearly everywhere
MANY_TRANSPOSES = 2  # between channels first and last: there is one where pictures come with channels first
OPEN = "a shape that is known only while they run"
INSTEAD = {  # by the reason for a reference kernel
    OPEN: "export the model for one input size and batch",
    INT4: "choose runtime.precision=weight-int8 or int8: XNNPACK has kernels for those",
    DYNAMIC: "choose runtime.precision=dynamic-int8 or int8, or another runtime.engine",
    SHAPE: "try runtime.layout=nhwc, which takes some of them out, or another runtime.engine",
}
CHANGES = {INT4: {"runtime.precision": "weight-int8"}, DYNAMIC: {"runtime.precision": "dynamic-int8"}}
OTHERWISE = "try another runtime.precision or runtime.engine, or export the model without them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What lints look at.

    Attributes:
        rows: The operators, as they ran.
        settings: How they ran.
        file: What they were made of, where that is a `.tflite` file.
    """

    rows: Sequence[OperatorRow]
    settings: Settings
    file: Flatbuffer | None = None

    def of_kinds(self, kinds: Iterable[str]) -> list[OperatorRow]:
        """Return the operators of some types."""
        return [row for row in self.rows if row.kind in kinds]


def lints(inside: Inside) -> tuple[Lint, ...]:
    """Return what costs time, the dearest first; what takes less than `LEAST_SHARE` is left out."""
    found = [*_reference_kernels(inside), *_transposes(inside), *_type_changes(inside), *_resizes(inside)]
    found += [*_normalisations(inside), *_grouped(inside)]
    least = LEAST_SHARE * sum(row.seconds or 0.0 for row in inside.rows)
    return tuple(sorted((one for one in found if one.seconds is None or one.seconds >= least), key=lambda one: -(one.seconds or 0)))


def _lint(key: str, rows: Sequence[OperatorRow], what: str, advice: str, change: Mapping[str, str] | None = None) -> Iterator[Lint]:
    if rows:
        untimed = any(row.seconds is None for row in rows)
        seconds = None if untimed else sum(row.seconds or 0.0 for row in rows)
        yield Lint(key=key, what=what, seconds=seconds, advice=advice, change=dict(change or {}))


def _reference_kernels(inside: Inside) -> Iterator[Lint]:
    open_names = _open_names(inside.file) if inside.file else set[str]()
    by_reason: dict[str, list[OperatorRow]] = {}
    for row in inside.rows:
        if row.reference:
            reason = OPEN if row.reference == SHAPE and row.name in open_names else row.reference
            by_reason.setdefault(reason, []).append(row)
    for reason, rows in by_reason.items():
        slowest = sorted(rows, key=lambda row: -(row.seconds or 0.0))
        names = listed([f"{row.kind} {one_line(row.name, LONGEST_NAME)}".strip() for row in slowest], most=NAMED)
        what = f"{counted(len(rows), 'operator')} on reference kernels for {reason}: {names}"
        yield from _lint("reference-kernels", rows, what, INSTEAD.get(reason, OTHERWISE), CHANGES.get(reason))


def _open_names(file: Flatbuffer) -> set[str]:
    given = (index for operator in file.graph.operators for index in operator.outputs)
    return {file.name(index) for index in given if -1 in file.open_shape(index)}


def _transposes(inside: Inside) -> Iterator[Lint]:
    rows = inside.of_kinds(TRANSPOSES)
    between = file_facts(inside.file).layout_transposes if inside.file else 0
    many = min(len(rows), between) >= MANY_TRANSPOSES and inside.settings.runtime.layout == "stored"
    advice = "try runtime.layout=nhwc, which takes out those between channels first and last that it can"
    otherwise = "export the model with channels last, or try another runtime.engine: each keeps tensors in an order of its own"
    what = f"{counted(len(rows), 'transpose')} and changes of layout"
    yield from _lint("transposes", rows, what, advice if many else otherwise, {"runtime.layout": "nhwc"} if many else None)


def _type_changes(inside: Inside) -> Iterator[Lint]:
    rows, islands = inside.of_kinds(CHANGES_OF_TYPE), len(file_facts(inside.file).islands) if inside.file else 0
    around = f", around {counted(islands, 'group')} of operators in floats between integers" if islands else ""
    advice = (
        "keep neighbours in one precision: whole blocks in float cost less than single operators, `workbench quantise --repair`"
    )
    yield from _lint("type-changes", rows, f"{counted(len(rows), 'change')} of type{around}", advice)


def _resizes(inside: Inside) -> Iterator[Lint]:
    rows = [row for row in inside.of_kinds(RESIZES) if not row.name.startswith(f"{PREPROCESS}/")]
    bilinear = "where the model can be trained anew, a resize to the nearest pixel by 2 costs less than a bilinear one"
    yield from _lint("inner-resizes", rows, f"{counted(len(rows), 'resize')} inside the network", bilinear)


def _normalisations(inside: Inside) -> Iterator[Lint]:
    if inside.file is not None:  # whose converter has folded them: its names say what became one operator
        return
    rows = [row for row in inside.rows if (NORMALISATION in row.name or row.kind in NORMALISATIONS) and not row.macs]
    rows = [row for row in rows if not row.kind.endswith("_fusion")]  # XLA has put those together with their neighbours
    advice = "choose runtime.engine=litert: its converter folds them into the convolutions' weights"
    what = f"{counted(len(rows), 'operator')} of batch normalisation apart from their convolutions"
    resized = {"input.resize": "opencv"} if inside.settings.input.resize == "graph" else {}  # LiteRT takes no whole frames
    yield from _lint("normalisation", rows, what, advice, {"runtime.engine": "litert", **resized})


def _grouped(inside: Inside) -> Iterator[Lint]:
    rows, rate = inside.of_kinds([GROUPED]), _macs_per_second(inside.of_kinds(ALONE))
    own = _macs_per_second(rows)
    if own is not None and rate is not None and own < SLOW * rate:
        reached = f"reach {format_number(own / 1e9)} GMAC/s where other convolutions reach {format_number(rate / 1e9)}"
        what = f"{counted(len(rows), 'grouped convolution')} (depthwise ones are that), which {reached}"
        advice = "choose runtime.engine=graph or litert, which have kernels for them"
        yield from _lint("grouped-convolutions", rows, what, advice, {"runtime.engine": "graph"})


def _macs_per_second(rows: Sequence[OperatorRow]) -> float | None:
    seconds = sum(row.seconds or 0.0 for row in rows)
    return sum(row.macs for row in rows) / seconds if seconds else None
