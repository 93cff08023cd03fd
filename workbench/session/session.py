"""A session: what someone plays with, apart from how it is shown. Settings, what is pinned, records, and what is going on."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

from workbench.choosing import Budget
from workbench.detectors import Detector, names_a_model
from workbench.engines import run_first
from workbench.errors import MediaError, ModelError, SettingsError, UnavailableError, WorkbenchError, one_line
from workbench.files import temporary_folder
from workbench.history import fast_values
from workbench.live import Player
from workbench.machine import ChildFailedError, trim_memory
from workbench.measuring import COMPARISON_SECONDS, DEFAULT_FRAMES
from workbench.media import Media, MediaSource, frames_at
from workbench.opening import EvaluationData, Sources, Variant, check, fit, wished
from workbench.pipeline import Pipeline
from workbench.report import render_report
from workbench.samples import SAMPLE_DETECTORS
from workbench.session.evaluation import Evaluation, Pinned
from workbench.session.held import EXPLAINED, EXPORTED, MEASURED, PROFILED, REPAIRED, SWEPT, TUNED, WEIGHED, Held
from workbench.session.measuring import Measuring, Protocol
from workbench.session.notices import Cancelled, CancelToken, Notices, Place
from workbench.session.sources import as_code, as_command, what_to_open
from workbench.session.sweeping import Scope
from workbench.session.warm import WarmPipelines, at_once
from workbench.session.worker import Worker
from workbench.settings import Feed, Settings, describe_changes
from workbench.stages import encode_jpeg
from workbench.sweep import Grid
from workbench.tuning import Tuned

DEFAULT_PRESET = "graph"
DEFAULT_BASELINE = "naive"  # how the code looks that people come with
THUMBNAIL_SIDE_PX, THUMBNAIL_QUALITY = 240, 70
STILL_OPENING = "detector and frames are still being opened; wait a moment"
UPLOADED = "upload a picture, a video or a model"
CLOSED = "this workbench has ended; make another one"
UNPINNED = "what was pinned is let go: it knows other frames, or another detector"


@final
@dataclass(frozen=True, slots=True)
class Opened:
    """A detector and frames, and what is done with them."""

    detector: Detector
    data: EvaluationData
    player: Player
    evaluation: Evaluation
    measuring: Measuring


@final
class Session:
    """Detector, media and settings that play in the background. Every method may be called from any thread and returns at once.

    Nothing here raises for what a user can cause: it stands in `notices.message`.

    Args:
        detector: A sample's name or a path.
        media: Media, or whatever stands for some; the sample clip by default.
        truth: Ground truth of the media.
        preset: What to begin with: a preset, or a preset and changes.
        baseline: What `begin` pins, of the same form; `None` for nothing.
        history: Where records are kept; the user's own history by default.
        frames: How many a measurement times.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.
        allow: What may run as Python code for a model, by name.
        signature: The signature of a SavedModel to call.
        grid: What a sweep tries; all sensible settings by default.

    Attributes:
        notices: What there is to tell; whoever shows the session sets its `on_change`.
        settings: What is wished for; `running` may still be others.
        sources: What is open, and before anything is, what was asked for.
        opened: What is open; `None` until something is.
        tuned: What finding the fastest came to last, until it is forgotten.
        held: Why no setting changes, and perhaps nothing plays, just now; `None` where all can be asked for.
    """

    def __init__(
        self,
        detector: str | None = None,
        media: MediaSource | None = None,
        *,
        truth: str | None = None,
        preset: str = DEFAULT_PRESET,
        baseline: str | None = DEFAULT_BASELINE,
        history: Path | None = None,
        frames: int = DEFAULT_FRAMES,
        comparison_seconds: float = COMPARISON_SECONDS,
        allow: Collection[str] = (),
        signature: str | None = None,
        grid: Grid | None = None,
    ) -> None:
        self.notices = Notices()
        self.settings: Settings | None = None
        self._preset, self._baseline_preset = preset, baseline
        self._plays = False  # what is opened, at once
        self.sources = Sources(detector=detector, media=media, truth=truth, allow=tuple(allow), signature=signature)
        self.detectors: dict[str, None] = dict.fromkeys(SAMPLE_DETECTORS)
        """What can be chosen again, in the order in which it was open."""
        self._seen: dict[str, tuple[Media, str | None]] = {}  # with their truth, by what they are chosen by
        self._protocol = Protocol(history=history, frames=frames, comparison_seconds=comparison_seconds, grid=grid)
        self.opened: Opened | None = None
        self.tuned: Tuned | None = None
        self._lock = threading.RLock()  # guards what is opened and wished for, and that what plays follows the latest wish
        self._latest_wish = CancelToken()  # of `settings`
        self._tried: CancelToken | None = None  # what is being tried first, in another process
        self._request = CancelToken()  # of what is measured, swept or exported
        self._begun = False  # whether that is done already, and not waiting for something to be prepared
        self.held: Held | None = None
        self._pipelines = WarmPipelines()
        self._uploads: tempfile.TemporaryDirectory[str] | None = None
        self._uploaded = 0
        self._openings = 1  # that were asked for and are not over
        self._not_open = STILL_OPENING
        self._closed = False
        self._worker = Worker(self.notices.tell_error)
        self._worker.submit(lambda: self._opening(lambda: self._open(self.sources)))

    # What is asked for

    def begin(self) -> None:
        """Play whatever is open, now and later, and pin what people start from; a second time does nothing."""
        with self._lock:
            if self._plays or self._closed:
                return
            self._plays, opened = True, self.opened
        if opened is not None:
            opened.player.play()
            self._in_background("settings", self._pin_baseline)

    def set(self, name: str, value: object) -> None:
        """Change one setting; what stands in its way is changed with it, and said."""
        with self.notices.guarding("settings"):
            self._wish({name: value}, chosen=name)

    def use_preset(self, text: str) -> None:
        """Change to a preset, or a preset and changes; everything else goes back to the detector's defaults."""
        with self.notices.guarding("settings"):
            detector = self._open_now.detector
            fast = fast_values(text, detector.facts.sha256, self._protocol.history)
            self._change(check(detector, wished(detector, text, fast)))

    def use(self, values: Mapping[str, object], record_id: str) -> None:
        """Go to a record's settings with some of them changed, as advice proposes it; what stands in their way is changed too.

        How frames are fed shows in a measurement only, so a change of that is measured at once.
        """
        with self.notices.guarding("settings"):
            opened = self._open_now
            settings = opened.measuring.record(record_id).settings
            self._change(fit(opened.detector, settings.with_values(values), next(iter(values))))
            if any(name.startswith("feed.") for name in values):
                self.measure()

    def reset(self) -> None:
        """Go back to what the session began with."""
        with self.notices.guarding("settings"):
            self._change(self._first_settings(self._open_now.detector))

    def open_detector(self, source: str) -> None:
        """Change to another detector; what was pinned and measured with the old one is let go."""
        self._request_opening("panel", lambda: self._open_with({"detector": source, "signature": None}))

    def open_media(self, source: str | None) -> None:
        """Change to other media, or back to some that were open; what is pinned is let go, for it knows other frames."""
        media, truth = self._seen.get(source or "", (source, None))
        self._request_opening("media", lambda: self._open_with({"media": media, "truth": truth}))

    def open(self, source: str) -> None:
        """Open what somebody names: a model becomes the detector, all else the frames."""
        source = os.path.expanduser(source.strip())  # noqa: PTH111 - Path.expanduser raises where nobody has that name
        if source in SAMPLE_DETECTORS or names_a_model(source):
            self.open_detector(source)
        else:
            self.open_media(source)

    def upload(self, files: Mapping[str, bytes]) -> None:
        """Open what somebody sent: a model, frames, or both, and what is found beside them (card, labels, truth).

        Args:
            files: Contents by name. Several pictures are a folder of them.
        """

        def save() -> None:
            self._uploads = self._uploads or temporary_folder("uploads")
            self._uploaded += 1
            folder = Path(self._uploads.name) / str(self._uploaded)
            folder.mkdir()
            for name, content in files.items():
                base = Path(name.replace("\\", "/")).name
                try:
                    (folder / (base if base.strip(".") else "upload")).write_bytes(content)
                except OSError as error:
                    raise MediaError(f"cannot keep {base}: {error.strerror}; {UPLOADED}") from None
            try:
                self._open_with(what_to_open(folder))
            except (MediaError, ModelError) as error:  # it names a place that nobody knows, and offers what a page cannot take
                cause = str(error).replace(f"{folder}{os.sep}", "")
                if isinstance(error, ModelError):
                    raise ModelError(cause) from None
                raise MediaError(f"{cause.partition('; ')[0]}; {UPLOADED}") from None

        self._request_opening("media", save)

    def play(self) -> None:
        self._with_opened(lambda opened: opened.player.play())

    def pause(self) -> None:
        self._with_opened(lambda opened: opened.player.pause())

    def step(self, by: int) -> None:
        self._with_opened(lambda opened: opened.player.step(by))

    def seek(self, position: int) -> None:
        self._with_opened(lambda opened: opened.player.seek(position))

    def go_to_next_wrong(self) -> None:
        """Stand still at the next frame, of those passed so far, in which something is wrong or differs from what is pinned."""

        def go(opened: Opened) -> None:
            position = opened.evaluation.next_wrong()
            if position is None:
                raise SettingsError("in no frame so far is anything wrong or different; play on, or pin another setting")
            opened.player.pause()
            opened.player.seek(position)

        self._with_opened(go)

    def thumbnails(self, positions: Collection[int]) -> dict[int, bytes]:
        """Return small pictures (JPEG) of frames; none of live media, and none while something is measured."""
        opened = self.opened
        if opened is None or self.held is not None or opened.data.media.facts().endless:
            return {}
        return {
            frame.index: encode_jpeg(frame.image_rgb, THUMBNAIL_SIDE_PX, THUMBNAIL_QUALITY)
            for frame in frames_at(opened.data.media, positions)
        }

    def set_pace(self, pace: Literal["clip", "free"]) -> None:
        self._with_opened(lambda opened: opened.player.set_pace(pace))

    def pin(self) -> None:
        """Make the setting that runs the baseline."""
        with self.notices.guarding("settings"):
            self._check_free(to_play=True)
            opened = self._open_now
            with self._lock:
                pipeline = opened.player.pipeline
                if pipeline is None:
                    raise SettingsError("nothing runs yet that could be pinned; wait until the first frame is there")
                wished = self._wished()
                settings = wished if _played(opened.detector, wished) == pipeline.settings else pipeline.settings
                opened.evaluation.pin(pipeline, settings, self.name_of(settings))

    def unpin(self) -> None:
        """Let the baseline go."""
        self._with_opened(lambda opened: opened.evaluation.unpin())

    def measure(self) -> None:
        """Run the full protocol on the current setting, and before it on the pinned one where that has no record yet."""
        self._measure(MEASURED, Measuring.measure)

    def explain(self) -> None:
        """Change one setting at a time from the pinned one to the current one, and tell what each brought."""
        self._measure(EXPLAINED, Measuring.explain)

    def weigh(self) -> None:
        """Find out what each setting of the table takes in a process of its own, as far as that is not known."""
        self._measure(WEIGHED, lambda measuring, _, __, token: measuring.weigh(token))

    def profile(self) -> None:
        """Time the operators of the current setting's network one by one, and before it the setting where it has no record yet."""
        self._measure(PROFILED, Measuring.profile)

    def repair(self, record_id: str | None = None) -> None:
        """Look for what repairs a record's integers, or those of the current setting, and go to the best that was found."""

        def look(measuring: Measuring, settings: Settings, _: Pinned | None, token: CancelToken) -> None:
            broken = settings if record_id is None else check(self._open_now.detector, measuring.record(record_id).settings)
            best, answer = measuring.repair(broken, token)
            self._in_background("measure", lambda: use(best, answer))  # once nothing holds it up any more

        def use(best: Settings, answer: str) -> None:
            self._change(check(self._open_now.detector, best))
            self.notices.tell(answer, "measure")

        self._measure(REPAIRED, look)

    def sweep(self, scope: Scope) -> None:
        """Measure all sensible settings, or those of the current size, as far as the history does not know them."""
        self._measure(SWEPT, lambda measuring, settings, _, token: measuring.sweep(scope, settings, token))

    def find_fastest(self, budget: Budget, seconds: float, folder: Path, *, done: Callable[[Tuned], None] = lambda _: None) -> None:
        """Measure, screen, repair, confirm, explain and export, against what is pinned; cancelled, it keeps the best so far.

        Args:
            budget: What a setting has to keep.
            seconds: That it may take.
            folder: Where report and what is exported go.
            done: Told what it came to.
        """

        def find(measuring: Measuring, _: Settings, pinned: Pinned | None, token: CancelToken) -> None:
            self.tuned = measuring.tune(budget, seconds, folder, pinned, token)
            done(self.tuned)

        self._measure(TUNED, find)

    def forget_tuned(self) -> None:
        """Let go of what finding the fastest came to; the records stay."""
        self.tuned = None
        self.notices.changed()

    def set_budget(self, budget: Budget) -> None:
        """Say what a setting has to keep; `search` picks the fastest that does."""
        with self.notices.guarding("panel"):
            if (search := self._open_now.measuring.search) is not None:
                search.set_budget(budget)

    def choose_swept(self, record_id: str, *, measures: bool = False) -> None:
        """Go to the settings of what the sweep found, and perhaps measure them whole."""
        with self.notices.guarding("settings"):
            opened = self._open_now
            search = opened.measuring.search
            if search is None:
                raise SettingsError("these frames are in memory only, so nothing was swept on them; open a file of them instead")
            self._change(check(opened.detector, search.settings_of(record_id)))
            if measures:
                self.measure()

    def export(self, folder: Path, *, replace: bool = False, done: Callable[[Path], None] = lambda _: None) -> None:
        """Write a folder that runs the current setting without the workbench.

        Args:
            folder: A new one, an empty one, or an earlier export where that may be replaced.
            replace: Whether it may.
            done: Told of the folder once it is there.
        """

        def export(measuring: Measuring, settings: Settings, _: Pinned | None, token: CancelToken) -> None:
            measuring.export(settings, folder, token, replace=replace)
            done(folder)

        self._measure(EXPORTED, export)

    def cancel(self) -> None:
        """Give up what is going on: a measurement or a sweep ends; a setting that is being prepared is not changed to."""
        with self._lock:
            self._request.set()
            if not self._begun:
                self.held = None
            running = self.running
            if running is not None and _played(self._open_now.detector, self._wished()) != running:
                self._wish_for(running)
        if self.opened:
            self.opened.measuring.cancel()
        self.notices.changed()

    def choose(self, record_id: str) -> None:
        """Go to a record's settings."""
        with self.notices.guarding("settings"):
            opened = self._open_now
            self._change(check(opened.detector, opened.measuring.record(record_id).settings))

    def dismiss(self) -> None:
        """Let the message go."""
        self.notices.message = None
        self.notices.changed()

    def report(self) -> str:
        """Return the report of what was measured, as HTML.

        Raises:
            WorkbenchError: There is nothing to report, or it cannot be written.
        """
        records = self._open_now.measuring.records
        if not records:
            raise SettingsError("nothing has been measured yet; press Measure first, then Report")
        return render_report(records)

    def as_command(self) -> str:
        """Return the command that measures the current setting.

        Raises:
            SettingsError: The frames are in this process only, or were uploaded, and have no name that a command could take.
        """
        return as_command(self._lasting_sources(), self._open_now.detector, self._wished(), self._baseline(), self._protocol.frames)

    def as_code(self) -> str:
        """Return Python that measures the current setting.

        Raises:
            SettingsError: Nothing is open yet.
        """
        return as_code(self._lasting_sources(), self._open_now.detector, self._wished(), self._baseline(), self._protocol.frames)

    def close(self) -> None:
        """End every thread and give back models, media and files; a second time does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._latest_wish.set()
        self.cancel()
        self._worker.close()
        with self._lock:
            opened, self.opened, self._not_open, self.sources = self.opened, None, CLOSED, Sources()
        if opened:
            opened.player.close()
        if self._uploads:
            self._uploads.cleanup()
        self._pipelines.clear()
        self._seen.clear()
        trim_memory()

    # What is known

    def name_of(self, settings: Settings) -> str:
        """Return what people call settings."""
        return Variant.of(self._open_now.detector, settings).name

    @property
    def media_names(self) -> dict[str, str]:
        """The names of all media but the sample that were open in this session, by what `open_media` takes for them."""
        return {source: media.facts().name for source, (media, _) in self._seen.items()}

    @property
    def plays_samples(self) -> bool:
        """Whether the frames are the sample clip's."""
        return self.sources.media is None

    @property
    def running(self) -> Settings | None:
        """The settings under which the frames that are shown were run: one after the other, however they are to be fed."""
        pipeline = self.opened.player.pipeline if self.opened else None
        return pipeline.settings if pipeline else None

    # How it is done

    @property
    def _open_now(self) -> Opened:
        if self.opened is None:
            raise SettingsError(self._not_open)
        return self.opened

    def _wished(self) -> Settings:
        if self.settings is None:
            raise SettingsError(self._not_open)
        return self.settings

    def _baseline(self) -> Settings:
        """Return what is pinned, or where nothing is, the current settings themselves."""
        pinned = self._open_now.evaluation.pinned
        return pinned.settings if pinned is not None else self._wished()

    def _lasting_sources(self) -> Sources:
        """Return what is open, where it is there for other processes too."""
        opened = self._open_now
        sources = {"this model was": opened.detector.facts.source, "these frames were": opened.data.media.facts().source}
        for what, source in sources.items():
            if self._uploads is not None and Path(source).is_relative_to(self._uploads.name):
                raise SettingsError(f"{what} uploaded and will go with this session; open a file by its path instead")
        return self.sources

    def _in_background(self, place: Place, action: Callable[[], object]) -> None:
        def guarded() -> None:
            with self.notices.guarding(place):
                action()

        self._worker.submit(guarded)

    def _request_opening(self, place: Place, action: Callable[[], object]) -> None:
        with self.notices.guarding(place), self._lock:
            self._check_free()
            if self._tried is not None:  # which may take minutes, or never end
                self._tried.set()
            self._openings += 1
            self._in_background(place, lambda: self._opening(action))

    def _opening(self, action: Callable[[], object]) -> None:
        try:
            action()
        finally:  # whatever came of it, others may follow
            with self._lock:
                self._openings -= 1

    def _measure(self, held: Held, action: Callable[[Measuring, Settings, Pinned | None, CancelToken], object]) -> None:
        """Do what nothing may disturb, in the background; until it is over, what is asked for is refused, with the reason."""

        def run() -> None:
            with self._lock:
                token.check()  # given up while something was prepared: then it holds nothing up, and another may wait by now
                self._begun = True
            try:
                action(opened.measuring, settings, opened.evaluation.pinned, token)
            finally:
                self.held = None
                self.notices.forget(held.refusal)

        with self.notices.guarding("measure"), self._lock:
            self._check_free()
            opened, settings = self._open_now, self._wished()
            if self._openings:
                raise SettingsError(STILL_OPENING)
            self.notices.message = None
            token = self._request = CancelToken()
            self.held, self._begun = held, False
            self._in_background("measure", run)

    def _check_free(self, *, to_play: bool = False) -> None:
        """Refuse what is asked for now, rather than do it minutes later."""
        if self.held is not None and (self.held.still or not to_play):
            raise SettingsError(self.held.refusal)

    def _with_opened(self, action: Callable[[Opened], object]) -> None:
        with self.notices.guarding("panel"):
            self._check_free(to_play=True)
            action(self._open_now)

    def _open_with(self, changes: Mapping[str, object]) -> None:
        self._open(self.sources.model_copy(update=changes))

    def _open(self, sources: Sources) -> None:
        """Open what was asked for; where that fails, what was open plays on."""
        self.notices.message, self._not_open = None, STILL_OPENING
        try:
            self._exchange_opened(sources)
        except Cancelled:  # something else is opened next
            raise
        except Exception as error:
            self._not_open = f"nothing is open, for {str(error).partition('; ')[0]}; choose another detector or other frames above"
            self._prepare_again()
            raise

    def _prepare_again(self) -> None:
        """Go on with what was wished for when something else was to be opened."""
        with self._lock:
            if self.opened is None or self.settings is None or self._closed:
                return
            settings = _played(self.opened.detector, self.settings)
            if settings == self.running or not self._latest_wish.is_set():
                return
            wish = self._wish_for(self.settings)
        self._in_background("settings", lambda: self._prepare(settings, wish))

    def _exchange_opened(self, sources: Sources) -> None:
        before = self.opened
        with self.notices.doing(f"opening {sources.detector or 'the sample detector'}"):
            sources = sources.opened()
            kept = before.detector if before and sources.detector in {self.sources.detector, before.detector.facts.source} else None
            detector, data = sources.open(kept)
            same_detector = kept is not None
            first = self._first_settings(detector)
            records = before.measuring.records if before and same_detector else []
            player = Player(data.media, self.notices.tell_error)
            with ExitStack() as undo:
                undo.callback(player.close)
                if data.media.facts().endless:
                    player.set_pace("free")
                evaluation = Evaluation(data, player, self.notices, self._protocol.comparison_seconds)
                measuring = Measuring(detector, data, player, sources, self._protocol, self.notices, records)
                with self._lock:
                    if self._closed:
                        return
                    self.tuned = None
                    self.sources, self.opened = sources, Opened(detector, data, player, evaluation, measuring)
                    self.detectors[detector.facts.source] = None
                    if sources.media is not None:
                        self._seen[data.media.facts().source] = data.media, sources.truth
                    settings = self.settings if same_detector and self.settings else first
                    wish = self._wish_for(settings)
                    plays = self._plays
                undo.pop_all()
        if before is not None:
            before.player.close()
        self._pipelines.clear()  # they were made for other frames: integer models took their ranges from those
        truths = dict.fromkeys(known for known in (data.truth, data.labelled_truth) if known is not None)
        notes = [*data.media.facts().notes, *(note for known in truths for note in known.notes)]
        if before is not None and before.evaluation.pinned is not None:
            notes.append(UNPINNED)
        for note in (*detector.facts.open_guesses, *notes):
            self.notices.write(note)
        told = [note for note in (detector.facts.unsettled, *notes) if note is not None]
        if told:
            self.notices.tell(one_line("; ".join(told)), "media")
        if plays:
            player.play()
        self._prepare(_played(detector, settings), wish)
        if plays:
            self._in_background("settings", self._pin_baseline)

    def _pin_baseline(self) -> None:
        """Pin what people start from, or what they began with where that cannot be run; what they pinned themselves stays."""
        opened = self.opened
        if opened is None or self._baseline_preset is None or opened.evaluation.pinned is not None:
            return
        try:
            settings = check(opened.detector, wished(opened.detector, self._baseline_preset))
        except UnavailableError:
            settings = self._first_settings(opened.detector)
        played = _played(opened.detector, settings)
        pipeline = self._pipelines.get(played) or self._compiled(played, CancelToken(), can_cancel=False)
        with self._lock:
            if self.opened is opened and opened.evaluation.pinned is None and not self._closed:
                self._pipelines.keep(pipeline)
                opened.evaluation.pin(pipeline, settings, self.name_of(settings))

    def _first_settings(self, detector: Detector) -> Settings:
        """Return what to begin with: the preset, or the detector's own defaults where it cannot take that."""
        try:
            return check(detector, wished(detector, self._preset))
        except UnavailableError:
            return check(detector, detector.default_settings())

    def _wish(self, values: Mapping[str, object], chosen: str) -> None:
        detector = self._open_now.detector
        asked = self._wished().with_values(values)
        fitted = fit(detector, asked, chosen)
        others = describe_changes(_with_size(detector, asked), fitted)
        self._change(fitted)
        if others:
            self.notices.tell(f"changed with it: {'; '.join(others)}", "settings")

    def _wish_for(self, settings: Settings) -> CancelToken:
        """Take settings as what is wished for now, instead of those before."""
        with self._lock:
            self._latest_wish.set()
            self._latest_wish, self.settings = CancelToken(), settings
            return self._latest_wish

    def _change(self, settings: Settings) -> None:
        with self._lock:
            self._check_free()
            self.notices.message = None
            opened = self._open_now
            player, played = opened.player, _played(opened.detector, settings)
            wish, pipeline = self._wish_for(settings), player.pipeline
            answer = at_once(pipeline, played) if pipeline is not None else None
            if answer is not None and answer is not pipeline:
                self._pipelines.keep(answer)
                player.use_nms(answer)
                self._settle(answer)
        if answer is None:
            self._in_background("settings", lambda: self._prepare(played, wish))

    def _prepare(self, settings: Settings, wish: CancelToken) -> None:
        """Make a pipeline ready while the old one plays on; the latest wish wins."""
        if wish.is_set():
            return
        player, running = self._open_now.player, self.running
        try:
            pipeline = self._pipelines.get(settings) or self._compiled(settings, wish, can_cancel=running is not None)
        except Exception:
            with self._lock:
                if not wish.is_set() and running is not None:
                    self._wish_for(running)
            raise
        with self._lock:
            if self._closed:
                return
            self._pipelines.keep(pipeline)
            if not wish.is_set():
                player.use(pipeline)
                self._settle(pipeline)

    def _compiled(self, settings: Settings, token: CancelToken, *, can_cancel: bool) -> Pipeline:
        opened, name, before = self._open_now, self.name_of(settings), time.perf_counter()
        with self.notices.doing(f"preparing {name}", token if can_cancel else None):
            self._try_first(opened, settings, token)
            pipeline = Pipeline(opened.detector, settings, opened.data.calibration)
            pipeline.compile(opened.data.media.facts().size_hw)
        self.notices.write(f"{name} was ready after {time.perf_counter() - before:.1f} s")
        return pipeline

    def _try_first(self, opened: Opened, settings: Settings, wish: CancelToken) -> None:
        """Let a network meet its runtime in another process, which ends where nobody waits for it any more."""
        self._tried = wish
        try:
            run_first(opened.detector, settings, opened.data.calibration, stop=wish)
        except ChildFailedError as stopped:
            raise Cancelled from stopped
        finally:
            self._tried = None

    def _settle(self, pipeline: Pipeline) -> None:
        self._open_now.evaluation.settle(pipeline, self.name_of(pipeline.settings))


def _played(detector: Detector, settings: Settings) -> Settings:
    """Return what plays of settings: one frame after the other, unless it cannot be run so."""
    try:
        return check(detector, settings.model_copy(update={"feed": Feed()}))
    except UnavailableError:
        return settings


def _with_size(detector: Detector, settings: Settings) -> Settings:
    """Return settings with the size filled in where there is none; nothing else is checked."""
    size_hw = settings.input.size_hw
    with suppress(WorkbenchError):
        size_hw = detector.input_spec.choose_size(size_hw)
    return settings.model_copy(update={"input": settings.input.model_copy(update={"size_hw": size_hw})})
