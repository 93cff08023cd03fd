"""Fixtures that several tests share: real media where they are, the sample detectors, a few stills, pipelines made once."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from tests.command_line import Done, Workbench
from workbench.cli import main
from workbench.datasets import Truth, match, read_truth
from workbench.detectors import Calibration, Detector
from workbench.engines import set_tensorflow_threads
from workbench.media import Frame, Media, array_media, open_media
from workbench.opening import Footage, check
from workbench.pipeline import Pipeline
from workbench.samples import SAMPLE_MEDIA, SAMPLE_STILLS, sample_detector
from workbench.settings import parse_variant, usable_cores

REPOSITORY = Path(__file__).parents[1]
STILLS = (2, 3, 4, 6, 8, 9)  # of the sample stills: all hold defects, 4 and 9 are portrait
CALIBRATION_STILLS = range(10, 18)
LONGEST = (
    "test_notebooks.py",
    "test_workbench.py",
    "test_training.py",
    "test_engines.py",
    "test_sample_detectors.py",
    "test_cli.py",
)
REACHES_TENSORFLOW = re.compile(r"\b(tensorflow|keras|workbench\.pipeline|workbench\.engines|workbench\.measuring)\b")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: left for the end, one process would wait for the other."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


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
        yield


@pytest.fixture(scope="session", autouse=True)
def threads_are_set_before_tensorflow_starts(request: pytest.FixtureRequest) -> None:
    """TensorFlow takes its threads once in a process, and some tests run it past the workbench."""
    files = {item.path for item in request.session.items}
    if any(REACHES_TENSORFLOW.search(file.read_text(encoding="utf-8")) for file in files):
        set_tensorflow_threads(usable_cores())


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


@pytest.fixture(scope="session")
def pipeline(mobile: Detector, calibration: Calibration) -> Callable[[str], Pipeline]:
    """From a variant's words to a pipeline of inspector-mobile, each made once."""

    @cache
    def opened(words: str) -> Pipeline:
        settings = check(mobile, parse_variant(words, base=mobile.default_settings()))
        return Pipeline(mobile, settings, calibration)

    return opened


@pytest.fixture(scope="session")
def still_media(stills: tuple[Frame, ...]) -> Media:
    """The landscape stills as media in memory: `stills#0` and so on."""
    return array_media([frame.image_rgb for frame in stills if frame.size_hw == stills[0].size_hw], name="stills")


@pytest.fixture(scope="session")
def footage(still_media: Media, stills: tuple[Frame, ...], still_truth: Truth, calibration: Calibration) -> Footage:
    """`still_media` with their truth."""
    landscape = [frame for frame in stills if frame.size_hw == stills[0].size_hw]
    images = {name: still_truth.images[frame.name] for name, frame in zip(still_media.frame_names(), landscape, strict=True)}
    truth = Truth(still_truth.name, still_truth.labels, images)
    return Footage(still_media, truth, still_media, truth, calibration)
