"""Makes a Python of Linux as poor as those of other systems; loaded by itself where this folder is on the path.

What other systems lack goes from `os`, and `/proc` and `/sys` are not there for the package's own code. (`signal.SIGKILL` and
`fcntl` stay, and some more: libraries use them on Linux.)
"""

import os
import sys
from pathlib import Path

from not_everywhere import TAKEN_AWAY

FOLDERS = ("/proc", "/sys")
PACKAGE = str(Path(__file__).resolve().parents[2] / "workbench")
ASKED = frozenset({"open", "os.listdir", "os.scandir"})

refused: list[str] = []
"""Files that the package asked for in vain."""


def hide_files(event: str, arguments: tuple[object, ...]) -> None:
    if event in ASKED and isinstance(arguments[0], str | bytes | os.PathLike):
        path = os.fsdecode(arguments[0])
        if path.startswith(FOLDERS) and asked_by_the_package():
            refused.append(path)
            raise FileNotFoundError(path)


def asked_by_the_package() -> bool:
    """Tell whether the package, and no library, is the nearest caller that is not of Python's own library."""
    frame = sys._getframe(2)
    while frame is not None and "site-packages" not in frame.f_code.co_filename:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return True
        frame = frame.f_back
    return False


for name in TAKEN_AWAY:
    delattr(os, name)
sys.addaudithook(hide_files)
