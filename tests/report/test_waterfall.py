"""The waterfall as it is drawn: its rows, scales, words, and its place in the report."""

from typing import Any

import pytest

from tests.report.records import QUIET, record
from workbench.detections import ApChange, Interval
from workbench.errors import RecordError
from workbench.record import Record, SettingStep, Waterfall
from workbench.report import render_report, waterfall_picture
from workbench.report.summary import Summary
from workbench.report.waterfall import Line, Picture, explained
from workbench.timing import Ratio

ENGINE, RESIZE = "runtime.engine: keras -> litert", "input.resize: pillow -> opencv"
PRECISION, NMS = "runtime.precision: float32 -> int8", "nms.method: python -> opencv"


def step(words: str, ratio: float, ap: float | None = None, half: float = 0.01, off: float = 1.02) -> SettingStep:
    between = None if ap is None else Interval(low=ap - half, high=ap + half)
    judged = None if ap is None else ApChange(change=ap, interval=between, images=200)
    return SettingStep(changes=(words,), ratio=Ratio(median=ratio, low=ratio / off, high=ratio * off), accuracy=judged)


STEPS = (step(ENGINE, 2.0, 0.0, 0.0), step(RESIZE, 1.5, -0.015, 0.016), step(PRECISION, 1.001, -0.05), step(NMS, 0.8, 0.03))


def waterfall(steps: tuple[SettingStep, ...] = STEPS, **changes: Any) -> Waterfall:
    values = {"baseline": "naive", "baseline_id": "n", "baseline_ms": 80.0, "baseline_ap": 0.62, "noise": QUIET}
    return Waterfall(**(values | {"steps": steps} | changes))


def picture(steps: tuple[SettingStep, ...] = STEPS, **changes: Any) -> Picture:
    return waterfall_picture(record("litert-int8", waterfall=waterfall(steps, **changes)))


def lines(drawn: Picture) -> list[Line]:
    return [line for section in drawn.sections for line in section.lines]


def test_it_leads_from_the_baseline_to_what_was_chosen() -> None:
    drawn = lines(picture())

    assert (drawn[0].name, drawn[0].ms, drawn[0].ap, drawn[0].width) == ("naive", "80.0", ".620", 1.0)
    assert (drawn[-1].name, drawn[-1].ms, drawn[-1].ap) == ("litert-int8", "33.3", ".612")
    assert [" + ".join(map(str, line.words)) for line in drawn[1:-1]] == [
        "Keras predict → LiteRT",
        "resize Pillow → OpenCV",
        "float32 → int8",
        "NMS Python → OpenCV",
    ]


def test_a_step_says_its_milliseconds_and_its_ap_with_their_intervals() -> None:
    engine, resize, precision, nms = lines(picture())[1:-1]

    assert (engine.kind, engine.ms, engine.ms_between) == ("saved", "−40.0", "[−40.8, −39.2]")
    assert (resize.ap, resize.ap_between, resize.verdict) == ("−.015", "[−.031, .001]", "cannot tell")
    assert (precision.kind, precision.ms_verdict, precision.verdict) == ("open", "no difference", "lost")
    assert (nms.kind, nms.ms, nms.verdict) == ("added", "+6.66", "gained")


def test_each_bar_begins_where_the_one_before_ended() -> None:
    total, engine, resize, precision, nms, end = lines(picture())

    assert engine.left + engine.width == pytest.approx(total.width)
    assert resize.left + resize.width == pytest.approx(engine.left)
    assert precision.left == pytest.approx(nms.left)
    assert nms.left + nms.width == pytest.approx(end.width)
    assert [line.grows for line in (engine, nms)] == [False, True]


def test_what_is_left_of_a_great_step_is_drawn_wider() -> None:
    first, second = picture((step(ENGINE, 16.0), step(RESIZE, 2.0))).sections

    assert [line.name for line in first.lines] == ["naive", ""]
    assert second.note == "From here on drawn 16 times wider"
    assert [(line.name, line.ms, round(line.width, 3)) for line in second.lines] == [
        ("so far", "5.00", 1.0),
        ("", "−2.50", 0.5),
        ("litert-int8", "2.50", 0.5),
    ]


