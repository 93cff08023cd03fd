"""Sites of a Dask cluster: one for each kind of machine, each worker measuring one thing at a time.

Workers say with the resource `machine=1` that they may measure; `dask worker tcp://… --resources "machine=1" --nthreads 1`.
"""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, final

from workbench.errors import UnavailableError
from workbench.machine import EnvironmentFacts, environment
from workbench.sweep.isolation import Isolation, run_job
from workbench.sweep.parcels import Parcels, keep, missing, pack, unpack
from workbench.sweep.sites import Site
from workbench.sweep.task import Job, Material

RESOURCE = "machine"
CONNECT_SECONDS = 10.0  # for a scheduler to answer
REFRESH_SECONDS = 2.0  # between two looks at who is there
RETRIES = 3  # of a job whose worker died; by then it is likely to be the job's fault


class LacksContentError(Exception):
    """A worker was asked to measure what was never sent to it: it joined later."""


def describe_worker() -> str:
    """Say what machine this is; runs on the worker."""
    return environment().model_dump_json()


def measure_sent(job_json: str, parcels_json: str, isolation: Isolation) -> list[str]:
    """Do a job on a worker; its records say what the sender calls detector and media.

    Raises:
        LacksContentError: Something that it needs has not been sent here.
    """
    job, parcels = Job.model_validate_json(job_json), Parcels.model_validate_json(parcels_json)
    if missing(parcels.hashes()):
        raise LacksContentError
    material, sender = unpack(job.material, parcels), job.tasks[0]
    here = Job(tasks=tuple(task.model_copy(update={"material": material}) for task in job.tasks))
    names = {"detector": sender.detector, "media": sender.media}
    return [record.model_copy(update=names).to_json() for record in run_job(here, isolation)]


@final
class Cluster:
    """A connection, and who is there.

    Args:
        address: Of the scheduler.

    Raises:
        UnavailableError: Dask is not installed, nobody answers, or no worker may measure.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UnavailableError("Dask is not installed; run `pip install distributed`, or sweep without --cluster") from None
        try:
            self.client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UnavailableError(
                f"no Dask scheduler answers at {address} ({type(error).__name__}); start `dask scheduler` and name its address"
            ) from None
        self._environments: dict[str, EnvironmentFacts] = {}
        self._looked = 0.0
        self._contents: dict[str, Path] = {}
        self.parcels: dict[Material, Parcels] = {}

    def workers(self) -> Mapping[str, EnvironmentFacts]:
        """Return the machines of the workers that may measure, by address."""
        if time.monotonic() - self._looked >= REFRESH_SECONDS:
            self._looked = time.monotonic()
            known = self.client.scheduler_info(n_workers=-1)["workers"]
            there = [address for address, facts in known.items() if facts.get("resources", {}).get(RESOURCE)]
            new = [address for address in there if address not in self._environments]
            if new:
                told = self.client.run(describe_worker, workers=new, on_error="ignore")
                self._environments |= {address: EnvironmentFacts.model_validate_json(text) for address, text in told.items()}
            self._environments = {address: facts for address, facts in self._environments.items() if address in there}
            self._send(new)
        return self._environments

    def prepare(self, material: Material) -> Parcels:
        """Pack a material, and send its contents to the workers that lack them."""
        if material not in self.parcels:
            self.parcels[material], contents = pack(material)
            self._contents |= contents
            self._send(self.workers())
        return self.parcels[material]

    def _send(self, addresses: Iterable[str]) -> None:
        hashes = list(self._contents)
        if not hashes or not (there := list(addresses)):
            return
        lacking = self.client.run(missing, hashes, workers=there, on_error="ignore")
        for address, lacked in lacking.items():
            for sha256 in lacked:
                self.client.run(keep, sha256, self._contents[sha256].read_bytes(), workers=[address], on_error="ignore")

    def send_again(self) -> None:
        """Send to whoever lacks something."""
        self._looked = 0.0
        self._send(self.workers())

    def close(self) -> None:
        self.client.close()


@final
class ClusterSite(Site):
    """The machines of one kind in a cluster.

    Args:
        cluster: The connection, shared with other sites.
        facts: What these machines are.
        alone: Whether all workers are of this kind; then those that join later are as well.
        isolation: How processes are started and watched there.
    """

    def __init__(self, cluster: Cluster, facts: EnvironmentFacts, *, alone: bool, isolation: Isolation) -> None:
        self.environment = facts
        self.several = True
        self._cluster = cluster
        self._alone = alone
        self._isolation = isolation
        self._running: set[Future[list[str]]] = set()

    @property
    def slots(self) -> int:
        return len(self._addresses())

    def _addresses(self) -> list[str]:
        there = self._cluster.workers().items()
        return [address for address, facts in there if facts.machine_id == self.machine_id]

    def submit(self, job: Job) -> "Future[list[str]]":
        parcels = self._cluster.prepare(job.material)
        where = {} if self._alone else {"workers": self._addresses()}
        executor = self._cluster.client.get_executor(resources={RESOURCE: 1}, pure=False, retries=RETRIES, **where)
        future: Future[list[str]] = executor.submit(measure_sent, job.model_dump_json(), parcels.model_dump_json(), self._isolation)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def may_try_again(self, error: BaseException) -> bool:
        if isinstance(error, LacksContentError):
            self._cluster.send_again()
            return True
        return False

    def blames_job(self, error: BaseException) -> bool:
        from distributed import KilledWorker

        return isinstance(error, KilledWorker)  # one worker after the other died of it

    def stop(self) -> None:
        for future in tuple(self._running):
            future.cancel()

    def close(self) -> None:
        self.stop()
        self._cluster.close()


def connect(address: str, isolation: Isolation | None = None) -> tuple[Site, ...]:
    """Return the sites of a cluster, one for each kind of machine in it.

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
    make = partial(ClusterSite, cluster, alone=len(kinds) == 1, isolation=isolation or Isolation())
    return tuple(make(facts) for facts in kinds.values())
