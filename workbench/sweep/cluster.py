"""The machines of a Dask cluster, each worker measuring one thing at a time.

Workers say with the resource `machine=1` that they may measure; `dask worker tcp://… --resources "machine=1" --nthreads 1`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, final
from uuid import uuid4

from workbench.errors import UnavailableError
from workbench.machine import EnvironmentFacts, environment
from workbench.opening import Sources
from workbench.sweep.executors import Executor
from workbench.sweep.isolation import records_of
from workbench.sweep.task import Job
from workbench.sweep.transfer import Bundle, keep, missing, pack, unpack

RESOURCE = "machine"
CONNECT_SECONDS = 10.0  # for a scheduler to answer
LONGEST_ADDRESS = 100  # characters of one that are told
REFRESH_SECONDS = 2.0  # between two looks at who is there
RETRIES = 3  # of a job whose worker died; by then it is likely to be the job's fault

T = TypeVar("T")

# On a worker


class LacksContentError(Exception):
    """A worker was asked to measure what was never sent to it: it joined later."""


_stops: dict[str, threading.Event] = {}  # of a worker's process, by sweep: Dask runs `stop_here` beside the job, on another thread


def describe_worker() -> str:
    """Say what machine this is."""
    return environment().model_dump_json()


def stop_here(sweep: str) -> None:
    """End what a sweep runs here, and all that it may still be given."""
    _stops.setdefault(sweep, threading.Event()).set()


def measure_sent(sweep: str, job_json: str, bundle_json: str) -> list[str]:
    """Do a job on what was sent for it. Stopped, it returns what is finished.

    Raises:
        LacksContentError: Something that it needs has not been sent here.
    """
    job, bundle = Job.model_validate_json(job_json), Bundle.model_validate_json(bundle_json)
    if missing(bundle.hashes):
        raise LacksContentError
    sources = unpack(bundle)
    here = Job(tasks=tuple(task.model_copy(update={"sources": sources}) for task in job.tasks))
    return records_of(here, stop=_stops.setdefault(sweep, threading.Event()))


# At the sweep


def _silence_dask() -> None:
    """Let Dask log nothing here: of a scheduler that has gone it writes pages of tracebacks, and we one sentence."""
    for name in [one for one in logging.root.manager.loggerDict if one.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


async def _answering(address: str) -> str:
    """Return what kind of Dask server answers."""
    from distributed import Security
    from distributed.core import rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as server:
        return str((await server.identity())["type"])


def check_scheduler(address: str, seconds: float = CONNECT_SECONDS) -> None:
    """Ask an address who it is: Dask's client waits without end for what takes its connection and says nothing.

    Raises:
        UnavailableError: No scheduler answers in time.
    """
    with ThreadPoolExecutor(1) as thread:  # a notebook's own has an event loop already
        try:
            kind = thread.submit(lambda: asyncio.run(asyncio.wait_for(_answering(address), seconds))).result()
        except Exception as error:  # whatever Dask makes of an address, or of what another service sends
            kind = type(error).__name__
    if kind != "Scheduler":
        raise UnavailableError(
            f"no Dask scheduler answers at {address[:LONGEST_ADDRESS]} ({kind}); start `dask scheduler` and name its address"
        )


@final
class Cluster:
    """A connection to a scheduler, and who is there.

    Raises:
        UnavailableError: Dask is not installed, or nobody answers; also by each method, once the scheduler has gone.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UnavailableError("Dask is not installed; run `pip install distributed`, or sweep without --cluster") from None
        _silence_dask()
        check_scheduler(address)
        self.sweep = uuid4().hex
        self._address = address
        try:
            self._client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise self.gone(error) from None
        self._machines: dict[str, EnvironmentFacts] = {}
        self._looked = 0.0
        self._bundles: dict[Sources, Bundle] = {}
        self._contents: dict[str, Path] = {}

    def gone(self, error: BaseException) -> UnavailableError:
        """Return what to raise where the scheduler has gone."""
        return UnavailableError(
            f"the Dask scheduler at {self._address} answers no more ({type(error).__name__}); what is finished is in the history:"
            " start it and the same sweep again"
        )

    def _answered(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (OSError, TimeoutError, RuntimeError) as error:  # also Dask's own: the connection is closed, the client is
            raise self.gone(error) from None

    def _on(self, workers: Iterable[str], function: Callable[..., T], *words: object) -> Mapping[str, T]:
        """Run a function on workers, beside what they do; one that has gone meanwhile is left out."""
        there = list(workers)
        answers = self._answered(lambda: self._client.run(function, *words, workers=there, on_error="ignore")) if there else {}
        return answers or {}

    def workers(self) -> Mapping[str, EnvironmentFacts]:
        """Return the machines of the workers that may measure, by address; a new one is sent what the others have."""
        if time.monotonic() - self._looked >= REFRESH_SECONDS:
            known = self._answered(lambda: self._client.scheduler_info(n_workers=-1))["workers"]
            there = [address for address, facts in known.items() if facts.get("resources", {}).get(RESOURCE)]
            new = [address for address in there if address not in self._machines]
            told = self._on(new, describe_worker)
            self._machines |= {address: EnvironmentFacts.model_validate_json(text) for address, text in told.items()}
            self._machines = {address: facts for address, facts in self._machines.items() if address in there}
            self._looked = time.monotonic()
            self.send(new)
        return self._machines

    def send(self, workers: Iterable[str]) -> None:
        """Send workers the contents that they lack."""
        for address, lacked in self._on(workers if self._contents else (), missing, list(self._contents)).items():
            for sha256 in lacked:
                self._on([address], keep, sha256, self._contents[sha256].read_bytes())

    def submit(self, job: Job, machine_id: str) -> "Future[list[str]]":
        if job.sources not in self._bundles:
            self._bundles[job.sources], contents = pack(job.sources)
            self._contents |= contents
            self.send(self.workers())
        machines = self.workers()
        alike = [address for address, facts in machines.items() if facts.machine_id == machine_id]
        # Where all are alike, those that join later may have it, too.
        where = {"workers": alike} if len(alike) < len(machines) else {}
        executor = self._answered(lambda: self._client.get_executor(resources={RESOURCE: 1}, pure=False, retries=RETRIES, **where))
        words = self.sweep, job.model_dump_json(), self._bundles[job.sources].model_dump_json()
        future: Future[list[str]] = self._answered(lambda: executor.submit(measure_sent, *words))
        return future

    def stop(self) -> None:
        """Tell all workers to give back what they have finished; a scheduler that has gone has none."""
        with suppress(UnavailableError):
            self._on(self._machines, stop_here, self.sweep)

    def close(self) -> None:
        if self._client.status != "closed":  # one closes for all kinds of machines
            self.stop()
            self._client.close()


@final
class ClusterExecutor(Executor):
    """The machines of one kind in a cluster; the connection is shared with those of other kinds."""

    def __init__(self, cluster: Cluster, facts: EnvironmentFacts) -> None:
        self.environment = facts
        self.several = True
        self._cluster = cluster

    @property
    def slots(self) -> int:
        return sum(facts.machine_id == self.machine_id for facts in self._cluster.workers().values())

    def submit(self, job: Job) -> "Future[list[str]]":
        return self._cluster.submit(job, self.machine_id)

    def again_after(self, error: BaseException) -> bool:
        from distributed import KilledWorker

        if isinstance(error, LacksContentError):
            self._cluster.send(self._cluster.workers())
            return True
        if isinstance(error, KilledWorker):  # one worker after the other died of it
            return False
        raise self._cluster.gone(error) if isinstance(error, CancelledError) else error

    def stop(self) -> None:
        self._cluster.stop()

    def close(self) -> None:
        self._cluster.close()


def connect(address: str) -> tuple[Executor, ...]:
    """Return the executors of a cluster, one for each kind of machine in it.

    Raises:
        UnavailableError: Dask is not installed, nobody answers, or no worker may measure.
    """
    cluster = Cluster(address)
    kinds = {facts.machine_id: facts for facts in cluster.workers().values()}
    if not kinds:
        cluster.close()
        raise UnavailableError(
            f'no worker at {address} may measure; start some with `dask worker {address} --resources "{RESOURCE}=1" --nthreads 1`'
        )
    return tuple(ClusterExecutor(cluster, facts) for facts in kinds.values())
