"""The palette: every stage has a colour, and eyes that lack a cone can tell neighbours apart."""

from itertools import pairwise

import numpy as np
import pytest

from workbench.timing import STAGES, UNEXPLAINED
from workbench.wording import STAGE_COLOURS, class_colour, ink, rgb, stage_colour
from workbench.wording.palette import BLACK, CLASS_COLOURS, GREY, OWN_STAGE_COLOURS, WHITE, luminance

# Machado, Oliveira, Fernandes 2009, severity 1.0; on linear RGB.
EYES = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green cones": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue cones": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
NOTICEABLE = 20  # distance in CIELAB; 2.3 is just noticeable side by side

OFTEN_ABSENT = ("copy", "show")
NEIGHBOURS = {*pairwise(STAGE_COLOURS), *pairwise(stage for stage in STAGE_COLOURS if stage not in OFTEN_ABSENT)}


def lab(colour: str, eye: np.ndarray) -> np.ndarray:
    part = np.array(rgb(colour)) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    seen = np.clip(eye @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def test_every_stage_has_a_colour_in_the_order_of_the_stages():
    assert tuple(STAGE_COLOURS) == (*STAGES, UNEXPLAINED)


def test_no_two_stages_share_a_colour():
    assert len(set(STAGE_COLOURS.values())) == len(STAGE_COLOURS)


@pytest.mark.parametrize("stage", ["teleport", "track", "detect", ""])
def test_a_stage_of_a_user_s_own_has_a_colour_that_what_no_stage_explains_has_not(stage: str) -> None:
    assert stage_colour(stage) in OWN_STAGE_COLOURS
    assert GREY not in OWN_STAGE_COLOURS


@pytest.mark.parametrize("eye", EYES.values(), ids=EYES.keys())
def test_neighbouring_stages_can_be_told_apart(eye):
    apart = [np.linalg.norm(lab(stage_colour(a), eye) - lab(stage_colour(b), eye)) for a, b in NEIGHBOURS]
    assert min(apart) > NOTICEABLE


@pytest.mark.parametrize("eye", EYES.values(), ids=EYES.keys())
def test_the_first_five_classes_can_be_told_apart(eye):
    seen = [lab(colour, eye) for colour in CLASS_COLOURS[:5]]
    apart = [np.linalg.norm(a - b) for n, a in enumerate(seen) for b in seen[n + 1 :]]
    assert min(apart) > NOTICEABLE


def test_classes_beyond_the_palette_share_colours():
    assert class_colour(len(CLASS_COLOURS) + 2) == class_colour(2)


@pytest.mark.parametrize("colour", CLASS_COLOURS)
def test_text_on_a_class_colour_meets_the_contrast_that_wcag_asks_for(colour):
    light, dark = sorted((luminance(colour), luminance(ink(colour))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_ink_is_black_on_white_and_white_on_black():
    assert (ink(WHITE), ink(BLACK)) == (BLACK, WHITE)
