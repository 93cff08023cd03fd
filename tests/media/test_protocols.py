"""Streams by UDP and RTSP: a transport stream that the test itself sends, by the smallest server that FFmpeg talks to."""

import io
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import closing

import av
import numpy as np
import pytest

from workbench.errors import MediaError
from workbench.media import open_media
from workbench.media.stream import Stream, open_stream

HEIGHT, WIDTH = 48, 96
PACKET = 7 * 188  # bytes of a transport stream that fit into a datagram
PERIOD_SECONDS = 0.002  # between packets
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """Some seconds of a transport stream."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 5
        for index in range(500):
            frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), index % 250, np.uint8), "rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = file.getvalue()
    return [content[start : start + PACKET] for start in range(0, len(content), PACKET)]


class Rtsp(socketserver.ThreadingTCPServer):
    """RFC 2326 as far as one track goes that travels between the answers; RFC 2250 for what it holds."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, packets: list[bytes], most: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), RtspHandler)
        self.packets = packets if most is None else packets[:most]
        self.played = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.server_address[1]}/live"

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up is expected to."""


class RtspHandler(socketserver.StreamRequestHandler):
    server: Rtsp

    def handle(self) -> None:
        while (first := self.rfile.readline().decode()).strip():
            headers = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            method = first.split()[0]
            self.answer(method, headers["cseq"])
            if method == "PLAY":
                self.play()
                return

    def answer(self, method: str, number: str) -> None:
        more, body = {
            "OPTIONS": ("Public: DESCRIBE, SETUP, PLAY\r\n", ""),
            "DESCRIBE": ("Content-Type: application/sdp\r\n", SDP),
            "SETUP": ("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""),
            "PLAY": ("Session: 1\r\n", ""),
        }[method]
        self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def play(self) -> None:
        self.server.played += 1
        for number, packet in enumerate(self.server.packets):
            if self.server.over.wait(PERIOD_SECONDS):
                return
            rtp = struct.pack(">BBHII", 0x80, 33, number % 65536, number * 3600, 1) + packet
            self.wfile.write(struct.pack(">cBH", b"$", 0, len(rtp)) + rtp)
        if len(self.server.packets) < 200:
            self.server.over.wait(30)  # a short one stalls


def serve(server: Rtsp) -> Iterator[Rtsp]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def rtsp(packets) -> Iterator[Rtsp]:
    yield from serve(Rtsp(packets))


@pytest.fixture
def rtsp_that_stalls(packets) -> Iterator[Rtsp]:
    yield from serve(Rtsp(packets, 150))


@pytest.fixture
def udp(packets) -> Iterator[str]:
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def send() -> None:
            while True:
                for packet in packets:
                    if over.wait(PERIOD_SECONDS):
                        return
                    sender.sendto(packet, ("127.0.0.1", port))

        thread = threading.Thread(target=send)
        thread.start()
        yield f"udp://127.0.0.1:{port}"
        over.set()
        thread.join()


def test_frames_come_by_rtsp(rtsp):
    media = open_media(rtsp.url)
    facts = media.facts()
    assert (facts.kind, facts.name, facts.size_hw, facts.endless) == ("stream", rtsp.url, (HEIGHT, WIDTH), True)
    with closing(media.frames()) as frames:
        assert [next(frames).index for _ in range(5)] == list(range(5))


def test_an_rtsp_stream_that_stalls_is_opened_again(rtsp_that_stalls):
    media = open_stream(rtsp_that_stalls.url, (0.1, 0.2), 1.0)
    assert isinstance(media, Stream)
    with closing(media.frames()) as frames:
        while not media.reconnects:
            next(frames)
        next(frames)
    assert rtsp_that_stalls.played >= 3


def test_frames_come_by_udp(udp):
    media = open_media(udp)
    assert (media.facts().kind, media.facts().size_hw) == ("stream", (HEIGHT, WIDTH))
    with closing(media.frames()) as frames:
        assert [next(frames).index for _ in range(5)] == list(range(5))


@pytest.mark.slow
def test_a_udp_port_to_which_nobody_sends_is_given_up():
    with pytest.raises(MediaError, match="not with a video that OpenCV can read; check the address"):
        open_media("udp://127.0.0.1:9")
