"""Trying a model in this process: it is loaded, brought to a size that it takes, and looked at."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from workbench.detections import UInt8Array
from workbench.detectors.feeding import ways_to_feed
from workbench.detectors.first_look import FirstLook
from workbench.detectors.network import Network, Tensors
from workbench.detectors.trial import Trial
from workbench.errors import ModelError
from workbench.stages import CHANNELS, prepare

SIDES = (640, 416, 512, 300, 384, 448, 608, 768, 1024, 256, 224, 192, 128, 96, 64)  # that detectors are made for, usual ones first


def try_here(
    network: Network, frames_rgb: Sequence[UInt8Array], *, read: bool = True, tell: Callable[[], None] = lambda: None
) -> Trial:
    """Load a network and run it on frames, in this process.

    Raises:
        ModelError: It does not load or run, or takes no pictures; says why.
    """
    tensors = network.inspect()
    if len(tensors.inputs) != 1:
        raise ModelError(f"{network.path} takes {len(tensors.inputs)} inputs; choose a detector of one picture")
    try:
        tensors = _at_a_size_that_runs(network, tensors, tell)
        look = FirstLook(network, tensors, frames_rgb, tell=tell)
    except ModelError as error:
        told = str(error)
        raise ModelError(told if told.startswith(str(network.path)) else f"{network.path}: {told}") from None
    if not read:
        look.run_each()
    proposals = look.propose() if read else ()
    return Trial(tensors, look.size_hw, look.shown, look.runs(), proposals)


def _at_a_size_that_runs(network: Network, tensors: Tensors, tell: Callable[[], None]) -> Tensors:
    """Say the usual size of an input whose sides are open though the inside takes one size only: the first that runs."""
    (taken,) = tensors.inputs
    spec = ways_to_feed(taken)[0][1]
    if spec.size_hw is not None:
        return tensors
    refused: ModelError | None = None
    for size_hw in (network.access.size_hw or spec.default_hw, *((side, side) for side in SIDES)):
        blank = np.zeros((*size_hw, CHANNELS), np.uint8)
        try:
            network.run(prepare([blank] * (spec.batch or 1), spec, size_hw))
        except ModelError as error:
            refused = refused or error
        else:
            return tensors if size_hw == spec.default_hw else replace(tensors, inputs=(replace(taken, usual_hw=size_hw),))
        tell()
    assert refused is not None, "one size at least was tried"
    raise refused
