"""What cards say and leave unsaid, on made-up records; that causes are real is for `test_advice.py`."""

import json
import shlex
from typing import Any

import pytest

from tests.report.records import MACHINE, NOISY, OTHER_MACHINE, broken_record, full_set, problem_record, record, timing
from workbench.advice import RULES, Card, advise
from workbench.advice.arithmetic import amdahl
from workbench.advice.trial import compare_command
from workbench.record import EngineFacts, Record
from workbench.settings import Settings, parse_variant
from workbench.timing import Timing


def exactly(**split_ms: float) -> Timing:
    """Return times of equal frames, with nothing outside the stages."""
    stages = {stage: (ms / 1000,) * 150 for stage, ms in split_ms.items()}
    total = (sum(split_ms.values()) / 1000,) * 150
    return Timing(compile_seconds=0.1, first_call_seconds=0.01, total_seconds=total, stage_seconds=stages)


def crowded(method: str = "python", nms_ms: float = 4.0, **changes: Any) -> Record:
    settings = record("graph").settings.with_values({"nms.method": method, **changes.pop("set", {})})
    values = {"name": method, "settings": settings, "timing": exactly(decode=1.0, infer=5.0, nms=nms_ms)}
    return record("graph", **({"comparison": None, "command": ""} | values | changes))


def keys(*records: Record) -> list[str]:
    return [card.key for card in advise(records)]


def card(key: str, *records: Record) -> Card:
    return next(one for one in advise(records) if one.key == key)


def test_no_records_give_no_advice() -> None:
    assert advise(()) == ()


def test_what_did_not_run_is_advised_on_by_nobody() -> None:
    assert advise((problem_record(),)) == ()
    assert advise((record("graph"), problem_record()), baseline=problem_record()) == ()


def test_a_record_without_frames_is_no_evidence() -> None:
    assert advise((record("naive", timing=timing({}, frames=0, total_seconds=())),)) == ()


def test_the_expected_gain_is_amdahls() -> None:
    found = amdahl(crowded(), ("nms",), 0.001)

    assert found is not None
    assert found.ratio == pytest.approx(10 / 7)
    assert not found.bound
    assert found.arithmetic == "10.0 / (10.0 − 4.00 + 1.00) = 1.43, in ms of a frame"


def test_a_bound_is_called_one() -> None:
    found = card("nms-dominates", crowded()).expected

    assert found is not None
    assert found.bound
    assert found.words == "at most 1.67 times faster"


def test_a_stage_that_is_the_whole_frame_has_no_bound() -> None:
    assert amdahl(crowded(timing=exactly(nms=4.0)), ("nms",)) is None


def test_where_nothing_is_quicker_nothing_is_to_be_changed() -> None:
    rows = crowded("opencv"), crowded("tensorflow", 4.1), crowded("numpy", 4.2)

    found = card("nms-dominates", *rows)

    assert (found.change, found.command, found.gain) == (None, None, 1.0)
    assert "No other method measured here is quicker." in found.evidence


@pytest.mark.parametrize(("own", "other"), [("soft", "opencv"), ("opencv", "soft"), ("none", "opencv"), ("opencv", "none")])
def test_soft_nms_finds_other_boxes_and_replaces_nothing(own: str, other: str) -> None:
    found = card("nms-dominates", crowded(own, name="own"), crowded(other, 0.2, name="other"))

    assert (found.change or {}).get("nms.method") in ({None} if own in {"soft", "none"} else {"tensorflow"})
    assert found.measured is None


def test_most_gain_comes_first() -> None:
    gains = [one.gain for one in advise(full_set())]

    assert len(gains) >= 5
    assert gains == sorted(gains, reverse=True)


def test_every_card_is_complete_and_says_three_lines_of_theory() -> None:
    for one in advise(full_set()):
        assert one.title
        assert one.finding.endswith(".")
        assert one.evidence.endswith(".")
        assert len(one.theory) == 3
        assert one.change is None or one.command
        assert "None" not in f"{one.finding} {one.evidence} {one.command or ''}"


def test_every_rule_is_in_the_table_once() -> None:
    assert len({rule.find for rule in RULES}) == len(RULES)


def test_cards_are_json() -> None:
    trees = [one.tree() for one in advise(full_set())]

    assert json.loads(json.dumps(trees))[0].keys() >= {"key", "finding", "expected", "measured", "change", "command", "theory"}


