"""Print what an hour's worth of frames leaves in memory: a workbench plays, and a page that answers looks at it.

Run it as `python -m tests.benchmarks.endurance`.
"""

import argparse
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from workbench import Workbench
from workbench.machine import environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--settle-seconds", type=float, default=60, help="after which memory is first looked at")
    parser.add_argument("--preset", default="litert,input.size_hw=96x160")
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; the sample clip as fast as it goes, {options.preset}, pinned")
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(preset=options.preset, history=Path(folder) / "history.sqlite")
        view = workbench.children[0]

        def answer(message: dict[str, Any], _: object = None) -> None:
            if message["type"] in {"frame", "boxes"}:
                tell("shown", n=message["n"])

        def tell(kind: str, **content: object) -> None:
            view._handle_custom_msg({"type": kind, **content}, [])

        view.send = answer
        tell("hello")
        while not view.status["ready"]:
            time.sleep(0.1)
        assert workbench.session.opened is not None
        player = workbench.session.opened.player

        def number() -> int:
            return player.shown.number if player.shown is not None else 0

        for kind, content in (("pin", {}), ("pace", {"value": "free"}), ("play", {})):
            tell(kind, **content)
        time.sleep(options.settle_seconds)
        first, before = number(), resident_mib()
        while number() < first + options.frames:
            time.sleep(1)
        print(f"{number() - first:,} frames later {resident_mib() - before:+.1f} MiB of {before:.0f}")
        workbench.close()


def resident_mib() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    main()
