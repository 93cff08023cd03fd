"""`workbench run`: measure variants on the same frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from workbench.cli.options import (
    DEFAULT_FRAMES,
    Allow,
    Explain,
    Frames,
    HistoryFile,
    JsonFile,
    MediaArgument,
    Model,
    Sets,
    Signature,
    TruthFile,
    Weigh,
    countable,
    variant_text,
    writable,
    writable_folder,
)
from workbench.files import JPEG, JSON, PAGE

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.cli.screen import Tell
    from workbench.detectors import Detector
    from workbench.history import History
    from workbench.measuring import RealTimePass
    from workbench.opening import EvaluationData, Variant
    from workbench.record import Record

RECORD_SUFFIX = ".json"
QUALITY = 95  # of the JPEGs of annotated frames


def run(
    context: typer.Context,
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="P",
            help="naive, graph, xla, litert, litert-int8 or fast, and changes to it: xla,nms.score=0.4."
            " May be repeated; others are compared with the first.",
        ),
    ] = None,
    sets: Sets = None,
    frames: Frames = DEFAULT_FRAMES,
    truth: TruthFile = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="MODEL|RECORD", help="Compare with another model, or with the detections of a saved record."),
    ] = None,
    save_frames: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", callback=writable_folder, help="Write the annotated frames there, as the last --preset finds them."
        ),
    ] = None,
    real_time: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="Once more with frames at their own pace; what nobody takes in time: drop or queue."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, max=1000, callback=countable, help="That pace, where the media have none or another is wanted."),
    ] = None,
    explain: Explain = False,
    weigh: Weigh = False,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Then time each network's operators one by one, in a pass of their own."),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", callback=writable(PAGE), help="Write an HTML report of these runs.")
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=writable(JSON),
            help="Write when each stage ran, of the last frames, as a Chrome/Perfetto trace.",
        ),
    ] = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Measure a detector on frames: latency by stage, accuracy, agreement, noise."""
    from dataclasses import replace

    from workbench.cli.measured import measured, profiled, read_variant, weighed
    from workbench.cli.profile import print_inside
    from workbench.cli.screen import console, print_records, print_waterfall, progress, write_json
    from workbench.history import History, default_path
    from workbench.measuring import Bench
    from workbench.opening import Sources, open_detector
    from workbench.record import read_records

    said = context.get_parameter_source("frames")
    real_time_pass = _real_time_pass(real_time, fps, None if said is None or said.name == "DEFAULT" else frames)
    sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow or ()), signature=signature)
    opened = sources.opened(frames)
    detector, data = opened.open()
    texts = [variant_text(one, sets) for one in preset or [""]]
    saved = baseline is not None and Path(baseline).suffix.lower() == RECORD_SUFFIX
    rows = [read_variant(detector, text, sources, frames, history) for text in texts]
    if baseline is not None and not saved:
        other = read_variant(open_detector(baseline, opened.media, opened.allow), texts[0], sources, frames, history)
        rows = [replace(row, name=f"{row.detector.facts.name} {row.name}") for row in (other, *rows)]
    with History(history or default_path()) as kept, progress() as tell:
        first = read_records(Path(baseline))[0] if baseline is not None and saved else None
        bench = Bench(data, frames, baseline=first, progress=tell, real_time=real_time_pass)
        records = [measured(bench, row, kept, alone=len(rows) == 1) for row in rows]
        if weigh:
            records = [weighed(record, row.detector, data, kept, tell) for row, record in zip(rows, records, strict=True)]
        if save_frames:
            _save_frames(rows[-1], data, frames, save_frames, tell)
        problem = ""
        records, unprofiled = profiled(opened, rows, records, kept, tell) if profile else (records, [])
        if explain:
            records, problem = _explained(detector, data, records, kept, tell)
    out = console(json_file)
    print_records(out, records)
    for record in records:
        print_waterfall(out, record)
    if problem:
        out.print(f"not explained: {problem}", style="yellow")
    print_inside(out, records, unprofiled)
    if save_frames:
        out.print(f"frames: {save_frames}, as {rows[-1].name} finds them")
    _write_files(out, records, report, trace)
    lines = [record.to_json() for record in records]
    write_json(json_file, lines[0] if len(lines) == 1 else f"[{','.join(lines)}]")
    if any(record.problem for record in records):
        raise typer.Exit(2)


def _write_files(out: Console, records: list[Record], report: Path | None, trace: Path | None) -> None:
    """Write what was asked for beside the table."""
    from workbench.files import write_whole
    from workbench.report import trace_json, write_report

    if report:
        write_report(records, report)
        out.print(f"report: {report}")
    if trace:
        write_whole(trace, trace_json(records), over=JSON)
        out.print(f"trace: {trace}; open it in Perfetto or chrome://tracing")


def _explained(
    detector: Detector, data: EvaluationData, records: list[Record], history: History, tell: Tell
) -> tuple[list[Record], str]:
    """Return the records, the best with its waterfall from the baseline, or why it has none: what was measured before goes on."""
    from workbench.cli.measured import explained
    from workbench.errors import WorkbenchError
    from workbench.report import Summary

    summary = Summary.of(records)
    if summary.right is None:
        return records, "only one setting ran; give two, such as two --preset"
    try:
        found = explained(detector, data, summary.baseline, summary.right, history, tell)
    except WorkbenchError as error:
        return records, str(error)
    return [found if one.id == found.id else one for one in records], ""


def _real_time_pass(policy: str | None, fps: float | None, frames: int | None) -> RealTimePass | None:
    """Read `--real-time`, `--fps` and `--frames`.

    Raises:
        SettingsError: There is no such policy, or a pace for no pass.
    """
    from workbench.errors import SettingsError
    from workbench.measuring import REAL_TIME_FRAMES, RealTimePass
    from workbench.timing import Policy

    if policy is None:
        if fps is not None:
            raise SettingsError(f"--fps {fps:g} is the pace of --real-time; add --real-time drop or --real-time queue")
        return None
    if policy not in get_args(Policy):
        raise SettingsError(f"--real-time is {policy!r}; choose drop or queue")
    return RealTimePass(fps=fps, policy=cast("Policy", policy), frames=frames or REAL_TIME_FRAMES)


def _save_frames(variant: Variant, data: EvaluationData, frames: int, folder: Path, tell: Tell) -> None:
    from workbench.files import write_whole
    from workbench.pipeline import Pipeline
    from workbench.stages import draw, encode_jpeg

    pipeline = Pipeline(variant.detector, variant.settings, data.calibration)
    for frame in data.media.frames():
        if frame.index >= frames:
            break
        (found,) = pipeline.detect([frame])
        picture = draw(frame.image_rgb, found, variant.detector.facts.labels)
        write_whole(folder / f"{frame.index:06d}.jpg", encode_jpeg(picture, max(picture.shape), QUALITY), over=JPEG)
        tell("saving frames", frame.index + 1, frames)
