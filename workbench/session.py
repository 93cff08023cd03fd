"""A session: what someone plays with, apart from how it is shown. Settings, what is pinned, records, and what is going on."""

import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, final

from workbench.accuracy import Accuracy
from workbench.availability import check, fit
from workbench.bench import COMPARISON_SECONDS, DEFAULT_FRAMES, Bench
from workbench.blocks import BlockRounds
from workbench.catalog import Footage, open_detector, open_footage
from workbench.detections import Detections
from workbench.detectors import Detector
from workbench.errors import MediaError, SettingsError, UnavailableError, WorkbenchError
from workbench.history import History, default_path
from workbench.judge import Judge
from workbench.machine import environment
from workbench.media import Media, MediaFacts, MediaSource, as_media
from workbench.picking import Budget
from workbench.pipeline import Pipeline
from workbench.player import Player, Shown
from workbench.record import Record
from workbench.report import render_report
from workbench.searching import Scope, Search, material_of
from workbench.settings import FAST, Settings, describe_changes
from workbench.sweep import Estimate, Grid, Standing
from workbench.timing import Comparison, Timing
from workbench.variants import variant, wished, words
from workbench.worker import Worker

PIPELINES_KEPT = 6  # warm ones, so that going back to a setting is instant; each holds a model of some MB
SETTLE_SECONDS = 0.4  # without another change, before accuracy and comparison are worth beginning
REST = 1.0  # times a slice of accuracy or comparison that playing goes on before the next
LOOK_REST = 4.0  # the same for the baseline's detections: they are wanted for every frame, and may be slow
LOG_KEPT = 200
DEFAULT_PRESET = "graph"

IN_MEMORY = ("arrays", "generator", "recording")  # kinds of media that have a name in Python only
Place = Literal["panel", "media", "settings", "measure"]


