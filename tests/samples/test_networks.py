"""The sample networks and their anchors."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.errors import SettingsError
from workbench.samples import ANCHOR_LEVELS, anchors_cxcywh_px, networks
from workbench.samples.networks import CENTER_RANGE, DESIGNS, SIZE_RANGE, build_network

WEIGHTS = Path(networks.__file__).parent / "weights"
WEIGHTS_LIMIT_BYTES = 12_000_000
SIZES = ((64, 64), (96, 96), (64, 160), (160, 96))


@cache
def network(name: str) -> Any:
    return build_network(name)


def outputs(name: str, size_hw: tuple[int, int], batch: int = 1) -> dict[str, np.ndarray]:
    image = np.random.default_rng(0).random((batch, *size_hw, 3), np.float32)
    return {key: value.numpy() for key, value in network(name)(image, training=False).items()}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("size_hw", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_each_anchor_has_its_offsets_and_scores(name: str, size_hw: tuple[int, int]) -> None:
    count = len(anchors_cxcywh_px(size_hw))
    found = outputs(name, size_hw, batch=2)
    assert found["offsets"].shape == (2, count, 4)
    assert found["scores"].shape == (2, count, 5)


def test_anchors_run_row_by_row_and_level_after_level() -> None:
    anchors = anchors_cxcywh_px((32, 64))
    assert anchors[:2, :2].tolist() == [[4, 4], [12, 4]]
    assert anchors[8, :2].tolist() == [4, 12]  # 64 / 8 cells a row
    assert anchors[32].tolist() == [8, 8, 48, 48]  # 4 x 8 cells of stride 8, then stride 16
    assert len(anchors) == 32 + 8 + 2 + 1


def test_the_coarsest_level_covers_an_odd_rest() -> None:
    assert ANCHOR_LEVELS[-1].grid_hw((96, 160)) == (2, 3)


@pytest.mark.parametrize("size_hw", [(0, 32), (33, 64), (64, 100)], ids=str)
def test_a_size_off_the_grid_is_refused(size_hw: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="choose multiples of 32"):
        anchors_cxcywh_px(size_hw)


def test_an_unknown_network_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SettingsError, match="inspector-mobile, inspector-large"):
        build_network("inspector-huge")


@pytest.mark.parametrize("name", DESIGNS)
def test_offsets_stay_in_their_ranges_whatever_is_shown(name: str) -> None:
    offsets = outputs(name, (64, 96))["offsets"]
    low, high = np.array([CENTER_RANGE, CENTER_RANGE, SIZE_RANGE, SIZE_RANGE]).T
    assert np.all((offsets >= low) & (offsets <= high))


@pytest.mark.parametrize("name", DESIGNS)
def test_an_untrained_network_expects_little(name: str) -> None:
    assert outputs(name, (64, 96))["scores"].mean() < 0.1


@pytest.mark.parametrize("name", DESIGNS)
def test_networks_are_made_of_keras_own_layers_only(name: str) -> None:
    assert all(type(layer).__module__.startswith("keras.") for layer in network(name).layers)


def test_shipped_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.glob("*.keras")) <= WEIGHTS_LIMIT_BYTES


@pytest.mark.parametrize("name", DESIGNS)
def test_shipped_network_is_the_one_that_is_built_here(name: str) -> None:
    import keras

    shipped = keras.models.load_model(WEIGHTS / f"{name}.keras", compile=False)
    assert [tuple(weight.shape) for weight in shipped.weights] == [tuple(weight.shape) for weight in network(name).weights]
    assert not shipped.compiled
