"""What in a run cannot be right is said at once."""

import numpy as np
import pytest

from workbench.detections import Accuracy, Detections, doubts

SOME = Detections(np.array([[0, 0, 9, 9]], np.float32), np.array([0.9], np.float32), np.array([0]))
NONE = Detections.empty()


def accuracy(ap: float | None) -> Accuracy:
    return Accuracy(ap=ap, ap50=ap, ap_small=None, ap_medium=None, ap_large=None, images=2, truth="t.json", score_threshold=0.25)


@pytest.mark.parametrize(
    ("found", "ap", "precision", "said"),
    [
        ([NONE, SOME], 0.4, "float32", ()),
        ([NONE, SOME], None, "float32", ()),
        ([], None, "float32", ()),
        ([NONE] * 3, None, "float32", ("nothing scores above 0.25 in any of 3 frames: try a lower nms.score, or look at what",)),
        ([NONE] * 3, 0.0, "int8", ("nothing scores above 0.25 in any of 3 frames",)),
        ([NONE, SOME], 0.0, "float32", ("AP against t.json is .000: its classes, or what boxes mean, may be others",)),
    ],
    ids=["sound", "no truth", "no frame", "nothing", "nothing at int8", "AP of nought"],
)
def test_what_finds_nothing_or_nothing_right_says_so(
    found: list[Detections], ap: float | None, precision: str, said: tuple[str, ...]
) -> None:
    told = list(doubts(found, accuracy(ap), [], 0.25, precision))

    assert len(told) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(told, said, strict=True))
    assert all(("one integer tensor" in line) == (precision == "int8") for line in told)
    assert all(len(line) < 400 for line in told)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([[0.0, 1.0]], ()),
        ([[np.nan, np.nan]], ("100% of its scores are NaN or infinite, in 1 of 1 frames",)),
        ([[0.5, 0.5], [np.nan, 0.5]], ("25% of its scores are NaN or infinite, in 1 of 2 frames",)),
        ([[-37.0, 5.9]], ("its scores leave 0..1 (-37 to 5.9): they may want a sigmoid or softmax",)),
    ],
    ids=["sound", "all NaN", "some NaN", "logits"],
)
def test_scores_that_are_none_are_said(scores: list[list[float]], said: tuple[str, ...]) -> None:
    told = list(doubts([SOME], None, [np.array(one, np.float32) for one in scores], 0.25, "float32"))

    assert len(told) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(told, said, strict=True))
