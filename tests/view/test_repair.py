"""A repair is offered beside integers that cost too much."""

from tests.saved_records import record
from workbench.view.search import cards

LITERT = {"runtime.engine": "litert"}
FLOATS = record(name="float32", seconds=0.012, **LITERT)
BROKEN = record(name="int8", seconds=0.006, broken=True, agreement=0.1, **LITERT, **{"runtime.precision": "int8"})


def test_broken_integers_can_be_repaired_from_their_advice() -> None:
    (card,) = [one for one in cards([FLOATS, BROKEN]) if one["repairs"]]

    assert card["record"] == BROKEN.id
    assert card["change"] is None


def test_what_was_repaired_is_tried_instead() -> None:
    long = ";".join(f"functional_1/a_very_long_name_of_a_fused_operator_{number}.." for number in range(20))
    repaired = record(name="repaired", seconds=0.007, **LITERT, **{"runtime.precision": "int8", "runtime.float_ops": long})

    told = cards([FLOATS, BROKEN, repaired])

    assert not any(card["repairs"] for card in told)
    (card,) = [one for one in told if one["key"] == "repair"]
    assert card["change"] == {"runtime.float_ops": repaired.settings.flat()["runtime.float_ops"]}
    assert len(card["change_words"]) <= 200
