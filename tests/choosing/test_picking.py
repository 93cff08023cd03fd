"""What is picked for a budget, what is said of it, and what stands in the way where nothing will do."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.saved_records import MACHINE, record
from workbench.choosing import Budget, pick, sentence
from workbench.errors import SettingsError
from workbench.history import Summary
from workbench.record import Problem, Weight

SIZES = {"large": (512, 512), "middle": (320, 320), "small": (160, 160)}


def row(name="a", ms=10.0, ap=0.5, size="middle", frames=150, **changes):
    words = {"name": name, "seconds": [ms / 1000] * frames, "ap": ap, "input.size_hw": SIZES[size], **changes}
    return Summary.of(record(**words))


@pytest.fixture
def rows():
    """Three settings: the larger, the slower and the more accurate."""
    return [
        row("large", 41.0, 0.600, "large"),
        row("int8", 10.7, 0.583, "middle", **{"runtime.engine": "litert", "runtime.precision": "int8"}),
        row("small", 4.0, 0.450, "small"),
    ]


def chosen(picked):
    return picked.chosen and picked.chosen.summary.name


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        ({}, "small"),
        ({"min_fps": 30}, "small"),
        ({"min_fps": 30, "max_ap_loss": 0.02}, "int8"),
        ({"max_ap_loss": 0.0}, "large"),
        ({"max_ms": 11, "max_ap_loss": 0.017}, "int8"),
        ({"max_ms": 11, "max_ap_loss": 0.0169}, None),
        ({"min_fps": 250, "max_ap_loss": 0.2}, "small"),
        ({"min_fps": 251}, None),
        ({"max_ms": 41.0, "max_ap_loss": 0.0, "stat": "p95"}, "large"),
    ],
    ids=str,
)
def test_the_fastest_that_keeps_the_budget_is_picked(rows, budget, name):
    assert chosen(pick(rows, Budget(**budget))) == name


def test_the_margin_says_how_far_each_limit_is(rows):
    picked = pick(rows, Budget(min_fps=30, max_ms=20, max_ap_loss=0.02))

    room = {margin.limit: margin.room for margin in picked.chosen.margins}
    assert room == pytest.approx({"min_fps": 1000 / 10.7 - 30, "max_ms": 20 - 10.7, "max_ap_loss": 0.003})


def test_frames_a_second_count_slow_frames_too():
    uneven = Summary.of(record(seconds=[0.010] * 100 + [0.100] * 50))  # the median frame would make 100 a second

    picked = pick([uneven], Budget(min_fps=30))

    assert chosen(picked) is None
    assert chosen(pick([uneven], Budget(max_ms=11))) == "xla"


def test_the_p95_is_judged_where_it_is_asked_for():
    uneven = Summary.of(record(seconds=[0.010] * 140 + [0.100] * 10))

    assert chosen(pick([uneven], Budget(max_ms=20))) == "xla"
    assert chosen(pick([uneven], Budget(max_ms=20, stat="p95"))) is None


def test_too_few_frames_for_a_p95_are_said():
    picked = pick([row(frames=129), row("b", frames=20, **{"nms.iou": 0.6})], Budget(max_ms=50, stat="p95"))

    assert chosen(picked) is None
    assert "2 settings have too few frames for a p95; time 130 or more." in sentence(picked)


@pytest.mark.parametrize(
    "other",
    [
        row("bad", 1.0, broken=True, size="small"),
        row("bad", 1.0, size="small", problem=Problem(kind="ModelError", message="no")),
        row("bad", 1.0, size="small", machine="elsewhere"),
        row("bad", 1.0, ap=None, size="small"),
        row("bad", 1.0, ap=0.4, size="small"),
    ],
    ids=["broken", "a problem", "another machine", "AP unknown", "too much lost"],
)
def test_never_picked_is(other):
    assert chosen(pick([row("good"), other], Budget(max_ap_loss=0.05), machine_id=MACHINE)) == "good"


def test_the_best_ap_may_be_known_from_another_machine():
    elsewhere = row("best", ap=0.9, size="large", machine="elsewhere")

    picked = pick([elsewhere, row("here", ap=0.5)], Budget(max_ap_loss=0.05), machine_id=MACHINE)

    assert chosen(picked) is None
    assert picked.nearest.ap_loss == pytest.approx(0.4)


def test_ap_is_compared_on_the_same_truth_and_the_same_classes_only():
    other_truth = row("easy", ap=0.9, size="large", truth="easy.json")
    one = record(ap=0.8, **{"input.size_hw": (512, 512)})
    other_classes = Summary.of(one.model_copy(update={"detector": one.detector.model_copy(update={"labels": ("car", "bus")})}))

    picked = pick([other_truth, other_classes, row("own", 1.0, ap=0.5)], Budget(max_ap_loss=0.0))

    assert chosen(picked) == "own"


def test_a_loss_is_counted_from_the_best_of_the_same_content():
    easy = row("easy", ap=0.9, size="large", truth_key="1")
    own, earlier = row("own", 1.0, ap=0.5, truth_key="2"), row("earlier", ap=0.52, size="small")

    (loss,) = (choice.ap_loss for choice in [pick([easy, own, earlier], Budget(max_ms=1.0)).chosen])

    assert loss == pytest.approx(0.02)  # a row of before, which knows its truth by name alone, is compared with both


@pytest.mark.parametrize("composed", [False, True], ids=["measured whole", "composed"])
def test_what_was_judged_by_a_truth_since_corrected_does_not_stand_for_a_setting(composed):
    best = row("best", 20.0, ap=0.5, size="large", truth_key="2")
    before, now = row(ms=5.0, ap=0.9, truth_key="1"), row(ms=5.0, ap=0.1, truth_key="2", composed=composed)

    assert chosen(pick([before, best], Budget(max_ap_loss=0.1))) == "a"
    assert chosen(pick([before, best, now], Budget(max_ap_loss=0.1))) == "best"


def test_losses_can_be_counted_from_a_named_baseline(rows):
    baseline = row("naive", 90.0, 0.59, "large")

    picked = pick(rows, Budget(max_ap_loss=0.01), baseline=baseline)

    assert chosen(picked) == "int8"
    assert picked.chosen.ap_loss == pytest.approx(0.007)
    assert ".007 AP below naive (limit .010)" in sentence(picked)


def test_agreement_is_a_limit_and_a_baseline_agrees_with_itself():
    baseline = row("naive", 50.0, agreement=None, size="large")
    close = row("close", 10.0, agreement=0.97)
    loose = row("loose", 5.0, agreement=0.90, size="small")

    assert chosen(pick([baseline, close, loose], Budget(min_agreement=0.95))) == "close"
    assert chosen(pick([baseline, close, loose], Budget(min_agreement=0.99))) == "naive"


def test_a_setting_measured_directly_goes_before_its_composed_times():
    composed = row("composed", 5.0, composed=True)
    direct = row("direct", 12.0)

    for order in itertools.permutations([composed, direct]):
        assert chosen(pick(order, Budget())) == "direct"


@pytest.mark.parametrize(("composed_ms", "name"), [(0.08, "composed"), (9.0, "composed"), (9.2, None), (10.0, None)])
def test_composed_times_are_never_picked_and_named_where_they_are_shorter_by_more_than_they_err(composed_ms, name):
    composed, whole = row("composed", composed_ms, composed=True, size="small"), row("whole", 10.0)

    picked = pick([composed, whole], Budget())

    assert chosen(picked) == "whole"
    assert picked.runner_up is None
    assert (picked.unconfirmed and picked.unconfirmed.summary.name) == name
    assert ("By composed times, about 10%" in sentence(picked)) == (name is not None)


def test_where_only_composed_times_keep_the_budget_nothing_is_picked_and_that_is_said():
    composed, whole = row("composed", 9.0, composed=True, size="small"), row("whole", 50.0)

    picked = pick([composed, whole], Budget(max_ms=20))

    assert chosen(picked) is None
    assert sentence(picked) == (
        "Nothing measured whole on this machine will do. By composed times, about 10% off, inspector-mobile at 160x160 with a"
        " TensorFlow graph does, at 9.00 ms a frame: measure it whole first."
    )


def test_a_setting_that_broke_when_it_was_measured_directly_is_out():
    composed, direct = row("composed", 5.0, composed=True), row("direct", 5.0, broken=True)

    picked = pick([direct, composed, row("sound", 50.0, size="large")], Budget())

    assert chosen(picked) == "sound"
    assert (picked.candidates, picked.unusable) == (1, 1)


def test_the_newest_quiet_measurement_of_a_setting_counts():
    old, new, noisy = row("old", 5.0), row("new", 9.0), row("noisy", 7.0, noise="noisy")

    assert chosen(pick([old, new, noisy], Budget())) == "new"
    assert chosen(pick([noisy], Budget())) == "noisy"


def test_the_runner_up_is_another_kind_of_setting_where_there_is_one():
    fastest, twin, other = row("fastest", 5.0), row("twin", 5.1, **{"nms.iou": 0.6}), row("other", 9.0, size="small")

    assert pick([fastest, twin, other], Budget()).runner_up.summary.name == "other"
    assert pick([fastest, twin], Budget()).runner_up.summary.name == "twin"
    assert pick([fastest], Budget()).runner_up is None


def test_near_misses_are_faster_settings_that_miss_one_limit(rows):
    picked = pick(rows, Budget(min_fps=30, max_ap_loss=0.02))

    assert [choice.summary.name for choice in picked.near_misses] == ["small"]
    assert pick(rows, Budget()).near_misses == ()


def test_what_stands_in_the_way_is_each_limit_that_could_give_way(rows):
    picked = pick(rows, Budget(min_fps=30, max_ap_loss=0.01))

    assert [(one.limit, one.needed, one.choice.summary.name) for one in picked.relaxations] == [
        ("min_fps", 24.3, "large"),
        ("max_ap_loss", 0.017, "int8"),
    ]


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (
            {"min_fps": 30, "max_ap_loss": 0.02},
            "Run inspector-mobile at 320x320 with LiteRT int8: 93.5 frames a second on this machine (your limit: 30),"
            " .017 AP below the most accurate setting (limit .020).",
        ),
        (
            {"min_fps": 30, "max_ap_loss": 0.01},
            "No setting measured on this machine gives 30 frames a second and at most .010 AP lost."
            " Ask for 24.3 frames a second and inspector-mobile at 512x512 with a TensorFlow graph does it, at 24.4."
            " Allow .017 AP lost and inspector-mobile at 320x320 with LiteRT int8 does it, at 93.5 frames a second.",
        ),
        (
            {"max_ms": 2, "max_ap_loss": 0.001, "min_agreement": 1.0},
            "No setting measured on this machine gives at most 2 ms a frame, at most .001 AP lost"
            " and an agreement of at least 1.000."
            " Allow 41 ms a frame and inspector-mobile at 512x512 with a TensorFlow graph does it, at 24.4 frames a second.",
        ),
        (
            {"max_ms": 12, "stat": "p95", "max_ap_loss": 0.02},
            "Run inspector-mobile at 320x320 with LiteRT int8: 95 of 100 take at most 10.7 ms a frame on this machine"
            " (your limit: 12), .017 AP below the most accurate setting (limit .020).",
        ),
    ],
    ids=["met", "one of two limits", "one limit of three", "p95"],
)
def test_the_sentence_says_it_to_anyone(rows, budget, words):
    assert sentence(pick(rows, Budget(**budget))) == words


@pytest.mark.parametrize(("ms", "named"), [(10.5, True), (10.9, True), (11.5, False)])
def test_a_runner_up_that_separate_runs_cannot_tell_from_it_is_named(ms, named):
    fastest, other = row("fastest", 10.0, 0.5), row("other", ms, 0.5, "large")

    words = sentence(pick([fastest, other], Budget(max_ms=20)))

    assert (f" It cannot be told from inspector-mobile at 512x512 with a TensorFlow graph, at {ms} ms a frame: " in words) == named


def test_the_nearest_is_named_where_two_limits_would_have_to_give_way():
    only = row("only", 40.0, 0.5)
    best = row("best", 40.0, 0.6, "large", broken=True)

    words = sentence(pick([only, best], Budget(min_fps=30, max_ap_loss=0.01)))

    assert words.endswith(
        "The nearest is inspector-mobile at 320x320 with a TensorFlow graph: 25.0 frames a second and .100 AP lost."
    )


def test_noisy_choices_say_so():
    assert "noisy" in sentence(pick([row(noise="noisy")], Budget()))
    assert "noisy" not in sentence(pick([row()], Budget()))


def test_where_nothing_works_that_is_said():
    assert (
        sentence(pick([row(broken=True)], Budget()))
        == "The only setting measured on this machine breaks the detector or did not run."
    )
    two = [row(broken=True), row(size="small", problem=Problem(kind="ModelError", message="no"))]
    assert sentence(pick(two, Budget())).startswith("Each of the 2 settings measured")


def test_where_no_ap_is_known_that_is_said():
    words = sentence(pick([row(ap=None)], Budget(max_ap_loss=0.01)))

    assert "AP unknown" in words
    assert "1 setting has no AP; measure on media with truth." in words


@pytest.mark.parametrize(
    "limits",
    [{"min_fps": 0}, {"min_fps": float("nan")}, {"max_ms": -1}, {"max_ap_loss": 2}, {"min_agreement": float("inf")}],
    ids=str,
)
def test_a_limit_that_nothing_could_keep_is_refused(limits):
    with pytest.raises(SettingsError, match=next(iter(limits))):
        Budget(**limits)


FIGURES = st.tuples(
    st.floats(0.5, 200), st.floats(0, 1), st.floats(0, 1), st.sampled_from([*SIZES]), st.booleans(), st.floats(0.1, 0.9)
)
LIMITS = st.fixed_dictionaries(
    {
        "min_fps": st.none() | st.floats(1, 500),
        "max_ms": st.none() | st.floats(1, 200),
        "max_ap_loss": st.none() | st.floats(0, 1),
        "min_agreement": st.none() | st.floats(0, 1),
    }
)


def drawn(figures):
    template = row()
    return [
        template._replace(
            id=str(n), name=str(n), median_ms=ms, fps=1000 / ms, ap=ap, agreement=agreement, broken=broken,
            settings_json=record(**{"input.size_hw": SIZES[size], "nms.iou": iou}).settings.model_dump_json(),
        )
        for n, (ms, ap, agreement, size, broken, iou) in enumerate(figures)
    ]  # fmt: skip


def keeps(one, budget, best_ap):
    tolerance = 1e-9
    return (
        not one.broken
        and (budget.min_fps is None or one.fps >= budget.min_fps - tolerance)
        and (budget.max_ms is None or one.median_ms <= budget.max_ms + tolerance)
        and (budget.max_ap_loss is None or best_ap - one.ap <= budget.max_ap_loss + tolerance)
        and (budget.min_agreement is None or one.agreement >= budget.min_agreement - tolerance)
    )


@given(st.lists(FIGURES, min_size=1, max_size=8, unique_by=lambda figures: (figures[3], figures[5])), LIMITS)
def test_whatever_was_measured_the_choice_is_the_fastest_that_keeps_every_limit(figures, limits):
    rows, budget = drawn(figures), Budget(**limits)
    feasible = [one for one in rows if keeps(one, budget, max(one.ap for one in rows))]

    picked = pick(rows, budget)

    assert (picked.chosen is None) == (not feasible)
    if feasible:
        assert picked.chosen.summary.median_ms == min(one.median_ms for one in feasible)
        assert picked.relaxations == ()
    for choice in picked.near_misses:
        assert len(choice.missed) == 1
    assert sentence(picked)


@given(st.lists(FIGURES, min_size=1, max_size=8, unique_by=lambda figures: (figures[3], figures[5])), LIMITS)
def test_whatever_was_measured_relaxing_a_limit_as_said_lets_a_setting_through(figures, limits):
    rows = drawn(figures)

    for relaxation in pick(rows, Budget(**limits)).relaxations:
        assert pick(rows, Budget(**limits | {relaxation.limit: relaxation.needed})).chosen is not None


def test_a_pick_is_one_line_where_a_notebook_shows_it(rows):
    assert repr(pick(rows, Budget(max_ap_loss=0.0))) == "<Pick: inspector-mobile large, 41.0 ms a frame>"
    assert pick(rows, Budget(min_fps=251))._repr_html_() == "<p>Pick: none of 3 settings keeps the budget</p>"
    assert "&lt;b&gt;" in pick([row("<b>")], Budget())._repr_html_()


def weighing(megabytes, seconds=0.24):
    """What a setting weighs that takes so much memory."""
    size = round(megabytes * 1e6)
    seconds_of_parts = {"libraries_seconds": seconds - 0.01, "load_seconds": 0.005, "first_call_seconds": 0.005}
    sizes = dict.fromkeys(("libraries_bytes", "workbench_bytes", "load_bytes", "running_bytes"), size)
    return Weight(**sizes, **seconds_of_parts, calls=9, counter="VmHWM")


@pytest.fixture
def weighed():
    """The fastest was never weighed, the next takes much, and the slowest little."""
    engine = {"runtime.engine": "litert"}
    return [
        row("never", 4.0, 0.600, "small"),
        row("hungry", 8.0, 0.600, "middle", weight=weighing(800, 6.3)),
        row("frugal", 20.0, 0.600, "large", weight=weighing(145), **engine),
    ]


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        ({"max_memory": 1e9}, "hungry"),
        ({"max_memory": 200e6}, "frugal"),
        ({"max_memory": 145e6}, "frugal"),
        ({"max_memory": 144e6}, None),
        ({"max_startup": 2.0}, "frugal"),
        ({"max_startup": 7.0}, "hungry"),
        ({"max_startup": 7.0, "max_memory": 200e6}, "frugal"),
        ({}, "never"),
    ],
    ids=str,
)
def test_memory_and_time_to_start_are_limits_that_only_what_was_weighed_keeps(weighed, budget, name):
    assert chosen(pick(weighed, Budget(**budget))) == name


def test_the_sentence_says_how_near_the_limits_are_and_what_was_never_weighed(weighed):
    picked = pick(weighed, Budget(max_memory=200e6, max_startup=2.0))

    assert picked.unweighed.summary.name == "never"
    assert sentence(picked) == (
        "Run inspector-mobile at 512x512 with LiteRT: 50.0 frames a second on this machine, no less accurate than the most accurate"
        " setting, 145 MB of memory (72 % of your limit of 200 MB), 0.240 s to start (12 % of your limit of 2.00 s). 1 setting has"
        " not been weighed; --weigh of `run` and `sweep` does that. inspector-mobile at 160x160 with a TensorFlow graph was not"
        " weighed: at 4.00 ms a frame it keeps the other limits and is faster."
    )


def test_what_was_not_weighed_is_named_only_where_it_keeps_the_other_limits(weighed):
    assert pick(weighed, Budget(max_memory=200e6, max_ms=3.0)).unweighed is None
    assert pick(weighed, Budget(max_ms=10.0)).unweighed is None


def test_what_has_to_give_way_is_said_of_memory_too(weighed):
    said = sentence(pick(weighed, Budget(max_memory=100e6)))

    assert said.startswith("No setting measured on this machine gives at most 100 MB of memory. Allow 145 MB of memory and ")
    assert "at 4.00 ms a frame it keeps the other limits." in said


def test_where_nothing_was_weighed_it_says_how(rows):
    said = sentence(pick(rows, Budget(max_startup=1.0)))

    assert "3 settings have not been weighed; --weigh of `run` and `sweep` does that." in said


@pytest.mark.parametrize("name", ["max_memory", "max_startup"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")], ids=str)
def test_a_limit_of_nothing_is_refused(name, value):
    with pytest.raises(SettingsError, match=f"{name} is {value}; choose"):
        Budget(**{name: value})