class Cancelled(Exception):  # noqa: N818 - not an error: somebody pressed the button
    """Raised inside a measurement that nobody waits for any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """What stands in the panel until the next one, or until it is dismissed."""

    kind: Literal["error", "note"]
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Job:
    """What is going on beside playing. `total` 0 is unknown."""

    what: str
    began_seconds: float
    done: int = 0
    total: int = 0
    can_cancel: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of what happened."""

    time: str
    kind: Literal["error", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class Pinned:
    """The baseline: a setting as it was when it was pinned. `found` fills up while its frames are looked at."""

    name: str
    settings: Settings
    pipeline: Pipeline
    found: dict[int, Detections]
    timing: Timing | None
    accuracy: Accuracy | None


@dataclass(slots=True)
class _Benches:
    """The bench of the baseline: what is measured is compared with what was pinned."""

    make: Callable[[], Bench]
    by_words: dict[str, Bench] = field(default_factory=dict)

    def bench(self, baseline: str) -> Bench:
        if baseline not in self.by_words:
            self.by_words = {baseline: self.make()}  # the last one only: each keeps a model
        return self.by_words[baseline]


@final
class Session:
    """Detector, media and settings that play in the background. Every method may be called from any thread and returns at once.

    Nothing here raises for what a user can cause: it stands in `message`.

    Args:
        detector: A sample's name or a path.
        media: Media, or whatever stands for some; the sample clip by default.
        truth: Ground truth of the media.
        preset: What to begin with: a preset, or a preset and changes.
        history: Where records are kept; the user's own history by default.
        frames: How many a measurement times.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.
        allow: What in a model may run as Python code, by name.
        grid: What a sweep tries; all sensible settings by default.

    Attributes:
        on_change: Called from any thread whenever something here changed; whoever shows the session sets it.
    """

    def __init__(
        self,
        detector: str | None = None,
        media: MediaSource | None = None,
        *,
        truth: str | None = None,
        preset: str = DEFAULT_PRESET,
        history: Path | None = None,
        frames: int = DEFAULT_FRAMES,
        comparison_seconds: float = COMPARISON_SECONDS,
        allow: Collection[str] = (),
        grid: Grid | None = None,
    ) -> None:
        self.on_change: Callable[[], None] = _nobody_looks
        self.detector: Detector | None = None
        self.footage: Footage | None = None
        self.player: Player | None = None
        self.settings: Settings | None = None
        """What is wished for; `player.pipeline` may still be under another."""
        self.pinned: Pinned | None = None
        self.comparison: Comparison | None = None
        self.accuracy: Accuracy | None = None
        self.records: list[Record] = []
        self.search: Search | None = None
        """What is known of the detector's settings on these frames; `None` where they are in this process only."""
        self.job: Job | None = None
        self.message: Message | None = None
        self.log: list[LogLine] = []
        self._preset = preset
        self._sources: tuple[str | None, MediaSource | None, str | None] = (detector, media, truth)
        self._history = history
        self._frames = frames
        self._allow = tuple(allow)
        self._grid = grid
        self._comparison_seconds = comparison_seconds
        self._lock = threading.RLock()
        self._pipelines: dict[str, Pipeline] = {}
        self._compile_seconds: dict[str, float] = {}
        self._judge: Judge | None = None
        self._benches: _Benches | None = None
        self._uploads: tempfile.TemporaryDirectory[str] | None = None
        self._changes = 0
        self.measuring = False
        self._cancelled = False
        self._closed = False
        self._worker = Worker(self.tell_error)
        self._worker.submit(lambda: self._open(*self._sources))

    # What is asked for

    def set(self, name: str, value: object) -> None:
        """Change one setting; what stands in its way is changed with it, and said."""
        self._guarded("settings", lambda: self._wish({name: value}, chosen=name))

    def use_preset(self, text: str) -> None:
        """Change to a preset, or a preset and changes; everything else goes back to the detector's defaults."""

        def change() -> None:
            detector = self._opened_detector()
            fast = self._fast(detector) if text.partition(",")[0].strip() == FAST else None
            self._change(check(detector, wished(detector, text, fast)))

        self._guarded("settings", change)

    def use(self, values: Mapping[str, object], record_id: str) -> None:
        """Go to a record's settings with some of them changed, as advice proposes it; what stands in their way is changed too."""

        def change() -> None:
            detector, settings = self._opened_detector(), self._record(record_id).settings
            self._change(fit(detector, settings.with_values(values), next(iter(values))))

        self._guarded("settings", change)

    def reset(self) -> None:
        """Go back to what the session began with."""
        self._guarded("settings", lambda: self._change(self._first_settings(self._opened_detector())))

    def open_detector(self, source: str) -> None:
        """Change to another detector; what was pinned and measured with the old one is let go."""
        self._worker.submit(lambda: self._guarded("panel", lambda: self._open(source, *self._sources[1:])))

    def open_media(self, source: str | None, truth: str | None = None) -> None:
        """Change to other media; what is pinned is let go, for it knows other frames."""
        self._worker.submit(lambda: self._guarded("media", lambda: self._open(self._sources[0], source, truth)))

    def upload(self, name: str, content: bytes) -> None:
        """Open a file that somebody sent."""

        def save() -> None:
            self._uploads = self._uploads or tempfile.TemporaryDirectory(prefix="workbench-")
            path = Path(self._uploads.name) / (Path(name.replace("\\", "/")).name or "upload")
            path.write_bytes(content)
            self._open(self._sources[0], str(path), None)

        self._worker.submit(lambda: self._guarded("media", save))

    def play(self) -> None:
        self._with_player(Player.play)

    def pause(self) -> None:
        self._with_player(Player.pause)

    def step(self, by: int) -> None:
        self._with_player(lambda player: player.step(by))

    def seek(self, position: int) -> None:
        self._with_player(lambda player: player.seek(position))

    def set_pace(self, pace: Literal["clip", "free"]) -> None:
        self._with_player(lambda player: player.set_pace(pace))

    def pin(self) -> None:
        """Make the setting that runs the baseline."""

        def keep() -> None:
            player = self._opened_player()
            pipeline = player.pipeline
            if pipeline is None:
                raise SettingsError("nothing runs yet that could be pinned; wait until the first frame is there")
            self.pinned = Pinned(
                name=self.name_of(pipeline.settings),
                settings=pipeline.settings,
                pipeline=pipeline,
                found=player.found,
                timing=player.rolling.timing(),
                accuracy=self.accuracy,
            )
            self._settle(pipeline)
            self._show_again(player)

        self._guarded("settings", keep)

    def unpin(self) -> None:
        self.pinned = self.comparison = None
        self._with_player(self._show_again)

    def measure(self) -> None:
        """Run the full protocol on the current setting, and before it on the pinned one where that has no record yet."""
        self._cancelled = False
        self._worker.submit(lambda: self._guarded("measure", self._measure))

    def sweep(self, scope: Scope) -> None:
        """Measure all sensible settings, or those of the current size, as far as the history does not know them."""
        self._cancelled = False
        self._worker.submit(lambda: self._guarded("measure", lambda: self._search_all(scope)))

    def set_budget(self, budget: Budget) -> None:
        """Say what a setting has to keep; `search` picks the fastest that does."""
        if self.search is not None:
            self.search.budget = budget
        self._changed()

    def choose_swept(self, record_id: str) -> None:
        """Go to the settings of what the sweep found."""

        def change() -> None:
            search = self.search
            if search is None:
                raise SettingsError("the detector is still being opened; wait a moment")
            self._change(check(self._opened_detector(), search.settings_of(record_id)))

        self._guarded("settings", change)

    def take_home(self, folder: Path) -> None:
        """Write a folder that runs the current setting without the workbench."""
        self._cancelled = False
        self._worker.submit(lambda: self._guarded("measure", lambda: self._take_home(folder)))

    def cancel(self) -> None:
        """Give up what is going on: a measurement or a sweep ends; a setting that is being prepared is not changed to."""
        self._cancelled = True
        if self.search is not None:
            self.search.cancel()
        with self._lock:
            pipeline = self.player.pipeline if self.player else None
            if pipeline is not None and self.settings != pipeline.settings:
                self._changes += 1
                self.settings = pipeline.settings
        self._changed()

    def choose(self, record_id: str) -> None:
        """Go to a record's settings."""

        def change() -> None:
            self._change(check(self._opened_detector(), self._record(record_id).settings))

        self._guarded("settings", change)

    def dismiss(self) -> None:
        self.message = None
        self._changed()

    def report(self) -> str:
        """Return the report of what was measured, as HTML.

        Raises:
            WorkbenchError: There is nothing to report, or it cannot be written.
        """
        if not self.records:
            raise SettingsError("nothing has been measured yet; press Measure first, then Report")
        return render_report(self.records)

    def as_command(self) -> str:
        """Return the command that measures the current setting.

        Raises:
            SettingsError: The frames are in this process only, and have no name that a command could take.
        """
        media = self._media_facts()
        if media is not None and media.kind in IN_MEMORY:
            raise SettingsError("these frames are in memory, where no command finds them; copy as code instead")
        detector, settings = self._opened_detector(), self._wished()
        return variant(detector, words(detector, settings), options=self._options()).command

    def as_code(self) -> str:
        """Return Python that measures the current setting."""
        detector, settings = self._opened_detector(), self._wished()
        media, truth = self._media_facts(), self._sources[2]
        named = "" if media is None else ", media" if media.kind in IN_MEMORY else f", {media.source!r}"
        places = f"{named}, truth={truth!r}" if truth else named
        given = "media = ...  # the frames that the workbench was given\n" if named == ", media" else ""
        return (
            "from workbench import Bench, open_detector, open_footage, variant\n\n"
            f"{given}detector = open_detector({detector.facts.source!r})\n"
            f"bench = Bench(open_footage(detector{places}), frames={self._frames})\n"
            f"record = bench.measure(variant(detector, {words(detector, settings)!r}))\n"
            'print(f"{record.timing.median_ms:.1f} ms a frame, {record.timing.fps:.0f} FPS")\n'
        )

    def close(self) -> None:
        """End every thread and give back media and files; a second time does nothing."""
        if self._closed:
            return
        self._closed = self._cancelled = True
        self._worker.close()
        if self.player:
            self.player.close()
        if self._uploads:
            self._uploads.cleanup()
        self._pipelines.clear()
        self.pinned = self._benches = self._judge = None

    # What is known

    def name_of(self, settings: Settings) -> str:
        """Return what people call settings."""
        detector = self._opened_detector()
        return variant(detector, words(detector, settings)).name

    @property
    def plays_samples(self) -> bool:
        """Whether the frames are the sample clip's."""
        return self._sources[1] is None

    @property
    def running(self) -> Settings | None:
        """The settings under which the frames that are shown were run."""
        pipeline = self.player.pipeline if self.player else None
        return pipeline.settings if pipeline else None

    @property
    def compile_seconds(self) -> float:
        """How long the running setting took to prepare."""
        settings = self.running
        return self._compile_seconds.get(settings.model_dump_json(), 0.0) if settings else 0.0

    def pinned_found(self, shown: Shown) -> Detections | None:
        """Return what the baseline found in a frame, where it has been run on it."""
        return self.pinned.found.get(shown.frame.index) if self.pinned else None

    # How it is done

    def _guarded(self, place: Place, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # a widget's callback would swallow it; here it stands in the panel
            self.tell_error(error, place)
        self._changed()

    def tell_error(self, error: Exception, place: Place = "panel") -> None:
        """Let an error stand in the panel, in words; what is a mistake of ours keeps its traceback in the log."""
        if isinstance(error, Cancelled):
            self._note("cancelled")
        elif isinstance(error, WorkbenchError):
            self.message = Message("error", str(error), "media" if isinstance(error, MediaError) else place)
            self._log("error", str(error))
        else:
            text = f"{type(error).__name__}: {error}".strip()
            self.message = Message("error", f"a mistake of the workbench: {text}; the log has the details", place)
            self._log("error", "".join(traceback.format_exception(error)))
        self.job = None
        self._changed()

    def _note(self, text: str) -> None:
        self._log("note", text)
        self._changed()

    def _log(self, kind: Literal["error", "note"], text: str) -> None:
        self.log = [*self.log, LogLine(datetime.now().astimezone().strftime("%H:%M:%S"), kind, text)][-LOG_KEPT:]

    def _changed(self) -> None:
        self.on_change()

    def _record(self, record_id: str) -> Record:
        for record in self.records:
            if record.id == record_id:
                return record
        raise SettingsError("this record is not of this session; choose one of the table")

    def _opened_detector(self) -> Detector:
        if self.detector is None:
            raise SettingsError("the detector is still being opened; wait a moment")
        return self.detector

    def _opened_player(self) -> Player:
        if self.player is None:
            raise SettingsError("the frames are still being opened; wait a moment")
        return self.player

    def _wished(self) -> Settings:
        if self.settings is None:
            raise SettingsError("the detector is still being opened; wait a moment")
        return self.settings

    def _with_player(self, action: Callable[[Player], object]) -> None:
        self._guarded("panel", lambda: action(self._opened_player()))

    def _options(self) -> tuple[str, ...]:
        media, truth = self._media_facts(), self._sources[2]
        return (*((media.source,) if media else ()), "--frames", str(self._frames), *(("--truth", truth) if truth else ()))

    def _media_facts(self) -> MediaFacts | None:
        media = self._sources[1]
        return media.facts() if isinstance(media, Media) else None

    def _fast(self, detector: Detector) -> Mapping[str, object] | None:
        with History(self._history or default_path()) as history:
            best = history.fastest(detector.facts.sha256, environment().machine_id)
        return best.settings.flat() if best else None

    def _open(self, source: str | None, named: MediaSource | None, truth: str | None) -> None:
        self._tell_job(f"opening {source or 'the sample detector'}")
        detector = self.detector
        media = None if named is None else as_media(named)
        if detector is None or source not in {self._sources[0], detector.facts.source}:
            detector = open_detector(source, media, self._allow)
        footage = open_footage(detector, media, truth)
        same_detector = detector is self.detector
        settings = self.settings if same_detector and self.settings else self._first_settings(detector)
        player = Player(footage.media, self.tell_error)
        if footage.media.facts().endless:
            player.set_pace("free")
        before, self.player = self.player, player
        if before is not None:
            before.close()
        self._sources = (source, media, truth)
        self.detector, self.footage, self.settings = detector, footage, settings
        self.pinned = self.comparison = self.accuracy = None
        self._judge, self._benches = Judge(footage), _Benches(self._new_bench)
        self.search = self._new_search()
        truths = dict.fromkeys(known for known in (footage.truth, footage.labelled_truth) if known is not None)
        notes = "; ".join([*footage.media.facts().notes, *(note for known in truths for note in known.notes)])
        self.message = Message("note", notes, "media") if notes else self.message
        if not same_detector:
            self._pipelines.clear()
            self.records = []
        self._prepare(settings, self._changes)

    def _new_search(self) -> Search | None:
        """Return what a sweep works on; `None` where no other process could open these frames."""
        detector, footage = self._opened_detector(), self.footage
        assert footage is not None, "opened together with the detector"
        try:
            material = material_of(detector, self._media_facts(), self._sources[2], self._allow, IN_MEMORY)
        except SettingsError:
            return None
        return Search(detector, material, footage.media.facts(), self._history, self._frames, self._grid)

    def _new_bench(self) -> Bench:
        assert self.footage is not None, "opened before anything is measured"
        return Bench(self.footage, self._frames, progress=self._tell_progress, comparison_seconds=self._comparison_seconds)

    def _first_settings(self, detector: Detector) -> Settings:
        """Return what to begin with: the preset, or the detector's own defaults where it cannot take that."""
        try:
            return check(detector, wished(detector, self._preset))
        except UnavailableError:
            return check(detector, detector.default_settings())

    def _wish(self, values: Mapping[str, object], chosen: str) -> None:
        detector = self._opened_detector()
        asked = self._wished().with_values(values)
        fitted = fit(detector, asked, chosen)
        others = describe_changes(check_size(detector, asked), fitted)
        self._change(fitted)
        if others:
            self.message = Message("note", f"changed with it: {'; '.join(others)}", "settings")

    def _change(self, settings: Settings) -> None:
        with self._lock:
            self._changes += 1
            self.settings = settings
            change = self._changes
        self.message = None
        player = self._opened_player()
        pipeline = player.pipeline
        if pipeline is None or not self._change_nms(player, pipeline, settings):
            self._worker.submit(lambda: self._guarded("settings", lambda: self._prepare(settings, change)))

    def _change_nms(self, player: Player, pipeline: Pipeline, settings: Settings) -> bool:
        """Answer at once where only the NMS differs and its program need not be compiled again."""
        if settings.model_copy(update={"nms": pipeline.settings.nms}) != pipeline.settings:
            return False
        other = pipeline.with_nms(settings.nms)
        if other is None:
            return False
        self._keep(other)
        player.use_nms(other)
        self._settle(other)
        return True

    def _prepare(self, settings: Settings, change: int) -> None:
        """Make a pipeline ready while the old one plays on; the latest wish wins."""
        if change != self._changes or self._closed:
            return
        detector, footage, player = self._opened_detector(), self.footage, self._opened_player()
        assert footage is not None, "opened together with the player"
        key = settings.model_dump_json()
        pipeline = self._pipelines.get(key)
        if pipeline is None:
            self._tell_job(f"preparing {self.name_of(settings)}", can_cancel=player.pipeline is not None)
            before = time.perf_counter()
            try:
                pipeline = Pipeline(detector, settings, footage.calibration)
                pipeline.compile(footage.media.facts().size_hw)
            except Exception:
                self._go_back(player, change)
                raise
            self._compile_seconds[key] = time.perf_counter() - before
            self._note(f"{self.name_of(settings)} was ready after {self._compile_seconds[key]:.1f} s")
        self._keep(pipeline)
        self.job = None
        if change == self._changes:
            player.use(pipeline)
            self._settle(pipeline)
        self._changed()

    def _go_back(self, player: Player, change: int) -> None:
        with self._lock:
            if change == self._changes and player.pipeline is not None:
                self.settings = player.pipeline.settings

    def _keep(self, pipeline: Pipeline) -> None:
        key = pipeline.settings.model_dump_json()
        self._pipelines.pop(key, None)
        self._pipelines[key] = pipeline
        while len(self._pipelines) > PIPELINES_KEPT:
            self._pipelines.pop(next(iter(self._pipelines)))

    def _settle(self, pipeline: Pipeline) -> None:
        """Begin what takes a while: accuracy, the comparison with what is pinned, and the baseline's detections."""
        self.accuracy = self.comparison = None
        player, pinned, judge = self._opened_player(), self.pinned, self._judge
        begins = time.perf_counter() + SETTLE_SECONDS
        if judge is not None and judge.total:
            player.add_chore(self._after(begins, self._judging(judge, pipeline)))
        if pinned is not None and pinned.pipeline is not pipeline and not player.media.facts().endless:
            player.add_chore(self._after(begins, self._comparing(pinned, pipeline)))
        if pinned is not None:
            player.add_chore(self._looking(pinned, player))
        self._changed()

    def _show_again(self, player: Player) -> None:
        if player.shown is not None:
            player.show_again(player.shown)

    def _after(self, begins: float, chore: Iterator[float | None]) -> Iterator[float | None]:
        while time.perf_counter() < begins:
            time.sleep(0.01)  # a change within that time drops this chore before it cost anything
            yield REST
        yield from chore

    def _judging(self, judge: Judge, pipeline: Pipeline) -> Iterator[float | None]:
        for done in judge.run(pipeline):
            self._tell_progress("accuracy on labelled frames", done, judge.total)
            yield REST
        self.accuracy = judge.accuracy
        self.job = None
        self._changed()

    def _comparing(self, pinned: Pinned, pipeline: Pipeline) -> Iterator[float | None]:
        media = self._opened_player().media
        rounds = BlockRounds(pinned.pipeline.block_timer(media), pipeline.block_timer(media))
        name, ends = self.name_of(pipeline.settings), time.perf_counter() + self._comparison_seconds
        while not rounds.clear and (self.comparison is None or time.perf_counter() < ends):
            rounds.add()
            pipeline.take_threads()
            compared = rounds.look()
            if compared is not None:
                self.comparison = compared.comparison(pinned.name, name)
            self._tell_progress(f"comparing with {pinned.name}, rounds", len(rounds), 0)
            yield REST
        self.job = None
        self._changed()

    def _looking(self, pinned: Pinned, player: Player) -> Iterator[float | None]:
        while self.pinned is pinned:
            shown = player.shown
            if shown is None or shown.frame.index in pinned.found:
                yield None
                continue
            (pinned.found[shown.frame.index],) = pinned.pipeline.detect([shown.frame])
            player.show_again(shown)
            yield LOOK_REST if player.playing else 0.0

    def _measure(self) -> None:
        player, benches, detector = self._opened_player(), self._benches, self._opened_detector()
        settings = self._wished()
        assert benches is not None, "opened together with the player"
        if player.media.facts().endless:
            raise MediaError(
                "a live source never shows the same frames twice; in Python, Workbench(media=recorded(open_media(…), 150)) does"
            )
        baseline = words(detector, self.pinned.settings) if self.pinned else ""
        bench = benches.bench(baseline)
        rows = [words(detector, settings)]
        if self.pinned and self.pinned.settings != settings and not bench.has_baseline:
            rows.insert(0, baseline)
        self.measuring = True
        try:
            with player.hold(), History(self._history or default_path()) as history:
                for text in rows:
                    self._keep_record(history, bench.measure(variant(detector, text, options=self._options())))
        finally:
            self.measuring = False
        self.job = None

    def _search_all(self, scope: Scope) -> None:
        player, search = self._opened_player(), self.search
        if search is None:
            media = self._media_facts()
            material_of(self._opened_detector(), media, None, (), IN_MEMORY)  # says why there is none
            raise SettingsError("the frames are still being opened; wait a moment")

        def tell(standing: Standing) -> None:
            left = f"about {standing.seconds_left / 60:.0f} min left, " if standing.seconds_left >= 60 else ""
            began = self.job.began_seconds if self.job else time.perf_counter()
            self.job = Job(f"sweep, {left}{standing.what}", began, standing.done, standing.total, can_cancel=True)
            self._changed()

        self.measuring = True
        try:
            with player.hold():
                self._tell_job("sweep: preparing", can_cancel=True)
                for step in search.run(scope, self._wished(), tell):
                    if isinstance(step, Estimate):
                        self._note(
                            f"sweep: {step.combinations} settings, {step.known} known already, about {step.seconds / 60:.0f} min"
                        )
                    self._changed()
        finally:
            self.measuring = False
            self.job = None

    def _take_home(self, folder: Path) -> None:
        from workbench.takeaway import take_home

        assert self.footage is not None, "opened together with the detector"
        taken = take_home(self._opened_detector(), self._wished(), self.footage, folder, replace=True, progress=self._tell_progress)
        self.job = None
        self.message = Message(
            "note", f"taken home: {taken.folder}, tried on {taken.frames} frames; its README.md says more", "measure"
        )
        self._note(f"taken home: {taken.folder}")

    def _keep_record(self, history: History, record: Record) -> None:
        self.records = [*self.records, record]
        history.append(record)
        if self.search is not None:
            self.search.add(record)
        self._note(f"measured {record.name}")

    def _tell_job(self, what: str, *, can_cancel: bool = False) -> None:
        self.job = Job(what, time.perf_counter(), can_cancel=can_cancel)
        self._changed()

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        if self._cancelled and threading.current_thread().name == "workbench-worker":
            raise Cancelled
        began = self.job.began_seconds if self.job and self.job.what == what else time.perf_counter()
        self.job = Job(what, began, done, total, can_cancel=threading.current_thread().name == "workbench-worker")


def _nobody_looks() -> None:
    pass


def check_size(detector: Detector, settings: Settings) -> Settings:
    """Return settings with the size filled in where there is none; nothing else is checked."""
    size_hw = settings.input.size_hw
    with suppress(WorkbenchError):
        size_hw = detector.input_spec.choose_size(size_hw)
    return settings.model_copy(update={"input": settings.input.model_copy(update={"size_hw": size_hw})})
