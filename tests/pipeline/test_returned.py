"""What a user's own function returns, and what is said where it is something else."""

from typing import Any

import numpy as np
import pytest
import supervision

from workbench.detections import Detections
from workbench.errors import ModelError
from workbench.pipeline.returned import read_returned

LABELS = ("disc", "square", "cross")
BOXES = [[1.0, 2.0, 30.0, 40.0], [5.0, 6.0, 70.0, 80.0]]
SCORES = [0.4, 0.8]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param((BOXES, SCORES, [1, 2]), id="lists"),
        pytest.param([np.array(BOXES), np.array(SCORES), np.array([1.0, 2.0], np.float32)], id="arrays with labels in float"),
        pytest.param((BOXES, SCORES, ["square", "cross"]), id="names"),
        pytest.param({"labels": [1, 2], "scores": SCORES, "boxes": BOXES, "masks": None}, id="mapping"),
        pytest.param(Detections(np.float32(BOXES), np.float32(SCORES), np.int64([1, 2])), id="detections"),
        pytest.param(
            supervision.Detections(xyxy=np.array(BOXES), confidence=np.array(SCORES), class_id=np.array([1, 2])), id="supervision"
        ),
    ],
)
def test_all_forms_mean_the_same_and_the_best_score_comes_first(given: object) -> None:
    found = read_returned(given, LABELS)

    np.testing.assert_allclose(found.boxes_xyxy_px, np.float32(BOXES)[::-1])
    np.testing.assert_allclose(found.scores, np.float32([0.8, 0.4]))
    assert found.class_ids.tolist() == [2, 1]


@pytest.mark.parametrize("given", [([], [], []), (np.zeros((0, 4)), np.zeros(0), np.zeros(0)), Detections.empty()])
def test_nothing_found_is_no_error(given: object) -> None:
    assert len(read_returned(given, LABELS)) == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param(None, "gives NoneType; return boxes (n, 4) as x1, y1, x2, y2 in pixels", id="nothing"),
        pytest.param((BOXES, SCORES), "gives tuple of 2; return", id="two parts"),
        pytest.param({"boxes": BOXES, "conf": SCORES}, "a mapping of boxes, conf, without scores and labels; return", id="keys"),
        pytest.param((BOXES[0], SCORES[:1], [1]), "boxes [4], scores [1] and labels [1]; return", id="one flat box"),
        pytest.param((BOXES, SCORES[:1], [1, 2]), "boxes [2, 4], scores [1] and labels [2]; return", id="too few scores"),
        pytest.param(([BOXES[0], [1, 2]], SCORES, [1, 2]), "boxes that are no array", id="unequal rows"),
        pytest.param(([[1, 2, np.nan, 4]], [0.5], [1]), "gives a box [1.0, 2.0, nan, 4.0]; return", id="nan"),
        pytest.param((BOXES, [0.5, 7.5], [1, 2]), "gives a score 7.5; return", id="logits"),
        pytest.param((BOXES, [0.5, np.inf], [1, 2]), "gives a score inf; return", id="infinite"),
        pytest.param(([[30, 40, 10, 20]], [0.5], [1]), "whose x2 or y2 is less than its x1 or y1; return", id="width and height"),
        pytest.param(([[0.1, 0.2, 0.3, 0.4]], [0.5], [1]), "gives boxes within 0..1, such as", id="fractions"),
        pytest.param((BOXES, SCORES, [1, 3]), "gives label 3, and there are 3, counted from 0; return", id="beyond the labels"),
        pytest.param((BOXES, SCORES, [1, -1]), "gives a label np.int64(-1)", id="negative"),
        pytest.param((BOXES, SCORES, [1, 1.5]), "gives a label np.float64(1.5)", id="between two"),
        pytest.param((BOXES, SCORES, ["disc", ""]), "gives the label ''; known are disc, square, cross", id="no name"),
        pytest.param((BOXES, SCORES, ["disc", "dis\x1b[31mc"]), r"label 'dis\x1b[31mc'; known are disc, square, cross", id="name"),
        pytest.param((["a", "b"], SCORES, [1, 2]), "boxes [2], scores [2] and labels [2]; return", id="words for boxes"),
    ],
)
def test_what_is_wrong_is_told_with_what_came_and_what_is_right(given: Any, told: str) -> None:
    with pytest.raises(ModelError) as raised:
        read_returned(given, LABELS)

    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_names_numbers_stand_for_themselves() -> None:
    assert read_returned((BOXES, SCORES, [7, 90]), ()).class_ids.tolist() == [90, 7]
    with pytest.raises(ModelError, match="no names are known here"):
        read_returned((BOXES, SCORES, ["car", "dog"]), ())


def test_boxes_that_fill_up_a_fixed_number_are_no_fractions() -> None:
    assert len(read_returned((np.zeros((3, 4)), np.zeros(3), np.zeros(3)), LABELS)) == 3
