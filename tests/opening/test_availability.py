"""What cannot be taken is refused before anything runs, in one line that says what to choose."""

from itertools import product
from pathlib import Path

import pytest

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.detectors import Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.opening import check, fit, open_detector, reasons, wished
from workbench.settings import (
    CALIBRATION_RANGES,
    DELEGATES,
    FEED_CACHES,
    FILTERS,
    HINTS,
    LAYOUTS,
    PRECISIONS,
    PRESETS,
    RESIZE_PLACES,
    Settings,
    parse_variant,
)

HOST = {"input.resize": "opencv"}
LITERT = {"runtime.engine": "litert", **HOST}
OPENVINO = {"runtime.engine": "openvino", **HOST}


@pytest.fixture(scope="module")
def yolox(assets: Path) -> Detector:
    return open_detector(str(assets / "models" / "yolox_nano_416_float16_quantize.tflite"))


@pytest.mark.parametrize(
    ("values", "reason", "choose"),
    [
        ({"runtime.device": "gpu:7"}, "runtime.device is gpu:7: TensorFlow sees", "choose cpu"),
        ({"runtime.device": "gpu:0", **LITERT}, "runtime.device is gpu:0: LiteRT runs on the cpu here", "choose cpu"),
        (
            {"runtime.precision": "float16"},
            "runtime.precision is float16: the graph engine runs the network as it was saved, in float32",
            "choose float32, or runtime.engine=litert",
        ),
        (
            {"runtime.precision": "int8", "runtime.engine": "keras", **HOST},
            "runtime.precision is int8: the keras engine runs the network as it was saved, in float32",
            "choose float32, or runtime.engine=litert",
        ),
        (
            {"runtime.precision": "bfloat16"},
            "runtime.precision is bfloat16: the graph engine runs the network as it was saved, in float32",
            "choose float32, or runtime.engine=litert",
        ),
        (
            {"runtime.precision": "bfloat16", **LITERT},
            "runtime.precision is bfloat16: LiteRT does not compute in it; choose one of float32, float16",
            "choose one of float32, float16, dynamic-int8, weight-int8, weight-int4, int8, int16x8",
        ),
        (
            {"runtime.engine": "keras", "input.resize": "graph"},
            "input.resize is graph: the keras engine runs the network alone, at its own size",
            "choose opencv or pillow, or runtime.engine one of eager, graph, xla",
        ),
        (
            {"runtime.engine": "litert", "input.resize": "graph"},
            "input.resize is graph: the litert engine runs the network alone, at its own size",
            "choose opencv or pillow, or runtime.engine one of eager, graph, xla",
        ),
        ({"input.filter": "triangle", **HOST}, "input.filter is triangle: not in opencv", "choose linear or area"),
        ({"input.filter": "linear", "input.resize": "pillow"}, "input.filter is linear: not in pillow", "choose triangle or area"),
        (
            {"input.size_hw": (8192, 8192), "runtime.batch": 256},
            "input.size_hw is 8192x8192 and runtime.batch 256: runtimes count a tensor's values in 32 bits, and these have more",
            "choose less of either",
        ),
        ({"nms.method": "model"}, "nms.method is model: this model holds no NMS of its own", "choose any other method"),
        (
            {"feed.mode": "threads", "feed.workers": 0},
            "feed.workers is 0: only tf.data chooses their number",
            "choose 1 or more, or feed.mode=tfdata",
        ),
        ({"feed.cache": "memory"}, "feed.cache is memory: only tf.data keeps prepared frames", "choose none, or feed.mode=tfdata"),
        (
            {"feed.mode": "threads", "runtime.engine": "keras", "input.resize": "opencv"},
            "feed.mode is threads: model.predict runs on one thread at a time",
            "choose loop, or another runtime.engine",
        ),
        (
            {"feed.mode": "threads", "feed.workers": 3, "runtime.threads": 2, "runtime.engine": "litert", "input.resize": "opencv"},
            "feed.workers is 3: each worker needs a thread, and runtime.threads is 2",
            "choose fewer workers or more threads",
        ),
    ],
    ids=lambda value: "+".join(str(part) for part in value.values()) if isinstance(value, dict) else "",
)
def test_a_setting_that_cannot_be_taken_says_why_and_what_to_choose(
    mobile: Detector, values: dict[str, object], reason: str, choose: str
) -> None:
    settings = mobile.default_settings().with_values(values)

    with pytest.raises(UnavailableError) as refused:
        check(mobile, settings)

    assert str(refused.value).startswith(reason)
    assert str(refused.value).endswith(f"; {choose}")
    assert "\n" not in str(refused.value)


