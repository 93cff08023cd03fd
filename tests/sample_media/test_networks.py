"""The sample networks, as they are built, and that the shipped ones are these."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from sample_media.making.networks import CENTER_RANGE, DESIGNS, SIZE_RANGE, build_network
from workbench.errors import SettingsError
from workbench.samples import SAMPLE_ANCHORS, WEIGHTS

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
    count = len(SAMPLE_ANCHORS(size_hw))
    found = outputs(name, size_hw, batch=2)
    assert found["offsets"].shape == (2, count, 4)
    assert found["scores"].shape == (2, count, 5)


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


@pytest.mark.parametrize("name", DESIGNS)
def test_shipped_network_is_the_one_that_is_built_here(name: str) -> None:
    import keras

    shipped = keras.models.load_model(WEIGHTS / f"{name}.keras", compile=False)
    assert [tuple(weight.shape) for weight in shipped.weights] == [tuple(weight.shape) for weight in network(name).weights]
    assert not shipped.compiled
