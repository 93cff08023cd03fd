import numpy as np
import pytest
import tensorflow as tf

from workbench.graph import preprocess as graph
from workbench.stages import InputSpec
from workbench.stages import preprocess as host

SIZE_HW = (64, 96)
LEVEL = 1 / 255  # one grey level, with the default factor


def spec(**values):
    return InputSpec(**{"size_hw": None, "default_hw": SIZE_HW, **values})


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


FRAMES = pytest.mark.parametrize(
    "frame",
    [noise(180, 320), noise(161, 97), noise(30, 50), noise(50, 30), noise(64, 96), noise(3, 400)],
    ids=["wide", "portrait", "enlarged", "portrait, enlarged", "as it is", "panorama"],
)


@FRAMES
@pytest.mark.parametrize(
    "values",
    [{"align": "centre"}, {"align": "top-left"}, {"fit": "stretch"}],
    ids=["centre", "top left", "stretch"],
)
def test_the_graph_resizes_as_opencv_does_within_a_level(frame, values):
    ours = graph.prepare(tf.constant(frame[None]), spec(**values), SIZE_HW)

    theirs = host.prepare([frame], spec(**values), SIZE_HW)
    assert (ours.shape, ours.dtype) == (theirs.shape, tf.float32)
    assert np.abs(ours.numpy() - theirs).max() <= LEVEL


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_the_graph_orders_and_scales_channels_as_the_host_does(layout, colour):
    values = {"layout": layout, "colour": colour, "offset": (120.0, 110.0, 100.0), "factor": (0.01, 0.02, 0.03)}
    frame = noise(64, 80)  # its size needs no resizing, so nothing is rounded

    ours = graph.prepare(tf.constant(frame[None]), spec(**values), SIZE_HW)

    np.testing.assert_allclose(ours.numpy(), host.prepare([frame], spec(**values), SIZE_HW), atol=1e-6)


def test_uint8_stays_uint8_within_a_level():
    ours = graph.prepare(tf.constant(noise(161, 97)[None]), spec(dtype="uint8"), SIZE_HW).numpy()

    assert ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - host.prepare([noise(161, 97)], spec(dtype="uint8"), SIZE_HW)).max() <= 1


def test_a_batch_whose_size_is_open_is_prepared():
    traced = tf.function(
        lambda frames: graph.prepare(frames, spec(), SIZE_HW), input_signature=[tf.TensorSpec([None, 40, 60, 3], tf.uint8)]
    )
    frames = np.stack([noise(40, 60), noise(60, 40).transpose(1, 0, 2)])

    batch = traced(tf.constant(frames)).numpy()

    assert np.abs(batch - host.prepare(list(frames), spec(), SIZE_HW)).max() <= LEVEL


@pytest.mark.parametrize(
    "values", [{}, {"layout": "NCHW", "colour": "BGR", "align": "top-left", "factor": 1.0}], ids=["sample", "yolox"]
)
def test_xla_computes_what_the_graph_does(values):
    def run(frames):
        return graph.prepare(frames, spec(**values), SIZE_HW)

    frames = tf.constant(noise(161, 97)[None])

    np.testing.assert_allclose(tf.function(run, jit_compile=True)(frames), run(frames), rtol=1e-5, atol=1e-5)


@FRAMES
@pytest.mark.parametrize(
    "values",
    [{"align": "centre"}, {"align": "top-left"}, {"fit": "stretch"}, {"dtype": "uint8"}, {"layout": "NCHW", "colour": "BGR"}],
    ids=["centre", "top left", "stretch", "uint8", "channels"],
)
def test_frames_of_open_size_are_prepared_as_those_of_known_size(frame, values):
    traced = tf.function(
        lambda frames: graph.prepare(frames, spec(**values), SIZE_HW), input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8)]
    )

    ours = traced(tf.constant(frame[None])).numpy()

    np.testing.assert_array_equal(ours, graph.prepare(tf.constant(frame[None]), spec(**values), SIZE_HW).numpy())
