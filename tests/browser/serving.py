"""The workbench as people open it, JupyterLab and the page alone, each on a server of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TOKEN = "only-for-this-test"  # noqa: S105 - of a server that lives for a minute
SETTINGS = "lab-settings"
START_SECONDS = 120
FRAMES = 24  # that a measurement on the page times: enough to see that it works


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def serving(folder: Path, command: list[str], server_option: str) -> Iterator[str]:
    """Start a command of ours that serves, and give its address; at the end nothing of it runs on."""
    port = free_port()
    options = [f"--port={port}", f"--IdentityProvider.token={TOKEN}", "--allow-root"]
    words = [str(Path(sys.executable).parent / "workbench"), *command, *(server_option + option for option in options)]
    homes = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    homes["JUPYTERLAB_SETTINGS_DIR"] = str(folder / SETTINGS)
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(words, cwd=folder, env={**os.environ, **homes}, stdout=log, stderr=log, start_new_session=True)
        try:
            end = time.monotonic() + START_SECONDS
            while not answers(f"http://127.0.0.1:{port}/api"):
                assert server.poll() is None, (folder / "server.log").read_text()[-3000:]
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@contextmanager
def in_jupyterlab(context: BrowserContext, folder: Path, notebook: Path) -> Iterator[Page]:
    """Open a notebook in JupyterLab and run it from top to bottom."""
    root = folder / "notebooks"
    root.mkdir()
    shutil.copy(notebook, root)
    command = ["lab", "--", "--no-browser", "--expose-app-in-browser", f"--ServerApp.root_dir={root}"]
    with serving(folder, command, "") as address:
        page = context.new_page()
        page.set_viewport_size({"width": 1920, "height": 1400})
        page.goto(f"{address}/lab/tree/{notebook.name}?token={TOKEN}&reset")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.get_by_text(re.compile(r"\| Idle$")).wait_for()  # what runs before the kernel is there is lost
        run(page, "notebook:run-all-cells")
        yield page


@contextmanager
def as_a_page(context: BrowserContext, folder: Path, *given: str) -> Iterator[Page]:
    """Open `workbench app`, with a model and media where they are given."""
    with serving(folder, ["app", *given, "--no-browser", f"--frames={FRAMES}"], "--server=") as address:
        page = context.new_page()
        page.goto(f"{address}/voila/render/workbench.ipynb?token={TOKEN}")
        yield page


def run(page: Page, command: str, arguments: dict[str, str] | None = None) -> None:
    """Let JupyterLab execute one of its commands, as a click on its menu would."""
    page.evaluate("([name, given]) => void window.jupyterapp.commands.execute(name, given)", [command, arguments or {}])


def role(page: Page, name: str) -> Locator:
    """Find a part of the workbench."""
    return page.locator(f'[data-role="{name}"]')


def control(page: Page, name: str) -> Locator:
    """Find a setting's control."""
    return page.locator(f'[data-name="{name}"]')
