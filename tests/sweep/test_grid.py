"""Which combinations a sweep takes: of ours, and of a user's file."""

from pathlib import Path

import pytest

from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.sweep import Grid, default_grid, read_grid

GRID = """
detector = ["inspector-mobile"]
"input.size_hw" = [160, "64x96"]
"runtime.engine" = ["graph", "litert"]
[nms]
score = [0.1, 0.3]
per_class = false
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str) -> Path:
        path = tmp_path / "grid.toml"
        path.write_text(text)
        return path

    return written


def test_a_file_gives_every_combination_and_leaves_the_rest_at_the_default(write, mobile: Detector) -> None:
    grid = read_grid(write(GRID))
    found = [settings for settings, reason in grid.settings(mobile) if reason is None]

    assert grid.detectors == ("inspector-mobile",)
    assert len(found) == len(grid) == 8
    assert {settings.input.size_hw for settings in found} == {(160, 160), (64, 96)}
    assert {settings.nms.score for settings in found} == {0.1, 0.3}
    assert {(settings.nms.per_class, settings.nms.iou, settings.nms.method) for settings in found} == {(False, 0.5, "tensorflow")}


def test_what_is_not_named_gives_way_to_an_engine_that_cannot_take_it(write, mobile: Detector) -> None:
    found = {settings.runtime.engine: settings.input.resize for settings, _ in read_grid(write(GRID)).settings(mobile)}
    assert found == {"graph": "graph", "litert": "opencv"}


def test_what_is_named_stays_and_comes_with_its_reason(write, mobile: Detector) -> None:
    grid = read_grid(write('"runtime.engine" = ["litert"]\n"input.resize" = ["graph", "opencv"]'))
    reasons = {settings.input.resize: reason for settings, reason in grid.settings(mobile)}

    assert reasons["opencv"] is None
    assert "litert engine runs the network alone" in (reasons["graph"] or "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"nms.scroe" = [0.3]', "there is no setting 'nms.scroe'"),
        ('"nms.score" = [2.0]', "nms.score is 2.0"),
        ('"nms.score" = []', "nms.score is an empty list"),
        ('"nms.score" = [0.3, 0.3]', "nms.score names 0.3 twice"),
        ('"runtime.engine" = ["onyx"]', "runtime.engine is 'onyx'"),
        ("[nms.deep]\nscore = [0.3]", "[nms] holds tables"),
        ("detector = [3]", "detector holds 3"),
        ("nms = [", "is not TOML"),
    ],
    ids=["name", "value", "empty", "twice", "choice", "depth", "detector", "no TOML"],
)
def test_a_mistake_in_a_file_is_one_line_that_names_the_file(write, text: str, said: str) -> None:
    path = write(text)
    with pytest.raises(SettingsError) as raised:
        read_grid(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere.toml"):
        read_grid(tmp_path / "nowhere.toml")


def test_too_many_combinations_are_refused_before_they_fill_the_memory(mobile: Detector) -> None:
    axes = tuple(tuple({"nms.score": n / 1000} for n in range(1000)) for _ in range(3))
    with pytest.raises(SettingsError, match="1000000000 combinations"):
        next(Grid(axes).settings(mobile))


def test_ours_has_thousands_of_combinations_for_the_two_samples_and_all_can_run(mobile: Detector, large: Detector) -> None:
    found = [[*default_grid(detector).settings(detector)] for detector in (mobile, large)]

    assert sum(map(len, found)) >= 5000
    assert all(reason is None for rows in found for _, reason in rows)
    engines = {(settings.runtime.engine, settings.runtime.precision) for settings, _ in found[0]}
    assert {("graph", "float32"), ("litert", "float32"), ("litert", "int8"), ("litert", "dynamic-int8")} <= engines
    assert not {engine for engine, _ in engines} & {"keras", "eager"}
    assert {settings.nms.method for settings, _ in found[0] if settings.runtime.engine == "xla"} == {"opencv"}


def test_a_sweep_of_a_detector_of_one_box_an_object_tries_no_nms(distinct: Detector) -> None:
    grid = default_grid(distinct)

    assert not {"nms.method", "nms.iou"} & grid.named
    assert {settings.nms.method for settings, _ in grid.settings(distinct)} == {"none"}
    assert {"graph", "xla", "litert"} <= {settings.runtime.engine for settings, _ in grid.settings(distinct)}
