"""How right the detections are: average precision against truth, agreement with a baseline, and whether a setting is broken."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray, pairwise_iou
from workbench.detections.certainty import (
    FEW_IMAGES,
    TOLERANCE,
    ApChange,
    Interval,
    change_interval,
    interval_of,
    packed,
    share_interval,
    unpacked,
)
from workbench.detections.class_accuracy import ClassAccuracy, Confusion, class_accuracies, confusions
from workbench.detections.detections import Detections
from workbench.detections.image_truth import ImageTruth
from workbench.detections.judged_by import JudgedBy
from workbench.detections.matches import COUNTED, match_classes
from workbench.detections.resampling import DRAWS, draw
from workbench.detections.thresholds import ScoreGain, score_gains
from workbench.timing import Value

MATCH_IOU = 0.5
ENOUGH_BOXES = 10  # of the baseline in all frames: with fewer, two or three borderline boxes would decide about a setting
AGREEMENT_FLOOR = 0.5  # below it more boxes differ than agree; rounding (float16, int8 that works) stays above .8
FOUND_FLOOR = 0.5  # of the baseline's boxes, with their class; the F1 above forgives two lost of three where none is new
IOU_FLOOR = 0.7  # mean over matched boxes; a sound int8 box is within a few pixels, above .9, and .5 is where matching itself ends
AP_SHARE_FLOOR = 0.5  # of the baseline's AP: a user who trades accuracy for speed sets a limit, half gone is a defect


class Accuracy(Value):
    """Average precision against ground truth, COCO's definitions, in fractions; `None` where no truth of that size exists."""

    ap: float | None
    ap50: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    images: int
    truth: str
    """Which truth: its file's name."""
    truth_key: str | None = None
    """Equal for truths of equal content; records of 0.1.0 have none."""
    score_threshold: float
    """Detections that scored less were not there to be counted."""
    intervals: Mapping[str, Interval] = {}
    """Of each of these figures, by its name; records of 0.1.0 have none."""
    independent: int | None = None
    """How many groups of images were drawn, where neighbours in a video are no evidence of their own."""
    judged_on: str | None = None
    """What is equal where the same images were judged with the same truth."""
    draws: str = ""
    """AP over draws of these images, the same draws for all settings: what the interval of a change is made of; see `packed`."""
    classes: tuple[ClassAccuracy, ...] = ()
    """Of each class that the truth holds."""
    confusions: tuple[Confusion, ...] = ()
    """What was taken for what; what is not here did not happen."""
    score_gains: tuple[ScoreGain, ...] = ()
    """What other score thresholds bring, where they bring anything."""

    @property
    def judged_by(self) -> JudgedBy:
        return JudgedBy(self.truth, self.truth_key)

    @property
    def few_images(self) -> bool:
        """Whether AP reads high, and its interval holds the truth less often than it says."""
        return (self.independent or self.images) < FEW_IMAGES


class Agreement(Value):
    """How two settings' detections on the same frames agree, with no truth needed."""

    baseline: str
    baseline_id: str | None = None
    """The record of the baseline; records of 0.1.0 know its name alone."""
    frames: int
    matched: int
    """Pairs of boxes of any class at IoU of at least .5, each box in one pair."""
    lost: int
    """Boxes of the baseline without a partner."""
    new: int
    """Boxes without a partner in the baseline."""
    class_flips: int
    """Matched pairs whose classes differ."""
    score_drift: float | None
    """Mean score of the matched boxes minus that of their partners."""
    mean_iou: float | None
    ratio: float
    """Matched pairs with equal class, as F1: `2·same / (2·matched + lost + new)`; 1 where neither found anything."""
    interval: Interval | None = None
    """Of the ratio over such frames; `None` where no frame differs, or all are alike, and in records of before."""
    broken: bool
    """Whether the setting breaks the detector, however fast it is."""
    reasons: tuple[str, ...] = ()


