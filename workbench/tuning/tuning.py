"""Tuning: one step after the other, each with its share of the time; what is known so far is never lost."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from workbench.choosing import Budget, Choice, Pick, accuracy_of_choice, choices_of, pick, sentence
from workbench.errors import SettingsError, UnavailableError, WorkbenchError
from workbench.history import History, Summary
from workbench.measuring import DEFAULT_FRAMES, notebook_progress
from workbench.media import MediaSource
from workbench.opening import Sources, refuse_function
from workbench.record import Record, fastest_first, median_ms, ms_and_ap, ran, speed_against, speed_words
from workbench.settings import describe_changes
from workbench.tuning.choices import kept_budget, to_confirm, to_repair
from workbench.tuning.steps import MeasuringSteps, Repaired, Steps
from workbench.tuning.time_asked import (
    CONFIRM_SHARE,
    EXPLAIN_SHARE,
    LEAST_REPAIR_SECONDS,
    REPAIR_SHARE,
    SCREEN_SHARE,
    Cost,
    TimeAsked,
    count_that_fits,
    steps_that_fit,
)
from workbench.tuning.tuned import Tuned
from workbench.wording import counted, format_duration

USUAL_SECONDS = 600.0
LEAST_SECONDS = 30.0  # less is no time for a single setting beside what runs now
SHORT_SECONDS, SHORT_FRAMES = 300.0, 64  # below so many seconds, so many frames: enough for a p90
HISTORY = "history.sqlite"

Progress = Callable[[str, int, int], object]


@final
class Tuning:
    """The steps in their order, and what they came to so far.

    Args:
        steps: What takes time.
        asked: What a setting has to keep.
        time: That it may take, about.
        frames: To time where a setting is measured whole.
        labelled: Frames that AP is computed on; 0 without truth.
    """

    def __init__(self, steps: Steps, asked: Budget, time: TimeAsked, frames: int, labelled: int) -> None:
        self.budget, said = kept_budget(asked, labelled=labelled > 0)
        self.notes = [said] if said else []
        self.step = ""
        """What is going on; the one at which it was interrupted, else the last."""
        self.whole: list[Record] = []
        """What runs now, and what else was measured whole."""
        self.report: Path | None = None
        self.exported: Path | None = None
        self._steps, self._time, self._frames, self._labelled = steps, time, frames, labelled
        self._screened: Sequence[Record] = ()
        self._kept: list[Choice] = []
        self._repaired: Repaired | None = None

    def run(self) -> bool:
        """Go through the steps, and say whether they came to their end: Ctrl-C ends them, and leaves a report of what is known.

        Raises:
            WorkbenchError: What runs now cannot be measured. Later steps that cannot be done are told in `notes`.
            KeyboardInterrupt: Nothing is known yet.
        """
        self.step = "measuring what you have now"
        self.whole = [self._steps.measure()]
        try:
            for name, step in (
                ("screening", self._screen),
                ("repairing int8", self._repair),
                ("measuring the best whole", self._confirm),
                ("weighing", self._weigh),
                ("explaining", self._explain),
                ("writing the report", self._report),
                ("exporting", self._export),
            ):
                self.step = name
                self._attempt(step)
        except KeyboardInterrupt:
            if self.report is None:
                self._attempt(self._report)
            return False
        return True

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except WorkbenchError as error:
            self.notes.append(f"{self.step} was left out: {error}")

    @property
    def baseline(self) -> Record:
        return self.whole[0]

    @property
    def picked(self) -> Pick:
        """What the budget comes to so far."""
        rows = map(Summary.of, (*self._screened, *self.whole))
        return pick(rows, self.budget, baseline=Summary.of(self.baseline))

    @property
    def chosen(self) -> Record | None:
        """What keeps the budget, what runs now too."""
        return self._record_of(self.picked.chosen)

    @property
    def _shown(self) -> Record | None:
        """What is explained and reported: the chosen one, else the one that comes nearest; `None` where it is what runs now."""
        picked = self.picked
        found = self._record_of(picked.chosen or picked.nearest)
        return None if found is self.baseline else found

    def _record_of(self, choice: Choice | None) -> Record | None:
        return next((record for record in self.whole if choice is not None and record.id == choice.summary.id), None)

    @property
    def _cost(self) -> Cost:
        return Cost(self._frames, self._labelled, _seconds(self.baseline))

    def _screen(self) -> None:
        behind = _seconds(self.baseline) * 2 * self._frames  # what is measured whole then takes at least that
        seconds = max(0.0, self._time.left - behind) * CONFIRM_SHARE
        if not seconds:
            self.notes.append("the time was gone before anything else was tried; the same again goes on from here")
            return
        try:
            note = self._steps.screen(self.baseline, SCREEN_SHARE * self._time.seconds, seconds)
            self.notes += [note] if note else []
        finally:  # interrupted, what is known by then counts too
            self._screened = self._steps.screened()
        rows = map(Summary.of, (self.baseline, *self._screened))
        # The fastest that is right enough, however fast that is; what it weighs is found out once it was measured whole.
        quality = replace(self.budget, min_fps=None, max_ms=None, max_memory=None, max_startup=None)
        found = choices_of(rows, quality, baseline=Summary.of(self.baseline))
        self._kept = [choice for choice in found if not choice.missed]

    def _repair(self) -> None:
        broken = to_repair(map(Summary.of, self._screened), self._kept)
        if broken is None:
            return
        seconds = self._time.left * REPAIR_SHARE
        if seconds < LEAST_REPAIR_SECONDS:
            self.notes.append(f"{broken.row.name} may be the fastest once it is repaired, for which the time did not suffice")
            return
        self._repaired = self._steps.repair(broken, seconds)
        if self._repaired.found is not None:
            self.notes.append(f"int8 repaired: {self._repaired.found.answer}")

    def _confirm(self) -> None:
        own = [choice for choice in self._kept if choice.summary.id != self.baseline.id]
        settings = to_confirm(own, 1000 * _seconds(self.baseline), self._repaired.settings if self._repaired else None)
        if not settings:
            self.notes.append("nothing that was screened is faster and right enough")
            return
        fastest = min((choice.candidate.ms or 0.0 for choice in own), default=0.0) / 1000  # all of them take about as long
        count = count_that_fits(self._cost, fastest, self._time.left * CONFIRM_SHARE)
        if count < len(settings):
            self.notes.append(f"the time sufficed to measure {count} of {counted(len(settings), 'contender')} whole")
        confirmed = self._steps.confirm(settings[:count], self._time.left)
        found = [record for record in confirmed if record.id != self.baseline.id]
        if not found:
            self.notes.append(
                "the time was gone before anything was measured whole: this machine is slower than was guessed, or busy"
            )
        self.whole = [self.baseline, *fastest_first(map(self._with_repair, found), ms_and_ap)]
        known = {record.settings for record in self.whole}
        self._screened = [record for record in self._screened if record.settings not in known]

    def _weigh(self) -> None:
        """Weigh what was measured whole, where the budget asks for it."""
        if self.budget.max_memory is None and self.budget.max_startup is None:
            return
        for number, record in enumerate(self.whole):
            try:
                self.whole[number] = self._steps.weigh(record)
            except UnavailableError as error:
                self.notes.append(f"{record.name} was not weighed: {error}")

    def _with_repair(self, record: Record) -> Record:
        if self._repaired is None or record.settings != self._repaired.settings:
            return record
        return record.model_copy(update={"quantising": self._repaired.found})

    def _explain(self) -> None:
        chosen = self._shown
        if chosen is None or (chosen.waterfall is not None and chosen.waterfall.baseline_id == self.baseline.id):
            return
        changes = len(describe_changes(self.baseline.settings, chosen.settings))
        seconds = self._time.left * EXPLAIN_SHARE
        fits = steps_that_fit(self._cost, changes, seconds)
        if fits is None:
            self.notes.append("what each setting brought was left out for want of time; `workbench compare --explain` tells it")
            return
        if self._labelled and not fits.judged:
            self.notes.append("what each setting brought is told in ms only, for want of time")
        explained = self._steps.explain(self.baseline, chosen, fits, seconds)
        self.whole = [explained if record.id == explained.id else record for record in self.whole]

    def _report(self) -> None:
        records = [*self.whole, *(record for record in self._screened if ran(record))]
        self.report = self._steps.report(records, self._shown, self.sentence)

    def _export(self) -> None:
        if self.chosen is not None and self.chosen is self._shown:
            self.exported = self._steps.export(self.chosen)

    @property
    def sentence(self) -> str:
        """What it comes to so far."""
        picked, known = self.picked, {record.id: record for record in self.whole}
        said, chosen = sentence(picked, accuracy=accuracy_of_choice(picked, known.__getitem__)), self.chosen
        if chosen is None:
            return said
        if chosen is self.baseline:
            return f"{said} That is what you have now."
        speed = speed_against(chosen, self.baseline)
        return f"{said} Against {self.baseline.name}, what you have now: {speed_words(speed)}." if speed else said

    def tuned(self, *, finished: bool) -> Tuned:
        """Return what it came to."""
        return Tuned(
            sentence=self.sentence,
            next_step=self._next_step(finished=finished),
            notes=tuple(self.notes),
            records=tuple(self.whole),
            chosen=self.chosen,
            picked=self.picked,
            report=self.report,
            exported=self.exported,
            stopped="" if finished else self.step,
        )

    def _next_step(self, *, finished: bool) -> str:
        why = f"; {self.report} shows why" if self.report else ""
        if not finished:
            return f"Stopped while {self.step}: the same again goes on from here{why}."
        if self.exported is not None:
            return f"Next: python {self.exported / 'detect.py'} PICTURE_OR_VIDEO runs it without the workbench{why}."
        if self.chosen is not None and self.chosen is not self.baseline:
            return f"Next: {self.chosen.command}{why}."
        return f"Next: give it more time, ask for less, or try a smaller architecture{why}."


def _seconds(record: Record) -> float:
    return (median_ms(record) or 0.0) / 1000


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
        progress: Told what is going on; in a notebook, a bar under the cell is by default.

    Raises:
        WorkbenchError: Detector or frames cannot be opened, or what runs now cannot be measured.
        KeyboardInterrupt: It was interrupted before that was measured; later it returns what it has.
    """
    refuse_function(model)
    if not LEAST_SECONDS <= seconds < math.inf:
        raise SettingsError(f"the time is {seconds:g} seconds; choose {LEAST_SECONDS:g} or more")
    budget = Budget(
        min_fps=min_fps,
        max_ms=max_ms,
        max_ap_loss=max_ap_loss,
        min_agreement=min_agreement,
        max_memory=max_memory,
        max_startup=max_startup,
    )
    time, folder = TimeAsked(seconds), Path(out)
    timed = frames or (DEFAULT_FRAMES if seconds >= SHORT_SECONDS else SHORT_FRAMES)
    sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow), signature=signature).opened()
    in_words = sources.in_words()
    bar = notebook_progress() if progress is None else None
    show = progress or bar or (lambda *_: None)

    def tell(what: str) -> None:
        words = f"{tuning.step}: {what}" if what else tuning.step
        show(f"{words} · at most {format_duration(time.left)} left", round(seconds - time.left), round(seconds))

    try:
        detector, data = sources.open()
        with History(Path(history) if history is not None else folder / HISTORY) as kept:
            kept.check_writable()
            steps = MeasuringSteps(detector, data, in_words, kept, folder, timed, tell)
            tuning = Tuning(steps, budget, time, timed, steps.labelled)
            finished = tuning.run()
    finally:
        if bar is not None:
            bar.clear()
    return tuning.tuned(finished=finished)
