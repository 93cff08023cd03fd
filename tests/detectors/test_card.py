"""The detector card: what it says wins, what it cannot say is named, and what is written reads back."""

import json
from pathlib import Path

import numpy as np
import pytest

from workbench.detectors import Card, InputCard, card_path, write_card
from workbench.detectors.anchor_generators import AnchorCard
from workbench.detectors.card import card_left_out, read_card
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.level_cards import SsdCard
from workbench.detectors.model_bytes import MODEL_SUFFIXES
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import BoxesCard, ClassIdsCard, DetectionsCard, DetrCard, RowsCard, YoloxCard
from workbench.errors import ModelError, SaveError
from workbench.stages import (
    BoxesHead,
    ClassIdsHead,
    Column,
    DetectionRows,
    DetectionTensors,
    DetrHead,
    RowsHead,
    SsdHead,
    YoloxHead,
)

IMAGE = TensorSpec("image", (1, 240, 320, 3), "float32")
BOXES, SCORES = TensorSpec("boxes", (1, 10, 4), "float32"), TensorSpec("scores", (1, 10, 3), "float32")
TENSORS = Tensors((IMAGE,), (BOXES, SCORES))
PLAIN = Card(candidates=BoxesCard(tensors=("boxes", "scores")))
CARDS = {
    "boxes": PLAIN,
    "ssd": Card(
        labels=("a", "b"),
        input=InputCard(offset=(1.0, 2.0, 3.0), factor=0.5, fit="stretch"),
        candidates=SsdCard(
            tensors=("boxes", "scores"),
            background="first",
            anchors=(AnchorCard(stride=8, boxes=((10, 12), (20, 24)), units="pixels"), AnchorCard(cells=(3, 4), sizes=(0.1, 0.2))),
        ),
    ),
    "rows": Card(name="mine", candidates=RowsCard(tensors=("rows",), transposed=True, objectness=True, units="normalised")),
    "yolox": Card(input=InputCard(colour="BGR", values="0..255", align="top-left"), candidates=YoloxCard(tensors=("grid",))),
    "detections": Card(detections=DetectionsCard(tensors=("b", "s", "c", "n"), first_class=1), guessed=("all of it",)),
    "detr": Card(candidates=DetrCard(tensors=("boxes", "scores"), background="last", activation="softmax")),
    "class ids": Card(labels=("a",), candidates=ClassIdsCard(tensors=("b", "s", "c"), first_class=1)),
    "rotated": Card(candidates=RowsCard(tensors=("rows",), rotated=True, extra_columns=51)),
    "both": Card(
        candidates=BoxesCard(tensors=("boxes", "scores"), activation="sigmoid"), detections=DetectionsCard(tensors=("rows",))
    ),
}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("suffix", [".card.toml", ".card.json"])
def test_a_card_that_is_written_reads_back(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    card = CARDS[name]
    path.write_text(card.to_toml() if suffix == ".card.toml" else json.dumps(card.model_dump(mode="json")))

    assert read_card(path) == card


@pytest.mark.parametrize(("written", "read"), [("true", "first"), ("false", None), ('"last"', "last"), ('"first"', "first")])
def test_a_card_says_where_the_background_is(tmp_path: Path, written: str, read: str | None) -> None:
    path = tmp_path / "model.card.toml"
    path.write_text(f'[candidates]\nkind = "boxes"\ntensors = ["boxes", "scores"]\nbackground = {written}\n')

    candidates = read_card(path).candidates

    assert isinstance(candidates, BoxesCard)
    assert candidates.background == read
    assert candidates.classes({"boxes": BOXES, "scores": SCORES}) == (2 if read else 3)


def test_labels_say_how_many_classes_there_are_where_no_tensor_does() -> None:
    ids = TensorSpec("ids", (1, 10), "int64")
    card = Card(labels=("nut", "bolt"), candidates=ClassIdsCard(tensors=("boxes", "best", "ids")))

    meaning = card.meaning(Tensors((IMAGE,), (BOXES, TensorSpec("best", (1, 10), "float32"), ids)))

    assert meaning.head == ClassIdsHead(class_count=2)
    assert meaning.labels == ("nut", "bolt")


def test_outputs_without_a_batch_axis_take_one_picture_at_a_time() -> None:
    bare = Tensors((TensorSpec("image", (None, 240, 320, 3), "float32"),), (TensorSpec("boxes", (None, 4), "float32"), SCORES))

    assert PLAIN.meaning(bare).input_spec.batch == 1


def test_a_detector_of_one_box_an_object_wants_no_nms() -> None:
    card = Card(candidates=DetrCard(tensors=("boxes", "scores")))

    assert card.meaning(TENSORS).head == DetrHead(background=None, activation="sigmoid")


def test_a_card_lies_beside_its_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.v2").mkdir()
    (tmp_path / "file.v2.tflite").write_bytes(b"")

    written = [write_card(PLAIN, tmp_path / name) for name in ("folder.v2", "file.v2.tflite")]

    assert [path.name for path in written] == ["folder.v2.card.toml", "file.v2.tflite.card.toml"]
    assert [card_path(tmp_path / name) for name in ("folder.v2", "file.v2.tflite", "other.tflite")] == [*written, None]


def test_a_card_of_the_stem_alone_belongs_to_the_only_model_of_that_stem(tmp_path: Path) -> None:
    models = [tmp_path / f"model.{kind}" for kind in ("tflite", "keras", "pb")]
    models[0].write_bytes(b"")
    card = tmp_path / "model.card.toml"
    card.write_text(PLAIN.to_toml())
    (tmp_path / "model").mkdir()  # no SavedModel

    assert card_path(models[0]) == card
    assert card_left_out(models[0]) == ()

    models[1].write_bytes(b"")
    assert [card_path(one) for one in models[:2]] == [None, None]
    (told,) = card_left_out(models[0])
    assert told.certainty == "open"
    assert told.why == "model.card.toml may belong to model.keras, which has the same name but for its ending"
    assert told.card_line == "call it model.tflite.card.toml"

    own = write_card(PLAIN, models[1])
    assert (card_path(models[1]), card_left_out(models[1])) == (own, ())
    assert card_path(models[0]) is None


def test_a_saved_model_of_that_name_counts_as_another_model(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"")
    (tmp_path / "model.card.toml").write_text(PLAIN.to_toml())

    assert card_path(tmp_path / "model.tflite") is None
    assert card_path(tmp_path / "model") == tmp_path / "model.card.toml"


def test_a_card_that_is_there_is_replaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"")
    by_hand = tmp_path / "model.card.json"
    by_hand.write_text(json.dumps(PLAIN.model_dump(mode="json")))

    with pytest.raises(SaveError, match="there is a card already, .*model.card.json; change it by hand, or replace it"):
        write_card(CARDS["boxes"], tmp_path / "model.tflite")
    written = write_card(CARDS["detections"], tmp_path / "model.tflite", replace=True)

    assert card_path(tmp_path / "model.tflite") == written
    assert read_card(written) == CARDS["detections"]


