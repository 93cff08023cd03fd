"""`workbench check`: whether what was tagged is as fast and as right as it was; for people's continuous integration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import (
    DEFAULT_FRAMES,
    Allow,
    HistoryFile,
    JsonFile,
    MediaArgument,
    Model,
    Sets,
    Signature,
    TruthFile,
    countable,
    variant_text,
)
from workbench.errors import MachinesDifferError, RecordError, WorkbenchError

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.choosing import Check
    from workbench.cli.screen import Tell
    from workbench.detectors import Detector
    from workbench.history import History, Summary
    from workbench.opening import EvaluationData, Sources
    from workbench.record import Record

    Compare = Callable[[Record, Record], Check]
    Select = Callable[[Callable[[Summary], bool], str, tuple[str, str], str], Sequence[Record]]

REPEATS = 3  # a passing burst of foreign load slows one measurement; only what is slower each time is called slower


def check(
    against: Annotated[str, typer.Option(metavar="TAG", help="What the earlier records are tagged with.")],
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[
        str | None, typer.Option(metavar="P", help="Only this setting of those that are tagged: a preset, and changes to it.")
    ] = None,
    sets: Sets = None,
    frames: Annotated[
        int | None, typer.Option(min=1, callback=countable, help="How many frames to time; as many as before by default.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(metavar="RECORD", help="A record that is measured already, instead of measuring: a file or history:ID."),
    ] = None,
    max_slower: Annotated[float, typer.Option(metavar="X", help="How much more time is not yet worse, as a fraction.")] = 0.05,
    max_ap_loss: Annotated[float, typer.Option(metavar="X", help="How much less AP is not yet worse.")] = 0.005,
    max_agreement_loss: Annotated[
        float, typer.Option(metavar="X", help="How many other detections are not yet worse, as a fraction.")
    ] = 0.02,
    max_memory_growth: Annotated[
        float,
        typer.Option(
            metavar="X",
            callback=countable,
            help="How much more memory is not yet worse, as a fraction, where the tagged record was weighed.",
        ),
    ] = 0.10,
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Judge AP and agreement against another machine's records; no times.")
    ] = False,
    truth: TruthFile = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Measure what was tagged once more. Exits with 1 where time, AP, agreement or memory got worse beyond noise."""
    from workbench.choosing import Tolerance
    from workbench.choosing import check as compared
    from workbench.cli.saved import opened_history, saved_record
    from workbench.cli.screen import console, write_json

    tolerance = Tolerance(
        max_slower=max_slower,
        max_ap_loss=max_ap_loss,
        max_agreement_loss=max_agreement_loss,
        max_memory_growth=max_memory_growth,
    )
    compare = partial(compared, tolerance=tolerance, different_machines=different_machines)
    with opened_history(history) as opened:
        tagged = opened.summaries(tag=against)
        if not tagged:
            raise RecordError(
                f"no record of {opened.path} is tagged {against!r}; tag one with `workbench history tag ID {against}`"
            )
        select = partial(_earlier, opened, tagged, against, anywhere=different_machines)
        if record is not None:
            after = saved_record(record, history)
            checks = [compare(before, after) for before in _like(after, record, select)]
        else:
            from workbench.opening import Sources

            opened.check_writable()
            sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow or ()), signature=signature)
            checks = _measured(sources, variant_text(preset, sets), frames, opened, select, compare)
    out = console(json_file)
    for one in checks:
        _print(out, one)
    worse = any(one.worse for one in checks)
    write_json(json_file, {"against": against, "worse": worse, "checks": [_tree(one) for one in checks]})
    if worse:
        raise typer.Exit(1)


def _earlier(
    opened: History,
    tagged: Sequence[Summary],
    against: str,
    fits: Callable[[Summary], bool],
    what: str,
    media: tuple[str, str],
    machine_id: str,
    *,
    anywhere: bool,
) -> Sequence[Record]:
    """Return the newest tagged record of each setting, of a machine; where it has none, of any machine if that is allowed.

    The error says `what` fits; `media` are the name and the key of its frames.

    Raises:
        RecordError: None of the tagged records fits.
        MachinesDifferError: Those that fit are of other machines, and that is not allowed.
    """
    from workbench.cli.saved import machine_words

    same = [row for row in tagged if fits(row)]
    if not same:
        names = ", ".join(_tagged_words(row, media) for row in tagged)
        raise RecordError(f"no record tagged {against!r} is of {what}; tagged are {names}; measure and tag it first")
    own = [row for row in same if row.machine_id == machine_id]
    if not own and not anywhere:
        machines = machine_words({row.machine_id: row.cpu for row in same})
        raise MachinesDifferError(
            f"what is tagged {against!r} was measured on another machine ({machines}), whose times say nothing here;"
            " tag a record of this one, or judge AP and agreement alone with --different-machines"
        )
    return opened.records_by_id({row.settings_key: row.id for row in own or same}.values())


