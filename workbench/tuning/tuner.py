"""The way in: a detector and frames, opened or by name, what has to be kept, and the time it may take."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from workbench.choosing import Budget
from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.export import Target
from workbench.files import PAGE, check_apart, check_writable
from workbench.history import History
from workbench.measuring import DEFAULT_FRAMES, progress_shown
from workbench.media import MediaSource
from workbench.opening import EvaluationData, Sources, refuse_function
from workbench.tuning.steps import REPORT, MeasuringSteps
from workbench.tuning.time_asked import TimeAsked
from workbench.tuning.tuned import Tuned
from workbench.tuning.tuning import Tuning
from workbench.wording import format_duration

USUAL_SECONDS = 600.0
LEAST_SECONDS = 30.0  # less is no time for a single setting beside what runs now
SHORT_SECONDS, SHORT_FRAMES = 300.0, 64  # below so many seconds, so many frames: enough for a p90
HISTORY = "history.sqlite"

Progress = Callable[[str, int, int], object]
"""Called with what is going on, the seconds that are gone, and those that it may take."""


@final
class Tuner:
    """Tunes a detector that is open.

    Args:
        detector: What is tuned.
        data: What it runs on.
        sources: Both, for other processes.
        history: Where records are kept.
        out: The folder of report and what is exported.
        budget: What a setting has to keep.
        time: That it may take, counting.
        progress: Told what is going on.
        frames: To time where a setting is measured whole; 150, or 64 where the time is short.
        baseline: What runs now: a preset, or a preset and changes; `naive` by default, where the detector can.
        target: Another machine, whose times decide.

    Raises:
        SettingsError: The frames are in this process only.
        SaveError: The history cannot be written.
    """

    def __init__(
        self,
        detector: Detector,
        data: EvaluationData,
        sources: Sources,
        history: History,
        out: Path,
        *,
        budget: Budget,
        time: TimeAsked,
        progress: Progress,
        frames: int | None = None,
        baseline: str | None = None,
        target: Target | None = None,
    ) -> None:
        history.check_writable()
        timed = frames or (DEFAULT_FRAMES if time.seconds >= SHORT_SECONDS else SHORT_FRAMES)
        self._time, self._progress = time, progress
        self._steps = MeasuringSteps(detector, data, sources.in_words(), history, out, timed, self._tell, baseline, target)
        self._tuning = Tuning(self._steps, budget, time, timed)

    def run(self) -> Tuned:
        """Go through all steps, and return what they came to; interrupted, what is known by then.

        Raises:
            WorkbenchError: What runs now cannot be measured.
            KeyboardInterrupt: Nothing is known yet.
        """
        self._tuning.run()
        return self._tuning.tuned()

    def cancel(self) -> None:
        """End it soon, as Ctrl-C does; from any thread."""
        self._steps.cancel()

    def _tell(self, what: str) -> None:
        time, tuning, more = self._time, self._tuning, f": {what}" if what else ""
        words = f"at most {format_duration(time.left)} left: {tuning.place}, {tuning.step}{more}"
        self._progress(words, round(time.spent), round(time.seconds))


def time_asked(seconds: float) -> TimeAsked:
    """Begin to count the time that tuning may take.

    Raises:
        SettingsError: It is no time in which anything could be done.
    """
    if not LEAST_SECONDS <= seconds < math.inf:
        raise SettingsError(f"the time is {seconds:g} seconds; choose {LEAST_SECONDS:g} or more")
    return TimeAsked(seconds)


def tune(
    model: str | None = None,
    media: MediaSource | None = None,
    *,
    truth: str | None = None,
    min_fps: float | None = None,
    max_ms: float | None = None,
    max_ap_loss: float | None = None,
    min_agreement: float | None = None,
    max_memory: float | None = None,
    max_startup: float | None = None,
    seconds: float = USUAL_SECONDS,
    out: Path | str = "tuned",
    history: Path | str | None = None,
    frames: int | None = None,
    allow: Sequence[str] = (),
    signature: str | None = None,
    run_on: str | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Find the fastest setting of a detector that keeps a budget, prove it, explain it and export it.

    Interrupted or killed, it goes on from the history when it is called again, and measures nothing twice.

    Args:
        model: A sample's name or a path; the small sample by default.
        media: What it runs on; the sample clip by default.
        truth: Ground truth of the media.
        min_fps: Frames a second, at least.
        max_ms: Milliseconds a frame, at most.
        max_ap_loss: AP below what runs now, at most; .02 by default. Without truth, agreement stands for it.
        min_agreement: Agreement with what runs now, at least.
        max_memory: Bytes that a process takes which does nothing else, at most.
        max_startup: Seconds from its start to its first result, at most.
        seconds: That it may take, about.
        out: The folder of report, history and what is exported.
        history: Another history than the one in that folder.
        frames: To time where a setting is measured whole; 150, or 64 where the time is short.
        allow: What a model may do that is refused by default.
        signature: Of a SavedModel, to call.
        run_on: `ssh://user@host`: what was measured whole is exported and measured there too, and those times decide. What that
            takes comes on top.
        progress: Told what is going on; in a notebook, a bar under the cell is by default.

    Raises:
        WorkbenchError: Detector or frames cannot be opened, what runs now cannot be measured, or `out` is what is read.
        KeyboardInterrupt: It was interrupted before that was measured; later it returns what it has.
    """
    refuse_function(model)
    budget = Budget(
        min_fps=min_fps,
        max_ms=max_ms,
        max_ap_loss=max_ap_loss,
        min_agreement=min_agreement,
        max_memory=max_memory,
        max_startup=max_startup,
    )
    target = Target.parse(run_on) if run_on is not None else None
    time, folder = time_asked(seconds), Path(out)
    sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow), signature=signature).opened()
    sources.in_words()  # refused before anything is opened
    check_apart(folder, [one for one in (model, media, truth) if isinstance(one, str | Path)])
    check_writable(folder / REPORT, PAGE)
    if target is not None:
        target.check()
    with progress_shown(progress) as told:
        detector, data = sources.open()
        with History(Path(history) if history is not None else folder / HISTORY) as kept:
            tuner = Tuner(
                *(detector, data, sources, kept, folder), budget=budget, time=time, progress=told, frames=frames, target=target
            )
            return tuner.run()
