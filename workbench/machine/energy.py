"""What the processor's own counters say of its energy (RAPL), where this user may read them: https://docs.kernel.org/power/powercap/powercap.html.

They count whole processors, whoever has them work. Virtual machines have none, and most systems show them to root alone.
"""

from collections.abc import Callable
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
PACKAGES = "intel-rapl:[0-9]"  # whole processors; AMD's are called so too. What is inside one (`intel-rapl:0:0`) is counted there

Joules = Callable[[], float]
"""The joules since it was made."""


def energy_meter(root: Path = POWERCAP) -> Joules | None:
    """Return what counts the joules of all processors from now on; `None` where one cannot be read."""
    zones = sorted(root.glob(PACKAGES))
    try:
        tops = [_counted(zone, "max_energy_range_uj") for zone in zones]
        last = [_counted(zone, "energy_uj") for zone in zones]
    except (OSError, ValueError):
        return None
    total = 0

    def joules() -> float:
        nonlocal total, last
        now = [_counted(zone, "energy_uj") for zone in zones]
        total += sum(new - old if new >= old else new - old + top for new, old, top in zip(now, last, tops, strict=True))
        last = now
        return total / 1e6

    return joules if zones else None


def _counted(zone: Path, name: str) -> int:
    return int((zone / name).read_text())
