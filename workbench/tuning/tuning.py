"""Tuning: one step after the other, each in its part of the time; what is known so far is never lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from workbench.choosing import Budget, Choice, Pick, accuracy_of_choice, choices_of, pick, sentence
from workbench.errors import SaveError, UnavailableError, WorkbenchError
from workbench.history import Summary
from workbench.record import Record, ap, fastest_first, median_ms, ms_and_ap, ran, speed_against, speed_words
from workbench.settings import describe_changes
from workbench.tuning.choices import kept_budget, to_confirm, to_repair
from workbench.tuning.steps import MeasuringSteps, Repaired
from workbench.tuning.time_asked import (
    LEAST_REPAIR_SECONDS,
    LEAST_SCREENING_SECONDS,
    PROCESS_SECONDS,
    SURE_SHARE,
    Costs,
    TimeAsked,
    count_that_fits,
    screening_seconds,
    way_that_fits,
)
from workbench.tuning.tuned import Tuned
from workbench.wording import counted, format_milliseconds, listed

MOST_ROUNDS = 5  # of looking further: each plan is careful, so what it leaves over is planned again
COMPARE = "`workbench compare --explain` tells it"


@final
class Tuning:
    """The steps in their order, and what they came to so far.

    Args:
        steps: What takes time.
        asked: What a setting has to keep.
        time: That it may take, about.
        frames: To time where a setting is measured whole.
    """

    def __init__(self, steps: MeasuringSteps, asked: Budget, time: TimeAsked, frames: int) -> None:
        self.budget = asked
        """What a setting has to keep: once what runs now is measured, in what can be known of these frames."""
        self.step, self.place = "", ""
        """What is going on, and which step of how many that is: the one at which it was stopped, else the last."""
        self.stopped = False
        """Whether it was interrupted before its end."""
        self.problem = ""
        """Why it could not go on to its end."""
        self.whole: list[Record] = []
        """What runs now, and what else was measured whole."""
        self.report: Path | None = None
        self.exported: Path | None = None
        self._steps, self._time = steps, time
        self._notes: dict[str, str] = {}  # by what they are about: looked at again, the later one stands
        self._costs = Costs(frames, steps.labelled, 0.0)
        self._planned, self._left_out = 0.0, ""  # seconds of screening, and what did not fit them
        self._screened: Sequence[Record] = ()
        self._kept: list[Choice] = []
        self._repaired: Repaired | None = None
        self._repair_tried = False
        self._there: dict[str, Record] = {}  # by the ids of records of here

    def run(self) -> None:
        """Go through the steps; Ctrl-C ends them, and leaves a report of what is known.

        Raises:
            WorkbenchError: What runs now cannot be measured. Later steps that cannot be done are told in `notes`.
            KeyboardInterrupt: Nothing is known yet.
        """
        weighs = self.budget.max_memory is not None or self.budget.max_startup is not None
        steps = (
            ("measuring what you have now", self._measure),
            ("screening", self._screen),
            ("repairing int8", self._repair),
            ("measuring the best whole", self._confirm),
            ("looking further", self._look_further),
            *(((f"measuring on {self._steps.target}", self._measure_there),) if self._steps.target else ()),
            *((("weighing", self._weigh),) if weighs else ()),
            ("explaining", self._explain),
            ("writing the report", self._report),
            ("exporting", self._export),
        )
        try:
            for number, (name, step) in enumerate(steps, start=1):
                self.step, self.place = name, f"step {number} of {len(steps)}"
                if not self.whole:
                    step()
                elif not self._done(step):
                    break
        except KeyboardInterrupt:
            if not self.whole:
                raise
            self.stopped = True
        if self.report is None and (self.stopped or self.problem):
            self._done(self._report)

    def _done(self, step: Callable[[], None]) -> bool:
        """Do a step, or say why it is left out; return whether others can follow: not where nothing can be kept any more."""
        try:
            step()
        except SaveError as error:
            self.problem = self.problem or str(error)
        except WorkbenchError as error:
            self._notes[f"{self.step}, left out"] = f"{self.step} was left out: {error}"
        return not self.problem

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and why, and what stands for what."""
        return tuple(filter(None, self._notes.values()))

    @property
    def baseline(self) -> Record:
        return self.whole[0]

    @property
    def picked(self) -> Pick:
        """What the budget comes to so far."""
        rows = [Summary.of(record) for record in (*self._screened, *self.whole)]
        if self._there:  # its times decide, so nothing counts that was not measured there
            rows = [_timed_as(row, Summary.of(self._there[row.id])) for row in rows if row.id in self._there]
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

    def _measure(self) -> None:
        began = self._time.spent
        self.whole = [self._steps.measure()]
        self._costs = self._costs._replace(baseline_seconds=_seconds(self.baseline))
        self._pace_by(began, self._costs.measuring)
        labelled = "the truth of these frames holds no object of the detector's classes"
        no_ap = "" if ap(self.baseline) is not None else labelled if self._steps.labelled else "no truth is known of these frames"
        self.budget, self._notes["budget"] = kept_budget(self.budget, no_ap)
        self._planned = screening_seconds(self._costs, self._time.left, self._time.seconds)

    def _pace_by(self, began: float, guessed: float) -> None:
        """Guess more from now on where a step has taken longer than was guessed."""
        self._costs = self._costs._replace(pace=max(self._costs.pace, (self._time.spent - began) / guessed))

    def _screen(self) -> None:
        self._screen_for(self._time.left - self._costs.confirming(1, self._costs.quick_seconds))

    def _screen_for(self, seconds: float) -> None:
        if seconds > 0:
            try:
                self._left_out = self._steps.screen(self.baseline, self._planned, seconds)
            finally:  # interrupted, what is known by then counts too
                self._look_through(self._steps.screened())
        gone = "the time was gone before anything else was tried; the same again goes on from here"
        self._notes["screened"] = self._left_out if self._screened else gone

    @property
    def _to_search(self) -> float:
        """Seconds that are left for more than what is known."""
        best, costs = self._shown, self._costs
        if best is None:
            return costs.searching(self._time.left - costs.writing())
        changes = 1 + len(describe_changes(self.baseline.settings, best.settings))  # the next best may have one more
        return costs._replace(changes=changes).searching(self._time.left - costs.writing(best.settings.runtime.engine))

    def _look_further(self) -> None:
        """Screen, repair and confirm more, as long as there is more and time for it."""
        for _ in range(MOST_ROUNDS):
            before = self._extent
            for step in (self._screen_more, self._repair, self._confirm):
                if not self._done(step):
                    return
            if self._extent == before:
                return

    @property
    def _extent(self) -> tuple[int, ...]:
        return len(self._screened), len(self.whole), int(self._repair_tried)

    def _screen_more(self) -> None:
        seconds = self._to_search - self._costs.confirming(1, self._costs.quick_seconds)
        if self._left_out and seconds >= LEAST_SCREENING_SECONDS * self._costs.pace:
            self._planned += seconds - PROCESS_SECONDS
            self._screen_for(seconds)

    def _look_through(self, screened: Sequence[Record]) -> None:
        self._screened = self._not_whole(screened)
        rows = map(Summary.of, (self.baseline, *screened))
        # The fastest that is right enough, however fast that is; what it weighs is found out once it was measured whole.
        quality = replace(self.budget, min_fps=None, max_ms=None, max_memory=None, max_startup=None)
        found = choices_of(rows, quality, baseline=Summary.of(self.baseline))
        self._kept = [choice for choice in found if not choice.missed and choice.summary.id != self.baseline.id]

    def _not_whole(self, screened: Sequence[Record]) -> list[Record]:
        known = {record.settings for record in self.whole[1:]}
        return [record for record in screened if record.settings not in known]

    def _repair(self) -> None:
        if self._repair_tried:
            return
        self._notes["repaired"] = ""
        broken = to_repair(map(Summary.of, self._screened), self._kept)
        if broken is None:
            return
        costs = self._costs
        behind = costs.confirming(2, costs.quick_seconds) + costs.least_explaining + costs.writing()
        seconds = self._time.left - behind
        if seconds < LEAST_REPAIR_SECONDS * costs.pace:
            said = f"{broken.row.name} may be the fastest once it is repaired, for which the time did not suffice"
            self._notes["repaired"] = said
            return
        self._repair_tried = True
        self._repaired = self._steps.repair(broken, seconds)
        if self._repaired.found is not None:
            self._notes["repaired"] = f"int8 repaired: {self._repaired.found.answer}"

    def _confirm(self) -> None:
        baseline_ms, repaired = 1000 * _seconds(self.baseline), self._repaired.settings if self._repaired else None
        known = {record.settings for record in self.whole}
        settings = [one for one in to_confirm(self._kept, baseline_ms, repaired) if one not in known]
        if not settings:
            nothing = self._screened and len(self.whole) == 1
            self._notes["confirmed"] = "nothing that was screened is faster and right enough" if nothing else ""
            return
        costs = self._costs
        fastest = min((choice.ms or 0.0 for choice in self._kept), default=0.0) / 1000  # all of them take about as long
        count = count_that_fits(costs, fastest, self._to_search)
        if len(self.whole) == 1:
            count = max(1, count)  # one of them is worth more than the folder
        if count:
            seconds = max(self._time.left - costs.writing(), costs.confirming(1, fastest))  # cut short, all of it would be lost
            began = self._time.spent
            confirmed = self._steps.confirm(settings[:count], min(seconds, self._time.most))
            found = {record.id: self._with_repair(record) for record in (*self.whole[1:], *confirmed)}
            found.pop(self.baseline.id, None)
            self.whole = [self.baseline, *fastest_first(found.values(), ms_and_ap)]
            self._screened = self._not_whole(self._screened)
            self._pace_by(began, costs._replace(pace=1.0).confirming(count, fastest))
        known = {record.settings for record in self.whole}
        self._notes["confirmed"] = _confirmed(len(known) - 1, sum(one not in known for one in settings))

    def _measure_there(self) -> None:
        """Measure what was confirmed on the target as well. How long that takes is not known here: it comes on top."""
        began = self._time.spent
        for record in self.whole[1:]:
            try:
                self._there[record.id] = self._steps.measure_there(record)
            except UnavailableError as error:
                self._notes[f"{record.id} there"] = f"{record.name} was not measured on {self._steps.target}: {error}"
        self._time.lengthen(self._time.spent - began)
        known = [(record, self._there[record.id]) for record in self.whole if record.id in self._there]
        if known:
            times = [f"{record.name} {format_milliseconds(median_ms(there))} ms" for record, there in known]
            cpu = known[0][1].environment.cpu
            self._notes["there"] = f"on {self._steps.target} ({cpu}), whose times decide: {listed(times)} a frame"

    def _weigh(self) -> None:
        """Weigh what was measured whole."""
        for number, record in enumerate(self.whole):
            try:
                self.whole[number] = self._steps.weigh(record)
            except UnavailableError as error:
                self._notes[f"{record.id} weighed"] = f"{record.name} was not weighed: {error}"

    def _with_repair(self, record: Record) -> Record:
        if self._repaired is None or record.settings != self._repaired.settings:
            return record
        return record.model_copy(update={"quantising": self._repaired.found})

    def _explain(self) -> None:
        chosen, labelled = self._shown, self._steps.labelled
        if chosen is None or (chosen.waterfall is not None and chosen.waterfall.baseline_id == self.baseline.id):
            return
        seconds = self._time.left - self._costs.writing(chosen.settings.runtime.engine)
        changes = len(describe_changes(self.baseline.settings, chosen.settings))
        way = way_that_fits(self._costs, changes, _seconds(chosen), SURE_SHARE * seconds)
        if way is None:
            self._notes["explained"] = f"what each setting brought was left out for want of time; {COMPARE}"
            return
        if labelled and way.judged < labelled:
            known = f"judged on {way.judged} of {labelled} labelled frames" if way.judged else "told in ms only"
            self._notes["explained"] = f"what each setting brought is {known}, for want of time; {COMPARE} whole"
        explained = self._steps.explain(self.baseline, chosen, way, seconds)
        self.whole = [explained if record.id == explained.id else record for record in self.whole]
        if self._there:
            self._notes["explained here"] = f"what each setting brought was measured on this machine, not on {self._steps.target}"

    def _report(self) -> None:
        records = [*self.whole, *self._there.values(), *(record for record in self._screened if ran(record))]
        self.report = self._steps.report(records, self._shown, self.sentence)

    def _export(self) -> None:
        if self.chosen is None or self.chosen is not self._shown:
            return
        if self._time.most < self._costs.writing(self.chosen.settings.runtime.engine):
            self._notes["exported"] = "the folder was left out for want of time; `workbench export` writes it"
            return
        self.exported = self._steps.export(self.chosen)

    @property
    def sentence(self) -> str:
        """What it comes to so far."""
        picked, known = self.picked, {record.id: record for record in self.whole}
        place = f"on {self._steps.target}" if self._there else "on this machine"
        said = sentence(picked, accuracy=accuracy_of_choice(picked, known.__getitem__), place=place)
        chosen, here = self.chosen, ", on this machine" if self._there else ""
        if chosen is None:
            return said
        if chosen is self.baseline:
            return f"{said} That is what you have now."
        speed = speed_against(chosen, self.baseline)
        return f"{said} Against {self.baseline.name}, what you have now{here}: {speed_words(speed)}." if speed else said

    def tuned(self) -> Tuned:
        """Return what it came to."""
        return Tuned(
            sentence=self.sentence,
            next_step=self._next_step,
            notes=self.notes,
            records=tuple(self.whole),
            chosen=self.chosen,
            picked=self.picked,
            report=self.report,
            exported=self.exported,
            stopped=self.step if self.stopped or self.problem else "",
            problem=self.problem,
        )

    @property
    def _next_step(self) -> str:
        why = f"; {self.report} shows why" if self.report else ""
        if self.problem:
            return f"Stopped at {self.step}: {self.problem}. The same again goes on from here{why}."
        if self.stopped:
            return f"Stopped while {self.step}: the same again goes on from here{why}."
        if self.exported is not None:
            return f"Next: python {self.exported / 'detect.py'} PICTURE_OR_VIDEO runs it without the workbench{why}."
        if self.chosen is not None and self.chosen is not self.baseline:
            return f"Next: {self.chosen.command}{why}."
        return f"Next: give it more time, ask for less, or try a smaller architecture{why}."


def _timed_as(row: Summary, there: Summary) -> Summary:
    """Return what is known of a setting here, with its times of there."""
    names = ("machine_id", "cpu", "frames", "median_ms", "p95_ms", "fps", "noise", "problem")
    return row._replace(**{name: getattr(there, name) for name in names})


def _seconds(record: Record) -> float:
    return (median_ms(record) or 0.0) / 1000


def _confirmed(known: int, left: int) -> str:
    """Say what there was no time to measure whole."""
    if not known:
        return "the time was gone before anything was measured whole: this machine is slower than was guessed, or busy"
    return f"the time sufficed to measure {known} of {counted(known + left, 'contender')} whole" if left else ""
