"""The player's thread: what it shows, in which order, and that it survives what happens to it."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from workbench.errors import MediaError
from workbench.live import Player
from workbench.media import Frame, Media, array_media
from workbench.pipeline import Pipeline
from workbench.record import MediaFacts

SMALL = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=opencv"
TIMEOUT_SECONDS = 30.0


def until(claim: Callable[[], object], what: str = "") -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not claim():
        assert time.monotonic() < end, f"waited {TIMEOUT_SECONDS} s for {what or claim}"
        time.sleep(0.005)


def numbered(count: int = 12, fps: float | None = None) -> Media:
    draw = np.random.default_rng(0)
    return array_media([draw.integers(0, 256, (72, 128, 3), np.uint8) for _ in range(count)], fps=fps)


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
def play(small_pipeline: Callable[[str], Pipeline], errors: list[Exception]) -> Iterator[Callable[..., Player]]:
    players: list[Player] = []

    def start(media: Media | None = None, words: str = SMALL) -> Player:
        players.append(Player(media or numbered(), errors.append))
        players[-1].use(small_pipeline(words))
        until(lambda: players[-1].shown, "the first frame")
        return players[-1]

    yield start
    for player in players:
        player.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "workbench-player"]


def test_the_first_frame_is_shown_before_anything_plays(play: Callable[..., Player]) -> None:
    player = play()
    assert player.shown is not None
    assert player.shown.frame.index == 0
    assert not player.playing
    assert player.rolling.window.timing() is None, "a frame that was only looked at is in no statistic"


def test_playing_passes_every_frame_and_begins_again(play: Callable[..., Player]) -> None:
    player = play()
    player.set_pace("free")
    player.play()
    until(lambda: len(player.rolling.window) >= 30)
    assert sorted(player.found) == list(range(12))
    assert player.dropped == 0
    timing = player.rolling.window.timing()
    assert timing is not None
    assert {"decode", "preprocess", "infer", "nms", "draw"} <= set(timing.stage_seconds)


def test_the_clips_pace_is_kept_by_waiting(play: Callable[..., Player]) -> None:
    player = play(numbered(fps=20.0))
    began = time.monotonic()
    player.play()
    until(lambda: len(player.rolling.window) >= 10)
    assert time.monotonic() - began > 0.4, "ten frames of a clip of 20 a second"


def test_a_clip_that_is_too_fast_drops_frames_and_each_pipeline_has_its_own_count(
    play: Callable[..., Player], small_pipeline: Callable[[str], Pipeline]
) -> None:
    player = play(numbered(400, fps=20_000.0))
    player.play()
    until(lambda: player.dropped > 10)
    player.pause()
    other = small_pipeline(f"{SMALL},nms.score=0.01")
    player.use(other)
    until(lambda: player.shown.pipeline is other)

    assert player.dropped == 0


def test_a_step_and_a_seek_stand_still_where_they_went(play: Callable[..., Player]) -> None:
    player = play()
    for move, expected in (
        (lambda: player.step(1), 1),
        (lambda: player.step(-1), 0),
        (lambda: player.step(-1), 11),
        (lambda: player.seek(7), 7),
        (lambda: player.seek(99), 11),
    ):
        move()
        until(lambda expected=expected: player.shown.frame.index == expected, f"frame {expected}")  # type: ignore[misc]
    assert not player.playing


def test_another_pipeline_shows_the_same_frame_again(
    play: Callable[..., Player], small_pipeline: Callable[[str], Pipeline]
) -> None:
    player = play()
    player.seek(5)
    until(lambda: player.shown.frame.index == 5)
    other = small_pipeline(f"{SMALL},nms.score=0.01")
    player.use(other)
    until(lambda: player.shown.pipeline is other)
    assert player.shown is not None
    assert player.shown.frame.index == 5


def test_another_nms_answers_at_once_and_runs_nothing_again(play: Callable[..., Player]) -> None:
    player = play()
    before = player.shown
    assert before is not None
    other = before.pipeline.with_nms(before.pipeline.settings.nms.model_copy(update={"score": 0.0, "max_detections": 7}))
    assert other is not None

    player.use_nms(other)

    after = player.shown
    assert after is not None
    assert after.number == before.number + 1
    assert after.raw is before.raw
    assert after.frame is before.frame
    assert len(after.found) == 7


def test_an_nms_inside_the_program_runs_the_frame_again(play: Callable[..., Player]) -> None:
    player = play(words="xla,input.size_hw=64x96,nms.method=padded,nms.score=0.05")
    before = player.shown
    assert before is not None
    other = before.pipeline.with_nms(before.pipeline.settings.nms.model_copy(update={"score": 0.0}))
    assert other is not None
    player.use_nms(other)
    until(lambda: player.shown.pipeline is other)
    assert player.shown is not None
    assert player.shown.frame.index == before.frame.index


def test_chores_take_turns_with_playing(play: Callable[..., Player]) -> None:
    player = play()
    player.set_pace("free")
    done: list[int] = []

    def chore() -> Iterator[float]:
        for n in range(5):
            done.append(n)
            time.sleep(0.02)
            yield 2.0

    player.play()
    until(lambda: len(player.rolling.window) > 3)
    before = player.shown.number if player.shown else 0
    player.add_chore(chore())
    until(lambda: len(done) == 5)
    assert player.shown is not None
    assert player.shown.number > before, "frames passed between the slices"


def test_a_chore_that_has_nothing_to_do_waits_for_the_next_frame(play: Callable[..., Player]) -> None:
    player = play()
    seen: list[int] = []

    def chore() -> Iterator[None]:
        while True:
            seen.append(player.shown.frame.index if player.shown else -1)
            yield None

    player.add_chore(chore())
    until(lambda: seen == [0])
    time.sleep(0.05)
    assert seen == [0], "it is not asked again and again"
    player.seek(3)
    until(lambda: seen == [0, 3])


def test_another_pipeline_ends_the_chores_of_the_last(
    play: Callable[..., Player], small_pipeline: Callable[[str], Pipeline]
) -> None:
    player = play()
    done: list[int] = []

    def chore() -> Iterator[float]:
        while True:
            done.append(1)
            time.sleep(0.005)
            yield 1.0

    player.add_chore(chore())
    until(lambda: done)
    other = small_pipeline(f"{SMALL},nms.score=0.02")
    player.use(other)
    until(lambda: player.shown.pipeline is other)
    count = len(done)
    time.sleep(0.05)
    assert len(done) == count


def test_who_holds_the_player_has_the_machine(play: Callable[..., Player]) -> None:
    player = play()
    player.set_pace("free")
    player.play()
    until(lambda: len(player.rolling.window) > 3)
    with player.hold():
        number = player.shown.number if player.shown else 0
        time.sleep(0.1)
        assert player.shown is not None
        assert player.shown.number == number
    until(lambda: player.shown.number > number)


def test_closing_does_not_wait_for_who_holds_the_player(play: Callable[..., Player]) -> None:
    player = play()
    player.set_pace("free")
    player.play()
    with player.hold():
        player.seek(1)
        player.close()
        assert player.closed
    assert player.pipeline is None, "it gives the engine back"


class Breaking(Media):
    """A camera that is pulled out after three frames, and works again when it is opened next."""

    def __init__(self) -> None:
        self.media = numbered(3)
        self.broken = True

    def frames(self, start: int = 0) -> Iterator[Frame]:
        yield from self.media.frames(start)
        if self.broken:
            raise MediaError("the camera is gone; plug it in again")

    def frame_names(self) -> tuple[str, ...]:
        return tuple(self.media.frame_names())

    def facts(self) -> MediaFacts:
        return self.media.facts()


def test_media_that_vanish_are_told_and_playing_goes_on_when_they_are_back(
    play: Callable[..., Player], errors: list[Exception]
) -> None:
    media = Breaking()
    player = play(media)
    player.set_pace("free")
    player.play()
    until(lambda: errors)
    assert isinstance(errors[0], MediaError)
    until(lambda: not player.playing)
    media.broken = False
    number = player.shown.number if player.shown else 0
    player.play()
    until(lambda: player.shown.number > number + 5)


def test_waiting_for_a_newer_frame_ends(play: Callable[..., Player]) -> None:
    player = play()
    assert player.shown is not None
    assert player.wait_newer(0, 0.0) is player.shown
    assert player.wait_newer(player.shown.number, 0.01) is None
