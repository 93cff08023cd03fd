"""The functions by which the workbench knows a machine again, as source text for a program that has no workbench."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from workbench.machine import _ask_for_gpus, _limit, cgroup_folders, cpu_name, gpu_names, package_names, quota_cores
from workbench.settings import usable_cores

FUNCTIONS: tuple[Callable[..., Any], ...] = (usable_cores, cgroup_folders, quota_cores, _limit, cpu_name, gpu_names, _ask_for_gpus)
NOTE_TO_LINTER = re.compile(r"  # noqa:.*")


def machine_functions() -> str:
    """Return their definitions, one after the other; they need `os`, `shutil`, `subprocess` and `Path`."""
    return "\n\n".join(NOTE_TO_LINTER.sub("", inspect.getsource(function)) for function in FUNCTIONS)


def packages() -> tuple[str, ...]:
    """Return the packages whose versions a record names, but for the workbench itself."""
    return tuple(name for name in package_names() if name != "workbench")
