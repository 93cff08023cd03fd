"""Print how long the panel's description takes: the kernel makes it after each change, beside the latency that is shown.

    python -m tests.benchmarks.panel                 a sample detector, which takes almost everything
    python -m tests.benchmarks.panel model.tflite    a file that refuses half of the engines and precisions

Asserts nothing; 5 ms are under a tenth of what a tick may take.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from workbench.session import Session
from workbench.view.panel import describe

TIMES = 50
ASKED: tuple[dict[str, object], ...] = ({}, {"feed.mode": "threads"}, {"feed.mode": "tfdata"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="inspector-mobile")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(given.model, history=Path(folder) / "h.sqlite")
        try:
            while session.opened is None or session.running is None:
                time.sleep(0.1)
                assert (message := session.notices.message) is None or message.kind == "note", message
            for values in ASKED:
                for name, value in values.items():
                    session.set(name, value)
                seconds = [timed(session) for _ in range(TIMES)]
                named = ", ".join(f"{name}={value}" for name, value in values.items()) or "as it opens"
                print(f"{given.model}, {named}: median {median(seconds) * 1000:.2f} ms, longest {max(seconds) * 1000:.2f} ms")
        finally:
            session.close()


def timed(session: Session) -> float:
    """Return the processor's seconds: while they last, the interpreter does nothing else."""
    began = time.thread_time()
    describe(session)
    return time.thread_time() - began


if __name__ == "__main__":
    main()
