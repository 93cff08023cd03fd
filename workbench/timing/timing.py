"""The figures of a run as a record keeps them: raw seconds in order, what follows from them, and a comparison's outcome."""

from collections.abc import Iterable
from html import escape
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from workbench.errors import one_line
from workbench.timing.base import Value, derived
from workbench.timing.statistics import median_of_sums, median_seconds, milliseconds, quantile_seconds

STAGES = ("decode", "preprocess", "copy", "infer", "nms", "draw", "show")  # the order in which a frame passes them
UNEXPLAINED = "unexplained"
DIGITS = 7  # of seconds that are kept: a tenth of a microsecond, about what reading a clock takes
DECODED_BY_ONE = (("decode",),)  # a video's frames are decoded one after the other

Verdict = Literal["faster", "slower", "no measurable difference", "cannot tell"]
NO_DIFFERENCE: Verdict = "no measurable difference"
CANNOT_TELL: Verdict = "cannot tell"
MARGIN = 1.01  # a difference is claimed only where the whole interval lies beyond it: less than 1 % matters to nobody
ALIKE = 1.10  # and that there is none only where the whole interval lies within it: more than 10 % matters to many


def in_order(stages: Iterable[str]) -> list[str]:
    """Return stages in the order in which a frame passes them; those of a user's own function lie before drawing.

    >>> in_order(["draw", "track", "decode", "unexplained"])
    ['decode', 'track', 'draw', 'unexplained']
    """
    own = STAGES.index("draw") - 0.5
    places = {stage: float(place) for place, stage in enumerate((*STAGES, UNEXPLAINED))}
    return sorted(stages, key=lambda stage: places.get(stage, own))


class StageSpan(NamedTuple):
    """One stage of one batch, where it ran and when."""

    frame: int
    """The first of the batch, counted from the first that was timed."""
    frames: int
    stage: str
    thread: str
    start_seconds: float
    """Since the beginning of the timeline."""
    seconds: float


class Timing(Value):
    """Raw seconds in order, and what follows from them."""

    compile_seconds: float
    """Loading, tracing, compiling and converting, before the first frame."""
    first_call_seconds: float
    total_seconds: tuple[float, ...]
    """One per frame, decode to draw, from the pass without stage timers."""
    stage_seconds: dict[str, tuple[float, ...]]
    """By stage, one per frame, from the second pass."""
    split_total_seconds: tuple[float, ...] = ()
    """One per frame of that second pass: the whole frame, timers included."""
    overlapped: bool = False
    """Whether stages of different frames ran at the same time. Then `total_seconds` are the times from one finished frame to the
    next, `stage_seconds` come from the same pass, and a frame's stages take longer than that together."""
    cpu_seconds: float | None = None
    """Processor time of all threads of the process in the pass that gave `total_seconds`, a frame."""
    joules: float | None = None
    """That all processors took in that pass, a frame, with what others had them do; only where their own counters can be read."""
    core_busy: tuple[float, ...] = ()
    """For each of the machine's cores the share of that pass in which it was busy, with whatever; empty where nobody tells."""
    serial: tuple[tuple[str, ...], ...] = DECODED_BY_ONE
    """Where stages overlapped: those that only one thread does, one after the other."""
    bound_share: float | None = None
    """Share of the machine's throughput bound that was reached; see `workbench.timing.bounds`."""

    @model_validator(mode="after")
    def _stages_cover_the_same_frames(self) -> Self:
        lengths = {len(seconds) for seconds in self.stage_seconds.values()}
        if len(lengths) > 1:
            raise ValueError(f"every stage needs one time per frame, got {sorted(lengths)} times")
        return self

    @derived
    def median_ms(self) -> float | None:
        return milliseconds(median_seconds(self.total_seconds))

    @derived
    def p90_ms(self) -> float | None:
        return milliseconds(quantile_seconds(self.total_seconds, 0.90))

    @derived
    def p95_ms(self) -> float | None:
        return milliseconds(quantile_seconds(self.total_seconds, 0.95))

    @derived
    def p99_ms(self) -> float | None:
        return milliseconds(quantile_seconds(self.total_seconds, 0.99))

    @derived
    def fps(self) -> float | None:
        """Frames over the sum of their times: what a clip of this length would reach, slow frames included."""
        spent = sum(self.total_seconds)
        return len(self.total_seconds) / spent if spent > 0 else None

    @derived
    def unexplained_share(self) -> float | None:
        """Share of a median frame that the stages do not account for: of the frames that both passes timed.

        The stages are summed frame by frame and the median is taken of the sums: medians of skewed stages do not add up, and what
        they lose would pass for time between the stages. Negative where the second pass was slower than the first by more than
        that time; `None` without frames, without a split, or where stages overlapped.
        """
        if self.overlapped:
            return None
        total, explained = self._total_of_both(), self.explained_seconds()
        return None if not total or explained is None else (total - explained) / total

    def _total_of_both(self) -> float | None:
        """Return the median of the first pass over the frames that the second timed too: a slow setting's has fewer."""
        again = max(map(len, self.stage_seconds.values()), default=0)
        return median_seconds(self.total_seconds[:again])

    def explained_seconds(self) -> float | None:
        """Return the median over the frames of the second pass of the sum of their stages."""
        return median_of_sums(tuple(self.stage_seconds.values())) if any(self.stage_seconds.values()) else None

    def stage_medians(self) -> dict[str, float]:
        """Return the median seconds of each stage, `in_order`."""
        medians = {stage: median_seconds(self.stage_seconds[stage]) for stage in in_order(self.stage_seconds)}
        return {stage: seconds for stage, seconds in medians.items() if seconds is not None}

    def budget(self) -> dict[str, float]:
        """Return the seconds of a median frame by stage, with `unexplained` last (never below 0: a bar cannot be).

        The stages' medians are scaled by one common factor, near 1: so that they add up to `explained_seconds`, and those to the
        median of all frames in the share that they have in the frames that both passes timed. Where stages overlapped, they are
        what they are: together longer than the time from one frame to the next.
        """
        medians = self.stage_medians()
        if self.overlapped:
            return medians | {UNEXPLAINED: 0.0}
        explained, both = self.explained_seconds() or 0.0, self._total_of_both() or 0.0
        added = sum(medians.values())
        whole = (median_seconds(self.total_seconds) or 0.0) / both if both else 1.0
        scale = explained / added if added else 1.0
        stages = {stage: seconds * scale * whole for stage, seconds in medians.items()}
        return stages | {UNEXPLAINED: max(0.0, both - explained) * whole}


