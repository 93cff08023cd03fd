"""Settings: one way of running a detector, in four small frozen groups. Nothing else is a knob."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, final, get_args
from urllib.parse import quote, unquote

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    field_serializer,
    model_serializer,
    model_validator,
)

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.errors import SettingsError, encodable
from workbench.hardware import usable_cores

ResizePlace = Literal["graph", "opencv", "pillow"]
ResizeFilter = Literal["linear", "area", "triangle"]
Precision = Literal["float32", "float16", "bfloat16", "dynamic-int8", "weight-int8", "weight-int4", "int8", "int16x8"]
CalibrationRange = Literal["minmax", "percentile", "mse"]
Layout = Literal["stored", "nhwc"]
Hint = Literal["latency", "throughput"]
Delegate = Literal["xnnpack", "xnnpack-latest", "none"]
FeedMode = Literal["loop", "tfdata", "threads"]
FeedCache = Literal["none", "memory", "file"]

RESIZE_PLACES: tuple[str, ...] = get_args(ResizePlace)
FILTERS: tuple[ResizeFilter, ...] = get_args(ResizeFilter)
RESIZE_FILTERS: Mapping[str, tuple[ResizeFilter, ...]] = {  # what each has, its usual one first: what ran before there was a choice
    "graph": ("linear", "area", "triangle"),
    "opencv": ("linear", "area"),
    "pillow": ("triangle", "area"),
}
PRECISIONS: tuple[str, ...] = get_args(Precision)
CALIBRATION_RANGES: tuple[CalibrationRange, ...] = get_args(CalibrationRange)
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
HINTS: tuple[Hint, ...] = get_args(Hint)
DELEGATES: tuple[Delegate, ...] = get_args(Delegate)
FEED_MODES: tuple[str, ...] = get_args(FeedMode)
FEED_CACHES: tuple[str, ...] = get_args(FeedCache)
MOST_THREADS = 1024  # more than any machine that this runs on has cores
CALIBRATION_FRAMES = 32  # chosen by content, so that more of them show little that is new; each costs a run of the float network
MOST_CALIBRATION_FRAMES = 100  # so many are looked at, at equal distances in the media
USUAL_RANGE: CalibrationRange = "mse"


def parse_size(value: object) -> object:
    """Read `320` as 320x320 and `288x512` as height 288, width 512; anything else passes through.

    >>> parse_size("288x512")
    (288, 512)
    >>> parse_size(320)
    (320, 320)
    """
    if isinstance(value, str):
        parts = value.lower().split("x")
        if not all(part.strip().isdigit() for part in parts) or len(parts) > 2:
            raise ValueError("write a size as 320 or as HEIGHTxWIDTH, such as 288x512")
        value = tuple(int(part) for part in parts)
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, tuple | list) and len(value) == 1:
        return (value[0], value[0])
    return value


def _parse_cache(value: object) -> object:
    """Read yes and no, which earlier records hold, as `memory` and `none`."""
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    return {True: "memory", False: "none"}[value] if isinstance(value, bool) else value


FUNCTION = "function"  # in the place of an engine: a function of the user's was measured, which does as it likes

SCORE = 0.30  # that a candidate has to exceed, where nobody says otherwise
_PART_OF_GRAMMAR = re.compile(r"[,;=%\x00-\x1f]|^\s|\s$")  # in a name of a class or a tensor


@final
class ClassScores(float):
    """A score threshold for each class. As a number it is the least of them: what scores no more stays in no class.

    Attributes:
        others: Of the classes that are not named.
        by_name: Of those that are, by label; the labels in order.

    >>> scores = parse_scores("dent=0.2;scratch=0.5;0.3")
    >>> str(scores), float(scores), scores.thresholds(("scratch", "stain"))
    ('0.3;dent=0.2;scratch=0.5', 0.2, (0.5, 0.3, 0.3))
    """

    others: float
    by_name: Mapping[str, float]

    def __new__(cls, others: float, by_name: Mapping[str, float]) -> Self:
        self = super().__new__(cls, min(others, *by_name.values()))
        self.others, self.by_name = others, dict(sorted(by_name.items()))
        return self

    def thresholds(self, labels: Sequence[str]) -> tuple[float, ...]:
        """Return the threshold of each label, and behind them that of a class without one."""
        return (*(self.by_name.get(label, self.others) for label in labels), self.others)

    def changed(self, name: str | None, score: float) -> float:
        """Return these with the score of a class changed, or without a name that of the others; one number where all are alike."""
        if name is None:
            return class_scores(score, self.by_name)
        return class_scores(self.others, {**self.by_name, name: score})

    def __str__(self) -> str:
        named = (f"{_quoted(name)}={score!r}" for name, score in self.by_name.items())
        return ";".join((repr(self.others), *named))

    def __format__(self, _: str) -> str:
        return str(self)

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassScores) and str(self) == str(other)

    def __ne__(self, other: object) -> bool:  # that of numbers would be inherited
        return not self == other

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[type[Self], tuple[float, Mapping[str, float]]]:
        return type(self), (self.others, self.by_name)


def _quoted(name: str) -> str:
    return _PART_OF_GRAMMAR.sub(lambda one: quote(one.group(), safe=""), name)


def parse_scores(text: str) -> float:
    """Read `0.3;dent=0.2`: 0.2 for the class of that label, 0.3 for all others; without it they have `SCORE`.

    What the grammar takes for itself, such as `;`, is written in a label as in web addresses: `%3B`.
    """
    others, by_name = SCORE, dict[str, float]()
    for part in text.split(";"):
        name, equals, number = part.rpartition("=")
        try:
            score = float(number)
        except ValueError:
            score = math.nan
        if not 0 <= score <= 1 or (equals and not name.strip()):
            raise ValueError("write a score of 0 to 1, or one for each class after that of all others, such as 0.3;dent=0.2")
        if equals:
            by_name[encodable(unquote(name.strip()))] = score
        else:
            others = score
    return class_scores(others, by_name)


def class_scores(others: float, by_name: Mapping[str, float]) -> float:
    """Return thresholds of classes by label; one number where none differs from that of the others."""
    differing = {name: score for name, score in by_name.items() if score != others}
    return ClassScores(others, differing) if differing else others


def _score(value: object, number: Callable[[object], float]) -> float:
    text = str(value) if isinstance(value, ClassScores) else value
    return parse_scores(text) if isinstance(text, str) and "=" in text else number(text)


def _written_score(score: float) -> float | str:
    return str(score) if isinstance(score, ClassScores) else score


def parse_float_ops(value: object) -> object:
    """Read `stem*;head/scores` as patterns, each once and in order; `;` and the like are written in one as in `parse_scores`.

    >>> parse_float_ops("stem*; a%3Bb;stem*")
    ('a;b', 'stem*')
    """
    parts = [unquote(part.strip()) for part in value.split(";")] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return value
    return tuple(sorted({encodable(part) for part in parts if part}))


def _written_float_ops(patterns: tuple[str, ...]) -> str:
    return ";".join(map(_quoted, patterns))


def _in_table(table: Mapping[str, object]) -> AfterValidator:
    """Accept the names of a table; others too in a saved record, which another version may have written."""

    def check(name: str, info: ValidationInfo) -> str:
        context = info.context or {}
        if name in table or context.get("saved") or name in context.get("held", ()):
            return encodable(name)
        raise ValueError(f"choose one of {', '.join(table)}")

    return AfterValidator(check)


EngineName = Annotated[str, _in_table(ENGINES)]
NmsMethod = Annotated[str, _in_table(NMS_METHODS)]
Side = Annotated[int, Field(ge=1, le=8192)]
Score = Annotated[float, Field(ge=0.0, le=1.0), WrapValidator(_score), PlainSerializer(_written_score, return_type=float | str)]
FloatOps = Annotated[tuple[str, ...], BeforeValidator(parse_float_ops), PlainSerializer(_written_float_ops, return_type=str)]
SizeHW = Annotated[tuple[Side, Side], BeforeValidator(parse_size), PlainSerializer(list, return_type=list[int])]


def _unnamed(usual: object) -> AfterValidator:
    """Have one value for one way: the usual one is `None`, so that equal settings are equal."""
    return AfterValidator(lambda value: None if value == usual else value)


def _usual_filter(resize: object) -> ResizeFilter | None:
    return RESIZE_FILTERS[resize][0] if isinstance(resize, str) and resize in RESIZE_FILTERS else None


class Group(BaseModel):
    """A frozen group of settings that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Input(Group):
    """How a frame becomes the network's input."""

    size_hw: SizeHW | None = None
    """Height and width in pixels; `None` is the detector's own size."""
    resize: ResizePlace = "opencv"
    filter: ResizeFilter | None = None
    """How pixels are averaged; `None` is the resizer's usual way, and naming that is the same. JSON holds its name."""

    @model_validator(mode="before")
    @classmethod
    def _usual_is_none(cls, values: Any) -> Any:
        """Have one value for one way: it stays the usual one when the resizer changes, and equal settings are equal."""
        if isinstance(values, Mapping) and values.get("filter") == _usual_filter(values.get("resize", "opencv")):
            return {**values, "filter": None}
        return values

    @field_serializer("filter", when_used="json")
    def _named(self, _: ResizeFilter | None) -> ResizeFilter:
        return self.effective_filter

    @property
    def effective_filter(self) -> ResizeFilter:
        """The filter that runs."""
        return self.filter or RESIZE_FILTERS[self.resize][0]


