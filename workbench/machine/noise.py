"""Noise: whether the machine was quiet enough to believe the times."""

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Literal, Self, final

import numpy as np

from workbench.hardware import quota_cores, usable_cores
from workbench.machine.counters import SHORTEST_SECONDS, Sample, take_sample
from workbench.machine.speed_probe import probe_milliseconds
from workbench.timing import Value

PACE_PARTS, PACE_FRAMES = 10, 5  # of a run, and frames in each at least: their median does not hang on one slow frame
PACE_LIMIT = 0.15  # between a slow part and a fast one: then two runs minutes apart may differ by as much
LOAD_SHARE_LIMIT = 0.05  # of the usable cores, by others: about where medians begin to move by more than a percent
LOAD_LEAST = 0.1  # cores; a desktop at rest stays below it, whatever few cores it has
STEAL_LIMIT = 0.02  # of CPU time: each stolen slice of milliseconds falls into some frame
FREQUENCY_FLOOR = 0.7  # of the full clock, after work: lower means power saving or heat, and the times will not repeat


class NoiseCertificate(Value):
    """Whether the machine was quiet enough to believe the times."""

    verdict: Literal["quiet", "noisy", "unknown"]
    reasons: tuple[str, ...]
    load_by_others: float | None = None
    """Cores kept busy by other processes, mean over the run."""
    steal_share: float | None = None
    """Share of CPU time that the hypervisor gave to others."""
    quota_cores: float | None = None
    """Cores that a container's quota allows; `None` where there is no quota."""
    throttled: int | None = None
    """Times that the quota stopped the process during the run."""
    frequency_mhz: tuple[float, float] | None = None
    """Lowest and highest clock that was seen; `None` where the system does not tell."""
    pace_change: float | None = None
    """By what share the same work took longer in a slow part of the run than in a fast one; `None` where too little was timed."""
    probe_ms: float | None = None
    """What work that is the same in every run took, mean over moments of this one; see `workbench.machine.speed_probe`."""
    usual_probe_ms: float | None = None
    """What that work took in the middle one of a sweep's processes. Composed times are set to that pace: they are
    `usual_probe_ms / probe_ms` of what was measured. `None` where they are as they were measured."""
    waited_seconds: float | None = None
    """How long nothing was timed because the machine was slower than a moment before; see `workbench.measuring.steady_wait`."""

    @property
    def pace_ms(self) -> float | None:
        """What the same work takes at the pace that the record's times are of."""
        return self.usual_probe_ms or self.probe_ms

    @property
    def notes(self) -> tuple[str, ...]:
        """The reasons, how long was waited, and what times were set to."""
        return (*self.reasons, *self._amends())

    def _amends(self) -> Iterator[str]:
        if self.waited_seconds:
            yield f"waited {self.waited_seconds:.1f} s for slow spells of the machine to pass"
        if self.probe_ms and self.usual_probe_ms:
            yield f"the same work took {self.probe_ms / self.usual_probe_ms:.2f} times as long as usual: times are divided by that"

    @property
    def only_pace(self) -> bool:
        """Whether nothing but the pace was noisy: then it is known by how much times may be off."""
        return self.verdict == "noisy" and len(self.reasons) == 1 and (self.pace_change or 0.0) > PACE_LIMIT


def certify(
    samples: tuple[Sample, ...],
    *,
    cores: int,
    quota: float | None = None,
    threads: int | None = None,
) -> NoiseCertificate:
    """Judge how quiet the machine was between the first and the last sample.

    Args:
        samples: In order of time; the last right after work, while the clock is still what it was.
        cores: That this process may use.
        quota: Cores that a container's quota allows.
        threads: That the setting asked for.
    """
    first, last = samples[0], samples[-1]
    clocks = [clock for sample in samples for clock in sample.frequencies_mhz]
    counted = NoiseCertificate(
        verdict="noisy",
        reasons=(),
        load_by_others=_load_by_others(first, last),
        steal_share=_steal_share(first, last),
        quota_cores=quota,
        throttled=None if first.throttled is None or last.throttled is None else last.throttled - first.throttled,
        frequency_mhz=(min(clocks), max(clocks)) if clocks else None,
    )
    if reasons := _noisy_reasons(counted, last, cores, threads):
        return counted.model_copy(update={"reasons": reasons})
    if reasons := _unknown_reasons(first, last, counted):
        return counted.model_copy(update={"verdict": "unknown", "reasons": reasons})
    return counted.model_copy(
        update={"verdict": "quiet", "reasons": (f"others kept {counted.load_by_others:.2f} of {cores} cores busy",)}
    )


def with_pace(certificate: NoiseCertificate, seconds: Sequence[float]) -> NoiseCertificate:
    """Judge the pace as well, by work that is the same for each frame: what nobody counts shows there.

    Two virtual cores on one physical core, a neighbour on the other half of it, or a processor that grows hot: no counter tells.
    """
    change = pace_change(seconds)
    judged = certificate.model_copy(update={"pace_change": change})
    if change is None or change <= PACE_LIMIT:
        return judged
    longer = f"the same work took {change:.0%} longer at times (limit {PACE_LIMIT:.0%})"
    if certificate.verdict == "noisy":  # and that may be why
        return judged.model_copy(update={"reasons": (*certificate.reasons, longer)})
    return judged.model_copy(update={"verdict": "noisy", "reasons": (f"{longer}: the machine itself changed its pace",)})


