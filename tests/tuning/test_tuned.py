"""What tuning came to, as a notebook and JSON have it."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuning.scripted_steps import ScriptedSteps
from workbench.choosing import Budget
from workbench.history import History
from workbench.tuning import Tuned
from workbench.tuning.time_asked import TimeAsked
from workbench.tuning.tuning import Tuning


@pytest.fixture
def tuned(tmp_path: Path) -> Tuned:
    steps = ScriptedSteps(History(tmp_path / "history.sqlite"), tmp_path, Counter())
    tuning = Tuning(steps, Budget(), TimeAsked(600, lambda: 0.0), frames=3)
    tuning.run()
    return tuning.tuned()


def test_a_notebook_shows_the_sentence_and_before_and_after(tuned: Tuned) -> None:
    html = tuned._repr_html_()

    assert html.count("<tr>") == 3
    assert re.search(r"<td[^>]*>naive</td><td[^>]*>100</td>", html)
    assert re.search(r"<td[^>]*>repaired</td><td[^>]*>6\.00</td>", html)
    assert "16.7 times faster" in html
    assert len(html) < 20_000


def test_text_of_others_is_text(tuned: Tuned) -> None:
    assert tuned.chosen is not None
    chosen = tuned.chosen.model_copy(update={"name": "<script>x</script>"})

    assert "<script>" not in replace(tuned, chosen=chosen, sentence="<script>", notes=("<script>",))._repr_html_()


def test_json_holds_the_settings_and_where_things_are(tuned: Tuned, tmp_path: Path) -> None:
    tree = json.loads(json.dumps(tuned.to_dict()))

    assert tree["settings"]["runtime"]["float_ops"] == "stem"
    assert (tree["baseline"], tree["chosen"]) == ("naive", "w-repaired")
    assert tree["report"] == str(tmp_path / "report.html")
    assert repr(tuned) == f"<Tuned: {tuned.sentence}>"
