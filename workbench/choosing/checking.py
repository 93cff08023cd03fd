"""Whether a record is worse than an earlier one of the same settings, beyond what noise explains."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from workbench.choosing.differences import compare_records
from workbench.choosing.speeds import Speeds, compare_times
from workbench.detections import Agreement, break_reasons
from workbench.errors import SettingsError
from workbench.record import Record, accuracy_against, ap_change, why_no_ap_change
from workbench.timing import CANNOT_TELL
from workbench.wording import format_ap_change, format_bytes, inverse

MAX_SLOWER = 0.05  # sessions on a quiet machine differ by less, mostly; a change that costs less is no reason to stop anyone
MAX_AP_LOSS = 0.005  # half of what COCO's results differ by between trainings; the same model on the same frames differs by .0001
MAX_MEMORY_GROWTH = 0.10  # peaks of one setting in two processes differ by up to .03; another version of a runtime by more
MAX_AGREEMENT_LOSS = 0.02  # one box of a hundred at its score threshold comes and goes with the order of additions


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much worse is not yet a regression, as fractions: of the time, of AP, of agreement, of the memory.

    Raises:
        SettingsError: One of them is no fraction that could be kept.
    """

    max_slower: float = MAX_SLOWER
    max_ap_loss: float = MAX_AP_LOSS
    max_agreement_loss: float = MAX_AGREEMENT_LOSS
    max_memory_growth: float = MAX_MEMORY_GROWTH

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and 0.0 <= value <= (np.inf if name in {"max_slower", "max_memory_growth"} else 1.0)):
                raise SettingsError(f"{name} is {value}; choose a fraction such as .05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether a record is worse than an earlier one of the same settings.

    Attributes:
        before: The earlier one.
        after: The new one; `None` where the setting did not run any more.
        worse: What got worse, in words; empty where nothing did.
        judged: What was looked at and is as good as it was, in words.
        notes: What could not be judged, and why.
        speeds: The times' ratio and caveats; `None` where they were not judged.
    """

    before: Record
    after: Record | None
    worse: tuple[str, ...]
    judged: tuple[str, ...]
    notes: tuple[str, ...]
    speeds: Speeds | None

    @property
    def slower(self) -> bool:
        """Whether it took longer, which measuring again may show to have passed."""
        return self.speeds is not None and self.speeds.verdict == "slower"


def check(before: Record, after: Record, tolerance: Tolerance | None = None, *, different_machines: bool = False) -> Check:
    """Judge a record against an earlier one of the same settings.

    It is slower only where the whole interval of the ratio of medians lies beyond the tolerance, and beyond what `compare_times`
    asks for where the machine was noisy. AP decides about quality where both have one; agreement of their detections is judged
    where the model's file is the same.

    Raises:
        MachinesDifferError: They come from different machines, and that was not allowed.
        RecordError: The earlier one did not run, or the frames differ.
    """
    limits = tolerance or Tolerance()
    if after.problem is not None:
        return did_not_run(before, after.problem.message)
    found = compare_records(before, after, different_machines=different_machines)
    speeds = None
    verdicts: list[tuple[bool | None, str]] = []
    if found.speeds is not None:
        speeds = compare_times(before, after, 1 + limits.max_slower)
        verdicts.append(_check_times(speeds, limits))
        verdicts += _check_memory(before, after, limits)
    verdicts.append(_check_ap(before, after, limits))
    verdicts += _check_agreement(before, after, found.agreement, limits)
    caveats = speeds.caveats if speeds is not None else ()  # not their basis: that sessions differ is what the tolerance is for
    return Check(
        before=before,
        after=after,
        worse=tuple(words for bad, words in verdicts if bad),
        judged=tuple(words for bad, words in verdicts if bad is False),
        notes=(*(words for bad, words in verdicts if bad is None), *caveats, *found.notes, *found.changes),
        speeds=speeds,
    )


def did_not_run(before: Record, reason: str) -> Check:
    """Return the outcome where the setting ran before and does not now."""
    return Check(before=before, after=None, worse=(f"does not run any more: {reason}",), judged=(), notes=(), speeds=None)


def _check_times(speeds: Speeds, limits: Tolerance) -> tuple[bool | None, str]:
    if speeds.ratio is None:
        return None, speeds.basis
    longer = inverse(speeds.ratio)
    words = f"takes {longer.median:.2f} times as long [{longer.low:.2f}, {longer.high:.2f}]"
    within = longer.high <= 1 + limits.max_slower and not speeds.caveats
    if speeds.verdict == CANNOT_TELL and not within:
        return None, f"cannot tell whether it is slower: it {words}"
    return speeds.verdict == "slower", words


def _check_memory(before: Record, after: Record, limits: Tolerance) -> Iterator[tuple[bool | None, str]]:
    """Judge what was weighed before; nothing where it was not."""
    if before.weight is None:
        return
    if after.weight is None:
        yield None, "memory is not judged: the newer record was not weighed"
        return
    old, new = before.weight.peak_bytes, after.weight.peak_bytes
    yield new > old * (1 + limits.max_memory_growth), f"memory {format_bytes(old)} -> {format_bytes(new)}"


def _check_ap(before: Record, after: Record, limits: Tolerance) -> tuple[bool | None, str]:
    change = ap_change(after, before)
    if change is None:
        return None, f"AP is not judged: {why_no_ap_change(after, before)}"
    assert before.accuracy is not None, "there is a change"
    assert after.accuracy is not None, "there is a change"
    sure = accuracy_against(after, before, limits.max_ap_loss)
    more = f" ({format_ap_change(sure)})" if sure is not None and sure.interval is not None else ""
    return -change > limits.max_ap_loss, f"AP {before.accuracy.ap:.3f} -> {after.accuracy.ap:.3f}{more}"


def _check_agreement(
    before: Record, after: Record, agreed: Agreement | None, limits: Tolerance
) -> Iterator[tuple[bool | None, str]]:
    if agreed is None:
        yield None, "agreement is not judged: the records share no frames with detections, or know other classes"
    elif before.detector.sha256 != after.detector.sha256:
        for reason in break_reasons(after.accuracy, before.accuracy, agreed):
            yield True, f"it breaks the detector: {reason}"
        yield None, f"agreement {agreed.ratio:.3f}: not judged, since the model's file is another"
    else:
        lost = f", {agreed.lost} boxes lost, {agreed.new} new, {agreed.class_flips} of another class"
        yield 1 - agreed.ratio > limits.max_agreement_loss, f"agreement {agreed.ratio:.3f}{lost if agreed.ratio < 1 else ''}"
