"""`workbench lab`: JupyterLab on the guided notebooks, on this machine only and with its token on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import JsonFile

FOLDER_OPTIONS = ("--notebook-dir", "--ServerApp.root_dir")  # where somebody names another folder
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def lab(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to JupyterLab, after --.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Open JupyterLab on the guided notebooks."""
    from workbench.cli.screen import write_json

    given = arguments or []
    folder = NOTEBOOKS if NOTEBOOKS.is_dir() else Path.cwd()
    own = () if any(word.startswith(FOLDER_OPTIONS) for word in given) else (f"--ServerApp.root_dir={folder}",)
    command = [sys.executable, "-m", "jupyterlab", *own, *given]
    write_json(json_file, json.dumps({"schema": 1, "command": command}))
    raise SystemExit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter, the user's words
