"""Which kind of machine this is, and which versions of what matters to times."""

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench.catalogue import ENGINES
from workbench.hardware.cores import quota_cores

CPUINFO = Path("/proc/cpuinfo")
GIB = 1024**3
OTHER_PACKAGES = ("keras", "opencv-python", "opencv-python-headless", "numpy", "pillow")


def machine_id(cpu: str, cores: int, memory_bytes: int, gpus: tuple[str, ...]) -> str:
    """Return what is equal exactly where times may be compared.

    It covers what times depend on and people cannot change by an update: processor, usable cores, container quota, memory to the
    GiB (firmware and kernels reserve a little more or less), kind of system and GPUs. Two rented machines of one kind have the
    same id. Versions are listed beside it in a record, because comparing them is what people want.
    """
    kind = (cpu, cores, quota_cores(), round(memory_bytes / GIB), platform.system(), platform.machine(), gpus)
    return hashlib.sha256(repr(kind).encode()).hexdigest()[:16]


def package_names() -> tuple[str, ...]:
    """Name the packages whose versions times may depend on: what the engines run on, and what else frames pass."""
    return tuple(dict.fromkeys((*(one.name for row in ENGINES.values() for one in row.packages[:1]), *OTHER_PACKAGES)))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    found = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def stated_cpu_name(cpuinfo_file: Path = CPUINFO) -> str:
    """Read the processor's name from the system's file; empty where there is none, or it does not say."""
    with suppress(OSError):
        for line in cpuinfo_file.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
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
