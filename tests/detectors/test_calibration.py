"""Which frames ranges are taken from, and how they reach a network."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.detections import UInt8Array
from workbench.detectors import Calibration
from workbench.detectors.calibration import choose_different
from workbench.stages import InputSpec, prepare

SIZE_HW = (32, 64)
SPEC = InputSpec(size_hw=None, default_hw=SIZE_HW)
FRAMES = [np.random.default_rng(seed).integers(0, 256, (48, 80, 3), np.uint8) for seed in range(3)]


def grey(level: int, shape: tuple[int, int] = (20, 30)) -> UInt8Array:
    return np.full((*shape, 3), level, np.uint8)


def levels(frames: list[UInt8Array]) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in frames]


def test_frames_that_show_something_else_are_taken_whatever_stands_between() -> None:
    still = [grey(100, (20, 30) if number % 2 else (30, 20)) for number in range(40)]
    still[13], still[29] = grey(10), grey(250)

    chosen = choose_different(still, 6)

    assert len(chosen) == 6
    assert {10, 250} < set(levels(chosen))


def test_half_of_them_are_spread_over_the_media_and_none_is_taken_twice() -> None:
    assert levels(choose_different([grey(number) for number in range(100)], 4)) == [0, 25, 50, 99]
    assert len(choose_different([grey(5)] * 9, 8)) == 8


@pytest.mark.parametrize("count", [None, 3, 100])
def test_where_there_are_no_more_all_are_taken(count: int | None) -> None:
    assert choose_different(FRAMES, count) == FRAMES


@pytest.mark.parametrize(("name", "by"), [("linear", "opencv"), ("area", "opencv"), ("triangle", "pillow")])
def test_frames_are_prepared_as_the_filter_leaves_them(name: str, by: str) -> None:
    batches = Calibration(f"noise by {name}", lambda: FRAMES, name).batches(SPEC, SIZE_HW, 2)

    assert len(batches) == 2
    np.testing.assert_array_equal(batches[0], prepare(FRAMES[:2], SPEC, SIZE_HW, by, name))
    np.testing.assert_array_equal(batches[1], prepare([FRAMES[2]] * 2, SPEC, SIZE_HW, by, name))


def test_frames_are_decoded_once_for_a_size() -> None:
    decoded = []
    calibration = Calibration("counted", lambda: decoded.append(1) or FRAMES).limited(2)

    for _ in range(2):
        assert len(calibration.batches(SPEC, SIZE_HW, 1)) == 2
    assert len(decoded) == 1
    calibration.limited(3).batches(SPEC, SIZE_HW, 1)
    assert len(decoded) == 2


def test_which_frames_they_are_is_said_with_all_that_is_not_usual() -> None:
    calibration = Calibration("three pictures of noise", lambda: FRAMES)

    assert str(calibration) == "three pictures of noise"
    assert str(replace(calibration, filter_name="area", count=2)) == "at most 2 of three pictures of noise, resized by area"
