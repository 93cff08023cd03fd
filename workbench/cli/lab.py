"""`workbench lab`: JupyterLab on the guided notebooks, on this machine only and with its token on."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import JsonFile

FOLDER_OPTIONS = ("--notebook-dir", "--ServerApp.root_dir")  # where somebody names another folder
CHECKOUT = Path(__file__).parents[2] / "notebooks"
INSTALLED = Path(__file__).parents[1] / "notebooks"  # where an installed package carries them
EXTENSIONS = Path(__file__).parents[1] / "view" / "labextensions"  # JupyterLab finds those of a checkout only where it is told
OWN_COPY = "workbench-notebooks"
ASKS_FOR_NEWS = "@jupyterlab/apputils-extension:announcements"  # over the notebook, and asks the internet for them


def lab(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to JupyterLab, after --.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Open JupyterLab on the guided notebooks."""
    from workbench.cli.screen import write_json
    from workbench.cli.serving import check_root, serve
    from workbench.files import temporary_folder, write_whole

    given = arguments or []
    named = any(word.startswith(FOLDER_OPTIONS) for word in given)
    own = () if named else (f"--ServerApp.root_dir={_notebooks(json_file)}",)
    check_root(given, "-- --allow-root")
    # -P: the server imports nothing from the current folder. Kernels have their notebook's folder there, as in any Jupyter.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--LabApp.extra_labextensions_path={EXTENSIONS}", *own, *given]
    write_json(json_file, {"command": command})
    with temporary_folder("lab") as folder:
        (Path(folder) / "labconfig").mkdir()
        write_whole(Path(folder) / "labconfig" / "page_config.json", json.dumps({"disabledExtensions": {ASKS_FOR_NEWS: True}}))
        paths = [folder, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
        serve(command, {"JUPYTER_CONFIG_PATH": os.pathsep.join(paths)})


def _notebooks(json_file: str | None) -> Path:
    """Return a checkout's own notebooks; else copies in the current folder, for what is installed is not to be changed."""
    if not INSTALLED.is_dir():
        return CHECKOUT
    from workbench.cli.screen import console
    from workbench.errors import SaveError
    from workbench.files import write_whole

    folder = Path.cwd() / OWN_COPY
    try:
        folder.mkdir(exist_ok=True)
        missing = [path for path in sorted(INSTALLED.glob("*.ipynb")) if not (folder / path.name).exists()]
        for path in missing:
            write_whole(folder / path.name, path.read_bytes())
    except OSError as error:
        reason = error.strerror or error
        raise SaveError(f"cannot copy the notebooks to {folder}: {reason}; run `workbench lab` in a folder of yours") from error
    console(json_file).print(f"{len(missing)} notebooks copied to {folder}; those that were there are kept")
    return folder
