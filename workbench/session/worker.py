"""A worker: one thread that does one thing after the other, away from whoever asked."""

from collections.abc import Callable
from queue import SimpleQueue
from typing import final

from workbench.machine import NamedThread

CLOSE_SECONDS = 4.0  # that closing waits for the running task: a compiler cannot be interrupted, its thread ends with the process


@final
class Worker:
    """Runs tasks in the order in which they were given.

    Args:
        on_error: Told of what a task raised; the next one runs all the same.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._closed = False
        self._thread = NamedThread(target=self._run, name="workbench-worker")
        self._thread.start()

    def submit(self, task: Callable[[], object]) -> None:
        self._tasks.put(task)

    def close(self) -> None:
        """Drop what waits and end the thread; what runs longer than `CLOSE_SECONDS` ends by itself."""
        self._closed = True
        self._tasks.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None and not self._closed:
            try:
                task()
            except Exception as error:  # whatever it is, it is told, and the worker lives on
                self._on_error(error)
