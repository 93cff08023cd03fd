"""An exported folder runs without the workbench and finds what the workbench finds."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import av
import cv2
import pytest

from tests.added.engine import ROW
from tests.detectors.asset_cards import AIZOO
from tests.detectors.decoded import write_model
from tests.export.running import CUT_OFF, assert_same, detections_of, run_fresh, run_program
from workbench.catalogue import ENGINES
from workbench.detections import Detections, UInt8Array
from workbench.detectors import Calibration, Detector
from workbench.detectors.card import read_card
from workbench.errors import ModelError, SaveError, UnavailableError
from workbench.export import Exported, export_folder
from workbench.export.folder import whole_folder
from workbench.machine import environment
from workbench.media import Frame, array_media
from workbench.opening import EvaluationData, check, open_data, open_detector
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
    "litert pillow": f"litert,{SMALL},input.resize=pillow",
    "graph": f"graph,{SMALL}",
    "xla": f"xla,{SMALL}",
    "graph area": f"graph,{SMALL},input.filter=area",
    "int8 area": f"litert-int8,{SMALL},input.filter=area",
    "keras": f"runtime.engine=keras,input.resize=opencv,{SMALL},nms.per_class=false",
    "openvino": f"runtime.engine=openvino,input.resize=opencv,{SMALL}",
    "onnxruntime": f"runtime.engine=onnxruntime,input.resize=opencv,{SMALL}",
    "openvino int8": f"runtime.engine=openvino,runtime.precision=int8,runtime.hint=throughput,input.resize=opencv,{SMALL}",
}
IN_A_FRESH_PLACE = ("litert", "litert int8", "litert pillow", "graph", "openvino", "onnxruntime")
ASSETS = {
    "yolox": ("yolox_nano_416_float16_quantize.tflite", None, "litert,runtime.precision=float16"),
    "localizer": ("mobile_object_localizer_v1_192.tflite", None, "litert,runtime.precision=int8,nms.method=model"),
    "aizoo": ("aizoo_face_mask_detection.tflite", AIZOO, "litert,nms.score=0.5"),
    "aizoo frozen": ("aizoo_face_mask_detection_frozen.pb", AIZOO, "graph,nms.score=0.5"),
}


@dataclass(frozen=True)
class Export:
    """A setting of a detector, and the folder that it was exported to."""

    detector: Detector
    pipeline: Pipeline
    written: Exported

    @property
    def folder(self) -> Path:
        return self.written.folder

    def frame(self, number: int) -> tuple[Path, Frame]:
        """One of the frames that came along, as a file and as the workbench reads it."""
        path = self.folder / "frames" / f"{number}.png"
        return path, Frame(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), path.name, number)

    def found(self, frame: Frame) -> Detections:
        return self.pipeline.detect([frame])[0]


def export_of(detector: Detector, words: str, data: EvaluationData, out: Path) -> Export:
    settings = check(detector, parse_variant(words, base=detector.default_settings()))
    written = export_folder(detector, settings, data, out)
    return Export(detector, Pipeline(detector, settings, data.calibration), written)


@pytest.fixture(scope="module")
def exports(mobile: Detector, data: EvaluationData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Export]:
    """From a name of `SETTINGS` to its export; each is made once."""

    @cache
    def made(name: str) -> Export:
        return export_of(mobile, SETTINGS[name], data, tmp_path_factory.mktemp("export") / "out")

    return made


@pytest.fixture(scope="module")
def asset_exports(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Export]:
    """From a name of `ASSETS` to its export, with photographs of different sizes."""

    @cache
    def made(name: str) -> Export:
        folder = tmp_path_factory.mktemp("asset")
        file, card, words = ASSETS[name]
        shutil.copyfile(assets / "models" / file, folder / file)
        if card:
            (folder / file).with_suffix(".card.toml").write_text(card)
        pictures = str(assets / "images" / "coral")
        detector = open_detector(str(folder / file), str(Path(pictures) / "coral_cat.bmp"))
        return export_of(detector, words, open_data(detector, pictures), folder / "out")

    return made


def names_of(settings: Collection[str], quick: str = "") -> list[object]:
    """Names to parametrize by: those that need a missing runtime are skipped, all but the quick one are slow."""
    return [
        pytest.param(
            name,
            marks=[
                pytest.mark.skipif(
                    any(one in name and find_spec(one) is None for one in EXTRAS), reason="an optional runtime is not installed"
                ),
                *([] if name == quick else [pytest.mark.slow]),
            ],
        )
        for name in settings
    ]


def assert_runs_alone(export: Export, run: Callable[..., CompletedProcess[str]]) -> None:
    """Through its own self-test, and on a picture that is read from a file."""
    tested = run(export.folder, "--self-test")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert f"as expected in {export.written.frames} frames" in tested.stdout
    (record,) = read_records(export.folder / "record.json")
    assert record.environment.machine_id == environment().machine_id
    assert record.timing is not None
    assert len(record.timing.total_seconds) >= export.written.frames
    assert record.noise.verdict == "unknown"

    path, frame = export.frame(0)
    told = run(export.folder, str(path), "--json")
    assert told.returncode == 0, told.stderr
    assert_same(detections_of(told.stdout), export.found(frame))


@pytest.mark.slow
@pytest.mark.parametrize("name", names_of(IN_A_FRESH_PLACE))
def test_a_sample_detector_runs_where_only_its_requirements_are(
    exports: Callable[[str], Export], tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    base = tmp_path_factory.getbasetemp()
    assert_runs_alone(exports(name), lambda folder, *words: run_fresh(folder, base, *words))


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSETS)
def test_a_stranger_s_detector_runs_where_only_its_requirements_are(
    asset_exports: Callable[[str], Export], tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    assert asset_exports(name).written.detections >= 1

    base = tmp_path_factory.getbasetemp()
    assert_runs_alone(asset_exports(name), lambda folder, *words: run_fresh(folder, base, *words))


@pytest.mark.parametrize("name", names_of(SETTINGS, quick="litert"))
def test_every_setting_s_program_finds_the_same_without_the_workbench(exports: Callable[[str], Export], name: str) -> None:
    export = exports(name)

    assert export.written.frames >= 2
    assert export.written.detections >= 3
    assert {
        "detect.py",
        "parts",
        "settings.json",
        "network.json",
        "labels.txt",
        "model.card.toml",
        "expected.json",
        "frames",
    } <= set(export.written.files)
    assert_runs_alone(export, run_program)


def test_detections_of_a_network_s_own_nms_are_found_without_the_workbench(asset_exports: Callable[[str], Export]) -> None:
    assert asset_exports("localizer").written.detections >= 1

    assert_runs_alone(asset_exports("localizer"), run_program)


@pytest.mark.parametrize("name", names_of(("litert", "litert int8", "graph"), quick="litert"))
def test_the_workbench_reads_back_what_it_wrote(exports: Callable[[str], Export], name: str) -> None:
    export = exports(name)
    network = export.folder / ("model" if name == "graph" else "model.tflite")

    back = open_detector(str(network))

    settings = check(back, parse_variant(SETTINGS[name].replace("input.size_hw=192x320,", ""), base=back.default_settings()))
    again = Pipeline(back, settings, NOTHING)
    assert back.facts.labels == export.detector.facts.labels
    for number in range(2):
        _, frame = export.frame(number)
        assert_same(again.detect([frame])[0], export.found(frame))


@pytest.mark.slow
def test_a_stranger_s_card_comes_along(asset_exports: Callable[[str], Export]) -> None:
    export = asset_exports("aizoo")

    card = read_card(export.folder / "model.card.toml")

    assert card.labels == ("Mask", "NoMask")
    assert card.candidates is not None
    assert card.meaning(open_detector(str(export.folder / "model.tflite")).network.inspect()).head == export.detector.meaning.head


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["graph", "litert"])
def test_a_function_that_decodes_comes_along(small_folder: Path, tmp_path: Path, engine: str) -> None:
    model, media = str(write_model(tmp_path)), str(small_folder)
    detector = open_detector(model, media, ("code",))
    words = f"runtime.engine={engine},input.resize=opencv,nms.score=0.3,nms.method=opencv"
    export = export_of(detector, words, open_data(detector, media), tmp_path / "out")

    assert export.written.detections >= 3
    assert_runs_alone(export, run_program)
    kept = json.loads((export.folder / "manifest.json").read_text())["files"]["decode.py"]
    (record,) = read_records(export.folder / "record.json")
    assert [one.sha256 for one in record.detector.code] == [kept]
    network = str(export.folder / ("model" if engine == "graph" else "model.tflite"))
    with pytest.raises(ModelError, match="its card decodes with decode.py, which is Python code"):
        open_detector(network)
    back = open_detector(network, allow=("code",))
    again = Pipeline(back, check(back, parse_variant(words, base=back.default_settings())), NOTHING)
    _, frame = export.frame(0)
    assert_same(again.detect([frame])[0], export.found(frame))


def test_the_report_shows_a_self_test(exports: Callable[[str], Export], tmp_path: Path) -> None:
    export = exports("litert")
    assert run_program(export.folder, "--self-test").returncode == 0

    write_report(read_records(export.folder / "record.json"), tmp_path / "report.html")

    assert "litert exported" in (tmp_path / "report.html").read_text()


def test_a_self_test_fails_where_something_else_is_found(exports: Callable[[str], Export], tmp_path: Path) -> None:
    shutil.copytree(exports("litert").folder, tmp_path / "moved")
    tree = json.loads((tmp_path / "moved" / "expected.json").read_text())
    row = next(row for row in tree["frames"] if row["scores"])
    row["boxes_xyxy_px"][0][0] += 1.5
    (tmp_path / "moved" / "expected.json").write_text(json.dumps(tree))

    done = run_program(tmp_path / "moved", "--self-test")

    assert done.returncode == 1
    assert "not found: class" in done.stdout
    assert "not expected: class" in done.stdout
    (record,) = read_records(tmp_path / "moved" / "record.json")
    assert len(record.warnings) == 2


def save_video(path: Path, image_rgb: UInt8Array) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.height, stream.width = image_rgb.shape[:2]
        stream.pix_fmt = "yuvj420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_rgb, "rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_video_is_annotated(exports: Callable[[str], Export], tmp_path: Path) -> None:
    export = exports("litert")
    video = save_video(tmp_path / "in.avi", export.frame(0)[1].image_rgb)

    done = run_program(export.folder, str(video), "--out", str(tmp_path / "out.mp4"))

    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["frame 0", "frame 1", "frame 2"]
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    capture.release()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("gone.jpg",), "there is no picture or video gone.jpg"),
        ((), "there is no picture or video"),
        (("FRAME", "--out", "drawn.txt"), "a picture cannot be written as drawn.txt"),
        (("FRAME", "--out", "FRAME"), "FRAME is what is read; choose another place"),
    ],
    ids=["a missing file", "no file", "no such kind of picture", "over what is read"],
)
def test_a_program_says_what_it_lacks_in_one_line(exports: Callable[[str], Export], words: tuple[str, ...], line: str) -> None:
    export = exports("litert")
    frame = str(export.frame(0)[0])
    done = run_program(export.folder, *(frame if word == "FRAME" else word for word in words))

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"detect.py: error: {line.replace('FRAME', frame)}")


def test_what_cannot_be_written_is_no_result(exports: Callable[[str], Export], tmp_path: Path) -> None:
    export, old = exports("litert"), tmp_path / "old.mp4"
    path, frame = export.frame(0)
    video, line = (save_video(tmp_path / f"{rows}.avi", frame.image_rgb[:rows]) for rows in (64, 1))
    old.write_text("of another day")

    wrong_kind = run_program(export.folder, str(video), "--out", str(tmp_path / "drawn.png"))
    no_film = run_program(export.folder, str(line), "--out", str(old))
    no_picture = run_program(export.folder, str(path), "--out", str(tmp_path / "no folder" / "drawn.png"))

    assert (wrong_kind.returncode, wrong_kind.stdout) == (2, "")
    assert f"a video cannot be written as {tmp_path / 'drawn.png'}" in wrong_kind.stderr.splitlines()[-1]
    assert not (tmp_path / "drawn.png").exists()
    assert (no_film.returncode, no_film.stdout) == (1, "")
    assert no_film.stderr.splitlines()[-1].startswith(f"{old} cannot be written with frames of ")
    assert no_picture.returncode == 1
    assert no_picture.stderr.splitlines()[-1].endswith("cannot be written: No such file or directory; choose another place")


def test_a_film_that_is_not_all_there_is_no_result(exports: Callable[[str], Export], tmp_path: Path) -> None:
    export, most_bytes = exports("litert"), 20_000
    video = save_video(tmp_path / "in.avi", export.frame(0)[1].image_rgb)
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes})); {CUT_OFF}"
    command = [sys.executable, "-I", "-c", limited, str(export.folder / "detect.py"), str(video), "--out", str(tmp_path / "o.mp4")]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert re.fullmatch(r".*o\.mp4 cannot be written: \d of 3 frames are in it.*", done.stderr.splitlines()[-1])


HOSTILE = ('"""\nimport os  # ', "two\nlines", "`code` <script>alert(1)</script>", "\x1b[31mred", "{{ 7 * 7 }}")


