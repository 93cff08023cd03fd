"""The hardware: which kind of machine this is. By the standard library alone: exported programs hold copies of this room."""

from workbench.hardware.cores import cgroup_folders, quota_cores, usable_cores
from workbench.hardware.identity import CPUINFO, gpu_names, machine_id, package_names, stated_cpu_name, versions

__all__ = [
    "CPUINFO",
    "cgroup_folders",
    "gpu_names",
    "machine_id",
    "package_names",
    "quota_cores",
    "stated_cpu_name",
    "usable_cores",
    "versions",
]
