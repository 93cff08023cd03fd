"""Stages that a function of the user's marks in itself, such as `with stage("nms"):`."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from typing import final

from workbench.errors import SettingsError, one_line
from workbench.timing.stopwatch import MAIN_THREAD, Clock, Span, Watch
from workbench.timing.timing import UNEXPLAINED

LONGEST_NAME = 40  # of a stage: it stands in tables and legends


@final
class OwnStages:
    """Tells a watch the stages that are marked while it listens. What a stage holds within another is the inner one's alone.

    Attributes:
        marked: Whether there was any.
    """

    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch, self._clock = watch, clock
        self._within: list[str] = []
        self._began = 0.0
        self.marked = False

    def enter(self, name: str) -> None:
        """Begin a stage; the one that it lies in rests meanwhile."""
        self._tell()
        self._within.append(name)
        self.marked = True

    def leave(self) -> None:
        """End the stage that began last."""
        self._tell()
        self._within.pop()

    def _tell(self) -> None:
        now = self._clock()
        if self._within:
            self._watch.add(Span(self._within[-1], MAIN_THREAD, self._began, now))
        self._began = now


# Of a context rather than of the process: a thread that the function starts has none, and cannot mix its stages into these.
_LISTENING: ContextVar[OwnStages | None] = ContextVar("workbench_own_stages", default=None)
_UNHEARD: AbstractContextManager[None] = nullcontext()


@final
class _Stage(AbstractContextManager[None]):
    def __init__(self, stages: OwnStages, name: str) -> None:
        self._stages, self._name = stages, name

    def __enter__(self) -> None:
        self._stages.enter(self._name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stages.leave()


def stage(name: str) -> AbstractContextManager[None]:
    """Make a part of your own function a stage of its own, as in `with workbench.stage("nms"):`; it does nothing elsewhere.

    Args:
        name: What to call it; `preprocess`, `infer` and `nms` have the colours that they have everywhere.

    Raises:
        SettingsError: It has no name, or that of what no stage explains.
    """
    stages = _LISTENING.get()
    if stages is None:
        return _UNHEARD
    called = one_line(name, LONGEST_NAME)
    if called in {"", UNEXPLAINED}:
        raise SettingsError(f"a stage is named {name!r}; choose a name such as nms, and none for what no stage explains")
    return _Stage(stages, called)


@contextmanager
def own_stages(watch: Watch, clock: Clock) -> Iterator[OwnStages]:
    """Tell a watch each stage that is marked in what runs meanwhile, in this thread."""
    stages = OwnStages(watch, clock)
    token = _LISTENING.set(stages)
    try:
        yield stages
    finally:
        _LISTENING.reset(token)
