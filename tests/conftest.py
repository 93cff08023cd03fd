"""Fixtures that several tests share: real media where they are, the sample detectors, a few stills, pipelines made once."""

import gc
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from tests.assets.scenes import FRAME_HW, PORTRAIT_HW, SHAPES, TEST_SEEDS, draw_scene, write_scenes
from tests.assets.tflite import write_tflite
from tests.command_line import Done, Workbench
from workbench.cli.entry import main
from workbench.datasets import Truth, match, read_truth
from workbench.detectors import Calibration, Detector, KerasNetwork
from workbench.engines import set_tensorflow_threads
from workbench.hardware import usable_cores
from workbench.machine.child_process import MARK
from workbench.media import Frame, Media, array_media, open_media
from workbench.opening import EvaluationData, check, open_detector
from workbench.pipeline import Pipeline
from workbench.samples import SAMPLE_MEDIA, SAMPLE_STILLS, sample_detector
from workbench.settings import parse_variant
from workbench.stages import DetrHead

REPOSITORY = Path(__file__).parents[1]
collect_ignore = ["elsewhere"]  # what runs there replaces parts of Python: it is for processes of their own
STILLS = (2, 3, 4, 6, 8, 9)  # of the sample stills: all hold defects, 4 and 9 are portrait
CALIBRATION_STILLS = range(10, 18)
SMALL_SCENES = range(TEST_SEEDS, TEST_SEEDS + 6)
PORTRAIT_SCENES = (SMALL_SCENES[2], SMALL_SCENES[5])
SMALL_CALIBRATION = range(TEST_SEEDS + 10, TEST_SEEDS + 18)
LOOKED_THROUGH = pytest.StashKey[int]()  # modules that were loaded when the collector last went through all there is
MANY_MODULES = 300  # TensorFlow has 2,000
REACHES_TENSORFLOW = re.compile(r"\b(tensorflow|keras|workbench\.pipeline|workbench\.engines|workbench\.measuring)\b")


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real models and media that are not the project's own; tests that want it are skipped where it is absent."""
    folder = Path(os.environ.get("WORKBENCH_ASSETS", REPOSITORY.parent / "shared" / "assets"))
    if not folder.is_dir():
        pytest.skip(f"no real media and models at {folder}; set WORKBENCH_ASSETS to try on them")
    return folder


@pytest.fixture(scope="session", autouse=True)
def folders_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave the user's history and cached conversions alone; processes that test side by side share what was converted."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv(MARK, "tests")  # as in a watched process: models of ours run without another one before them
        yield


@pytest.fixture(scope="session", autouse=True)
def threads_are_set_before_tensorflow_starts(request: pytest.FixtureRequest) -> None:
    """TensorFlow takes its threads once in a process, and some tests run it past the workbench."""
    files = {item.path for item in request.session.items}
    if any(REACHES_TENSORFLOW.search(file.read_text(encoding="utf-8")) for file in files):
        set_tensorflow_threads(usable_cores())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have the collector go through what tests make, not again and again through what the libraries hold: .5 s each time."""
    if len(sys.modules) - item.config.stash.get(LOOKED_THROUGH, 0) > MANY_MODULES:
        gc.collect()
        gc.freeze()
        item.config.stash[LOOKED_THROUGH] = len(sys.modules)


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Workbench:
    """Run the command line in this process: TensorFlow is loaded once."""

    def run(*words: str | Path) -> Done:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["workbench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def mobile() -> Detector:
    return sample_detector("inspector-mobile")


@pytest.fixture(scope="session")
def large() -> Detector:
    return sample_detector("inspector-large")


@pytest.fixture(scope="session")
def all_stills() -> tuple[Frame, ...]:
    return tuple(islice(open_media(SAMPLE_STILLS).frames(), CALIBRATION_STILLS.stop))


@pytest.fixture(scope="session")
def stills(all_stills: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Six sample stills, two of them portrait."""
    return tuple(all_stills[index] for index in STILLS)


@pytest.fixture(scope="session")
def still_truth(mobile: Detector, stills: tuple[Frame, ...]) -> Truth:
    """What is in `stills`, by their names."""
    return match(read_truth(SAMPLE_MEDIA / "stills.json", mobile.facts.labels), [frame.name for frame in stills])


@pytest.fixture(scope="session")
def calibration(all_stills: tuple[Frame, ...]) -> Calibration:
    """Other stills, few enough to calibrate in a moment."""
    return Calibration("eight sample stills", lambda: [all_stills[index].image_rgb for index in CALIBRATION_STILLS])


