"""The player: a pipeline that runs in the background, at its own speed or at its clip's, whoever looks.

Which thread does what: `workbench-player` alone opens media, passes frames and does chores; every public method may be called from
any other thread, sets what is wished for and wakes it. One lock, the condition `_changed`, guards all that is wished for and shown.
It is held for moments only, but for an NMS that is answered on the caller's thread (`use_nms`), so that the answer to a slider does
not wait for the frame that is in the engine.

While a frame or a chore runs `_acting` is set. A measurement raises `_held`, so that none begins, and waits until the one that runs
is over (`hold`); the player waits for no measurement but in `_next_action`, where `close` ends it at once. A pipeline that was
exchanged while its frame was in the engine publishes nothing: `_pass` looks whether it is still the one that is wished for.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, final

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.live.rolling import Rolling
from workbench.machine import NamedThread
from workbench.media import Frame, Media
from workbench.pipeline import SETTLING_FRAMES, Pipeline
from workbench.timing import Stopwatch

Pace = Literal["clip", "free"]
Chore = Iterator[float | None]
"""Work that needs the machine for itself, in slices of about a tenth of a second that take turns with playing and one another.

One that is dropped half way is let go, and with that ends what it holds open in a `with`.

Each slice yields for how many times its own duration playing goes on before the next; `None` has nothing to do until another frame
is shown.
"""

PICTURES_A_SECOND = 1.0  # at which media without a rate of their own, such as folders of stills, pass at the clip's pace
LATEST_SECONDS = 1.0  # behind the clip by more (after a chore, or a measurement): go on from there instead of dropping it all
FOUND_KEPT = 4096  # frames whose detections are remembered, of what plays and of the baseline; a camera never ends


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame behind the last stage.

    Attributes:
        number: Counts what was published, so that who waits knows what is new.
        frame: The frame.
        raw: What the engine gave for it.
        found: What NMS left of that, in the frame's pixels.
        pipeline: What it passed.
        began_seconds: When decoding began, on the player's clock.
    """

    number: int
    frame: Frame
    raw: Candidates | Detections
    found: Detections
    pipeline: Pipeline
    began_seconds: float


