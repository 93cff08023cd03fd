"""Eager, graph and XLA: one program of TensorFlow operations, executed in three ways."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache, partial
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES, GPU_NOT_VERIFIED
from workbench.detections import Detections
from workbench.detectors import XLA_LACKS, Calibration, Detector, runtime_complaint, without_retracing_remarks
from workbench.engines.engine import Candidates, Engine, EngineCode, OutputReader
from workbench.errors import UnavailableError
from workbench.graph import GRAPH_NMS, NO_SCORE, resize, scale, tensor_ops
from workbench.settings import ClassScores, Nms, Settings
from workbench.stages import FunctionHead, of_label

PREPROCESS, BOXES, NMS = "preprocess", "boxes", "nms"  # what names of operators begin with that are none of the model's
NMS_APART = "nms: it runs as a graph or on the host afterwards, so that its thresholds can change without compiling again"
OPEN_ROWS = (
    "the model gives as many candidates as it finds, and XLA has to know their number to compile the NMS;"
    " choose nms.method=opencv or numpy, or runtime.engine=graph"
)
DECODES_APART = "box decoding: it is a Python function of the card's, which runs on the host"
RESIZE_ON_HOST = "resize: input.resize puts it on the host"
RESIZE_IN_DATASET = "resize: tf.data does it ahead, as TensorFlow operations in parallel calls"


@final
class TensorFlowProgram(Engine):
    """Resize where the settings put it in the graph, model, box decoding, and under XLA the NMS where it compiles.

    `tf.function` compiles what comes behind the resize under the options; where these are `None` it is called as it is. The resize
    takes frames of any size in one trace, so that media of many sizes compile nothing anew.
    """

    thread_safe = True

    def __init__(self, detector: Detector, settings: Settings, _: Calibration, *, options: Mapping[str, Any] | None) -> None:
        import tensorflow as tf

        without_retracing_remarks()
        fuses = ENGINES[settings.runtime.engine].fuses_nms
        self._forward = detector.network.forward()
        self._detector, self._settings = detector, settings
        self._head = detector.meaning.head
        self._decodes_apart = isinstance(self._head, FunctionHead)  # it is Python, which no program holds
        self._outputs = detector.outputs(settings.nms)
        self._nms = settings.nms
        self._size_hw = detector.input_spec.choose_size(settings.input.size_hw)
        self._read = OutputReader(detector.meaning, settings.nms, self._size_hw)
        self.own_nms = self._read.own_nms
        self._traces = [0]  # shared with the engines that `with_nms` makes of this one
        self._traced = options is not None  # Python runs once then, rather than on every call
        self._device = f"/{settings.runtime.device}" if settings.runtime.device != "cpu" else "/cpu:0"
        self.copies = settings.runtime.device != "cpu"
        self.notes = computed_in(detector.network.half_policy, on_gpu=self.copies)
        self.warnings = (f"runtime.device is {settings.runtime.device}, {GPU_NOT_VERIFIED}",) if self.copies else ()
        self.input_spec = detector.input_spec
        in_dataset = settings.input.resize == "graph" and settings.feed.mode == "tfdata"
        self.takes_frames = settings.input.resize == "graph" and not in_dataset
        self.batch = settings.runtime.batch
        against = _reason_against_fusing(settings.nms) if fuses else NMS_APART
        self.fuses_nms = not self._decodes_apart and against is None
        nms_inside = self.fuses_nms or self.own_nms
        self.covers = (
            *(("resize",) if self.takes_frames else ()),
            "model",
            *(() if self.own_nms or self._decodes_apart else ("box decoding",)),
            *(("nms",) if nms_inside else ()),
        )
        self.left_out = (
            *(() if self.takes_frames else (RESIZE_IN_DATASET if in_dataset else RESIZE_ON_HOST,)),
            *((DECODES_APART,) if self._decodes_apart else ()),
            *(() if nms_inside else (against or NMS_APART,)),
        )
        self._compiled = cache(self._compile)  # on first use, and for the engines that `with_nms` makes as well
        self._network = tf.function(self._sized, autograph=False, **options) if options else self._sized

    def _compile(self) -> Callable[[Any, Any, Any], Any]:
        """Return the program, traced; to call it past `tf.function`'s look at the arguments spares 0.1 ms."""
        import tensorflow as tf

        if not self._traced:
            return self._program
        spec, iou = self.input_spec, tf.TensorSpec((), tf.float32)
        score = tf.TensorSpec(np.shape(self._score()), tf.float32)
        frames = tf.TensorSpec((self.batch, None, None, 3), tf.uint8)
        batch = frames if self.takes_frames else tf.TensorSpec(spec.batch_shape(self.batch, self._size_hw), spec.dtype)
        program = tf.function(self._program, (batch, score, iou), autograph=False)
        traced: Callable[[Any, Any, Any], Any] = program.get_concrete_function()
        return traced

    @property
    def operations(self) -> Sequence[Any]:
        return self._compiled().graph.get_operations() if self._traced else ()  # type: ignore[attr-defined]

    def upload(self, batch: NDArray[np.generic]) -> Any:
        import tensorflow as tf

        with tf.device(self._device):
            there = tf.identity(tf.convert_to_tensor(batch))
        tf.test.experimental.sync_devices()
        return there

    @property
    def compilations(self) -> int:
        return self._traces[0]

    def with_nms(self, nms: Nms) -> Self | None:
        if not self.fuses_nms:
            return super().with_nms(nms)
        by_class = isinstance(nms.score, ClassScores), isinstance(self._nms.score, ClassScores)
        if nms.model_copy(update={"score": self._nms.score, "iou": self._nms.iou}) != self._nms or len(set(by_class)) > 1:
            return None
        other = copy(self)  # the thresholds go into the program with each call
        other._nms = nms
        return other

    def _score(self) -> float | tuple[float, ...]:
        """Return the threshold; where classes have their own, that of each label, and of a class without one."""
        score = self._nms.score
        return score.thresholds(self._detector.facts.labels) if isinstance(score, ClassScores) else score

    def _program(self, batch: Any, score: Any, iou: Any) -> Any:
        self._traces[0] += self._traced  # Python runs here only while TensorFlow traces; each XLA compilation follows one trace
        if self.takes_frames:
            import tensorflow as tf

            with tf.name_scope(PREPROCESS):
                batch = resize(batch, self.input_spec, self._size_hw, self._settings.input.effective_filter)
        return self._network(batch, score, iou)

    def _sized(self, batch: Any, score: Any, iou: Any) -> Any:
        """Do what comes behind the resize, all of whose shapes are known."""
        import tensorflow as tf

        if self.takes_frames:
            with tf.name_scope(PREPROCESS):
                batch = scale(batch, self.input_spec)
        try:
            named = self._forward(batch)
        except Exception as error:  # whatever its layers raise while they are traced for a batch and size
            raise self._refused(error) from error
        raw = [tf.cast(named[name], tf.float32) for name in self._outputs]  # numbers of classes are integers, float16 is too short
        if self.own_nms or self._decodes_apart:
            return raw
        assert self._head is not None, "availability.check has seen to it"
        with tf.name_scope(BOXES):
            boxes, scores = self._head.candidates(raw, self._size_hw, tensor_ops())
        if not self.fuses_nms:
            return boxes, scores
        if None in scores.shape[1:]:
            raise UnavailableError(OPEN_ROWS)
        with tf.name_scope(NMS):
            if score.shape.rank:
                places = of_label(np.arange(scores.shape[-1]), score.shape[0])
                scores, score = tf.where(scores > tf.gather(score, places), scores, NO_SCORE), tf.reduce_min(score)
            return GRAPH_NMS[self._nms.method](boxes, scores, score, iou, self._nms, static=True)

    def run(self, batch: NDArray[np.generic]) -> Candidates | Sequence[Detections]:
        import tensorflow as tf

        with tf.device(self._device):
            thresholds = (tf.constant(self._score(), tf.float32), tf.constant(self._nms.iou, tf.float32))
            try:
                results = [result.numpy() for result in self._compiled()(tf.convert_to_tensor(batch), *thresholds)]
            except tf.errors.OpError as error:  # ours and the layers' Python raises other kinds
                raise self._refused(error) from error
        if self.own_nms or self._decodes_apart:
            return self._read([np.asarray(result, np.float32) for result in results])
        return _detections(*results) if self.fuses_nms else Candidates(*results)

    def _refused(self, error: Exception) -> UnavailableError:
        reason = runtime_complaint(str(error))
        if reason.startswith(XLA_LACKS):
            name = self._settings.runtime.engine
            return self._detector.remember(self._settings, f"runtime.engine is {name}: {reason}; choose graph")
        return self._detector.refuse(self._settings, reason)


