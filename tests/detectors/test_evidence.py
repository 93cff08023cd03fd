"""What a right reading does and a wrong one does not."""

import numpy as np
import pytest

from workbench.detections import Detections
from workbench.detectors.evidence import CHANGES, CLEAR, CLEAR_COLOUR, Evidence, decide, moved_back

SIZE_HW = (100, 200)


def found(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32), np.zeros(len(boxes), int))


BOX, OTHER = (20.0, 20.0, 60.0, 60.0), (120.0, 20.0, 160.0, 60.0)


def evidence(before: Detections, after: Detections, frames: int = 8) -> Evidence:
    """Evidence of frames that are alike, each changed once without moving."""
    made = Evidence()
    for frame in range(frames):
        made.add(frame, before)
        made.add_changed(frame, "dark", after, SIZE_HW)
    return made


STAYS, LOST, FLEETING = (evidence(found(BOX), after) for after in (found(BOX), found(), found(OTHER)))
NOTHING = evidence(found(), found())


def test_what_stays_counts_with_its_score_and_what_is_new_against_it() -> None:
    assert STAYS.at(0.5) == pytest.approx(0.9)
    assert LOST.at(0.5) == 0
    assert evidence(found(BOX), found(BOX, OTHER)).at(0.5) == pytest.approx(0.45)


def test_a_shift_is_taken_back_before_boxes_are_matched() -> None:
    picture = np.zeros((*SIZE_HW, 3), np.uint8)
    picture[20:60, 20:60] = 255
    rows, columns = np.nonzero(CHANGES["shifted"](picture)[..., 0])

    back = moved_back(found((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)), "shifted", SIZE_HW)

    np.testing.assert_array_equal(back.boxes_xyxy_px, [BOX])


def test_what_is_found_in_an_empty_picture_is_found_nowhere() -> None:
    made = Evidence(found(BOX))
    made.add(0, found(BOX, OTHER))

    np.testing.assert_array_equal(made.found[0].boxes_xyxy_px, [OTHER])


def test_the_usual_reading_holds_unless_the_evidence_is_clear() -> None:
    names = ["usual", "other"]

    assert (decide([FLEETING, STAYS], names).taken, decide([FLEETING, STAYS], names).sure) == (1, True)
    assert (decide([STAYS, FLEETING], names).taken, decide([STAYS, FLEETING], names).sure) == (0, True)
    other = evidence(found(OTHER, score=0.92), found(OTHER, score=0.92))
    told = decide([STAYS, other], names)
    assert (told.taken, told.sure, told.remaining) == (0, False, (1,))
    assert told.why.endswith("it may be other as well")


def test_a_tie_of_the_same_boxes_is_harmless_and_told() -> None:
    told = decide([STAYS, evidence(found(BOX, score=0.92), found(BOX, score=0.92))], ["usual", "other"])

    assert (told.taken, told.sure) == (0, True)
    assert told.why.endswith("other finds the same boxes")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ([NOTHING, NOTHING], "nothing is found in 8 frames under any; this is the usual one"),
        ([LOST, FLEETING], "nothing found in 8 frames stays in harder pictures; this is the usual one"),
    ],
    ids=["nothing", "fleeting"],
)
def test_where_nothing_speaks_the_usual_reading_is_taken_and_not_sure(made: list[Evidence], why: str) -> None:
    told = decide(made, ["usual", "other"])

    assert (told.taken, told.sure, told.why) == (0, False, why)


def test_one_frame_makes_nobody_sure() -> None:
    one = [evidence(found(BOX), after, frames=1) for after in (found(OTHER), found(BOX))]

    assert (decide(one, ["usual", "other"]).taken, decide(one, ["usual", "other"]).sure) == (1, False)


def test_colours_want_more_than_ranges_do() -> None:
    weaker = evidence(found(OTHER, score=0.75), found(OTHER, score=0.75))

    assert decide([weaker, STAYS], ["RGB", "BGR"], CLEAR).taken == 1
    assert decide([weaker, STAYS], ["RGB", "BGR"], CLEAR_COLOUR).taken == 0


def test_one_frame_among_many_makes_nobody_sure() -> None:
    many = found(*((20.0 * n, 20.0, 20.0 * n + 18, 60.0) for n in range(6)))
    speaking, silent = Evidence(), Evidence()
    for frame in range(8):
        for made, seen in ((speaking, many if frame == 2 else found(BOX)), (silent, found() if frame == 2 else found(BOX))):
            made.add(frame, seen)
            made.add_changed(frame, "dark", seen, SIZE_HW)

    told = decide([speaking, silent], ["usual", "other"])

    assert (speaking.wins(silent), told.taken, told.sure) == (1, 0, False)
    assert told.why.endswith("too few to be sure")


def test_few_frames_want_more_than_many_do() -> None:
    weaker, stronger = found(OTHER, score=0.8), found(BOX)

    taken = {n: decide([evidence(weaker, weaker, n), evidence(stronger, stronger, n)], ["usual", "other"]).taken for n in (2, 4, 8)}

    assert taken == {2: 0, 4: 0, 8: 1}
