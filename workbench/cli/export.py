"""`workbench export`: a setting as a folder that runs without the workbench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Allow, HistoryFile, JsonFile, MediaArgument, Model, Sets, Signature, variant_text
from workbench.errors import RecordError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.detectors import Detector
    from workbench.export import Exported, Target
    from workbench.opening import Sources
    from workbench.record import Record
    from workbench.settings import Settings

RECORDED_FRAMES = 150  # of media that never end


def export(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder: a new or an empty one.")],
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[
        str | None, typer.Option(metavar="P", help="naive, graph, xla, litert, litert-int8 or fast, and changes to it.")
    ] = None,
    sets: Sets = None,
    pick: Annotated[str | None, typer.Option(metavar="ID", help="Settings, model and media of a record in the history.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier export in that folder.")] = False,
    run_on: Annotated[
        str | None, typer.Option(metavar="ssh://USER@HOST[:PORT]", help="Copy it there, try and time it, keep its record here.")
    ] = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Export a setting: the converted network, its card, and a small program that finds the same without the workbench."""
    from workbench.cli.saved import record_in_history
    from workbench.cli.screen import console, progress, write_json
    from workbench.export import Target, export_folder
    from workbench.history import fast_values
    from workbench.opening import Sources, check, wished
    from workbench.wording import counted, format_milliseconds

    if pick and preset:
        raise SettingsError("a record's settings and a preset were both asked for; choose --pick or --preset")
    target = Target.parse(run_on) if run_on is not None else None
    text = variant_text(preset, sets)
    record = record_in_history(pick, history) if pick is not None else None
    sources = Sources(detector=model, media=media, allow=tuple(allow or ()), signature=signature)
    if record is not None:
        sources = _sources_of(record, sources)
    detector, data = sources.opened(RECORDED_FRAMES).open()
    if record is None:
        settings = wished(detector, text, fast_values(text, detector.facts.sha256, history))
    else:
        settings = _settings_of(record, detector, sets or ())
    settings = check(detector, settings)
    if target is not None:
        target.check()
    with progress() as tell:
        exported = export_folder(detector, settings, data, out, replace=replace, progress=tell)
        there = _measured_there(target, exported, history, tell) if target else None
    screen = console(json_file)
    if sources.allow and not allow:
        screen.print(f"allowed, as for the record: {', '.join(sources.allow)}")
    tried = f"{counted(exported.frames, 'frame')} with {counted(exported.detections, 'detection')}"
    screen.print(f"exported: {exported.folder}, tried on {tried}")
    for note in exported.notes:
        screen.print(note)
    if there is not None and there.timing is not None:
        screen.print(
            f"on {target}, {there.environment.cpu}: {format_milliseconds(there.timing.median_ms)} a frame, finds the same;"
            f" its record is {there.id[:8]} in the history",
        )
    write_json(
        json_file,
        {
            "folder": str(exported.folder),
            "files": exported.files,
            "frames": exported.frames,
            "detections": exported.detections,
            "settings": settings.model_dump(mode="json"),
            "notes": exported.notes,
            "record": there.to_dict() if there is not None else None,
        },
    )


def _measured_there(target: Target, exported: Exported, history: Path | None, tell: Callable[[str, int, int], None]) -> Record:
    """Try and time an export on another machine, and keep the record."""
    from workbench.history import History, default_path

    with History(history or default_path()) as opened:
        record = target.measure(exported.folder, tell)
        opened.append(record)
    return record


def _sources_of(record: Record, given: Sources) -> Sources:
    """Return what a record was measured on, and what was allowed for it, where nothing else is given.

    Raises:
        WorkbenchError: What was allowed was allowed for another content of the files than they have now.
    """
    from workbench.detectors import identity
    from workbench.opening import NO_FUNCTION, allowed_by
    from workbench.samples import SAMPLE_DETECTORS

    if record.settings.are_a_function:
        raise RecordError(f"the record {record.id[:8]} is of {record.name}: {NO_FUNCTION}; choose the record of a setting")
    allow, signature = allowed_by(record.command)
    sources = given.model_copy(
        update={
            "detector": given.detector or record.detector.source,
            "media": given.media or record.media.source,
            "allow": given.allow or allow,
            "signature": given.signature or signature,
        }
    )
    if allow and not given.allow and sources.detector not in SAMPLE_DETECTORS:  # before anything of it runs
        sha256, code = identity(sources.detector or "", allow, signature=sources.signature)
        if (sha256, code) != (record.detector.sha256, record.detector.code):
            raise _of_another_file(record, sources.detector or "")
    return sources


def _settings_of(record: Record, detector: Detector, sets: list[str] | tuple[()]) -> Settings:
    """Return a record's settings with changes.

    Raises:
        WorkbenchError: The detector is another one by now, or a change cannot be.
    """
    from workbench.settings import parse_assignment

    if (record.detector.sha256, record.detector.code) != (detector.facts.sha256, detector.facts.code):
        raise _of_another_file(record, detector.facts.source)
    return record.settings.with_values(dict(map(parse_assignment, sets)))


def _of_another_file(record: Record, source: str) -> RecordError:
    return RecordError(
        f"the record {record.id[:8]} is of {record.detector.name}, whose file was another than {source} is now, or whose code was;"
        " name the model that was measured, or measure again"
    )
