"""`workbench check`: whether what was tagged is as fast and as right as it was; for people's continuous integration."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from workbench.choosing import Check, Tolerance, check, did_not_run
from workbench.cli.run import Request, command_options, opened_media
from workbench.cli.saved import machine_words, saved_record
from workbench.cli.screen import Tell, console, progress, write_json
from workbench.detectors import Detector
from workbench.errors import MachinesDifferError, RecordError, WorkbenchError
from workbench.history import History, Summary, default_path
from workbench.machine import environment
from workbench.measuring import Bench
from workbench.opening import Footage, open_detector, open_footage, variant, words
from workbench.record import Record

REPEATS = 3  # a passing burst of foreign load slows one measurement; only what is slower each time is called slower


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What shall be checked.

    Attributes:
        tag: What the earlier records are tagged with.
        tolerance: How much worse is not yet worse.
        record: A record that is measured already, instead of measuring.
        frames: How many to time; as many as the earlier record by default.
        different_machines: Whether records of another machine will do; times are not judged then.
    """

    tag: str
    tolerance: Tolerance
    record: str | None = None
    frames: int | None = None
    different_machines: bool = False


def check_against(asked: Asked, request: Request) -> bool:
    """Print a line for each tagged record; false where one got worse.

    Raises:
        WorkbenchError: Nothing is tagged so, or what is cannot be compared.
    """
    path = request.history or default_path()
    with History(path, create=False) as history:
        tagged = history.summaries(tag=asked.tag)
        if not tagged:
            raise RecordError(f"no record of {path} is tagged {asked.tag!r}; tag one with `workbench history tag ID {asked.tag}`")
        checks = _of_record(asked, request, history, tagged) if asked.record else _measured(asked, request, history, tagged)
    out = console(request.json_file)
    for one in checks:
        _print(out, one)
    worse = any(one.worse for one in checks)
    tree = {"schema": 1, "against": asked.tag, "worse": worse, "checks": [_tree(one) for one in checks]}
    write_json(request.json_file, json.dumps(tree))
    return not worse


def _of_record(asked: Asked, request: Request, history: History, tagged: Sequence[Summary]) -> list[Check]:
    assert asked.record is not None, "the caller looked"
    after = saved_record(asked.record, request.history)
    own = Summary.of(after)
    same = [row for row in tagged if _setting(row) == _setting(own)]
    if not same:
        what = f"{own.detector_name} on {own.media_name} under the settings of {asked.record}"
        raise RecordError(f"no record tagged {asked.tag!r} is of {what}; tagged are {_named(tagged)}")
    (before,) = history.records_by_id([_of_machine(asked, same, own.machine_id)[-1].id])
    return [check(before, after, asked.tolerance, different_machines=asked.different_machines)]


def _measured(asked: Asked, request: Request, history: History, tagged: Sequence[Summary]) -> list[Check]:
    media = opened_media(request)
    detector = open_detector(request.model, media, request.allow)
    footage = open_footage(detector, media, request.truth)
    facts = footage.media.facts()
    same = [
        row for row in tagged if row.detector_name == detector.facts.name and row.media_key == facts.key and row.problem is None
    ]
    if request.presets or request.sets:
        text = ",".join((*request.presets, *request.sets))
        wanted = variant(detector, text).settings.model_dump_json()
        same = [row for row in same if row.settings_key == wanted]
    if not same:
        what = f"{detector.facts.name} on {facts.name}{' under these settings' if request.presets or request.sets else ''}"
        raise RecordError(f"no record tagged {asked.tag!r} is of {what}; tagged are {_named(tagged)}")
    newest = {row.settings_key: row for row in _of_machine(asked, same, environment().machine_id)}
    earlier = history.records_by_id([row.id for row in newest.values()])
    with progress() as tell:
        return [_measure(asked, request, history, detector, footage, before, tell) for before in earlier]


def _measure(
    asked: Asked, request: Request, history: History, detector: Detector, footage: Footage, before: Record, tell: Tell
) -> Check:
    frames = asked.frames or (len(before.timing.total_seconds) if before.timing else request.frames)
    outcome: Check | None = None
    for _ in range(REPEATS):
        try:
            row = variant(detector, words(detector, before.settings), name=before.name, options=command_options(request))
            after = Bench(footage, frames, progress=tell).measure(row)
        except WorkbenchError as error:
            return did_not_run(before, str(error))
        history.append(after)
        outcome = check(before, after, asked.tolerance, different_machines=asked.different_machines)
        if not outcome.slower:
            break
    assert outcome is not None, "it was measured at least once"
    return outcome


def _of_machine(asked: Asked, rows: Sequence[Summary], machine_id: str) -> list[Summary]:
    """Keep the rows of a machine; where there are none, all of them if that is allowed."""
    own = [row for row in rows if row.machine_id == machine_id]
    if not own and not asked.different_machines:
        machines = machine_words({row.machine_id: row.cpu for row in rows})
        raise MachinesDifferError(
            f"what is tagged {asked.tag!r} was measured on another machine ({machines}), whose times say nothing here;"
            " tag a record of this one, or judge AP and agreement alone with --different-machines"
        )
    return own or list(rows)


def _setting(row: Summary) -> tuple[str, str, str]:
    return row.detector_name, row.media_key, row.settings_key


def _named(rows: Sequence[Summary]) -> str:
    return ", ".join(dict.fromkeys(f"{row.detector_name} {row.name} on {row.media_name} [{row.id[:8]}]" for row in rows))


def _print(out: Console, one: Check) -> None:
    verdict = "worse" if one.worse else "as good"
    name = f"{one.before.detector.name} {one.before.name}"
    out.print(
        f"{verdict}: {name}: {'; '.join(one.worse or one.judged or one.notes)}", style="bold red" if one.worse else "", markup=False
    )
    for note in _remarks(one):
        out.print(f"  {note}", style="yellow", markup=False)


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
