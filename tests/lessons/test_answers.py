"""Answers from records: what was measured, and whether a claim agrees with it."""

import pytest

from tests.lessons.asked import GRAPH, INT8, NAIVE, UNCLEAR, XLA
from tests.report.records import NOISY, OTHER_MACHINE, broken_record, comparison, full_set, problem_record, record, timing
from workbench.errors import RecordError, SettingsError
from workbench.lessons import (
    chosen,
    crowding,
    fastest,
    fastest_within,
    figures_of,
    frames_a_second,
    in_the_program,
    largest_stage,
    loses_ap,
    outcome,
    smaller,
    speed,
    stage_speed,
)
from workbench.lessons.answers import Amount, Answer, Choice, Claim, Speed
from workbench.lessons.graph_mistakes import Outcome
from workbench.record import EngineFacts, Record
from workbench.timing import Ratio


def slower() -> Speed:
    return speed(XLA, over=GRAPH)


@pytest.mark.parametrize(
    ("answer", "claim", "right", "words"),
    [
        (Choice(sentence="", names=("infer",)), "infer", True, "right"),
        (Choice(sentence="", names=("infer",)), "nms", False, "wrong, it is infer"),
        (Choice(sentence="", names=("infer", "nms")), "nms", True, "right"),
        (Amount(sentence="", value=10.0), 12.0, True, "right"),
        (Amount(sentence="", value=10.0), 25.0, False, "wrong, 2.5 times too much"),
        (Amount(sentence="", value=10.0), 5.0, False, "wrong, 2.0 times too little"),
        (slower(), 2.0, False, "wrong, 7.05 times slower"),
        (slower(), 1 / 7, True, "right, it lies in the interval"),
        (slower(), 0.15, True, "right"),
        (slower(), 0.5, False, "right in direction, not in size, 7.05 times slower"),
        (slower(), "slower", True, "right"),
        (slower(), "faster", False, "wrong, 7.05 times slower"),
        (speed(UNCLEAR, over=NAIVE), 1.0, True, "right, it lies in the interval"),
        (speed(UNCLEAR, over=NAIVE), 2.0, False, "wrong, no measurable difference"),
    ],
)  # fmt: skip
def test_a_claim_is_graded_by_what_was_measured(answer: Answer, claim: Claim, right: bool, words: str) -> None:
    grade = answer.grade(claim)

    assert (grade.right, grade.words) == (right, words)


@pytest.mark.parametrize(("answer", "claim"), [(Choice(sentence="", names=("yes",)), 2.0), (Amount(sentence="", value=1.0), "yes")])
def test_a_claim_of_the_wrong_kind_is_refused(answer: Answer, claim: Claim) -> None:
    with pytest.raises(SettingsError, match=r"^the prediction is .*; predict "):
        answer.grade(claim)


# Speeds ----------------------------------------------------------------------------------------------------------------


def test_a_speed_says_medians_ratio_and_interval() -> None:
    assert speed(GRAPH, over=NAIVE).sentence == (
        "graph is 6.44 times faster than naive [6.34, 6.53]; a frame takes 12.8 ms and 81.5 ms."
    )


def test_a_slower_one_is_told_in_the_direction_of_its_words() -> None:
    assert "naive is 6.44 times slower than graph [6.34, 6.53]" in speed(NAIVE, over=GRAPH).sentence


def test_noise_is_no_difference() -> None:
    found = speed(UNCLEAR, over=NAIVE)

    assert found.open
    assert found.sentence.startswith(
        "no measurable difference between unclear and naive, 95 % interval of the ratio [0.99, 1.02]; "
    )


def test_an_interval_too_wide_to_tell_is_said_to_be() -> None:
    wide = comparison("naive", "unclear", 1.0).model_copy(
        update={"ratio": Ratio(median=1.0, low=0.6, high=1.5)}
    )

    assert "The interval is wide" in speed(UNCLEAR.model_copy(update={"comparison": wide}), over=NAIVE).sentence


def test_medians_that_say_otherwise_are_pointed_out() -> None:
    assert "pace" not in speed(GRAPH, over=NAIVE).sentence
    assert speed(UNCLEAR, over=NAIVE).sentence.endswith("so the machine changed its pace between them.")


def test_separate_runs_say_so() -> None:
    alone = GRAPH.model_copy(update={"comparison": None})

    assert "(separate runs)" in speed(alone, over=NAIVE.model_copy(update={"id": "other", "name": "other"})).sentence


def test_a_noisy_machine_is_a_caution() -> None:
    noisy = GRAPH.model_copy(update={"noise": NOISY})

    assert speed(noisy, over=NAIVE).caution == (
        "The machine was noisy (other processes kept 0.8 cores busy): measure again before you rely on it."
    )


@pytest.mark.parametrize(
    "other", [GRAPH.model_copy(update={"environment": OTHER_MACHINE}), problem_record()], ids=["machine", "problem"]
)
def test_what_cannot_be_compared_is_refused(other: Record) -> None:
    with pytest.raises(RecordError, match="cannot be compared; measure both on one machine"):
        speed(other, over=NAIVE)


def test_a_stage_is_compared_by_its_own_times() -> None:
    found = stage_speed(GRAPH, over=NAIVE, stage="nms")

    assert found.sentence.startswith("nms takes 0.3")
    assert (found.verdict, found.interval) == ("faster", None)
    with pytest.raises(RecordError, match="graph has no stage 'preprocess' of its own; it has decode, infer, nms and draw"):
        stage_speed(GRAPH, over=NAIVE, stage="preprocess")


