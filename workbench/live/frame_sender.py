"""Sends the player's newest frame to whoever looks, as often as they keep up, and knows what that costs.

Which thread does what: one thread waits for the player, encodes and sends; the page's answers come on Jupyter's own thread,
through `acknowledge` and `show_again`. `_seen`, a condition, guards what is on its way and whether the next picture goes out
whatever was sent before. A page that does not keep up bounds what is on its way (`MOST_IN_FLIGHT`): sending more would only queue
pictures in the browser, and what is seen would be older and older. A page in the background answers nothing at all; after
`SEEN_WITHIN_SECONDS` what was on its way counts as lost, so that one picture a second still goes out and the page is up to date
when it comes back. Pictures are encoded here and not on the player's thread, so that showing costs the pipeline a core's share
and not its latency.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from workbench.live.player import Player, Shown
from workbench.machine import NamedThread
from workbench.stages import encode_jpeg

MOST_A_SECOND = 30.0
SLACK = 0.9  # of that interval must have passed: with a clip of the same rate, a wait for all of it would skip every other frame
MOST_IN_FLIGHT = 8  # pictures sent and not yet answered for: the page answers for four at once, while four are on their way
SEEN_WITHIN_SECONDS = 1.0  # a page in the background paints nothing and acknowledges nothing; then one picture a second is sent
COST_WINDOW = 60  # pictures
WAIT_SECONDS = 0.5  # for a picture, before looking whether this is the end
PICTURE_SIDE_PX = 640
JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Cost:
    """What showing costs: CPU seconds a picture on the sender's thread, and pictures a second."""

    seconds_each: float
    pictures_a_second: float

    @property
    def core_share(self) -> float:
        """Share of one core."""
        return self.seconds_each * self.pictures_a_second


@final
class FrameSender:
    """Sends pictures on a thread of its own.

    Args:
        player: Whose frames.
        send: Called with what is shown and its JPEG; `None` instead of that where the picture is the one sent before.
    """

    def __init__(self, player: Player, send: Callable[[Shown, bytes | None], None]) -> None:
        self.player = player
        self._send = send
        self._seen = threading.Condition()
        self._in_flight: deque[tuple[int, float]] = deque()  # number, decoding began at
        self._costs: deque[tuple[float, float]] = deque(maxlen=COST_WINDOW)  # at, CPU seconds
        self._anew = True
        self._unseen_since: float | None = None  # when the first picture was sent that no answer came for
        self._closed = False
        self.age_seconds: float | None = None
        """From the beginning of a frame's decoding until it was on the screen, of the last one seen."""
        self._thread = NamedThread(target=self._run, name="workbench-frames")
        self._thread.start()

    @property
    def cost(self) -> Cost | None:
        """Return what the last pictures cost; `None` before there are two."""
        costs = tuple(self._costs)
        if len(costs) < 2:
            return None
        spent = max(time.perf_counter(), costs[-1][0]) - costs[0][0]
        return Cost(sum(seconds for _, seconds in costs) / len(costs), len(costs) / spent)

    @property
    def unseen_seconds(self) -> float:
        """Return for how long pictures have been sent and none painted; 0 while none is sent, as during a measurement."""
        since = self._unseen_since
        return 0.0 if since is None else time.perf_counter() - since

    def acknowledge(self, number: int, ago_seconds: float = 0.0) -> None:
        """Take note that this picture, and so all before it, was painted so long ago."""
        with self._seen:
            self._unseen_since = None
            while self._in_flight and self._in_flight[0][0] <= number:
                shown, began = self._in_flight.popleft()
                if shown == number:
                    self.age_seconds = time.perf_counter() - began - ago_seconds
            self._seen.notify_all()

    def show_again(self) -> None:
        """Send the current picture once more, as to a page that has just opened."""
        with self._seen:
            self._anew = True
            self._unseen_since = None
            self._in_flight.clear()
            self._seen.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._seen:
            self._closed = True
            self._seen.notify_all()
        self._thread.join()

    def _run(self) -> None:
        last: Shown | None = None
        sent = 0.0
        while not self._closed:
            seen = -1 if self._anew or last is None else last.number
            if self.player.wait_newer(seen, WAIT_SECONDS) is None:
                self._wait_if_over()
                continue
            if not self._may_send(sent):
                continue
            shown = self.player.shown  # newer still, after the wait
            if shown is None:  # the player was closed meanwhile
                continue
            sent = time.perf_counter()
            with self._seen:  # a page may open between two pictures: its wish is taken, or stands for the next
                anew, self._anew = self._anew, False
                self._unseen_since = self._unseen_since or sent
                self._in_flight.append((shown.number, shown.began_seconds))
            same = last is not None and shown.frame is last.frame and not anew
            last = shown
            self._show(shown, same=same)

    def _wait_if_over(self) -> None:
        """Rest where the player is closed: it answers at once from then on, and another sender follows the next one."""
        if self.player.closed:
            with self._seen:
                self._seen.wait_for(lambda: self._closed, WAIT_SECONDS)

    def _may_send(self, sent: float) -> bool:
        """Wait for the interval and for the page to keep up; whether a picture may go out now."""
        early = SLACK / MOST_A_SECOND - (time.perf_counter() - sent)
        if early > 0:
            time.sleep(early)
        with self._seen:
            free = self._seen.wait_for(lambda: self._closed or len(self._in_flight) < MOST_IN_FLIGHT, SEEN_WITHIN_SECONDS)
            if not free:
                self._in_flight.clear()
            return not self._closed

    def _show(self, shown: Shown, *, same: bool) -> None:
        began = time.thread_time()
        jpeg = None if same else encode_jpeg(shown.frame.image_rgb, PICTURE_SIDE_PX, JPEG_QUALITY)
        self._send(shown, jpeg)
        self._costs.append((time.perf_counter(), time.thread_time() - began))
