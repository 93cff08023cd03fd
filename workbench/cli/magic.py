"""`%load_ext workbench`: the command line in a notebook's cell, which returns what it measured."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from workbench.cli.options import SERVERS
from workbench.errors import one_line
from workbench.files import temporary_folder
from workbench.machine import import_path
from workbench.record import Record, Records

# It ends with the kernel, however that ends: nobody would read what it finds.
PROGRAM = "from workbench.machine import end_with_parent; end_with_parent(); from workbench.cli import main; main()"
COMMAND = (sys.executable, "-P", "-c", PROGRAM)
JSON_OPTION = "--json"
STOPPING_SECONDS = 30.0  # that a command has to write down what it measured


def run_line(line: str) -> Records | dict[str, Any] | None:
    """Run `%workbench COMMAND …` as the command line does, in a process of its own: it cannot take the kernel with it.

    Returns:
        The records that it gives as JSON; of commands that give something else, that; `None` where it failed, which it says.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        say(f"{error}; close what was opened")
        return None
    if words and words[0] in SERVERS:
        say(f"{words[0]} runs until it is stopped; start it in a terminal, or make a Workbench() here")
        return None
    with temporary_folder("magic") as folder:
        path = Path(folder) / "result.json"
        asks = bool(words) and JSON_OPTION not in words
        _run([*words, *([JSON_OPTION, str(path)] if asks else [])])
        return _read(path) if path.is_file() else None


def say(line: str) -> None:
    """Print a line of ours below a cell."""
    sys.stdout.write(f"workbench: {one_line(line)}\n")


def _run(words: list[str]) -> None:
    environment = {**os.environ, **import_path()}
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    # In a session of its own: Jupyter interrupts the kernel's whole group, and a second interrupt cuts off the answer to the first.
    options["start_new_session"] = True
    with subprocess.Popen([*COMMAND, *words], env=environment, **options) as child:  # noqa: S603 - who types here may run anything
        assert child.stdout is not None, "it is a pipe"
        try:
            for line in child.stdout:
                sys.stdout.write(line)
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            try:
                sys.stdout.write(child.communicate(timeout=STOPPING_SECONDS)[0])
            except subprocess.TimeoutExpired:
                child.kill()


def _read(path: Path) -> Records | dict[str, Any]:
    tree = json.loads(path.read_bytes())
    rows = tree if isinstance(tree, list) else [tree]
    if all("settings" in row and "detector" in row for row in rows):
        return Records(Record.from_tree(row) for row in rows)
    return dict(tree)
