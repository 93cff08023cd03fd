"""The machine: what it is, how noisy it is, what it spends, a short work that tells its speed, and processes that are watched."""

from workbench.machine.child_process import KILLED, ChildFailedError, ChildProcess, Message, writing_to_parent
from workbench.machine.counters import WorkMeter, _limit, cgroup_folders, quota_cores, take_sample
from workbench.machine.environment import EnvironmentFacts, _ask_for_gpus, cpu_name, environment, gpu_names, package_names
from workbench.machine.noise import NoiseCertificate, NoiseWatch, certify, pace_ratio, quick_noise, with_pace
from workbench.machine.threads import NamedThread

__all__ = [
    "KILLED",
    "ChildFailedError",
    "ChildProcess",
    "EnvironmentFacts",
    "Message",
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
    "with_pace",
    "writing_to_parent",
]