class Runtime(Group):
    """What executes the network."""

    engine: EngineName = "graph"
    precision: Precision = "float32"
    threads: int = Field(default_factory=usable_cores, ge=1, le=MOST_THREADS)
    batch: int = Field(1, ge=1, le=256)
    device: str = Field("cpu", pattern=r"^(cpu|gpu:\d+)$")
    float_ops: FloatOps = ()
    """Patterns of operators that stay in float where the rest becomes integers, by the names of what they give."""
    calibration_frames: Annotated[int | None, Field(ge=1, le=MOST_CALIBRATION_FRAMES), _unnamed(CALIBRATION_FRAMES)] = None
    """How many frames ranges of integers are taken from; `None` is the usual number, and naming that is the same."""
    calibration_range: Annotated[CalibrationRange | None, _unnamed(USUAL_RANGE)] = None
    """How; `None` is the usual way, and naming that is the same."""
    layout: Layout = "stored"
    """Whether a `.tflite` file runs as it is, or without the transposes of a network that was exported channels first."""
    hint: Hint = "latency"
    """What OpenVINO is asked for: each frame soon, or many frames in a second."""
    streams: int = Field(0, ge=0, le=MOST_THREADS)
    """Frames that OpenVINO runs at once, which share its threads; 0: one for each worker, or in a loop as many as `hint` says."""
    delegate: Delegate = "xnnpack"
    """Whose kernels LiteRT runs: XNNPACK's, those with all that is new in it, or LiteRT's own alone."""

    @property
    def stored_precision(self) -> Precision:
        """In which a `.tflite` file holds what is computed in `precision`."""
        return "float32" if self.precision == "bfloat16" else self.precision

    @property
    def effective_frames(self) -> int:
        """The number of frames that ranges are taken from."""
        return self.calibration_frames or CALIBRATION_FRAMES

    @property
    def effective_range(self) -> CalibrationRange:
        """The way that ranges are taken."""
        return self.calibration_range or USUAL_RANGE


