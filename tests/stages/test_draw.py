"""The draw stage."""

import numpy as np
import pytest

from workbench.detections import Detections
from workbench.media import open_media
from workbench.stages import draw
from workbench.stages.draw import MOST_CHARACTERS, class_name, score_text
from workbench.wording import rgb
from workbench.wording.palette import CLASS_COLOURS

LABELS = ("dent", "scratch", "stain", "chip", "missing screw")
GROUND = 90


def canvas(height: int = 360, width: int = 640) -> np.ndarray:
    return np.full((height, width, 3), GROUND, np.uint8)


def found(*boxes: tuple[float, float, float, float], scores: tuple[float, ...] = (), classes: tuple[int, ...] = ()) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores or (0.5,) * count, np.float32),
        np.array(classes or (0,) * count, np.int64),
    )


def has_colour(image: np.ndarray, colour: str) -> bool:
    return bool((image == rgb(colour)).all(axis=2).any())


def changed(image: np.ndarray) -> np.ndarray:
    return (image != GROUND).any(axis=2)


def test_the_frame_itself_stays_as_it_is():
    frame = canvas()
    draw(frame, found((50, 60, 200, 200)), LABELS)
    assert (frame == GROUND).all()


def test_a_frame_without_detections_comes_back_as_an_equal_copy():
    frame = canvas()
    drawn = draw(frame, Detections.empty(), LABELS)
    assert drawn is not frame
    assert (drawn == frame).all()


@pytest.mark.parametrize("class_id", range(len(CLASS_COLOURS)))
def test_a_class_has_its_colour_in_rgb(class_id):
    assert has_colour(draw(canvas(), found((50, 60, 200, 200), classes=(class_id,)), LABELS), CLASS_COLOURS[class_id])


def test_a_box_lies_where_it_was_found_in_a_picture_that_is_not_square():
    drawn = draw(canvas(300, 700), found((500, 100, 640, 250)), LABELS)
    rows, columns = np.nonzero(changed(drawn)[110:])
    assert (columns.min(), columns.max(), rows.max() + 110) == pytest.approx((500, 640, 250), abs=2)


def test_the_best_of_boxes_in_one_place_is_drawn_over_the_others():
    box = (50, 60, 200, 200)
    drawn = draw(canvas(), found(box, box, scores=(0.9, 0.4), classes=(3, 1)), LABELS)
    assert tuple(drawn[200, 120]) == rgb(CLASS_COLOURS[3])


EDGES = {
    "top": (200, 0, 300, 40),
    "top right": (620, 2, 640, 40),
    "right": (630, 200, 640, 230),
    "bottom left": (0, 350, 20, 360),
    "larger than the picture": (-50, -50, 900, 900),
}


def test_a_label_does_not_hide_a_box_under_it():
    small, large = (230, 140, 240, 148), (200, 150, 420, 250)
    drawn = draw(canvas(), found(large, small, scores=(0.9, 0.4), classes=(0, 1)), LABELS)
    assert tuple(drawn[148, 235]) == rgb(CLASS_COLOURS[1])


@pytest.mark.parametrize("box", EDGES.values(), ids=EDGES.keys())
def test_a_label_at_the_border_is_wholly_inside(box):
    in_the_middle = draw(canvas(), found((200, 150, 420, 250)), LABELS)
    at_the_border = draw(canvas(), found(box), LABELS)
    label_px = int((in_the_middle < GROUND).all(axis=2).sum())  # of black text on the label
    assert label_px > 20
    assert int((at_the_border < GROUND).all(axis=2).sum()) >= 0.85 * label_px  # the box crosses a letter or two


UNTRUSTED = {
    "markup": "<script>alert(1)</script>",
    "braces": "{0} {x!r} %s %d {",
    "lines": "missing\r\nscrew\t\x00\x1b[31m",
    "long": "x" * 100_000,
    "empty": "",
    "blank": " \n ",
    "accents": "Schraube fehlt: äöüß",
    "chinese": "螺丝缺失",
    "emoji": "🔩",
    "half a surrogate": "a\ud800b",
    "right to left": "\u202eknoc",
}


@pytest.mark.parametrize("label", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_any_label_is_drawn_and_stays_in_one_line(label):
    drawn = draw(canvas(), found((200, 150, 420, 250)), [label])
    assert changed(drawn).any()
    assert changed(drawn)[:110].sum() == 0


@pytest.mark.parametrize("label", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_a_class_name_is_short_and_printable(label):
    name = class_name(0, [label])
    assert name.isprintable()
    assert 0 < len(name) <= MOST_CHARACTERS


@pytest.mark.parametrize("class_id", [-1, 5, 10**12])
def test_a_class_without_a_label_is_called_by_its_number(class_id):
    assert class_name(class_id, LABELS) == f"class {class_id}"
    assert changed(draw(canvas(), found((200, 150, 420, 250), classes=(class_id,)), LABELS)).any()


def test_what_a_broken_model_finds_is_drawn_without_a_crash():
    nan, inf = float("nan"), float("inf")
    drawn = draw(canvas(), found((nan, nan, nan, nan), (inf, -inf, 1e30, -1e30), scores=(nan, inf)), LABELS)
    assert drawn.shape == (360, 640, 3)


@pytest.mark.parametrize("size_hw", [(1, 1), (8, 300), (300, 8), (32, 32)], ids=str)
def test_a_tiny_picture_can_be_drawn_on(size_hw):
    assert draw(canvas(*size_hw), found((0, 0, 5, 5)), LABELS).shape == (*size_hw, 3)


def test_text_grows_with_the_picture():
    small, large = (draw(canvas(side, side), found((0, side / 2, side - 1, side - 1)), LABELS) for side in (400, 1600))
    assert changed(large)[:800].sum() > 4 * changed(small)[:200].sum()


def test_a_picture_that_is_a_view_into_another_can_be_drawn_on():
    frame = canvas(400, 800)[10:300:1, 700:20:-1]
    assert has_colour(draw(frame, found((50, 60, 200, 200)), LABELS), CLASS_COLOURS[0])


@pytest.mark.parametrize(("score", "text"), [(0.914, ".91"), (1.0, "1.00"), (0.0, ".00"), (float("nan"), "?")])
def test_scores_are_written_as_people_read_them(score, text):
    assert score_text(score) == text


def test_photographs_are_drawn_on(assets):
    for frame in open_media(assets / "images" / "coral").frames():
        drawn = draw(frame.image_rgb, found((40, 40, 200, 200), classes=(1,)), LABELS)
        assert has_colour(drawn, CLASS_COLOURS[1])