def pace_change(seconds: Sequence[float]) -> float | None:
    """Return by what share a slow part took longer than a fast one: the second slowest of `PACE_PARTS` against the second fastest.

    >>> pace_change([1.0] * 400 + [1.3] * 600)
    0.3
    """
    if len(seconds) < PACE_PARTS * PACE_FRAMES:
        return None
    medians = sorted(float(np.median(part)) for part in np.array_split(np.asarray(seconds), PACE_PARTS))
    return round(medians[-2] / medians[1] - 1, 3) if medians[1] > 0 else None


def pace_ratio(before: NoiseCertificate, after: NoiseCertificate) -> float | None:
    """Return how many times longer than before the machine took afterwards for the same work; `None` where nobody probed it."""
    return after.pace_ms / before.pace_ms if before.pace_ms and after.pace_ms else None


def _long_enough(first: Sample, last: Sample) -> bool:
    return last.at_seconds - first.at_seconds >= SHORTEST_SECONDS


def _load_by_others(first: Sample, last: Sample) -> float | None:
    if first.busy_seconds is None or last.busy_seconds is None or not _long_enough(first, last):
        return None
    others = (last.busy_seconds - first.busy_seconds) - (last.own_seconds - first.own_seconds)
    return max(0.0, others) / (last.at_seconds - first.at_seconds)


def _steal_share(first: Sample, last: Sample) -> float | None:
    if first.steal_seconds is None or last.steal_seconds is None or first.all_seconds is None or last.all_seconds is None:
        return None
    passed = last.all_seconds - first.all_seconds
    return max(0.0, last.steal_seconds - first.steal_seconds) / passed if passed > 0 else None


def _noisy_reasons(counted: NoiseCertificate, last: Sample, cores: int, threads: int | None) -> tuple[str, ...]:
    load, steal, throttled = counted.load_by_others, counted.steal_share, counted.throttled
    reasons = []
    limit = max(LOAD_LEAST, LOAD_SHARE_LIMIT * cores)
    if load is not None and load > limit:
        reasons.append(f"other processes kept {load:.2f} of {cores} cores busy (limit {limit:.2f}); close them and run again")
    if steal is not None and steal > STEAL_LIMIT:
        reasons.append(f"the hypervisor gave {steal:.1%} of the CPU time to others (limit {STEAL_LIMIT:.0%})")
    if throttled:
        reasons.append(f"the container's CPU quota stopped this process {throttled} times")
    usable = min(cores, counted.quota_cores or cores)
    if threads is not None and threads > usable:
        reasons.append(f"{threads} threads share {usable:g} cores; set runtime.threads to {max(1, int(usable))}")
    clock, full = max(last.frequencies_mhz, default=None), last.full_frequency_mhz
    if clock is not None and full is not None and clock < FREQUENCY_FLOOR * full:
        reasons.append(f"the clock stood at {clock:.0f} of {full:.0f} MHz: power saving or heat")
    return tuple(reasons)


def _unknown_reasons(first: Sample, last: Sample, counted: NoiseCertificate) -> tuple[str, ...]:
    if not _long_enough(first, last):
        return (f"watched for less than {SHORTEST_SECONDS} s, too short to tell",)
    reasons = []
    if counted.load_by_others is None:
        reasons.append("this system does not tell how busy its cores are")
    if counted.steal_share is None:
        reasons.append("this system does not tell how much time a hypervisor took")
    return tuple(reasons)


@final
class NoiseWatch:
    """Watches the machine from `with` to its end; the certificate is there afterwards.

    It reads counters and probes the pace at both ends and where `sample` is called, between passes: a thread that samples during a
    pass would wake a core and take the interpreter's lock in the middle of somebody's frame.
    """

    def __init__(
        self,
        threads: int | None = None,
        take: Callable[[], Sample] = take_sample,
        probe: Callable[[], float] = probe_milliseconds,
    ) -> None:
        self._threads = threads
        self._take = take
        self._probe = probe
        self._samples: list[Sample] = []
        self._probes_ms: list[float] = []

    def __enter__(self) -> Self:
        self._samples, self._probes_ms = [], []
        self.sample()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.sample()

    def sample(self) -> None:
        """Read the counters and probe once more, outside any timed part; the counters first, for they tell the clock after work."""
        self._samples.append(self._take())
        self._probes_ms.append(self._probe())

    @property
    def certificate(self) -> NoiseCertificate:
        found = certify(tuple(self._samples), cores=usable_cores(), quota=quota_cores(), threads=self._threads)
        return found.model_copy(update={"probe_ms": float(np.mean(self._probes_ms))})


def quick_noise(seconds: float = 1.0) -> NoiseCertificate:
    """Watch the machine while this process rests."""
    with NoiseWatch() as watch:
        time.sleep(seconds)
    return watch.certificate
