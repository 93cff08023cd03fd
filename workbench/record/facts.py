"""What a record is made of, beside its times and its accuracy: which model ran, in what, on what, and what was found."""

import traceback
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator

from workbench.detections import Detections
from workbench.errors import WorkbenchError, one_line
from workbench.timing import Value

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


class MediaFacts(Value):
    """Which frames it ran on."""

    name: str
    source: str
    kind: str
    frames: int
    """How many; for a video, what its container says (counted only where it says nothing). 0 where they never end."""
    size_hw: tuple[int, int]
    """Of the first frame, turned upright."""
    fps: float | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    """What people should know of these frames: numbers that are missing, a stream that was opened again."""

    @property
    def key(self) -> str:
        """What is equal for the same frames: the hash of their content, else where they came from."""
        return self.sha256 or self.source

    @property
    def endless(self) -> bool:
        """Whether they never end, so that no two passes show the same frames; `recorded` makes media of them that do."""
        return self.frames == 0


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
    def of(cls, error: BaseException) -> Self:
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
