"""Make what the project ships again, from its seeds: the sample media, and the sample detectors' weights, logs and model cards."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from sample_media.making.media import write_sample_media
from workbench.errors import WorkbenchError
from workbench.samples import SAMPLE_DETECTORS, SAMPLE_MEDIA, WEIGHTS

PROGRAM = "python -m sample_media.making"
DEFAULT_MINUTES = 170.0  # about what the shipped detectors were given, both at once on two cores that did other work too


def main() -> None:
    """Read the command line and do what it says."""
    parser = _parser()
    options = parser.parse_args()
    try:
        options.run(options)
    except WorkbenchError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="media|train")

    media = commands.add_parser("media", help="the clip, the stills, their truth, and the calibration stills")
    media.add_argument("--out", type=Path, default=SAMPLE_MEDIA)
    media.set_defaults(run=_make_media)

    train = commands.add_parser("train", help="a detector; a training that was stopped goes on")
    train.add_argument("name", choices=SAMPLE_DETECTORS)
    length = train.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help=f"how long; {DEFAULT_MINUTES:g} by default")
    length.add_argument("--steps", type=int)
    train.add_argument("--out", type=Path, default=WEIGHTS, help="where weights, log and card go")
    train.add_argument("--cache", type=Path, default=user_cache_path("workbench"), help="where rendered scenes and checkpoints go")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=0, help="0: one for each core")
    train.add_argument("--go-on", action="store_true", help="from the network and log in --out, where --cache has no checkpoint")
    train.set_defaults(run=_train)
    return parser


def _make_media(options: argparse.Namespace) -> None:
    def progress(done: int, total: int, what: str) -> None:
        _say(f"\r{what}: {done} of {total}", end="\n" if done == total else "")

    write_sample_media(options.out, progress)
    _say(f"sample media: {options.out}")


def _train(options: argparse.Namespace) -> None:
    import cv2
    import tensorflow as tf

    from sample_media.making.training.run import Budget, train

    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    path = train(
        options.name,
        out=options.out,
        cache=options.cache,
        budget=Budget(steps=options.steps) if options.steps else Budget(minutes=options.minutes or DEFAULT_MINUTES),
        seed=options.seed,
        go_on=options.go_on,
        progress=_say_row,
        command=f"{PROGRAM} {shlex.join(sys.argv[1:])}",
    )
    _say(f"weights: {path}")


def _say_row(row: dict[str, Any]) -> None:
    _say(json.dumps(row))


def _say(words: str, end: str = "\n") -> None:
    sys.stdout.write(words + end)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
