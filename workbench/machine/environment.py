"""What this machine is, and which versions of what matters to times."""

import hashlib
import platform
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from pydantic import Field

from workbench.catalogue import ENGINES
from workbench.machine.counters import quota_cores
from workbench.settings import usable_cores
from workbench.timing import Value


class EnvironmentFacts(Value):
    """Which machine, and which versions of what mattered. `machine_id` is equal exactly where times may be compared."""

    machine_id: str
    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    gpus: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)


OTHER_PACKAGES = ("keras", "opencv-python", "opencv-python-headless", "numpy", "pillow", "workbench")
GIB = 1024**3


@cache
def environment() -> EnvironmentFacts:
    """Describe this machine without loading TensorFlow; holds no name of the machine or of its user.

    `machine_id` covers what times depend on and people cannot change by an update: processor, usable cores, container quota, memory
    to the GiB (firmware and kernels reserve a little more or less), kind of system and GPUs. Two rented machines of one kind
    have the same id. Versions are listed beside it, because comparing them is what people want.
    """
    cpu, cores, gpus = cpu_name(), usable_cores(), gpu_names()
    memory_bytes = int(psutil.virtual_memory().total)
    kind = (cpu, cores, quota_cores(), round(memory_bytes / GIB), platform.system(), platform.machine(), gpus)
    return EnvironmentFacts(
        machine_id=hashlib.sha256(repr(kind).encode()).hexdigest()[:16],
        cpu=cpu,
        cores=cores,
        memory_bytes=memory_bytes,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        gpus=gpus,
        versions=_versions(),
    )


def package_names() -> tuple[str, ...]:
    """Name the packages whose versions times may depend on: what the engines run on, and what else frames pass."""
    return tuple(dict.fromkeys((*(one.name for row in ENGINES.values() for one in row.packages[:1]), *OTHER_PACKAGES)))


def _versions() -> dict[str, str]:
    found = {}
    for name in package_names():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cpu_name(cpuinfo_file: Path = Path("/proc/cpuinfo")) -> str:
    """Read the processor's name; py-cpuinfo takes a second, so it is asked only where this file is silent."""
    try:
        for line in cpuinfo_file.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    except OSError:
        pass
    from cpuinfo import get_cpu_info

    return str(get_cpu_info().get("brand_raw") or platform.machine())


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