class Nms(Group):
    """How overlapping candidates become detections."""

    method: NmsMethod = "tensorflow"
    score: Score = SCORE
    """Only candidates that score more go into NMS; accuracy is computed with it too. One number, or `ClassScores`."""
    iou: float = Field(0.5, ge=0.0, le=1.0)
    max_detections: int = Field(100, ge=1, le=10_000)
    per_class: bool = True
    top_k: int = Field(1000, ge=1, le=1_000_000)
    """Candidates kept before NMS, best first."""


class Feed(Group):
    """How frames reach the network."""

    mode: FeedMode = "loop"
    workers: int = Field(1, ge=0, le=256)
    """Threads that work, or tf.data's parallel calls; with 0, tf.data chooses both them and the prefetch (AUTOTUNE)."""
    prefetch: int = Field(2, ge=0, le=1024)
    """Batches that may wait."""
    cache: Annotated[FeedCache, BeforeValidator(_parse_cache)] = "none"
    """Where tf.data keeps decoded and prepared frames for the next pass."""
    ordered: bool = True
    """Whether tf.data gives frames in their order, or as they are ready."""


class Settings(Group):
    """One way of running a detector."""

    input: Input = Input()
    runtime: Runtime = Field(default_factory=Runtime)
    nms: Nms = Nms()
    feed: Feed = Feed()

    @classmethod
    def of_function(cls) -> Self:
        """Return what stands in the place of settings where a function of the user's was measured: none of them is known of it."""
        return cls.from_tree({"runtime": {"engine": FUNCTION}, "nms": {"score": 0.0}}, held=(FUNCTION,))

    @model_serializer(mode="wrap")
    def _known(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write of a function no more than is known, and that all that it returns counts."""
        return {"runtime": {"engine": FUNCTION}, "nms": {"score": 0.0}} if self.are_a_function else write(self)

    @property
    def are_a_function(self) -> bool:
        """Whether they stand for a function of the user's."""
        return self.runtime.engine == FUNCTION

    def with_values(self, values: Mapping[str, object]) -> Self:
        """Return new settings with some `group.field` names set.

        Args:
            values: `{"runtime.engine": "xla", ...}`; text is converted to the field's type.

        Raises:
            SettingsError: A name that does not exist, or a value that cannot be; says the choices.
        """
        tree: dict[str, Any] = self.model_dump()
        for name, value in values.items():
            group, _, field = name.partition(".")
            if group not in tree or field not in tree[group]:
                raise SettingsError(f"there is no setting {name!r}; choose one of {', '.join(setting_names())}")
            tree[group][field] = value
        return self.from_tree(tree, held=(self.runtime.engine, self.nms.method))

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], held: Sequence[str] = ()) -> Self:
        """Build settings from nested mappings, with one readable line where that fails.

        Args:
            tree: Values by group and field.
            held: Names of engines and methods that pass though the tables lack them: what saved settings hold stays there.
        """
        try:
            return cls.model_validate(tree, context={"held": held})
        except ValidationError as error:
            raise SettingsError(_one_line(error)) from None

    def key_json(self) -> str:
        """Return JSON that keys in files are made of: without what came later and is as usual, as they were before."""
        usual = [name.split(".") for name, value in self.flat().items() if name in LATER and value == LATER[name]]
        return self.model_dump_json(exclude={group: {name for one, name in usual if one == group} for group, _ in usual})

    def flat(self) -> dict[str, object]:
        """Return every setting by its `group.field` name; of a function only that it is one is known, the others are `None`."""
        if self.are_a_function:
            return dict.fromkeys(setting_names()) | {"runtime.engine": FUNCTION}
        return {f"{group}.{field}": value for group, fields in self.model_dump().items() for field, value in fields.items()}


