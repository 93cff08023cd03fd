"""A server of streams and videos by HTTP: what plays, what stalls, what breaks off, each at its own path."""

import base64
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from workbench.media.backend import opencv

cv2 = opencv()  # and not `import cv2`: FFmpeg is told to be silent before its first video, or never
HEIGHT, WIDTH = 48, 96
FRAMES = 20
FPS = 25.0
PERIOD_SECONDS = 0.02
SHORT = 40  # pictures, after which a server stalls or hangs up: FFmpeg looks at a few before it opens
PASSWORD = "s3cret"  # noqa: S105 - it opens nothing but this


def jpeg(grey: int) -> bytes:
    return cv2.imencode(".jpg", np.full((HEIGHT, WIDTH, 3), grey, np.uint8))[1].tobytes()


@cache
def video() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save_video(Path(folder) / "clip.webm")


def save_video(path: Path) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"VP80"), FPS, (WIDTH, HEIGHT))
    for index in range(FRAMES):
        writer.write(np.full((HEIGHT, WIDTH, 3), 10 * index, np.uint8))
    writer.release()
    return path.read_bytes()


class Server(ThreadingHTTPServer):
    """Serves by path, `files` among them; `connections` counts who asked for one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.video = video()
        self.connections: dict[str, int] = {}
        self.over = threading.Event()

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up is expected to."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        count = self.server.connections[path] = self.server.connections.get(path, 0) + 1
        if path in self.server.files:
            self.part(self.server.files[path])
        else:
            PATHS.get(path, Handler.nothing)(self, count)

    def part(self, content: bytes) -> None:
        """Send a file from where it is wanted: what describes an MP4 stands at its end."""
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def nothing(self, _: int) -> None:
        self.send_error(404)

    def page(self, _: int) -> None:
        self.answer("text/html", b"<html>hello</html>")

    def file(self, _: int) -> None:
        self.answer("video/webm", self.server.video)

    def half_a_file(self, count: int) -> None:
        whole = self.server.video
        self.answer("video/webm", whole, whole if count == 1 else whole[: len(whole) // 2])

    def answer(self, kind: str, content: bytes, sent: bytes | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if sent is None else sent)

    def silence(self, _: int) -> None:
        self.server.over.wait(30)

    def live(self, _: int) -> None:
        self.pictures(None)

    def stalls(self, _: int) -> None:
        self.pictures(SHORT)
        self.server.over.wait(30)

    def stalls_once(self, count: int) -> None:
        self.pictures(SHORT if count == 2 else None)  # the first connection is the look
        self.server.over.wait(30)

    def hangs_up(self, _: int) -> None:
        self.pictures(SHORT)

    def dies(self, count: int) -> None:
        if count <= 2:
            self.pictures(SHORT)
        else:
            self.send_error(503)

    def with_password(self, count: int) -> None:
        if self.headers.get("Authorization") == f"Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}":
            self.live(count)
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()

    def pictures(self, total: int | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        sent = 0
        while (total is None or sent < total) and not self.server.over.wait(PERIOD_SECONDS):
            content = jpeg(sent % 250)
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(content))
            self.wfile.write(content + b"\r\n")
            sent += 1


PATHS: dict[str, Callable[[Handler, int], None]] = {
    "/page": Handler.page,
    "/clip.webm": Handler.file,
    "/half.webm": Handler.half_a_file,
    "/silent": Handler.silence,
    "/live": Handler.live,
    "/stalls": Handler.stalls,
    "/stalls-once": Handler.stalls_once,
    "/hangs-up": Handler.hangs_up,
    "/dies": Handler.dies,
    "/password": Handler.with_password,
}


@contextmanager
def serving(files: Mapping[str, bytes] = {}) -> Iterator[Server]:
    with Server(files) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield running
        finally:
            running.over.set()
            running.shutdown()
            thread.join()
