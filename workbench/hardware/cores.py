"""How many of the machine's cores this process may use."""

import os
from pathlib import Path


def usable_cores() -> int:
    """Count the cores that this process may run on (its affinity, where the system tells it)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


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
