"""A card of any kind that is asked for is filled as far as outputs tell, or refused in one line."""

from itertools import product

import numpy as np
import pytest

from workbench.detectors import KINDS, InputCard, why_no_detector
from workbench.detectors.kind_card import card_of_kind
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.readings import Run
from workbench.detectors.trial import Trial
from workbench.errors import ModelError

SIZE = 64, 96
OUTPUTS = {
    "one row each": {"out": (1, 126, 9)},
    "boxes and logits": {"scores": (1, 40, 7), "boxes": (1, 40, 4)},
    "four": {"b": (1, 9, 4), "c": (1, 9), "s": (1, 9), "n": (1,)},
    "maps": {"a": (1, 8, 12, 27), "b": (1, 4, 6, 27), "c": (1, 2, 3, 27)},
    "nothing": {"x": (1, 5)},
}


def trial(outputs: dict[str, tuple[int, ...]]) -> Trial:
    random = np.random.default_rng(1)
    arrays = {name: random.normal(0, 3, shape).astype(np.float32) for name, shape in outputs.items()}
    specs = tuple(TensorSpec(name, one.shape, "float32") for name, one in arrays.items())
    tensors = Tensors((TensorSpec("image", (1, *SIZE, 3), "float32"),), specs)
    return Trial(tensors, SIZE, 0, (Run(InputCard(values="0..1", fit="stretch"), arrays),))


@pytest.mark.parametrize(("kind", "name"), list(product(KINDS, OUTPUTS)))
def test_each_kind_is_filled_or_refused_in_one_line(kind: str, name: str) -> None:
    card, told = None, ""
    try:
        card = card_of_kind(kind, trial(OUTPUTS[name]))
    except ModelError as error:
        told = str(error)

    assert len(told) <= 400
    assert "\n" not in told
    if card is None:
        assert told
        return
    part = card.detections or card.candidates
    assert part is not None
    assert set(part.tensors) <= OUTPUTS[name].keys()
    assert card.to_toml()


@pytest.mark.parametrize(
    ("kind", "name", "tensors"),
    [
        ("boxes", "boxes and logits", ("boxes", "scores")),
        ("detr", "boxes and logits", ("boxes", "scores")),
        ("rows", "one row each", ("out",)),
        ("yolox", "one row each", ("out",)),
        ("yolo-maps", "maps", ("a", "b", "c")),
        ("detections", "four", ("b", "c", "s", "n")),
    ],
)
def test_shapes_tell_which_output_is_which(kind: str, name: str, tensors: tuple[str, ...]) -> None:
    card = card_of_kind(kind, trial(OUTPUTS[name]))

    part = card.candidates or card.detections
    assert part is not None
    assert part.tensors == tensors


def test_scores_that_are_neither_in_0_to_1_nor_logits_are_told() -> None:
    one = trial(OUTPUTS["boxes and logits"])
    np.abs(one.runs[0].outputs["scores"], out=one.runs[0].outputs["scores"])

    with pytest.raises(ModelError, match="takes scores for scores, from .*: scores are in 0..1, and of logits many are negative"):
        card_of_kind("boxes", one)
    assert why_no_detector(one).startswith("gives scores (scores) from ")


def test_logits_say_that_they_pass_a_sigmoid() -> None:
    card = card_of_kind("boxes", trial(OUTPUTS["boxes and logits"]))

    assert 'activation = "sigmoid"' in card.to_toml()