@final
class Player:
    """Runs a pipeline over media on a thread of its own; every method may be called from any other.

    Args:
        media: What to play; it begins again at its end.
        on_error: Told of an exception that stopped playing, on the player's thread.

    Attributes:
        pipeline: What frames pass. This and the next four are for others to read only.
        shown: The frame that passed last.
        playing: Whether frames pass by themselves.
        pace: The clip's, or as fast as they can.
        closed: Whether it has ended.
    """

    def __init__(self, media: Media, on_error: Callable[[Exception], None], clock: Callable[[], float] = time.perf_counter) -> None:
        self.media = media
        self.rolling = Rolling()
        self.dropped = 0
        """Frames that were skipped to keep the clip's pace, since the current pipeline plays."""
        self.found: dict[int, Detections] = {}
        """What the current pipeline found so far, by the frame's position."""
        self._on_error = on_error
        self._clock = clock
        self._rate = media.facts().fps or PICTURES_A_SECOND
        self._changed = threading.Condition()
        self._acting = False
        self._held = 0
        self.closed = False
        self.pipeline: Pipeline | None = None
        self._frames: Iterator[Frame] | None = None
        self._next = 0
        self._wanted: int | None = None
        self.playing = False
        self.pace: Pace = "clip"
        self._epoch = 0.0
        self._settling = 0
        self.shown: Shown | None = None
        self._chores: deque[Chore] = deque()
        self._resting: list[Chore] = []  # until the next frame is shown
        self._play_until = 0.0
        self._thread = NamedThread(target=self._run, name="workbench-player")
        self._thread.start()

    def use(self, pipeline: Pipeline) -> None:
        """Play with another pipeline from the next frame on; what stands still is run again."""
        with self._changed:
            self._exchange(pipeline)
            if not self.playing:
                self._wanted = self.shown.frame.index if self.shown else self._next
            self._changed.notify_all()

    def use_nms(self, pipeline: Pipeline) -> None:
        """Play on with another NMS on the same engine; the current frame is answered at once, from its raw outputs."""
        with self._changed:
            shown = self.shown
            if shown is None or not (isinstance(shown.raw, Candidates) or pipeline.engine.own_nms):
                self.use(pipeline)
                return
            self._exchange(pipeline)
            (found,) = pipeline.suppress([shown.raw], [shown.frame])
            remember(self.found, [shown.frame], [found])
            self._publish(replace(shown, found=found, pipeline=pipeline))

    def show_again(self, shown: Shown) -> None:
        """Publish what is shown once more, because something else is known of it now; nothing where it is another already."""
        with self._changed:
            if self.shown is shown:
                self._publish(shown)

    def play(self) -> None:
        with self._changed:
            self.playing = True
            self._start_clock()
            self._changed.notify_all()

    def pause(self) -> None:
        with self._changed:
            self.playing = False
            self._changed.notify_all()

    def seek(self, position: int) -> None:
        """Show the frame at a position, and go on from there; positions outside the media are moved to their ends."""
        with self._changed:
            self._wanted = min(max(position, 0), max(self.media.facts().frames - 1, 0))
            self._changed.notify_all()

    def step(self, by: int) -> None:
        """Stand still at the next frame, or so many further."""
        with self._changed:
            self.playing = False
            at = self._wanted if self._wanted is not None else self.shown.frame.index if self.shown else 0
            self.seek((at + by) % max(self.media.facts().frames, 1))

    def set_pace(self, pace: Pace) -> None:
        with self._changed:
            self.pace = pace
            self._start_clock()
            self._changed.notify_all()

    def add_chore(self, chore: Chore) -> None:
        """Take turns between this and playing until it is done or another pipeline is used."""
        with self._changed:
            if not self.closed:
                self._chores.append(chore)
                self._changed.notify_all()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Stand still while something else needs the machine; what was going on goes on afterwards."""
        with self._changed:
            self._held += 1
            self._changed.wait_for(lambda: not self._acting)
        try:
            yield
        finally:
            with self._changed:
                self._held -= 1
                self._start_clock()
                self._changed.notify_all()

    def wait_newer(self, number: int, timeout_seconds: float) -> Shown | None:
        """Return what is shown once it is newer than `number`; `None` after the timeout or at the end."""
        with self._changed:
            newer = self._changed.wait_for(
                lambda: self.closed or (self.shown is not None and self.shown.number > number), timeout_seconds
            )
            return self.shown if newer and not self.closed else None

    def close(self) -> None:
        """End the thread and give the media back; a second time does nothing."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self._thread.join()
        self._frames = self.pipeline = self.shown = None
        self._drop_chores()

    def _drop_chores(self) -> None:
        self._chores.clear()
        self._resting.clear()

    def _run(self) -> None:
        while (action := self._next_action()) is not None:
            try:
                action()
            except Exception as error:  # whatever it is, it is told, and the player lives on
                with self._changed:
                    self.playing = False
                    self._frames, self._wanted = None, None
                    self._drop_chores()
                self._on_error(error)
            with self._changed:
                self._acting = False
                if self._held:
                    self._changed.notify_all()

    def _next_action(self) -> Callable[[], None] | None:
        """Wait until there is something to do; `None` at the end."""
        with self._changed:
            while not self.closed:
                action, wait_seconds = self._due(self._clock())
                if action is not None:
                    self._acting = True
                    return action
                self._changed.wait(wait_seconds)
        return None

    def _due(self, now: float) -> tuple[Callable[[], None] | None, float | None]:
        """Return what is due now, or how long nothing will be."""
        if self._held or self.pipeline is None:
            return None, None
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            return partial(self._show, wanted), None
        if self._chores and (not self.playing or now >= self._play_until):
            return self._do_chore, None
        if not self.playing:
            return None, None
        wait_seconds = self._due_seconds() - now if self.pace == "clip" else 0.0
        if wait_seconds <= 0:
            return self._play_on, None
        return None, min(wait_seconds, max(0.0, self._play_until - now)) if self._chores else wait_seconds

    def _due_seconds(self) -> float:
        return self._epoch + self._next / self._rate

    def _start_clock(self) -> None:
        """Let the next frame be due now."""
        self._epoch = self._clock() - self._next / self._rate

    def _exchange(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.rolling.begin_window()
        self.found = {}
        self.dropped = 0
        self._settling = SETTLING_FRAMES
        self._drop_chores()

    def _show(self, position: int) -> None:
        self._frames = None  # a live source is given back before it is opened again
        self._frames = self.media.frames(position)
        self._next = position
        self._pass(counts=False)
        with self._changed:
            self._start_clock()

    def _play_on(self) -> None:
        if self.pace == "clip":
            self._catch_up(self._clock() - self._due_seconds())
        self._pass(counts=True)

    def _catch_up(self, late_seconds: float) -> None:
        """Drop the frames whose time is over."""
        if late_seconds > LATEST_SECONDS:
            self._start_clock()
            return
        for _ in range(int(late_seconds * self._rate)):
            if next(self._opened(), None) is None:
                return
            self._next += 1
            self.dropped += 1

    def _opened(self) -> Iterator[Frame]:
        if self._frames is None:
            self._frames = self.media.frames(self._next)
        return self._frames

    def _pass(self, *, counts: bool) -> None:
        """Take the next batch through the pipeline and publish its last frame."""
        pipeline, frames = self.pipeline, self._opened()
        assert pipeline is not None
        watch = Stopwatch(self._clock)
        began = self._clock()
        watch.start()
        passed = pipeline.next_batch(frames, watch)
        ended = self._clock()
        if passed is None:
            self._frames, self._next = None, 0
            self._start_clock()
            return
        watch.close_step(len(passed.frames))
        self._next = passed.frames[-1].index + 1
        with self._changed:
            if pipeline is self.pipeline:
                remember(self.found, passed.frames, passed.found)
                if counts and not self._settling:
                    stages = {stage: seconds[-1] for stage, seconds in watch.stage_seconds().items()}
                    self.rolling.add(ended, (ended - began) / len(passed.frames), stages)
                self._settling = max(0, self._settling - counts)
                self._publish(Shown(0, passed.frames[-1], passed.raw[-1], passed.found[-1], pipeline, began))

    def _publish(self, shown: Shown) -> None:
        self.shown = replace(shown, number=self.shown.number + 1 if self.shown else 1)
        self._chores.extend(self._resting)
        self._resting.clear()
        self._changed.notify_all()

    def _do_chore(self) -> None:
        began = self._clock()
        with self._changed:
            chore = self._chores[0] if self._chores else iter(())
        rest: float | None = 0.0
        ended = False
        try:
            rest = next(chore)
        except StopIteration:
            ended = True
        with self._changed:
            now = self._clock()
            self._play_until = now + (now - began) * (rest or 0.0)
            if self._chores and self._chores[0] is chore:  # it may have been dropped meanwhile
                self._chores.popleft()
                if not ended:
                    (self._resting if rest is None else self._chores).append(chore)


def remember(found: dict[int, Detections], frames: Sequence[Frame], detections: Sequence[Detections]) -> None:
    """Put what was found in frames beside what is known of others, of the last `FOUND_KEPT` of them."""
    for frame, one in zip(frames, detections, strict=True):
        found.pop(frame.index, None)
        while len(found) >= FOUND_KEPT:
            del found[next(iter(found))]
        found[frame.index] = one