def computed_in(half_policy: str | None, *, on_gpu: bool) -> tuple[str, ...]:
    """Say what else than float32 is computed in, whatever `runtime.precision` says: networks run as they were saved."""
    import tensorflow as tf

    mixed = (f"computed in {half_policy}, as the model was saved",) if half_policy else ()
    short = on_gpu and tf.config.experimental.tensor_float_32_execution_enabled()
    return (*mixed, "products of float32 in TensorFloat-32 where the GPU has it, with 10 bits of each number") if short else mixed


def _reason_against_fusing(nms: Nms) -> str | None:
    method = GRAPH_NMS.get(nms.method)
    if method is None:
        return f"nms: nms.method={nms.method} runs on the host"
    return f"nms: {method.xla_refusal}" if method.xla_refusal else None


def _detections(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], class_ids: NDArray[np.int32], counts: NDArray[np.int32]
) -> list[Detections]:
    return [
        Detections(boxes[n, :count], scores[n, :count], class_ids[n, :count].astype(np.int64))
        for n, count in enumerate(counts.tolist())
    ]


EAGER = EngineCode(partial(TensorFlowProgram, options=None))
GRAPH = EngineCode(partial(TensorFlowProgram, options={}))
XLA = EngineCode(partial(TensorFlowProgram, options={"jit_compile": True}))