def average_precision(
    found: Sequence[Detections],
    truth: Sequence[ImageTruth],
    *,
    classes: int,
    truth_name: str,
    score_threshold: float,
    truth_key: str | None = None,
    groups: NDArray[np.int64] | None = None,
    draws: int = DRAWS,
    lower: Sequence[Detections] | None = None,
    class_thresholds: FloatArray | None = None,
) -> Accuracy:
    """Return COCO's average precision of what was found in each image, and how sure it is.

    Small is an area below 32², large one of at least 96² pixels of the original image. Only the best `COUNTED` detections of each
    class and image count; crowds count neither way. A class of which the truth holds no box has no precision: what is found of it
    is not judged, and the mean is over the other classes. Nothing found at all gives 0.

    Args:
        found: One per image.
        truth: One per image, in the same order.
        classes: How many classes the detector knows; others in the truth are left out.
        truth_name: What to call the truth.
        score_threshold: What the detections were filtered with.
        truth_key: Of the truth's content.
        groups: `(images,)`, a number for each image: those of one number are alike, as neighbours in a video, and drawn together.
        draws: How many draws of the images say how sure the figures are.
        lower: What a lower threshold leaves, one per image: curves of precision, recall and F1 then go below `score_threshold`.
        class_thresholds: Of each class, where they have their own; `score_threshold` is then the least.

    Raises:
        ValueError: Not one truth for each image.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    annotations = _truth_annotations(found, truth, classes)
    known = [row for row in annotations if not row["iscrowd"]]
    figures: dict[str, float | None] = dict.fromkeys(("ap", "ap50", "ap_small", "ap_medium", "ap_large"))
    if known:
        images = [{"id": position + 1} for position in range(len(found))]
        categories = [{"id": number, "name": str(number)} for number in range(classes)]
        everything = COCO({"images": images, "categories": categories, "annotations": annotations}, print_function=_silent)
        results = everything.loadRes(_result_rows(found))
        evaluation = COCOeval_faster(everything, results, "bbox", print_function=_silent)
        evaluation.run()
        ap, ap50, _, small, medium, large = (None if figure < 0 else float(figure) for figure in evaluation.stats[:6])
        figures = {"ap": ap, "ap50": ap50, "ap_small": small, "ap_medium": medium, "ap_large": large}
    matches = match_classes(found, truth, classes)
    drawn = draw(matches, len(found), groups, draws)
    whole = draws >= DRAWS and bool(matches)  # where hundreds of settings are judged, this is for those that are measured whole
    below = match_classes(lower, truth, classes) if whole and lower is not None else matches
    known_classes = class_accuracies(matches, below, drawn.classes, drawn.classes_ap50[:, 0], class_thresholds) if whole else ()
    own = [score_threshold if class_thresholds is None else float(class_thresholds[one.class_id]) for one in matches]
    by_figure = dict(zip(figures, (drawn.ap[0], drawn.ap50, *drawn.ap[1:]), strict=True))
    return Accuracy(
        **figures,
        images=len(found),
        truth=truth_name,
        truth_key=truth_key,
        score_threshold=score_threshold,
        intervals={name: one for name, values in by_figure.items() if (one := interval_of(values)) is not None},
        independent=None if groups is None else len(np.unique(groups)),
        judged_on=_key_of(truth, groups),
        draws=packed(drawn.ap[0]) if known else "",
        classes=known_classes,
        confusions=confusions(found, truth, classes) if whole else (),
        score_gains=score_gains(below, own, len(found), groups, draws) if whole else (),
    )


def compare_ap(new: Accuracy | None, old: Accuracy | None, tolerance: float = TOLERANCE) -> ApChange | None:
    """Return how much more AP one setting has than another; `None` where either is unknown, or they were judged by other truths."""
    if new is None or old is None or new.ap is None or old.ap is None or not new.judged_by.is_same_truth(old.judged_by):
        return None
    paired = new.judged_on is not None and new.judged_on == old.judged_on
    interval = change_interval(unpacked(new.draws, new.ap), unpacked(old.draws, old.ap)) if paired else None
    few = new.few_images or old.few_images
    return ApChange(change=new.ap - old.ap, interval=interval, images=new.images, few_images=few, tolerance=tolerance)


def _key_of(truth: Sequence[ImageTruth], groups: NDArray[np.int64] | None) -> str:
    """Return what is equal for the same known boxes in the same order, drawn in the same groups."""
    hashed = hashlib.sha256(b"" if groups is None else groups.astype("<i8").tobytes())
    for one in truth:
        for part in (one.boxes_xyxy_px.astype("<f4"), one.class_ids.astype("<i8"), one.iscrowd):
            hashed.update(len(part).to_bytes(8, "little") + part.tobytes())
    return hashed.hexdigest()[:16]


def uncounted(found: Sequence[Detections]) -> tuple[str, ...]:
    """Say where images hold more detections of a class than average precision counts."""
    crowded = sum(len(one) > 0 and int(np.bincount(one.class_ids).max()) > COUNTED for one in found)
    if not crowded:
        return ()
    return (f"average precision counts the best {COUNTED} of a class in an image; {crowded} of {len(found)} images hold more",)


def _truth_annotations(found: Sequence[Detections], truth: Sequence[ImageTruth], classes: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for image, (_, known) in enumerate(zip(found, truth, strict=True), start=1):
        boxes = _xywh(known.boxes_xyxy_px)
        for box, number, crowd, area in zip(boxes, known.class_ids, known.iscrowd, known.areas_px, strict=True):
            if int(number) < classes:
                row = {"id": len(rows) + 1, "image_id": image, "category_id": int(number), "bbox": box}
                rows.append(row | {"area": float(area), "iscrowd": int(crowd)})
    return rows


def _result_rows(found: Sequence[Detections]) -> list[dict[str, Any]]:
    return [
        {"image_id": image, "category_id": number, "bbox": box, "score": score}
        for image, one in enumerate(found, start=1)
        for box, score, number in zip(_xywh(one.boxes_xyxy_px), one.scores.tolist(), one.class_ids.tolist(), strict=True)
    ]


def _xywh(boxes_xyxy: FloatArray) -> list[list[float]]:
    boxes = boxes_xyxy.astype(np.float64)
    return [*np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist()]


def _silent(_: object) -> None:
    pass


def match(found: Detections, baseline: Detections) -> list[tuple[int, int, float]]:
    """Pair boxes greedily: `(row in found, row in baseline, IoU)`, each row at most once.

    Pairs of equal class come first and then the highest IoU, so that two classes found on one object do not pass for two flips.
    """
    iou = pairwise_iou(found.boxes_xyxy_px, baseline.boxes_xyxy_px)
    rows, columns = np.nonzero(iou >= MATCH_IOU)
    same = found.class_ids[rows] == baseline.class_ids[columns]
    pairs: list[tuple[int, int, float]] = []
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    for place in np.lexsort((columns, rows, -iou[rows, columns], ~same)):
        row, column = int(rows[place]), int(columns[place])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column, float(iou[row, column])))
    return pairs


class FrameMatch(NamedTuple):
    """How two settings' detections in one frame match."""

    matched: int
    same: int
    """Of these, pairs of one class."""
    lost: int
    new: int
    ious: float
    """Summed over the matched pairs."""
    drifts: float
    """Differences of scores, summed over the matched pairs."""


