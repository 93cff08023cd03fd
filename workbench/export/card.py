"""What a network's tensors mean, as data: for the exported program, and as the card by which the workbench reads the file back."""

from dataclasses import asdict
from typing import Any

from workbench.detectors import OFFSET_AND_FACTOR, Card, InputCard, Meaning
from workbench.errors import UnavailableError
from workbench.export.program.contents import READERS
from workbench.stages import (
    AnchorGrids,
    BoxesHead,
    ClassIdsHead,
    DetrHead,
    DistancesHead,
    FunctionHead,
    InputSpec,
    RowsHead,
    SsdHead,
    YoloMapsHead,
    YoloxHead,
)

CARD_KINDS: dict[type, str] = {
    SsdHead: "ssd",
    YoloMapsHead: "yolo-maps",
    DistancesHead: "distances",
    BoxesHead: "boxes",
    RowsHead: "rows",
    YoloxHead: "yolox",
    DetrHead: "detr",
    ClassIdsHead: "class-ids",
}
DECODE_FILE = "decode.py"
"""What the Python file that decodes is called in the folder, whatever its name was."""


def reader_tree(meaning: Meaning, *, own_nms: bool) -> dict[str, Any]:
    """Return what reads a network's outputs, as `workbench.export.program.contents.reader_of` takes it.

    Args:
        meaning: What the network's tensors mean.
        own_nms: Whether detections of the network's own NMS are read.

    Raises:
        UnavailableError: No program is written for such outputs.
    """
    reader: Any = meaning.own_nms if own_nms else meaning.head
    if type(reader) not in READERS.values():
        raise UnavailableError(f"no program is written for outputs of the kind {meaning.kind!r} yet")
    if isinstance(reader, SsdHead) and not isinstance(reader.anchors_cxcywh_px, AnchorGrids):
        raise UnavailableError("this detector's anchors are a function, which no card holds; choose a detector with a card")
    if isinstance(reader, FunctionHead):
        called = f"{DECODE_FILE}:{reader.called.partition(':')[2]}"
        return {"kind": type(reader).__name__, "values": {"called": called, "outputs": reader.outputs, "classes": reader.classes}}
    return {"kind": type(reader).__name__, "values": asdict(reader)}


def own_card(name: str, meaning: Meaning, outputs: tuple[str, ...], *, own_nms: bool) -> Card:
    """Write down what an exported network's tensors mean.

    Args:
        name: What to call the detector.
        meaning: What they mean.
        outputs: What the file calls those that are read, in their order.
        own_nms: Whether they are detections of the network's own NMS.

    Raises:
        UnavailableError: No card says what they mean.
    """
    tree = reader_tree(meaning, own_nms=own_nms)
    values = _with_units(tree["values"]) | {"tensors": outputs}
    if "anchors_cxcywh_px" in values:
        values["anchors"] = [_anchors(level) for level in values.pop("anchors_cxcywh_px")["levels"]]
    if "anchors_wh_px" in values:
        values["anchors"] = values.pop("anchors_wh_px")
    if own_nms:
        part: dict[str, Any] = {"detections": values}
    elif isinstance(meaning.head, FunctionHead):
        part = {"decode": values["called"], "decode_names": dict(zip(outputs, meaning.head.outputs, strict=True))}
    else:
        part = {"candidates": {"kind": CARD_KINDS[type(meaning.head)], **values}}
    return Card.model_validate({"name": name, "labels": meaning.labels, "input": _input(meaning.input_spec), **part})


def _with_units(values: dict[str, Any]) -> dict[str, Any]:
    rest = dict(values)
    return rest | {"units": "normalised" if rest.pop("normalised") else "pixels"} if "normalised" in rest else rest


def _anchors(level: dict[str, Any]) -> dict[str, Any]:
    called = {"cells_hw": "cells", "stride_px": "stride", "boxes_wh": "boxes"}
    return {called.get(name, name): value for name, value in level.items()}


def _input(spec: InputSpec) -> InputCard:
    values = next((name for name, pair in OFFSET_AND_FACTOR.items() if pair == (spec.offset, spec.factor)), None)
    scaling = {"values": values} if values else {"offset": spec.offset, "factor": spec.factor}
    rest = {name: getattr(spec, name) for name in ("layout", "colour", "fit", "align", "pad")}
    return InputCard.model_validate({**scaling, **rest})