def test_a_size_off_the_grid_is_an_impossible_value(mobile: Detector) -> None:
    with pytest.raises(SettingsError, match="input.size_hw is 100x160; choose multiples of 32"):
        check(mobile, mobile.default_settings().with_values({"input.size_hw": "100x160"}))


def test_the_size_is_filled_in(mobile: Detector) -> None:
    assert check(mobile, mobile.default_settings()).input.size_hw == mobile.input_spec.default_hw


def test_a_size_that_was_chosen_stays(mobile: Detector) -> None:
    assert check(mobile, mobile.default_settings().with_values({"input.size_hw": "96x160"})).input.size_hw == (96, 160)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("sample", ["mobile", "large"])
def test_the_samples_take_every_preset(request: pytest.FixtureRequest, sample: str, preset: str) -> None:
    detector = request.getfixturevalue(sample)

    check(detector, parse_variant(preset, base=detector.default_settings()))


def test_a_file_takes_its_own_defaults(yolox: Detector) -> None:
    assert check(yolox, yolox.default_settings()).input.size_hw == (416, 416)


@pytest.mark.parametrize(
    ("base", "name", "values", "refused"),
    [
        ({}, "runtime.engine", ENGINES, {"keras", "litert", "openvino", "onnxruntime"}),  # the default resizes in the graph
        (HOST, "runtime.engine", ENGINES, set()),
        ({}, "runtime.precision", PRECISIONS, set(PRECISIONS) - {"float32"}),
        (LITERT, "runtime.precision", PRECISIONS, {"bfloat16"}),
        ({}, "input.resize", RESIZE_PLACES, set()),
        (LITERT, "input.resize", RESIZE_PLACES, {"graph"}),
        ({}, "input.filter", FILTERS, set()),
        (HOST, "input.filter", FILTERS, {"triangle"}),
        ({"input.resize": "pillow"}, "input.filter", FILTERS, {"linear"}),
        ({**HOST, "input.filter": "area"}, "input.resize", RESIZE_PLACES, set()),
        ({"input.filter": "triangle"}, "input.resize", RESIZE_PLACES, {"opencv"}),
        ({}, "runtime.layout", LAYOUTS, {"nhwc"}),
        (LITERT, "runtime.layout", LAYOUTS, set()),
        (LITERT, "runtime.hint", HINTS, {"throughput"}),
        (OPENVINO, "runtime.hint", HINTS, set()),
        ({}, "runtime.streams", (0, 1), {1}),
        ({**OPENVINO, "runtime.threads": 2}, "runtime.streams", (0, 2, 3), {3}),
        (OPENVINO, "runtime.delegate", DELEGATES, {"xnnpack-latest", "none"}),
        (LITERT, "runtime.delegate", DELEGATES, set()),
        (LITERT, "runtime.float_ops", ("", "stem*"), {"stem*"}),
        ({**LITERT, "runtime.precision": "int8"}, "runtime.float_ops", ("", "stem*"), set()),
        ({**LITERT, "runtime.precision": "weight-int8"}, "runtime.calibration_range", CALIBRATION_RANGES, {"minmax", "percentile"}),
        ({**LITERT, "runtime.precision": "weight-int8"}, "runtime.calibration_frames", (32, 50), {50}),
        ({**LITERT, "runtime.precision": "int16x8"}, "runtime.calibration_range", CALIBRATION_RANGES, set()),
        ({}, "nms.method", NMS_METHODS, {"model"}),
        ({}, "feed.cache", FEED_CACHES, {"memory", "file"}),
        ({}, "runtime.batch", (1, 2, 256), set()),
        (LITERT, "runtime.device", ("cpu", "gpu:0"), {"gpu:0"}),
        ({}, "input.size_hw", (160, 320, 333, (96, 160), (96, 161)), {333, (96, 161)}),
        ({}, "nms.score", (0.0, 0.5, 1.5), {1.5}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exactly_what_cannot_be_taken_is_greyed_out(
    mobile: Detector, base: dict[str, object], name: str, values: tuple[object, ...], refused: set[object]
) -> None:
    settings = mobile.default_settings().with_values(base)

    found = reasons(mobile, settings, name, values)

    assert set(found) == refused
    for value, reason in found.items():
        with pytest.raises((UnavailableError, SettingsError)) as error:
            check(mobile, settings.with_values({name: value}))
        assert reason == str(error.value)


@pytest.mark.parametrize(
    ("name", "values", "taken"),
    [
        ("runtime.engine", ENGINES, {"litert", "openvino", "onnxruntime"}),
        ("runtime.precision", PRECISIONS, set(PRECISIONS) - {"bfloat16"}),  # it is stored in float16
        ("runtime.batch", (1, 2, 3), {1}),
        ("input.size_hw", (320, 416), {416}),
        ("input.resize", RESIZE_PLACES, {"opencv", "pillow"}),
        ("nms.method", NMS_METHODS, set(NMS_METHODS) - {"model"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_takes_what_it_holds_and_nothing_else(
    yolox: Detector, name: str, values: tuple[object, ...], taken: set[object]
) -> None:
    assert set(values) - set(reasons(yolox, yolox.default_settings(), name, values)) == taken


def test_what_a_choice_has_no_use_for_gives_way_to_it(mobile: Detector) -> None:
    patterns = {"runtime.float_ops": "stem*", "runtime.calibration_range": "minmax", "runtime.layout": "nhwc"}
    repaired = check(mobile, wished(mobile, "litert-int8").with_values(patterns))

    weights = fit(mobile, repaired.with_values({"runtime.precision": "weight-int8"}), "runtime.precision")
    floats = fit(mobile, repaired.with_values({"runtime.precision": "float32"}), "runtime.precision")
    graph = fit(mobile, repaired.with_values({"runtime.engine": "graph"}), "runtime.engine")

    assert (weights.runtime.float_ops, weights.runtime.calibration_range, weights.runtime.layout) == (("stem*",), None, "nhwc")
    assert (floats.runtime.float_ops, floats.runtime.layout) == ((), "nhwc")
    assert (graph.runtime.precision, graph.runtime.float_ops, graph.runtime.layout) == ("float32", (), "stored")


def test_values_that_can_be_taken_have_no_reason(mobile: Detector) -> None:
    assert reasons(mobile, Settings(), "nms.iou", (0.1, 0.5)) == {}


def test_what_is_chosen_takes_a_filter_that_goes_with_it(mobile: Detector) -> None:
    triangle = check(mobile, mobile.default_settings().with_values({"input.filter": "triangle"}))

    opencv = fit(mobile, triangle.with_values({"input.resize": "opencv"}), "input.resize")
    litert = fit(mobile, triangle.with_values({"runtime.engine": "litert"}), "runtime.engine")

    assert (opencv.input.resize, opencv.input.effective_filter) == ("opencv", "linear")
    assert (litert.input.resize, litert.input.effective_filter) == ("pillow", "triangle")


CHANGEABLE: dict[str, tuple[object, ...]] = {
    "input.resize": RESIZE_PLACES,
    "input.filter": ("linear", "triangle"),  # one that all but one have, and one that all but another have
    "runtime.precision": PRECISIONS,
    "feed.cache": ("memory", "none"),
    "feed.workers": (1, 3),
    "feed.mode": ("loop", "tfdata", "threads"),
}


@pytest.mark.parametrize("name", ["small", "small_tflite"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "values", [{}, {"feed.mode": "threads", "feed.workers": 3}, {"feed.mode": "tfdata", "feed.cache": "memory"}]
)
def test_an_engine_is_refused_only_where_no_change_of_the_others_helps(
    request: pytest.FixtureRequest, name: str, engine: str, values: dict[str, object]
) -> None:
    given = request.getfixturevalue(name)
    detector = given if isinstance(given, Detector) else open_detector(str(given))
    settings = detector.default_settings().with_values({**values, "runtime.engine": engine})
    try:
        taken = fit(detector, settings, "runtime.engine")
    except UnavailableError:
        for ways in product(*CHANGEABLE.values()):
            with pytest.raises(UnavailableError):
                check(detector, settings.with_values(dict(zip(CHANGEABLE, ways, strict=True))))
    else:
        assert taken.runtime.engine == engine
        assert check(detector, taken) == taken


def test_a_score_for_a_class_that_nobody_knows_is_refused_with_those_that_there_are(small: Detector) -> None:
    known = small.default_settings().with_values({"nms.score": "0.3;disc=0.2"})
    assert f"{check(small, known).nms.score:g}" == "0.3;disc=0.2"

    with pytest.raises(UnavailableError, match=r"no class is called dsic; choose of disc, square, cross") as refused:
        check(small, known.with_values({"nms.score": "0.3;dsic=0.2"}))
    assert len(str(refused.value)) < 400


def test_a_file_of_float16_runs_in_bfloat16_where_the_processor_has_it(yolox: Detector) -> None:
    settings = yolox.default_settings().with_values(OPENVINO)

    refused = reasons(yolox, settings, "runtime.precision", ("bfloat16", "float16", "float32"))

    assert set(refused) <= {"bfloat16"}
    assert all("this processor has no bfloat16" in reason for reason in refused.values())
