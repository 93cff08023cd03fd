"""The table of families in docs/detectors.md is what the tests show, and each kind of card has an example there."""

import re
import tomllib

import pytest

from tests.detectors.asset_cards import CARDS
from tests.detectors.families import CARRIED, FAMILIES, WRITTEN, Family, table
from tests.detectors.level_wrappings import LEVEL_FORMS
from tests.detectors.test_level_cards import DOCS
from tests.detectors.test_wrappings import READ
from workbench.detectors import KINDS, Card
from workbench.detectors.output_cards import CandidatesCard

LEAST = 25
TEXT = DOCS.read_text(encoding="utf-8")


def test_the_docs_have_the_table() -> None:
    assert table() in TEXT


def test_families_are_many_and_most_carry_weights() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert sum(family.form in CARRIED for family in FAMILIES) >= LEAST
    assert not CARRIED & WRITTEN.keys(), "a name means one form"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_is_shown_by_a_form_of_its_kind(family: Family) -> None:
    assert family.form in CARRIED or family.form in WRITTEN
    shown = {
        **{name: card["kind"] for name, (_, card) in WRITTEN.items()},
        **{name: form.candidates["kind"] for name, form in LEVEL_FORMS.items()},
        **{name: tomllib.loads(text)["candidates"]["kind"] for name, text in CARDS.items()},
        **{name: one.kind if isinstance(one, CandidatesCard) else "detections" for name, (one, _) in READ.items()},
    }
    assert shown.get(family.form, family.kind) == family.kind  # of the other forms test_forms.py and test_assets.py say it


def test_each_kind_has_a_whole_card_in_the_docs() -> None:
    cards = [Card.model_validate(tomllib.loads(text)) for text in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)]

    assert {one.candidates.kind if one.candidates else "decode" if one.decode else "detections" for one in cards} == {
        *KINDS,
        "decode",
    }
