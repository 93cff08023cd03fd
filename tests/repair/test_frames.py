"""Frames that calibrate, guide and judge: three sets that share none."""

import hashlib
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from workbench.datasets import Truth
from workbench.detectors import Calibration
from workbench.media import Frame, Media, array_media
from workbench.opening import EvaluationData
from workbench.repair.frames import GUIDING, JUDGING_LABELLED, FrameSets, calibration_counts, frame_sets

TRUTH = Truth("own", ("thing",), {})


def media(count: int, seed: int = 0, fps: float | None = None) -> Media:
    return array_media(np.random.default_rng(seed).integers(0, 256, (count, 12, 16, 3), np.uint8), fps=fps)


def data(count: int, fps: float | None = None) -> EvaluationData:
    """Frames that all may calibrate, as of a user's own media."""
    own = media(count, fps=fps)
    images = [frame.image_rgb for frame in own.frames()]
    return EvaluationData(own, None, None, None, Calibration("own", lambda: images[:: max(1, count // 100)][:100]))


def sets(found: EvaluationData, wanted: int) -> tuple[FrameSets, set[bytes]]:
    counts = calibration_counts(found, wanted)
    calibrating = [image for count in counts for image in found.calibration.limited(count).chosen()]
    return frame_sets(found, calibrating), {key(image) for image in calibrating}


def key(image: np.ndarray) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def keys(frames: Iterable[Frame]) -> set[bytes]:
    return {key(frame.image_rgb) for frame in frames}


@pytest.mark.parametrize("fps", [None, 25.0], ids=["pictures", "video"])
@pytest.mark.parametrize("count", [9, 17, 60, 400])
def test_no_frame_is_in_two_sets(count: int, fps: float | None) -> None:
    found, calibrating = sets(data(count, fps), 32)

    guide, judge = keys(found.guide.frames), keys(found.judge.frames)
    assert found.apart
    assert calibrating
    assert guide
    assert judge
    assert not guide & judge
    assert not (guide | judge) & calibrating
    assert len(judge) >= len(guide)


def test_of_few_pictures_a_third_calibrates() -> None:
    assert calibration_counts(data(17), 32) == (5, 2, 5)


def test_where_there_are_many_as_many_calibrate_as_is_wished_and_twice_as_many_are_tried() -> None:
    assert calibration_counts(data(400), 32) == (32, 16, 64)
    assert calibration_counts(data(400), 80) == (80, 40, 100)


def test_neighbours_in_a_video_are_in_one_set() -> None:
    found, _ = sets(data(400, 25.0), 32)

    guides = {frame.index for frame in found.guide.frames}
    positions = sorted(guides | {frame.index for frame in found.judge.frames})
    assert sum((one in guides) != (other in guides) for one, other in pairwise(positions)) < 20


def test_a_single_picture_is_all_there_is() -> None:
    found, _ = sets(data(1), 32)

    assert not found.apart
    assert keys(found.guide.frames) == keys(found.judge.frames) != set()


def test_other_frames_that_are_labelled_judge() -> None:
    labelled = media(30, seed=1)
    one = data(40)
    found = frame_sets(EvaluationData(one.media, None, labelled, None, one.calibration), [])

    assert keys(found.judge.frames) == keys(tuple(labelled.frames()))
    assert keys(found.guide.frames) <= keys(tuple(one.media.frames()))


def test_all_labelled_stills_judge_and_none_of_them_is_kept() -> None:
    labelled = media(240, seed=1)
    one = data(40)

    found = frame_sets(EvaluationData(one.media, None, labelled, TRUTH, one.calibration), [])

    assert len(found.judge.frames) == 240
    assert [frame.index for frame in found.judge.frames] == [frame.index for frame in found.judge.frames] == list(range(240))
    assert not isinstance(found.judge.frames, tuple)


def test_where_much_is_labelled_most_of_it_judges() -> None:
    own = data(900)
    found = frame_sets(EvaluationData(own.media, TRUTH, None, None, own.calibration), [])

    assert len(found.guide.frames) == GUIDING
    assert GUIDING < len(found.judge.frames) <= JUDGING_LABELLED
    assert not keys(found.guide.frames) & keys(found.judge.frames)
