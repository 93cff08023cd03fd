"""What this machine is, and which versions of what matters to times."""

import platform
from functools import cache
from pathlib import Path

import psutil
from pydantic import Field

from workbench.hardware import CPUINFO, gpu_names, machine_id, package_names, stated_cpu_name, usable_cores, versions
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


@cache
def environment() -> EnvironmentFacts:
    """Describe this machine without loading TensorFlow; holds no name of the machine or of its user."""
    cpu, cores, gpus = cpu_name(), usable_cores(), gpu_names()
    memory_bytes = int(psutil.virtual_memory().total)
    return EnvironmentFacts(
        machine_id=machine_id(cpu, cores, memory_bytes, gpus),
        cpu=cpu,
        cores=cores,
        memory_bytes=memory_bytes,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        gpus=gpus,
        versions=versions((*package_names(), "workbench")),
    )


def cpu_name(cpuinfo_file: Path = CPUINFO) -> str:
    """Return the processor's name; py-cpuinfo takes a second, so it is asked only where the system's file is silent."""
    stated = stated_cpu_name(cpuinfo_file)
    if stated:
        return stated
    from cpuinfo import get_cpu_info

    return str(get_cpu_info().get("brand_raw") or platform.machine())
