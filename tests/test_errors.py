"""What a stranger's file is full of never makes more than a line of an error, and its end still says what to do."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.drawn import SIZE_HW, DrawnNetwork, Outputs, parts, picture
from workbench import errors
from workbench.cli import entry
from workbench.datasets import read_truth
from workbench.detections import FloatArray
from workbench.detectors import Card, LoadedModel, as_detector, load_detector, why_no_detector
from workbench.detectors.card import read_card
from workbench.detectors.labels import read_labels
from workbench.detectors.network import TensorSpec
from workbench.detectors.output_cards import BoxesCard
from workbench.detectors.trial_child import try_here
from workbench.errors import LONGEST_LINE, ModelError, WorkbenchError, one_line
from workbench.record import Problem

KERAS_CONFIG = "Could not locate class 'Foo'.\n" + "\n".join(f"  'key_{n}': {{'module': 'foo'}}" for n in range(260))
HOSTILE = {
    "long": "x" * 7562,
    "lines": "a\n\r\tb\u2028c" * 100,
    "escapes": "\x1b[31m\x07\u202e" * 200,
    "a whole config": KERAS_CONFIG,
    "braces": "{0} %s {name}" * 60,
}
ERRORS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, WorkbenchError)]
FRAMES = [picture((4, 10, 30, 40))]


def network(name: str = "boxes", *, failing: str = "") -> DrawnNetwork:
    """Return one whose outputs are named so, or that fails with such words."""

    def answer(image: FloatArray) -> Outputs:
        if failing and image.any():
            raise ModelError(f"model.keras does not run: {failing}; choose another model")
        return {name: parts(image)["boxes"], f"{name} 2": np.zeros((1, 7, 9))}

    return DrawnNetwork(answer)


def looked(made: DrawnNetwork) -> LoadedModel:
    return LoadedModel(made, try_here(made, FRAMES), None, None)


def named_output(text: str, _: Path) -> object:
    made = looked(network(text))
    return as_detector(made, Card(candidates=BoxesCard(tensors=(f"{text}?", "b"))), text)


def odd_input(text: str, _: Path) -> object:
    made = network()
    tensors = made.inspect()
    trial = try_here(made, FRAMES)
    odd = replace(tensors, inputs=(TensorSpec(text, (1, *SIZE_HW, 7), "uint8"),))
    return as_detector(
        LoadedModel(made, replace(trial, tensors=odd), None, None), Card(candidates=BoxesCard(tensors=("a", "b"))), text
    )


def not_understood(text: str, _: Path) -> object:
    raise ModelError(f"{text} {why_no_detector(looked(network(text)).trial)}")


def failing(text: str, _: Path) -> object:
    return try_here(network(failing=text), FRAMES)


def path(text: str, _: Path) -> object:
    return load_detector(text, lambda: FRAMES)


def card(text: str, folder: Path) -> object:
    file = folder / "model.card.json"
    file.write_text(json.dumps({text: 1, "candidates": {"kind": text}}))
    return read_card(file)


def labels(text: str, folder: Path) -> object:
    file = folder / "names.json"
    file.write_text(json.dumps([text, text]))
    return read_labels(file, 3)


def truth(text: str, folder: Path) -> object:
    file = folder / "truth.json"
    file.write_text(json.dumps({"images": [{"id": text}], "annotations": [{text: text}], "categories": [{"name": text}]}))
    return read_truth(file, ("a", "b"))


OPENING: Sequence[Callable[[str, Path], object]] = (named_output, odd_input, not_understood, failing, path, card, labels, truth)


def check_line(line: str) -> None:
    assert len(line) <= LONGEST_LINE
    assert line.isprintable()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("open_it", OPENING, ids=lambda one: one.__name__)
def test_opening_what_a_stranger_named_costs_one_short_line(
    open_it: Callable[[str, Path], object], text: str, tmp_path: Path
) -> None:
    with pytest.raises(WorkbenchError) as refused:
        open_it(text, tmp_path)

    check_line(str(refused.value))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_error_is_a_line_that_keeps_what_to_do(kind: type[WorkbenchError], text: str) -> None:
    said = str(kind(f"the model is wrong: {text}; choose another"))

    check_line(said)
    assert said.startswith("the model is wrong: ")
    assert said.endswith("; choose another")
    check_line(Problem.of(ValueError(text)).message)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_guessed_of_hostile_names_is_a_line(text: str) -> None:
    def answer(image: FloatArray) -> Outputs:
        return {f"{text} {n}": one for n, one in enumerate(parts(image).values())}

    made = DrawnNetwork(answer)
    loaded = LoadedModel(made, try_here(made, [picture()]), None, None)
    best = loaded.trial.proposals[0]
    detector = as_detector(loaded, best.card, "model", best.guesses)

    assert any("scores are" in one for one in detector.facts.open_guesses)
    for one in (*detector.facts.open_guesses, *map(str, made.inspect().outputs)):
        check_line(one)


def test_the_command_line_prints_a_line_of_400_at_most(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["workbench", "run", f"{KERAS_CONFIG}.tflite"])
    with pytest.raises(SystemExit):
        entry.main()

    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) <= 400


def test_a_short_line_stays_as_it_is() -> None:
    assert one_line("there is no model 'ä b'; choose one") == "there is no model 'ä b'; choose one"
