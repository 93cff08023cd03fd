"""`workbench app`: the workbench alone as a web page, on this machine only and with its token on."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import DEFAULT_FRAMES, Frames, JsonFile, MediaArgument, Model

if TYPE_CHECKING:
    from workbench.view import Workbench

PAGE = Path(__file__).parent / "page"  # a folder of its own: the server gives its files to whoever has the token
NOTEBOOK = "workbench.ipynb"
ASKED = "WORKBENCH_APP"  # how the command tells the page's kernel what was asked for
# Voilà's page names style sheets and scripts on the internet; a browser that is told so asks nobody but this server.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"
FOLLOWS_SYSTEM = "workbench-page"  # light or dark as the system is, where Voilà's page is always light
TORNADO = {"headers": {"Content-Security-Policy": POLICY}}
# A kernel whose page was closed or loaded again ends, with its models. What a page shows comes as messages of widgets, which are no
# sign that somebody looks: a connection is, and a lost one has so long to come back.
UNWATCHED_SECONDS, LOOK_SECONDS = 90, 15
WIDGET_MESSAGES = ("comm_open", "comm_msg", "comm_close", "status", "stream", "display_data", "update_display_data", "clear_output")
SERVER = "workbench.cli.page_server"
EXTENSIONS = {
    SERVER: True,
    "voila.server_extension": False,
    "jupyterlab": False,
}  # ours holds Voilà's, which is enabled where it is installed


def app(
    model: Model = None,
    media: MediaArgument = None,
    arguments: Annotated[
        list[str] | None, typer.Option("--server", metavar="OPTION", help="Passed on to the server; paths in it are absolute.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    frames: Frames = DEFAULT_FRAMES,
    json_file: JsonFile = None,
) -> None:
    """Serve the workbench alone as a plain web page."""
    from workbench.cli.screen import console, write_json
    from workbench.cli.serving import check_root, serve
    from workbench.machine import import_path

    given = arguments or []
    check_root(given, "--server=--allow-root")
    own = (
        "--ServerApp.log_level=ERROR",
        f"--ServerApp.root_dir={PAGE}",
        f"--ServerApp.default_url=/voila/render/{NOTEBOOK}",
        f"--ServerApp.jpserver_extensions={EXTENSIONS}",
        f"--ServerApp.tornado_settings={TORNADO}",
        f"--ServerApp.open_browser={browser}",
        f"--ServerApp.kernel_manager_class={SERVER}.FewKernels",
        "--ServerApp.terminals_enabled=False",
        f"--MappingKernelManager.cull_idle_timeout={UNWATCHED_SECONDS}",
        f"--MappingKernelManager.cull_interval={LOOK_SECONDS}",
        "--MappingKernelManager.buffer_offline_messages=False",
        *(f"--MappingKernelManager.untracked_message_types={kind}" for kind in WIDGET_MESSAGES),
    )
    named = {word.partition("=")[0] for word in given}
    command = [sys.executable, "-m", "jupyter_server", *(word for word in own if word.partition("=")[0] not in named), *given]
    write_json(json_file, {"command": command})
    asked = {"detector": model, "media": media, "frames": frames}
    variables = {**import_path(), ASKED: json.dumps({"folder": str(Path.cwd()), "asked": asked})}
    if not {"JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE"} & os.environ.keys():
        variables["JUPYTER_TOKEN"] = secrets.token_hex(24)  # of its own one, Jupyter tells in ten lines

    def tell(facts: Mapping[str, Any]) -> None:
        address = f"{facts['url']}voila/render/{NOTEBOOK}?token={facts['token']}"
        console(json_file).print(f"The workbench is at {address} until Ctrl-C", soft_wrap=True)

    # In the page's folder: Voilà runs a voila.py that it finds in the current one.
    serve(command, variables, PAGE, tell)


def page() -> Workbench:
    """Return the workbench that the command asked for; what it writes goes where the command was given."""
    from workbench.view import Workbench

    given = json.loads(os.environ.get(ASKED, "{}"))
    os.chdir(given.get("folder", "."))
    workbench = Workbench(**given.get("asked", {}))
    workbench.add_class(FOLLOWS_SYSTEM)
    return workbench
