"""The machine's counters: CPU time, container quotas and clocks, as far as the system tells them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import psutil

from workbench.hardware import cgroup_folders
from workbench.machine.energy import Joules, energy_meter

BUSY_KINDS = ("user", "nice", "system", "irq", "softirq")  # of a core's time, as the system counts it
SHORTEST_SECONDS = 0.5  # counters tick every 10 ms: in less, a few ticks more or less would decide


def throttled_times(root: Path = Path("/")) -> int | None:
    """Count how often quotas stopped this process's groups so far; `None` where nobody counts."""
    counts = []
    for folder in cgroup_folders(root):
        try:
            words = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if "nr_throttled" in words:
            counts.append(int(words["nr_throttled"]))
    return max(counts, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The machine's counters at one moment; `None` where the system does not tell."""

    at_seconds: float
    busy_seconds: float | None
    """CPU time that was spent on anything, all cores."""
    own_seconds: float
    """CPU time of this process and its children."""
    steal_seconds: float | None = None
    all_seconds: float | None = None
    """CPU time that passed, spent or idle, all cores."""
    throttled: int | None = None
    frequencies_mhz: tuple[float, ...] = ()
    full_frequency_mhz: float | None = None


def core_busy_seconds() -> tuple[float, ...]:
    """Return for each of the machine's cores the time in which it was busy since it started; empty where nobody tells."""
    cores = (core._asdict() for core in psutil.cpu_times(percpu=True) or ())
    return tuple(sum(core.get(kind, 0.0) for kind in BUSY_KINDS) for core in cores)


@final
class WorkMeter:
    """Sums up over several stretches what this process's threads worked and how busy each core was.

    Args:
        cpu_clock: Processor seconds of the process.
        core_clock: Busy seconds of each core; the system counts them in steps of 10 ms.
        clock: Seconds that only go forward.
        joules: What the processors have taken; the system's own counters by default, where they can be read.
    """

    def __init__(
        self,
        cpu_clock: Callable[[], float] = time.process_time,
        core_clock: Callable[[], tuple[float, ...]] = core_busy_seconds,
        clock: Callable[[], float] = time.perf_counter,
        joules: Joules | Literal["system"] | None = "system",
    ) -> None:
        self._clocks = cpu_clock, core_clock, clock
        self._joules = energy_meter() if joules == "system" else joules
        self.joules = 0.0 if self._joules else None
        self.cpu_seconds = 0.0
        self._passed_seconds = 0.0
        self._busy_seconds: tuple[float, ...] = ()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside `with`; reading the counters takes some hundred microseconds before and after it."""
        cpu_clock, core_clock, clock = self._clocks
        spent = self._joules() if self._joules else 0.0
        cores, began, cpu = core_clock(), clock(), cpu_clock()
        try:
            yield
        finally:
            self.cpu_seconds += cpu_clock() - cpu
            self._passed_seconds += clock() - began
            busy = tuple(after - before for before, after in zip(cores, core_clock(), strict=True))
            self._busy_seconds = tuple(map(sum, zip(self._busy_seconds, busy, strict=True))) if self._busy_seconds else busy
            if self._joules and self.joules is not None:
                self.joules += self._joules() - spent

    @property
    def core_busy(self) -> tuple[float, ...]:
        """For each core the share of these stretches in which it was busy, with whatever."""
        if self._passed_seconds < SHORTEST_SECONDS:
            return ()
        return tuple(round(min(1.0, seconds / self._passed_seconds), 3) for seconds in self._busy_seconds)


def take_sample() -> Sample:
    """Read the counters: some hundred microseconds, so never within a timed part."""
    times = psutil.cpu_times()._asdict()
    # Linux counts guests' time in user time as well.
    everything = sum(seconds for name, seconds in times.items() if name not in {"guest", "guest_nice"})
    clocks = _clocks()
    resting = times["idle"] + times.get("iowait", 0.0) + times.get("steal", 0.0)
    return Sample(
        at_seconds=time.perf_counter(),
        busy_seconds=round(everything - resting, 3) if everything > 0 else None,  # sums of floats may go backwards
        own_seconds=_own_seconds(),
        steal_seconds=times.get("steal"),
        all_seconds=everything,
        throttled=throttled_times(),
        frequencies_mhz=tuple(core.current for core in clocks if core.current),
        full_frequency_mhz=max((core.max for core in clocks), default=0.0) or None,
    )


def _own_seconds() -> float:
    process = psutil.Process()
    own = process.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it ended between the two calls; its parent counts it now
            times = child.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return float(spent)


def _clocks() -> list[Any]:
    try:
        return list(psutil.cpu_freq(percpu=True) or [])
    except (AttributeError, NotImplementedError, OSError, RuntimeError):
        return []
