"""What a repair is worth: agreement, AP, mean shift of scores, ms against float32 in turns, and how long the search takes.

    python -m tests.benchmarks.repairing MODEL MEDIA [--layout nhwc] [--truth PATH] [--frames 150]

The float network, plain integers and the repaired network are judged on frames that neither calibrated nor guided it. Run it
on a machine that does nothing else: ratios of times are of blocks that take turns.
"""

import argparse
import time

from workbench.opening import Sources, check, wished, words
from workbench.record import Judged, Record
from workbench.repair import MOST_LOSS, Job, run_repair
from workbench.wording import format_agreement, format_ap_change, format_bytes, format_milliseconds, format_ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("media", nargs="?")
    parser.add_argument("--layout", default="stored")
    parser.add_argument("--truth")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--max-ap-loss", type=float, default=MOST_LOSS)
    asked = parser.parse_args()
    sources = Sources(detector=asked.model, media=asked.media, truth=asked.truth)
    detector, _ = sources.open()
    settings = check(detector, wished(detector, f"litert,runtime.precision=int8,runtime.layout={asked.layout}"))
    began, steps = time.perf_counter(), dict[str, float]()
    found = run_repair(
        Job(
            sources=sources,
            settings=settings,
            max_ap_loss=asked.max_ap_loss,
            frames=asked.frames,
            repair=True,
            options=sources.options(asked.frames),
        ),
        lambda what, *_: steps.setdefault(what.partition(":")[0], time.perf_counter() - began) and None,
    )
    for what, seconds in steps.items():
        print(f"{seconds:6.1f} s  {what}")
    print(f"{time.perf_counter() - began:6.1f} s  done")
    for one, record in zip(_judged(found.records), found.records, strict=False):
        print(words_of(one, record))
    assert found.settings is not None, "it came to its end"
    print(words(detector, check(detector, found.settings)))


def _judged(records: list[Record]) -> tuple[Judged, ...]:
    return next(record.quantising.judged for record in records if record.quantising is not None)


def words_of(one: Judged, record: Record) -> str:
    """Write a line of a network."""
    ms = format_milliseconds(record.timing.median_ms if record.timing else None)
    drift = f"{one.agreement.score_drift:+.3f}" if one.agreement.score_drift is not None else ""
    ratio = f" {1 / one.speed.median:.2f} of float32's time, {format_ratio(one.speed)}" if one.speed else ""
    change = f" AP {format_ap_change(one.ap_change)}" if one.ap_change else ""
    return (
        f"{one.name}: {format_bytes(one.model_bytes)}, {ms} ms a frame,{ratio}{change} agreement {format_agreement(one.agreement)},"
        f" scores {drift}"
    )


if __name__ == "__main__":
    main()
