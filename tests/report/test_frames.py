"""What is kept, lost and new in a pair of frames, and where its words stand."""

import pytest

from tests.report.records import FOUND, detections, pictures, record
from workbench.record import Picture
from workbench.report.frames import Frame, Mark, error_frames, frames_of


def compared() -> Frame:
    return frames_of(record("litert"), record("naive"))["frame 12"]


def test_boxes_are_told_apart_by_the_baseline() -> None:
    assert compared().counts == {"found": 0, "kept": 1, "flip": 1, "lost": 1, "new": 1, "truth": 3}


def test_lost_boxes_are_where_the_baseline_had_them() -> None:
    lost = next(mark for mark in compared().marks if mark.kind == "lost")
    assert (lost.x, lost.y, lost.width, lost.height) == (*FOUND[2][0][:2], 67.0, 79.0)
    assert lost.text == "lost missing screw .64"


def test_class_flips_name_both_classes() -> None:
    assert "scratch → stain .55" in [mark.text for mark in compared().marks]


def test_of_a_worst_frame_every_box_is_right_missed_lost_or_false() -> None:
    first, second = error_frames(record("litert"))
    assert [(mark.kind, mark.text) for mark in first.frame.marks] == [
        ("kept", "dent .91"),
        ("kept", "stain .55"),
        ("false", "false chip .41"),
        ("missed", "missed scratch"),
        ("lost", "lost missing screw"),
    ]
    assert (first.words, first.classes) == ("1 lost, 1 missed, 1 false", (0, 3, 4))
    assert (second.words, second.classes) == ("1 false", (3,))


def test_positions_that_a_damaged_record_names_and_has_not_are_left_out() -> None:
    (odd, _) = record("litert").worst
    (frame,) = error_frames(record("litert", worst=(odd.model_copy(update={"missed": (99,), "lost": (98,), "false": (97,)}),)))
    assert (frame.words, frame.classes) == ("", ())


def test_baseline_boxes_are_found() -> None:
    assert {mark.kind for mark in frames_of(record("naive"))["frame 12"].marks} == {"found", "truth"}


def test_without_a_partner_nothing_is_kept_or_new() -> None:
    frame = frames_of(record("litert"), record("naive", pictures=()))["frame 12"]
    assert frame.counts["found"] == 3


def test_class_without_a_name_has_its_number() -> None:
    odd = Picture(
        name="one",
        size_hw=(720, 1280),
        jpeg_base64=pictures(changed=False)[0].jpeg_base64,
        found=detections("one", [((1.0, 2.0, 30.0, 40.0), 0.5, 17)]),
    )
    assert frames_of(record("naive", pictures=(odd,)))["one"].marks[0].text == "class 17 .50"


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 20.0, 20.0),
        (1260.0, 0.0, 20.0, 20.0),
        (0.0, 700.0, 20.0, 20.0),
        (1270.0, 700.0, 10.0, 20.0),
        (0.0, 0.0, 1280.0, 720.0),
    ],
)
@pytest.mark.parametrize("kind", ["kept", "truth"])
def test_labels_stand_inside_the_picture(box: tuple[float, float, float, float], kind: str) -> None:
    mark = Mark(kind, *box, "#000000", "missing screw .64")
    frame = Frame("one", "p", 1280, 720, (mark,), {})
    (place,) = frame.label_places
    assert place is not None
    width = len(mark.text) * frame.label_px * 0.6
    assert place.x - width * place.end >= 0
    assert place.x + width * (not place.end) <= frame.width
    assert frame.label_px * 0.8 <= place.y <= frame.height


def test_labels_that_would_lie_on_each_other_are_moved_or_left_out_the_truths_first() -> None:
    near = [Mark("kept", 300.0 + 4 * n, 300.0, 60.0, 60.0, "#000000", f"scratch .{90 - n}") for n in range(6)]
    frame = Frame("one", "p", 1280, 720, (Mark("truth", 300.0, 300.0, 60.0, 60.0, "#000000", "scratch"), *near), {})
    truth, first, *others = frame.label_places
    assert first is not None
    assert first.y < 300
    shown = [place for place in (truth, first, *others) if place is not None]
    assert 3 <= len(shown) < 7
    assert len({(place.x, place.y) for place in shown}) == len(shown)
    assert truth is None
