"""What a session opens plays; what it cannot open is said, and the old goes on; all of it is given back."""

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from tests.session.sessions import SMALL, THREADS, player_of, until
from workbench.errors import SettingsError
from workbench.samples import SAMPLE_CLIP, SAMPLE_STILLS
from workbench.session import Session

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("clip.mp4", b"no video", "clip.mp4"),
        ("../../half.jpg", b"\xff\xd8\xff\xe0 half", "half.jpg"),
        ("nothing.png", b"", "nothing.png"),
        ("notes.txt", b"text", "neither a picture"),
    ],
)
def test_a_corrupt_upload_is_said_and_the_old_frames_stay(session: Session, name: str, content: bytes, words: str) -> None:
    player = session.opened.player
    session.upload({name: content})
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message is not None
    assert (session.notices.message.kind, session.notices.message.place) == ("error", "media")
    assert words in session.notices.message.text
    assert session.opened.player is player
    session.step(1)
    until(session, lambda: player_of(session).shown.frame.index == 1, errors=True)  # type: ignore[union-attr]


def test_an_upload_is_played(session: Session) -> None:
    session.upload({"mine.jpg": (SAMPLE_STILLS / "still_004.jpg").read_bytes()})
    until(session, lambda: player_of(session).shown and player_of(session).shown.frame.name == "mine.jpg")  # type: ignore[union-attr]
    assert session.opened.evaluation.accuracy is None
    assert session.opened.evaluation.pinned is None


def frame_shown(session: Session) -> str:
    shown = player_of(session).shown
    return shown.frame.name if shown else ""


def test_all_that_was_open_can_be_chosen_again_with_its_truth(session: Session) -> None:
    (first,) = session.media_names
    still = (SAMPLE_STILLS / "still_004.jpg").read_bytes()
    for name in ("one.jpg", "two.jpg", "one.jpg"):
        session.upload({name: still})
        until(session, lambda name=name: frame_shown(session) == name)
    assert list(session.media_names.values())[1:] == ["one.jpg", "two.jpg", "one.jpg"]
    session.open_media(list(session.media_names)[2])
    until(session, lambda: frame_shown(session) == "two.jpg")
    assert session.opened.data.truth is None
    session.open_media(first)
    until(session, lambda: frame_shown(session) == "scene_00.png")
    assert session.opened.data.truth is not None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"hello", "notes.txt is neither a picture (.jpg"),
        ("empty.png", b"", "empty.png is empty (0 bytes); upload"),
        ("broken.jpg", b"\xff\xd8abc", "broken.jpg is named like a picture but does not begin like one; upload"),
    ],
)
def test_an_upload_that_is_none_is_named_as_its_owner_does_and_forgotten_with_the_next(
    session: Session, name: str, content: bytes, words: str
) -> None:
    session.upload({name: content})
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message.text.startswith(words)
    assert session.notices.message.text.endswith("; upload a picture, a video or a model")
    assert len(session.media_names) == 1
    session.upload({"mine.jpg": (SAMPLE_STILLS / "still_004.jpg").read_bytes()})
    until(session, lambda: session.opened and frame_shown(session) == "mine.jpg", errors=True)
    assert session.notices.message is None


def test_what_was_uploaded_is_named_in_no_command(session: Session) -> None:
    session.upload({"mine.jpg": (SAMPLE_STILLS / "still_004.jpg").read_bytes()})
    until(session, lambda: session.opened and frame_shown(session) == "mine.jpg")

    for copied in (session.as_command, session.as_code):
        with pytest.raises(SettingsError, match="these frames were uploaded and will go with this"):
            copied()


def test_a_model_is_uploaded_with_its_card_and_frames_with_their_truth(session: Session, small_folder: Path) -> None:
    pictures = list(small_folder.iterdir())
    files = [SHAPES, SHAPES.with_suffix(".card.toml"), *pictures, small_folder.with_suffix(".json")]
    session.upload({file.name: file.read_bytes() for file in files})

    until(session, lambda: session.opened and session.opened.detector.facts.source != str(SHAPES))
    detector, data = session.opened.detector.facts, session.opened.data
    assert (Path(detector.source).name, detector.labels) == (SHAPES.name, ("disc", "square", "cross"))
    assert data.media.facts().frames == len(pictures)
    assert data.truth is not None
    assert detector.source in session.detectors
    with pytest.raises(SettingsError, match="this model was uploaded and will go with this session; open a file by its path"):
        session.as_command()


