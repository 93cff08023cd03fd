"""URLs: what answers at none of them is one line, and their users and passwords are shown nowhere."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.media_server import PASSWORD, Server, serving
from workbench.errors import MediaError
from workbench.media import masked, open_media
from workbench.media.urls import why_unreachable


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class TestWhatIsNotThere:
    @pytest.mark.parametrize("path", ["/no-such-path", "/page"])
    def test_a_server_that_gives_no_video_is_told_in_one_line(self, path, server, capfd):
        with pytest.raises(MediaError, match="answers, but not with a video that OpenCV can read; check the address") as caught:
            open_media(server.url(path))
        assert "\n" not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtsps", "rtmp"])
    def test_a_port_where_nobody_listens_is_refused_at_once(self, scheme, capfd):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"{scheme}://me:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/live"
            began = time.monotonic()
            with pytest.raises(MediaError, match="cannot be reached: Connection refused; check the address") as caught:
                open_media(url)
        assert time.monotonic() - began < 8, "not one of FFmpeg's waits"
        assert "\n" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    def test_a_host_that_takes_no_connection_is_not_waited_for_long(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            port = deaf.getsockname()[1]
            waiting = [socket.socket() for _ in range(3)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            reason = why_unreachable(f"rtsp://127.0.0.1:{port}/", 0.5)
            for one in waiting:
                one.close()
        assert reason == "does not answer within 0 s"

    @pytest.mark.slow
    def test_a_server_that_accepts_and_says_nothing_is_given_up(self, server):
        began = time.monotonic()
        with pytest.raises(MediaError, match="not with a video that OpenCV can read"):
            open_media(server.url("/silent"))
        assert time.monotonic() - began < 20

    def test_rtsp_to_what_speaks_another_language_is_refused_in_one_line(self, server, capfd):
        with pytest.raises(MediaError, match="answers, but not with a video") as caught:
            open_media(server.url("/live").replace("http", "rtsp"))
        assert "\n" not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("url", ["http://", "rtsp://me:pa/ss@host/1", "http://[::1/x", "rtsp://host:99999/", "http://a\n:x@/"])
    def test_a_url_that_names_no_host_is_refused(self, url):
        with pytest.raises(MediaError, match="names no host that can be read") as caught:
            open_media(url)
        assert "\n" not in str(caught.value)
        assert "ss@" not in str(caught.value)

    def test_a_host_behind_a_proxy_is_left_to_ffmpeg(self, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert why_unreachable("http://no-such-host.invalid/") is None
        assert why_unreachable("http://127.0.0.1:9/") is not None


class TestSecrets:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("rtsp://me:pw@host:554/a", "rtsp://***@host:554/a"),
            ("rtsp://me@host/a", "rtsp://***@host/a"),
            ("rtsp://me:p@w@host/a", "rtsp://***@host/a"),
            ("rtsp://me:12/34@host/a", "rtsp://***@host/a"),
            ("rtsp://me:p#w?x@host/a", "rtsp://***@host/a"),
            ("http://host/a?usr=me&pwd=x&res=hd", "http://host/a?usr=***&pwd=***&res=hd"),
            ("http://host/a?access_token=abc", "http://host/a?access_token=***"),
            ("rtsp://host/user=me_password=x_channel=1", "rtsp://host/user=***"),
            ("udp://@:1234", "udp://@:1234"),
            ("http://host/a", "http://host/a"),
            ("frames/me@home.png", "frames/me@home.png"),
            ("a\nb", "a?b"),
        ],
    )
    def test_users_and_passwords_are_hidden(self, url, shown):
        assert masked(url) == shown

    def test_they_are_used_and_nowhere_shown(self, server):
        media = open_media(server.url(f"/password?token={PASSWORD}", user=f"me:{PASSWORD}@"))
        with closing(media.frames()) as frames:
            frame = next(frames)
        facts = media.facts()
        assert facts.source == f"http://***@127.0.0.1:{server.server_port}/password?token=***"
        assert PASSWORD not in facts.model_dump_json() + frame.name

    def test_a_wrong_one_is_not_shown_either(self, server):
        with pytest.raises(MediaError, match=r"http://\*\*\*@127.0.0.1:\d+/password answers, but not") as caught:
            open_media(server.url("/password", user="me:wr0ng@"))
        assert "wr0ng" not in str(caught.value)