def test_no_bar_leaves_its_row() -> None:
    for line in lines(picture((step(ENGINE, 0.25), step(RESIZE, 20.0), step(NMS, 0.5)))):
        assert 0 <= line.left <= line.left + line.width <= 1 + 1e-9


def test_changes_of_ap_share_a_scale_in_which_no_change_is_the_middle() -> None:
    whiskers = [line.whisker for line in lines(picture()) if line.whisker is not None]

    assert [round(one.middle, 3) for one in whiskers] == [0.5, 0.375, 0.083, 0.75]
    assert min(one.low for one in whiskers) == pytest.approx(0.0)
    assert max(one.high for one in whiskers) <= 1


def test_without_truth_there_is_no_ap_and_that_is_said() -> None:
    drawn = picture((step(ENGINE, 2.0), step(RESIZE, 1.5)), baseline_ap=None)

    assert not drawn.whiskers
    assert [line.ap for line in lines(drawn)[:-1]] == ["", "", ""]
    assert any("no truth" in note for note in drawn.notes)


def test_steps_that_were_only_timed_are_said_to_be() -> None:
    drawn = picture((step(ENGINE, 2.0), step(RESIZE, 1.5)))

    assert "What a step did to AP is not known: they were only timed." in drawn.notes


def test_where_settings_between_were_judged_on_fewer_images_both_counts_stand_there() -> None:
    whole = record("litert-int8", waterfall=waterfall())
    assert whole.accuracy is not None
    more = whole.model_copy(update={"accuracy": whole.accuracy.model_copy(update={"images": 1200})})

    assert any("on 200 images of 1,200, the same on both sides" in note for note in waterfall_picture(more).notes)


def test_the_other_order_is_told_only_where_it_differs() -> None:
    reverse = (step(NMS, 0.8, 0.03), step(PRECISION, 1.001, -0.05), step(RESIZE, 3.0, -0.1, 0.01), step(ENGINE, 2.0, 0.0))
    alike = (step(NMS, 0.923, 0.03), step(PRECISION, 1.001, -0.05), step(RESIZE, 1.182, -0.015, 0.016), step(ENGINE, 2.2, 0.0))
    same, other = picture(reverse=alike), picture(reverse=reverse)

    assert [(line.reverse_ms, line.reverse_ap) for line in lines(same)] == [("", "")] * 6
    assert any("no step brought other figures" in note for note in same.notes)
    resize = lines(other)[2]
    assert (resize.reverse_ms, resize.reverse_ap) == ("−66.6 [−68.6, −64.6]", "−.100 [−.110, −.090]")
    assert any("it stands below" in note for note in other.notes)


def test_a_report_shows_it_in_its_second_section_and_else_does_not() -> None:
    base = record("naive")
    chosen = record("litert-int8", waterfall=waterfall(baseline_id=base.id))
    html = render_report([base, chosen])

    assert html.index('id="headline"') < html.index('id="what-brought-it"') < html.index('id="before-after"')
    assert "Keras predict <span" in html
    assert 'id="what-brought-it"' not in render_report([base, record("litert-int8")])


def shown(*records: Record) -> str | None:
    found = explained(Summary.of(records))
    return found.name if found is not None else None


def test_what_stands_beside_the_baseline_comes_first() -> None:
    base = record("naive")
    old = record("litert", waterfall=waterfall(baseline_id=base.id))
    best = record("litert-int8", waterfall=waterfall(baseline_id=base.id))
    other = record("graph", waterfall=waterfall(baseline_id="elsewhere"))

    assert shown(base, best, old, other) == "litert-int8"
    assert shown(base, old, other) == "litert"
    assert shown(base, other) == "graph"
    assert shown(base) is None


def test_no_text_of_a_record_becomes_markup() -> None:
    smuggled = "runtime.engine: <script>a</script> -> <img src=x onerror=b>"
    html = render_report([record("naive"), record("litert", waterfall=waterfall((step(smuggled, 2.0),), baseline="<b>"))])

    assert "<script>a" not in html
    assert "<img src=x" not in html


def test_a_record_without_one_is_refused() -> None:
    with pytest.raises(RecordError, match="explain it against another record first"):
        waterfall_picture(record("naive"))
