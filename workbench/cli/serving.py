"""A Jupyter server below a command, which ends with it."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from workbench.errors import SettingsError

ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # as far as the system has them
LOOK_SECONDS = 0.2  # between two looks whether the server has ended
SERVES_NOTHING = frozenset({"--version", "--help", "-h", "--help-all"})
END_SECONDS = 15.0  # for the server to end its kernels, each of which gets five


def check_root(given: Sequence[str], way: str) -> None:
    """Refuse to start a server as root where nobody allowed that: it would end, in words that do not say how.

    Args:
        given: The user's words for the server.
        way: What a user of this command adds.

    Raises:
        SettingsError: It is asked for as root, and neither these words nor the server's configuration allow it.
    """
    user = getattr(os, "geteuid", lambda: None)()  # Windows has none
    if user != 0 or SERVES_NOTHING.intersection(given) or any("allow-root" in word or "allow_root" in word for word in given):
        return
    from jupyter_server.serverapp import ServerApp

    app = ServerApp()
    app.load_config_file()
    if not app.config.ServerApp.get("allow_root"):
        raise SettingsError(f"Jupyter serves root only where that is allowed, and you are root; add {way}")


def serve(
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
    started: Callable[[Mapping[str, Any]], None] | None = None,
) -> NoReturn:
    """Run a server until it ends, or until this process is told to end; nothing of it runs on then.

    A signal reaches this process alone: Jupyter's own answer to Ctrl-C is a question, and to SIGHUP none.

    Args:
        command: What is started.
        variables: Of the environment, beside those of this process.
        folder: Where it runs; the current one by default.
        started: Told once what the server says of itself, `url` and `token` among it.
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
        if started is not None and (facts := _facts(server.pid)):
            started(facts)
            started = None
    if server.poll() is None:
        _end(server)
    raise SystemExit(128 + signals[0] if signals else server.returncode)


def _facts(process: int) -> dict[str, Any]:
    """Return what a Jupyter server writes of itself for others to find it; nothing before it has."""
    from jupyter_core.paths import jupyter_runtime_dir

    try:
        return dict(json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{process}.json").read_bytes()))
    except (OSError, ValueError):  # not there, or not whole yet
        return {}


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
