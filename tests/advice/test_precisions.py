"""Cards about integers that cost too much, files whose names say more than they hold, and weights of four bits."""

from typing import Any

import pytest

from tests.saved_records import record
from workbench.advice import Card, advise
from workbench.record import DetectorFacts, Record

LITERT = {"runtime.engine": "litert"}
COMMAND = "workbench run m.tflite clip.mp4 --preset litert --frames 64 --truth t.json"


def floats(**changes: Any) -> Record:
    return record(name="float32", seconds=0.012, **LITERT, **changes)


def integers(**changes: Any) -> Record:
    return record(**({"name": "int8", "command": COMMAND, "seconds": 0.006, "runtime.precision": "int8"} | LITERT | changes))


def cards(key: str, *records: Record) -> list[Card]:
    return [card for card in advise(records) if card.key == key]


def test_integers_that_break_the_detector_are_sent_to_the_repair() -> None:
    (found,) = cards("repair", floats(), integers(broken=True, agreement=0.1))

    assert found.title == "int8 is broken here"
    assert found.command == "workbench quantise m.tflite clip.mp4 --frames 64 --truth t.json --repair"
    assert found.expected is not None
    assert found.expected.words == "at most 2.00 times faster"
    assert found.change is None


@pytest.mark.parametrize(("ap", "told"), [(0.55, True), (0.595, False)])
def test_so_are_those_that_cost_more_ap_than_anybody_overlooks(ap: float, told: bool) -> None:
    assert bool(cards("repair", floats(ap=0.6), integers(ap=ap))) == told


def test_where_no_truth_is_known_agreement_with_the_float_network_counts() -> None:
    right, wrong = floats(), integers(agreement=0.8)
    assert wrong.agreement is not None
    agreed = wrong.agreement.model_copy(update={"baseline_id": right.id})

    assert cards("repair", right, wrong.model_copy(update={"agreement": agreed}))
    assert not cards("repair", right, wrong), "it agrees with another setting"


@pytest.mark.parametrize(
    "change", [{"runtime.float_ops": "head*;stem.."}, {"runtime.calibration_range": "minmax"}], ids=["operators", "ranges"]
)
def test_a_repair_that_was_measured_is_named_with_what_it_brought(change: dict[str, object]) -> None:
    repaired = integers(name="repaired", seconds=0.007, ap=0.598, **change)

    (found,) = cards("repair", floats(ap=0.6), integers(ap=0.3, broken=True), repaired)

    assert found.title == "int8 is broken here, and this repairs it"
    assert found.change == change
    assert found.measured is not None
    assert found.measured.label == "repaired"
    assert "repaired: AP" in found.evidence or "repaired: 1.7" in found.evidence
    assert found.command is not None
    assert found.command.startswith("workbench compare")


def test_a_repair_that_is_no_better_is_none() -> None:
    worse = integers(name="tried", ap=0.4, **{"runtime.float_ops": "stem.."})

    (found,) = cards("repair", floats(ap=0.6), integers(ap=0.3, broken=True), worse)

    assert found.change is None


@pytest.mark.parametrize(
    ("name", "precision", "told"),
    [
        ("yolo_int8.tflite", "float32", True),
        ("net_dynamic_range_quant.tflite", "float32", True),
        ("net-quantized.tflite", "float16", True),
        ("yolo_int8.tflite", "int8", False),
        ("print8.tflite", "float32", False),
        ("quantum.tflite", "float32", False),
        ("net_int8.keras", "float32", False),
    ],
)
def test_a_name_that_says_integers_is_held_against_the_weights(name: str, precision: str, told: bool) -> None:
    facts = DetectorFacts(name=name, source=f"models/{name}", kind="LiteRT", sha256="s", size_bytes=3_000_000, labels=("a",))
    row = record(**LITERT, **{"runtime.precision": precision}).model_copy(update={"detector": facts})

    found = cards("nothing-quantised", row)

    assert bool(found) == told
    if found:
        assert found[0].change == {"runtime.precision": "int8"}
        assert found[0].finding == f"{name} is called by integers, and its weights are stored in {precision}."


def test_four_bits_that_are_slower_say_why() -> None:
    rows = floats(), record(name="four", seconds=0.05, **LITERT, **{"runtime.precision": "weight-int4"})

    (found,) = cards("int8-not-worth-it", *rows)

    assert found.title == "weight-int4 is not worth it here"
    assert any("reference kernels" in line for line in found.theory)