def pipelines_of(detector: Detector, calibration: Calibration) -> Callable[[str], Pipeline]:
    """Return what makes a pipeline of a variant's words, each made once."""

    @cache
    def opened(words: str) -> Pipeline:
        return Pipeline(detector, check(detector, parse_variant(words, base=detector.default_settings())), calibration)

    return opened


def landscape(frames: tuple[Frame, ...]) -> list[Frame]:
    return [frame for frame in frames if frame.size_hw == frames[0].size_hw]


def in_memory(frames: tuple[Frame, ...], name: str) -> Media:
    return array_media([frame.image_rgb for frame in landscape(frames)], name=name)


def data_of(media: Media, frames: tuple[Frame, ...], truth: Truth, calibration: Calibration) -> EvaluationData:
    """Bring media in memory and the truth of the frames that they are made of together."""
    images = {name: truth.images[frame.name] for name, frame in zip(media.frame_names(), landscape(frames), strict=True)}
    named = Truth(truth.name, truth.labels, images)
    return EvaluationData(media, named, media, named, calibration)


@pytest.fixture(scope="session")
def pipeline(mobile: Detector, calibration: Calibration) -> Callable[[str], Pipeline]:
    """From a variant's words to a pipeline of inspector-mobile, each made once."""
    return pipelines_of(mobile, calibration)


@pytest.fixture(scope="session")
def still_media(stills: tuple[Frame, ...]) -> Media:
    """The landscape stills as media in memory: `stills#0` and so on."""
    return in_memory(stills, "stills")


@pytest.fixture(scope="session")
def data(still_media: Media, stills: tuple[Frame, ...], still_truth: Truth, calibration: Calibration) -> EvaluationData:
    """`still_media` with their truth."""
    return data_of(still_media, stills, still_truth, calibration)


# The small detector and its scenes: for what only needs *a* detector. Whatever it does takes a tenth of the time or less.


@pytest.fixture(scope="session")
def small(small_folder: Path) -> Detector:
    """Opened as any user's detector is: a file with a card beside it."""
    return open_detector(str(SHAPES), str(small_folder))


@pytest.fixture(scope="session")
def distinct(small: Detector) -> Detector:
    """The small detector as if it gave each object one box, as DETR does."""
    meaning = replace(small.meaning, head=DetrHead(background=None, activation="none"))
    return Detector(KerasNetwork(SHAPES), meaning, name="queries", source="queries.keras")


@pytest.fixture(scope="session")
def small_tflite(small: Detector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small detector as a `.tflite` file with a card."""
    return write_tflite(small, tmp_path_factory.mktemp("small_tflite") / "shapes.tflite")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six scenes, two of them portrait, with their truth beside it."""
    folder = tmp_path_factory.mktemp("small") / "scenes"
    write_scenes([draw_scene(seed, PORTRAIT_HW if seed in PORTRAIT_SCENES else FRAME_HW) for seed in SMALL_SCENES], folder)
    return folder


@pytest.fixture(scope="session")
def small_frames(small_folder: Path) -> tuple[Frame, ...]:
    return tuple(open_media(small_folder).frames())


@pytest.fixture(scope="session")
def small_truth(small: Detector, small_folder: Path, small_frames: tuple[Frame, ...]) -> Truth:
    """What is in `small_frames`, by their names."""
    return match(read_truth(small_folder.with_suffix(".json"), small.facts.labels), [frame.name for frame in small_frames])


@pytest.fixture(scope="session")
def small_calibration() -> Calibration:
    return Calibration("eight small scenes", lambda: [draw_scene(seed).image_rgb for seed in SMALL_CALIBRATION])


@pytest.fixture(scope="session")
def small_pipeline(small: Detector, small_calibration: Calibration) -> Callable[[str], Pipeline]:
    """From a variant's words to a pipeline of the small detector, each made once."""
    return pipelines_of(small, small_calibration)


@pytest.fixture(scope="session")
def small_media(small_frames: tuple[Frame, ...]) -> Media:
    """The landscape scenes as media in memory: `scenes#0` and so on."""
    return in_memory(small_frames, "scenes")


@pytest.fixture(scope="session")
def small_data(
    small_media: Media, small_frames: tuple[Frame, ...], small_truth: Truth, small_calibration: Calibration
) -> EvaluationData:
    """`small_media` with their truth."""
    return data_of(small_media, small_frames, small_truth, small_calibration)
