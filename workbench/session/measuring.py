"""What a session measures: whole settings, sweeps and folders to export. What plays holds still meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

from workbench.choosing import Budget
from workbench.detectors import Detector
from workbench.errors import MediaError, SettingsError, UnavailableError
from workbench.history import History, default_path
from workbench.live import Player
from workbench.machine import ChildFailedError
from workbench.measuring import Bench, explain, weigh
from workbench.opening import EvaluationData, Sources, Variant, words
from workbench.profile import Job as ProfileJob
from workbench.profile import run_profile, why_not_profiled
from workbench.record import Record
from workbench.repair import Job, run_repair
from workbench.session.evaluation import Pinned
from workbench.session.notices import Activity, Cancelled, CancelToken, Notices
from workbench.session.sweeping import Scope, Search
from workbench.settings import Settings
from workbench.sweep import Estimate, Grid, Standing
from workbench.tuning import Tuned, Tuner, time_asked
from workbench.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a session measures.

    Attributes:
        history: Where records are kept; the user's own history by default.
        frames: How many a measurement times.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.
        grid: What a sweep tries; all sensible settings by default.
    """

    history: Path | None
    frames: int
    comparison_seconds: float
    grid: Grid | None


@final
class Measuring:
    """Measures settings of one detector on some frames; what plays stands still meanwhile.

    Attributes:
        records: What was measured whole, oldest first.
        search: What is known of the detector's settings on these frames; `None` where they are in this process only.
    """

    def __init__(
        self,
        detector: Detector,
        data: EvaluationData,
        player: Player,
        sources: Sources,
        protocol: Protocol,
        notices: Notices,
        records: list[Record],
    ) -> None:
        self.records = records
        self._activity: Activity | None = None
        self._tuner: Tuner | None = None  # that runs
        self._detector, self._data, self._player = detector, data, player
        self._sources = sources.model_copy(update={"detector": detector.facts.source})
        self._protocol, self._notices = protocol, notices
        self.search = self._new_search()
        self._benches: dict[Settings | None, Bench] = {}

    @property
    def active(self) -> bool:
        """Whether something is being measured just now."""
        return self._activity is not None

    def record(self, record_id: str) -> Record:
        """Return a record by its id.

        Raises:
            SettingsError: There is none of this id.
        """
        for record in self.records:
            if record.id == record_id:
                return record
        raise SettingsError("this record is not of this session; choose one of the table")

    def measure(self, settings: Settings, pinned: Pinned | None, token: CancelToken) -> None:
        """Run the full protocol on settings, and before it on the pinned ones where those have no record yet.

        Raises:
            WorkbenchError: They cannot be measured.
        """
        with self._still("measuring", token), History(self._protocol.history or default_path()) as history:
            self._measure(settings, pinned, history)

    def explain(self, settings: Settings, pinned: Pinned | None, token: CancelToken) -> None:
        """Measure what each setting brings between the pinned ones and these, and before it both where they have no record yet.

        Raises:
            SettingsError: Nothing is pinned, or it is the same.
            WorkbenchError: They cannot be measured.
        """
        if pinned is None:
            raise SettingsError("nothing is pinned to explain these settings against; pin some, change others, and explain then")
        if pinned.settings == settings:
            raise SettingsError("these settings are what is pinned; change some, and explain then")
        with self._still("explaining", token), History(self._protocol.history or default_path()) as history:
            if self._newest(settings) is None or self._newest(pinned.settings) is None:
                self._measure(settings, pinned, history)
            base, chosen = self._newest(pinned.settings), self._newest(settings)
            assert base is not None, "it was measured"
            assert chosen is not None, "it was measured"
            found = explain(self._detector, self._data, base, chosen, progress=self._progress)
            assert found.waterfall is not None, "that is what it was asked for"
            history.set_waterfall(found.id, found.waterfall)
            self.records = [found if one.id == found.id else one for one in self.records]
            self._notices.write(f"explained {found.name} against {base.name}")

    def weigh(self, token: CancelToken) -> None:
        """Weigh what was measured and not weighed yet.

        Raises:
            SettingsError: There is nothing to weigh.
            WorkbenchError: A setting cannot be weighed.
        """
        facts = self._detector.facts.sha256, self._data.media.facts().key
        same = [one for one in self.records if one.problem is None and (one.detector.sha256, one.media.key) == facts]
        if not (left := [one for one in same if one.weight is None]):
            raise SettingsError("all that was measured is weighed already" if same else "nothing is measured; measure, then weigh")
        with self._still("weighing", token) as activity, History(self._protocol.history or default_path()) as history:
            for number, record in enumerate(left):
                activity.tell(f"weighing {record.name}", number, len(left))
                try:
                    found = weigh(self._detector, self._data, record, stop=token)
                except ChildFailedError:
                    token.check()
                    raise
                assert found.weight is not None, "that is what it was asked for"
                history.set_weight(found.id, found.weight)
                self.records = [found if one.id == found.id else one for one in self.records]

    def profile(self, settings: Settings, pinned: Pinned | None, token: CancelToken) -> None:
        """Time the operators of a network one by one, in a process of its own; they go to the newest record of these settings.

        Raises:
            WorkbenchError: There is no profiler for these settings, the frames are in memory only, or they cannot be measured.
        """
        if reason := why_not_profiled(settings):
            raise UnavailableError(reason)
        sources = self._sources.in_words()
        with self._still("profile: preparing", token) as activity, History(self._protocol.history or default_path()) as history:
            record = self._newest(settings) or self._measure(settings, pinned, history)
            job = ProfileJob(sources=sources, settings=settings)
            try:
                inside = run_profile(job, lambda step: activity.tell(f"profile: {step}", 0, 0), token)
            finally:
                token.check()  # a process that was ended for it says something else
            found = history.set_inside(record.id, inside)
            self.records = [found if one.id == found.id else one for one in self.records]
            self._notices.write(f"profiled {found.name}")

    def _measure(self, settings: Settings, pinned: Pinned | None, history: History) -> Record:
        """Measure settings, and before them the pinned ones where those have no record yet."""
        if self._data.media.facts().endless:
            raise MediaError(
                "a live source never shows the same frames twice; in Python, Workbench(media=recorded(open_media(…), 150)) does"
            )
        baseline = pinned.settings if pinned else None
        bench = self._bench(baseline)
        options = self._sources.options(self._protocol.frames)
        if baseline is not None and baseline != settings and not bench.has_baseline:
            self._keep(history, bench.measure(Variant.of(self._detector, baseline, options=options)))
        record = bench.measure(Variant.of(self._detector, settings, options=options))
        self._keep(history, record)
        return record

    def _newest(self, settings: Settings) -> Record | None:
        """Return the newest record of settings on these frames."""
        key = self._data.media.facts().key
        ran = (one for one in reversed(self.records) if one.settings == settings and one.media.key == key and one.problem is None)
        return next(ran, None)

    def sweep(self, scope: Scope, settings: Settings, token: CancelToken) -> None:
        """Measure all sensible settings, or those of the size of these, as far as the history does not know them.

        Raises:
            WorkbenchError: The frames cannot be swept, or the history cannot be written.
        """
        search = self.search
        if search is None:
            self._sources.in_words()  # raises: it says why there is none
        assert search is not None, "there is one wherever there are sources"
        with self._still("sweep: preparing", token) as activity:
            for step in search.run(scope, settings, partial(self._tell_sweep, activity)):
                if token.is_set():  # since before there was a sweep that could have been told
                    search.cancel()
                if isinstance(step, Estimate):
                    minutes = step.seconds / 60
                    self._notices.write(f"sweep: {step.combinations} settings, {step.known} known already, about {minutes:.0f} min")
                self._notices.changed()
            token.check()

    def repair(self, settings: Settings, token: CancelToken) -> tuple[Settings, str]:
        """Look for what repairs integers; return the best that was found, of a cancelled search too, and what it is like.

        Raises:
            WorkbenchError: The frames are in this process only, or the network cannot be quantised or run.
        """
        sources = self._sources.in_words()
        frames = self._protocol.frames
        job = Job(sources=sources, settings=settings, frames=frames, repair=True, options=sources.options(frames))
        with self._still("repair: preparing", token) as activity, History(self._protocol.history or default_path()) as history:
            found = run_repair(job, lambda what, done, total: activity.tell(f"repair: {what}", done, total), token)
            for record in found.records:
                self._keep(history, record)
        if found.settings is None:
            raise Cancelled
        answer = next((one.quantising.answer for one in found.records if one.quantising is not None), "cancelled; the best so far")
        return found.settings, answer

    def tune(self, budget: Budget, seconds: float, out: Path, pinned: Pinned | None, token: CancelToken) -> Tuned:
        """Go the whole way from what is pinned to the fastest setting that keeps a budget; cancelled, return the best so far.

        Raises:
            WorkbenchError: The frames are in this process only, or what is pinned cannot be measured.
        """
        time = time_asked(seconds)
        sources = self._sources.in_words()
        start = None if pinned is None else words(self._detector, pinned.settings)
        with self._still("finding the fastest", token) as activity, History(self._protocol.history or default_path()) as history:

            def tell(what: str, gone: int, total: int) -> None:
                activity.tell(f"finding the fastest, {what}", min(99, 100 * gone // total), 100)

            self._tuner = tuner = Tuner(
                self._detector, self._data, sources, history, out, budget=budget, time=time, progress=tell, baseline=start
            )
            try:
                if token.is_set():  # since before there was one that could have been told
                    tuner.cancel()
                tuned = tuner.run()
            except KeyboardInterrupt:
                raise Cancelled from None
            finally:
                self._tuner = None
        known = {record.id for record in tuned.records}
        self.records = [*(record for record in self.records if record.id not in known), *tuned.records]
        if self.search is not None:
            self.search.look_up()
        for line in (*tuned.notes, tuned.sentence, tuned.next_step):
            self._notices.write(line)
        return tuned

    def cancel(self) -> None:
        """End a sweep or a tuning soon; what is finished stays."""
        if self.search is not None:
            self.search.cancel()
        if (tuner := self._tuner) is not None:
            tuner.cancel()

    def export(self, settings: Settings, folder: Path, token: CancelToken, *, replace: bool) -> None:
        """Write a folder that runs settings without the workbench.

        Raises:
            WorkbenchError: They cannot be exported, or the folder cannot be written.
        """
        from workbench.export import export_folder

        with self._notices.doing("exporting", token) as activity:
            exported = export_folder(self._detector, settings, self._data, folder, replace=replace, progress=activity.progress)
        tried = counted(exported.frames, "frame")
        self._notices.tell(f"exported: {exported.folder}, tried on {tried}; its README.md says more", "measure")
        self._notices.write(f"exported: {exported.folder}")

    def _new_search(self) -> Search | None:
        """Return what a sweep works on; `None` where no other process could open these frames."""
        protocol = self._protocol
        try:
            sources = self._sources.in_words()
        except SettingsError:
            return None
        return Search(self._detector, sources, self._data.media.facts(), protocol.history, protocol.frames, protocol.grid)

    @contextmanager
    def _still(self, what: str, token: CancelToken) -> Iterator[Activity]:
        """Tell of a job, and keep what plays from taking time."""
        token.check()
        with self._notices.doing(what, token) as activity:
            self._activity = activity
            try:
                with self._player.hold():
                    yield activity
            finally:
                self._activity = None

    def _bench(self, baseline: Settings | None) -> Bench:
        if baseline not in self._benches:
            protocol = self._protocol
            bench = Bench(self._data, protocol.frames, progress=self._progress, comparison_seconds=protocol.comparison_seconds)
            self._benches = {baseline: bench}  # the last one only: each keeps a model
        return self._benches[baseline]

    def _keep(self, history: History, record: Record) -> None:
        self.records = [*self.records, record]
        history.append(record)
        if self.search is not None:
            self.search.add(record)
        self._notices.write(f"measured {record.name}")

    def _progress(self, what: str, done: int, total: int) -> None:
        assert self._activity is not None, "a bench works while something is measured only"
        self._activity.progress(what, done, total)

    def _tell_sweep(self, activity: Activity, standing: Standing) -> None:
        minutes = standing.seconds_left / 60
        left = f"about {minutes:.0f} min left" if minutes >= 1 else "less than a minute left"
        gone = time.perf_counter() - activity.job.began_seconds
        percent = max(activity.job.done, int(100 * gone / (gone + standing.seconds_left))) if standing.seconds_left else 100
        activity.tell(f"sweep, {left}: {standing.what}", percent, 100)
