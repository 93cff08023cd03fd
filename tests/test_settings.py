from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.errors import SettingsError
from workbench.hardware import usable_cores
from workbench.settings import (
    CALIBRATION_FRAMES,
    CALIBRATION_RANGES,
    DELEGATES,
    FAST,
    FAST_GUESSES,
    FEED_CACHES,
    FEED_MODES,
    FILTERS,
    FUNCTION,
    HINTS,
    LAYOUTS,
    PRECISIONS,
    PRESET_NAMES,
    PRESETS,
    RESIZE_FILTERS,
    RESIZE_PLACES,
    USUAL_RANGE,
    ClassScores,
    Settings,
    assignments,
    describe_changes,
    parse_assignment,
    parse_scores,
    parse_variant,
    preset_values,
    setting_names,
)


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_every_preset_is_a_setting(preset):
    assert isinstance(parse_variant(preset), Settings)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_what_it_says(preset):
    flat = parse_variant(preset).flat()
    assert {name: flat[name] for name in PRESETS[preset]} == PRESETS[preset]


def test_threads_are_never_left_to_chance():
    assert Settings().runtime.threads == usable_cores() >= 1


@pytest.mark.parametrize(
    ("text", "size_hw"),
    [
        ("288x512", (288, 512)),
        ("320", (320, 320)),
        ("288X512", (288, 512)),
        (320, (320, 320)),
        ([288, 512], (288, 512)),
        (None, None),
    ],
    ids=str,
)
def test_a_size_is_height_then_width(text, size_hw):
    assert Settings().with_values({"input.size_hw": text}).input.size_hw == size_hw


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("nms.scores", 0.3, "nms.score"),
        ("score", 0.3, "input.size_hw"),
        ("", 1, "choose one of"),
        ("nms.method", "magic", "tensorflow"),
        ("nms.score", 1.5, "less than or equal to 1"),
        ("nms.score", "nan", "nms.score"),
        ("runtime.threads", 0, "greater than or equal to 1"),
        ("runtime.batch", "two", "integer"),
        ("runtime.device", "gpu", "runtime.device"),
        ("input.size_hw", "big", "HEIGHTxWIDTH"),
        ("input.size_hw", "1x2x3", "HEIGHTxWIDTH"),
        ("input.size_hw", "0x320", "input.size_hw"),
    ],
    ids=str,
)
def test_an_impossible_setting_is_one_line_that_says_what_to_choose(name, value, said):
    with pytest.raises(SettingsError, match=said) as caught:
        Settings().with_values({name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "written", "thresholds"),
    [
        ("0.4;dent=0.2", "0.4;dent=0.2", (0.2, 0.4, 0.4)),
        ("scratch=.5; dent=0.2", "0.3;dent=0.2;scratch=0.5", (0.2, 0.5, 0.3)),
        ("a%2Cb%3B=0.1;0.5", "0.5;a%2Cb%3B=0.1", (0.5, 0.5, 0.5)),
        ("0.123456789;dent=1", "0.123456789;dent=1.0", (1.0, 0.123456789, 0.123456789)),
    ],
)
def test_a_score_may_be_one_for_each_class(text, written, thresholds):
    settings = Settings().with_values({"nms.score": text})
    score = settings.nms.score

    assert isinstance(score, ClassScores)
    assert settings.flat()["nms.score"] == f"{score:g}" == written
    assert score.thresholds(("dent", "scratch")) == thresholds
    assert parse_variant(",".join(assignments(settings))) == settings
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert deepcopy(settings) == settings
    assert float(score) == min(score.others, *score.by_name.values())
    assert settings != settings.with_values({"nms.score": float(score)})


def test_classes_that_are_alike_share_one_number():
    assert Settings().with_values({"nms.score": "0.4;dent=0.4"}).nms == Settings().with_values({"nms.score": 0.4}).nms
    score = parse_scores("0.4;dent=0.2")
    assert isinstance(score, ClassScores)
    assert (score.changed("dent", 0.4), score.changed(None, 0.2)) == (0.4, 0.2)
    assert str(score.changed("chip", 0.1)) == "0.4;chip=0.1;dent=0.2"


@pytest.mark.parametrize("text", ["dent=2", "dent=", "=0.2", "0.3;dent=x", "0.3;dent=nan", "0.3;;dent=0.2", "-1;dent=0.2"])
def test_scores_that_cannot_be_say_how_they_are_written(text):
    with pytest.raises(SettingsError, match=r"such as 0\.3;dent=0\.2"):
        Settings().with_values({"nms.score": text})


