"""A file that turns its axes to and fro is told of, with what leaving that out brings."""

import pytest

from tests.report.records import SPLITS, record, timing
from workbench.advice import Card, advise
from workbench.record import Record

NOTE = "217 transposes between channels first and last"


def stored(name: str = "litert", note: str = NOTE, ms: float = 2.0, layout: str = "stored") -> Record:
    made = record("litert", name=name, comparison=None)
    return made.model_copy(
        update={
            "engine": made.engine.model_copy(update={"notes": (note,)}),
            "settings": made.settings.with_values({"runtime.layout": layout}),
            "timing": timing({**SPLITS["litert"][0], "infer": ms}),
        }
    )


def told(*records: Record) -> list[Card]:
    return [card for card in advise(records, records[0]) if card.key == "transposes"]


def test_transposes_are_told_with_what_such_files_gained() -> None:
    (card,) = told(stored())

    assert card.finding == f"litert runs {NOTE}."
    assert (card.changes, card.measured) == (("runtime.layout=nhwc",), None)
    assert card.expected is not None
    assert 1 < card.expected.ratio < 1 / 0.45
    assert not card.expected.bound
    assert (card.command or "").endswith("--a litert --b litert,runtime.layout=nhwc")


def test_what_it_brought_is_told_where_it_was_measured() -> None:
    turned = stored("litert layout=nhwc", "conversion read from the cache", ms=1.2, layout="nhwc")

    (card,) = told(stored(), turned)

    assert card.measured is not None
    assert card.measured.record_id == turned.id


@pytest.mark.parametrize(
    "quiet",
    [stored(note="conversion read from the cache"), stored(layout="nhwc"), stored(ms=0.1)],
    ids=["no transposes", "left out already", "inference is nothing"],
)
def test_nothing_is_told_where_nothing_is_to_be_gained(quiet: Record) -> None:
    assert not told(quiet)
