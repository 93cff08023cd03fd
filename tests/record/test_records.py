"""Records as a notebook shows them and as other programs take them."""

import csv
import io
import json
import sys
from types import SimpleNamespace

import pytest

from tests.saved_records import record
from workbench.errors import UnavailableError
from workbench.record import Problem, Records
from workbench.settings import Settings
from workbench.timing import Comparison, Ratio

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>|\x1b[31m\n\u202eend'
MOST_BYTES = 20_000
NAMED = {"name": HOSTILE, "tag": HOSTILE, "media": HOSTILE, "detector": HOSTILE}
COMPARED = Comparison(a="naive", b="xla", ratio=Ratio(median=2.0, low=1.9, high=2.1), frames=9, blocks=3)


def many(count: int) -> Records:
    return Records(record(name=f"setting {number}", ap=0.5, comparison=COMPARED) for number in range(count))


@pytest.mark.parametrize(
    "records", [many(1), many(500), Records(), Records([record(name=HOSTILE * 99, detector=HOSTILE * 99)] * 30)]
)
def test_what_a_cell_shows_is_small_whatever_there_is(records: Records) -> None:
    shown = records._repr_html_()

    assert len(shown.encode()) < MOST_BYTES
    assert f"{len(records)} record" in shown
    assert shown.count("<tr>") == 1 + min(10, len(records))
    assert len(repr(records)) < 99


def test_the_newest_of_many_are_shown_and_their_count_is_said() -> None:
    shown = many(500)._repr_html_()

    assert "500 records, the newest 10" in shown
    assert "setting 499" in shown
    assert "setting 489" not in shown


def test_a_record_shows_its_figures_and_a_bar_of_its_stages() -> None:
    shown = record(name="xla", seconds=0.010, ap=0.5, comparison=COMPARED)._repr_html_()

    for figure in ("10.0", ".500", "2.00× [1.90, 2.10] faster", "<rect", "quiet"):
        assert figure in shown


def test_rows_of_several_detectors_say_which_they_are_of() -> None:
    shown = Records([record(detector="one"), record(detector="two", media="film")])._repr_html_()

    assert "one on clip: xla" in shown
    assert "two on film: xla" in shown


def test_what_did_not_run_says_why() -> None:
    failed = record(timing=None, problem=Problem(kind="UnavailableError", message="no such engine"))

    assert "did not run: no such engine" in failed._repr_html_()
    assert failed.metrics() == {"agreement": 1.0}


def test_nothing_of_a_name_becomes_markup_formulas_or_control_characters() -> None:
    hostile = Records(
        [record(name=HOSTILE, tag=HOSTILE, media=HOSTILE, detector=HOSTILE, comparison=COMPARED.model_copy(update={"a": HOSTILE}))]
    )
    (row,) = csv.DictReader(io.StringIO(hostile.to_csv()))
    rows = hostile.to_markdown().splitlines()

    assert "<script" not in hostile._repr_html_() + hostile.to_markdown()
    for text in (hostile._repr_html_(), hostile.to_csv(), hostile.to_markdown()):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert {row[name][0] for name in ("name", "tag", "detector", "media")} == {"'"}
    assert len(rows) == 3
    assert {row.replace("\\|", "").count("|") for row in rows} == {rows[1].count("|")}


def test_metrics_are_flat_numbers_by_name() -> None:
    figures = record(seconds=0.010, ap=0.5, comparison=COMPARED).metrics()

    assert figures["median_ms"] == pytest.approx(10)
    assert (figures["ap"], figures["speedup"], figures["speedup_low"]) == (0.5, 2.0, 1.9)
    assert all(isinstance(value, float) for value in figures.values())


def test_a_table_has_a_column_for_every_setting_and_figure() -> None:
    records = Records([record(ap=0.5), record(name="naive")])
    rows = list(csv.DictReader(io.StringIO(records.to_csv())))

    assert {*Settings().flat(), *records[0].metrics(), "id", "name", "detector", "media"} <= set(rows[0])
    assert (rows[0]["ap"], rows[1]["ap"]) == ("0.5", "")
    assert rows[0]["input.size_hw"] == "320x320"


def test_a_dictionary_is_what_json_has() -> None:
    one = record()

    assert one.to_dict() == json.loads(one.to_json())
    assert Records([one]).to_dict() == [one.to_dict()]


def test_pandas_is_asked_for_only_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnavailableError, match="pandas is not installed; install it with `pip install pandas`"):
        Records([record()]).to_pandas()

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    assert Records([record(name="xla")]).to_pandas()[0]["name"] == "xla"


def test_a_comparison_is_a_sentence() -> None:
    assert str(COMPARED) == "<Comparison: xla against naive, 2 times as fast [1.9, 2.1], faster>"
    assert "&lt;" in Comparison(a="<b>", b="b", ratio=COMPARED.ratio, frames=9, blocks=3)._repr_html_()
