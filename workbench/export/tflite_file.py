"""A converted network as a `.tflite` file with its card, without a program around it."""

from dataclasses import dataclass
from pathlib import Path

from workbench.detectors import OWN_NMS, Calibration, Detector, card_path, write_card
from workbench.errors import UnavailableError
from workbench.export.card import own_card
from workbench.export.network_file import tflite_tensors
from workbench.files import write_whole
from workbench.settings import Settings
from workbench.stages import FunctionHead


@dataclass(frozen=True, slots=True)
class TfliteFile:
    """What was written.

    Attributes:
        path: Of the network.
        card: What says what its tensors mean; `None` where none could be written.
        told: What there is to say of the card.
    """

    path: Path
    card: Path | None
    told: str


def write_tflite(detector: Detector, settings: Settings, calibration: Calibration, path: Path) -> TfliteFile:
    """Write a network as settings for LiteRT want it, and its card beside it; a card that is there stays.

    Raises:
        UnavailableError: It cannot be brought to these settings.
        SaveError: It cannot be written.
    """
    model = detector.litert_model(settings, calibration)
    _, _, read = tflite_tensors(model, detector.outputs(settings.nms))
    write_whole(path, model.content)
    if isinstance(detector.meaning.head, FunctionHead):
        return TfliteFile(path, None, "copy the card of the model and the Python file that it names beside it")
    if (there := card_path(path)) is not None:
        return TfliteFile(path, None, f"{there.name} was there and stays as it was")
    outputs, own_nms = tuple(one["name"] for one in read), settings.nms.method == OWN_NMS
    try:
        card = own_card(detector.facts.name, detector.meaning, outputs, own_nms=own_nms)
    except UnavailableError as error:
        return TfliteFile(path, None, str(error))
    written = write_card(card, path)
    return TfliteFile(path, written, f"{written.name} says what its tensors mean")
