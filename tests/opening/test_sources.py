"""What one runs on, as one value: opened in one place, and written as words of a command."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from workbench.detectors import Detector
from workbench.errors import TruthError
from workbench.media import Media, array_media, open_media
from workbench.opening import Sources
from workbench.timing import Value

FRAME = np.zeros((48, 80, 3), np.uint8)


def test_detector_frames_and_truth_are_opened_together(small_folder: Path) -> None:
    detector, data = Sources(detector=str(SHAPES), media=str(small_folder)).open()

    assert (detector.facts.name, data.media.facts().source) == ("shapes", str(small_folder))
    assert data.truth is not None, "it lies beside them"


def test_a_data_set_that_leads_out_is_read_where_that_is_allowed(small: Detector, small_folder: Path, tmp_path: Path) -> None:
    for place in ("sets/mine", "elsewhere"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "elsewhere" / f"{next(small_folder.glob('*.*')).stem}.txt").write_text("0 0.5 0.5 0.2 0.2")
    (tmp_path / "sets" / "mine" / "data.yaml").write_text(f"names: {list(small.facts.labels)}\nval: {tmp_path / 'elsewhere'}")
    sources = Sources(detector=str(SHAPES), media=str(small_folder), truth=str(tmp_path / "sets" / "mine" / "data.yaml"))

    with pytest.raises(TruthError, match="leads out of the data set.*--allow outside"):
        sources.open(small)
    _, data = sources.model_copy(update={"allow": ("outside",)}).open(small)

    assert data.truth is not None
    assert sum(map(len, data.truth.images.values())) == 1


def test_a_detector_that_is_open_is_not_opened_again(small: Detector, small_folder: Path) -> None:
    detector, data = Sources(detector="nowhere.tflite", media=small_folder).open(small)

    assert detector is small
    assert data.media.facts().frames > 0


def test_opened_media_stay_the_same(small_folder: Path) -> None:
    once = Sources(media=str(small_folder)).opened()

    assert isinstance(once.media, Media)
    assert once.opened().media is once.media
    assert Sources().opened() == Sources()


def test_what_never_ends_is_recorded_where_frames_are_counted() -> None:
    def endless() -> Iterator[np.ndarray]:
        while True:
            yield FRAME

    live = Sources(media=array_media(endless, name="live"))

    assert live.opened().media is live.media
    recording = live.opened(3).media
    assert isinstance(recording, Media)
    assert (recording.facts().frames, recording.facts().endless) == (3, False)


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (Sources(), ()),
        (Sources(media="a clip.webm", truth="a truth.json"), ("a clip.webm", "--truth", "a truth.json")),
        (Sources(media=Path("clip.webm"), allow=("lambda",)), ("clip.webm", "--allow", "lambda")),
        (
            Sources(media="c.webm", allow=("code=my layers.py",), signature="detect"),
            ("c.webm", "--allow", "code=my layers.py", "--signature", "detect"),
        ),
        (Sources(media="rtsp://me:secret@host/live"), ("rtsp://***@host/live",)),
        (Sources(media=[FRAME]), ()),
    ],
    ids=["samples", "clip and truth", "path and allowed", "code and signature", "a secret", "in memory"],
)
def test_they_are_the_words_of_a_command(sources: Sources, words: tuple[str, ...]) -> None:
    assert sources.options(7) == (*words[:1], "--frames", "7", *words[1:])


def test_opened_media_are_named_as_they_were(small_folder: Path) -> None:
    assert Sources(media=open_media(small_folder)).options(2) == (str(small_folder), "--frames", "2")


def test_they_cross_a_file() -> None:
    class Job(Value):
        sources: Sources

    job = Job(
        sources=Sources(
            detector="inspector-mobile", media="clip.webm", truth="truth.json", allow=("lambda", "code=a.py"), signature="s"
        )
    )

    assert Job.model_validate_json(job.model_dump_json()) == job
