"""How right the running setting is and how it compares with the baseline, found out in slices while frames play."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import final

import numpy as np

from workbench.detections import Accuracy, Agreement, Detections, FrameMatch, agreement_of, match_frame, neighbours
from workbench.live import LiveAccuracy, Player, Shown, Window, remember
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline
from workbench.session.live_errors import LiveErrors, WrongFrame
from workbench.session.notices import Notices
from workbench.settings import Settings
from workbench.timing import BlockRounds, Comparison, Stopwatch, Timing

SETTLE_SECONDS = 0.4  # without another change, before accuracy and comparison are worth beginning
REST = 1.0  # times a slice of accuracy or comparison that playing goes on before the next
SHOWN_REST = 4.0  # the same for the baseline's detections: they are wanted for every frame, and may be slow
SLICE_SECONDS = 0.2  # of accuracy and of timing the baseline: fewer make each wait longer for its turn than it takes
TIMED_FRAMES = 6  # of a baseline that does not play itself: a split by stage needs no more, and each may take a tenth of a second


@dataclass(frozen=True, slots=True)
class Pinned:
    """The baseline. What it lacked when it was pinned is filled in as it comes to be known.

    Attributes:
        name: What people call it.
        settings: What was wished for when it was pinned: those of the pipeline, and how frames are fed where it is measured.
        pipeline: What runs it.
        found: What it found, by the frame's position; fills up while its frames are looked at.
        window: Its last frames' times; fills up while it plays, or is timed beside what plays where it has not.
        accuracy: Its average precision; another value has it later.
    """

    name: str
    settings: Settings
    pipeline: Pipeline
    found: dict[int, Detections]
    window: Window
    accuracy: Accuracy | None

    @property
    def timing(self) -> Timing | None:
        """The window's times; `None` as long as there are none."""
        return self.window.timing()


