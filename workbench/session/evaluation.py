"""How right the running setting is and how it compares with the baseline, found out in slices while frames play."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from workbench.detections import Accuracy, Detections
from workbench.live import LiveAccuracy, Player, Shown
from workbench.opening import Footage
from workbench.pipeline import Pipeline
from workbench.session.notices import Notices
from workbench.settings import Settings
from workbench.timing import BlockRounds, Comparison, Timing

SETTLE_SECONDS = 0.4  # without another change, before accuracy and comparison are worth beginning
REST = 1.0  # times a slice of accuracy or comparison that playing goes on before the next
LOOK_REST = 4.0  # the same for the baseline's detections: they are wanted for every frame, and may be slow


@dataclass(frozen=True, slots=True)
class Pinned:
    """The baseline: a setting as it was when it was pinned. `found` fills up while its frames are looked at."""

    name: str
    settings: Settings
    pipeline: Pipeline
    found: dict[int, Detections]
    timing: Timing | None
    accuracy: Accuracy | None


@final
class Evaluation:
    """What is known of the setting that plays, beyond its times.

    Args:
        footage: Frames and truth.
        player: What plays; it takes the slices between frames.
        notices: Where progress is told.
        comparison_seconds: How long a comparison with what is pinned may look for a clear answer.

    Attributes:
        pinned: The baseline.
        accuracy: Of the setting that plays, once all labelled frames have passed.
        comparison: Of that setting with the baseline.
    """

    def __init__(self, footage: Footage, player: Player, notices: Notices, comparison_seconds: float) -> None:
        self.pinned: Pinned | None = None
        self.accuracy: Accuracy | None = None
        self.comparison: Comparison | None = None
        self._footage = footage
        self._live_accuracy = LiveAccuracy(footage)
        self._player = player
        self._notices = notices
        self._comparison_seconds = comparison_seconds

    def pin(self, pipeline: Pipeline, name: str) -> None:
        """Make what plays the baseline."""
        player = self._player
        self.pinned = Pinned(
            name=name,
            settings=pipeline.settings,
            pipeline=pipeline,
            found=player.found,
            timing=player.rolling.timing(),
            accuracy=self.accuracy,
        )
        self.settle(pipeline, name)
        self._show_again()

    def unpin(self) -> None:
        """Let the baseline go."""
        self.pinned = self.comparison = None
        self._show_again()

    def pinned_found(self, shown: Shown) -> Detections | None:
        """Return what the baseline found in a frame, where it has been run on it."""
        return self.pinned.found.get(shown.frame.index) if self.pinned else None

    def settle(self, pipeline: Pipeline, name: str) -> None:
        """Begin what takes a while for another setting: accuracy, how it compares with the baseline, and what that finds."""
        self.accuracy = self.comparison = None
        player, pinned = self._player, self.pinned
        begins = time.perf_counter() + SETTLE_SECONDS
        if self._live_accuracy.total:
            player.add_chore(_after(begins, self._measuring_accuracy(pipeline)))
        if pinned is not None and pinned.pipeline is not pipeline and not player.media.facts().endless:
            player.add_chore(_after(begins, self._comparing(pinned, pipeline, name)))
        if pinned is not None:
            player.add_chore(self._looking(pinned))
        self._notices.changed()

    def release(self) -> None:
        """Let go of models and of what was kept of their outputs, once nothing plays any more."""
        self.pinned = None
        self._live_accuracy = LiveAccuracy(self._footage)

    def _show_again(self) -> None:
        if self._player.shown is not None:
            self._player.show_again(self._player.shown)

    def _measuring_accuracy(self, pipeline: Pipeline) -> Iterator[float | None]:
        for done in self._live_accuracy.run(pipeline):
            self._notices.progress("accuracy on labelled frames", done, self._live_accuracy.total)
            yield REST
        self.accuracy = self._live_accuracy.accuracy
        self._notices.end()

    def _comparing(self, pinned: Pinned, pipeline: Pipeline, name: str) -> Iterator[float | None]:
        media = self._player.media
        rounds = BlockRounds(pinned.pipeline.block_timer(media), pipeline.block_timer(media))
        ends = time.perf_counter() + self._comparison_seconds
        while not rounds.clear and (self.comparison is None or time.perf_counter() < ends):
            rounds.add()
            pipeline.take_threads()
            compared = rounds.look()
            if compared is not None:
                self.comparison = compared.comparison(pinned.name, name)
            self._notices.progress(f"comparing with {pinned.name}, rounds", len(rounds), 0)
            yield REST
        self._notices.end()

    def _looking(self, pinned: Pinned) -> Iterator[float | None]:
        player = self._player
        while self.pinned is pinned:
            shown = player.shown
            if shown is None or shown.frame.index in pinned.found:
                yield None
                continue
            (pinned.found[shown.frame.index],) = pinned.pipeline.detect([shown.frame])
            player.show_again(shown)
            yield LOOK_REST if player.playing else 0.0


def _after(begins: float, chore: Iterator[float | None]) -> Iterator[float | None]:
    while time.perf_counter() < begins:
        time.sleep(0.01)  # a change within that time drops this chore before it cost anything
        yield REST
    yield from chore
