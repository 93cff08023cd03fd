"""What tensors mean comes back the same from the data that an exported program reads, and from the card."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.networks import HEADS, OWN, SIZE_HW, SPECS
from workbench.detectors import Card, Meaning
from workbench.detectors.network import Tensors, TensorSpec
from workbench.errors import UnavailableError
from workbench.export.card import DECODE_FILE, own_card, reader_tree
from workbench.export.program.contents import read_tree, reader_of
from workbench.stages import FunctionHead, Head, InputSpec, SsdHead

LABELS = ("nut", "bolt")
SPEC = SPECS["letterbox"]


def saved(tree: dict[str, Any], folder: Path) -> Any:
    (folder / "tree.json").write_text(json.dumps(tree))
    return read_tree(folder / "tree.json")


@pytest.mark.parametrize("name", HEADS)
def test_a_head_comes_back_the_same(tmp_path: Path, name: str) -> None:
    meaning = Meaning(kind="", input_spec=SPEC, labels=LABELS, head=HEADS[name])

    assert reader_of(saved(reader_tree(meaning, own_nms=False), tmp_path), tmp_path) == HEADS[name]

    card = Card.model_validate(tomllib.loads(own_card("it", meaning, ("a", "b", "c")[: tensors_of(name)], own_nms=False).to_toml()))
    assert card.labels == LABELS
    assert card.candidates is not None
    assert card.candidates.head() == HEADS[name]


def tensors_of(name: str) -> int:
    return 1 if name.startswith(("rows", "yolox")) else 3 if name == "ids" else 2


@pytest.mark.parametrize("name", OWN)
def test_a_reader_of_a_network_s_own_detections_comes_back_the_same(tmp_path: Path, name: str) -> None:
    reader, outputs = OWN[name]
    meaning = Meaning(kind="", input_spec=SPEC, labels=LABELS, own_nms=reader)

    assert reader_of(saved(reader_tree(meaning, own_nms=True), tmp_path), tmp_path) == reader

    card = Card.model_validate(tomllib.loads(own_card("it", meaning, tuple("abcd"[:outputs]), own_nms=True).to_toml()))
    assert card.detections is not None
    assert card.detections.reader() == reader


def test_a_function_that_decodes_comes_back_under_the_names_that_it_knows(tmp_path: Path) -> None:
    (tmp_path / DECODE_FILE).write_text("def mine(outputs, size_hw):\n    return outputs['boxes'][0], outputs['scores'][0]\n")
    head = FunctionHead(called="code/own.py:mine", decode=lambda *_: ((), ()), outputs=("boxes", "scores"), classes=2)
    meaning = Meaning(kind="", input_spec=SPEC, labels=LABELS, head=head)
    raw = [np.ones((1, 3, 4), np.float32), np.full((1, 3, 2), 0.5, np.float32)]

    read = reader_of(saved(reader_tree(meaning, own_nms=False), tmp_path), tmp_path)
    card = Card.model_validate(tomllib.loads(own_card("it", meaning, ("out:0", "out:1"), own_nms=False).to_toml()))
    tensors = Tensors(
        (TensorSpec("in", (1, *SIZE_HW, 3), "float32"),), tuple(TensorSpec(f"out:{n}", (), "float32") for n in (1, 0))
    )
    back = card.meaning(tensors, tmp_path, decodes=True)

    assert back.head_outputs == ("out:1", "out:0")
    assert back.head is not None
    for found in (read.candidates(raw, SIZE_HW), back.head.candidates(raw[::-1], SIZE_HW)):
        assert [one.tolist() for one in found] == [one.tolist() for one in raw]


@pytest.mark.parametrize("name", SPECS)
def test_an_input_comes_back_the_same(tmp_path: Path, name: str) -> None:
    spec = SPECS[name]

    assert InputSpec(**saved(asdict(spec), tmp_path)) == spec

    shape = (1, 3, *SIZE_HW) if spec.layout == "NCHW" else (1, *SIZE_HW, 3)
    meaning = Meaning(kind="", input_spec=spec, labels=LABELS, head=HEADS["boxes"])
    card = own_card("it", meaning, ("a", "b"), own_nms=False)
    taken = Card.model_validate(tomllib.loads(card.to_toml())).input.spec(TensorSpec("in", shape, spec.dtype))
    assert (taken.scale_and_shift()[0] == spec.scale_and_shift()[0]).all()
    assert (taken.layout, taken.colour, taken.fit, taken.align, taken.pad) == (
        spec.layout,
        spec.colour,
        spec.fit,
        spec.align,
        spec.pad,
    )


def test_outputs_of_an_unknown_kind_are_refused() -> None:
    class NewHead(Head):
        def candidates(self, raw, size_hw, ops=None):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    with pytest.raises(UnavailableError, match="no program is written for outputs of the kind 'new'"):
        reader_tree(Meaning(kind="new", input_spec=SPEC, labels=LABELS, head=NewHead()), own_nms=False)


def test_anchors_that_are_code_are_refused() -> None:
    head = SsdHead(anchors_cxcywh_px=lambda _: np.zeros((1, 4), np.float32))

    with pytest.raises(UnavailableError, match="anchors are a function"):
        reader_tree(Meaning(kind="", input_spec=SPEC, labels=LABELS, head=head), own_nms=False)
