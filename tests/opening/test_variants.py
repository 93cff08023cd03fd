import shlex
import shutil
from pathlib import Path

import pytest

from workbench.detectors import Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.opening import Variant, check, open_detector, variant, wished, words
from workbench.quantising import quantised, unpacked
from workbench.settings import parse_variant


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "graph"),
        ("naive", "naive"),
        ("litert,runtime.precision=float16", "litert precision=float16"),
        ("nms.score=0.4", "score=0.4"),
        ("xla, nms.score=0.4 , input.size_hw=96x160", "xla score=0.4 size_hw=96x160"),
    ],
    ids=["nothing", "preset", "preset and change", "change alone", "spaces"],
)
def test_a_variant_is_called_what_was_written_in_short(mobile: Detector, text: str, name: str) -> None:
    assert variant(mobile, text).name == name


def test_a_variant_may_be_given_a_name(mobile: Detector) -> None:
    assert variant(mobile, "xla", name="the compiled one").name == "the compiled one"


def test_what_is_not_named_is_the_detectors_default(mobile: Detector) -> None:
    made = variant(mobile, "nms.score=0.4")

    expected = mobile.default_settings().with_values({"nms.score": 0.4, "input.size_hw": mobile.input_spec.default_hw})
    assert made.settings == expected


def test_changes_come_after_the_preset(mobile: Detector) -> None:
    settings = variant(mobile, "xla,nms.method=combined").settings

    assert (settings.runtime.engine, settings.nms.method, settings.input.resize) == ("xla", "combined", "graph")


def test_fast_is_what_this_machine_knows(mobile: Detector) -> None:
    fast = {"runtime.engine": "xla", "input.resize": "graph"}

    assert variant(mobile, "fast,nms.score=0.4", fast=fast).settings.runtime.engine == "xla"
    assert variant(mobile, "fast").settings.runtime.precision == "int8"


def test_without_a_history_fast_is_what_the_detector_can_take(small: Detector, small_tflite: Path, tmp_path: Path) -> None:
    in_integers = Path(shutil.copy(small_tflite, tmp_path / "shapes.tflite"))
    in_integers.write_bytes(quantised(unpacked(small_tflite.read_bytes()), "weight-int8"))
    shutil.copy(f"{small_tflite}.card.toml", tmp_path)
    stored = open_detector(str(in_integers))

    assert variant(open_detector(str(small_tflite)), "fast").settings.runtime.precision == "int8"
    assert variant(stored, "fast").settings == variant(stored, "litert").settings
    assert variant(small, "fast,runtime.engine=xla,input.resize=graph").settings.runtime.precision == "float32"
    with pytest.raises(UnavailableError, match="runtime.precision is int8"):
        variant(stored, "fast,runtime.precision=int8")


@pytest.mark.parametrize(
    "text",
    ["", "naive", "litert,runtime.precision=float16", "nms.score=0.4", "xla, nms.score=0.4", "graph,input.size_hw=96x160"],
)
def test_the_command_of_a_variant_makes_the_same_variant(mobile: Detector, text: str) -> None:
    made = variant(mobile, text, options=("a clip; rm -rf 'x'.webm", "--frames", "3"))

    program, command, model, *rest = shlex.split(made.command)
    assert (program, command, model) == ("workbench", "run", "inspector-mobile")
    assert rest[-3:] == ["a clip; rm -rf 'x'.webm", "--frames", "3"]
    again = rest[1] if text else ""
    assert variant(mobile, again, options=("a clip; rm -rf 'x'.webm", "--frames", "3")) == made
    assert parse_variant(again, base=mobile.default_settings()) == parse_variant(text, base=mobile.default_settings())


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("fastest", SettingsError, "there is no preset 'fastest'; choose one of naive, graph, xla, litert, litert-int8, fast"),
        ("xla,nms.scores=1", SettingsError, "there is no setting 'nms.scores'; choose one of input.size_hw"),
        ("xla,nms.score=7", SettingsError, "nms.score is '7': Input should be less than or equal to 1"),
        ("xla,graph", SettingsError, "'graph' is not of the form group.field=value, such as nms.score=0.4"),
        ("input.size_hw=100", SettingsError, "input.size_hw is 100x100; choose multiples of 32"),
        ("litert,input.resize=graph", UnavailableError, "input.resize is graph: the litert engine runs the network alone"),
    ],
    ids=["preset", "setting", "value", "two presets", "size", "unavailable"],
)
def test_a_variant_that_cannot_be_is_refused(mobile: Detector, text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as refused:
        variant(mobile, text)

    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "naive",
        "xla,nms.score=0.4",
        "litert-int8,input.size_hw=288x512",
        "runtime.batch=2",
        "naive,nms.per_class=false",
        "input.filter=area",
        "naive,input.filter=area",
    ],
)
def test_settings_are_written_as_people_would_and_read_back_the_same(mobile: Detector, text: str) -> None:
    settings = variant(mobile, text).settings

    assert words(mobile, settings) == text
    assert variant(mobile, words(mobile, settings)).settings == settings


@pytest.mark.parametrize("text", ["", "naive", "xla,nms.score=0.4", "litert-int8,input.size_hw=288x512"])
def test_a_variant_of_settings_is_the_one_that_is_written_so(mobile: Detector, text: str) -> None:
    written = variant(mobile, text, options=("--frames", "3"))

    assert Variant.of(mobile, written.settings, options=("--frames", "3")) == written


@pytest.mark.parametrize(
    ("text", "usual"),
    [("naive,input.filter=triangle", "naive"), ("litert,input.filter=linear", "litert"), ("input.filter=linear", "")],
)
def test_a_usual_filter_is_in_no_name_and_no_command(mobile: Detector, text: str, usual: str) -> None:
    assert Variant.of(mobile, variant(mobile, text).settings) == variant(mobile, usual)


def test_a_variant_of_settings_may_be_given_a_name(mobile: Detector) -> None:
    made = Variant.of(mobile, check(mobile, parse_variant("xla", base=mobile.default_settings())), name="the compiled one")

    assert (made.name, shlex.split(made.command)[-2:]) == ("the compiled one", ["--preset", "xla"])


@pytest.mark.parametrize("text", ["", "naive", "xla,nms.score=0.4", "nms.method=opencv", "xla,nms.method=padded"])
def test_a_detector_of_one_box_an_object_has_no_nms_unless_it_is_asked_for(distinct: Detector, text: str) -> None:
    settings = wished(distinct, text)

    assert settings.nms.method == (text.partition("nms.method=")[2] or "none")
    assert wished(distinct, words(distinct, check(distinct, settings))) == settings.with_values({"input.size_hw": None})
