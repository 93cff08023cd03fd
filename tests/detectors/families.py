"""The families of detectors that people bring, what reads each, and the form that shows it: the table in docs/detectors.md."""

import tomllib
from collections.abc import Iterable
from typing import NamedTuple

from tests.detectors.asset_cards import ALONE, CARDS
from tests.detectors.forms import FORMS
from tests.detectors.level_forms import forms
from tests.detectors.level_wrappings import LEVEL_FORMS
from tests.detectors.test_level_outputs import FIRST
from tests.detectors.test_wrappings import READ
from workbench.detections import Detections

WRITTEN = forms(Detections.empty(), (64, 96), 3)  # detections written down as a family does: no weights put them out
HEAD = "| family | kind | what is needed | shown with |\n|---|---|---|---|\n"


class Family(NamedTuple):
    """A line of the table.

    Attributes:
        name: What its users call it.
        kind: Of its card; `detections` after an NMS of its own.
        form: What the tests call it in which it is shown: files in `READ`, `FORMS` and `LEVEL_FORMS` carry the sample's weights,
            those in `ALONE` and `CARDS` their own, `WRITTEN` none.
        note: More on what is needed.
    """

    name: str
    kind: str
    form: str
    note: str = ""

    def fields(self) -> tuple[str, ...]:
        """Name what a card has to say beside `kind` and `tensors`, where the family is not read without one."""
        if self.form in CARDS:
            said: Iterable[str] = tomllib.loads(CARDS[self.form])["candidates"]
        elif self.form in LEVEL_FORMS:
            said = () if LEVEL_FORMS[self.form].recognised else LEVEL_FORMS[self.form].candidates
        else:
            said = () if self.form not in WRITTEN or self.form in FIRST else WRITTEN[self.form].card
        return tuple(name for name in said if name not in {"kind", "tensors"})

    def line(self) -> str:
        fields = self.fields()
        words = [f"a card: {', '.join(f'`{name}`' for name in fields)}" if fields else "nothing", *filter(None, (self.note,))]
        own = self.form in CARDS or self.form in ALONE
        weights = "its own weights" if own else "form only" if self.form in WRITTEN else "the sample's weights"
        return f"| {self.name} | `{self.kind}` | {'; '.join(words)} | {weights} |\n"


FAMILIES = (
    Family("YOLOv5, YOLOv7", "rows", "yolov5"),
    Family("YOLOv8, YOLO11, YOLO12", "rows", "yolov8"),
    Family("YOLOv10, YOLO26: end to end", "detections", "end to end"),
    Family("YOLOv7 with its NMS", "detections", "YOLOv7 with NMS"),
    Family("PaddleDetection with its NMS", "detections", "PaddleDetection"),
    Family("EfficientDet of google/automl with its NMS", "detections", "automl"),
    Family("YOLO segment", "rows", "YOLO segment", "masks are left out"),
    Family("YOLO pose", "rows", "YOLO pose", "key points are left out"),
    Family("YOLO obb", "rows", "YOLO obb", "the upright box is read"),
    Family("YOLOX", "yolox", "yolox_nano_416_float16_quantize.tflite"),
    Family("YOLOX with other levels", "yolox", "YOLOX"),
    Family("YOLOv3", "yolo-maps", "yolov3", "`anchors` where they were trained anew"),
    Family("YOLOv3-tiny", "yolo-maps", "yolov3-tiny"),
    Family("YOLOv4", "yolo-maps", "YOLOv4 maps", '`anchors = "yolov4"` for its own'),
    Family("YOLOv5, raw maps", "yolo-maps", "yolov5 maps", "as for YOLOv3"),
    Family("YOLOv5, YOLOv7, raw maps with anchors of one's own", "yolo-maps", "YOLOv5 maps", '`anchors = "yolov4"` for YOLOv7\'s'),
    Family("YOLOv8, YOLO11, raw maps", "distances", "YOLOv8 maps"),
    Family("NanoDet-Plus", "distances", "NanoDet"),
    Family("FCOS without centerness", "distances", "FCOS"),
    Family("EfficientDet", "ssd", "EfficientDet"),
    Family("EfficientDet-Lite", "ssd", "EfficientDet-Lite", "nothing at 320, 384 and 448 pixels"),
    Family("KerasCV's RetinaNet", "ssd", "KerasCV RetinaNet"),
    Family("KerasHub's RetinaNet", "ssd", "KerasHub RetinaNet"),
    Family("SSD MobileNet before its NMS", "ssd", "SSD MobileNet", "nothing where its levels are the usual six"),
    Family("SSD MobileNet FPNLite before its NMS", "ssd", "SSD with a pyramid"),
    Family("SSD with anchors of one's own", "ssd", "SSD, TensorFlow's order"),
    Family("MediaPipe's face, palm and pose", "ssd", "MediaPipe", "nothing at their own sizes"),
    Family("Ultra-Light-Fast face detector", "ssd", "ultralight_face_RFB_320_nopost.tflite"),
    Family("AIZOO's face masks", "ssd", "aizoo_face_mask_detection.tflite"),
    Family("Object Detection API", "detections", "detection API"),
    Family("Object Detection API with raw outputs", "boxes", "detection API, raw", "its own NMS can be chosen too"),
    Family("LiteRT's post-processing (Coral, EfficientDet-Lite)", "detections", "post-processing"),
    Family("Mobile object localizer", "detections", "mobile_object_localizer_v1_192.tflite"),
    Family("DETR", "detr", "DETR"),
    Family("RT-DETR, RF-DETR, D-FINE", "detr", "RT-DETR, RF-DETR, D-FINE"),
    Family("KerasHub's D-FINE", "detr", "KerasHub D-FINE"),
    Family("RT-DETR of Ultralytics: one output", "rows", "RT-DETR, one output", "an NMS does no harm, `nms.method=none` serves"),
    Family("KerasCV with its decoder", "detections", "KerasCV"),
    Family("KerasHub with its decoder", "detections", "KerasHub"),
    Family("torchvision's Faster R-CNN, RetinaNet, SSD", "detections", "torchvision"),
    Family("Decoded boxes and scores", "boxes", "planar"),
    Family("Decoded boxes and logits", "boxes", "boxes and logits"),
    Family("Decoded boxes and softmax scores, nothing first or last", "boxes", "logits, background last"),
    Family("Decoded boxes, best score and class", "class-ids", "boxes, scores, class ids"),
    Family("As many rows as are found", "boxes", "rows that vary"),
)
CARRIED = {*READ, *FORMS, *LEVEL_FORMS, *CARDS, *ALONE}
"""Forms with weights, over which the slow tests go: the same AP as the sample's, or what is on photographs."""


def table() -> str:
    return HEAD + "".join(family.line() for family in FAMILIES)