def test_every_kind_of_file_that_is_read_counts_as_a_model() -> None:
    assert {*MODEL_SUFFIXES, "folder"} == set(FILE_KINDS)


def test_a_card_in_no_folder_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="there is no folder"):
        write_card(PLAIN, tmp_path / "nowhere" / "model.tflite")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("card = ", "is no TOML or JSON ("),
        ("card = 2\n[candidates]\ntensors=['a','b']", "is wrong at card: "),
        ("card = 1", "is wrong at its sections: a card needs [candidates] or [detections]; correct it"),
        ("[candidates]\nkind='ssd'\ntensors=['a','b']\nanchors=[]", "is wrong at candidates.anchors: "),
        (
            "[candidates]\nkind='ssd'\ntensors=['a','b']\nanchors=[{stride=8}]",
            "write either boxes, or sizes and ratios; correct it",
        ),
        ("[candidates]\nkind='ssd'\ntensors=['a','b']\nanchors=[{boxes=[[1,1]]}]", "write either cells or stride; correct it"),
        ("[candidates]\nkind='rows'\ntensors=['a']\nrotated=true\norder='xyxy'", "rotated is for boxes of centre and size; write"),
        (
            "[candidates]\nkind='magic'\ntensors=['a']",
            "candidates: kind is 'magic'; choose one of ",
        ),
        ("[candidates]\nkind='boxes'\ntensors=['a']", "is wrong at candidates.tensors"),
        ("[candidates]\nkind='boxes'\ntensors=['a','b']\n[input]\ncolor='RGB'", "is wrong at input.color: "),
        (
            "[candidates]\nkind='boxes'\ntensors=['a','b']\n[input]\nvalues='0..1'\noffset=1",
            "write either values, or offset and factor",
        ),
        ("[candidates]\nkind='boxes'\ntensors=['a','b']\n[input]\nfactor=nan", "is wrong at input.factor"),
        ("[detections]\ntensors=['a','b']", "name boxes, scores, classes and perhaps the count; or the one tensor of rows"),
    ],
)
def test_what_a_card_cannot_say_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "model.card.toml"
    path.write_text(text)

    with pytest.raises(ModelError) as refused:
        read_card(path)

    assert reason in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000], ids=["no text", "too deep"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.card.json"
    path.write_bytes(content)

    with pytest.raises(ModelError, match="is no TOML or JSON"):
        read_card(path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "model.card.toml"
    path.write_text(PLAIN.to_toml(), encoding="utf-8-sig")
    assert read_card(path) == PLAIN


def test_a_missing_card_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the detector card .*; write one with `workbench describe`"):
        read_card(tmp_path / "model.card.toml")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (Card(candidates=RowsCard(tensors=("rows",))), r"names the output 'rows', the model has boxes float32\[1, 10, 4\], scores"),
        (PLAIN.model_copy(update={"labels": ("a",)}), "the card has 1 labels, the model scores 3 classes; correct the card"),
        (PLAIN.model_copy(update={"input": InputCard(size=(320, 320))}), "the card's input.size is .*, the file takes .* only"),
    ],
    ids=["outputs", "labels", "size"],
)
def test_a_card_that_does_not_fit_its_model_says_where(card: Card, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        card.meaning(TENSORS)


@pytest.mark.parametrize(
    ("card", "outputs", "kind"),
    [
        (CARDS["boxes"], (BOXES, SCORES), BoxesHead),
        (CARDS["ssd"], (BOXES, SCORES), SsdHead),
        (CARDS["rows"], (TensorSpec("rows", (1, 7, 10), "float32"),), RowsHead),
        (CARDS["yolox"], (TensorSpec("grid", (1, 10, 7), "float32"),), YoloxHead),
    ],
    ids=["boxes", "ssd", "rows", "yolox"],
)
def test_each_kind_of_candidates_has_its_head_and_counts_its_classes(
    card: Card, outputs: tuple[TensorSpec, ...], kind: type
) -> None:
    meaning = card.meaning(Tensors((IMAGE,), outputs))

    assert isinstance(meaning.head, kind)
    assert len(meaning.labels) == (3 if kind is BoxesHead else 2)


@pytest.mark.parametrize(("tensors", "kind"), [(("b", "s", "c"), DetectionTensors), (("rows",), DetectionRows)])
def test_detections_are_read_from_tensors_or_rows(tensors: tuple[str, ...], kind: type) -> None:
    outputs = tuple(TensorSpec(name, (1, 5), "float32") for name in tensors)

    meaning = Card(detections=DetectionsCard(tensors=tensors)).meaning(Tensors((IMAGE,), outputs))

    assert isinstance(meaning.own_nms, kind)
    assert meaning.head is None


def test_a_card_says_what_stands_in_a_row(tmp_path: Path) -> None:
    card = Card(detections=DetectionsCard(tensors=("rows",), order="xyxy", columns=("image", "box", "class", "score")))
    (tmp_path / "card.toml").write_text(card.to_toml())

    read = read_card(tmp_path / "card.toml")

    assert read == card
    assert read.detections is not None
    assert read.detections.reader() == DetectionRows(normalised=True, columns=("image", "box", "class", "score"))
    assert "columns" not in Card(detections=DetectionsCard(tensors=("rows",))).to_toml()


@pytest.mark.parametrize(
    ("tensors", "columns", "reason"),
    [
        (("rows",), ("box", "class"), "columns are box, class; name box, score and class once each"),
        (("rows",), ("image", "image", "box", "score", "class"), "name box, score and class once each, and image if it is there"),
        (("b", "s", "c"), ("box", "score", "class"), "columns are those of one tensor of rows"),
    ],
    ids=["no score", "twice", "tensors"],
)
def test_columns_that_say_too_little_or_too_much_are_refused(
    tensors: tuple[str, ...], columns: tuple[Column, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        DetectionsCard(tensors=tensors, columns=columns)


def test_labels_come_from_the_card_then_the_file_then_their_number(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("0 x\n1 y\n2 z\n")
    embedded = Tensors((IMAGE,), (BOXES, SCORES), labels=("d", "e", "f"))
    eighty = Tensors((IMAGE,), (BOXES, TensorSpec("scores", (1, 10, 80), "float32")))

    assert PLAIN.model_copy(update={"labels": ("a", "b", "c")}).meaning(embedded).labels == ("a", "b", "c")
    assert PLAIN.model_copy(update={"labels": "names.txt"}).meaning(TENSORS, tmp_path).labels == ("x", "y", "z")
    assert PLAIN.meaning(embedded).labels == ("d", "e", "f")
    assert PLAIN.meaning(TENSORS).labels == ("class 0", "class 1", "class 2")
    assert PLAIN.meaning(eighty).labels[15] == "cat"


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_a_file_of_labels_that_says_nothing_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "names.txt").write_text(content)

    with pytest.raises(ModelError, match="write a name a line|choose a text file with a name a line"):
        PLAIN.model_copy(update={"labels": "names.txt"}).meaning(TENSORS, tmp_path)


@pytest.mark.parametrize(
    ("shape", "layout", "size_hw", "batch"),
    [
        ((1, 240, 320, 3), "NHWC", (240, 320), 1),
        ((None, 3, 240, 320), "NCHW", (240, 320), None),
        ((None, None, None, 3), "NHWC", None, None),
        ((4, 3, None, None), "NCHW", None, 4),
    ],
)
def test_the_file_tells_layout_size_and_batch(
    shape: tuple[int | None, ...], layout: str, size_hw: tuple[int, int] | None, batch: int | None
) -> None:
    spec = InputCard().spec(TensorSpec("image", shape, "float32"))

    assert (spec.layout, spec.size_hw, spec.batch) == (layout, size_hw, batch)


@pytest.mark.parametrize(
    ("card", "white", "black"),
    [
        (InputCard(), 1, 0),
        (InputCard(values="-1..1"), 1, -1),
        (InputCard(values="0..255"), 255, 0),
        (InputCard(offset=127, factor=1 / 128), 1, -127 / 128),
        (InputCard(offset=100), 155, -100),
    ],
    ids=["0..1", "-1..1", "0..255", "both", "offset alone"],
)
def test_the_card_tells_what_pixels_become(card: InputCard, white: float, black: float) -> None:
    scale, shift = card.spec(IMAGE).scale_and_shift()

    assert 255 * scale[0] + shift[0] == pytest.approx(white, abs=1e-5)
    assert shift[0] == pytest.approx(black, abs=1e-5)


def test_sizes_and_ratios_make_each_size_at_the_first_ratio_then_the_first_size_at_the_others() -> None:
    grid = AnchorCard(cells=(1, 1), sizes=(0.1, 0.2), ratios=(1, 4)).grid()

    np.testing.assert_allclose(grid.boxes_wh, [(0.1, 0.1), (0.2, 0.2), (0.2, 0.05)])
