"""`workbench app`: the workbench alone as a web page, on this machine only and with its token on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.screen import write_json

if TYPE_CHECKING:
    from workbench.view import Workbench

PAGE = Path(__file__).parent / "page"  # a folder of its own: the server gives its files to whoever has the token
NOTEBOOK = "workbench.ipynb"
ASKED = "WORKBENCH_APP"  # how the command tells the page's kernel what was asked for
# Voilà's page names style sheets and scripts on the internet; a browser that is told so asks nobody but this server.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"
FOLLOWS_SYSTEM = "workbench-page"  # light or dark as the system is, where Voilà's page is always light
TORNADO = {"headers": {"Content-Security-Policy": POLICY}}
EXTENSIONS = {"voila.server_extension": True, "jupyterlab": False}


def serve(asked: dict[str, object], arguments: tuple[str, ...], json_file: str | None, *, browser: bool) -> None:
    """Serve the page and wait until the server ends; its exit status becomes ours.

    Args:
        asked: Arguments of `Workbench`.
        arguments: Of the server.
        json_file: Where the command that serves is written.
        browser: Whether to open the page in one.
    """
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        f"--ServerApp.root_dir={PAGE}",
        f"--ServerApp.default_url=/voila/render/{NOTEBOOK}",
        f"--ServerApp.jpserver_extensions={EXTENSIONS}",
        f"--ServerApp.tornado_settings={TORNADO}",
        f"--ServerApp.open_browser={browser}",
        *arguments,
    ]
    write_json(json_file, json.dumps({"schema": 1, "command": command}))
    environment = {**os.environ, ASKED: json.dumps({"folder": str(Path.cwd()), "asked": asked})}
    raise SystemExit(subprocess.run(command, check=False, env=environment).returncode)  # noqa: S603 - our own interpreter


def page() -> "Workbench":
    """Return the workbench that the command asked for; what it writes goes where the command was given."""
    from workbench.view import Workbench

    given = json.loads(os.environ.get(ASKED, "{}"))
    os.chdir(given.get("folder", "."))
    workbench = Workbench(**given.get("asked", {}))
    workbench.add_class(FOLLOWS_SYSTEM)
    return workbench
