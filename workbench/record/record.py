"""The record: what one run produced. The only thing that reports, charts, tables and history know.

Values here cross a file, so they are pydantic models: frozen, versioned, and readable where TensorFlow is not
installed. Times are raw seconds in the order in which they were taken; every statistic is derived from them.
"""

import json
import traceback
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import uuid4

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from workbench.detections import Accuracy, Agreement, Detections
from workbench.errors import MachinesDifferError, RecordError, WorkbenchError, one_line
from workbench.machine import EnvironmentFacts, NoiseCertificate
from workbench.record import tables
from workbench.record.media_facts import MediaFacts
from workbench.record.quantising import Quantising
from workbench.record.waterfall import Waterfall
from workbench.settings import Settings
from workbench.timing import Comparison, RealTime, StageSpan, Timing, Value

SCHEMA: Literal[1] = 1
Line = Annotated[str, AfterValidator(one_line)]
"""What people read as one line, whatever a stranger's file or program put into it."""


OPEN: Literal["open"] = "open"
SETTLED_BY = "; a card settles it: "


class Guess(Value):
    """What nobody has confirmed of how a model is read."""

    about: str
    """Such as `pixel values`."""
    taken: str
    certainty: Literal["sure", "usual", "open"]
    """`sure`: the evidence settles it; `usual`: nothing in a model or in frames tells; `open`: the evidence leaves others."""
    why: str
    card_line: str
    """The line of a detector card that settles it."""

    def words(self) -> str:
        """Say it in one sentence.

        >>> Guess(about="pixel values", taken="0..1", certainty="open", why="nothing is found", card_line='values = "0..1"').words()
        'pixel values: 0..1 (open: nothing is found); a card settles it: values = "0..1"'
        """
        return f"{self.about}: {self.taken} ({self.certainty}: {self.why}){SETTLED_BY}{self.card_line}"


class CodeFacts(Value):
    """A Python file that ran for a model, as its user allowed."""

    name: str
    sha256: str


class DetectorFacts(Value):
    """Which model ran."""

    name: str
    source: str
    """What `workbench run MODEL` takes: a sample's name or a path."""
    kind: str
    sha256: str
    size_bytes: int
    labels: tuple[str, ...]
    parameters: int | None = None
    guesses: tuple[Guess, ...] = ()
    """What is guessed of what its tensors mean, where no card says it."""
    code: tuple[CodeFacts, ...] = ()
    """Python files that ran for it."""

    @property
    def open_guesses(self) -> tuple[str, ...]:
        """Those that the evidence does not settle, each in a sentence."""
        return tuple(f"it is not settled how this model is read: {one.words()}" for one in self.guesses if one.certainty == OPEN)

    @property
    def unsettled(self) -> str | None:
        """All that is open, in a sentence short enough to stand beside a picture; `None` where nothing is."""
        taken = [f"{one.about} {one.taken}" for one in self.guesses if one.certainty == OPEN]
        how = "`describe` shows what else it may be, a card settles it"
        return one_line(f"it is not settled how this model is read ({', '.join(taken)}): {how}") if taken else None


class EngineFacts(Value):
    """What the engine did with the network."""

    covers: tuple[str, ...]
    """Steps that its one program holds, in order, such as `resize`, `model`, `box decoding`, `nms`."""
    left_out: tuple[str, ...] = ()
    """Steps that it could not or did not take, each with why."""
    compilations: int = 0
    """Programs traced, compiled or converted during the run, warm-up included."""
    recompilations: int = 0
    """Those of them after the warm-up: each stole time from a frame."""
    threads: int | None = None
    model_bytes: int | None = None
    """Size of the converted model, where there is one."""
    candidates: float | None = None
    """Mean boxes and classes a frame that score above `nms.score`, before NMS; `None` where the program holds the NMS."""
    input_bytes: int | None = None
    """That a frame brings into its program: what is copied where the program runs on another device."""
    notes: tuple[str, ...] = ()


class FrameDetections(Value):
    """Detections of one frame as plain numbers: boxes to a tenth of a pixel, scores to a ten-thousandth."""

    frame: str
    boxes_xyxy_px: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    class_ids: tuple[int, ...]

    @classmethod
    def of(cls, frame: str, detections: Detections) -> Self:
        return cls(
            frame=frame,
            boxes_xyxy_px=tuple(map(tuple, detections.boxes_xyxy_px.astype(float).round(1).tolist())),
            scores=tuple(detections.scores.astype(float).round(4).tolist()),
            class_ids=tuple(detections.class_ids.tolist()),
        )

    def detections(self) -> Detections:
        return Detections(
            np.array(self.boxes_xyxy_px, np.float32).reshape(-1, 4),
            np.array(self.scores, np.float32),
            np.array(self.class_ids, np.int64),
        )


class Picture(Value):
    """One frame to show: the bare picture, what was found in it, and the truth where it is known."""

    name: str
    size_hw: tuple[int, int]
    """Of the original, in whose pixels the boxes are."""
    jpeg_base64: str
    """The picture, perhaps smaller than the original."""
    found: FrameDetections
    truth: FrameDetections | None = None


