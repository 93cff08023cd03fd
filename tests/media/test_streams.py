"""Streams and videos at a URL, from a server of our own: what plays, what stalls, what breaks off."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.media_server import FPS, FRAMES, HEIGHT, PERIOD_SECONDS, SHORT, WIDTH, Server, serving
from workbench.errors import MediaError
from workbench.media import open_media, recorded
from workbench.media.stream import RemoteVideo, Stream, open_stream

QUICK = (0.05, 0.1, 0.2)  # pauses
TIMEOUT_SECONDS = 1.0


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    yield
    assert "workbench-live" not in {thread.name for thread in threading.enumerate()}


def open_quickly(url: str) -> Stream:
    media = open_stream(url, QUICK, TIMEOUT_SECONDS)
    assert isinstance(media, Stream)
    return media


def take(media: Stream, until: Callable[[], bool], most_seconds: float = 30.0) -> int:
    """Take frames until something is so, and drop the iterator; return how many came."""
    ends = time.monotonic() + most_seconds
    with closing(media.frames()) as frames:
        for count, _ in enumerate(frames, 1):
            if until():
                return count
            assert time.monotonic() < ends
    raise AssertionError("live frames do not end")


class TestLive:
    def test_frames_are_the_newest_and_known_by_number_and_time(self, server):
        with closing(open_media(server.url("/live")).frames()) as frames:
            first = next(frames)
            time.sleep(1)
            second, third = next(frames), next(frames)
        assert (first.index, second.index, third.index) == (0, 1, 2)
        assert first.name == f"{server.url('/live')}#0"
        assert (first.seconds, first.size_hw) == (0.0, (HEIGHT, WIDTH))
        assert second.seconds is not None
        assert second.seconds > 0.5
        assert int(second.image_rgb[0, 0, 0]) - int(first.image_rgb[0, 0, 0]) > 20
        assert third.image_rgb[0, 0, 0] > second.image_rgb[0, 0, 0]

    def test_facts_have_no_length(self, server):
        media = open_media(server.url("/live"))
        facts = media.facts()
        assert (facts.kind, facts.endless, facts.size_hw, facts.notes) == ("stream", True, (HEIGHT, WIDTH), ())
        assert facts.fps is None, "JPEGs in a row have no rate"
        assert list(media.frame_names()) == []

    def test_dropping_the_iterator_hangs_up(self, server):
        frames = open_media(server.url("/live")).frames()
        next(frames)
        del frames
        assert "workbench-live" not in {thread.name for thread in threading.enumerate()}

    def test_a_stream_can_be_recorded(self, server):
        media = recorded(open_media(server.url("/live")), 5)
        facts = media.facts()
        assert (facts.kind, facts.frames, facts.name) == ("recording", 5, server.url("/live"))
        assert [frame.index for frame in media.frames()] == list(range(5))


class TestStallsAndReconnects:
    def test_a_stream_that_stalls_is_opened_again(self, server):
        media = open_quickly(server.url("/stalls-once"))
        began = time.monotonic()
        assert take(media, lambda: media.reconnects > 0) > 1
        assert time.monotonic() - began > TIMEOUT_SECONDS
        assert media.facts().notes == ("the stream stalled or ended and was opened again, 1 times so far",)

    def test_a_stream_that_hangs_up_is_opened_again_as_often_as_it_gives_pictures(self, server):
        media = open_quickly(server.url("/hangs-up"))
        take(media, lambda: media.reconnects > len(QUICK))
        assert server.connections["/hangs-up"] >= len(QUICK) + 2

    def test_frames_are_numbered_on_after_it(self, server):
        media = open_quickly(server.url("/hangs-up"))
        indices = []
        with closing(media.frames()) as frames:
            for frame in frames:
                indices.append(frame.index)
                if media.reconnects:
                    break
        assert indices == list(range(len(indices)))

    def test_after_the_last_try_it_ends_with_a_sentence(self, server):
        media = open_quickly(server.url("/dies"))
        with pytest.raises(
            MediaError, match=r"/dies gives no pictures any more, and 3 tries to open it again did not help; check"
        ) as caught:
            list(media.frames())
        assert "\n" not in str(caught.value)
        assert server.connections["/dies"] == 2 + len(QUICK)

    def test_a_server_that_is_gone_ends_it_too(self):
        with serving() as running:
            media = open_quickly(running.url("/live"))
            frames = media.frames()
            next(frames)
        with pytest.raises(MediaError, match="3 tries to open it again did not help"):
            list(frames)

    def test_dropping_one_that_stalls_ends_it_once_the_stall_is_waited_out(self, server):
        frames = open_quickly(server.url("/stalls")).frames()
        next(frames)
        time.sleep(SHORT * PERIOD_SECONDS)
        del frames
        assert "workbench-live" not in {thread.name for thread in threading.enumerate()}


class TestFilesOnAServer:
    def test_frames_come_with_their_times_and_end(self, server):
        media = open_media(server.url("/clip.webm?x=1"))
        frames = list(media.frames())
        assert isinstance(media, RemoteVideo)
        assert [frame.name for frame in frames] == list(media.frame_names()) == [f"clip.webm#{index}" for index in range(FRAMES)]
        assert [frame.seconds for frame in frames] == pytest.approx([index / FPS for index in range(FRAMES)], abs=0.002)

    def test_each_pass_begins_anew_and_anywhere(self, server):
        media = open_media(server.url("/clip.webm"))
        whole, rest = list(media.frames()), list(media.frames(7))
        assert [frame.index for frame in rest] == list(range(7, FRAMES))
        assert all((a.image_rgb == b.image_rgb).all() for a, b in zip(whole[7:], rest, strict=True))
        assert list(media.frames(1000)) == []

    def test_facts_are_those_of_a_file(self, server):
        facts = open_media(server.url("/clip.webm")).facts()
        assert (facts.kind, facts.name, facts.source) == ("remote video", "clip.webm", server.url("/clip.webm"))
        assert (facts.frames, facts.fps, facts.size_hw) == (FRAMES, FPS, (HEIGHT, WIDTH))

    def test_one_that_breaks_off_says_so(self, server):
        media = open_media(server.url("/half.webm"))
        with pytest.raises(MediaError, match=rf"half\.webm broke off: \d+ of its {FRAMES} frames came; check the network"):
            list(media.frames())
