"""`workbench lab`: JupyterLab on the guided notebooks, on this machine only and with its token on."""

import json
import subprocess
import sys
from pathlib import Path

from workbench.cli.screen import write_json

FOLDER_OPTIONS = ("--notebook-dir", "--ServerApp.root_dir")  # where somebody names another folder
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def open_lab(arguments: tuple[str, ...], json_file: str | None) -> None:
    """Start JupyterLab and wait until it ends; its exit status becomes ours."""
    folder = NOTEBOOKS if NOTEBOOKS.is_dir() else Path.cwd()
    own = () if any(word.startswith(FOLDER_OPTIONS) for word in arguments) else (f"--ServerApp.root_dir={folder}",)
    command = [sys.executable, "-m", "jupyterlab", *own, *arguments]
    write_json(json_file, json.dumps({"schema": 1, "command": command}))
    raise SystemExit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter, the user's words
