"""A filter costs or brings accuracy where paired intervals tell so, and nothing is said where they do not."""

import numpy as np
import pytest

from tests.report.records import SPLITS, accuracy, record, timing
from workbench.advice import Card, advise
from workbench.detections import Interval
from workbench.detections.certainty import packed
from workbench.record import Record


def resized(name: str, ap: float, preset: str = "litert", ms: float = 0.5, draws_of: str = "these", **values: object) -> Record:
    """A record judged on 200 images, whose AP deviates over their draws as that of the others does, but for .004."""
    rng = np.random.default_rng(len(name))
    away = np.random.default_rng(0).normal(0, 0.02, 1000) + rng.normal(0, 0.004, 1000)
    judged = accuracy(ap, ap / 2).model_copy(
        update={
            "images": 200,
            "judged_on": draws_of,
            "draws": packed(np.concatenate([[ap], ap + away]).astype(np.float32)),
            "intervals": {"ap": Interval(low=ap - 0.04, high=ap + 0.04)},
        }
    )
    settings = record(preset).settings.with_values({key.replace("_", ".", 1): value for key, value in values.items()})
    split = {**SPLITS[preset][0], "preprocess": ms}
    return record(preset, name=name, settings=settings, accuracy=judged, timing=timing(split), comparison=None)


LINEAR = resized("litert", 0.543)
AREA = resized("litert filter=area", 0.580, ms=0.9, input_filter="area")
PILLOW = resized("litert resize=pillow", 0.585, ms=6.2, input_resize="pillow")


def told(*records: Record) -> list[Card]:
    return [card for card in advise(records, records[0]) if card.key.startswith("filter")]


def test_a_filter_that_costs_ap_is_told_with_what_to_set_and_what_it_takes() -> None:
    (card,) = told(LINEAR, AREA)

    assert card.finding.startswith("litert filter=area has more AP than litert, area against linear: +.037 [")
    assert card.finding.endswith("] gained.")
    assert card.evidence.startswith(
        "AP .580 with area by opencv, 3.27 ms for resize and inference; AP .543 with linear by opencv, 2.86 ms"
    )
    assert (card.key, card.change, card.changes) == ("filter-costs", {"input.filter": "area"}, ("input.filter=area",))
    assert (card.command or "").endswith("--a litert --b litert,input.filter=area")
    assert card.measured is not None
    assert card.measured.record_id == AREA.id
    assert card.expected is not None
    assert card.expected.ratio < 1


def test_a_filter_that_brings_ap_is_told_and_leaves_nothing_to_change() -> None:
    (card,) = told(AREA, LINEAR)

    assert card.finding.startswith("litert filter=area has more AP than litert, area against linear: +.037 [")
    assert (card.key, card.change, card.command) == ("filter-brings", None, None)


@pytest.mark.parametrize("own", [LINEAR, AREA], ids=["usual", "named"])
def test_another_resizer_stands_for_its_filter(own: Record) -> None:
    worse = own.model_copy(update={"accuracy": LINEAR.accuracy, "id": "own"})
    (card,) = told(worse, PILLOW)

    assert card.finding.startswith("litert resize=pillow has more AP than")
    assert card.command is not None
    assert card.command.endswith("input.resize=pillow" if own is LINEAR else "input.resize=pillow,input.filter=triangle")


def test_of_several_the_one_with_most_ap_is_advised() -> None:
    (card,) = told(LINEAR, AREA, PILLOW)

    assert card.change == {"input.resize": "pillow"}


@pytest.mark.parametrize(
    "other",
    [
        resized("close", 0.548, input_filter="area"),
        resized("of other draws", 0.580, draws_of="others", input_filter="area"),
        resized("of another engine too", 0.580, input_filter="area", runtime_precision="float16"),
        record("litert", name="without draws", settings=AREA.settings),
        resized("the same filter elsewhere", 0.580, input_resize="graph"),
    ],
    ids=lambda other: other.name,
)
def test_what_is_not_told_or_differs_in_more_is_no_card(other: Record) -> None:
    assert not told(LINEAR, other)
