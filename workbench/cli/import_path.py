"""Imported before all else of the command line, so that no file beside a model is imported in the place of a module.

The command itself does not have the current folder on its path, but for an empty or relative entry of PYTHONPATH. What Python
imports of its own before the first line of a program (`site`, `sitecustomize`) is past our reach there.
"""

import os
import sys

GIVEN = os.environ.get("PYTHONPATH")

for entry in GIVEN.split(os.pathsep) if GIVEN else ():  # Python passes over a variable that is empty
    if not os.path.isabs(entry) and (current := os.path.abspath(entry)) in sys.path:  # noqa: PTH100, PTH117 - pathlib lies in a file
        sys.path.remove(current)
