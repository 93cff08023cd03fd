"""The machine: what it is, how noisy it is, what it spends, a short work that tells its speed, and processes that are watched."""

from workbench.machine.child_process import (
    KILLED,
    ChildFailedError,
    ChildProcess,
    Message,
    at_step,
    end_with_parent,
    import_path,
    is_watched,
    tell_watcher,
    writing_to_parent,
)
from workbench.machine.counters import WorkMeter, take_sample
from workbench.machine.environment import EnvironmentFacts, environment
from workbench.machine.memory import free_bytes, memory_bytes, memory_watched, ran_out_of_memory, trim_memory
from workbench.machine.native_stderr import native_stderr_captured
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
    "at_step",
    "certify",
    "end_with_parent",
    "environment",
    "free_bytes",
    "import_path",
    "is_watched",
    "memory_bytes",
    "memory_watched",
    "native_stderr_captured",
    "pace_ratio",
    "quick_noise",
    "ran_out_of_memory",
    "take_sample",
    "tell_watcher",
    "trim_memory",
    "with_pace",
    "writing_to_parent",
]
