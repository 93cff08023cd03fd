"""A Jupyter server below a command, which ends with it."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # as far as the system has them
LOOK_SECONDS = 0.2  # between two looks whether the server has ended
END_SECONDS = 15.0  # for the server to end its kernels, each of which gets five


def serve(command: Sequence[str], variables: Mapping[str, str] | None = None, folder: Path | None = None) -> NoReturn:
    """Run a server until it ends, or until this process is told to end; nothing of it runs on then.

    A signal reaches this process alone: Jupyter's own answer to Ctrl-C is a question, and to SIGHUP none.

    Args:
        command: What is started.
        variables: Of the environment, beside those of this process.
        folder: Where it runs; the current one by default.
    """
    told = threading.Event()
    signals = []

    def end(number: int, _: object) -> None:
        signals.append(number)
        told.set()

    for name in ENDINGS:
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, end)
    environment = {**os.environ, **(variables or {})}
    server = subprocess.Popen(  # noqa: S603 - our own interpreter, the user's words
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True
    )
    while server.poll() is None and not told.wait(LOOK_SECONDS):
        pass
    if server.poll() is None:
        _end(server)
    raise SystemExit(128 + signals[0] if signals else server.returncode)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End a server in order: it ends its kernels. What is left after that is killed; each kernel has a session of its own."""
    import psutil

    with suppress(psutil.Error):
        below = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(END_SECONDS)
        for process in below:
            with suppress(psutil.Error):
                process.kill()
    server.kill()
    server.wait()
