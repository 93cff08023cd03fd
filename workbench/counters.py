"""The machine's counters: CPU time, container quotas and clocks, as far as the system tells them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


def usable_cores() -> int:
    """Count the cores that this process may run on (its affinity, where the system tells it)."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # psutil has it only where the system does
        return len(process.cpu_affinity())
    return psutil.cpu_count() or 1


def cgroup_folders(root: Path = Path("/")) -> tuple[Path, ...]:
    """Return the folders of this process's CPU control groups, its own first, then those above; none where there are no cgroups."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    folders: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        own = mount / path.lstrip("/")
        folders += [folder for folder in (own, *own.parents) if folder == mount or mount in folder.parents]
    return tuple(folder for folder in folders if folder.is_dir())


def quota_cores(root: Path = Path("/")) -> float | None:
    """Return how many cores the tightest CPU quota above this process allows; `None` where there is no quota."""
    limits = [limit for folder in cgroup_folders(root) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _limit(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota, period = (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
        return float(quota) / float(period) if quota.strip() not in {"max", "-1"} else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def throttled_times(root: Path = Path("/")) -> int | None:
    """Count how often quotas stopped this process's groups so far; `None` where nobody counts."""
    counts = []
    for folder in cgroup_folders(root):
        try:
            words = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if "nr_throttled" in words:
            counts.append(int(words["nr_throttled"]))
    return max(counts, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The machine's counters at one moment; `None` where the system does not tell."""

    at_seconds: float
    busy_seconds: float | None
    """CPU time that was spent on anything, all cores."""
    own_seconds: float
    """CPU time of this process and its children."""
    steal_seconds: float | None = None
    all_seconds: float | None = None
    """CPU time that passed, spent or idle, all cores."""
    throttled: int | None = None
    frequencies_mhz: tuple[float, ...] = ()
    full_frequency_mhz: float | None = None


def take_sample() -> Sample:
    """Read the counters: some hundred microseconds, so never within a timed part."""
    times = psutil.cpu_times()._asdict()
    # Linux counts guests' time in user time as well.
    everything = sum(seconds for name, seconds in times.items() if name not in {"guest", "guest_nice"})
    clocks = _clocks()
    resting = times["idle"] + times.get("iowait", 0.0) + times.get("steal", 0.0)
    return Sample(
        at_seconds=time.perf_counter(),
        busy_seconds=everything - resting if everything > 0 else None,
        own_seconds=_own_seconds(),
        steal_seconds=times.get("steal"),
        all_seconds=everything,
        throttled=throttled_times(),
        frequencies_mhz=tuple(core.current for core in clocks if core.current),
        full_frequency_mhz=max((core.max for core in clocks), default=0.0) or None,
    )


def _own_seconds() -> float:
    process = psutil.Process()
    own = process.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:  # it ended between the two calls; its parent counts it now
            continue
        spent += times.user + times.system + times.children_user + times.children_system
    return float(spent)


def _clocks() -> list[Any]:
    try:
        return list(psutil.cpu_freq(percpu=True) or [])
    except (AttributeError, NotImplementedError, OSError, RuntimeError):
        return []
