"""A user's own `detect(frame)` in the place of a detector's pipeline: frames in, detections and pictures out, timed alike."""

import hashlib
import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, final

from workbench.detections import Detections, UInt8Array
from workbench.engines import Candidates
from workbench.errors import one_line
from workbench.media import Buffers, Frame, Media, frames_from
from workbench.pipeline.feeding import Listener, Passed, Steps, loop_blocks
from workbench.pipeline.returned import read_returned
from workbench.record import DetectorFacts, EngineFacts
from workbench.settings import Nms, Settings
from workbench.stages import draw
from workbench.timing import DECODED_BY_ONE, NoWatch, Watch, own_stages

Detect = Callable[[UInt8Array], object]
"""From a frame, `(height, width, 3)` uint8 in RGB, to what `read_returned` reads."""

KIND = "your function"
LONGEST_NAME = 40  # of a function: it is part of names in tables


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFunction:
    """A function as the bench takes it, where else a variant stands: a row of what is measured.

    Attributes:
        name: What people call the row.
        call: The function.
        facts: Its name, the hash of its source, and the classes that it finds.
        settings: What stands in their place.
        command: How to measure it again.
    """

    name: str
    call: Detect = field(hash=False)  # an object that can be called need not be hashable
    facts: DetectorFacts
    settings: Settings
    command: str

    @staticmethod
    def of(call: Detect, labels: Sequence[str], text: str | None = None) -> "OwnFunction":
        """Return the row of a function.

        Args:
            call: The function.
            labels: Names of the classes that it finds.
            text: Its source where that is known, with what it calls; by default the text of the function alone.
        """
        name = one_line(getattr(call, "__name__", None) or type(call).__name__, LONGEST_NAME)
        source = (_source(call) if text is None else text).encode("utf-8", "replace")
        facts = DetectorFacts(
            name=name,
            source=f"{getattr(call, '__module__', None) or '__main__'}.{name}",
            kind=KIND,
            sha256=hashlib.sha256(source).hexdigest(),
            size_bytes=len(source),
            labels=tuple(labels),
        )
        command = f"bench.measure({name})  # in Python, with the source whose hash begins with {facts.sha256[:8]}"
        return OwnFunction(name=f"{name} ({KIND})", call=call, facts=facts, settings=Settings.of_function(), command=command)

    @property
    def detector(self) -> "OwnFunction":
        """What has its facts, as a variant's detector."""
        return self

    def __call__(self, frame: Frame) -> object:
        """Return what the function gives for a frame, which it cannot change: other passes get the same one."""
        image = frame.image_rgb.view()
        image.flags.writeable = False
        return self.call(image)

    def read(self, given: object) -> Detections:
        """Return what it gave as detections; raises like `read_returned`."""
        return read_returned(given, self.facts.labels, self.facts.name)


def _source(call: Detect) -> str:
    """Return a function's text, or that of what it is an object of; where there is none, what Python made of it."""
    whole = inspect.unwrap(call)
    candidates: tuple[Any, ...] = (whole, getattr(whole, "func", None), type(whole))
    for candidate in candidates:
        try:
            return inspect.getsource(candidate)
        except (OSError, TypeError):
            continue
    code = getattr(whole, "__code__", None)
    return f"{code.co_code.hex()} {code.co_consts} {code.co_names}" if code is not None else repr(type(whole))


def frames_of_the_user(error: BaseException) -> TracebackType | None:
    """Return an error's traceback from the user's function on; as it is where the error is not from there."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_code is not OwnFunction.__call__.__code__:
        at = at.tb_next
    return at.tb_next if at is not None and at.tb_next is not None else error.__traceback__


@final
@dataclass(frozen=True, slots=True)
class _Program:
    """What the bench asks an engine for."""

    warnings: tuple[str, ...] = ()
    batch: int = 1


@final
class FunctionPipeline:
    """A function made ready, with what the bench asks of a `Pipeline`."""

    compilations = 0
    input_bytes: int | None = None
    overlaps = False
    serial = DECODED_BY_ONE

    def __init__(self, function: OwnFunction) -> None:
        self.detector = function
        self.settings = function.settings
        self.engine = _Program()
        self._pictures = Buffers()

    def engine_facts(self) -> EngineFacts:
        """Return what a record says of an engine: of a function nothing is known."""
        return EngineFacts(covers=())

    def take_threads(self) -> None:
        """Give OpenCV, in the whole process, all cores, as it has where nobody says otherwise."""
        import cv2

        cv2.setNumThreads(self.settings.runtime.threads)

    def compile(self, frame_size_hw: tuple[int, int]) -> None:
        """Do nothing: a function that gets ready does so in its first call, which is told apart."""

    def with_nms(self, nms: Nms) -> None:
        """Return nothing: its NMS is its own."""

    def infer(self, frames: Sequence[Frame], watch: Watch | None = None) -> list[Candidates | Detections]:
        """Return what it finds in each frame."""
        return [self._found(frame, watch or NoWatch()) for frame in frames]

    def suppress(self, raw: Sequence[Candidates | Detections], frames: Sequence[Frame]) -> list[Detections]:  # noqa: ARG002 - a pipeline's
        """Return what `infer` gave: nothing is left to suppress."""
        return [one for one in raw if isinstance(one, Detections)]

    def _found(self, frame: Frame, watch: Watch) -> Detections:
        """Call it. Its time is a stage of its own name; where it marks stages, these, and what is between them is in none."""
        if isinstance(watch, NoWatch):
            return self.detector.read(self.detector(frame))
        with own_stages(watch, time.perf_counter) as stages:
            given = self.detector(frame)
        if stages.marked:
            watch.skip()
        else:
            watch.lap(self.detector.facts.name)
        return self.detector.read(given)

    def _next(self, frames: Iterator[Frame], watch: Watch) -> Passed | None:
        frame = next(frames, None)
        watch.lap("decode")
        if frame is None:
            return None
        found = self._found(frame, watch)
        image = frame.image_rgb
        draw(image, found, self.detector.facts.labels, out=self._pictures.take(image.shape))
        watch.lap("draw")
        return Passed((frame,), (found,), (found,))

    def steps(self, media: Media, listener: Listener | None = None, *, again: bool = False) -> Steps:
        """Return the step that takes the next frame through decoding, the function and drawing; see `Pipeline.steps`."""
        self.take_threads()
        frames = frames_from(media, 0, again=True) if again else media.frames()
        return Steps(partial(self._next, frames), listener, last_stage="draw")

    def block_timer(self, media: Media) -> Callable[[int], Sequence[float]]:
        """Return a function that runs the next n frames and returns their raw seconds; see `Pipeline.block_timer`."""
        return loop_blocks(lambda: self.steps(media), self.take_threads)
