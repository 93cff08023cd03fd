"""Average precision of the sample networks on scenes, at any input size.

The network runs as a float32 graph. All around it (letterbox, decoding, NMS, COCO's figures) is the workbench's own, so a card
tells what `workbench run` finds with the same settings; only that here stills are judged as rendered, before JPEG.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_media.making.media import SEEDS, still_size_hw
from sample_media.making.scenes import Scene, render_still
from workbench.detections import Accuracy, Detections, ImageTruth, average_precision
from workbench.samples import LABELS, SAMPLE_HEAD
from workbench.settings import Nms
from workbench.stages import InputSpec, place, prepare, suppress

SIZES = (160, 224, 320, 416, 512, 640)  # sides of the square inputs that a card lists
SPEC = InputSpec(size_hw=None, default_hw=(512, 512))  # letterbox in the centre, grey 114, RGB / 255
# Average precision counts the whole tail of low scores; a threshold for use would be higher. Suppression at .5 is what most
# detectors ship with.
NMS = Nms(method="numpy", score=0.05, iou=0.5, max_detections=100, per_class=True)
BATCH = 10

Predict = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From a prepared batch to offsets and scores."""


def draw_test_stills() -> list[Scene]:
    """Render the sample stills, as they are before JPEG."""
    return [render_still(seed, still_size_hw(number)) for number, seed in enumerate(SEEDS["test"])]


def predict_with(model: Any) -> Predict:
    """Wrap a Keras model as one graph for each input size."""
    import tensorflow as tf

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(batch: Any) -> Any:
        outputs = model(batch, training=False)
        return outputs["offsets"], outputs["scores"]

    def predict(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        offsets, scores = run(tf.constant(batch))
        return offsets.numpy(), scores.numpy()

    return predict


def evaluate(predict: Predict, stills: Sequence[Scene], side: int) -> Accuracy:
    """Detect on stills letterboxed into a square of `side` pixels and compare with their truth."""
    found: list[Detections] = []
    for start in range(0, len(stills), BATCH):
        found += detect(predict, [still.image_rgb for still in stills[start : start + BATCH]], (side, side))
    truth = [_truth(still) for still in stills]
    return average_precision(found, truth, classes=len(LABELS), truth_name="rendered stills", score_threshold=NMS.score)


def detect(predict: Predict, images_rgb: Sequence[NDArray[np.uint8]], size_hw: tuple[int, int]) -> list[Detections]:
    """Find defects in pictures of any size; boxes are in pixels of the pictures."""
    boxes, scores = SAMPLE_HEAD.candidates(predict(prepare(images_rgb, SPEC, size_hw)), size_hw)
    found = []
    for image, own_boxes, own_scores in zip(images_rgb, boxes, scores, strict=True):
        kept = suppress(own_boxes, own_scores, NMS)
        placement = place(SPEC, (image.shape[0], image.shape[1]), size_hw)
        found.append(Detections(placement.to_frame(kept.boxes_xyxy_px), kept.scores, kept.class_ids))
    return found


def _truth(still: Scene) -> ImageTruth:
    boxes, class_ids = still.boxes_xyxy_px, still.class_ids
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return ImageTruth(boxes, class_ids, np.zeros(len(class_ids), np.bool_), areas)
