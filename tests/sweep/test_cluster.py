"""One sweep on two workers of a Dask cluster, started here as processes of their own; one of them dies midway."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path

import psutil
import pytest

from tests.assets.scenes import SHAPES
from workbench.errors import UnavailableError
from workbench.history import History
from workbench.opening import Sources
from workbench.sweep import Grid, Standing, Sweep, connect
from workbench.sweep.cluster import CONNECT_SECONDS, check_scheduler

DASK, WORKBENCH = (str(Path(sys.executable).with_name(name)) for name in ("dask", "workbench"))
STARTING_SECONDS = 60
BASELINE = "litert,input.size_hw=192x320"
GRID = Grid(
    (
        tuple({"input.size_hw": size} for size in ("192x320", "64x64", "96x96", "128x128")),
        ({"runtime.engine": "litert"},),
        ({"nms.method": "opencv"},),
        tuple({"nms.score": score} for score in (0.1, 0.3)),
    )
)


def wait_for(log: Path, pattern: str) -> str:
    ends = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < ends:
        if found := re.search(pattern, log.read_text()):
            return found.group(1)
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    """Start a process with its output in a file; end all of them at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *words: str) -> tuple["subprocess.Popen[bytes]", Path]:
        log = tmp_path / f"{name}.txt"
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [DASK, *words], stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment, start_new_session=True
            )
        started.append(process)
        return process, log

    yield begin
    for process in reversed(started):
        for one in (*children_of(process.pid), process.pid):
            try:
                psutil.Process(one).kill()
            except psutil.Error:
                continue
        process.wait()


def children_of(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


@pytest.fixture
def address(start) -> str:
    _, log = start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    return wait_for(log, r"(tcp://127\.0\.0\.1:\d+)")


def start_worker(start, address: str, number: int):
    words = ("worker", address, "--resources", "machine=1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
    process, log = start(f"worker{number}", *words)
    wait_for(log, r"(Registered to)")
    return process


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_two_workers_share_a_sweep_and_one_that_dies_takes_nothing_with_it(
    start, address: str, sources: Sources, tmp_path: Path
) -> None:
    workers = [start_worker(start, address, number) for number in range(2)]
    executors = connect(address)
    (executor,) = executors
    try:
        with History(tmp_path / "history.sqlite") as history:
            run = Sweep([sources], history, grid=GRID, frames=4, baseline=BASELINE, executors=executors)
            assert executor.slots == 2
            records = []
            died = None
            for record in run.run():
                records.append(record)
                if record.composed and died is None:
                    # This one's worker rests until the next is asked for, so whoever is at work is the other one.
                    died = next((worker for worker in workers if children_of(worker.pid)), None)
                    if died:
                        died.kill()
            stored = [record.id for record in history.records(pictures=False)]
            again = Sweep([sources], history, grid=GRID, frames=4, baseline=BASELINE, executors=executors)
            assert again.estimate().tasks == 0
    finally:
        executor.close()

    assert died is not None
    assert died.poll() is not None
    assert stored == [record.id for record in records]
    assert len([record for record in records if record.composed]) == 8
    assert not [record for record in records if record.problem]
    assert {record.media.source for record in records} == {str(sources.media)}
    assert (tmp_path / "cache" / "workbench" / "received" / "content").is_dir()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("deed", ["cancel", "lose the scheduler"])
def test_what_is_finished_when_a_sweep_ends_early_is_stored(start, sources: Sources, tmp_path: Path, deed: str) -> None:
    scheduler, log = start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    address = wait_for(log, r"(tcp://127\.0\.0\.1:\d+)")
    worker = start_worker(start, address, 0)
    (executor,) = connect(address)
    seen, began = [], time.monotonic()

    def end_early(standing: Standing) -> None:
        if not standing.records or "litert" not in standing.what or not children_of(worker.pid):
            return
        run.cancel() if deed == "cancel" else scheduler.kill()

    with History(tmp_path / "history.sqlite") as history:
        run = Sweep([sources], history, grid=GRID, frames=4, baseline=BASELINE, executors=[executor], progress=end_early)
        said = rf"the Dask scheduler at {re.escape(address)} answers no more"
        with nullcontext() if deed == "cancel" else pytest.raises(UnavailableError, match=said), closing(executor):
            seen += run.run()
        assert {record.id for record in seen} <= {row.id for row in history.summaries()}
        assert {row.id for row in history.summaries()}
    assert time.monotonic() - began < STARTING_SECONDS * 2
    if deed == "cancel":
        _, alive = psutil.wait_procs([psutil.Process(pid) for pid in children_of(worker.pid)], timeout=10)
        assert not alive, "what ran was ended"


@pytest.mark.slow
def test_workers_that_do_not_say_that_they_may_measure_are_not_asked(start, address: str) -> None:
    _, log = start("worker", "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
    wait_for(log, r"(Registered to)")
    with pytest.raises(UnavailableError, match='--resources "machine=1"'):
        connect(address)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a service that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        yield f"tcp://127.0.0.1:{service.getsockname()[1]}"


@pytest.fixture
def talking() -> Iterator[str]:
    """The address of a service that speaks another protocol."""
    with socket.create_server(("127.0.0.1", 0)) as service:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    with service.accept()[0] as taken:
                        taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)

        threading.Thread(target=answer, daemon=True).start()
        yield f"tcp://127.0.0.1:{service.getsockname()[1]}"


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "127.0.0.1", "nonsense", "", "tcp://[::1", "tls://127.0.0.1:9", "tcp://" + "a" * 500]
)
def test_a_wrong_address_is_named_at_once(address: str) -> None:
    with pytest.raises(UnavailableError, match="no Dask scheduler answers at") as told:
        check_scheduler(address, seconds=0.2)
    assert address[:50] in str(told.value)
    assert len(str(told.value)) < 400


