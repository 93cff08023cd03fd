import numpy as np
import pytest

from workbench.stages import InputSpec, prepare
from workbench.stages.preprocess import HOST_RESIZES

SIZE_HW = (64, 96)


def spec(**values):
    return InputSpec(**{"size_hw": None, "default_hw": SIZE_HW, **values})


def colours(height, width):
    return np.full((height, width, 3), (10, 20, 30), np.uint8)


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def waves(height, width):
    """A picture without detail, which shrinks alike with and without a filter."""
    y, x = np.mgrid[:height, :width]
    channels = [127 + 120 * np.sin(5 * x / width + c) * np.cos(4 * y / height + c) for c in range(3)]
    return np.stack(channels, -1).astype(np.uint8)


@pytest.mark.parametrize("how", HOST_RESIZES)
def test_a_frame_lies_between_its_padding(how):
    batch = prepare([colours(100, 100)], spec(factor=1.0), SIZE_HW, how)

    assert (batch.shape, batch.dtype) == ((1, 64, 96, 3), np.float32)
    np.testing.assert_array_equal(batch[0, :, :16], np.full((64, 16, 3), 114))
    np.testing.assert_array_equal(batch[0, :, 80:], np.full((64, 16, 3), 114))
    np.testing.assert_array_equal(batch[0, :, 16:80], np.broadcast_to((10, 20, 30), (64, 64, 3)))


@pytest.mark.parametrize("how", HOST_RESIZES)
def test_a_frame_aligned_top_left_is_padded_on_the_other_sides(how):
    batch = prepare([colours(100, 100)], spec(factor=1.0, align="top-left", pad=0), SIZE_HW, how)

    assert (batch[0, :, :64] == (10, 20, 30)).all()
    assert (batch[0, :, 64:] == 0).all()


def test_offset_and_factor_are_in_the_order_of_the_networks_colours():
    batch = prepare([colours(64, 96)], spec(colour="BGR", offset=(30.0, 20.0, 5.0), factor=(1.0, 1.0, 2.0)), SIZE_HW)

    np.testing.assert_allclose(batch[0, 0, 0], [0, 0, 10])


def test_one_offset_and_factor_count_for_all_colours():
    batch = prepare([colours(64, 96)], spec(offset=20.0, factor=0.1), SIZE_HW)

    np.testing.assert_allclose(batch[0, 5, 7], [-1, 0, 1], atol=1e-6)


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_nchw_is_nhwc_with_its_axes_moved(colour):
    values = {"colour": colour, "offset": (1.0, 2.0, 3.0), "factor": (0.1, 0.2, 0.3)}
    frames = [noise(40, 60), noise(90, 50)]

    last = prepare(frames, spec(**values), SIZE_HW)
    first = prepare(frames, spec(layout="NCHW", **values), SIZE_HW)

    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first, last.transpose(0, 3, 1, 2))


def test_uint8_pixels_go_in_as_they_are():
    frame = noise(64, 96)

    batch = prepare([frame], spec(dtype="uint8", offset=100.0), SIZE_HW)

    assert batch.dtype == np.uint8
    np.testing.assert_array_equal(batch[0], frame)


@pytest.mark.parametrize("how", HOST_RESIZES)
def test_frames_of_different_sizes_make_one_batch(how):
    frames = [noise(40, 60), noise(90, 50), noise(64, 96)]

    batch = prepare(frames, spec(), SIZE_HW, how)

    for alone, together in zip(frames, batch, strict=True):
        np.testing.assert_array_equal(prepare([alone], spec(), SIZE_HW, how)[0], together)


def test_no_frames_make_an_empty_batch():
    assert prepare([], spec(), SIZE_HW).shape == (0, 64, 96, 3)


def test_a_frame_may_be_a_view_that_is_not_contiguous():
    frame = noise(80, 120)
    part = frame[10:70, 20:100][:, ::-1]

    np.testing.assert_array_equal(prepare([part], spec(), SIZE_HW), prepare([part.copy()], spec(), SIZE_HW))


@pytest.mark.parametrize("frame", [noise(40, 60).astype(np.float32), noise(40, 60)[..., 0]], ids=["float", "grey"])
def test_what_is_not_uint8_rgb_is_refused(frame):
    with pytest.raises(ValueError, match="a frame is uint8 RGB"):
        prepare([frame], spec(), SIZE_HW)


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("frame_hw", [(40, 60), (60, 40)], ids=["wide", "portrait"])
def test_pillow_and_opencv_enlarge_alike_within_a_level(frame_hw, fit):
    one = prepare([noise(*frame_hw)], spec(fit=fit, factor=1.0), (96, 128), "opencv")
    other = prepare([noise(*frame_hw)], spec(fit=fit, factor=1.0), (96, 128), "pillow")

    assert np.abs(one - other).max() <= 1


def test_pillow_and_opencv_shrink_a_picture_without_detail_alike():
    one, other = (prepare([waves(360, 640)], spec(factor=1.0), SIZE_HW, how) for how in ("opencv", "pillow"))

    assert np.abs(one - other).max() <= 2


def test_pillow_averages_the_detail_that_opencv_skips():
    one, other = (prepare([noise(360, 640)], spec(factor=1.0, fit="stretch"), SIZE_HW, how) for how in ("opencv", "pillow"))

    assert other.std() < one.std() / 2
