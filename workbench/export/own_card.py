"""The detector card of a network that is taken home: what the workbench would have to be told to read the file back."""

from collections.abc import Callable
from typing import Any

from workbench.detectors import (
    OFFSET_AND_FACTOR,
    AnchorCard,
    BoxesCard,
    CandidatesCard,
    Card,
    DetectionsCard,
    InputCard,
    Meaning,
    RowsCard,
    SsdCard,
    YoloxCard,
)
from workbench.errors import UnavailableError
from workbench.stages import (
    AnchorGrids,
    Anchors,
    BoxesHead,
    DetectionRows,
    DetectionTensors,
    InputSpec,
    RowsHead,
    SsdHead,
    YoloxHead,
)


def own_card(name: str, meaning: Meaning, outputs: tuple[str, ...], *, own_nms: bool) -> Card:
    """Write down what a network's tensors mean.

    Args:
        name: What to call the detector.
        meaning: What they mean.
        outputs: What the file calls those that are read, in their order.
        own_nms: Whether they are detections of the network's own NMS.

    Raises:
        UnavailableError: No card says what this detector's anchors are.
    """
    return Card(
        name=name,
        labels=meaning.labels,
        input=_input(meaning.input_spec),
        candidates=None if own_nms else CANDIDATES[type(meaning.head)](meaning.head, outputs),
        detections=_detections(meaning.own_nms, outputs) if own_nms else None,
    )


def _input(spec: InputSpec) -> InputCard:
    named = next((values for values, pair in OFFSET_AND_FACTOR.items() if pair == (spec.offset, spec.factor)), None)
    return InputCard(
        layout=spec.layout,
        colour=spec.colour,
        values=named,
        offset=None if named else spec.offset,
        factor=None if named else spec.factor,
        fit=spec.fit,
        align=spec.align,
        pad=spec.pad,
    )


def _ssd(head: SsdHead, outputs: tuple[str, ...]) -> CandidatesCard:
    return SsdCard(
        tensors=(outputs[0], outputs[1]),
        anchors=_anchors(head.anchors_cxcywh_px),
        center_variance=head.center_variance,
        size_variance=head.size_variance,
        background=head.background,
        activation=head.activation,
    )


def _anchors(anchors: Anchors) -> tuple[AnchorCard, ...]:
    if not isinstance(anchors, AnchorGrids):
        raise UnavailableError("this detector's anchors are a function, which no card holds; choose a detector with a card")
    return tuple(
        AnchorCard(
            cells=level.cells_hw,
            stride=level.stride_px,
            boxes=level.boxes_wh,
            units="normalised" if level.normalised else "pixels",
        )
        for level in anchors.levels
    )


def _boxes(head: BoxesHead, outputs: tuple[str, ...]) -> CandidatesCard:
    return BoxesCard(
        tensors=(outputs[0], outputs[1]),
        order=head.order,
        units="normalised" if head.normalised else "pixels",
        background=head.background,
        activation=head.activation,
    )


def _rows(head: RowsHead, outputs: tuple[str, ...]) -> CandidatesCard:
    return RowsCard(
        tensors=(outputs[0],),
        transposed=head.transposed,
        objectness=head.objectness,
        order=head.order,
        units="normalised" if head.normalised else "pixels",
        activation=head.activation,
    )


def _yolox(head: YoloxHead, outputs: tuple[str, ...]) -> CandidatesCard:
    return YoloxCard(tensors=(outputs[0],), strides=head.strides)


def _detections(reader: Any, outputs: tuple[str, ...]) -> DetectionsCard:
    assert isinstance(reader, DetectionTensors | DetectionRows), "there is no other"
    return DetectionsCard(
        tensors=outputs,
        order=reader.order,
        units="normalised" if reader.normalised else "pixels",
        first_class=reader.first_class,
    )


CANDIDATES: dict[type, Callable[[Any, tuple[str, ...]], CandidatesCard]] = {
    SsdHead: _ssd,
    BoxesHead: _boxes,
    RowsHead: _rows,
    YoloxHead: _yolox,
}
