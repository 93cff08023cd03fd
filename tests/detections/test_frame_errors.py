"""What is wrong in a frame, and which frames are worst."""

import numpy as np
import pytest

from workbench.detections import Detections, frame_errors, worst_frames

A, B, C, D = (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10), (60, 0, 70, 10)
NOTHING = Detections.empty()


def boxes(*rows: tuple[tuple[int, ...], int]) -> Detections:
    placed = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    return Detections(placed, np.full(len(rows), 0.9, np.float32), np.array([number for _, number in rows], np.int64))


def told(found: Detections, known: Detections, before: Detections | None = None, crowds: Detections | None = None):
    errors = frame_errors(found, known, before, crowds)
    return errors.missed.tolist(), errors.lost.tolist(), errors.false.tolist()


KNOWN = boxes((A, 0), (B, 1), (C, 0))


@pytest.mark.parametrize(
    ("found", "before", "crowds", "expected"),
    [
        (KNOWN, None, None, ([], [], [])),
        (boxes((A, 0), (D, 1)), None, None, ([1, 2], [], [1])),
        (boxes((A, 0), (D, 1)), boxes((B, 1), (A, 0)), None, ([1, 2], [1], [1])),
        (boxes((A, 1), (B, 1), (C, 0)), KNOWN, None, ([0], [0], [0])),
        (boxes((A, 0), (A, 0), (B, 1), (C, 0)), None, None, ([], [], [1])),
        (NOTHING, KNOWN, None, ([0, 1, 2], [0, 1, 2], [])),
        (boxes((D, 0), (D, 1)), NOTHING, boxes(((55, 0, 100, 50), 0)), ([0, 1, 2], [], [1])),
    ],
    ids=["all right", "missed and false", "the baseline found one", "another class", "found twice", "nothing found", "in a crowd"],
)
def test_each_box_is_right_missed_lost_or_false(found, before, crowds, expected):
    assert told(found, KNOWN, before, crowds) == expected


def test_where_nothing_is_known_all_that_is_found_is_false():
    assert told(KNOWN, NOTHING) == ([], [], [0, 1, 2])
    assert told(NOTHING, NOTHING, NOTHING) == ([], [], [])


def test_what_was_lost_counts_most_and_each_class_has_its_own_worst():
    frames = {
        "right": (KNOWN, KNOWN),
        "false alone": (KNOWN, boxes((A, 0), (B, 1), (C, 0), (D, 0))),
        "missed": (KNOWN, boxes((B, 1))),
        "lost": (boxes((A, 0)), NOTHING),
        **{f"also {n}": (boxes((A, 0), (B, 0)), NOTHING) for n in range(6)},
        "the only one of class 1": (boxes((B, 1)), NOTHING),
    }
    before = {name: known if name == "lost" else NOTHING for name, (known, _) in frames.items()}
    errors = {name: frame_errors(found, known, before[name]) for name, (known, found) in frames.items()}
    named = worst_frames(errors, {name: known for name, (known, _) in frames.items()})
    assert named == ("lost", "missed", "also 0", "also 1", "also 2", "also 3", "the only one of class 1")


def test_of_frames_that_are_alike_the_worst_alone_is_named():
    errors = {name: frame_errors(found, KNOWN) for name, found in (("a", boxes((A, 0))), ("b", NOTHING), ("c", boxes((A, 0))))}
    assert worst_frames(errors, dict.fromkeys(errors, KNOWN), {"a": 0, "b": 0, "c": 1}) == ("b", "c")


def test_where_nothing_is_wrong_no_frame_is_named():
    assert worst_frames({"right": frame_errors(KNOWN, KNOWN)}, {"right": KNOWN}) == ()
