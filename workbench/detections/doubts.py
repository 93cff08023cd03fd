"""What in a run's detections and scores says that something is wrong, whatever the settings: told at once, with what to try."""

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.detections.accuracy import Accuracy
from workbench.detections.boxes import FloatArray
from workbench.detections.detections import Detections

NO_AP = 0.0005  # what is shown as .000
COARSE_SCORES = 0.05  # between one score and the next: more leaves no order among detections that AP could count
HIGHEST_SCORE = 1.001  # a probability, and what float16 makes of it
HOW_IT_IS_READ = "look at what its tensors mean with `workbench describe`"


def doubts(
    found: Sequence[Detections],
    accuracy: Accuracy | None,
    raw: Sequence[tuple[FloatArray, FloatArray]],
    *,
    score: float,
    precision: str,
    classes: int,
    score_step: float | None = None,
) -> Iterator[str]:
    """Say what of a run cannot be right, or hardly.

    Args:
        found: In all frames, timed or judged.
        accuracy: Against truth, where that is known.
        raw: Boxes `(…, A, 4)` and scores `(…, A, C)` of some frames before NMS, or `(…, A)` after one that the network does.
        score: The threshold of what was found.
        precision: What the network was run in.
        classes: How many have names.
        score_step: Between the scores that an integer tensor can hold which boxes are in too; `None` where there is none such.

    >>> boxes, scores = np.ones((2, 4)), np.array([[0.2], [np.nan]])
    >>> list(doubts([], None, [(boxes, scores)], score=0.25, precision="float32", classes=1))
    ['50% of its scores are NaN or infinite, in 1 of 1 frames: they count as nothing found']
    """
    yield from _of_scores([scores for _, scores in raw])
    yield from _of_boxes(raw, score)
    highest = max((int(one.class_ids.max(initial=-1)) for one in found), default=-1)
    if highest >= classes:
        yield f"class number {highest} is found, and only {classes} have names, perhaps another model's: say its own in a card"
    lossy = score_step is not None and score_step > COARSE_SCORES
    if lossy:
        yield (
            f"boxes and scores come out in one integer tensor, in steps of {score_step:.2g}: scores of 0..1 are lost in it;"
            " convert the model with an output for each, or with outputs in float"
        )
    integer = "; boxes and scores in one integer tensor lose the scores: try another precision"
    integer = integer if "int" in precision and not lossy else ""
    if found and not any(map(len, found)):
        sound = f"no box with an area and finite sides scores above {score:g}"
        yield f"{sound} in any of {len(found)} frames: try a lower nms.score, or {HOW_IT_IS_READ}{integer}"
    elif accuracy is not None and accuracy.ap is not None and accuracy.ap < NO_AP:
        yield f"AP against {accuracy.truth} is .000: its classes, or what boxes mean, may be others; {HOW_IT_IS_READ}{integer}"


def doubts_of_function(found: Sequence[Detections], accuracy: Accuracy | None) -> Iterator[str]:
    """Say what of a run of the user's own function can hardly be right; what cannot be was refused before."""
    if found and not any(map(len, found)):
        yield f"it finds nothing in any of {len(found)} frames, which it is given in RGB"
    elif accuracy is not None and accuracy.ap is not None and accuracy.ap < NO_AP:
        yield f"AP against {accuracy.truth} is .000: its labels may count other classes, or its boxes other pixels than the frame's"


def _of_scores(scores: Sequence[FloatArray]) -> Iterator[str]:
    bad = sum(not np.isfinite(one).all() for one in scores)
    if bad:
        share = float(np.mean([np.mean(~np.isfinite(one)) for one in scores]))
        yield f"{share:.0%} of its scores are NaN or infinite, in {bad} of {len(scores)} frames: they count as nothing found"
    finite = [one[np.isfinite(one)] for one in scores]
    low, high = (float(pick([pick(one, initial=0.0) for one in finite], initial=0.0)) for pick in (np.min, np.max))
    if low < 0 or high > HIGHEST_SCORE:
        yield f"its scores leave 0..1 ({low:.2g} to {high:.2g}): they may want a sigmoid or softmax, which a card's activation says"


def _of_boxes(raw: Sequence[tuple[FloatArray, FloatArray]], score: float) -> Iterator[str]:
    """Say where boxes that would be found are none."""
    above = [scores > score if scores.ndim < boxes.ndim else (scores > score).any(axis=-1) for boxes, scores in raw]
    bad = [int((one & ~np.isfinite(boxes).all(axis=-1)).sum()) for one, (boxes, _) in zip(above, raw, strict=True)]
    if any(bad):
        frames = f"in {sum(map(bool, bad))} of {len(bad)} frames"
        what = f"{sum(bad)} of {sum(int(one.sum()) for one in above)} boxes that score above {score:g}"
        yield f"{what} are NaN or infinite, {frames}: they count as nothing found"
