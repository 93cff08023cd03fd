"""Where jobs run: here, one after the other, or on the machines of a cluster. Behind both is a `concurrent.futures` executor."""

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from typing import final

from workbench.hardware import usable_cores
from workbench.machine import EnvironmentFacts, environment
from workbench.sweep.isolation import Isolation, records_of
from workbench.sweep.task import Job

MOST_UNTIMED = 2  # conversions at once: each has TensorFlow in memory


class Executor(ABC):
    """Machines of one kind, whose times may be compared.

    Attributes:
        environment: What they are; `machine_id` as in their records.
        several: Whether there may be more than one of them, each with a cache of its own.
    """

    environment: EnvironmentFacts
    several: bool = False

    @property
    def machine_id(self) -> str:
        return self.environment.machine_id

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs may run at once: one a machine, since they measure."""

    @property
    def untimed_slots(self) -> int:
        """How many may that only convert."""
        return self.slots

    @abstractmethod
    def submit(self, job: Job) -> "Future[list[str]]":
        """Do a job some time; gives its records as JSON."""

    def again_after(self, error: BaseException) -> bool:
        """Say whether a job may be submitted again; `False`: it is its own fault that nothing came back of it.

        Raises:
            WorkbenchError: It is neither; the sweep ends with it, as with the error itself.
        """
        raise error

    @abstractmethod
    def stop(self) -> None:
        """End what runs soon; what it has finished is still given."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""


@final
class ThisMachine(Executor):
    """One job at a time, in a fresh process each; some that only convert side by side."""

    def __init__(self, isolation: Isolation | None = None) -> None:
        self.environment = environment()
        self._isolation = isolation or Isolation()
        self._stopped = threading.Event()
        self._executor = ThreadPoolExecutor(self.untimed_slots, thread_name_prefix="workbench-sweep")

    @property
    def slots(self) -> int:
        return 1

    @property
    def untimed_slots(self) -> int:
        return min(MOST_UNTIMED, usable_cores())

    def submit(self, job: Job) -> "Future[list[str]]":
        return self._executor.submit(records_of, job, self._isolation, self._stopped)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()
        self._executor.shutdown(wait=True, cancel_futures=True)
