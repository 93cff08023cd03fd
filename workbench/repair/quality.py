"""How right a network in fewer bits is beside the float one, on some frames."""

from collections.abc import Sequence
from itertools import islice
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import (
    SCREENING_DRAWS,
    Accuracy,
    Agreement,
    Detections,
    FloatArray,
    agreement,
    average_precision,
    match,
)
from workbench.detectors import Detector
from workbench.engines import Candidates, OutputReader
from workbench.pipeline import Pipeline, class_thresholds
from workbench.quantising import Difference
from workbench.repair.frames import FrameSet
from workbench.repair.search import Quality
from workbench.settings import Nms

AGREEMENT_OF_AP = 5.0  # boxes about the threshold come and go with the least change, and AP weighs them little: .05 for .01
JUDGING_DRAWS = 1000  # of the frames that judge, which say how sure AP is; see `workbench.detections`
COUNTED_SCORE, COUNTED_LEAST = 0.1, 20  # candidates that scores and boxes are compared of: above that, and so many at least


@final
class Yardstick:
    """Compares networks with the float one on the same frames.

    Args:
        pipeline: The float network's.
        frames: What it is looked for in.
    """

    def __init__(self, pipeline: Pipeline, frames: FrameSet) -> None:
        self._frames = frames
        self._names = [frame.name for frame in frames.frames] if frames.truth is not None else []
        self._found = detections_in(pipeline, frames)
        self.accuracy = self._accuracy(self._found, pipeline, SCREENING_DRAWS)

    def agreement(self, found: Sequence[Detections]) -> Agreement:
        return agreement(found, self._found, baseline_name="float32")

    def quality(self, pipeline: Pipeline) -> Quality:
        """Return what a network loses of AP, or where no truth is known a fifth of what its agreement lacks."""
        found = detections_in(pipeline, self._frames)
        agreed, accuracy = self.agreement(found), self._accuracy(found, pipeline, SCREENING_DRAWS)
        drift = agreed.score_drift or 0.0
        if self.accuracy is None or accuracy is None or not self.accuracy.ap or accuracy.ap is None:
            return Quality(agreement_loss(agreed), drift)
        return Quality(self.accuracy.ap - accuracy.ap, drift)

    def judged(self, pipeline: Pipeline) -> tuple[Agreement, Accuracy | None]:
        """Return how a network agrees and how right it is, with intervals."""
        found = detections_in(pipeline, self._frames)
        return self.agreement(found), self._accuracy(found, pipeline, JUDGING_DRAWS)

    def _accuracy(self, found: Sequence[Detections], pipeline: Pipeline, draws: int) -> Accuracy | None:
        truth, nms, labels = self._frames.truth, pipeline.settings.nms, pipeline.detector.facts.labels
        if truth is None or truth.labels != labels:
            return None
        known = [(one, truth.images[name]) for one, name in zip(found, self._names, strict=True) if name in truth.images]
        if not known:
            return None
        return average_precision(
            *map(list, zip(*known, strict=True)),
            classes=len(labels),
            truth_name=truth.name,
            truth_key=truth.key,
            score_threshold=float(nms.score),
            class_thresholds=class_thresholds(nms, labels),
            draws=draws,
        )


def agreement_loss(agreed: Agreement) -> float:
    """Return what an agreement lacks as a loss of AP. One box in all frames is chance: where there are few, it would decide."""
    boxes = 2 * agreed.matched + agreed.lost + agreed.new
    wrong = agreed.lost + agreed.new + 2 * agreed.class_flips
    return max(0, wrong - 1) / boxes / AGREEMENT_OF_AP if boxes else 0.0


def detections_in(pipeline: Pipeline, some: FrameSet) -> list[Detections]:
    """Return what a pipeline finds in each frame."""
    pipeline.take_threads()
    frames, found = iter(some.frames), list[Detections]()
    while batch := list(islice(frames, pipeline.engine.batch)):
        found.extend(pipeline.detect(batch))
    return found


def difference_of(detector: Detector, nms: Nms, size_hw: tuple[int, int], positions: Sequence[int]) -> Difference:
    """Return what compares the raw outputs of two networks by the boxes and scores that they mean.

    Args:
        detector: What says that.
        nms: Under which outputs are read.
        size_hw: Of the input.
        positions: Of the outputs that are read, in the order of their reader.
    """
    read = OutputReader(detector.meaning, nms, size_hw)

    def difference(right: Sequence[FloatArray], other: Sequence[FloatArray]) -> tuple[float, float]:
        one, two = (read([some[position] for position in positions]) for some in (right, other))
        if isinstance(one, Candidates) and isinstance(two, Candidates):
            return of_candidates(one, two)
        return of_detections(one[0], two[0])  # type: ignore[index] # detections, one image each

    return difference


def of_candidates(right: Candidates, other: Candidates) -> tuple[float, float]:
    """Compare candidates row by row: those that score at all in either, and the best of the first."""
    wanted, found = (np.nan_to_num(one.scores[0], posinf=1.0, neginf=0.0) for one in (right, other))
    best = wanted.max(axis=-1)
    counted = np.maximum(best, found.max(axis=-1)) > COUNTED_SCORE
    counted[np.argsort(-best)[:COUNTED_LEAST]] = True
    scores = np.abs(wanted - found)[counted].max(axis=-1)
    boxes = 1 - _row_iou(right.boxes_xyxy[0][counted], other.boxes_xyxy[0][counted])
    return float(scores.mean()), float(boxes.mean())


def of_detections(right: Detections, other: Detections) -> tuple[float, float]:
    """Compare what networks with their own NMS give: pairs of boxes, and what has no partner, whose score is lost or new."""
    pairs = match(other, right)
    alone = [set(range(len(one))) - {pair[side] for pair in pairs} for side, one in enumerate((other, right))]
    scores = [abs(float(other.scores[row]) - float(right.scores[column])) for row, column, _ in pairs]
    scores += [float(one.scores[row]) for one, rows in zip((other, right), alone, strict=True) for row in rows]
    return float(np.mean(scores or [0.0])), float(np.mean([1 - iou for *_, iou in pairs] or [0.0]))


def _row_iou(one: FloatArray, other: FloatArray) -> NDArray[np.float64]:
    """Return the IoU of boxes row by row; 0 where one is empty or not finite."""
    first, second = (np.nan_to_num(each.astype(np.float64)) for each in (one, other))
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    together = sum(np.maximum(each[:, 2:] - each[:, :2], 0).prod(axis=1) for each in (first, second)) - shared
    return np.asarray(np.divide(shared, together, out=np.zeros_like(shared), where=together > 0))