def test_times_of_other_machines_are_no_evidence() -> None:
    here, there = crowded("python"), crowded("opencv", 0.2, environment=OTHER_MACHINE)

    assert card("nms-dominates", here, there).measured is None


@pytest.mark.parametrize("what", ["detector", "media"])
def test_another_detectors_or_medias_times_are_no_evidence(what: str) -> None:
    other = getattr(record("graph"), what).model_copy(update={"sha256": "ef" * 32})

    assert card("nms-dominates", crowded(), crowded("opencv", 0.2, **{what: other})).measured is None


def test_a_baseline_is_the_only_one_advised_on() -> None:
    rows = full_set()

    asked = rows[0]
    assert {one.about for one in advise(rows, asked) if one.key in {"call-overhead", "stop-quantising", "slow-start"}} == {"naive"}


def test_broken_alternatives_are_not_recommended() -> None:
    broken = broken_record()
    quick = crowded("opencv", 0.2, agreement=broken.agreement)

    found = card("nms-dominates", crowded(), quick)

    assert found.measured is None


def test_composed_times_are_called_that() -> None:
    found = card("nms-dominates", crowded(), crowded("opencv", 0.2, composed=True))

    assert found.measured is not None
    assert "put together from stages" in found.measured.words


def test_a_measured_alternative_beats_a_composed_one() -> None:
    composed, whole = crowded("opencv", 0.2, composed=True, name="composed"), crowded("opencv", 0.3, name="whole")

    found = next(one for one in advise((crowded(), composed, whole), baseline=crowded()) if one.key == "nms-dominates")

    assert found.measured is not None
    assert found.measured.label == "whole"


def test_a_low_score_without_counted_candidates_needs_another_record() -> None:
    low, usual = (crowded("opencv", ms, set={"nms.score": score}) for ms, score in ((4.0, 0.001), (0.2, 0.3)))

    assert "score-floods-nms" in keys(low, usual)
    assert "score-floods-nms" not in keys(low)


def test_counted_candidates_are_evidence_alone() -> None:
    facts = EngineFacts(covers=("model",), candidates=4000.0)

    found = card("score-floods-nms", crowded("opencv", set={"nms.score": 1e-8}, engine=facts))

    assert "sends 4,000 candidates a frame into NMS" in found.finding
    assert found.change == {"nms.score": 0.05}


def test_noise_names_no_more_than_a_few() -> None:
    rows = [record("litert", name=f"r{number}", noise=NOISY) for number in range(9)]

    assert "and 5 more" in card("noisy-machine", *rows).finding


def test_a_quota_counts_as_cores() -> None:
    noise = record().noise.model_copy(update={"quota_cores": 1.0})

    found = card("threads-unequal", crowded(noise=noise))

    assert (found.title, found.change) == ("More threads than cores", {"runtime.threads": 1})


def test_the_command_repeats_the_records_own_words() -> None:
    words = shlex.split(compare_command(record("naive"), {"nms.method": "opencv"}))

    assert words[:4] == ["workbench", "compare", "inspector-mobile", "sample_media/line.webm"]
    assert words[words.index("--a") + 1 :] == ["naive", "--b", "naive,nms.method=opencv"]


@pytest.mark.parametrize(
    "command",
    ["", "workbench run 'unclosed", "python -m mine", "workbench run x --preset fast", "workbench run x --preset xla"],
)
def test_a_command_that_says_something_else_is_not_repeated(command: str) -> None:
    one = crowded(command=command)
    words = shlex.split(compare_command(one, {"nms.method": "opencv"}))
    a, b = words[words.index("--a") + 1], words[words.index("--b") + 1]

    assert parse_variant(a, base=Settings()) == one.settings
    assert parse_variant(b, base=Settings()) == one.settings.with_values({"nms.method": "opencv"})


def test_machines_are_told_apart_by_their_id() -> None:
    assert MACHINE.machine_id != OTHER_MACHINE.machine_id
    both = record("naive"), record("naive", environment=OTHER_MACHINE)

    assert keys(*both).count("call-overhead") == 2


def test_inference_that_takes_most_of_the_frame_may_still_be_quantised() -> None:
    assert "stop-quantising" not in keys(crowded(timing=exactly(infer=9.9, draw=0.7)))
    assert "stop-quantising" in keys(crowded(timing=exactly(infer=0.7, draw=9.9)))
