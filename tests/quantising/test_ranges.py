"""Ranges of integers, from values on frames."""

import numpy as np
import pytest

from tests.quantising.building import CHANNELS, Building, pictures, swish_network
from workbench.quantising import TensorValues, ranges_of, tensor_values
from workbench.quantising.ranges import SAMPLE

CONTENT = swish_network()


def held(values: np.ndarray, name: str = "scores") -> dict[str, TensorValues]:
    """Values of one tensor by frame, `(frames, n)`."""
    extremes = np.stack([values.min(axis=1), values.max(axis=1)], axis=1)
    return {name: TensorValues(extremes.astype(np.float32), values.ravel().astype(np.float32))}


def test_values_are_those_of_everything_that_is_computed() -> None:
    batches = pictures(3)

    found = tensor_values(CONTENT, batches)

    assert list(found) == ["image", "stem", "swish/sigmoid", "swish", "head", "scores"]
    assert all(one.extremes.shape == (3, 2) and one.sample.size <= SAMPLE for one in found.values())
    np.testing.assert_allclose(found["image"].extremes[:, 1], [batch.max() for batch in batches])
    stem = found["stem"]
    assert stem.extremes[:, 0].min() <= stem.sample.min()
    assert stem.sample.max() <= stem.extremes[:, 1].max()


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_sets_no_range(poison: float) -> None:
    batches = pictures(2)
    batches[1][0, 0, 0, 0] = poison

    found = tensor_values(CONTENT, batches)

    assert all(np.isfinite(one.extremes).all() and np.isfinite(one.sample).all() for one in found.values())
    assert all(np.isfinite(ranges_of(CONTENT, found, how)["stem"]).all() for how in ("minmax", "percentile", "mse"))


def test_minmax_is_all_that_was_seen() -> None:
    assert ranges_of(CONTENT, held(np.array([[-1.0, 2.0], [-3.0, 1.0]])), "minmax") == {"scores": (-3.0, 2.0)}


def test_one_frame_alone_sets_no_percentile() -> None:
    values = np.tile([-1.0, 1.0], (40, 1))
    values[7] = -500, 900

    assert ranges_of(CONTENT, held(values), "percentile") == {"scores": (-1.0, 1.0)}
    assert ranges_of(CONTENT, held(values), "minmax") == {"scores": (-500.0, 900.0)}


def test_the_least_error_gives_up_a_single_value_far_off_for_the_sake_of_the_others() -> None:
    values = np.random.default_rng(0).normal(0, 1, (20, 500))
    values[0, 0] = 8

    low, high = ranges_of(CONTENT, held(values), "mse")["scores"]

    assert -4.5 < low < -2
    assert 3 < high <= 8


def test_the_lower_end_before_a_swish_is_where_it_flattens() -> None:
    values = np.random.default_rng(0).uniform(-100, 4, (20, 500))

    assert ranges_of(CONTENT, held(values, "head"), "mse")["head"][0] > -20, "behind a sigmoid"
    assert ranges_of(CONTENT, held(values, "stem"), "mse")["stem"][0] > -20, "behind a swish"
    assert ranges_of(CONTENT, held(values, "swish"), "mse")["swish"][0] < -90, "as it is"


def test_what_something_else_reads_too_keeps_its_own_range() -> None:
    net = Building()
    stem = net.pointwise(net.image, "stem", CHANNELS)
    both = net.joined([net.swish(stem, "swish"), stem], "both")
    values = np.random.default_rng(0).uniform(-100, 4, (20, 500))

    assert ranges_of(net.file(both), held(values, "stem"), "mse")["stem"][0] < -90


@pytest.mark.parametrize("how", ["minmax", "percentile", "mse"])
def test_a_tensor_of_zeros_has_a_range(how: str) -> None:
    assert ranges_of(CONTENT, held(np.zeros((2, 3))), how) == {"scores": (0.0, 0.0)}
