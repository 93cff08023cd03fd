"""What names mean, and which truth belongs to which media."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.detectors import Detector
from workbench.errors import MediaError, ModelError, TruthError
from workbench.media import Frame, Media
from workbench.opening import open_data, open_detector
from workbench.record import MediaFacts
from workbench.samples import SAMPLE_CLIP, SAMPLE_STILLS, sample_calibration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures called `shots/0.png` and so on, and no truth."""
    made = tmp_path / "shots"
    made.mkdir()
    for n in range(5):
        cv2.imwrite(str(made / f"{n}.png"), np.full((48, 80, 3), 40 * n, np.uint8))
    return made


def write_truth(path: Path, names: list[str], category: str = "dent", size_wh: tuple[int, int] = (80, 48)) -> Path:
    images = [{"id": n, "file_name": name, "width": size_wh[0], "height": size_wh[1]} for n, name in enumerate(names)]
    annotations = [{"id": n, "image_id": n, "category_id": 1, "bbox": [4, 4, 20, 10]} for n in range(len(names))]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": category}]}))
    return path


def test_without_a_source_the_clip_is_timed_and_the_stills_are_judged(mobile: Detector) -> None:
    data = open_data(mobile)

    assert data.media.facts().name == SAMPLE_CLIP.name
    assert data.labelled is not None
    assert data.labelled.facts().name == SAMPLE_STILLS.name
    assert data.truth is not None
    assert data.labelled_truth is not None
    assert set(data.truth.images) == set(data.media.frame_names())
    assert repr(data).startswith("<EvaluationData: line.webm, 600 frames of 1280 x 720, ")
    assert repr(mobile).startswith("<Detector inspector-mobile: ")
    assert all("\n" not in repr(one) for one in (data, mobile))
    assert set(data.labelled_truth.images) == set(data.labelled.frame_names())


def test_truth_that_is_named_without_media_is_the_clips(mobile: Detector, tmp_path: Path) -> None:
    data = open_data(mobile, None, str(write_truth(tmp_path / "mine.json", ["line.webm#3"], size_wh=(1280, 720))))

    assert data.labelled is data.media
    assert data.truth is not None
    assert set(data.truth.images) == {"line.webm#3"}


@pytest.mark.parametrize("source", [None, np.zeros((8, 8, 3), np.uint8)], ids=["the sample", "media"])
def test_a_text_is_neither_a_detector_nor_labels(source: np.ndarray | None) -> None:
    with pytest.raises(ModelError, match=r"^'car' is a text; give open_detector\('car'\), or the names of classes: \('car',\)$"):
        open_data("car", source)


def test_media_without_truth_are_judged_by_nothing(mobile: Detector, folder: Path) -> None:
    data = open_data(mobile, str(folder))

    assert (data.truth, data.labelled, data.labelled_truth) == (None, None, None)
    assert data.media.facts().frames == 5


def test_truth_that_lies_beside_the_media_is_found(mobile: Detector, folder: Path) -> None:
    write_truth(folder.with_name("shots.json"), ["0.png", "3.png"])

    data = open_data(mobile, str(folder))

    assert data.labelled_truth is data.truth
    assert data.labelled is data.media
    assert data.truth is not None
    assert set(data.truth.images) == {"0.png", "3.png"}
    assert any("does not know 3 of 5 frames" in note for note in data.truth.notes)


def test_truth_that_is_named_wins(mobile: Detector, folder: Path, tmp_path: Path) -> None:
    write_truth(folder.with_name("shots.json"), ["0.png"])

    data = open_data(mobile, str(folder), str(write_truth(tmp_path / "mine.json", ["1.png"])))

    assert data.truth is not None
    assert (data.truth.name, set(data.truth.images)) == ("mine.json", {"1.png"})


@pytest.mark.parametrize(
    ("names", "category", "words"),
    [
        (["x.png"], "dent", "describes x.png, none of which are among the frames"),
        (["0.png"], "zebra", "is about zebra, the detector knows scratch, dent"),
    ],
    ids=["other frames", "other classes"],
)
def test_truth_of_something_else_is_refused(
    mobile: Detector, folder: Path, tmp_path: Path, names: list[str], category: str, words: str
) -> None:
    truth = write_truth(tmp_path / "mine.json", names, category)

    with pytest.raises(TruthError, match=words):
        open_data(mobile, str(folder), str(truth))


@pytest.mark.parametrize("truth", ["nowhere.json", "truth.txt"])
def test_truth_that_cannot_be_read_is_refused(mobile: Detector, folder: Path, truth: str) -> None:
    with pytest.raises(TruthError):
        open_data(mobile, str(folder), str(folder / truth))