def test_changing_settings_leaves_the_original_alone():
    original = Settings()
    original.with_values({"nms.score": 0.9})
    assert original.nms.score == 0.30


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().nms.score = 0.9


def test_a_variant_is_a_preset_and_its_changes():
    variant = parse_variant(" litert , runtime.precision=float16, runtime.threads=1 ")
    assert (variant.runtime.engine, variant.runtime.precision, variant.runtime.threads) == ("litert", "float16", 1)


def test_a_variant_without_preset_starts_from_its_base():
    base = Settings().with_values({"nms.iou": 0.7})
    assert parse_variant("nms.score=0.5", base=base).nms.iou == 0.7


@pytest.mark.parametrize(
    ("text", "said"),
    [("turbo", "choose one of naive"), ("nms.score=0.5,xla", "group.field=value"), ("xla,nms.score", "group.field=value")],
)
def test_a_variant_that_cannot_be_read_says_why(text, said):
    with pytest.raises(SettingsError, match=said):
        parse_variant(text)


def test_fast_is_what_is_known_to_be_fast_here_or_else_a_guess():
    assert preset_values(FAST) == PRESETS[FAST_GUESSES[0]]
    assert preset_values(FAST, {"runtime.threads": 1}) == {"runtime.threads": 1}


def test_an_assignment_splits_at_its_first_sign():
    assert parse_assignment(" a.b = c=d ") == ("a.b", "c=d")


def test_changes_are_told_in_order():
    after = Settings().with_values({"nms.score": 0.4, "input.size_hw": "288x512", "feed.cache": True})
    assert describe_changes(Settings(), after) == (
        "input.size_hw: None -> 288x512",
        "nms.score: 0.3 -> 0.4",
        "feed.cache: none -> memory",
    )


@pytest.mark.parametrize("place", RESIZE_PLACES)
def test_naming_the_usual_filter_of_a_resizer_changes_nothing(place):
    plain = Settings().with_values({"input.resize": place})
    named = plain.with_values({"input.filter": RESIZE_FILTERS[place][0]})

    assert named == plain
    assert named.input.effective_filter == RESIZE_FILTERS[place][0]
    assert f'"resize":"{place}","filter":"{RESIZE_FILTERS[place][0]}"' in named.model_dump_json()


def test_a_usual_filter_follows_the_resizer_and_a_chosen_one_stays():
    assert Settings().with_values({"input.resize": "pillow"}).input.effective_filter == "triangle"
    assert Settings().with_values({"input.filter": "area"}).with_values({"input.resize": "pillow"}).input.filter == "area"


@pytest.mark.parametrize(("place", "ran"), [("graph", "linear"), ("opencv", "linear"), ("pillow", "triangle")])
def test_settings_saved_before_there_was_a_filter_read_as_what_ran(place, ran):
    saved = Settings.from_tree({"input": {"size_hw": [320, 320], "resize": place}})
    assert (saved.input.filter, saved.input.effective_filter) == (None, ran)


@pytest.mark.parametrize("place", RESIZE_PLACES)
def test_keys_in_files_name_a_filter_only_where_it_is_not_the_usual_one(place):
    usual = Settings().with_values({"input.resize": place, "input.size_hw": 320, "nms.score": 1e-8})

    assert usual.key_json().startswith(f'{{"input":{{"size_hw":[320,320],"resize":"{place}"}},"runtime":')
    assert '"filter":"area"' in usual.with_values({"input.filter": "area"}).key_json()
    assert Settings.model_validate_json(usual.key_json()) == usual


def test_a_filter_is_written_only_where_it_is_not_the_usual_one_or_asked_for():
    usual, area = Settings(), Settings().with_values({"input.filter": "area"})

    assert not [word for word in assignments(usual) if "filter" in word]
    assert assignments(usual, ["input.filter"]) == ("input.filter=linear",)
    assert "input.filter=area" in assignments(area)
    assert describe_changes(usual, area) == ("input.filter: linear -> area",)
    assert describe_changes(usual, usual.with_values({"input.resize": "pillow"})) == ("input.resize: opencv -> pillow",)


