"""How right each class is found, and at which score: precision, recall and F1 at IoU .5, and what is taken for what."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.detections.certainty import Interval, interval_of
from workbench.detections.detections import Detections
from workbench.detections.matches import ClassMatches, KnownBoxes
from workbench.timing import Value

MATCH_IOU = 0.5
CURVE_POINTS = 40  # of a curve that a record keeps: as many as a chart shows apart


@final
class CurvePoint(Value):
    """What detections that score at least so much come to, at IoU .5."""

    score: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.precision + self.recall else 0.0


@final
class ClassAccuracy(Value):
    """How right one class is found; `None` where nothing of it is found, and no precision is known."""

    class_id: int
    """Position in the detector's labels."""
    known: int
    """How many the truth holds, crowds left out."""
    ap: float
    ap_interval: Interval | None = None
    ap50: float
    precision: float | None
    """At the setting's score threshold and IoU .5, as recall."""
    recall: float
    best: CurvePoint | None
    """Where F1 is largest; of equals the lowest score."""
    curve: tuple[CurvePoint, ...] = ()
    """From the highest score to the lowest, thinned out."""


@final
class Confusion(Value):
    """How often a known box was found as a class, at IoU .5, each box in one pair."""

    truth: int | None
    """Class of the known box; `None` where there is none: a false detection."""
    found: int | None
    """Class of the detection; `None` where there is none: it was missed."""
    count: int


def class_accuracies(matches: Sequence[ClassMatches], drawn: FloatArray, ap50: FloatArray) -> tuple[ClassAccuracy, ...]:
    """Return the figures of each class that the truth holds.

    Args:
        matches: One for each class.
        drawn: `(K, D + 1)`, AP of each class over draws, the first of which is the estimate.
        ap50: `(K,)` at IoU .5.
    """
    return tuple(_class_accuracy(*row) for row in zip(matches, drawn, ap50.tolist(), strict=True))


def _class_accuracy(one: ClassMatches, drawn: FloatArray, ap50: float) -> ClassAccuracy:
    known = int(one.known[:, 0].sum())
    points = _curve(one, known)
    best = max(points, key=lambda point: (round(point.f1, 9), -point.score), default=None)
    step = max(1, -(-len(points) // CURVE_POINTS))
    return ClassAccuracy(
        class_id=one.class_id,
        known=known,
        ap=round(float(drawn[0]), 6),
        ap_interval=interval_of(drawn),
        ap50=round(ap50, 6),
        precision=points[-1].precision if points else None,
        recall=points[-1].recall if points else 0.0,
        best=best,
        curve=tuple(points[::-1][::step][::-1]),  # the lowest score is always among them
    )


def _curve(one: ClassMatches, known: int) -> list[CurvePoint]:
    """Return a point for each score that detections have."""
    counts = ~one.ignored[:, 0, 0]
    scores, hits = one.scores[counts], one.matched[counts, 0, 0]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.zeros(0, np.int64)
    right = np.cumsum(hits)[last]
    rows = zip(scores[last].tolist(), (right / (last + 1)).tolist(), (right / max(known, 1)).tolist(), strict=True)
    return [CurvePoint(score=round(s, 4), precision=round(p, 6), recall=round(r, 6)) for s, p, r in rows]


def confusions(found: Sequence[Detections], truth: Sequence[KnownBoxes], classes: int) -> tuple[Confusion, ...]:
    """Count what is taken for what, as supervision's `ConfusionMatrix` does; crowds and classes that nobody knows left out."""
    from supervision.metrics.detection import ConfusionMatrix

    if not classes or not found:
        return ()
    predictions = [np.column_stack([one.boxes_xyxy_px, one.class_ids, one.scores]).astype(np.float32) for one in found]
    targets = [_targets(known, classes) for known in truth]
    matrix = ConfusionMatrix.from_tensors(
        predictions=predictions,
        targets=targets,
        classes=[str(number) for number in range(classes)],
        conf_threshold=0.0,
        iou_threshold=MATCH_IOU,
    ).matrix
    rows, columns = np.nonzero(matrix)
    return tuple(
        Confusion(
            truth=int(row) if row < classes else None,
            found=int(column) if column < classes else None,
            count=int(matrix[row, column]),
        )
        for row, column in zip(rows, columns, strict=True)
    )


def _targets(known: KnownBoxes, classes: int) -> NDArray[np.float32]:
    kept = ~known.iscrowd & (known.class_ids < classes)
    return np.column_stack([known.boxes_xyxy_px[kept], known.class_ids[kept]]).astype(np.float32)
