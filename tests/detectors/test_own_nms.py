"""What a network puts out after its own NMS is read by names, or by a frame in which it finds something, or told as open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest

from tests.detectors.drawn import ROLES, DrawnNetwork, Outputs, parts, picture, rows
from workbench.detections import FloatArray, UInt8Array
from workbench.detectors.first_look import FirstLook
from workbench.detectors.output_cards import DetectionsCard
from workbench.detectors.readings import Proposal
from workbench.detectors.trial_here import try_here
from workbench.record import Guess

NOTHING = picture()
SOMETHING = picture((4, 10, 30, 40), (60, 20, 70, 50)), picture((10, 5, 20, 30), (50, 30, 80, 60))
ORDERS = list(permutations("abcd"))
PLAIN = dict(zip("abcd", ROLES, strict=True))  # names that tell nothing, and what is behind them
READ = ("boxes", "scores", "classes", "count")  # in a card's order


def plain(image: FloatArray) -> Outputs:
    answer = parts(image)
    return {name: answer[role] for name, role in PLAIN.items()}


def looked(network: DrawnNetwork, frames: Sequence[UInt8Array]) -> Proposal:
    return try_here(network, frames).proposals[0]


def open_about(proposal: Proposal) -> list[Guess]:
    return [one for one in proposal.guesses if (one.about, one.certainty) == ("outputs", "open")]


def roles(proposal: Proposal, behind: Mapping[str, str] = PLAIN) -> tuple[str, ...]:
    detections = proposal.card.detections
    assert detections is not None
    return tuple(behind[name] for name in detections.tensors)


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_a_frame_that_shows_something_tells_scores_from_classes_in_any_order(order: tuple[str, ...]) -> None:
    trial = try_here(DrawnNetwork(plain, order=order), [NOTHING, SOMETHING[0]])
    best = trial.proposals[0]

    assert roles(best) == READ
    assert not open_about(best)
    assert len(trial.found(best)) == 2


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_names_in_a_signature_tell_roles_where_nothing_is_found(order: tuple[str, ...]) -> None:
    best = looked(DrawnNetwork(plain, PLAIN, order), [NOTHING])

    assert roles(best) == READ
    assert [one.taken for one in open_about(best)] == ["boxes are xmin, ymin, xmax, ymax, in pixels"]


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_roles_that_nothing_tells_are_told_as_open(order: tuple[str, ...]) -> None:
    best = looked(DrawnNetwork(plain, order=order), [NOTHING])

    scores, classes = [name for name in reversed(order) if name in "bc"]
    assert open_about(best)[0].taken == f"scores are {scores}, classes {classes}"
    assert open_about(best)[0].words() in best.card.guessed


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"b": "detection_classes:0", "c": "detection_scores:0"}, True),
        ({"b": "x/ClassIds"}, True),
        ({"c": "confidence"}, True),
        ({"b": "class_scores", "c": "box_scores/out"}, False),
        ({"b": "scores_1", "c": "scores_2"}, False),
    ],
    ids=["both", "one", "another word", "both words in one", "the same word"],
)
def test_what_outputs_are_called_tells_their_roles(names: dict[str, str], *, told: bool) -> None:
    best = looked(DrawnNetwork(plain, names, "acbd"), [NOTHING])

    assert ("scores are" in open_about(best)[0].taken) is not told
    assert not told or roles(best) == READ


def test_names_that_values_contradict_tell_nothing() -> None:
    best = looked(DrawnNetwork(plain, {"b": "scores", "c": "classes"}), SOMETHING)

    assert roles(best) == READ


@pytest.mark.parametrize(
    ("labels", "told"), [("abc", False), ("ab", True), (("background", "a"), True)], ids=["enough", "few", "shifted"]
)
def test_classes_that_the_names_in_a_file_do_not_reach_are_told(labels: Sequence[str], *, told: bool) -> None:
    network = DrawnNetwork(parts)
    tensors = replace(network.inspect(), labels=tuple(labels))

    best = FirstLook(network, tensors, SOMETHING).propose()[0]

    whys = [one.why for one in best.guesses if (one.about, one.certainty) == ("class names", "open")]
    assert whys == ([f"class number 2 is found, and {len(labels) - (labels[0] != 'a')} have names there"] if told else [])


def test_where_nothing_is_found_all_frames_count_that_were_tried() -> None:
    best = looked(DrawnNetwork(plain, dtype="float32"), [picture((4 * n, 10, 4 * n + 10, 40)) // 6 for n in range(20)])

    assert best.guesses[0].why.startswith("nothing is found in 20 frames under any")


def test_one_frame_with_finds_outweighs_many_without() -> None:
    dark = [picture((4 * n, 10, 4 * n + 10, 40)) // 6 for n in range(20)]  # different pictures of too little to see

    best = looked(DrawnNetwork(plain, order="cbad"), [*dark[:9], SOMETHING[0], *dark[9:]])

    assert roles(best) == READ


WANTS_PIXELS = partial(DrawnNetwork, dtype="float32")


@pytest.mark.parametrize("answer", [plain, rows], ids=["parts", "rows"])
def test_outputs_are_read_under_the_feeding_that_finds_something(answer: object) -> None:
    trial = try_here(WANTS_PIXELS(answer), [*SOMETHING, NOTHING])
    best = trial.proposals[0]

    assert best.card.input.values == "0..255"
    assert best.card.detections is not None
    assert best.card.detections.units == ("pixels" if answer is rows else "normalised")
    assert len(trial.found(best)) == 2
    assert trial.found(best).scores.max() <= 1


@pytest.mark.parametrize("backwards", [False, True], ids=["best first", "least first"])
def test_rows_of_six_are_read_by_the_frames_that_hold_some(backwards: bool) -> None:
    trial = try_here(DrawnNetwork(partial(rows, backwards=backwards)), [NOTHING, *SOMETHING])
    best = trial.proposals[0]

    assert best.card.detections == DetectionsCard(tensors=("rows",), order="xyxy", units="pixels")
    assert not open_about(best)
    assert sorted(trial.found(best).class_ids) == [1, 2]


def test_rows_that_are_filled_up_with_minus_one_are_none() -> None:
    def padded(image: FloatArray) -> Outputs:
        answer = rows(image)["rows"]
        return {"rows": np.where(answer[..., 4:5] > 0, answer, -1)}

    trial = try_here(DrawnNetwork(padded), [NOTHING, *SOMETHING])
    best = trial.proposals[0]

    assert best.card.detections == DetectionsCard(tensors=("rows",), order="xyxy", units="pixels")
    assert len(trial.found(best)) == 2


def test_rows_of_which_no_frame_holds_any_are_told_as_open() -> None:
    best = looked(DrawnNetwork(rows), [NOTHING])

    assert [one.taken for one in open_about(best)] == ["a row is box, score and class", "boxes are in pixels"]
    assert "no frame shows a detection" in open_about(best)[0].why
