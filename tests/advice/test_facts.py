"""What made-up records show, and that nothing is said without its evidence, twice, or of other truths."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.report.records import NOISY, OTHER_MACHINE, SPLITS, accuracy, broken_record, comparison, full_set, record, timing
from workbench.advice import Card, advise
from workbench.record import EngineFacts, Record
from workbench.timing import Ratio


def told(*records: Record) -> str:
    return "\n".join(f"{card.title} | {card.finding} | {card.evidence}" for card in advise(records))


def keys(*records: Record) -> list[str]:
    return [card.key for card in advise(records)]


def card(key: str, *records: Record) -> Card:
    return next(one for one in advise(records) if one.key == key)


def changed(preset: str, name: str, values: Mapping[str, object], **changes: Any) -> Record:
    return record(preset, name=name, settings=record(preset).settings.with_values(values), **changes)


DYNAMIC = changed("litert", "dynamic", {"runtime.precision": "dynamic-int8"}, comparison=comparison("naive", "dynamic", 9.5))


def test_xla_slower_than_graph_is_told_with_its_ratio() -> None:
    alike = record("xla", settings=record("graph").settings.with_values({"runtime.engine": "xla"}))
    said = "XLA is slower here | xla is 7.05 times slower [6.84, 7.26] than graph on this machine."
    assert said in told(record("graph"), alike)


def test_an_engine_that_came_with_another_nms_is_named_together_with_it() -> None:
    said = "XLA with nms.method=padded is slower here | xla is 7.05 times slower [6.84, 7.26] than graph on this machine."
    assert said in told(record("graph"), record("xla"))


def test_separate_runs_are_called_that() -> None:
    found = card("xla-slower", record("graph", comparison=None), record("xla", comparison=None))
    assert found.measured is not None
    assert "measured in separate runs" in found.measured.words


@pytest.mark.parametrize("asked", ["naive", "graph"])
def test_a_faster_engine_is_told_and_recommended_to_who_runs_the_graph(asked: str) -> None:
    rows = {name: record(name) for name in (asked, "graph", "litert")}
    (found,) = [one for one in advise(rows.values(), rows[asked]) if one.key == "litert-faster"]
    assert found.title == "LiteRT with input.resize=opencv and nms.method=opencv is faster here"
    assert found.finding == "litert is 2.30 times faster [2.23, 2.37] than graph on this machine."
    assert (found.about, found.measured and found.measured.label) == ("graph", "litert")
    assert (found.change is not None) == (asked == "graph")


def test_an_engine_that_makes_no_difference_is_not_told() -> None:
    same = record("xla", comparison=comparison("naive", "xla", 6.44), timing=timing(SPLITS["graph"][0], seed=5))
    assert not [key for key in keys(record("graph"), same) if key.startswith("xla")]


WIDE = Ratio(median=1.4, low=0.85, high=2.18)


def test_an_engine_that_nobody_can_tell_is_not_told() -> None:
    assert not [key for key in keys(record("graph"), unclear("xla")) if key.startswith("xla")]


def unclear(preset: str) -> Record:
    """Return a record that was compared with `graph` in turns on a machine that left everything open."""
    return record(preset, comparison=comparison("graph", preset, WIDE))


def test_a_precision_that_nobody_can_tell_is_neither_worth_it_nor_not() -> None:
    floats = record("litert")
    narrow = record("litert-int8", comparison=comparison("litert", "litert-int8", WIDE))
    (found,) = [one for one in advise((floats, narrow), narrow) if one.key.startswith("int8")]

    assert found.title == "int8 cannot be told to be faster here"
    assert "litert-int8 against litert: cannot tell: between 0.850 and 2.18 times as fast" in found.finding
    assert (found.change, found.gain) == (None, 1.0)
    assert found.measured is not None
    assert found.measured.words.startswith(
        "litert-int8: cannot tell: between 0.850 and 2.18 times as fast, measured in interleaved"
    )


def test_what_was_measured_of_a_change_but_tells_nothing_gains_nothing() -> None:
    slow, quick = record("naive"), changed("naive", "quick", {"runtime.engine": "graph"}, timing=timing(SPLITS["graph"][0]))
    untold = quick.model_copy(update={"comparison": comparison("naive", "quick", WIDE)})

    assert card("call-overhead", slow, untold).gain == 1.0


def test_dynamic_int8_slower_than_float32() -> None:
    found = card("int8-not-worth-it", record("naive"), record("litert"), DYNAMIC)
    assert found.finding == "dynamic against litert: 1.56 times slower [1.51, 1.60] and no accuracy lost that shows."
    assert found.change is None


def test_each_precision_is_told_by_itself() -> None:
    rows = (record("naive"), record("litert"), DYNAMIC, record("litert-int8"))
    assert [one.title for one in advise(rows) if "int8" in one.key] == ["dynamic-int8 is not worth it here", "int8 is faster here"]


def test_int8_loss_is_told_in_ap() -> None:
    assert "1.35 times faster [1.31, 1.39] and .005 AP lost" in told(record("naive"), record("litert"), record("litert-int8"))


def test_int8_without_loss_is_told_too() -> None:
    same = record("litert-int8", accuracy=accuracy(0.616, 0.39))
    assert "1.35 times faster [1.31, 1.39] and no accuracy lost that shows" in told(record("litert"), same)


def test_who_runs_float32_is_told_to_try_what_was_measured_to_be_faster_and_right() -> None:
    rows = record("litert"), record("litert-int8")
    (found,) = [one for one in advise(rows, rows[0]) if one.key == "int8-worth-it"]
    assert found.change == {"runtime.precision": "int8"}
    assert found.gain == pytest.approx(1.35, abs=0.01)


@pytest.mark.parametrize("key", ["int8-worth-it", "small-objects-paid"])
def test_ap_of_another_truth_is_never_subtracted(key: str) -> None:
    elsewhere = record("litert-int8").accuracy
    assert elsewhere is not None
    other = record("litert-int8", accuracy=elsewhere.model_copy(update={"truth": "others.json"}))
    assert "AP lost" in told(record("naive"), record("litert"), record("litert-int8"))
    assert key == "int8-worth-it" or key in keys(record("naive"), record("litert-int8"))
    rows = (record("naive"), record("litert"), other)
    assert "AP lost" not in told(*rows)
    assert "small-objects-paid" not in keys(*rows)


def test_aps_of_two_truths_do_not_stand_side_by_side() -> None:
    elsewhere = record("litert-int8").accuracy
    assert elsewhere is not None
    other = record("litert-int8", accuracy=elsewhere.model_copy(update={"truth": "others.json"}))
    assert "ms a frame, AP .6" in told(record("litert"), record("litert-int8"))
    assert ", AP" not in told(record("litert"), other)


def test_the_largest_stage_has_its_bound() -> None:
    found = card("largest-stage", record("graph"))
    assert found.finding == "In graph, infer takes 79 % of the frame."
    assert found.expected is not None
    assert (found.expected.bound, found.expected.words) == (True, "at most 4.78 times faster")


def test_a_stage_with_a_rule_of_its_own_is_told_once() -> None:
    for rows in ((record("naive"),), (record("litert-int8", comparison=None),)):
        assert "largest-stage" not in keys(*rows)
    assert "call-overhead" in keys(record("naive"))


def test_slow_nms_is_told_once() -> None:
    quick = changed("naive", "quick", {"nms.method": "opencv"}, timing=timing(SPLITS["naive"][0] | {"nms": 0.3}))
    assert keys(record("naive"), quick).count("nms-apart") == 1
    assert "nms-dominates" not in keys(record("naive"), quick)
    crowded = record("naive", timing=timing(SPLITS["naive"][0] | {"nms": 40.0}))
    assert "nms-dominates" in keys(crowded, quick)
    assert "nms-apart" not in keys(crowded, quick)


@pytest.mark.parametrize(
    "also", [{"nms.score": 0.01}, {"runtime.engine": "graph"}, {"input.size_hw": (96, 160)}, {"feed.workers": 2}], ids=str
)
def test_how_nms_is_written_is_never_told_of_rows_that_differ_in_more(also: dict[str, object]) -> None:
    slow = record("naive", timing=timing(SPLITS["naive"][0] | {"nms": 1.0}))
    quick_nms = timing(SPLITS["naive"][0] | {"nms": 0.1})

    assert "nms-apart" in keys(slow, changed("naive", "alone", {"nms.method": "opencv"}, timing=quick_nms))
    assert not {"nms-apart", "nms-dominates"} & set(
        keys(slow, changed("naive", "both", {"nms.method": "opencv"} | also, timing=quick_nms))
    )


def test_a_preset_against_the_habit_is_told_of_all_that_it_changes() -> None:
    found = card("call-overhead", record("naive"), record("graph"))

    assert found.change == {"input.resize": "graph", "runtime.engine": "graph", "nms.method": "tensorflow"}
    assert "in graph, with input.resize=graph, runtime.engine=graph and nms.method=tensorflow." in found.evidence
    assert found.measured is not None
    assert found.expected is not None
    assert found.expected.ratio == pytest.approx(found.measured.speed.ratio, rel=0.05)


def test_a_start_is_told_against_steady_frames() -> None:
    assert "litert takes 1.6 s to start: as long as 281 frames" in told(record("naive"), record("litert"))


def test_longer_start_is_paid_back_after_frames() -> None:
    slow_start = timing(SPLITS["graph"][0], compile_seconds=9.0)
    assert "graph pays back its longer start after 111 frames" in told(record("naive"), record("graph", timing=slow_start))


def test_every_record_that_compiles_again_is_named() -> None:
    again = EngineFacts(covers=("model",), compilations=4, recompilations=3)
    rows = record("graph", engine=again), record("xla", engine=again.model_copy(update={"recompilations": 1}))
    assert "compiled programs 3 times while frames were timed" in told(*rows)
    assert "So did xla (1 time)." in told(*rows)


def test_small_objects_that_suffer_most_are_told() -> None:
    assert "litert-int8 pays with small objects: −.031 AP" in told(record("naive"), record("litert-int8"))


def test_time_in_no_stage_is_told() -> None:
    missing = record("graph", timing=timing({"infer": 1.0}))
    assert "% of a frame of graph is in no stage." in told(missing)


def test_noise_is_told() -> None:
    assert "During 1 of 2 runs the machine was not quiet: graph." in told(record("naive"), record("graph", noise=NOISY))


def test_broken_settings_are_named_and_evidence_of_nothing_else() -> None:
    cards = advise((record("naive"), broken_record()))
    assert [one.finding for one in cards if "litert-int8 bad" in one.finding] == [
        "litert-int8 bad breaks the detector, however fast."
    ]


def test_other_machines_are_told_about_by_themselves() -> None:
    assert keys(record("graph"), record("xla", environment=OTHER_MACHINE)).count("xla-slower") == 0


@pytest.mark.parametrize(
    "absent",
    [
        *("xla-", "litert-", "int8-", "call-overhead", "small-objects-paid", "noisy-machine", "recompiling"),
        *("breaks", "nms-apart", "start-paid-back", "unexplained"),
    ],
)
def test_one_quiet_record_supports_no_such_claim(absent: str) -> None:
    assert not [key for key in keys(record("graph", comparison=None)) if key.startswith(absent)]


def test_the_same_is_said_once() -> None:
    cards = advise(full_set())
    assert len(cards) >= 10
    assert len({(one.key, one.about, one.title) for one in cards}) == len(cards)
    assert len({one.finding for one in cards}) == len(cards)
