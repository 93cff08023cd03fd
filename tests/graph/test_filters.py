"""Whoever resizes with a filter gives the pixels that the others give with it: on the host, and in the graph."""

from itertools import combinations

import numpy as np
import pytest
import tensorflow as tf

from workbench.graph import preprocess as graph
from workbench.media import open_media
from workbench.samples import SAMPLE_STILLS
from workbench.settings import RESIZE_FILTERS
from workbench.stages import InputSpec
from workbench.stages import preprocess as host

LEVEL = 1.0  # docs/settings.md says so: each rounds at another place
TWICE = 1.5  # the same, where one side shrinks and the other grows: then the host rounds twice
AREA_OF_PILLOW_MEAN = 2.0  # the same, of photographs: it counts pixels as whole where others count parts
PLACES = tuple(RESIZE_FILTERS)
SHARED = [
    (one, other, name)
    for one, other in combinations(PLACES, 2)
    for name in RESIZE_FILTERS[one]
    if name in RESIZE_FILTERS[other] and (name, "pillow") not in {("area", one), ("area", other)}
]
FRAMES = {
    "wide": (180, 320),
    "odd, wide": (161, 297),
    "portrait": (161, 97),
    "smaller": (30, 50),
    "odd, smaller": (31, 45),
    "as it is": (64, 96),
    "flat": (3, 400),
    "one side smaller": (40, 300),
}
SIZE_HW = (64, 96)


def spec(fit: str) -> InputSpec:
    return InputSpec(size_hw=None, default_hw=SIZE_HW, factor=1.0, fit=fit)


def resized(frame, place: str, name: str, fit: str, size_hw=SIZE_HW):
    """Return float32 pixels, before whatever a resizer rounds at the end."""
    if place == "graph":
        return graph.prepare(tf.constant(frame[None]), spec(fit), size_hw, name).numpy()[0]
    return host.prepare([frame], spec(fit), size_hw, place, name)[0]


def noise(height: int, width: int):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def stripes(height: int, width: int):
    """One pixel black and one white: the worst that skipping pixels can meet."""
    return np.broadcast_to((np.arange(width) % 2 * 255)[None, :, None], (height, width, 3)).astype(np.uint8).copy()


def waves(height: int, width: int):
    y, x = np.mgrid[:height, :width]
    return np.stack([127 + 120 * np.sin(5 * x / width + c) * np.cos(4 * y / height + c) for c in range(3)], -1).astype(np.uint8)


@pytest.fixture(scope="module")
def photograph():
    return next(open_media(SAMPLE_STILLS).frames()).image_rgb


def test_the_tables_name_the_same_filters_with_the_usual_ones_first() -> None:
    known = {"graph": tuple(graph.GRAPH_FILTERS), **{place: tuple(filters) for place, filters in host.HOST_RESIZES.items()}}

    assert known == RESIZE_FILTERS
    assert all(name in host.HOST_RESIZES[place] for name, place in host.RESIZED_BY.items())
    assert set(host.RESIZED_BY) == set(graph.GRAPH_FILTERS)


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("frame_hw", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize(("one", "other", "name"), SHARED)
def test_resizers_that_share_a_filter_agree_within_a_level(one, other, name, frame_hw, fit) -> None:
    bigger = [side > ours for side, ours in zip(frame_hw, SIZE_HW, strict=True)]
    most = TWICE if fit == "stretch" and any(bigger) and not all(bigger) else LEVEL
    for picture in (noise, stripes, waves):
        frame = picture(*frame_hw)
        assert np.abs(resized(frame, one, name, fit) - resized(frame, other, name, fit)).max() <= most


@pytest.mark.parametrize(("one", "other", "name"), SHARED)
def test_resizers_agree_on_photographs_within_a_level(one, other, name, photograph) -> None:
    for size_hw in ((320, 320), (288, 512), (97, 333)):
        assert (
            np.abs(
                resized(photograph, one, name, "letterbox", size_hw) - resized(photograph, other, name, "letterbox", size_hw)
            ).max()
            <= LEVEL
        )


@pytest.mark.parametrize("other", ["opencv", "graph"])
def test_pillow_averages_the_same_area_where_sides_shrink_by_whole_numbers_or_grow(other) -> None:
    for frame in (noise(128, 288), stripes(256, 192), noise(30, 50), waves(64, 480)):
        assert np.abs(resized(frame, "pillow", "area", "stretch") - resized(frame, other, "area", "stretch")).max() <= LEVEL


@pytest.mark.parametrize("size_hw", [(320, 320), (288, 512), (97, 333), (416, 416), (640, 640)], ids=str)
def test_pillow_averages_nearly_the_same_area_of_photographs(photograph, size_hw) -> None:
    apart = resized(photograph, "pillow", "area", "letterbox", size_hw) - resized(
        photograph, "opencv", "area", "letterbox", size_hw
    )

    assert np.abs(apart).mean() <= AREA_OF_PILLOW_MEAN


@pytest.mark.parametrize(("place", "name"), [(place, name) for place in PLACES for name in RESIZE_FILTERS[place]])
def test_all_filters_are_the_same_where_frames_grow(place, name) -> None:
    frame = noise(30, 50)

    assert np.abs(resized(frame, place, name, "letterbox") - resized(frame, "opencv", "linear", "letterbox")).max() <= LEVEL


def test_filters_differ_where_frames_shrink() -> None:
    frame = noise(320, 480)  # to a fifth
    spread = {name: float(resized(frame, "graph", name, "stretch").std()) for name in RESIZE_FILTERS["graph"]}

    assert spread["linear"] > 2 * spread["area"] > 2.2 * spread["triangle"]


@pytest.mark.parametrize("name", RESIZE_FILTERS["graph"])
def test_a_graph_that_takes_all_sizes_filters_as_one_of_known_size(name) -> None:
    traced = tf.function(
        lambda frames: graph.prepare(frames, spec("letterbox"), SIZE_HW, name), [tf.TensorSpec([1, None, None, 3], tf.uint8)]
    )
    for frame_hw in FRAMES.values():
        frame = noise(*frame_hw)
        ours = traced(tf.constant(frame[None])).numpy()[0]
        np.testing.assert_allclose(ours, resized(frame, "graph", name, "letterbox"), atol=1e-4)
