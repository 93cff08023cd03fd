"""The machine: what it is, how noisy it is, what it spends, and a short work that tells its speed."""

from workbench.machine.counters import WorkMeter, take_sample
from workbench.machine.environment import (
    EnvironmentFacts,
    NoiseCertificate,
    NoiseWatch,
    certify,
    environment,
    pace_ratio,
    quick_noise,
    with_pace,
)
from workbench.machine.hardware import gpu_names, machine_id, quota_cores, stated_cpu_name, usable_cores, versions
from workbench.machine.threads import NamedThread

__all__ = [
    "EnvironmentFacts",
    "NamedThread",
    "NoiseCertificate",
    "NoiseWatch",
    "WorkMeter",
    "certify",
    "environment",
    "gpu_names",
    "machine_id",
    "pace_ratio",
    "quick_noise",
    "quota_cores",
    "stated_cpu_name",
    "take_sample",
    "usable_cores",
    "versions",
    "with_pace",
]