def test_media_that_cannot_be_read_are_refused(mobile: Detector, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no"):
        open_data(mobile, str(tmp_path / "nowhere.mp4"))


def test_the_samples_are_calibrated_on_scenes_of_their_own(mobile: Detector, folder: Path) -> None:
    here, elsewhere = open_data(mobile).calibration, open_data(mobile, str(folder)).calibration

    assert here.key == elsewhere.key == sample_calibration().key
    assert here.key.startswith(f"{len(here.frames())} stills of the sample line [")


@pytest.mark.slow
def test_other_detectors_are_calibrated_on_the_media(assets: Path, folder: Path) -> None:
    detector = open_detector(str(assets / "models" / "yolox_nano_416_float16_quantize.tflite"))

    calibration = open_data(detector, str(folder)).calibration

    assert calibration.key.startswith("5 frames of shots [")
    assert [int(frame.mean()) for frame in calibration.frames()] == [0, 40, 80, 120, 160]


def test_a_path_is_a_detector_too(assets: Path) -> None:
    path = assets / "models" / "yolox_nano_416_float16_quantize.tflite"

    assert open_detector(str(path)).facts.source == str(path)


class Film(Media):
    """Frames whose first pixel says which they are; it counts how many were decoded."""

    def __init__(self, frames: int) -> None:
        self.count, self.decoded = frames, 0

    def frames(self, start: int = 0) -> Iterator[Frame]:
        for index in range(start, self.count):
            self.decoded += 1
            yield Frame(np.full((2, 2, 3), index % 251, np.uint8), f"film#{index}", index)

    def facts(self) -> MediaFacts:
        return MediaFacts(name="film", source="film", kind="video", sha256=None, frames=self.count, size_hw=(2, 2), fps=30.0)


@pytest.mark.parametrize(("frames", "most"), [(40, 40), (1000, 1000), (108_000, 100)], ids=["few", "short", "an hour"])
def test_calibration_frames_are_spread_over_a_film_without_decoding_it_all(small: Detector, frames: int, most: int) -> None:
    film = Film(frames)

    taken = open_data(small, film).calibration.frames()

    assert [int(image[0, 0, 0]) for image in taken] == [n % 251 for n in range(0, frames, max(1, frames // 100))][:100]
    assert film.decoded <= most


def test_classes_alone_are_enough_where_a_function_of_ones_own_is_measured(small_folder: Path) -> None:
    named = open_data(("square", "disc"), str(small_folder))
    own = open_data((), str(small_folder))

    assert (named.labels, named.labelled_truth and named.labelled_truth.labels) == (("square", "disc"), ("square", "disc"))
    assert sorted(own.labels) == ["cross", "disc", "square"]
    assert own.labelled_truth is not None
    assert own.labelled_truth.labels == own.labels


def test_classes_that_nothing_names_are_none(folder: Path) -> None:
    assert open_data((), str(folder)).labels == ()


@pytest.mark.parametrize("labels", [(), ("dent",)])
def test_damaged_truth_that_merely_lies_there_stops_nobody_whether_classes_are_known_or_not(
    labels: tuple[str, ...], folder: Path
) -> None:
    folder.with_name(f"{folder.name}.json").write_text('{"images": [')

    data = open_data(labels, str(folder))

    assert data.truth is not None
    assert (data.labels, dict(data.truth.images)) == (labels, {})
    assert "there is no accuracy" in data.truth.notes[0]
    with pytest.raises(TruthError, match="cut short"):
        open_data(labels, str(folder), truth=str(folder.with_name(f"{folder.name}.json")))


@pytest.mark.parametrize(
    ("beside", "has_ap"),
    [
        (None, False),
        ('{"images": [', False),
        ('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "cat"}]}', False),
        ('{"images": [{"id": 1, "file_name": "0.png"}], "annotations": [], "categories": [{"id": 1, "name": "dent"}]}', False),
        (
            '{"images": [{"id": 1, "file_name": "0.png"}], "categories": [{"id": 1, "name": "dent"}],'
            ' "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "area": 81, "iscrowd": 0}]}',
            True,
        ),
        (
            '{"images": [{"id": 1, "file_name": "0.png"}], "categories": [{"id": 1, "name": "dent"}],'
            ' "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "area": 81, "iscrowd": 1}]}',
            False,
        ),
    ],
    ids=["none", "damaged", "of other classes", "without a box", "with a box", "with a crowd"],
)
def test_precision_is_had_where_some_frame_is_known_to_hold_an_object(beside: str | None, has_ap: bool, folder: Path) -> None:
    if beside is not None:
        folder.with_name(f"{folder.name}.json").write_text(beside)

    assert open_data(("dent",), str(folder)).has_ap == has_ap
