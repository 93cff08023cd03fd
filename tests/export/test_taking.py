"""A folder that is taken home runs without the workbench and finds what the workbench finds."""

import json
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest

from tests.detectors.asset_cards import AIZOO
from tests.export.homes import assert_same, detections_of, run_program
from workbench.detections import Detections
from workbench.detectors import Calibration, Detector
from workbench.detectors.card import read_card
from workbench.errors import SaveError, UnavailableError
from workbench.export import TakenHome, take_home
from workbench.machine import environment
from workbench.media import Frame, array_media
from workbench.opening import Footage, check, open_detector, open_footage
from workbench.pipeline import Pipeline
from workbench.record import read_records
from workbench.report import write_report
from workbench.settings import parse_variant

SMALL = "input.size_hw=192x320,nms.score=0.2"
NOTHING = Calibration("nothing", list)
EXTRAS = ("openvino", "onnxruntime")
SETTINGS = {
    "litert": f"litert,{SMALL}",
    "litert int8": f"litert-int8,{SMALL}",
    "litert soft": f"litert,{SMALL},nms.method=soft",
    "graph": f"graph,{SMALL}",
    "keras": f"runtime.engine=keras,input.resize=opencv,{SMALL},nms.per_class=false",
    "openvino": f"runtime.engine=openvino,input.resize=opencv,{SMALL}",
    "onnxruntime": f"runtime.engine=onnxruntime,input.resize=opencv,{SMALL}",
    "openvino int8": f"runtime.engine=openvino,runtime.precision=int8,input.resize=opencv,{SMALL}",
}
IN_A_FRESH_PLACE = ("litert", "litert int8", "graph", "openvino", "onnxruntime")
ASSETS = {
    "yolox": ("yolox_nano_416_float16_quantize.tflite", None, "litert,runtime.precision=float16"),
    "localizer": ("mobile_object_localizer_v1_192.tflite", None, "litert,runtime.precision=int8,nms.method=model"),
    "aizoo": ("aizoo_face_mask_detection.tflite", AIZOO, "litert,nms.score=0.5"),
    "aizoo frozen": ("aizoo_face_mask_detection_frozen.pb", AIZOO, "graph,nms.score=0.5"),
}


@dataclass(frozen=True)
class Home:
    """A setting of a detector, and the folder that it was taken home in."""

    detector: Detector
    pipeline: Pipeline
    footage: Footage
    taken: TakenHome

    @property
    def folder(self) -> Path:
        return self.taken.folder

    def frame(self, number: int) -> tuple[Path, Frame]:
        """One of the frames that came along, as a file and as the workbench reads it."""
        path = self.folder / "frames" / f"{number}.png"
        return path, Frame(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), path.name, number)

    def found(self, frame: Frame) -> Detections:
        return self.pipeline.detect([frame])[0]


def home_of(detector: Detector, words: str, footage: Footage, out: Path) -> Home:
    settings = check(detector, parse_variant(words, base=detector.default_settings()))
    taken = take_home(detector, settings, footage, out)
    return Home(detector, Pipeline(detector, settings, footage.calibration), footage, taken)


@pytest.fixture(scope="module")
def homes(mobile: Detector, footage: Footage, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Home]:
    """From a name of `SETTINGS` to its home; each is made once."""

    @cache
    def made(name: str) -> Home:
        return home_of(mobile, SETTINGS[name], footage, tmp_path_factory.mktemp("home") / "out")

    return made


@pytest.fixture(scope="module")
def asset_homes(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Home]:
    """From a name of `ASSETS` to its home, with photographs of different sizes."""

    @cache
    def made(name: str) -> Home:
        folder = tmp_path_factory.mktemp("asset")
        file, card, words = ASSETS[name]
        shutil.copyfile(assets / "models" / file, folder / file)
        if card:
            (folder / file).with_suffix(".card.toml").write_text(card)
        pictures = str(assets / "images" / "coral")
        detector = open_detector(str(folder / file), str(Path(pictures) / "coral_cat.bmp"))
        return home_of(detector, words, open_footage(detector, pictures), folder / "out")

    return made


