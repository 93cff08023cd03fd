"""A card is checked against what its model puts out when it is loaded: one line says what does not fit."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from workbench.detectors import Card, InputCard
from workbench.detectors.anchor_generators import AnchorCard
from workbench.detectors.card_fit import check_fit
from workbench.detectors.level_cards import SsdCard
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import BoxesCard, DetectionsCard, RowsCard, YoloxCard
from workbench.detectors.readings import Run
from workbench.detectors.trial import Trial
from workbench.errors import ModelError

SIZE = 64, 96
GRID_ROWS = 12 * 8 + 6 * 4 + 3 * 2  # cells at strides 8, 16 and 32
FED = InputCard(values="0..1", fit="stretch")


def check(card: Card, outputs: Mapping[str, tuple[int, ...]], score: float = 0.1, fed: InputCard = FED) -> None:
    arrays = {name: np.full(shape, score, np.float32) for name, shape in outputs.items()}
    specs = tuple(TensorSpec(name, one.shape, "float32") for name, one in arrays.items())
    tensors = Tensors((TensorSpec("image", (1, *SIZE, 3), "float32"),), specs)
    check_fit(card, card.meaning(tensors), Trial(tensors, SIZE, 0, (Run(fed, arrays),)))


BOXES = {"b": (1, 10, 4), "s": (1, 10, 3)}
FITTING = [
    (Card(candidates=BoxesCard(tensors=("b", "s"))), BOXES),
    (Card(candidates=RowsCard(tensors=("r",), transposed=True)), {"r": (1, 84, 840)}),
    (Card(candidates=YoloxCard(tensors=("r",))), {"r": (1, GRID_ROWS, 85)}),
    (Card(detections=DetectionsCard(tensors=("b", "s", "c", "n"))), {"b": (1, 9, 4), "s": (1, 9), "c": (1, 9), "n": (1,)}),
    (Card(detections=DetectionsCard(tensors=("r",))), {"r": (1, 9, 6)}),
]


@pytest.mark.parametrize(("card", "outputs"), FITTING, ids=["boxes", "rows", "yolox", "detections", "rows of six"])
def test_a_card_that_fits_passes(card: Card, outputs: Mapping[str, tuple[int, ...]]) -> None:
    check(card, outputs)


ANCHORS = (AnchorCard(cells=(2, 3), boxes=((0.1, 0.1),)),)


@pytest.mark.parametrize(
    ("card", "outputs", "reason"),
    [
        (Card(candidates=RowsCard(tensors=("r",))), {"r": (1, 84, 8400)}, "makes 84 candidates of 8396 classes; rows and columns"),
        (
            Card(candidates=BoxesCard(tensors=("b", "s"))),
            {"b": (10, 4), "s": (1, 10, 3)},
            "makes boxes [1, 10, 4] and scores [1, 1, 10, 3]",
        ),
        (Card(candidates=BoxesCard(tensors=("b", "s"))), {"b": (1, 9, 4), "s": (1, 10, 3)}, "makes boxes [1, 9, 4] and scores"),
        (Card(candidates=BoxesCard(tensors=("b", "s"))), {"b": (1, 10, 3), "s": (1, 10, 3)}, "takes boxes of 3 columns"),
        (Card(candidates=BoxesCard(tensors=("b", "s"))), {"b": (1, 10, 32), "s": (1, 10, 3)}, "takes boxes of 32 columns"),
        (Card(candidates=YoloxCard(tensors=("r",))), {"r": (1, 99, 85)}, "puts out 99 boxes at 64x96, its head expects 126"),
        (Card(candidates=SsdCard(tensors=("b", "s"), anchors=ANCHORS)), BOXES, "puts out 10 boxes at 64x96, its head expects 6"),
        (
            Card(detections=DetectionsCard(tensors=("b", "s", "c"))),
            {"b": (1, 9, 4), "s": (1,), "c": (1, 9)},
            "[detections] does not",
        ),
        (Card(detections=DetectionsCard(tensors=("r",))), {"r": (1, 9, 5)}, "the card's [detections] does not fit r [1, 9, 5]"),
    ],
)
def test_shapes_that_do_not_fit_are_named(card: Card, outputs: Mapping[str, tuple[int, ...]], reason: str) -> None:
    with pytest.raises(ModelError) as refused:
        check(card, outputs)

    assert reason in str(refused.value)
    assert len(str(refused.value)) < 400
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("score", [-3.1, 1.2, 37.0])
def test_scores_that_are_none_want_an_activation(score: float) -> None:
    card, outputs = FITTING[0]

    with pytest.raises(ModelError, match="gives scores from .* to .*, which are none") as refused:
        check(card, outputs, score)
    assert ('write activation = "sigmoid"' in str(refused.value)) is (score < 0)
    check(card, outputs, score, fed=InputCard(values="0..255", fit="stretch"))  # not as the card feeds: its scores tell nothing
    check(card, outputs, np.nan)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([0, 10, 20, 30, 40, 7, 0.5], "takes scores up to 40; correct its tensors, or the columns of a row"),
        ([0, 0.1, 0.2, 0.3, 0.4, 0.5, 7], "takes numbers such as 0.5 for those of classes; correct its tensors, or the columns"),
    ],
    ids=["pixels", "fractions"],
)
def test_columns_that_a_card_mistakes_are_told(row: Sequence[float], reason: str) -> None:
    rows = np.array([[row]], np.float32)
    tensors = Tensors((TensorSpec("image", (1, *SIZE, 3), "float32"),), (TensorSpec("r", rows.shape, "float32"),))
    trial = Trial(tensors, SIZE, 0, (Run(FED, {"r": rows}),))
    card = Card(detections=DetectionsCard(tensors=("r",)), labels=tuple("abcdefgh"))

    with pytest.raises(ModelError) as refused:
        check_fit(card, card.meaning(tensors), trial)

    assert reason in str(refused.value)


SIGMOID = Card(candidates=BoxesCard(tensors=("b", "s"), activation="sigmoid"))


def test_logits_pass_a_sigmoid_and_numbers_that_are_never_negative_do_not() -> None:
    check(SIGMOID, BOXES, -3.1)
    with pytest.raises(ModelError, match="gives no score under 0.5: the sigmoid takes numbers that are hardly ever negative"):
        check(SIGMOID, BOXES, 0.0)
