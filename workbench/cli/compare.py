"""`workbench compare RECORD RECORD`: two saved records side by side."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from workbench.choosing import Differences, compare_records
from workbench.cli.saved import saved_record
from workbench.cli.screen import console, print_records, write_json
from workbench.record import Record
from workbench.timing import Ratio
from workbench.wording import format_change, format_fraction, times_with_interval

NO_DIFFERENCE = "no measurable difference"


def compare_saved(a_words: str, b_words: str, history: Path | None, json_file: str | None, *, different_machines: bool) -> None:
    """Print what sets two saved records apart.

    Raises:
        WorkbenchError: One cannot be read or did not run, or they may not be compared.
    """
    a, b = (saved_record(words, history) for words in (a_words, b_words))
    found = compare_records(a, b, different_machines=different_machines)
    out = console(json_file)
    print_records(out, (a, b))
    _print(out, a, b, found)
    write_json(json_file, json.dumps(_tree(a, b, found)))


def _print(out: Console, a: Record, b: Record, found: Differences) -> None:
    out.print(f"settings: {'; '.join(found.changes) or 'the same'}", markup=False)
    if found.speeds is not None:
        out.print(f"time: {_speed_words(b, found.speeds.ratio, found.speeds.verdict)}", style="bold", markup=False)
        for caveat in found.speeds.caveats:
            out.print(f"  {caveat}", style="yellow", markup=False)
    if found.ap_change is not None:
        assert a.accuracy is not None, "there is a change"
        assert b.accuracy is not None, "there is a change"
        change = format_change(found.ap_change)
        out.print(f"AP: {format_fraction(a.accuracy.ap)} -> {format_fraction(b.accuracy.ap)} ({change})", markup=False)
    else:
        out.print("AP: not compared; both records need one on the same truth", markup=False)
    if (agreed := found.agreement) is not None:
        counts = f"{agreed.lost} boxes lost, {agreed.new} new, {agreed.class_flips} of another class, in {agreed.frames} frames"
        out.print(f"agreement: {format_fraction(agreed.ratio)} ({counts})", markup=False)
    for note in found.notes:
        out.print(note, style="yellow", markup=False)


def _speed_words(b: Record, ratio: Ratio | None, verdict: str | None) -> str:
    if ratio is None or verdict is None:
        return "not compared"
    interval = times_with_interval(ratio)
    return f"{verdict} ({interval})" if verdict == NO_DIFFERENCE else f"{b.name} is {interval}"


def _tree(a: Record, b: Record, found: Differences) -> dict[str, Any]:
    speeds = found.speeds
    return {
        "schema": 1,
        "a": json.loads(a.to_json()),
        "b": json.loads(b.to_json()),
        "changes": found.changes,
        "ratio": speeds.ratio.model_dump() if speeds and speeds.ratio else None,
        "verdict": speeds.verdict if speeds else None,
        "interleaved": False,
        "caveats": speeds.caveats if speeds else (),
        "ap_change": found.ap_change,
        "agreement": found.agreement.model_dump() if found.agreement else None,
        "notes": found.notes,
    }