def names_of(settings: Collection[str]) -> list[object]:
    missing = [name for name in EXTRAS if find_spec(name) is None]
    skips = [
        pytest.mark.skipif(any(one in name for one in missing), reason="an optional runtime is not installed") for name in settings
    ]
    return [pytest.param(name, marks=skip) for name, skip in zip(settings, skips, strict=True)]


def assert_runs_alone(home: Home, base: Path) -> None:
    """Through its own self-test, and on a picture that is read from a file."""
    tested = run_program(home.folder, base, "--self-test")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert f"as expected in {home.taken.frames} frames" in tested.stdout
    (record,) = read_records(home.folder / "record.json")
    assert record.environment.machine_id == environment().machine_id
    assert record.timing is not None
    assert len(record.timing.total_seconds) >= home.taken.frames
    assert record.noise.verdict == "unknown"

    path, frame = home.frame(0)
    told = run_program(home.folder, base, str(path), "--json")
    assert told.returncode == 0, told.stderr
    assert_same(detections_of(told.stdout), home.found(frame))


@pytest.mark.slow
@pytest.mark.parametrize("name", names_of(IN_A_FRESH_PLACE))
def test_a_sample_detector_runs_where_only_its_requirements_are(
    homes: Callable[[str], Home], tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    assert homes(name).taken.detections >= 3

    assert_runs_alone(homes(name), tmp_path_factory.getbasetemp())


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSETS)
def test_a_stranger_s_detector_runs_where_only_its_requirements_are(
    asset_homes: Callable[[str], Home], tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    assert asset_homes(name).taken.detections >= 1

    assert_runs_alone(asset_homes(name), tmp_path_factory.getbasetemp())


@pytest.mark.slow
@pytest.mark.parametrize("name", names_of(SETTINGS))
def test_every_setting_s_program_was_tried_and_found_the_same(homes: Callable[[str], Home], name: str) -> None:
    taken = homes(name).taken

    assert taken.frames >= 2
    assert taken.detections >= 3
    assert {"detect.py", "self_test.py", "settings.json", "labels.txt", "model.card.toml", "expected.json", "frames"} <= set(
        taken.files
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert", "litert int8", "graph"])
def test_the_workbench_reads_back_what_it_wrote(homes: Callable[[str], Home], name: str) -> None:
    home = homes(name)
    network = home.folder / ("model" if name == "graph" else "model.tflite")

    back = open_detector(str(network))

    settings = check(back, parse_variant(SETTINGS[name].replace("input.size_hw=192x320,", ""), base=back.default_settings()))
    again = Pipeline(back, settings, NOTHING)
    assert back.facts.labels == home.detector.facts.labels
    for number in range(2):
        _, frame = home.frame(number)
        assert_same(again.detect([frame])[0], home.found(frame))


@pytest.mark.slow
def test_a_stranger_s_card_comes_along(asset_homes: Callable[[str], Home]) -> None:
    home = asset_homes("aizoo")

    card = read_card(home.folder / "model.card.toml")

    assert card.labels == ("Mask", "NoMask")
    assert card.candidates is not None
    assert card.meaning(open_detector(str(home.folder / "model.tflite"))._network.inspect()).head == home.detector.meaning.head


@pytest.mark.slow
def test_the_report_shows_a_self_test(
    homes: Callable[[str], Home], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = homes("litert")
    assert run_program(home.folder, tmp_path_factory.getbasetemp(), "--self-test").returncode == 0

    write_report(read_records(home.folder / "record.json"), tmp_path / "report.html")

    assert "litert taken home" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_a_self_test_fails_where_something_else_is_found(
    homes: Callable[[str], Home], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shutil.copytree(homes("litert").folder, tmp_path / "moved")
    tree = json.loads((tmp_path / "moved" / "expected.json").read_text())
    row = next(row for row in tree["frames"] if row["scores"])
    row["boxes_xyxy_px"][0][0] += 1.5
    (tmp_path / "moved" / "expected.json").write_text(json.dumps(tree))

    done = run_program(tmp_path / "moved", tmp_path_factory.getbasetemp(), "--self-test")

    assert done.returncode == 1
    assert "not found: class" in done.stdout
    assert "not expected: class" in done.stdout
    (record,) = read_records(tmp_path / "moved" / "record.json")
    assert len(record.warnings) == 2


@pytest.mark.slow
def test_a_video_is_annotated(homes: Callable[[str], Home], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home, base, video = homes("litert"), tmp_path_factory.getbasetemp(), tmp_path / "in.mp4"
    frame = home.frame(0)[1].image_rgb
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"mp4v"), 10, frame.shape[1::-1])
    for _ in range(3):
        writer.write(frame)
    writer.release()

    done = run_program(home.folder, base, str(video), "--out", str(tmp_path / "out.mp4"))

    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["frame 0", "frame 1", "frame 2"]
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    capture.release()


@pytest.mark.slow
@pytest.mark.parametrize("words", [("gone.jpg",), ()], ids=["a missing file", "no file"])
def test_a_program_says_what_it_lacks_in_one_line(
    homes: Callable[[str], Home], tmp_path_factory: pytest.TempPathFactory, words: tuple[str, ...]
) -> None:
    done = run_program(homes("litert").folder, tmp_path_factory.getbasetemp(), *words)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("detect.py: error: there is no picture or video")


HOSTILE = ('"""\nimport os  # ', "two\nlines", "`code` <script>alert(1)</script>", "\x1b[31mred", "{{ 7 * 7 }}")


@pytest.mark.slow
def test_labels_and_names_are_data_wherever_they_go(homes: Callable[[str], Home], footage: Footage, tmp_path: Path) -> None:
    source = homes("litert").folder
    shutil.copyfile(source / "model.tflite", tmp_path / "model.tflite")
    card = read_card(source / "model.card.toml").model_copy(update={"labels": HOSTILE, "name": HOSTILE[0] + "``` # <b>"})
    (tmp_path / "model.card.toml").write_text(card.to_toml())
    hostile = open_detector(str(tmp_path / "model.tflite"))

    taken = home_of(hostile, "litert,nms.score=0.2", footage, tmp_path / "out").taken

    assert (taken.folder / "detect.py").read_text().count('"""') == (source / "detect.py").read_text().count('"""')
    assert len((taken.folder / "labels.txt").read_text().splitlines()) == len(HOSTILE)
    assert "\x1b" not in (taken.folder / "labels.txt").read_text()
    assert "import os" not in (taken.folder / "detect.py").read_text()
    assert (taken.folder / "README.md").read_text().splitlines()[2].count("`") % 2 == 0
    assert read_card(taken.folder / "model.card.toml").labels == HOSTILE


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("litert,input.resize=pillow", "input.resize is pillow: .* choose opencv"),
        ("litert,feed.mode=threads,feed.workers=2", "feed.mode is threads: .* choose loop"),
        ("graph,runtime.batch=4", "runtime.batch is 4: .* choose 1"),
    ],
    ids=["pillow", "threads", "batch"],
)
def test_what_no_program_is_written_for_is_refused_at_once(
    mobile: Detector, footage: Footage, tmp_path: Path, words: str, reason: str
) -> None:
    settings = check(mobile, parse_variant(words, base=mobile.default_settings()))

    with pytest.raises(UnavailableError, match=reason):
        take_home(mobile, settings, footage, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused_before_anything_is_converted(mobile: Detector, footage: Footage, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("mine")
    settings = check(mobile, parse_variant("graph", base=mobile.default_settings()))

    with pytest.raises(SaveError, match="is not empty"):
        take_home(mobile, settings, footage, tmp_path)


def test_one_frame_is_enough(mobile: Detector, stills: tuple[Frame, ...], calibration: Calibration, tmp_path: Path) -> None:
    media = array_media([stills[0].image_rgb], name="one")
    settings = check(mobile, parse_variant(f"litert,{SMALL}", base=mobile.default_settings()))

    taken = take_home(mobile, settings, Footage(media, None, None, None, calibration), tmp_path / "out")

    assert taken.frames == 1
