"""`workbench lab`: JupyterLab on the guided notebooks, on this machine only and with its token on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from workbench.cli.screen import console, write_json
from workbench.errors import SaveError

FOLDER_OPTIONS = ("--notebook-dir", "--ServerApp.root_dir")  # where somebody names another folder
CHECKOUT = Path(__file__).parents[2] / "notebooks"
INSTALLED = Path(__file__).parents[1] / "notebooks"  # where an installed package carries them
OWN_COPY = "workbench-notebooks"


def open_lab(arguments: tuple[str, ...], json_file: str | None) -> None:
    """Start JupyterLab and wait until it ends; its exit status becomes ours.

    Raises:
        SaveError: The notebooks cannot be copied into the current folder.
    """
    named = any(word.startswith(FOLDER_OPTIONS) for word in arguments)
    own = () if named else (f"--ServerApp.root_dir={_notebooks(json_file)}",)
    command = [sys.executable, "-m", "jupyterlab", *own, *arguments]
    write_json(json_file, json.dumps({"schema": 1, "command": command}))
    raise SystemExit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter, the user's words


def _notebooks(json_file: str | None) -> Path:
    """Return a checkout's own notebooks; else copies in the current folder, for what is installed is not to be changed."""
    if not INSTALLED.is_dir():
        return CHECKOUT
    folder = Path.cwd() / OWN_COPY
    try:
        folder.mkdir(exist_ok=True)
        missing = [path for path in sorted(INSTALLED.glob("*.ipynb")) if not (folder / path.name).exists()]
        for path in missing:
            shutil.copyfile(path, folder / path.name)
    except OSError as error:
        reason = error.strerror or error
        raise SaveError(f"cannot copy the notebooks to {folder}: {reason}; run `workbench lab` in a folder of yours") from error
    console(json_file).print(f"{len(missing)} notebooks copied to {folder}; those that were there are kept", markup=False)
    return folder