def test_a_service_that_says_nothing_or_something_else_is_no_scheduler(silent: str, talking: str) -> None:
    for address in (silent, talking):
        with pytest.raises(UnavailableError, match=f"no Dask scheduler answers at {address} "):
            check_scheduler(address, seconds=0.2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_command_says_so_in_one_line_and_soon(silent: str, tmp_path: Path) -> None:
    words = ("sweep", "inspector-mobile", "--yes", "--history", str(tmp_path / "h.sqlite"), "--cluster")
    for address in (silent, "tcp://127.0.0.1:9"):
        began = time.monotonic()
        done = subprocess.run([WORKBENCH, *words, address], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("workbench: no Dask scheduler answers")
        assert done.stderr.count("\n") == 1
        assert time.monotonic() - began < CONNECT_SECONDS + 20  # with the start of the program


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_scheduler_that_dies_costs_the_command_one_line_and_the_next_goes_on(start, small_folder: Path, tmp_path: Path) -> None:
    def begin(number: int) -> tuple["subprocess.Popen[bytes]", str]:
        scheduler, log = start(
            f"scheduler{number}", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        address = wait_for(log, r"(tcp://127\.0\.0\.1:\d+)")
        start_worker(start, address, number)
        return scheduler, address

    def kept() -> int:
        if not path.exists():
            return 0
        with History(path, create=False) as history:
            return len(history.summaries())

    path, grid = tmp_path / "h.sqlite", tmp_path / "grid.toml"
    grid.write_text('"input.size_hw" = ["96x160", "64x64"]\n"runtime.engine" = ["litert"]\n"nms.score" = [0.1, 0.3]\n')
    words = [WORKBENCH, "sweep", str(SHAPES), str(small_folder), "--frames", "4", "--grid", str(grid), "--history", str(path)]
    words += ["--baseline", "litert,input.size_hw=96x160", "--yes", "--cluster"]
    scheduler, address = begin(0)
    command = subprocess.Popen([*words, address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    while not kept():
        assert command.poll() is None
        time.sleep(0.2)
    scheduler.kill()
    _, told = command.communicate(timeout=15)
    before = kept()
    assert command.returncode == 2
    assert told.startswith(f"workbench: the Dask scheduler at {address} answers no more")
    assert told.count("\n") == 1

    _, address = begin(1)
    done = subprocess.run([*words, address], capture_output=True, text=True, cwd=tmp_path, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert kept() > before > 0
