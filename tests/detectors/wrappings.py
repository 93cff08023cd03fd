"""The weights of inspector-mobile, wrapped as the world wraps detectors: what files in the wild look like, made in seconds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.detectors.forms import FORMS, IOU, MOST, SCORE, SWAPPED, centred, sides, suppressed, yxyx
from workbench.detectors import Calibration, Card, Detector, InputCard, quiet_logger
from workbench.detectors.anchor_generators import AnchorCard
from workbench.detectors.level_cards import SsdCard
from workbench.graph import tensor_ops
from workbench.machine import native_stderr_captured
from workbench.samples import SAMPLE_ANCHORS, SAMPLE_HEAD, WEIGHTS
from workbench.settings import Settings

SIZE_HW = (192, 320)
SIDES = sides(SIZE_HW)
FREE = (1, None, None, 3)
FIXED = (1, *SIZE_HW, 3)
PLANAR = (1, 3, *SIZE_HW)

Outputs = Mapping[str, Any]
Serve = Callable[[Any], Outputs]


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """A model that is code around another one."""

    def __init__(self, inner: keras.Model, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def call(self, image: Any) -> Any:
        return self.inner(image)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Subclassed":
        return cls(keras.saving.deserialize_keras_object(config.pop("inner")), **config)


class Wrappings:
    """Writes the sample's weights in many kinds of file.

    Args:
        detector: inspector-mobile.
        folder: Where files are written.
        calibration: What integer models are calibrated on.
    """

    def __init__(self, detector: Detector, folder: Path, calibration: Calibration) -> None:
        self._detector = detector
        self._model = detector.network.keras_model()
        self._traced = tf.function(lambda image: dict(self._model(image, training=False)), autograph=False)
        self._head = detector.meaning.head
        self._folder = folder
        self._calibration = calibration

    # Kinds of file: raw offsets and scores, which want a card with anchors

    def keras(self) -> Path:
        path = self._folder / "plain.keras"
        path.write_bytes((WEIGHTS / "inspector-mobile.keras").read_bytes())
        return path

    def h5(self) -> Path:
        path = self._folder / "legacy.h5"
        self._model.save(path)
        return path

    def sequential(self) -> Path:
        path = self._folder / "sequential.keras"
        keras.Sequential([keras.Input((*SIZE_HW, 3)), self._model]).save(path)
        return path

    def subclassed(self) -> Path:
        path, model = self._folder / "subclassed.keras", Subclassed(self._model)
        model(np.zeros((1, *SIZE_HW, 3), np.float32))
        model.save(path)
        return path

    def saved_model(self) -> Path:
        return self._saved("exported", self._raw, tf.TensorSpec((None, *SIZE_HW, 3), tf.float32))

    def frozen_graph(self) -> Path:
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        served = tf.function(self._raw, autograph=False)
        frozen = convert_variables_to_constants_v2(served.get_concrete_function(tf.TensorSpec((None, *SIZE_HW, 3), tf.float32)))
        path = self._folder / "frozen.pb"
        path.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        return path

    def int8(self) -> Path:
        """What the workbench converts: integers come in and go out."""
        path = self._folder / "int8.tflite"
        settings = Settings().with_values({"input.size_hw": SIZE_HW, "runtime.precision": "int8"})
        path.write_bytes(self._detector.litert_model(settings, self._calibration).content)
        return path

    # Kinds of output

    def boxes_and_scores(self) -> Path:
        """Boxes xyxy in pixels, NCHW."""

        def serve(image: Any) -> Outputs:
            boxes, scores = self._candidates(tf.transpose(image, (0, 2, 3, 1)))
            return {"boxes": boxes, "scores": scores}

        return self._saved("planar", serve, tf.TensorSpec(PLANAR, tf.float32))

    def yolov5(self) -> Path:
        """`(1, A, 5 + C)`, centre and size in 0..1."""

        def serve(image: Any) -> Outputs:
            boxes, scores = self._candidates(image)
            best = tf.reduce_max(scores, axis=-1, keepdims=True)
            return {"output": tf.concat([centred(boxes) / SIDES, best, scores / tf.maximum(best, 1e-9)], -1)}

        return self._saved("yolov5", serve, tf.TensorSpec(FIXED, tf.float32))

    def yolov8(self) -> Path:
        """`(1, 4 + C, A)`, centre and size in pixels."""

        def serve(image: Any) -> Outputs:
            boxes, scores = self._candidates(image)
            return {"output0": tf.transpose(tf.concat([centred(boxes), scores], -1), (0, 2, 1))}

        return self._saved("yolov8", serve, tf.TensorSpec(FIXED, tf.float32))

    def end_to_end(self) -> Path:
        """`(1, K, 6)`, corners in pixels."""

        def serve(image: Any) -> Outputs:
            boxes, scores, classes, _ = suppressed(*self._candidates(image))
            return {"output0": tf.concat([boxes, scores[..., None], classes[..., None]], -1)}

        return self._saved("end_to_end", serve, tf.TensorSpec(FIXED, tf.float32))

    def detection_api(self, *, raw: bool) -> Path:
        """The Object Detection API's signature: uint8 of any size, classes from 1; raw scores begin with the background's."""

        def serve(input_tensor: Any) -> Outputs:
            image = tf.image.resize(tf.cast(input_tensor, tf.float32) / 255, SIZE_HW)
            candidates, scores = self._candidates(image)
            boxes, best, classes, count = suppressed(candidates, scores)
            named = {
                "detection_boxes": yxyx(boxes / SIDES),
                "detection_scores": best,
                "detection_classes": classes + 1,
                "num_detections": tf.cast(count, tf.float32),
            }
            background = 1 - tf.reduce_max(scores, axis=-1, keepdims=True)
            more = {
                "raw_detection_boxes": yxyx(candidates / SIDES),
                "raw_detection_scores": tf.concat([background, scores], -1),
            }
            return {**named, **(more if raw else {})}

        return self._saved(f"api_{'raw' if raw else 'plain'}", serve, tf.TensorSpec(FREE, tf.uint8, name="input_tensor"))

    def form(self, name: str) -> Path:
        """One of `FORMS`, by its name."""

        def serve(image: Any) -> Outputs:
            return FORMS[name](*self._candidates(image), SIZE_HW)

        return self._saved(f"form {list(FORMS).index(name)}", serve, tf.TensorSpec(FIXED, tf.float32))

    def post_processed(self) -> Path:
        """TFLite_Detection_PostProcess: the converter puts it where a function says that it implements it."""
        anchors = (SAMPLE_ANCHORS(SIZE_HW) / SIDES)[:, SWAPPED]

        @tf.function(autograph=False, experimental_implements=_implements(classes=self._model.output["scores"].shape[-1]))
        def post_process(boxes: Any, scores: Any, anchors: Any) -> Any:  # noqa: ARG001 - the converter replaces the body
            return tuple(tf.constant(0.0, tf.float32, shape) for shape in ((1, MOST, 4), (1, MOST), (1, MOST), (1,)))

        def serve(image: Any) -> Outputs:
            raw = self._raw(image)
            offsets = tf.gather(raw["offsets"], SWAPPED, axis=-1)
            boxes, classes, scores, count = post_process(offsets, raw["scores"], tf.constant(anchors))
            return {"boxes": boxes, "classes": classes, "scores": scores, "count": count}

        def allow(converter: Any) -> None:
            converter.allow_custom_ops = True

        return self._tflite("post_processed", serve, FIXED, allow)

    # How they are written

    def _raw(self, image: Any) -> Outputs:
        return self._traced(image)

    def _candidates(self, image: Any) -> tuple[Any, Any]:
        raw = self._raw(image)
        return self._head.candidates([raw["offsets"], raw["scores"]], SIZE_HW, tensor_ops())

    def _saved(self, name: str, serve: Serve, taken: Any) -> Path:
        module = tf.Module()
        module.weights = [
            one.value for one in self._model.weights
        ]  # not the model: Keras would trace it at any size, which it cannot
        module.serve = tf.function(serve, input_signature=[taken], autograph=False)
        path = self._folder / name
        with quiet_logger():
            tf.saved_model.save(module, str(path), signatures=module.serve.get_concrete_function())
        return path

    def _tflite(self, name: str, serve: Serve, shape: Sequence[int | None], change: Callable[[Any], None]) -> Path:
        folder = self._saved(f"{name}_saved", serve, tf.TensorSpec(shape, tf.float32))
        with native_stderr_captured():
            converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
            change(converter)
            content = converter.convert()
        path = self._folder / f"{name}.tflite"
        path.write_bytes(content)
        return path


def anchors_card(offsets: str, scores: str) -> Card:
    """Say what the sample's raw outputs mean."""
    levels = tuple(AnchorCard(stride=level.stride_px, boxes=level.boxes_wh, units="pixels") for level in SAMPLE_ANCHORS.levels)
    variances = {"center_variance": SAMPLE_HEAD.center_variance, "size_variance": SAMPLE_HEAD.size_variance}
    candidates = SsdCard(tensors=(offsets, scores), anchors=levels, **variances)
    return Card(input=InputCard(values="0..1"), candidates=candidates)


def _implements(classes: int) -> str:
    """Write the attributes of the custom operation as the converter reads them."""
    integers = {"max_detections": MOST, "max_classes_per_detection": 1, "detections_per_class": MOST, "num_classes": classes}
    reals = {"nms_score_threshold": SCORE, "nms_iou_threshold": IOU}
    reals |= {f"{side}_scale": 1 / SAMPLE_HEAD.center_variance for side in "yx"}
    reals |= {f"{side}_scale": 1 / SAMPLE_HEAD.size_variance for side in "hw"}
    words = [
        'name: "TFLite_Detection_PostProcess"',
        'attr { key: "use_regular_nms" value { b: true } }',
        *(f'attr {{ key: "{key}" value {{ i: {value} }} }}' for key, value in integers.items()),
        *(f'attr {{ key: "{key}" value {{ f: {value:f} }} }}' for key, value in reals.items()),
    ]
    return " ".join(words)
