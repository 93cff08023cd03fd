"""A process in which commands run one after the other, as cells do in a notebook's kernel, and what "held" means of one.

`python -m tests.fuzzing.kernel` reads commands, a line of JSON each, and answers with how each ended. Nothing that it is given may
end it, and nothing may be left when a command is done: no process, no temporary folder, no part of a file.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self, final

import psutil

from workbench.hardware import usable_cores
from workbench.machine.child_process import MARK

REPOSITORY = Path(__file__).parents[2]
HELD_SECONDS = 30.0
GIVEN_UP_SECONDS = 180.0  # longer than what the workbench itself waits for a runtime: what takes so long does not come back
LONGEST_MESSAGE = 400
REWRITTEN = "__autograph_generated_file"  # functions that TensorFlow rewrote, its own padded NMS for one; it takes them away late
PARTS = ".workbench-*"  # as files and folders are called until they are whole


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Attributes:
        status: Its exit code; `None` where it did not end, or its process did.
        out: What it printed.
        err: What it printed to standard error.
        seconds: How long it took, or would have where nobody else keeps the cores busy.
        left: What it left behind.
    """

    status: int | None
    out: str
    err: str
    seconds: float
    left: tuple[str, ...] = ()


def why_not_held(outcome: Outcome) -> str | None:
    """Say what was not as promised: the result, or one line `workbench: …` and its exit code, soon, and nothing left."""
    lines = outcome.err.splitlines()
    longest = max((len(line) for line in lines if line.startswith("workbench: ")), default=0)
    faults = {
        outcome.err: outcome.status is None,
        f"traceback: {lines[-1][:200] if lines else ''}": "Traceback" in outcome.err,
        f"exit code {outcome.status}": outcome.status not in {0, 1, 2},
        f"exit code 2 with {len(lines)} lines: {outcome.err[:200]!r}": outcome.status == 2 and not (len(lines) == 1 and longest),
        f"a message of {longest} characters": longest > LONGEST_MESSAGE,
        f"left behind: {', '.join(outcome.left)}": outcome.left,
        f"took {outcome.seconds:.0f} s": outcome.seconds > HELD_SECONDS,
    }
    return next((fault for fault, found in faults.items() if found), None)


@final
class Kernel:
    """Starts the process in `with`, with folders of its own for caches, histories and what is temporary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deaths = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for name in ("tmp", "cache", "data"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, words: Sequence[str | Path], work: Path) -> Outcome:
        """Run a command in a folder. A kernel that died or did not answer is followed by a new one."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None, "they are pipes"
        assert process.stdout is not None, "they are pipes"
        began = time.monotonic()
        process.stdin.write(json.dumps({"words": [str(word) for word in words], "work": str(work)}).encode() + b"\n")
        process.stdin.flush()
        answers, _, _ = select.select([process.stdout], [], [], GIVEN_UP_SECONDS)
        answer = process.stdout.readline() if answers else b""
        if answer:
            return Outcome(**json.loads(answer))
        self.deaths += 1
        self._end()
        how = f"the kernel died (code {process.returncode})" if answers else "it did not return"
        return Outcome(None, "", how, time.monotonic() - began)

    def _started(self) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "COLUMNS": "200",
        }
        environment.pop(MARK, None)  # else its models would run without a process of their own before
        environment.pop("TF_CPP_MIN_LOG_LEVEL", None)  # else it would show what libraries print
        command = [sys.executable, "-m", "tests.fuzzing.kernel"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, env=environment)

    def _end(self) -> None:
        if self._process is not None:
            children = psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
            self._process.kill()
            self._process.communicate()
            psutil.wait_procs([child for child in children if child.is_running()], 10)  # they end with it
        self._process = None


@dataclass(frozen=True, slots=True)
class Case:
    """Something to try.

    Attributes:
        name: What and of which seed.
        words: Of the command.
        check: What else has to be so; says what is not.
    """

    name: str
    words: tuple[str | Path, ...]
    check: Callable[[Outcome], str | None] = lambda _: None


@dataclass(slots=True)
class Tally:
    """How many were tried, and what did not hold of which."""

    tried: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, failure: str | None) -> None:
        self.tried += 1
        if failure is not None:
            self.failures.append(f"{name}: {failure}")

    @property
    def held(self) -> int:
        return self.tried - len(self.failures)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make a folder for the files of one case."""
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Carry out what comes on standard input."""
    from workbench.cli.entry import main as workbench

    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed, temporary = Path(os.environ["XDG_DATA_HOME"]) / "printed", Path(os.environ["TMPDIR"])
    for line in commands:
        command = json.loads(line)
        os.chdir(command["work"])
        before = set(temporary.iterdir())
        began = time.monotonic()
        with printed.with_suffix(".out").open("wb+") as out, printed.with_suffix(".err").open("wb+") as err:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            status = _status(workbench, command["words"])
            printed_out, printed_err = _text(out), _text(err)
        outcome = Outcome(
            status,
            printed_out,
            printed_err,
            _own_seconds(began),
            _left(Path(command["work"]), set(temporary.iterdir()) - before),
        )
        answers.write(json.dumps(asdict(outcome)).encode() + b"\n")


def _own_seconds(began: float) -> float:
    return (time.monotonic() - began) / max(1.0, os.getloadavg()[0] / usable_cores())


def _status(workbench: Callable[[], None], words: list[str]) -> int:
    sys.argv = ["workbench", *words]
    try:
        workbench()
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:  # it would end the program
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="surrogateescape")


def _left(work: Path, temporary: set[Path]) -> tuple[str, ...]:
    here = psutil.Process()
    for _ in range(10):  # a process that was ended may still be on its way out
        children = [child for child in here.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
        if not children:
            break
        time.sleep(0.1)
    folders = (work, Path(os.environ["XDG_CACHE_HOME"]), Path(os.environ["XDG_DATA_HOME"]))
    left = [one for one in temporary if not _is_tensorflows(one)]
    left += [part for folder in folders for part in folder.rglob(PARTS)]
    return (*(f"process {child.pid}" for child in children), *(path.name for path in left))


def _is_tensorflows(path: Path) -> bool:
    files = list(path.iterdir()) if path.name == "__pycache__" else [path]  # what Python compiled of them stays
    return all(file.name.startswith(REWRITTEN) for file in files)


if __name__ == "__main__":
    main()
