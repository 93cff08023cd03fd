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
                assert session.notices.message is None, session.notices.message
            for values in ASKED:
                for name, value in values.items():
                    session.set(name, value)
                seconds = [timed(session) for _ in range(TIMES)]
                named = ", ".join(f"{name}={value}" for name, value in values.items()) or "as it opens"
                print(f"{given.model}, {named}: median {median(seconds) * 1000:.2f} ms, longest {max(seconds) * 1000:.2f} ms")
        finally:
            session.close()


def timed(session: Session) -> float:
    began = time.perf_counter()
    describe(session)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