class WorstFrame(Value):
    """A frame in which a setting gets more wrong than in others, at IoU .5 and with the right class."""

    picture: Picture
    against: str
    """What tells right from wrong: the truth's name, or the baseline's."""
    known: FrameDetections
    """What there is to be found; scores of truth are 1."""
    missed: tuple[int, ...] = ()
    """Positions in `known` of what was not found."""
    lost: tuple[int, ...] = ()
    """Those of `missed` that the baseline had found."""
    false: tuple[int, ...] = ()
    """Positions in `picture.found` of what is not known to be there."""


class Problem(Value):
    """Why a run produced no figures."""

    kind: str
    message: Line

    @classmethod
    def of(cls, error: Exception) -> Self:
        return cls(kind=type(error).__name__, message=str(error))

    @classmethod
    def caught(cls, error: BaseException) -> Self:
        """Say what ended work on a network: a user's own error, or what a runtime raised; a mistake of ours keeps its traceback."""
        if isinstance(error, WorkbenchError):
            return cls.of(error)
        traceback.print_exception(error)
        kind = type(error).__name__
        told = next((line.strip() for line in str(error).splitlines() if line.strip()), "it gave no reason")
        return cls(kind=kind, message=f"the runtime raised {kind}: {told}")


class Record(Value):
    """What one run produced: figures, or the problem that prevented them."""

    schema_version: Literal[1] = Field(SCHEMA, alias="schema")
    id: str = Field(default_factory=lambda: uuid4().hex)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    name: str
    """What people call the setting: a preset, or a preset and its changes."""
    command: str
    """The command that repeats this run."""
    tag: str | None = None
    settings: Settings
    detector: DetectorFacts
    media: MediaFacts
    environment: EnvironmentFacts
    engine: EngineFacts | None = None
    timing: Timing | None = None
    real_time: RealTime | None = None
    """Of a pass at the frames' own pace, where one was asked for."""
    timeline: tuple[StageSpan, ...] = ()
    """What the last few dozen timed frames passed, where and when."""
    composed: bool = False
    """Whether its times are put together from stages that were measured one by one, rather than taken from whole frames."""
    accuracy: Accuracy | None = None
    agreement: Agreement | None = None
    comparison: Comparison | None = None
    """Against the baseline (A), in the same session."""
    waterfall: Waterfall | None = None
    """What each setting brought on the way from a baseline, where that was asked for."""
    quantising: Quantising | None = None
    """Where its integers hurt, and what was tried to repair that, where it came of that."""
    noise: NoiseCertificate
    warnings: tuple[Line, ...] = ()
    problem: Problem | None = None
    detections: tuple[FrameDetections, ...] = ()
    """What was found in the timed frames."""
    pictures: tuple[Picture, ...] = ()
    worst: tuple[WorstFrame, ...] = ()
    """The frames with most errors, worst first, then each class's own; records of before have none."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="null")

    def __repr__(self) -> str:
        """Say in a line what came of it; `model_dump` and `to_json` have all of it."""
        ms, ap = self.timing.median_ms if self.timing else None, self.accuracy.ap if self.accuracy else None
        told = [
            self.name,
            *([f"did not run: {self.problem.message}"] if self.problem else []),
            *([f"{ms:.3g} ms a frame"] if ms is not None else []),
            *([f"AP {ap:.3f}"] if ap is not None else []),
            f"{self.detector.name} on {self.media.name}",
        ]
        return f"<Record: {', '.join(told)}>"

    __str__ = __repr__

    @property
    def broken(self) -> bool:
        """Whether the setting breaks the detector."""
        return self.agreement is not None and self.agreement.broken

    def _repr_html_(self) -> str:
        return tables.html([self])

    def metrics(self) -> dict[str, float]:
        """Return its figures by name, those that are known, as MLflow's `log_metrics` and others take them."""
        return tables.metrics(self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, pictures and detections too."""
        tree: dict[str, Any] = json.loads(self.to_json())
        return tree

    def to_json(self, indent: int | None = None) -> str:
        """Write the record as JSON text that `from_json` reads."""
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "the record") -> Self:
        """Read a record.

        Args:
            text: JSON of one record.
            source: What to call it in an error.

        Raises:
            RecordError: It is not JSON, not a record, or of a schema that this version does not read.
        """
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"{source} is not JSON ({error}); choose a file that `workbench run --json` wrote") from None
        return cls.from_tree(tree, source)

    @classmethod
    def from_tree(cls, tree: Any, source: str = "the record") -> Self:
        """Read a record from parsed JSON; raises like `from_json`."""
        if not isinstance(tree, dict) or "schema" not in tree:
            raise RecordError(f"{source} holds no workbench record; choose a file that `workbench run --json` wrote")
        if tree["schema"] != SCHEMA:
            raise RecordError(
                f"{source} has schema {tree['schema']!r}, this version reads schema {SCHEMA};"
                " measure again or use the version that wrote it"
            )
        try:
            return cls.model_validate(tree, context={"saved": True})  # an engine that this version lacks is still a record's
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RecordError(f"{source} is damaged at {place}: {first['msg']}; measure again") from None


def check_same_machine(records: tuple[Record, ...]) -> None:
    """Refuse to compare times of different machines.

    Raises:
        MachinesDifferError: The records come from more than one machine; names them.
    """
    machines = {record.environment.machine_id: record.environment.cpu for record in records}
    if len(machines) > 1:
        named = ", ".join(f"{cpu} [{machine[:8]}]" for machine, cpu in machines.items())
        raise MachinesDifferError(
            f"these records come from {len(machines)} machines ({named}); choose those of one, or allow it by name"
        )