def _tagged_words(row: Summary, media: tuple[str, str]) -> str:
    name, key = media
    others = row.media_name == name and row.media_key != key
    why = ", whose frames were others" if others else ", which did not run" if row.problem is not None else ""
    return f"{row.detector_name} {row.name} on {row.media_name} [{row.id[:8]}{why}]"


def _like(after: Record, words: str, select: Select) -> Sequence[Record]:
    """Return the tagged records that a saved one is compared with: of its detector, frames and settings."""
    from workbench.history import Summary

    own = Summary.of(after)
    setting = own.detector_name, own.media_key, own.settings_key
    what = f"{own.detector_name} on {own.media_name} under the settings of {words}"
    media = own.media_name, own.media_key
    return select(lambda row: (row.detector_name, row.media_key, row.settings_key) == setting, what, media, own.machine_id)


def _measured(sources: Sources, text: str, frames: int | None, opened: History, select: Select, compare: Compare) -> list[Check]:
    """Measure the settings of tagged records again, those that a text means or all."""
    from workbench.cli.screen import progress
    from workbench.machine import environment
    from workbench.opening import variant

    detector, data = sources.opened(frames or DEFAULT_FRAMES).open()
    facts = data.media.facts()
    place = detector.facts.name, facts.key
    wanted = variant(detector, text).settings.model_dump_json() if text else None

    def fits(row: Summary) -> bool:
        ran = row.problem is None
        return ran and (row.detector_name, row.media_key) == place and wanted in {None, row.settings_key}

    what = f"{detector.facts.name} on {facts.name}{' under these settings' if text else ''}"
    earlier = select(fits, what, (facts.name, facts.key), environment().machine_id)
    with progress() as tell:
        return [_again(before, detector, data, sources, frames, opened, compare, tell) for before in earlier]


def _again(
    before: Record,
    detector: Detector,
    data: EvaluationData,
    sources: Sources,
    frames: int | None,
    opened: History,
    compare: Compare,
    tell: Tell,
) -> Check:
    from workbench.choosing import did_not_run
    from workbench.cli.measured import weighed
    from workbench.measuring import Bench
    from workbench.opening import Variant
    from workbench.opening import check as available

    count = frames or (len(before.timing.total_seconds) if before.timing else DEFAULT_FRAMES)
    outcome: Check | None = None
    for _ in range(REPEATS):
        try:
            settings = available(detector, before.settings)
            row = Variant.of(detector, settings, name=before.name, options=sources.options(count))
            after = Bench(data, count, progress=tell).measure(row)
        except WorkbenchError as error:
            return did_not_run(before, str(error))
        opened.append(after)
        if before.weight is not None:
            after = weighed(after, detector, data, opened, tell)
        outcome = compare(before, after)
        if not outcome.slower:
            break
    assert outcome is not None, "it was measured at least once"
    return outcome


def _print(out: Console, one: Check) -> None:
    verdict = "worse" if one.worse else "as good"
    name = f"{one.before.detector.name} {one.before.name}"
    out.print(f"{verdict}: {name}: {'; '.join(one.worse or one.judged or one.notes)}", style="bold red" if one.worse else "")
    for note in _remarks(one):
        out.print(f"  {note}", style="yellow")


def _remarks(one: Check) -> Iterator[str]:
    if one.worse:
        yield from one.judged
        if one.slower:
            yield f"slower than the record of {one.before.created[:10]}"
    if one.worse or one.judged:
        yield from one.notes


def _tree(one: Check) -> dict[str, Any]:
    speeds = one.speeds
    return {
        "name": one.before.name,
        "before": one.before.id,
        "after": one.after.id if one.after else None,
        "worse": one.worse,
        "judged": one.judged,
        "notes": one.notes,
        "ratio": speeds.ratio.model_dump() if speeds and speeds.ratio else None,
        "verdict": speeds.verdict if speeds else None,
    }
