"""Outputs after the network's own NMS, recognised by their names."""

from collections.abc import Iterator, Mapping

from workbench.detectors.output_cards import BoxesCard, DetectionsCard
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import activation_of, are_classes, numbered_labels, units_of


def object_detection_api(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """TensorFlow's Object Detection API: outputs named `detection_boxes` and so on."""
    names = {key: name for name in outputs for key in API_NAMES if name.rpartition("/")[2].partition(":")[0] == key}
    if not {"detection_boxes", "detection_scores", "detection_classes"} <= names.keys():
        return
    classes = outputs[names["detection_classes"]]
    tensors = tuple(names[key] for key in API_NAMES[:4] if key in names)
    boxes = outputs[names["detection_boxes"]]
    first_class = int(are_classes(classes) and classes.min() >= 1)
    detections = DetectionsCard(tensors=tensors, order="yxyx", units=units_of(boxes), first_class=first_class)
    raw = _raw_candidates(outputs, names)
    sure = ("the outputs have the names of TensorFlow's Object Detection API",)
    guessed = (f"the first label has number {first_class}",)
    labels = () if raw else numbered_labels(classes - first_class)
    yield OutputReading(
        candidates=raw, detections=detections, fit="letterbox", values="0..255", sure=sure, guessed=guessed, labels=labels
    )


API_NAMES = (
    "detection_boxes",
    "detection_scores",
    "detection_classes",
    "num_detections",
    "raw_detection_boxes",
    "raw_detection_scores",
)


def _raw_candidates(outputs: Outputs, names: Mapping[str, str]) -> BoxesCard | None:
    if not {"raw_detection_boxes", "raw_detection_scores"} <= names.keys():
        return None
    boxes, scores = outputs[names["raw_detection_boxes"]], outputs[names["raw_detection_scores"]]
    if boxes.ndim != 3 or boxes.shape[-1] != BOX or scores.ndim != 3 or boxes.shape[:2] != scores.shape[:2]:
        return None
    # The converter puts a column for the background before the classes; the best candidate tells whether it is there.
    best = outputs[names["detection_classes"]][0, 0]
    row = int(scores[0, :, 1:].max(axis=1).argmax()) if scores.shape[-1] > 1 else 0
    background = scores.shape[-1] > 1 and int(scores[0, row, 1:].argmax()) + 1 == int(best)
    tensors = names["raw_detection_boxes"], names["raw_detection_scores"]
    return BoxesCard(
        tensors=tensors,
        order="yxyx",
        units=units_of(boxes),
        background="first" if background else None,
        activation=activation_of(scores[..., background:]),
    )
