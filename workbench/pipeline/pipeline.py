"""The pipeline: the stages for one Settings, one frame (or batch) after the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES, nms_row
from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.detectors import OWN_NMS, Calibration, Detector
from workbench.engines import Candidates, Engine, open_engine, set_tensorflow_threads, stack_frames
from workbench.errors import UnavailableError
from workbench.graph import GRAPH_NMS, GraphSuppressor, input_program
from workbench.machine import ran_out_of_memory
from workbench.media import Buffers, Frame, Media, frames_from
from workbench.pipeline.feeding import Listener, Passed, Steps, loop_blocks, overlapped_blocks
from workbench.pipeline.overlapped import Overlapped
from workbench.pipeline.tfdata import FedFrames, FrameDataset
from workbench.record import EngineFacts
from workbench.settings import ClassScores, Nms, Settings
from workbench.stages import Suppressor, above_own, draw, only_above, place, prepare, suppress
from workbench.timing import DECODED_BY_ONE, NoWatch, Stopwatch, Watch


class Pipeline:
    """A detector made ready under settings that `availability.check` has passed: frames in, detections and pictures out."""

    def __init__(self, detector: Detector, settings: Settings, calibration: Calibration) -> None:
        size_hw = settings.input.size_hw
        assert size_hw is not None, "availability.check fills the size in"
        self.detector = detector
        self.settings = settings
        self.take_threads()
        _set_tensorflow_threads(settings)
        with memory_told(settings):
            self.engine: Engine = open_engine(detector, _a_worker_s(settings), calibration)
        self._calibration = calibration
        self._pictures = Buffers()
        self.input_bytes: int | None = None
        """That a frame brings into the engine's program; known once one has passed."""
        self._others: list[Self] = []
        self._dataset: tuple[Media, FrameDataset] | None = None
        self._suppressor = open_suppressor(settings.nms)
        self._thresholds = class_thresholds(settings.nms, detector.facts.labels)
        self._nms_traces_before = self._nms_traces()  # graphs are shared with other pipelines
        self._size_hw = size_hw
        self._input_program: Callable[[UInt8Array], NDArray[Any]] | None = None

    def take_threads(self) -> None:
        """Give OpenCV, in the whole process, the threads of this pipeline: another one may have given it its own."""
        import cv2

        cv2.setNumThreads(_a_worker_s_threads(self.settings))

    @property
    def compilations(self) -> int:
        """Programs traced, compiled or converted so far, by the engine and by an NMS that runs as a graph of its own."""
        return self.engine.compilations + self._nms_traces() - self._nms_traces_before

    def engine_facts(self) -> EngineFacts:
        """Return what a record says of engine and NMS before frames have passed."""
        engine, note = self.engine, nms_row(self.settings.nms.method).note
        return EngineFacts(
            covers=engine.covers,
            left_out=engine.left_out,
            compilations=self.compilations,
            threads=self.settings.runtime.threads,
            model_bytes=engine.model_bytes,
            notes=(*engine.notes, *((note,) if note else ())),
        )

    def _nms_traces(self) -> int:
        if not isinstance(self._suppressor, GraphSuppressor):
            return 0
        return self._suppressor.compilations(len(self.detector.facts.labels))

    def with_nms(self, nms: Nms) -> Self | None:
        """Return this pipeline under another NMS, on the same engine; `None` where the engine has to be compiled anew for it."""
        engine = self.engine.with_nms(nms)
        if engine is None:
            return None
        other = copy(self)
        other.settings = self.settings.model_copy(update={"nms": nms})
        other.engine = engine
        other._others = []
        other._dataset = None
        other._suppressor = open_suppressor(nms)
        other._thresholds = class_thresholds(nms, self.detector.facts.labels)
        other._nms_traces_before = other._nms_traces()
        return other

    def compile(self, frame_size_hw: tuple[int, int]) -> None:
        """Trace and compile for frames of one size, by running a blank batch through engine and NMS."""
        blank = Frame(np.zeros((*frame_size_hw, 3), np.uint8), "blank", 0)
        self.detect([blank] * self.engine.batch)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Return what is in each frame, at most the engine's batch, in pixels of the frame; see `infer`."""
        return self.suppress(self.infer(frames), frames)

    def suppress(self, raw: Sequence[Candidates | Detections], frames: Sequence[Frame]) -> list[Detections]:
        """Return what NMS leaves of an engine's outputs, in pixels of the frames; nothing else is run again.

        Args:
            raw: For each frame its candidates, `(1, A, 4)` and `(1, A, C)`; or its detections, where the program holds the NMS.
            frames: Where they come from.
        """
        return [self._in_frame(self._kept(one), frame) for one, frame in zip(raw, frames, strict=True)]

    def _kept(self, raw: Candidates | Detections) -> Detections:
        thresholds = self._thresholds
        if isinstance(raw, Candidates):
            assert self._suppressor is not None, "only detections come without one"
            boxes, scores = raw.boxes_xyxy[0], raw.scores[0]
            if thresholds is None:
                return self._suppressor(boxes, scores)
            return above_own(self._suppressor(boxes, only_above(scores, thresholds)), thresholds)
        if not self.engine.own_nms:
            return raw
        nms = self.settings.nms
        raw = raw if thresholds is None else above_own(raw, thresholds)
        return raw.where(np.flatnonzero(raw.scores > np.float32(nms.score))[: nms.max_detections])

    def infer(self, frames: Sequence[Frame], watch: Watch | None = None) -> list[Candidates | Detections]:
        """Return what the engine gives for each frame, as `suppress` takes it.

        A last batch that is short is filled up with its last frame, so that no engine has to compile for another shape. Frames of
        different sizes are run one batch each where the engine takes whole frames.

        Args:
            frames: At most the engine's batch.
            watch: Told the end of `preprocess`, `copy` and `infer`.
        """
        with memory_told(self.settings):
            return self._inferred(frames, watch or NoWatch())

    def _inferred(self, frames: Sequence[Frame], listener: Watch) -> list[Candidates | Detections]:
        if self.engine.takes_frames and len({frame.size_hw for frame in frames}) > 1:
            return [raw for frame in frames for raw in self._inferred([frame], listener)]
        images = [frame.image_rgb for frame in frames]
        images += images[-1:] * (self.engine.batch - len(images))
        if self.engine.takes_frames:
            batch = stack_frames(images)
        else:
            batch = self._prepare(images)
            listener.lap("preprocess")
        return self._run(batch, len(frames), listener)

    def _prepare(self, images: Sequence[UInt8Array]) -> NDArray[Any]:
        spec, settings = self.engine.input_spec, self.settings.input
        if settings.resize == "graph":  # and the engine takes no frames: tf.data's calls do it, and this is the same
            if self._input_program is None:
                self._input_program = input_program(spec, self._size_hw, settings.effective_filter)
            return np.stack([self._input_program(image) for image in images])
        return prepare(images, spec, self._size_hw, settings.resize, settings.effective_filter)

    def _run(self, batch: NDArray[Any], count: int, watch: Watch) -> list[Candidates | Detections]:
        asked = len(batch)
        self.input_bytes = batch.nbytes // asked
        taken: Any = batch
        if self.engine.copies:
            taken = self.engine.upload(batch)
            watch.lap("copy")
        output = self.engine.run(taken)
        if isinstance(output, Candidates):
            output = output.arrived()
        watch.lap("infer")
        answers = len(output.boxes_xyxy) if isinstance(output, Candidates) else len(output)
        if answers != asked:
            raise self.detector.refuse(self.settings, f"it answers {answers} for {asked} frames")
        if not isinstance(output, Candidates):
            return list(output[:count])
        return [Candidates(output.boxes_xyxy[n : n + 1], output.scores[n : n + 1]) for n in range(count)]

    def _in_frame(self, found: Detections, frame: Frame) -> Detections:
        placement = place(self.engine.input_spec, frame.size_hw, self._size_hw)
        return Detections(placement.to_frame(found.boxes_xyxy_px), found.scores, found.class_ids)

    def next_batch(self, frames: Iterator[Frame], watch: Watch) -> Passed | None:
        """Take the next batch through all stages, decode to draw, one after the other; `None` at the end of the media."""
        batch = list(islice(frames, self.engine.batch))
        watch.lap("decode")
        return self.pass_batch(batch, watch) if batch else None

    def pass_batch(self, batch: Sequence[Frame], watch: Watch) -> Passed:
        """Take decoded frames through the stages after decoding."""
        return self._finished(batch, self.infer(batch, watch), watch)

    def next_fed(self, fed_frames: FedFrames, watch: Watch) -> Passed | None:
        """Take the next batch that tf.data has prepared through the other stages; `None` at the end of the media."""
        fed = fed_frames.next()
        if fed is None:
            return None
        own = Stopwatch()  # the step's own began before the waiting
        own.start()
        missing = self.engine.batch - len(fed.frames)
        inputs = np.concatenate([fed.inputs, *[fed.inputs[-1:]] * missing]) if missing else fed.inputs
        raw = self._run(inputs, len(fed.frames), own)
        passed = self._finished(fed.frames, raw, own)
        for span in (*fed.spans, *own.taken()):
            watch.add(span)
        return passed

    def draw(self, frame: Frame, found: Detections) -> UInt8Array:
        """Return the frame's picture with what was found in it; its memory is used again once it is let go."""
        return draw(frame.image_rgb, found, self.detector.facts.labels, out=self._pictures.take(frame.image_rgb.shape))

    def _finished(self, frames: Sequence[Frame], raw: Sequence[Candidates | Detections], watch: Watch) -> Passed:
        """Take what the engine gave through the stages after it."""
        found = self.suppress(raw, frames)
        if any(isinstance(one, Candidates) for one in raw):
            watch.lap("nms")
        for frame, one in zip(frames, found, strict=True):
            self.draw(frame, one)
        watch.lap("draw")
        return Passed(tuple(frames), tuple(raw), tuple(found))

    @property
    def overlaps(self) -> bool:
        """Whether stages of different frames run at the same time."""
        return self.settings.feed.mode != "loop"

    def steps(self, media: Media, listener: Listener | None = None, *, start: int = 0, again: bool = False) -> Steps:
        """Return the step that takes the next batch of media through all stages, decode to draw, as the settings feed them.

        Args:
            media: Where frames come from.
            listener: Told the frames and detections of each batch.
            start: The first frame's index.
            again: Whether the media begin again at their end.
        """
        self.take_threads()
        if self.settings.feed.mode == "tfdata":
            fed = self._dataset_of(media).open(start, again=again)
            return Steps(partial(self.next_fed, fed), listener, close=fed.close)
        frames = frames_from(media, start, again=True) if again else media.frames(start)
        if not self.overlaps:
            return Steps(partial(self.next_batch, frames), listener, last_stage="draw")
        works = [worker.pass_batch for worker in self.workers()]
        overlapped = Overlapped(frames, self.engine.batch, works, self.settings.feed.prefetch)
        return Steps(overlapped.next, listener, close=overlapped.close)

    @property
    def serial(self) -> tuple[tuple[str, ...], ...]:
        """Where stages overlap: those that only one thread does, one after the other, over the media that passed last."""
        return self._dataset[1].serial if self._dataset is not None else DECODED_BY_ONE

    def _dataset_of(self, media: Media) -> FrameDataset:
        if self._dataset is None or self._dataset[0] is not media:
            self._dataset = media, FrameDataset(media, self.engine.input_spec, self.settings)
        return self._dataset[1]

    def workers(self) -> tuple[Self, ...]:
        """Return one pipeline for each worker thread; they share what several threads may use at once."""
        count = self.settings.feed.workers
        missing = count - 1 - len(self._others)
        if not self.engine.thread_safe:
            self._others += [self._again() for _ in range(missing)]
        return (self, *(self._others if self._others else [self] * (count - 1)))

    def _again(self) -> Self:
        other = copy(self)
        other.engine = self.engine.beside() or open_engine(self.detector, _a_worker_s(self.settings), self._calibration)
        return other

    def block_timer(self, media: Media) -> Callable[[int], Sequence[float]]:
        """Return a function that runs the next n frames and returns their raw seconds; media that end begin again.

        Each block begins with frames that are not timed, `SETTLING_FRAMES` or those of `SETTLING_SECONDS`, whichever are fewer: the
        other setting has just filled the caches with its own. Where stages overlap, they are started for each block and ended after
        it, so that nothing of it runs beside the other setting's block, and the first frames, which fill the queues, are not timed.
        """
        if not self.overlaps:
            return loop_blocks(lambda: self.steps(media), self.take_threads)
        feed = self.settings.feed
        filling = self.engine.batch * (2 * (feed.workers + feed.prefetch) + 1)
        return overlapped_blocks(lambda start: self.steps(media, start=start, again=True), media.facts().frames, filling)