@final
class Evaluation:
    """What is known of the setting that plays, beyond its times.

    The player's thread finds it out, others pin and change settings. `_lock` guards the attributes, so that what is found out of
    one setting or against one baseline never stands beside another.

    Args:
        player: What plays; it takes the slices between frames.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.

    Attributes:
        pinned: The baseline.
        judged: How many labelled frames have passed of the setting that plays, and of how many.
        accuracy: Of that setting, once all of them have.
        comparison: Of that setting with the baseline.
    """

    def __init__(self, data: EvaluationData, player: Player, notices: Notices, comparison_seconds: float) -> None:
        self.pinned: Pinned | None = None
        self.accuracy: Accuracy | None = None
        self.comparison: Comparison | None = None
        self._name = ""  # of the setting that plays
        self._lock = threading.Lock()
        self._data = data
        self._live_accuracy = LiveAccuracy(data)
        self.judged = 0, self._live_accuracy.total
        self._player = player
        self._notices = notices
        self._comparison_seconds = comparison_seconds
        self._errors = LiveErrors(data.media.frame_names(), data.truth, data.media.facts().fps)
        self._looking = threading.Lock()  # the page's ticker and its messages both ask
        self._matched: dict[int, tuple[Detections, Detections, FrameMatch]] = {}  # of the last look at the agreement

    def pin(self, pipeline: Pipeline, settings: Settings, name: str) -> None:
        """Make a setting the baseline. What is being found out of it goes on where it plays; else it is timed beside what does."""
        player = self._player
        plays = pipeline is player.pipeline
        with self._lock:
            self.pinned = Pinned(
                name,
                settings,
                pipeline,
                player.found if plays else {},
                player.rolling.window if plays else Window(),
                self.accuracy if plays else None,
            )
            self.comparison = None
        if not plays and player.pipeline is not None:
            self._begin(*self._comparing_with(self.pinned, player.pipeline))
        self._show_again()

    def unpin(self) -> None:
        """Let the baseline go."""
        with self._lock:
            self.pinned = self.comparison = None
        self._show_again()

    def pinned_found(self, shown: Shown) -> Detections | None:
        """Return what the baseline found in a frame, where it has been run on it."""
        return self.pinned.found.get(shown.frame.index) if self.pinned else None

    def agreement(self) -> Agreement | None:
        """Return how what plays agrees with the baseline on the frames that both have been run on; `None` without any.

        Only frames that are new since the last call are matched: there may be thousands, and it is asked for twice a second.
        """
        pinned = self.pinned
        if pinned is None:
            return None
        before, now = dict(pinned.found), dict(self._player.found)  # copies: the player's thread adds and lets go
        matched: dict[int, tuple[Detections, Detections, FrameMatch]] = {}
        for index in now.keys() & before.keys():
            one, other = now[index], before[index]
            known = self._matched.get(index)
            same = known is not None and known[0] is one and known[1] is other
            matched[index] = known if known is not None and same else (one, other, match_frame(one, other))
        self._matched = matched
        if not matched:
            return None
        fps = self._data.media.facts().fps
        groups = neighbours(np.array(list(matched)) / fps) if fps else None
        return agreement_of([found for _, _, found in matched.values()], baseline_name=pinned.name, groups=groups)

    def wrong_frames(self) -> tuple[WrongFrame, ...]:
        """Return the frames passed so far in which most is wrong, worst first."""
        with self._looking:
            self._look()
            return self._errors.worst()

    def next_wrong(self) -> int | None:
        """Return the position of the next frame, of those passed so far, in which something is wrong."""
        shown = self._player.shown
        with self._looking:
            self._look()
            return self._errors.after(shown.frame.index if shown is not None else -1)

    def _look(self) -> None:
        pinned, pipeline = self.pinned, self._player.pipeline
        differs = pinned is not None and pipeline is not None and pinned.settings != pipeline.settings
        self._errors.look(dict(self._player.found), dict(pinned.found) if pinned is not None and differs else {})

    def settle(self, pipeline: Pipeline, name: str) -> None:
        """Begin what takes a while for another setting: accuracy, how it compares with the baseline, and what that finds."""
        player = self._player
        with self._lock:
            self.accuracy = self.comparison = None
            self._name, self.judged = name, (0, self._live_accuracy.total)
            pinned = self.pinned if self.pinned is not None and self.pinned.pipeline.settings != pipeline.settings else None
        accuracy = [self._measuring_accuracy(pipeline, self._live_accuracy)] if self._live_accuracy.total else []
        self._begin(*accuracy, *([] if pinned is None else self._comparing_with(pinned, pipeline)))
        player.add_chore(self._finding_pinned())
        self._notices.changed()

    def _comparing_with(self, pinned: Pinned, pipeline: Pipeline) -> list[Iterator[float | None]]:
        """Return what finds out what is not known of the baseline yet, and how what plays compares with it."""
        endless = self._player.media.facts().endless
        accuracy = self._live_accuracy.total and pinned.accuracy is None
        return [
            *([self._timing_pinned(pinned)] if not endless and len(pinned.window) < TIMED_FRAMES else []),
            *([self._comparing(pinned, pipeline)] if not endless else []),
            *([self._measuring_accuracy(pinned.pipeline, LiveAccuracy(self._data))] if accuracy else []),
        ]

    def _begin(self, *chores: Iterator[float | None]) -> None:
        """Do one after the other: what is shown first is known first."""
        if chores:
            self._player.add_chore(_settled(chain.from_iterable(chores)))

    def _show_again(self) -> None:
        if self._player.shown is not None:
            self._player.show_again(self._player.shown)

    def _measuring_accuracy(self, pipeline: Pipeline, live_accuracy: LiveAccuracy) -> Iterator[float | None]:
        what = "accuracy on labelled frames"
        with self._notices.doing(what) as activity:
            for done in _in_slices(live_accuracy.run(pipeline)):
                activity.progress(what, done, live_accuracy.total)
                if pipeline is self._player.pipeline:
                    self.judged = done, live_accuracy.total
                yield REST
            with self._lock:
                if self._player.pipeline is pipeline:
                    self.accuracy = live_accuracy.accuracy
                if self.pinned is not None and self.pinned.pipeline.settings == pipeline.settings:
                    self.pinned = replace(self.pinned, accuracy=live_accuracy.accuracy)

    def _timing_pinned(self, pinned: Pinned) -> Iterator[float | None]:
        """Let the baseline pass some frames, timed by stage, as it would where it played."""
        what = f"timing {pinned.name}, which is pinned"
        with self._notices.doing(what) as activity:
            for done in _in_slices(self._passing(pinned)):
                activity.progress(what, done, TIMED_FRAMES)
                yield REST

    def _passing(self, pinned: Pinned) -> Iterator[int]:
        frames, watch = self._player.media.frames(), Stopwatch()
        while len(pinned.window) < TIMED_FRAMES and self.pinned is not None and self.pinned.pipeline is pinned.pipeline:
            began = time.perf_counter()
            watch.start()
            passed = pinned.pipeline.next_batch(frames, watch)
            if passed is None:
                frames = self._player.media.frames()
                continue
            spent = (time.perf_counter() - began) / len(passed.frames)
            watch.close_step(len(passed.frames))
            pinned.window.add(spent, {stage: seconds[-1] for stage, seconds in watch.stage_seconds().items()})
            for frame, one in zip(passed.frames, passed.found, strict=True):
                if frame.index not in pinned.found:
                    remember(pinned.found, [frame], [one])
            yield len(pinned.window)

    def _comparing(self, pinned: Pinned, pipeline: Pipeline) -> Iterator[float | None]:
        media = self._player.media
        rounds = BlockRounds(pinned.pipeline.block_timer(media), pipeline.block_timer(media))
        ends = time.perf_counter() + self._comparison_seconds
        what = f"comparing with {pinned.name}, rounds"
        with self._notices.doing(what) as activity:
            while not rounds.clear and (self.comparison is None or time.perf_counter() < ends):
                rounds.add()
                pipeline.take_threads()
                compared = rounds.so_far()
                with self._lock:
                    if self.pinned is None or self.pinned.pipeline is not pinned.pipeline or self._player.pipeline is not pipeline:
                        return
                    if compared is not None:
                        self.comparison = compared.comparison(pinned.name, self._name)
                activity.progress(what, len(rounds), 0)
                yield REST

    def _finding_pinned(self) -> Iterator[float | None]:
        player = self._player
        while True:
            shown, pinned = player.shown, self.pinned
            timed = pinned is not None and (len(pinned.window) >= TIMED_FRAMES or player.media.facts().endless)
            if shown is None or pinned is None or shown.frame.index in pinned.found or (player.playing and not timed):
                yield None
                continue
            remember(pinned.found, [shown.frame], pinned.pipeline.detect([shown.frame]))
            player.show_again(shown)
            yield SHOWN_REST if player.playing else 0.0


def _settled(chore: Iterator[float | None]) -> Iterator[float | None]:
    begins = time.perf_counter() + SETTLE_SECONDS
    while time.perf_counter() < begins:
        time.sleep(0.01)  # a change within that time drops this chore before it cost anything
        yield REST
    yield from chore


def _in_slices(steps: Iterator[int]) -> Iterator[int]:
    """Take as many steps at once as `SLICE_SECONDS` hold: while a slow baseline plays along, each slice waits for its turn."""
    began = time.perf_counter()
    for done in steps:
        if time.perf_counter() - began >= SLICE_SECONDS:
            yield done
            began = time.perf_counter()