@pytest.mark.parametrize("patterns", [(), ("a",), ("head/*", "stem;1")], ids=len)
def test_patterns_of_operators_are_text_that_reads_back(patterns):
    settings = Settings().with_values({"runtime.float_ops": patterns})
    text = ";".join(pattern.replace(";", "%3B") for pattern in patterns)

    assert settings.runtime.float_ops == patterns
    assert settings.flat()["runtime.float_ops"] == text
    assert Settings().with_values({"runtime.float_ops": f" {text};"}) == settings
    assert Settings().with_values({"runtime.float_ops": patterns[::-1]}) == settings, "they are a set"


@pytest.mark.parametrize(
    ("name", "usual", "other"),
    [
        ("float_ops", "", "stem*"),
        ("calibration_frames", CALIBRATION_FRAMES, 64),
        ("calibration_range", USUAL_RANGE, "percentile"),
        ("layout", "stored", "nhwc"),
        ("hint", "latency", "throughput"),
        ("streams", 0, 2),
        ("delegate", "xnnpack", "none"),
    ],
)
def test_what_came_later_is_in_keys_and_commands_only_where_it_is_not_as_usual(name, usual, other):
    plain, changed = (Settings().with_values({f"runtime.{name}": value}) for value in (usual, other))

    assert plain == Settings()
    assert name not in plain.key_json()
    assert not [word for word in assignments(plain) if name in word]
    assert f'"{name}":' in changed.key_json()
    assert f"runtime.{name}={other}" in assignments(changed)
    assert describe_changes(plain, changed) == (f"runtime.{name}: {'none' if usual == '' else usual} -> {other}",)
    assert Settings.model_validate_json(changed.key_json()) == changed


def test_the_names_are_those_of_the_flat_settings():
    assert setting_names() == tuple(Settings().flat())


VALUES = {
    "input.size_hw": st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    "input.resize": st.sampled_from(RESIZE_PLACES),
    "input.filter": st.sampled_from(FILTERS),
    "runtime.engine": st.sampled_from(tuple(ENGINES)),
    "runtime.precision": st.sampled_from(PRECISIONS),
    "runtime.threads": st.integers(1, 1024),
    "runtime.batch": st.integers(1, 256),
    "runtime.device": st.sampled_from(["cpu", "gpu:0", "gpu:12"]),
    "runtime.float_ops": st.lists(st.text(min_size=1)),
    "runtime.calibration_frames": st.integers(1, 100),
    "runtime.calibration_range": st.sampled_from(CALIBRATION_RANGES),
    "runtime.layout": st.sampled_from(LAYOUTS),
    "runtime.hint": st.sampled_from(HINTS),
    "runtime.streams": st.integers(0, 1024),
    "runtime.delegate": st.sampled_from(DELEGATES),
    "nms.method": st.sampled_from(tuple(NMS_METHODS)),
    "nms.score": st.floats(0, 1),
    "nms.iou": st.floats(0, 1),
    "nms.max_detections": st.integers(1, 10_000),
    "nms.per_class": st.booleans(),
    "nms.top_k": st.integers(1, 1_000_000),
    "feed.mode": st.sampled_from(FEED_MODES),
    "feed.workers": st.integers(0, 256),
    "feed.prefetch": st.integers(0, 1024),
    "feed.cache": st.sampled_from(FEED_CACHES),
    "feed.ordered": st.booleans(),
}


def test_every_setting_is_in_the_table_below():
    assert set(VALUES) == set(setting_names())


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_settings_survive_being_written_as_words(values):
    settings = Settings().with_values(values)
    assert parse_variant(",".join(assignments(settings))) == settings


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_settings_survive_json(values):
    settings = Settings().with_values(values)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_of_a_function_only_that_it_is_one_is_known() -> None:
    function, setting = Settings.of_function(), Settings().with_values({"runtime.engine": "litert"})

    assert {name: value for name, value in function.flat().items() if value is not None} == {"runtime.engine": FUNCTION}
    assert assignments(function, setting_names()) == ("runtime.engine=function",)
    assert describe_changes(function, setting) == ("runtime.engine: function -> litert",)
    assert describe_changes(function, function) == ()
    assert function.model_dump_json() == '{"runtime":{"engine":"function"},"nms":{"score":0.0}}'
    assert Settings.model_validate_json(function.model_dump_json(), context={"saved": True}) == function


def test_nobody_chooses_a_function_as_an_engine() -> None:
    with pytest.raises(SettingsError, match="choose one of keras"):
        Settings().with_values({"runtime.engine": FUNCTION})
