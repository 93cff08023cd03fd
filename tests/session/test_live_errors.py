"""Which frames are wrong, as they pass: against truth, or against what is pinned."""

import numpy as np

from workbench.datasets import Truth
from workbench.detections import Detections, ImageTruth
from workbench.session.live_errors import MOST_FRAMES, LiveErrors, WrongFrame

A, B = (0, 0, 10, 10), (20, 0, 30, 10)
NOTHING = Detections.empty()
NAMES = tuple(f"clip#{number}" for number in range(30))


def found(*boxes: tuple[int, ...], class_id: int = 0) -> Detections:
    count = len(boxes)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(count, 0.9, np.float32), np.full(count, class_id))


def truth(name: str, *boxes: tuple[int, ...]) -> Truth:
    count = len(boxes)
    areas, crowds = np.full(count, 100, np.float32), np.zeros(count, bool)
    image = ImageTruth(np.array(boxes, np.float32).reshape(-1, 4), np.zeros(count, np.int64), crowds, areas)
    return Truth("truth.json", ("bolt", "dent"), {name: image})


def test_truth_tells_what_is_wrong_and_the_pinned_setting_what_was_lost():
    errors = LiveErrors(NAMES, truth("clip#3", A, B))
    errors.look({3: found(A, class_id=1)}, {3: found(B)})
    assert errors.worst() == (WrongFrame(3, "clip#3", lost=(0,), missed=(0,), false=(1,)),)


def test_without_truth_the_pinned_setting_stands_in_for_it():
    errors = LiveErrors(NAMES, None)
    errors.look({1: found(A), 2: found(A), 4: found(A)}, {1: found(A, B), 2: found(A)})
    assert errors.worst() == (WrongFrame(1, "clip#1", lost=(0,), missed=(), false=()),)


def test_the_next_wrong_frame_follows_and_after_the_last_comes_the_first():
    errors = LiveErrors(NAMES, None)
    errors.look({n: NOTHING if n in (2, 5) else found(A) for n in range(8)}, {n: found(A) for n in range(8)})
    assert [errors.after(at) for at in (-1, 2, 4, 5)] == [2, 5, 5, 2]
    errors.look({}, {})
    assert errors.after(0) is None


def test_frames_of_media_that_never_end_have_no_names():
    errors = LiveErrors((), None)
    errors.look({9: NOTHING}, {9: found(A)})
    assert errors.worst() == (WrongFrame(9, "", lost=(0,), missed=(), false=()),)


def test_the_worst_come_first_and_only_some_are_named():
    errors = LiveErrors(NAMES, None)
    errors.look({n: found(A) for n in range(30)}, {n: found(A, *[B] * (n == 7), (50, 0, 60, 10)) for n in range(30)})
    assert len(errors.worst()) == MOST_FRAMES
    assert errors.worst()[0].position == 7


def test_a_frame_is_judged_anew_where_something_else_was_found():
    errors = LiveErrors(NAMES, None)
    errors.look({1: NOTHING}, {1: found(A)})
    errors.look({1: found(A)}, {1: found(A)})
    assert errors.worst() == ()


def test_of_neighbours_in_a_video_the_worst_alone_is_named():
    errors = LiveErrors(NAMES, None, fps=5.0)
    errors.look({n: found(A) for n in range(30)}, {n: found(A, *[B] * (n in (7, 23)), (50, 0, 60, 10)) for n in range(30)})
    assert [one.position for one in errors.worst()] == [7, 23, 10]
