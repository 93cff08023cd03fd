"""Memory is used again only when nobody can see it any more."""

import threading

import numpy as np

from workbench.media import Buffers
from workbench.media.buffers import MOST_KEPT

SHAPE = (4, 6, 3)


def test_what_nobody_holds_is_used_again() -> None:
    buffers = Buffers()
    first = buffers.take(SHAPE)
    place = first.ctypes.data
    del first

    assert buffers.take(SHAPE).ctypes.data == place


def test_what_somebody_holds_is_left_alone() -> None:
    buffers = Buffers()
    whole = buffers.take(SHAPE)
    view = buffers.take(SHAPE)[1:, ::2]
    kept = [buffers.take(SHAPE)]
    whole[...], view[...], kept[0][...] = 1, 2, 3

    for _ in range(3):
        buffers.take(SHAPE)[...] = 9

    assert (whole == 1).all()
    assert (view == 2).all()
    assert (kept[0] == 3).all()


def test_another_shape_gets_its_own() -> None:
    buffers = Buffers()
    small = buffers.take(SHAPE)
    small[...] = 7

    assert buffers.take((8, 8, 3)).shape == (8, 8, 3)
    assert (small == 7).all()


def test_more_than_are_kept_are_fresh() -> None:
    buffers = Buffers()
    held = [buffers.take(SHAPE) for _ in range(MOST_KEPT + 5)]

    assert len({array.ctypes.data for array in held}) == MOST_KEPT + 5


def test_threads_never_share_one() -> None:
    buffers = Buffers()
    clashes = []

    def work(number: int) -> None:
        for _ in range(2000):
            array = buffers.take(SHAPE)
            array[...] = number
            if not (array == number).all():
                clashes.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clashes == []


def test_frames_of_a_video_keep_their_pictures() -> None:
    """More of them held than memory is kept for, and read while others are dropped."""
    from itertools import islice

    from workbench.media import open_media
    from workbench.samples import SAMPLE_CLIP

    held = list(islice(open_media(SAMPLE_CLIP).frames(), 2 * MOST_KEPT))
    sums = [int(frame.image_rgb.sum()) for frame in held]
    for _ in islice(open_media(SAMPLE_CLIP).frames(), 40):
        pass
    frames = open_media(SAMPLE_CLIP).frames()
    one_by_one = [int(next(frames).image_rgb.sum()) for _ in range(2 * MOST_KEPT)]

    assert [int(frame.image_rgb.sum()) for frame in held] == sums == one_by_one
    assert np.unique(sums).size > MOST_KEPT