class Ratio(Value):
    """A ratio of median times with its 95 % bootstrap interval."""

    median: float
    low: float
    high: float

    def verdict(self, margin: float = MARGIN) -> Verdict:
        """Say what B is, where this is A's time over B's: nothing, where the interval holds both 1 and what people would notice.

        Args:
            margin: The ratio that the whole interval has to lie beyond for a difference to be claimed.

        >>> Ratio(median=1.5, low=1.4, high=1.6).verdict(), Ratio(median=1.02, low=1.005, high=1.04).verdict()
        ('faster', 'no measurable difference')
        >>> Ratio(median=1.4, low=0.85, high=2.18).verdict()
        'cannot tell'
        """
        if self.low > margin:
            return "faster"
        if self.high < 1 / margin:
            return "slower"
        return NO_DIFFERENCE if self.alike and margin <= ALIKE else CANNOT_TELL

    @property
    def alike(self) -> bool:
        """Whether the whole interval lies so near 1 that few would care about what it leaves open."""
        return self.low >= 1 / ALIKE and self.high <= ALIKE

    def widened(self, factor: float) -> "Ratio":
        """Return the same ratio, off by so many times more either way."""
        return Ratio(median=self.median, low=self.low / factor, high=self.high * factor)


class Comparison(Value):
    """Two settings timed in interleaved blocks. `ratio` is A's time over B's: above 1, B is faster."""

    a: str
    b: str
    a_id: str | None = None
    """The record of A; records of 0.1.0 know its name alone."""
    ratio: Ratio
    frames: int
    blocks: int

    @derived
    @property
    def verdict(self) -> Verdict:
        """What B is, against A."""
        return self.ratio.verdict()

    def __repr__(self) -> str:
        ratio = self.ratio
        times = f"{ratio.median:.3g} times as fast [{ratio.low:.3g}, {ratio.high:.3g}]"
        return one_line(f"<Comparison: {self.b} against {self.a}, {times}, {self.verdict}>")

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>"


def kept_seconds(seconds: Iterable[float]) -> tuple[float, ...]:
    """Return seconds as a record keeps them, without digits that no clock knows.

    >>> kept_seconds([0.00612345678912])
    (0.0061235,)
    """
    return tuple(round(float(one), DIGITS) for one in seconds)
