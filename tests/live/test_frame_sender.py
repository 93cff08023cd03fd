"""Pictures go out as fast as they are seen, and no faster."""

import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from workbench.live import FrameSender, Player, Shown
from workbench.live.frame_sender import MOST_IN_FLIGHT, PICTURE_SIDE_PX, SEEN_WITHIN_SECONDS
from workbench.media import array_media
from workbench.pipeline import Pipeline

SMALL = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=opencv"
TIMEOUT_SECONDS = 30.0


class Screen:
    """Someone who looks: takes what is sent, and says so or not."""

    def __init__(self) -> None:
        self.sent: list[tuple[Shown, bytes | None]] = []

    def send(self, shown: Shown, jpeg: bytes | None) -> None:
        self.sent.append((shown, jpeg))

    def until(self, count: int) -> None:
        end = time.monotonic() + TIMEOUT_SECONDS
        while len(self.sent) < count:
            assert time.monotonic() < end, f"{len(self.sent)} of {count} pictures came"
            time.sleep(0.002)


@pytest.fixture
def player(small_pipeline: Callable[[str], Pipeline]) -> Iterator[Player]:
    draw = np.random.default_rng(0)
    media = array_media([draw.integers(0, 256, (360, 1280, 3), np.uint8) for _ in range(6)])
    playing = Player(media, lambda error: pytest.fail(str(error)))
    playing.use(small_pipeline(SMALL))
    yield playing
    playing.close()


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def sender(player: Player, screen: Screen) -> Iterator[FrameSender]:
    showing = FrameSender(player, screen.send)
    yield showing
    showing.close()
    assert "workbench-frames" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.usefixtures("sender")
def test_the_first_picture_is_a_jpeg_of_the_frame_made_smaller(screen: Screen) -> None:
    screen.until(1)
    shown, jpeg = screen.sent[0]
    assert shown.frame.index == 0
    assert jpeg is not None
    assert Image.open(BytesIO(jpeg)).size == (PICTURE_SIDE_PX, 180)


@pytest.mark.usefixtures("sender")
def test_without_an_answer_only_as_many_are_on_their_way_as_may_be(screen: Screen, player: Player) -> None:
    player.set_pace("free")
    player.play()
    began = time.monotonic()
    screen.until(MOST_IN_FLIGHT + 1)
    assert time.monotonic() - began > SEEN_WITHIN_SECONDS / 2, "the next waited for somebody to look"


def test_who_sees_gets_more_and_their_age_is_known(sender: FrameSender, screen: Screen, player: Player) -> None:
    player.set_pace("free")
    player.play()
    for count in range(1, 11):
        screen.until(count)
        sender.acknowledge(screen.sent[count - 1][0].number)
    assert sender.age_seconds is not None
    assert sender.age_seconds > 0
    assert sender.unseen_seconds < TIMEOUT_SECONDS
    cost = sender.cost
    assert cost is not None
    assert 0 < cost.core_share < 1


@pytest.mark.usefixtures("sender")
def test_the_same_frame_with_other_boxes_goes_out_without_its_picture(screen: Screen, player: Player) -> None:
    screen.until(1)
    assert player.pipeline is not None
    other = player.pipeline.with_nms(player.pipeline.settings.nms.model_copy(update={"score": 0.0}))
    assert other is not None
    player.use_nms(other)
    screen.until(2)
    shown, jpeg = screen.sent[1]
    assert jpeg is None
    assert len(shown.found) > len(screen.sent[0][0].found)


def test_a_page_that_opens_gets_the_picture_again(sender: FrameSender, screen: Screen) -> None:
    screen.until(1)
    sender.show_again()
    screen.until(2)
    assert screen.sent[1][1] is not None


def test_nothing_is_unseen_while_nothing_is_sent(sender: FrameSender, screen: Screen) -> None:
    screen.until(1)
    time.sleep(0.05)
    assert sender.unseen_seconds > 0
    sender.acknowledge(screen.sent[0][0].number)
    time.sleep(0.05)
    assert sender.unseen_seconds == 0, "as during a measurement, however long that takes"


@pytest.mark.usefixtures("sender")
def test_behind_a_player_that_is_closed_nothing_spins(screen: Screen, player: Player) -> None:
    screen.until(1)
    player.close()
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.25, "a loop without a wait would take all of it"


def test_a_picture_that_is_shown_again_counts_as_unseen_from_then_on(sender: FrameSender, screen: Screen) -> None:
    screen.until(1)
    time.sleep(1.0)
    assert sender.unseen_seconds > 0.9
    sender.show_again()
    screen.until(2)
    assert sender.unseen_seconds < 0.9, "what was measured meanwhile took its time, and nobody looked away"
