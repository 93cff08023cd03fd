"""The machine: what it is, how noisy it is, what it spends, and a short work that tells its speed."""

from workbench.machine.counters import WorkMeter, _limit, cgroup_folders, quota_cores, take_sample, usable_cores
from workbench.machine.environment import EnvironmentFacts, _ask_for_gpus, cpu_name, environment, gpu_names, package_names
from workbench.machine.noise import NoiseCertificate, NoiseWatch, certify, pace_ratio, quick_noise, with_pace
from workbench.machine.threads import NamedThread

__all__ = [
    "EnvironmentFacts",
    "NamedThread",
    "NoiseCertificate",
    "NoiseWatch",
    "WorkMeter",
    "_ask_for_gpus",
    "_limit",
    "certify",
    "cgroup_folders",
    "cpu_name",
    "environment",
    "gpu_names",
    "pace_ratio",
    "package_names",
    "quick_noise",
    "quota_cores",
    "take_sample",
    "usable_cores",
    "with_pace",
]
