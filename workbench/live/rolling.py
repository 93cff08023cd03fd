"""The figures of a pipeline while it plays: the last frames' times as a `Timing`, and how they went over the last seconds."""

from collections import deque
from collections.abc import Mapping
from typing import final

from workbench.timing import Timing

WINDOW_FRAMES = 256  # enough for p95 (130 frames), and a change shows within seconds
HISTORY_SECONDS = 20.0
HISTORY_STEP_SECONDS = 0.1  # one point of the history for each: more than a small chart has pixels for says nothing


@final
class Window:
    """Times of a setting's last frames. One thread adds, another may read: what it reads is a copy."""

    def __init__(self) -> None:
        self._totals: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._stages: deque[dict[str, float]] = deque(maxlen=WINDOW_FRAMES)

    def __len__(self) -> int:
        return len(self._totals)

    def add(self, total_seconds: float, stage_seconds: Mapping[str, float]) -> None:
        """Add a frame: how long it took, and its stages."""
        self._totals.append(total_seconds)
        self._stages.append(dict(stage_seconds))

    def timing(self) -> Timing | None:
        """Return the frames as a run's times; `None` without any.

        Unlike a record's, total and stages are of the same pass, timers included; nothing is known of what came before the frames.
        """
        totals, stages = tuple(self._totals), tuple(self._stages)
        count = min(len(totals), len(stages))
        if not count:
            return None
        names = dict.fromkeys(name for one in stages for name in one)
        return Timing(
            compile_seconds=0.0,
            first_call_seconds=totals[0],
            total_seconds=totals[-count:],
            stage_seconds={name: tuple(one.get(name, 0.0) for one in stages[-count:]) for name in names},
        )


@final
class Rolling:
    """The window of what plays, and how times went over the last seconds, whatever played. Threads as with `Window`.

    Attributes:
        window: Of the setting that plays; another one has another window.
    """

    def __init__(self) -> None:
        self.window = Window()
        self._history: deque[tuple[float, float]] = deque()

    def add(self, at_seconds: float, total_seconds: float, stage_seconds: Mapping[str, float]) -> None:
        """Add a frame: when it was ready, how long it took, and its stages.

        Of the frames within `HISTORY_STEP_SECONDS` the history keeps the slowest: what people would have seen stutter.
        """
        self.window.add(total_seconds, stage_seconds)
        last = self._history[-1] if self._history else None
        if last is not None and int(last[0] / HISTORY_STEP_SECONDS) == int(at_seconds / HISTORY_STEP_SECONDS):
            self._history[-1] = (last[0], max(last[1], total_seconds))
        else:
            self._history.append((at_seconds, total_seconds))
        while self._history[0][0] < at_seconds - HISTORY_SECONDS:
            self._history.popleft()

    def begin_window(self) -> None:
        """Begin the statistics anew, as another setting's frames follow; the history goes on."""
        self.window = Window()

    def history(self, now_seconds: float) -> tuple[tuple[float, float], ...]:
        """Return `(seconds before now as a negative number, seconds of a frame)`, oldest first."""
        points = tuple(self._history)
        return tuple((at - now_seconds, spent) for at, spent in points if at >= now_seconds - HISTORY_SECONDS)