def test_labels_and_names_are_data_wherever_they_go(exports: Callable[[str], Export], data: EvaluationData, tmp_path: Path) -> None:
    source = exports("litert").folder
    shutil.copyfile(source / "model.tflite", tmp_path / "model.tflite")
    card = read_card(source / "model.card.toml").model_copy(update={"labels": HOSTILE, "name": HOSTILE[0] + "``` # $notes <b>"})
    (tmp_path / "model.card.toml").write_text(card.to_toml())
    hostile = open_detector(str(tmp_path / "model.tflite"))

    export = export_of(hostile, "litert,nms.score=0.2", data, tmp_path / "out")

    code = [path.relative_to(source) for path in source.rglob("*.py")]
    assert [(export.folder / path).read_text() for path in code] == [(source / path).read_text() for path in code]
    assert len((export.folder / "labels.txt").read_text().splitlines()) == len(HOSTILE)
    assert "\x1b" not in (export.folder / "labels.txt").read_text()
    assert (export.folder / "README.md").read_text().splitlines()[2].count("`") % 2 == 0
    assert read_card(export.folder / "model.card.toml").labels == HOSTILE
    told = run_program(export.folder, str(export.frame(0)[0]), "--json")
    assert {row["label"] for row in json.loads(told.stdout)["detections"]} <= {
        "".join(one if one.isprintable() else " " for one in label) for label in HOSTILE
    }


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("litert,feed.mode=threads,feed.workers=2", "feed.mode is threads: .* choose loop"),
        ("graph,runtime.batch=4", "runtime.batch is 4: .* choose 1"),
    ],
    ids=["threads", "batch"],
)
def test_what_no_program_is_written_for_is_refused_at_once(
    mobile: Detector, data: EvaluationData, tmp_path: Path, words: str, reason: str
) -> None:
    settings = check(mobile, parse_variant(words, base=mobile.default_settings()))

    with pytest.raises(UnavailableError, match=reason):
        export_folder(mobile, settings, data, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_an_engine_of_one_s_own_is_refused_by_its_name(
    mobile: Detector, data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, ROW.name, ROW)
    settings = check(mobile, parse_variant(f"runtime.engine={ROW.name},input.resize=opencv", base=mobile.default_settings()))

    with pytest.raises(
        UnavailableError, match=f"runtime.engine is {ROW.name}: no program is written for it yet; choose one of keras"
    ):
        export_folder(mobile, settings, data, tmp_path / "out")


def test_a_folder_in_use_is_refused_before_anything_is_converted(mobile: Detector, data: EvaluationData, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("mine")
    settings = check(mobile, parse_variant("graph", base=mobile.default_settings()))

    with pytest.raises(SaveError, match="is not empty"):
        export_folder(mobile, settings, data, tmp_path)


def test_an_earlier_export_is_replaced_by_one_frame_s(
    mobile: Detector, stills: tuple[Frame, ...], calibration: Calibration, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with whole_folder(out, replace=False) as earlier:
        (earlier / "earlier.py").write_text("old")
    (out / "record.json").write_text("{}")  # of its self-test
    media = array_media([stills[0].image_rgb], name="one")
    settings = check(mobile, parse_variant(f"litert,{SMALL}", base=mobile.default_settings()))

    written = export_folder(mobile, settings, EvaluationData(media, None, None, None, calibration), out, replace=True)

    assert written.frames == 1
    assert written.files == tuple(sorted(path.name for path in out.iterdir()))
    assert "manifest.json" in written.files
    assert not {"earlier.py", "record.json"} & set(written.files)