@contextmanager
def memory_told(settings: Settings) -> Iterator[None]:
    """Say of which settings the memory did not suffice, where a runtime says that it did not.

    Raises:
        UnavailableError: It did not.
    """
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        height, width = settings.input.size_hw or (0, 0)
        raise UnavailableError(
            f"the memory does not suffice for input.size_hw {height}x{width} and runtime.batch {settings.runtime.batch};"
            " choose less of either, or close other programs"
        ) from error


def class_thresholds(nms: Nms, labels: Sequence[str]) -> FloatArray | None:
    """Return the threshold of each label, and of a class without one, as `only_above` takes them; `None` where all share one."""
    return np.array(nms.score.thresholds(labels), np.float32) if isinstance(nms.score, ClassScores) else None


def open_suppressor(nms: Nms) -> Suppressor | None:
    """Return the NMS that the settings name, from the host's table or the graph's; `None` where it is the network's own."""
    if nms.method == OWN_NMS:
        return None
    return GraphSuppressor(nms) if nms.method in GRAPH_NMS else partial(suppress, settings=nms)


def _a_worker_s(settings: Settings) -> Settings:
    """Return the settings that one worker opens its engine under, unless they share one: all of them together have the threads."""
    shares = ENGINES[settings.runtime.engine].shares
    return settings if shares else settings.with_values({"runtime.threads": _a_worker_s_threads(settings)})


def _a_worker_s_threads(settings: Settings) -> int:
    feed, threads = settings.feed, settings.runtime.threads
    return max(1, threads // feed.workers) if feed.mode == "threads" else threads


def _set_tensorflow_threads(settings: Settings) -> None:
    if not ENGINES[settings.runtime.engine].runs_tflite or settings.nms.method in GRAPH_NMS or settings.feed.mode == "tfdata":
        set_tensorflow_threads(settings.runtime.threads)
