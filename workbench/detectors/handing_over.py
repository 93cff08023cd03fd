"""A detector as JSON, for another process that is to load the same one."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from workbench.catalogue import load
from workbench.detectors.access import Access
from workbench.detectors.card import Card
from workbench.detectors.detector import Detector
from workbench.detectors.files import FILE_KINDS, detector_by_card, kind_of
from workbench.detectors.network import Tensors


def detector_tree(detector: Detector) -> dict[str, Any] | None:
    """Return what `detector_of` reads.

    `None` of a detector that only this process can load, or can read.
    """
    if detector.opener is not None:
        return {"opener": detector.opener, "source": detector.facts.source}
    network, card = detector.network, detector.card
    if card is None or network.tensors is None or network.only_here:
        return None
    return {
        "path": str(network.path.resolve()),
        "access": asdict(network.access),
        "tensors": asdict(network.tensors),
        "card": card.model_dump(mode="json"),
        "card_folder": str((detector.card_folder or network.path.parent).resolve()),
    }


def detector_of(tree: Mapping[str, Any]) -> Detector:
    """Load a detector.

    Raises:
        ModelError: It has changed meanwhile, and does not load any more.
    """
    if "opener" in tree:
        opened: Detector = load(tree["opener"])(tree["source"])
        return opened
    path, tensors = Path(tree["path"]), TypeAdapter(Tensors).validate_python(tree["tensors"])
    kind = FILE_KINDS[kind_of(path)]
    network = kind.open(path, TypeAdapter(Access).validate_python(tree["access"]), tensors)
    return detector_by_card(network, tensors, Card.model_validate(tree["card"]), Path(tree["card_folder"]), str(path))
