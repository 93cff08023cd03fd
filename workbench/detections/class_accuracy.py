"""How right each class is found, and at which score: precision, recall and F1 at IoU .5, and what is taken for what."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.detections.certainty import Interval, interval_of
from workbench.detections.detections import Detections
from workbench.detections.image_truth import ImageTruth
from workbench.detections.matches import ClassMatches
from workbench.timing import Value

MATCH_IOU = 0.5
CURVE_POINTS = 40  # of a curve that a record keeps: as many as a chart shows apart
CURVE_SCORE = 0.05  # that curves go down to, below the setting's own: what evaluations keep to, and more would flood NMS


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
    threshold: float | None = None
    """Of scores, where classes have their own."""
    best: CurvePoint | None
    """Where F1 is largest; of equals the lowest score. It may be below the setting's."""
    curve: tuple[CurvePoint, ...] = ()
    """From the highest score to the lowest, thinned out; below the setting's too where the network's outputs show what is there."""


@final
class Confusion(Value):
    """How often a known box was found as a class, at IoU .5, each box in one pair."""

    truth: int | None
    """Class of the known box; `None` where there is none: a false detection."""
    found: int | None
    """Class of the detection; `None` where there is none: it was missed."""
    count: int


def class_accuracies(
    matches: Sequence[ClassMatches],
    lower: Sequence[ClassMatches],
    drawn: FloatArray,
    ap50: FloatArray,
    thresholds: FloatArray | None = None,
) -> tuple[ClassAccuracy, ...]:
    """Return the figures of each class that the truth holds.

    Args:
        matches: One for each class.
        lower: The same, of what a lower score threshold leaves: what curves are made of.
        drawn: `(K, D + 1)`, AP of each class over draws, the first of which is the estimate.
        ap50: `(K,)` at IoU .5.
        thresholds: Of scores, by class id, where classes have their own.
    """
    own = [None if thresholds is None else round(float(thresholds[one.class_id]), 6) for one in matches]
    return tuple(_class_accuracy(*row) for row in zip(matches, lower, drawn, ap50.tolist(), own, strict=True))


def _class_accuracy(
    one: ClassMatches, lower: ClassMatches, drawn: FloatArray, ap50: float, threshold: float | None
) -> ClassAccuracy:
    known = int(one.known[:, 0].sum())
    own, curve = _curve(one, known), _curve(lower, known)
    return ClassAccuracy(
        class_id=one.class_id,
        known=known,
        ap=round(float(drawn[0]), 6),
        ap_interval=interval_of(drawn),
        ap50=round(ap50, 6),
        precision=round(float(own[-1, 1]), 6) if len(own) else None,
        recall=round(float(own[-1, 2]), 6) if len(own) else 0.0,
        threshold=threshold,
        best=_points(curve[_best(curve)])[0] if len(curve) else None,
        curve=_points(curve[_thinned(curve)]),
    )


def _curve(one: ClassMatches, known: int) -> NDArray[np.float64]:
    """Return score, precision and recall `(n, 3)` for each score that detections have, the highest first."""
    counts = ~one.ignored[:, 0, 0]
    scores, hits = one.scores[counts].astype(np.float64), one.matched[counts, 0, 0]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.zeros(0, np.int64)
    right = np.cumsum(hits)[last]
    return np.column_stack([scores[last], right / (last + 1), right / max(known, 1)])


def _best(curve: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of the largest F1; of equals the lowest score."""
    _, precision, recall = curve.T
    f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros(len(curve)), where=precision + recall > 0)
    return np.flatnonzero(f1 >= f1.max() - 1e-9)[-1:]


def _thinned(curve: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the last row of each of equal steps of score, and of recall: where one curve is flat the other is steep."""
    steps = np.minimum(curve[::-1, [0, 2]] * (CURVE_POINTS // 2), CURVE_POINTS // 2 - 1).astype(np.int64)
    ends = [np.unique(column, return_index=True)[1] for column in steps.T]
    return np.unique(len(curve) - 1 - np.concatenate(ends))


def _points(rows: NDArray[np.float64]) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(score=round(s, 4), precision=round(p, 6), recall=round(r, 6)) for s, p, r in rows.tolist())


def confusions(found: Sequence[Detections], truth: Sequence[ImageTruth], classes: int) -> tuple[Confusion, ...]:
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


def _targets(known: ImageTruth, classes: int) -> NDArray[np.float32]:
    kept = ~known.iscrowd & (known.class_ids < classes)
    return np.column_stack([known.boxes_xyxy_px[kept], known.class_ids[kept]]).astype(np.float32)
