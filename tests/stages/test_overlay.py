"""Kept, lost and new boxes are told apart as agreement counts them."""

import json

import numpy as np

from workbench.detections import Detections, ImageTruth
from workbench.stages import counts, overlay


def found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


LEFT, RIGHT = (0, 0, 10, 20, 0.9, 1), (50, 0, 60, 20, 0.8, 2)


def test_without_a_baseline_boxes_are_plain_and_nothing_is_counted() -> None:
    drawn = overlay(found(LEFT), None, None)
    assert [box["kind"] for box in drawn["boxes"]] == ["plain"]
    assert (drawn["lost"], drawn["pinned"], drawn["truth"], counts(drawn)) == ([], None, None, None)


def test_kept_lost_and_new_are_told_apart() -> None:
    drawn = overlay(found(LEFT, (80, 0, 90, 20, 0.7, 1)), found((1, 0, 10, 20, 0.5, 1), RIGHT), None)
    assert [box["kind"] for box in drawn["boxes"]] == ["kept", "new"]
    assert [box["xyxy"] for box in drawn["lost"]] == [[50.0, 0.0, 60.0, 20.0]]
    assert len(drawn["pinned"]) == 2
    assert counts(drawn) == {"kept": 1, "lost": 1, "new": 1}


def test_a_box_that_changed_its_class_is_lost_and_new() -> None:
    assert counts(overlay(found(LEFT), found((0, 0, 10, 20, 0.9, 3)), None)) == {"kept": 0, "lost": 1, "new": 1}


def test_no_detections_on_either_side_are_no_difference() -> None:
    assert counts(overlay(found(), found(), None)) == {"kept": 0, "lost": 0, "new": 0}


def test_everything_is_plain_json() -> None:
    truth = ImageTruth(np.ones((1, 4), np.float32), np.array([3]), np.zeros(1, np.bool_), np.ones(1, np.float32))
    drawn = overlay(found(LEFT), found(RIGHT), truth)
    assert json.loads(json.dumps(drawn)) == drawn
    assert drawn["truth"] == [{"xyxy": [1.0, 1.0, 1.0, 1.0], "label": 3}]
