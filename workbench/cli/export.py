"""`workbench export`: a setting as a folder that runs without the workbench."""

import json
from dataclasses import dataclass
from pathlib import Path

from workbench.cli.screen import console, progress, write_json
from workbench.detectors import Detector
from workbench.errors import RecordError, SettingsError
from workbench.export import export_folder
from workbench.history import History, default_path
from workbench.machine import environment
from workbench.media import Media, as_media, recorded
from workbench.opening import check, open_detector, open_footage, wished
from workbench.record import Record
from workbench.settings import FAST, Settings, parse_assignment

RECORDED_FRAMES = 150  # of media that never end
HISTORY_PREFIX = "history:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked to export."""

    model: str | None
    media: str | None
    preset: str | None
    sets: tuple[str, ...]
    pick: str | None
    out: Path
    replace: bool
    history: Path | None
    allow: tuple[str, ...]
    json_file: str | None


def export(request: Request) -> None:
    """Write the folder.

    Raises:
        WorkbenchError: There is no such setting or record, no program is written for it, or the folder cannot be written.
    """
    if request.pick and request.preset:
        raise SettingsError("a record's settings and a preset were both asked for; choose --pick or --preset")
    record = _picked(request)
    model = request.model or (record.detector.source if record else None)
    media = _media(request.media or (record.media.source if record else None))
    detector = open_detector(model, media, request.allow)
    settings = check(detector, _settings(request, detector, record))
    footage = open_footage(detector, media)
    with progress() as tell:
        exported = export_folder(detector, settings, footage, request.out, replace=request.replace, progress=tell)
    out = console(request.json_file)
    out.print(f"exported: {exported.folder}, tried on {exported.frames} frames with {exported.detections} detections", markup=False)
    for note in exported.notes:
        out.print(note, markup=False)
    written = {"schema": 1, "folder": str(exported.folder), "files": exported.files, "frames": exported.frames}
    tree = {**written, "detections": exported.detections, "settings": settings.model_dump(mode="json"), "notes": exported.notes}
    write_json(request.json_file, json.dumps(tree))


def _picked(request: Request) -> Record | None:
    if request.pick is None:
        return None
    with History(request.history or default_path(), create=False) as history:
        return history.get(request.pick.removeprefix(HISTORY_PREFIX))


def _media(source: str | None) -> Media | None:
    media = as_media(source) if source else None
    return recorded(media, RECORDED_FRAMES) if media is not None and media.facts().endless else media


def _settings(request: Request, detector: Detector, record: Record | None) -> Settings:
    if record is None:
        text = ",".join([request.preset or "", *request.sets]).strip(",")
        fast = _fast_values(request, detector) if (request.preset or "").split(",")[0].strip() == FAST else None
        for word in request.sets:
            parse_assignment(word)  # joined to a preset, a word without `=` would pass for one
        return wished(detector, text, fast)
    if record.detector.sha256 != detector.facts.sha256:
        raise RecordError(
            f"the record {record.id[:8]} is of {record.detector.name}, whose file was another than {detector.facts.source} is now;"
            " name the model that was measured, or measure again"
        )
    return record.settings.with_values(dict(map(parse_assignment, request.sets)))


def _fast_values(request: Request, detector: Detector) -> dict[str, object] | None:
    with History(request.history or default_path()) as history:
        best = history.fastest(detector.facts.sha256, environment().machine_id)
    return best.settings.flat() if best else None
