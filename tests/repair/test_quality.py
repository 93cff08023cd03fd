"""How far apart two networks' answers are, and which frames guide and judge."""

import numpy as np
import pytest

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.repair.quality import of_candidates, of_detections


def candidates(boxes: list[list[float]], scores: list[list[float]]) -> Candidates:
    return Candidates(np.array([boxes], np.float32), np.array([scores], np.float32))


BOXES = [[0, 0, 10, 10], [20, 20, 40, 30]]
RIGHT = candidates(BOXES, [[0.9, 0.0], [0.0, 0.5]])


@pytest.mark.parametrize(
    ("other", "scores", "boxes"),
    [
        (RIGHT, 0.0, 0.0),
        (candidates(BOXES, [[0.7, 0.0], [0.0, 0.5]]), 0.1, 0.0),
        (candidates(BOXES, [[0.9, 0.0], [0.5, 0.0]]), 0.25, 0.0),
        (candidates([[0, 0, 10, 5], BOXES[1]], [[0.9, 0.0], [0.0, 0.5]]), 0.0, 0.25),
        (candidates([[0, 0, 0, 0]] * 2, [[0.9, 0.0], [0.0, 0.5]]), 0.0, 1.0),
        (candidates([[np.nan] * 4] * 2, [[np.nan, 0.0], [0.0, 0.5]]), 0.45, 1.0),
    ],
    ids=["the same", "a score falls", "a class changes", "a box is halved", "boxes collapse", "not finite"],
)
def test_candidates_are_compared_row_by_row(other: Candidates, scores: float, boxes: float) -> None:
    assert of_candidates(RIGHT, other) == pytest.approx((scores, boxes), abs=1e-6)


def test_rows_that_neither_network_gives_a_score_do_not_count() -> None:
    many = candidates(BOXES + [[0, 0, 5, 5]] * 100, [[0.9], [0.5]] + [[0.0]] * 100)
    moved = candidates(BOXES + [[9, 9, 15, 15]] * 100, [[0.9], [0.5]] + [[0.0]] * 100)
    ghosts = candidates(BOXES + [[0, 0, 5, 5]] * 100, [[0.9], [0.5]] + [[0.8]] * 100)

    assert of_candidates(many, moved)[1] < 1, "only the best of them"
    assert of_candidates(many, ghosts)[0] > 0.7, "what appears where nothing was does"


def detections(boxes: list[list[float]], scores: list[float]) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.zeros(len(scores), np.int64))


def test_detections_are_paired_and_those_alone_count_whole() -> None:
    right = detections(BOXES, [0.9, 0.5])

    assert of_detections(right, right) == (0.0, 0.0)
    assert of_detections(right, detections(BOXES[::-1], [0.5, 0.9])) == (0.0, 0.0), "their order is nothing"
    assert of_detections(right, detections(BOXES[:1], [0.8])) == pytest.approx((0.3, 0.0), abs=1e-6)
    assert of_detections(detections([], []), detections([], [])) == (0.0, 0.0)
