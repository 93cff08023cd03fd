"""What in a run cannot be right is said at once."""

from typing import Any

import numpy as np
import pytest

from workbench.detections import Accuracy, Detections, doubts

SOME = Detections(np.array([[0, 0, 9, 9]], np.float32), np.array([0.9], np.float32), np.array([0]))
NONE = Detections.empty()
NOTHING = "no box with an area and finite sides scores above 0.25"


def told_of(found: list[Detections], ap: float | None, scores: list[np.ndarray], **known: Any) -> list[str]:
    raw = [(np.tile(np.float32([0, 0, 9, 9]), (len(one), 1)), one[:, None]) for one in scores]
    return list(doubts(found, accuracy(ap), raw, **{"score": 0.25, "precision": "float32", "classes": 3, **known}))


def accuracy(ap: float | None) -> Accuracy:
    return Accuracy(ap=ap, ap50=ap, ap_small=None, ap_medium=None, ap_large=None, images=2, truth="t.json", score_threshold=0.25)


@pytest.mark.parametrize(
    ("found", "ap", "precision", "said"),
    [
        ([NONE, SOME], 0.4, "float32", ()),
        ([NONE, SOME], None, "float32", ()),
        ([], None, "float32", ()),
        (
            [NONE] * 3,
            None,
            "float32",
            (f"{NOTHING} in any of 3 frames: try a lower nms.score, or look at what",),
        ),
        ([NONE] * 3, 0.0, "int8", (f"{NOTHING} in any of 3 frames",)),
        ([NONE, SOME], 0.0, "float32", ("AP against t.json is .000: its classes, or what boxes mean, may be others",)),
    ],
    ids=["sound", "no truth", "no frame", "nothing", "nothing at int8", "AP of nought"],
)
def test_what_finds_nothing_or_nothing_right_says_so(
    found: list[Detections], ap: float | None, precision: str, said: tuple[str, ...]
) -> None:
    told = told_of(found, ap, [], precision=precision)

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
    told = told_of([SOME], None, [np.array(one, np.float32) for one in scores])

    assert len(told) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(told, said, strict=True))


@pytest.mark.parametrize(
    ("number", "said"),
    [(2, []), (3, ["class number 3 is found, and only 3 have names, perhaps another model's"])],
    ids=["named", "beyond"],
)
def test_a_class_beyond_the_names_is_said(number: int, said: list[str]) -> None:
    found = Detections(SOME.boxes_xyxy_px, SOME.scores, np.array([number]))

    assert [line.partition(":")[0] for line in told_of([NONE, found], None, [])] == said


@pytest.mark.parametrize(
    ("step", "precision", "found", "said"),
    [
        (
            2.5,
            "int8",
            NONE,
            [
                "boxes and scores come out in one integer tensor, in steps of 2.5",
                NOTHING,
            ],
        ),
        (2.5, "int8", SOME, ["boxes and scores come out in one integer tensor, in steps of 2.5"]),
        (0.004, "int8", SOME, []),
        (None, "int8", SOME, []),
    ],
    ids=["pixels, nothing found", "pixels", "fractions", "scores of their own"],
)
def test_one_integer_tensor_for_boxes_and_scores_is_said_of_a_lone_run(
    step: float | None, precision: str, found: Detections, said: list[str]
) -> None:
    told = told_of([found], None, [], precision=precision, score_step=step)

    assert len(told) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(told, said, strict=True))
    assert sum("one integer tensor" in line for line in told) == bool(step and said)


@pytest.mark.parametrize("own_nms", [False, True])
def test_boxes_that_are_no_numbers_are_said_where_they_would_be_found(own_nms: bool) -> None:
    scores = np.float32([0.9, 0.8, 0.1])
    boxes = np.float32([[np.nan, 0, 9, 9], [0, 0, 9, 9], [0, np.inf, 9, 9]])
    raw = [(boxes, scores) if own_nms else (boxes[None], scores[None, :, None])]

    told = list(doubts([SOME], None, raw, score=0.25, precision="float32", classes=3))

    assert told == ["1 of 2 boxes that score above 0.25 are NaN or infinite, in 1 of 1 frames: they count as nothing found"]
