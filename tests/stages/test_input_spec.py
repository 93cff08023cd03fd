import numpy as np
import pytest

from workbench.errors import SettingsError, UnavailableError
from workbench.stages import InputSpec, place
from workbench.stages.input_spec import Placement

FREE = InputSpec(size_hw=None, default_hw=(288, 512))
FIXED = InputSpec(size_hw=(240, 320), default_hw=(240, 320))


@pytest.mark.parametrize(
    ("align", "frame_hw", "size_hw", "expected"),
    [
        pytest.param("centre", (720, 1280), (320, 320), Placement((0.25, 0.25), (0, 70), (180, 320), (720, 1280)), id="wide"),
        pytest.param("centre", (1280, 720), (320, 320), Placement((0.25, 0.25), (70, 0), (320, 180), (1280, 720)), id="portrait"),
        pytest.param("top-left", (1280, 720), (320, 320), Placement((0.25, 0.25), (0, 0), (320, 180), (1280, 720)), id="top left"),
        pytest.param("centre", (50, 100), (160, 320), Placement((3.2, 3.2), (0, 0), (160, 320), (50, 100)), id="enlarged"),
        pytest.param(
            "centre", (2, 1000), (96, 64), Placement((0.064, 0.5), (0, 47), (1, 64), (2, 1000)), id="panorama keeps a row"
        ),
    ],
)
def test_a_letterbox_keeps_the_shape_of_the_frame(align, frame_hw, size_hw, expected):
    assert place(InputSpec(size_hw=None, default_hw=(32, 32), align=align), frame_hw, size_hw) == expected


def test_stretching_fills_the_input():
    spec = InputSpec(size_hw=None, default_hw=(32, 32), fit="stretch")

    assert place(spec, (100, 300), (50, 60)) == Placement((0.2, 0.5), (0, 0), (50, 60), (100, 300))


def test_boxes_scale_each_axis_by_its_own_side():
    placement = Placement((0.2, 0.5), (10, 5), (50, 60), (100, 300))

    boxes = placement.to_frame(np.array([[10, 5, 30, 15], [70, 55, 70, 55]], np.float32))

    np.testing.assert_allclose(boxes, [[0, 0, 100, 20], [300, 100, 300, 100]])
    assert boxes.dtype == np.float32


def test_boxes_are_clipped_to_the_frame():
    boxes = place(FREE, (720, 1280), (320, 320)).to_frame(np.array([[-50, 0, 400, 320]], np.float32))

    np.testing.assert_array_equal(boxes, [[0, 0, 1280, 720]])


def test_no_boxes_stay_no_boxes():
    assert place(FREE, (720, 1280), (320, 320)).to_frame(np.zeros((0, 4), np.float32)).shape == (0, 4)


def test_a_frame_of_nothing_has_no_place():
    with pytest.raises(ValueError, match="at least one pixel"):
        place(FREE, (0, 10), (320, 320))


@pytest.mark.parametrize(
    ("spec", "wish", "size_hw"),
    [(FREE, None, (288, 512)), (FREE, (320, 64), (320, 64)), (FIXED, None, (240, 320)), (FIXED, (240, 320), (240, 320))],
    ids=["default", "any multiple", "fixed", "fixed, asked for"],
)
def test_a_size_is_chosen(spec, wish, size_hw):
    assert spec.choose_size(wish) == size_hw


def test_a_fixed_size_refuses_another():
    with pytest.raises(UnavailableError, match=r"input.size_hw is 320x320; this detector takes 240x320 only"):
        FIXED.choose_size((320, 320))


def test_a_free_size_refuses_what_is_not_a_multiple():
    with pytest.raises(SettingsError, match=r"input.size_hw is 300x320; choose multiples of 32"):
        FREE.choose_size((300, 320))


@pytest.mark.parametrize(
    "values",
    [
        {"size_hw": (0, 32), "default_hw": (0, 32)},
        {"size_hw": (32, 32), "default_hw": (64, 64)},
        {"size_hw": None, "default_hw": (32, 32), "pad": 256},
        {"size_hw": None, "default_hw": (32, 32), "batch": 0},
    ],
    ids=["no pixels", "another default", "pad is no pixel", "no batch"],
)
def test_an_impossible_spec_is_refused(values):
    with pytest.raises(ValueError, match=r"pixel|default|pad|batch"):
        InputSpec(**values)


def test_scale_and_shift_say_the_same_as_offset_and_factor():
    spec = InputSpec(size_hw=None, default_hw=(32, 32), offset=(1.0, 2.0, 3.0), factor=0.5)

    scale, shift = spec.scale_and_shift()

    np.testing.assert_array_equal(scale, [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(shift, [-0.5, -1.0, -1.5])