def match_frame(found: Detections, baseline: Detections) -> FrameMatch:
    """Match detections with a baseline's in the same frame."""
    pairs = match(found, baseline)
    return FrameMatch(
        matched=len(pairs),
        same=sum(int(found.class_ids[row] == baseline.class_ids[column]) for row, column, _ in pairs),
        lost=len(baseline) - len(pairs),
        new=len(found) - len(pairs),
        ious=sum(iou for _, _, iou in pairs),
        drifts=sum(float(found.scores[row]) - float(baseline.scores[column]) for row, column, _ in pairs),
    )


def agreement(found: Sequence[Detections], baseline: Sequence[Detections], *, baseline_name: str) -> Agreement:
    """Compare detections with a baseline's on the same frames; whether that is broken is judged without truth.

    Raises:
        ValueError: Not the same number of frames.
    """
    matches = [match_frame(one, other) for one, other in zip(found, baseline, strict=True)]
    return agreement_of(matches, baseline_name=baseline_name)


def agreement_of(
    matches: Sequence[FrameMatch],
    *,
    baseline_name: str,
    baseline_id: str | None = None,
    groups: NDArray[np.int64] | None = None,
) -> Agreement:
    """Add up how frames match; see `agreement`.

    Args:
        matches: One for each frame.
        baseline_name: What the baseline is called.
        baseline_id: The record of the baseline.
        groups: `(frames,)`, a number for each frame: those of one number are alike, as neighbours in a video.
    """
    total = FrameMatch(*map(sum, zip(*matches, strict=True))) if matches else FrameMatch(0, 0, 0, 0, 0.0, 0.0)
    boxes = 2 * total.matched + total.lost + total.new
    result = Agreement(
        baseline=baseline_name,
        baseline_id=baseline_id,
        frames=len(matches),
        matched=total.matched,
        lost=total.lost,
        new=total.new,
        class_flips=total.matched - total.same,
        score_drift=total.drifts / total.matched if total.matched else None,
        mean_iou=total.ious / total.matched if total.matched else None,
        ratio=2 * total.same / boxes if boxes else 1.0,
        interval=_interval_of(matches, groups),
        broken=False,
    )
    return with_reasons(result)


