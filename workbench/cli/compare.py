"""`workbench compare`: two settings in interleaved blocks, or two saved records side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import (
    DEFAULT_FRAMES,
    Allow,
    Explain,
    Frames,
    HistoryFile,
    JsonFile,
    Signature,
    TruthFile,
    UsageError,
    variant_text,
)

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.choosing import Differences
    from workbench.record import Record


def compare(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL|RECORD]", help="With --a and --b as for `run`; else a saved record.")
    ] = None,
    media: Annotated[
        str | None, typer.Argument(metavar="[MEDIA|RECORD]", help="With --a and --b as for `run`; else another saved record.")
    ] = None,
    a: Annotated[str | None, typer.Option("--a", metavar="P|K=V,…", help="One setting: a preset, or group.field=value,…")] = None,
    b: Annotated[str | None, typer.Option("--b", metavar="P|K=V,…", help="The other.")] = None,
    frames: Frames = DEFAULT_FRAMES,
    truth: TruthFile = None,
    explain: Explain = False,
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Compare records of two machines, without their times.")
    ] = False,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Compare two settings in interleaved blocks: A's time over B's, its interval, and a verdict.

    Without --a and --b: two saved records, each a JSON file or history:ID, which were not interleaved; that is said too.
    """
    if a is None and b is None and model is not None and media is not None:
        if explain:
            raise UsageError("--explain measures: give --a and --b", context)
        _compare_saved(model, media, history, json_file, different_machines=different_machines)
        return
    for name, value in (("--a", a), ("--b", b)):
        if value is None:
            raise UsageError(f"Missing option '{name}'", context)
    from workbench.cli.measured import explained, measured, read_variant
    from workbench.cli.screen import console, print_records, print_waterfall, progress, write_json
    from workbench.history import History, default_path
    from workbench.measuring import Bench
    from workbench.opening import Sources
    from workbench.wording import ratio_words

    sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow or ()), signature=signature)
    detector, data = sources.opened(frames).open()
    rows = [read_variant(detector, variant_text(text, ()), sources, frames, history) for text in (a, b)]
    with History(history or default_path()) as kept, progress() as tell:
        bench = Bench(data, frames, progress=tell)
        before, after = (measured(bench, row, kept, alone=True) for row in rows)
        if explain:
            after = explained(detector, data, before, after, kept, tell)
    assert after.comparison is not None, "the second of a bench is compared with the first"
    out = console(json_file)
    print_records(out, (before, after))
    out.print(f"{after.name} against {before.name}: {ratio_words(after.comparison.ratio)}")
    print_waterfall(out, after)
    pair = {"a": before.to_dict(), "b": after.to_dict()}
    write_json(json_file, {**pair, "ratio": after.comparison.ratio.model_dump(), "verdict": after.comparison.verdict})


def _compare_saved(a_words: str, b_words: str, history: Path | None, json_file: str | None, *, different_machines: bool) -> None:
    from workbench.choosing import compare_records
    from workbench.cli.saved import saved_record
    from workbench.cli.screen import console, print_records, write_json

    a, b = (saved_record(words, history) for words in (a_words, b_words))
    found = compare_records(a, b, different_machines=different_machines)
    out = console(json_file)
    print_records(out, (a, b))
    _print(out, a, b, found)
    write_json(json_file, _tree(a, b, found))


def _print(out: Console, a: Record, b: Record, found: Differences) -> None:
    from workbench.record import accuracy_against, why_no_ap_change
    from workbench.wording import accuracy_words, format_agreement, format_change, format_fraction, ratio_words

    out.print(f"settings: {'; '.join(found.changes) or 'the same'}")
    if found.speeds is not None:
        ratio, verdict = found.speeds.ratio, found.speeds.verdict
        words = "not compared" if ratio is None else f"{b.name} against {a.name}: {ratio_words(ratio, verdict)}"
        out.print(f"time: {words}", style="bold")
        for caveat in found.speeds.notes:
            out.print(f"  {caveat}", style="yellow")
    if found.ap_change is not None:
        assert a.accuracy is not None, "there is a change"
        assert b.accuracy is not None, "there is a change"
        change = accuracy_words(accuracy_against(b, a)).removeprefix("AP ") or format_change(found.ap_change)
        out.print(f"AP: {format_fraction(a.accuracy.ap)} -> {format_fraction(b.accuracy.ap)} ({change})")
    else:
        out.print(f"AP: not compared; {why_no_ap_change(b, a)}")
    if (agreed := found.agreement) is not None:
        counts = f"{agreed.lost} boxes lost, {agreed.new} new, {agreed.class_flips} of another class, in {agreed.frames} frames"
        out.print(f"agreement: {format_agreement(agreed)} ({counts})")
    for note in found.notes:
        out.print(note, style="yellow")


def _tree(a: Record, b: Record, found: Differences) -> dict[str, Any]:
    from workbench.record import accuracy_against

    speeds, accuracy = found.speeds, accuracy_against(b, a)
    return {
        "a": a.to_dict(),
        "b": b.to_dict(),
        "changes": found.changes,
        "ratio": speeds.ratio.model_dump() if speeds and speeds.ratio else None,
        "verdict": speeds.verdict if speeds else None,
        "interleaved": False,
        "caveats": speeds.notes if speeds else (),
        "ap_change": found.ap_change,
        "ap_interval": accuracy.interval.model_dump() if accuracy and accuracy.interval else None,
        "ap_verdict": accuracy.verdict if accuracy else None,
        "agreement": found.agreement.model_dump() if found.agreement else None,
        "notes": found.notes,
    }