def test_a_model_alone_leaves_the_frames(session: Session) -> None:
    before = session.opened.data.media.facts().source
    session.upload({SHAPES.name: SHAPES.read_bytes(), "shapes.card.toml": SHAPES.with_suffix(".card.toml").read_bytes()})

    until(session, lambda: session.opened and Path(session.opened.detector.facts.source) != SHAPES)
    assert session.opened.data.media.facts().source == before
    session.open_detector(str(SHAPES))
    until(session, lambda: session.opened.detector.facts.source == str(SHAPES))
    assert list(map(os.path.basename, session.detectors)).count(SHAPES.name) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("net.onnx", b"anything", "net.onnx is an ONNX model; convert it"),
        ("../../net.tflite", b"", "net.tflite is empty (0 bytes); copy the model again"),
        ("net.keras", b"no model at all", "net.keras"),
        ("..", b"text", "upload is neither a picture"),
    ],
)
def test_an_uploaded_model_that_is_none_is_named_as_its_owner_does(session: Session, name: str, content: bytes, words: str) -> None:
    session.upload({name: content})

    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message.text.startswith(words)
    assert session.opened.detector.facts.source == str(SHAPES)


def test_a_name_that_no_file_can_bear_is_told_and_others_can_be_opened_and_measured(session: Session) -> None:
    session.upload({f"{300 * 'n'}.jpg": b"any"})
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message.text.startswith("cannot keep nnn")

    session.open(300 * "n")
    until(session, lambda: session.notices.message.text.startswith("cannot read nnn"), errors=True)
    session.notices.message = None
    session.measure()
    until(session, lambda: session.opened.measuring.records)


def test_what_is_named_is_opened_as_what_it_is(session: Session, small_folder: Path, tmp_path: Path) -> None:
    session.open(f" {small_folder / 'scene_02.png'} ")
    until(session, lambda: session.opened and frame_shown(session) == "scene_02.png")
    shutil.copyfile(SHAPES, tmp_path / "mine.keras")
    shutil.copyfile(SHAPES.with_suffix(".card.toml"), tmp_path / "mine.card.toml")
    session.open(str(tmp_path / "mine.keras"))
    until(session, lambda: session.opened.detector.facts.source == str(tmp_path / "mine.keras"))
    session.open(str(tmp_path / "nothing.mp4"))
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message.text.startswith(f"there is no {tmp_path / 'nothing.mp4'}")


def test_that_other_frames_let_go_of_the_pin_is_said(session: Session, small_folder: Path) -> None:
    session.pin()
    session.open_media(str(small_folder / "scene_02.png"))
    until(session, lambda: session.opened and frame_shown(session) == "scene_02.png")
    assert session.opened.evaluation.pinned is None
    assert "what was pinned is let go" in session.notices.message.text


def test_a_reading_that_is_open_stands_beside_the_picture_and_why_in_the_log(start: Callable[..., Session], tmp_path: Path) -> None:
    model = tmp_path / SHAPES.name
    shutil.copyfile(SHAPES, model)
    card = SHAPES.with_suffix(".card.toml").read_text()
    model.with_suffix(".card.toml").write_text(
        f'guessed = ["pixel values: 0..1 (open: nothing is found); a card settles it: x"]\n{card}'
    )

    session = start(detector=str(model))
    until(session, lambda: session.opened and session.opened.player.shown and session.notices.message)

    assert session.notices.message is not None
    assert (session.notices.message.kind, session.notices.message.place) == ("note", "media")
    assert session.notices.message.text.startswith(
        "it is not settled how this model is read (the card pixel values: 0..1 (open: nothing"
    )
    assert session.notices.message.text.endswith("`describe` shows what else it may be, a card settles it")
    assert any("correct it there where it is wrong" in line.text for line in session.notices.log)


def test_what_could_not_be_opened_is_not_still_being_opened(start: Callable[..., Session]) -> None:
    session = start(detector="nowhere.tflite")
    with pytest.raises(SettingsError, match="still being opened"):
        session.as_code()
    until(session, lambda: session.notices.message, errors=True)
    with pytest.raises(SettingsError, match=r"nothing is open, for there is no model 'nowhere.tflite'; choose another detector"):
        session.as_code()
    session.open_detector(str(SHAPES))
    until(session, lambda: session.opened and session.opened.player.shown, errors=True)
    assert session.notices.message is None