def _interval_of(matches: Sequence[FrameMatch], groups: NDArray[np.int64] | None) -> Interval | None:
    counts = np.array([[2 * one.same, 2 * one.matched + one.lost + one.new] for one in matches], np.float64).reshape(-1, 2)
    return share_interval(counts[:, 0], counts[:, 1], groups)


def with_reasons(agreed: Agreement, accuracy: Accuracy | None = None, baseline_accuracy: Accuracy | None = None) -> Agreement:
    """Return the agreement with `broken` and `reasons` set from all that is known."""
    reasons = break_reasons(accuracy, baseline_accuracy, agreed)
    return agreed.model_copy(update={"broken": bool(reasons), "reasons": reasons})


def break_reasons(accuracy: Accuracy | None, baseline_accuracy: Accuracy | None, agreed: Agreement | None) -> tuple[str, ...]:
    """Say why a setting breaks the detector, in words; nothing where it does not.

    Truth decides where both have an AP on the same truth; agreement stands in for it elsewhere, because a lower score threshold or
    another resolution may find more and be right.
    """
    if (
        accuracy
        and baseline_accuracy
        and accuracy.judged_by.is_same_truth(baseline_accuracy.judged_by)
        and baseline_accuracy.ap
        and accuracy.ap is not None
    ):
        return _accuracy_reasons(accuracy, baseline_accuracy)
    return _agreement_reasons(agreed) if agreed else ()


def _accuracy_reasons(accuracy: Accuracy, baseline: Accuracy) -> tuple[str, ...]:
    figures = (("AP", accuracy.ap, baseline.ap), ("AP50", accuracy.ap50, baseline.ap50))
    return tuple(
        f"{name} falls from {before:.3f} to {after:.3f}, below {AP_SHARE_FLOOR:.0%} of the baseline's"
        for name, after, before in figures
        if after is not None and before is not None and after < AP_SHARE_FLOOR * before
    )


def _agreement_reasons(agreed: Agreement) -> tuple[str, ...]:
    before = agreed.matched + agreed.lost
    if before < ENOUGH_BOXES:
        return ()
    if not agreed.matched and not agreed.new:
        return (f"all {before} detections of {agreed.baseline} are lost",)
    reasons = []
    same = agreed.matched - agreed.class_flips
    if agreed.ratio < AGREEMENT_FLOOR or same < FOUND_FLOOR * before:
        reasons.append(
            f"only {same} of the {before} boxes of {agreed.baseline} are found again with their class"
            f" ({agreed.lost} lost, {agreed.class_flips} changed class), {agreed.new} boxes are new"
        )
    if agreed.mean_iou is not None and agreed.mean_iou < IOU_FLOOR:
        reasons.append(f"the matched boxes overlap those of {agreed.baseline} by only {agreed.mean_iou:.2f} (IoU)")
    return tuple(reasons)
