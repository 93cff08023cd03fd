"""A card whose function decodes: it runs only where it is allowed, on every engine, and what is wrong with it is one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.detectors.decoded import CARD, CODE, LABELS, SIZE_HW, write_model
from workbench.detectors import Calibration, Card, Detector, InputCard
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import BoxesCard
from workbench.detectors.saved_model import SavedModelNetwork
from workbench.errors import ModelError
from workbench.media import Frame
from workbench.opening import check
from workbench.pipeline import Pipeline
from workbench.stages import FunctionHead

TENSORS = Tensors(
    (TensorSpec("image", (None, *SIZE_HW, 3), "float32"),),
    (TensorSpec("boxes", (None, 16, 4), "float32"), TensorSpec("scores", (None, 16, 2), "float32")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(CODE)
    return tmp_path


def test_it_runs_only_where_it_is_allowed(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit('it ran')")

    with pytest.raises(ModelError, match="its card decodes with mine.py, which is Python code; allow it with --allow code"):
        CARD.meaning(TENSORS, folder)


def test_its_hash_is_a_fact(folder: Path) -> None:
    (code,) = CARD.meaning(TENSORS, folder, decodes=True).code

    assert (code.name, len(code.sha256)) == ("mine.py", 64)


@pytest.mark.parametrize(
    ("decode", "says"),
    [
        ("mine.py:other", "mine.py has no function 'other'; choose one of decode"),
        ("../mine.py:decode", "lies outside its folder"),
        ("missing.py:decode", "cannot read the Python file"),
    ],
)
def test_a_function_that_is_not_there_is_one_line(folder: Path, decode: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        CARD.model_copy(update={"decode": decode}).meaning(TENSORS, folder, decodes=True)


def test_it_stands_alone_in_a_card() -> None:
    with pytest.raises(ValueError, match="stands alone, in the place of"):
        Card(decode="mine.py:decode", candidates=BoxesCard(tensors=("boxes", "scores")))


def test_outputs_that_the_function_calls_otherwise_are_those_of_the_file(folder: Path) -> None:
    card = CARD.model_copy(update={"decode_names": {"Identity": "boxes"}})

    with pytest.raises(ModelError, match="the card names the output 'Identity', the model has boxes"):
        card.meaning(TENSORS, folder, decodes=True)


def head_of(decode: Any) -> FunctionHead:
    return FunctionHead(called="mine.py:decode", decode=decode, outputs=("y",), classes=1)


def test_frames_with_fewer_boxes_are_filled_up_with_what_scores_nothing() -> None:
    raw = np.array([[0.5, 0.0], [0.7, 0.9]], np.float32)
    head = head_of(lambda outputs, _: (np.ones((int((outputs["y"] > 0).sum()), 4)), outputs["y"][outputs["y"] > 0]))

    boxes, scores = head.candidates([raw], SIZE_HW)

    assert boxes.shape == (2, 2, 4)
    assert scores[..., 0].tolist() == [[0.5, 0.0], [np.float32(0.7), np.float32(0.9)]]


@pytest.mark.parametrize(
    ("decode", "says"),
    [
        (lambda outputs, _: outputs["z"], "mine.py:decode raises KeyError: 'z'; correct it"),
        (lambda _, __: (np.ones((3, 4)), np.ones((3, 2))), "gives boxes [3, 4] and scores [3, 2], not [A, 4] and [A, 1] for the 1"),
        (lambda _, __: (np.ones((3, 5)), np.ones(3)), "gives boxes [3, 5] and scores [3, 1], not [A, 4] and [A, 1]"),
    ],
    ids=["raises", "classes", "columns"],
)
def test_what_it_gives_is_checked(decode: Any, says: str) -> None:
    with pytest.raises(ModelError) as refused:
        head_of(decode).candidates([np.ones((1, 2), np.float32)], SIZE_HW)

    assert says in str(refused.value)


@pytest.mark.parametrize("engine", ["graph", *(pytest.param(one, marks=pytest.mark.slow) for one in ("eager", "xla", "litert"))])
def test_it_finds_what_a_kind_of_card_finds(folder: Path, engine: str) -> None:
    network = SavedModelNetwork(write_model(folder))
    tensors = network.inspect()
    kind = Card(labels=LABELS, input=InputCard(size=SIZE_HW), candidates=BoxesCard(tensors=("boxes", "scores")))
    frames = [Frame(np.random.default_rng(n).integers(0, 256, (48, 80, 3), np.uint8), str(n), n) for n in range(2)]
    found = []
    for meaning in (kind.meaning(tensors), CARD.meaning(tensors, folder, decodes=True)):
        detector = Detector(network, meaning, name="m", source="m")
        words = {"runtime.engine": engine, "input.resize": "opencv", "runtime.batch": 2, "nms.score": 0.3, "nms.method": "opencv"}
        settings = check(detector, detector.default_settings().with_values(words))
        found.append(Pipeline(detector, settings, Calibration("nothing", list)).detect(frames))

    for expected, one in zip(*found, strict=True):
        assert len(expected) > 0
        assert np.allclose(one.boxes_xyxy_px, expected.boxes_xyxy_px, atol=0.01)
        assert np.array_equal(one.class_ids, expected.class_ids)