# Other questions -------------------------------------------------------------------------------------------------------


def test_the_largest_stage_comes_with_what_its_absence_could_bring() -> None:
    found = largest_stage(NAIVE)

    assert found.names == ("infer",)
    assert "76 % of a frame, in naive. Were it free, frames would be 4.2 times as fast, and no more." in found.sentence


def test_stages_that_are_nearly_equal_are_both_right() -> None:
    even = record("naive", timing=timing({"decode": 1.0, "infer": 10.0, "nms": 9.8}))

    assert largest_stage(even).names == ("infer", "nms")


def test_frames_a_second_are_those_of_the_whole_frame() -> None:
    assert frames_a_second(NAIVE).value == pytest.approx(NAIVE.timing.fps if NAIVE.timing else 0)
    with pytest.raises(RecordError, match="litert-int16x8 has no times \\(the converter cannot quantise this model"):
        frames_a_second(problem_record())


def test_the_fastest_is_named_with_those_that_cannot_be_told_from_it() -> None:
    same = record("litert-int8", name="twin")

    assert fastest([NAIVE, GRAPH, INT8]).names == ("litert-int8",)
    assert set(fastest([NAIVE, INT8, same]).names) == {"litert-int8", "twin"}
    with pytest.raises(RecordError, match="measure at least one"):
        fastest([problem_record()])


@pytest.mark.parametrize(
    ("more_than", "size", "names"), [(0.02, "all", ("no",)), (0.005, "all", ("yes",)), (0.02, "small", ("yes",))]
)
def test_a_loss_of_ap_counts_from_a_limit(more_than: float, size: str, names: tuple[str, ...]) -> None:
    found = loses_ap(INT8, than=NAIVE, more_than=more_than, size=size)  # type: ignore[arg-type]

    assert found.names == names
    assert ("of small objects" in found.sentence) == (size == "small")


def test_an_unknown_ap_is_refused() -> None:
    with pytest.raises(RecordError, match="has no AP of all objects; measure on media whose truth"):
        loses_ap(GRAPH.model_copy(update={"accuracy": None}), than=NAIVE)


def test_what_a_program_left_out_is_said_with_the_reason() -> None:
    facts = EngineFacts(covers=("model", "box decoding"), left_out=("resize: on the host", "nms: XLA has none of it"))
    found = in_the_program(record("xla", engine=facts), "nms")

    assert found.names == ("no",)
    assert found.sentence == "xla: one program covers model and box decoding. Left out: nms: XLA has none of it."
    assert in_the_program(record("xla", engine=facts), "model").names == ("yes",)


def test_crowding_compares_the_fullest_third_with_the_emptiest() -> None:
    empty, full = NAIVE.detections[0].model_copy(update={"scores": ()}), NAIVE.detections[0]
    times = {"nms": (1.0, 3.0, 1.0, 3.0, 2.0, 2.0)}
    crowded = record(
        "naive",
        timing=timing({"nms": 1.0}).model_copy(update={"stage_seconds": times}),
        detections=(
            empty,
            full,
            empty,
            full,
            full.model_copy(update={"scores": (0.5,)}),
            full.model_copy(update={"scores": (0.5,)}),
        ),
    )

    assert crowding(crowded).value == pytest.approx(3.0)
    with pytest.raises(RecordError, match="measure more frames"):
        crowding(NAIVE)


def test_a_converted_model_is_compared_by_its_bytes() -> None:
    big, small = (record(name="a", engine=EngineFacts(covers=("model",), model_bytes=size)) for size in (4_000_000, 1_000_000))

    assert smaller(small, than=big).value == 4
    with pytest.raises(RecordError, match="ran no converted model"):
        smaller(NAIVE, than=big)


def test_a_mistake_is_told_by_what_came_of_it() -> None:
    wrong = Outcome(way="loaded inside, kept", loads=1, call_seconds=(0.1, 0.01), largest_difference=1.5)

    assert outcome(wrong).names == ("wrong answers",)
    assert outcome(wrong).sentence.startswith("loaded inside, kept: loaded once in 2 calls (100, 10 ms), wrong answers")


# Picking ---------------------------------------------------------------------------------------------------------------


def test_the_fastest_within_a_budget_is_picked_and_what_breaks_the_detector_never() -> None:
    rows = full_set()

    assert fastest_within(rows).name == "litert-int8"
    assert fastest_within(rows, max_ap_loss=0.005).name == "litert"
    assert fastest_within(rows, max_ap_loss=0.0).name == "naive"
    assert fastest_within(rows, max_ms=6, max_ap_loss=0.003).name == "litert"
    assert broken_record().name not in {fastest_within(rows, min_fps=fps).name for fps in (1, 100, 200)}


def test_a_budget_that_nothing_keeps_to_says_what_comes_nearest() -> None:
    with pytest.raises(RecordError, match=r"Allow 4.2 ms a frame and inspector-mobile at 288x512 with LiteRT int8 does it"):
        fastest_within(full_set(), max_ms=1)
    with pytest.raises(RecordError, match="breaks the detector or did not run"):
        fastest_within([broken_record()], max_ms=1000)
    with pytest.raises(RecordError, match="nothing to pick from"):
        fastest_within([problem_record()])


def test_what_was_picked_is_told_with_its_figures() -> None:
    assert chosen(INT8, over=NAIVE).sentence.startswith(f"litert-int8 is picked: {figures_of(INT8)}. litert-int8 is ")
    assert chosen(NAIVE, over=NAIVE).sentence == f"naive is picked: {figures_of(NAIVE)}."
