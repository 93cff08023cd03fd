"""The times of two records that were not measured in turns: their ratio, its interval, and what may be claimed of it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.machine import pace_ratio
from workbench.record import SEPARATE_RUNS_MARGIN, Record
from workbench.timing import CANNOT_TELL, CONFIDENCE, NO_DIFFERENCE, RESAMPLES, Ratio, Verdict

FRAMES_LEAST = 20  # with fewer, blocks of frames are too few to resample and an interval would be an invention
PACE_NOTED = 1.10  # between two runs; less is within what a few probes differ by on a machine whose pace comes and goes
NOISY_MARGIN = 2.0  # another process that keeps one of two cores busy can halve the speed; only more than that is believed then
ROWS_AT_ONCE = 2_000_000  # of resampled seconds: 16 MB


class Speeds(NamedTuple):
    """The times of two records. `ratio` is A's time over B's: above 1, B is faster; `None` where frames are too few."""

    ratio: Ratio | None
    verdict: Verdict | None
    """What B is, against A; `None` where nothing can be said."""
    basis: str
    """That they come from different sessions, and what is not called a difference then; where frames are too few, that."""
    caveats: tuple[str, ...] = ()
    """What else stands against the ratio."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say beside the figures."""
        return (self.basis, *self.caveats)


def compare_times(a: Record, b: Record, least: float = SEPARATE_RUNS_MARGIN) -> Speeds:
    """Compare the times of two records of one machine and the same frames, measured in different sessions.

    Args:
        a: The one that is compared with; has times.
        b: The other.
        least: The ratio that the whole interval has to lie beyond for a difference to be claimed: `NOISY_MARGIN` at least where
            the machine was noisy, by as much as its pace changed where that was all, `SEPARATE_RUNS_MARGIN` at least where times
            are composed; and by as much as the machine itself was slower or faster for the same work, where both probed it.
    """
    assert a.timing is not None, "the caller looked"
    assert b.timing is not None, "the caller looked"
    count = min(len(a.timing.total_seconds), len(b.timing.total_seconds))
    if count < FRAMES_LEAST:
        return Speeds(None, None, f"{count} frames are too few to compare times; time {FRAMES_LEAST} or more")
    # Both begin with the first frame of the media: the same ones are compared, whatever the number each was asked for.
    ratio = ratio_of_medians(np.array(a.timing.total_seconds[:count]), np.array(b.timing.total_seconds[:count]))
    doubt = max(_margin(record) for record in (a, b))
    margin = max(least, doubt)
    pace = pace_ratio(a.noise, b.noise) or 1.0
    basis = (
        "they were measured in different sessions, not in turns: what changed on the machine between them is in the difference, so"
        f" less than {margin - 1:.0%} is not called one"
    )
    return Speeds(ratio, _verdict(ratio, margin, doubt, pace), basis, tuple(_caveats(a, b, pace)))


def _margin(record: Record) -> float:
    if record.noise.only_pace:
        return 1.0 + (record.noise.pace_change or 0.0)
    if record.noise.verdict == "noisy":
        return NOISY_MARGIN
    return SEPARATE_RUNS_MARGIN if record.composed else 1.0


def _verdict(ratio: Ratio, margin: float, doubt: float, pace: float) -> Verdict:
    """Believe a difference beyond the margin and beyond the machine's own, and that there is none where noise could hide none."""
    if ratio.low > max(margin, 1 / pace):
        return "faster"
    if ratio.high < 1 / max(margin, pace):
        return "slower"
    return NO_DIFFERENCE if ratio.widened(max(doubt, pace, 1 / pace)).alike else CANNOT_TELL


def ratio_of_medians(a: NDArray[np.float64], b: NDArray[np.float64], seed: int = 0) -> Ratio:
    """Return the median of A over that of B with the 95 % interval of a block bootstrap.

    Frames that follow each other share their luck, so blocks of them are drawn, circular and about as long as the third root of
    their number (Politis & Romano 1992); and the same blocks for both, because frame by frame they show the same picture.

    Args:
        a: `(n,)` seconds of successive frames.
        b: `(n,)`, of the same frames.
        seed: Makes a figure repeatable.
    """
    count = len(a)
    block = max(1, round(count ** (1 / 3)))
    blocks = -(-count // block)
    generator, ratios = np.random.default_rng(seed), []
    rows = max(1, ROWS_AT_ONCE // count)
    for drawn in range(0, RESAMPLES, rows):
        starts = generator.integers(count, size=(min(rows, RESAMPLES - drawn), blocks, 1))
        chosen = ((starts + np.arange(block)) % count).reshape(len(starts), -1)[:, :count]
        ratios.append(np.median(a[chosen], axis=1) / np.median(b[chosen], axis=1))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(ratios), [tail, 1 - tail])
    return Ratio(median=float(np.median(a) / np.median(b)), low=float(low), high=float(high))


def _caveats(a: Record, b: Record, pace: float) -> Iterator[str]:
    if not 1 / PACE_NOTED <= pace <= PACE_NOTED:
        how = "slower" if pace > 1 else "faster"
        yield (
            f"the machine itself was {abs(pace - 1):.0%} {how} when {b.name} [{b.id[:8]}] was measured:"
            f" the same work took {b.noise.probe_ms:.2f} ms, {a.noise.probe_ms:.2f} ms before"
        )
    for record in (a, b):
        if record.noise.verdict != "quiet":
            yield f"{record.name} [{record.id[:8]}]: the machine was {_noise_words(record)}"
        if record.composed:
            yield f"{record.name} [{record.id[:8]}]: its times are put together from stages, not measured as whole frames"


def _noise_words(record: Record) -> str:
    why = "; ".join(record.noise.reasons)
    what = "noisy" if record.noise.verdict == "noisy" else "perhaps not quiet"
    return f"{what} ({why})" if why else what