def test_nothing_is_measured_while_something_else_is_opened(session: Session, small_folder: Path) -> None:
    session.open_media(str(small_folder / "scene_02.png"))
    session.measure()
    assert "still being opened" in session.notices.message.text
    assert session.held is None
    until(session, lambda: session.opened and frame_shown(session) == "scene_02.png", errors=True)
    session.measure()
    until(session, lambda: session.held is None, errors=True)
    assert [record.media.name for record in session.opened.measuring.records] == ["scene_02.png"]


def test_other_frames_have_pipelines_of_their_own(session: Session, small_folder: Path) -> None:
    before = player_of(session).pipeline
    session.open_media(str(small_folder / "scene_02.png"))
    until(session, lambda: (shown := player_of(session).shown) and shown.frame.name == "scene_02.png")
    after = player_of(session).pipeline
    assert before is not None
    assert after is not None
    assert after.settings == before.settings
    assert after is not before, "an integer one has its ranges from the frames"


def test_a_history_that_is_none_leaves_no_thread_behind(scenes: str, tmp_path: Path) -> None:
    (tmp_path / "h.sqlite").write_text("no database")
    session = Session(str(SHAPES), scenes, preset=SMALL, history=tmp_path / "h.sqlite")
    until(session, lambda: session.notices.message, errors=True)
    session.close()
    assert session.notices.message is not None
    assert "file is not a database" in session.notices.message.text
    assert not {thread.name for thread in threading.enumerate()} & THREADS


def test_media_that_are_not_there_are_said(start: Callable[..., Session], scenes: str) -> None:
    session = start(media="nowhere.mp4", truth=None)
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message is not None
    assert "there is no nowhere.mp4" in session.notices.message.text
    session.open_media(scenes)
    until(session, lambda: session.opened and session.opened.player.shown, errors=True)


def test_a_camera_that_is_not_there_is_said(session: Session) -> None:
    session.open_media("camera:93")
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message is not None
    assert "camera:93" in session.notices.message.text


def test_another_detector_brings_its_own_defaults(start: Callable[..., Session], scenes: str) -> None:
    session = start(scenes, truth=None)
    until(session, lambda: session.opened and session.opened.player.shown)
    session.pin()
    session.open_detector("inspector-large")
    until(session, lambda: session.opened and session.opened.detector.facts.name == "inspector-large")
    until(session, lambda: player_of(session).shown)
    assert session.opened.evaluation.pinned is None
    assert session.opened.measuring.records == []


def test_a_model_that_is_none_leaves_the_old_one(session: Session, tmp_path: Path) -> None:
    (tmp_path / "empty.keras").write_bytes(b"")
    detector = session.opened.detector
    session.open_detector(str(tmp_path / "empty.keras"))
    until(session, lambda: session.notices.message, errors=True)
    assert session.notices.message is not None
    assert "empty.keras" in session.notices.message.text
    assert session.opened.detector is detector


def open_files_of(words: str) -> list[str]:
    files = [str(one.readlink()) for one in OPEN_FILES.iterdir() if one.is_symlink()]
    return [file for file in files if words in file]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason=f"no {OPEN_FILES} on this system")
def test_closing_gives_every_file_back(start: Callable[..., Session], tmp_path: Path) -> None:
    begun = start(media=None, truth=None, detector=None)
    until(begun, lambda: begun.opened and begun.opened.player.shown)
    begun.play()
    begun.measure()
    until(begun, lambda: begun.opened.measuring.records)
    assert open_files_of(SAMPLE_CLIP.name) != []
    begun.close()
    gc.collect()
    assert open_files_of(SAMPLE_CLIP.name) == []
    assert open_files_of(tmp_path.name) == [], "the history"


def test_closing_twice_does_nothing(start: Callable[..., Session]) -> None:
    session = start()
    session.close()
    session.close()


def test_closing_while_frames_are_still_being_opened_leaves_nothing_that_plays(start: Callable[..., Session]) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def frames() -> Iterator[np.ndarray]:
        begun.set()
        may_go_on.wait(30)
        yield np.zeros((72, 128, 3), np.uint8)

    session = start(frames, truth=None)
    assert begun.wait(30)
    session.close()
    may_go_on.set()
    until(session, lambda: not {thread.name for thread in threading.enumerate()} & THREADS)
    assert session.opened is None


def test_frames_in_memory_are_played_and_have_no_command(start: Callable[..., Session]) -> None:
    rng = np.random.default_rng(0)
    session = start([rng.integers(0, 256, (72, 128, 3), np.uint8) for _ in range(3)], truth=None)
    until(session, lambda: session.opened and session.opened.player.shown)

    assert "open_data(detector, media)" in session.as_code()
    with pytest.raises(SettingsError, match="these frames are in memory"):
        session.as_command()
