"""Sizes and times as people write them in options: `200MB`, `1.5GiB`, `500ms`, `10m`."""

import re
from collections.abc import Mapping
from typing import Annotated, TypedDict

import typer

from workbench.errors import SettingsError

SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
BYTES = {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30}
SUCH_SIZES = "a size with its unit, such as 200MB or 1.5GiB"
QUANTITY = re.compile(r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*([a-z]*)")


def quantity(text: str, option: str, units: Mapping[str, float], such: str) -> float:
    """Read a number with its unit.

    Args:
        text: What stands behind an option.
        option: Its name.
        units: What one of each unit is, by lower-case name; `""` where there may be none.
        such: What to write instead, for the error.

    >>> quantity("200MB", "--max-memory", BYTES, "200MB"), quantity("1.5 h", "--time", SECONDS, "1h")
    (200000000.0, 5400.0)

    Raises:
        SettingsError: It is no such text, or nothing.
    """
    found = QUANTITY.fullmatch(text.strip().lower())
    value = float(found[1]) * units.get(found[2], 0.0) if found else 0.0
    if not value:
        raise SettingsError(f"{option} is {text!r}; write {such}")
    return value


def seconds_of(text: str, option: str = "--time", such: str = "seconds, minutes or hours, such as 90s, 10m or 1h") -> float:
    """Read how long something may take. Raises like `quantity`."""
    return quantity(text, option, SECONDS, such)


class WeightLimits(TypedDict):
    """Limits of what a setting weighs, as a budget takes them."""

    max_memory: float | None
    max_startup: float | None


MaxMemory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Memory of a process that does nothing else, at most, such as 200MB.")
]
MaxStartup = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time from its start to its first result, at most, such as 2s or 500ms.")
]


def weight_limits(max_memory: str | None, max_startup: str | None) -> WeightLimits:
    """Read both, as a budget takes them. Raises like `quantity`."""
    return {
        "max_memory": None if max_memory is None else quantity(max_memory, "--max-memory", BYTES, SUCH_SIZES),
        "max_startup": None if max_startup is None else seconds_of(max_startup, "--max-startup", "a time such as 2s or 500ms"),
    }
