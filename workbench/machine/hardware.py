"""What kind of machine this is, by the standard library alone: exported programs hold this module, and records of both compare."""

import hashlib
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
GIB = 1024**3
PACKAGES = (
    "tensorflow",
    "keras",
    "ai-edge-litert",
    "openvino",
    "onnxruntime",
    "opencv-python",
    "opencv-python-headless",
    "numpy",
    "pillow",
    "workbench",
)


def machine_id(cpu: str, cores: int, memory_bytes: int, gpus: tuple[str, ...]) -> str:
    """Return what is equal exactly where times may be compared.

    It covers what times depend on and people cannot change by an update: processor, usable cores, container quota, memory to the
    GiB (firmware and kernels reserve a little more or less), kind of system and GPUs. Two rented machines of one kind have the
    same id. Versions are listed beside it in a record, because comparing them is what people want.
    """
    kind = (cpu, cores, quota_cores(), round(memory_bytes / GIB), platform.system(), platform.machine(), gpus)
    return hashlib.sha256(repr(kind).encode()).hexdigest()[:16]


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


def versions() -> dict[str, str]:
    """Return the versions of `PACKAGES` that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def stated_cpu_name(cpuinfo_file: Path = CPUINFO) -> str:
    """Read the processor's name from the system's file; empty where there is none, or it does not say."""
    try:
        for line in cpuinfo_file.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    except OSError:
        pass
    return ""


def gpu_names(driver: Path = Path("/proc/driver/nvidia/gpus"), program: str = "nvidia-smi") -> tuple[str, ...]:
    """Name the NVIDIA GPUs that the driver shows, without loading TensorFlow; empty where there are none.

    Whether TensorFlow can use them is for the engines to find out. Asks `nvidia-smi` where the driver's files are missing.
    """
    try:
        information = [(folder / "information").read_text() for folder in sorted(driver.iterdir())]
    except OSError:
        return _ask_for_gpus(program)
    lines = [line.partition(":") for text in information for line in text.splitlines()]
    return tuple(value.strip() for name, _, value in lines if name.strip() == "Model")


def _ask_for_gpus(program: str) -> tuple[str, ...]:
    found = shutil.which(program)
    if found is None:
        return ()
    command = [found, "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())