LATER: Mapping[str, object] = {  # settings that keys in files and commands know since later versions, with their usual values
    "input.filter": None,
    "runtime.float_ops": "",
    "runtime.calibration_frames": None,
    "runtime.calibration_range": None,
    "runtime.layout": "stored",
    "runtime.hint": "latency",
    "runtime.streams": 0,
    "runtime.delegate": "xnnpack",
}


def setting_names() -> tuple[str, ...]:
    """Return all `group.field` names, in order."""
    return tuple(
        f"{group}.{field}"
        for group, kind in (("input", Input), ("runtime", Runtime), ("nms", Nms), ("feed", Feed))
        for field in kind.model_fields
    )


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][:2])
    return f"{name} is {first['input']!r}: {first['msg'].removeprefix('Value error, ')}"


PRESETS: dict[str, dict[str, object]] = {
    # What people start from: full frames through Pillow, model.predict, NMS as a hand-written loop.
    "naive": {"input.resize": "pillow", "runtime.engine": "keras", "nms.method": "python"},
    "graph": {"input.resize": "graph", "runtime.engine": "graph", "nms.method": "tensorflow"},
    "xla": {"input.resize": "graph", "runtime.engine": "xla", "nms.method": "padded"},
    "litert": {"input.resize": "opencv", "runtime.engine": "litert", "nms.method": "opencv"},
    "litert-int8": {
        "input.resize": "opencv",
        "runtime.engine": "litert",
        "runtime.precision": "int8",
        "nms.method": "opencv",
    },
}
FAST = "fast"  # the best setting known on this machine; without history it is the first of these that a detector can take
FAST_GUESSES = ("litert-int8", "litert", "xla", "graph")
PRESET_NAMES = (*PRESETS, FAST)


