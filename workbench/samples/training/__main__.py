"""Train from a shell: `python -m workbench.samples.training inspector-mobile --minutes 35`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

DEFAULT_CACHE = Path.home() / ".cache" / "workbench"


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m workbench.samples.training", description=__doc__)
    parser.add_argument("name")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "weights")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core")
    parser.add_argument("--go-on", action="store_true", help="from the network and log in --out, where --cache has no checkpoint")
    options = parser.parse_args()

    import cv2
    import tensorflow as tf

    from workbench.samples.training.run import Budget, train

    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    train(
        options.name,
        out=options.out,
        cache=options.cache,
        budget=Budget(options.minutes, options.steps),
        seed=options.seed,
        go_on=options.go_on,
        progress=_tell,
        command=shlex.join(["python", "-m", "workbench.samples.training", *sys.argv[1:]]),
    )


def _tell(row: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(row)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