def parse_assignment(text: str) -> tuple[str, str]:
    """Split `group.field=value`.

    Raises:
        SettingsError: There is no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} is not of the form group.field=value, such as nms.score=0.4")
    return name.strip(), value.strip()


def parse_variant(text: str, fast: Mapping[str, object] | None = None, base: Settings | None = None) -> Settings:
    """Read `PRESET`, `group.field=value,…`, or a preset followed by changes to it.

    Args:
        text: For example `litert,runtime.precision=float16`.
        fast: What the preset `fast` means on this machine, by `group.field`; `None` takes the first of `FAST_GUESSES`.
        base: What an unnamed preset starts from.

    >>> parse_variant("xla,nms.score=0.4").nms.score
    0.4
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    values: dict[str, object] = {}
    for position, part in enumerate(parts):
        if position == 0 and "=" not in part:
            values |= preset_values(part, fast)
        else:
            name, value = parse_assignment(part)
            values[name] = value
    return (base or Settings()).with_values(values)


def preset_values(name: str, fast: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return a preset's `group.field` values.

    Raises:
        SettingsError: There is no such preset; says which there are.
    """
    if name == FAST:
        return dict(fast) if fast is not None else dict(PRESETS[FAST_GUESSES[0]])
    if name not in PRESETS:
        raise SettingsError(f"there is no preset {name!r}; choose one of {', '.join(PRESET_NAMES)}")
    return dict(PRESETS[name])


def describe_changes(before: Settings, after: Settings) -> tuple[str, ...]:
    """List what differs, as `group.field: old -> new`, in the order of the settings; of a function only that it is one."""
    old, new = before.flat(), after.flat()
    if before.are_a_function or after.are_a_function:
        old = {"runtime.engine": before.runtime.engine}
    was, becomes = _named(before), _named(after)
    return tuple(
        f"{name}: {_text(was[name]) or 'none'} -> {_text(becomes[name]) or 'none'}" for name in old if old[name] != new[name]
    )


def assignments(settings: Settings, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Write settings as `group.field=value` words that `parse_variant` reads back.

    Args:
        settings: Which.
        names: Of what is written; by default all but what is as usual of `LATER`: so the filter stays the resizer's usual one
            where other words behind these change the resizer.
    """
    named = _named(settings)
    if names is None:
        names = [
            name for name, value in settings.flat().items() if value is not None and (name not in LATER or value != LATER[name])
        ]
    return tuple(f"{name}={_text(named[name])}" for name in names if named[name] is not None)


def _named(settings: Settings) -> dict[str, object]:
    """Return settings as `flat` does, with the names of what is as usual."""
    if settings.are_a_function:
        return settings.flat()
    runtime = settings.runtime
    return settings.flat() | {
        "input.filter": settings.input.effective_filter,
        "runtime.calibration_frames": runtime.effective_frames,
        "runtime.calibration_range": runtime.effective_range,
    }


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "x".join(str(side) for side in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
