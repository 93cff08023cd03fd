"""`workbench run` and `workbench compare`: measure variants on the same frames."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from workbench.cli.screen import Tell, console, print_records, progress, write_json
from workbench.detectors import Detector
from workbench.errors import SettingsError, WorkbenchError
from workbench.history import History, default_path
from workbench.machine import environment
from workbench.measuring import Bench, Pace
from workbench.media import Media, as_media, masked, recorded
from workbench.opening import Footage, Variant, open_detector, open_footage, variant
from workbench.record import Record, read_records, write_whole
from workbench.report import trace_json
from workbench.settings import FAST, parse_assignment
from workbench.timing import Policy

RECORD_SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked to be measured."""

    model: str | None
    media: str | None
    presets: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    frames: int
    truth: str | None = None
    baseline: str | None = None
    save_frames: Path | None = None
    report: Path | None = None
    history: Path | None = None
    json_file: str | None = None
    allow: tuple[str, ...] = ()
    pace: Pace | None = None
    trace: Path | None = None


def pace_of(policy: str | None, fps: float | None) -> Pace | None:
    """Read `--real-time` and `--fps`.

    Raises:
        SettingsError: There is no such policy, or a pace for no pass.
    """
    if policy is None:
        if fps is not None:
            raise SettingsError(f"--fps {fps:g} is the pace of --real-time; add --real-time drop or --real-time queue")
        return None
    if policy not in get_args(Policy):
        raise SettingsError(f"--real-time is {policy!r}; choose drop or queue")
    return Pace(fps=fps, policy=cast("Policy", policy))


def run_variants(request: Request) -> bool:
    """Measure what was asked for; false where one of several variants could not be run.

    Raises:
        WorkbenchError: Nothing could be run, or something could not be saved.
    """
    media = opened_media(request)
    detector = open_detector(request.model, media, request.allow)
    with History(request.history or default_path()) as history:
        variants = [*_baseline_variants(request, media), *_variants(request, detector, history)]
        footage = open_footage(detector, media, request.truth)
        records: list[Record] = []
        with progress() as tell:
            baseline = _baseline_record(request.baseline)
            bench = Bench(footage, request.frames, baseline=baseline, progress=tell, pace=request.pace)
            records.extend(_measured(bench, variant, history, alone=len(variants) == 1) for variant in variants)
            if request.save_frames:
                _save_frames(variants[-1], footage, request, tell)
    out = console(request.json_file)
    print_records(out, records)
    if request.report:
        from workbench.report import write_report

        write_report(records, request.report)
        out.print(f"report: {request.report}", markup=False)
    if request.trace:
        write_whole(request.trace, trace_json(records))
        out.print(f"trace: {request.trace}; open it in Perfetto or chrome://tracing", markup=False)
    texts = [record.to_json() for record in records]
    write_json(request.json_file, texts[0] if len(texts) == 1 else f"[{','.join(texts)}]")
    return not any(record.problem for record in records)


def compare_two(request: Request) -> None:
    """Measure two variants and compare them in interleaved blocks.

    Raises:
        WorkbenchError: One of them could not be run.
    """
    media = opened_media(request)
    detector = open_detector(request.model, media, request.allow)
    with History(request.history or default_path()) as history:
        variants = list(_variants(request, detector, history))
        footage = open_footage(detector, media, request.truth)
        with progress() as tell:
            bench = Bench(footage, request.frames, progress=tell)
            records = [_measured(bench, variant, history, alone=True) for variant in variants]
    a, b = records
    assert b.comparison is not None, "the second of a bench is compared with the first"
    ratio, verdict = b.comparison.ratio, b.comparison.verdict
    out = console(request.json_file)
    print_records(out, (a, b))
    plain = (
        f"{a.name} takes {ratio.median:.2f} times as long as {b.name} [{ratio.low:.2f}, {ratio.high:.2f}]: {b.name} is {verdict}"
    )
    out.print(plain if verdict != "no measurable difference" else f"{verdict} [{ratio.low:.3f}, {ratio.high:.3f}]", markup=False)
    write_json(
        request.json_file,
        f'{{"schema":1,"a":{a.to_json()},"b":{b.to_json()},"ratio":{ratio.model_dump_json()},"verdict":"{verdict}"}}',
    )


def opened_media(request: Request) -> Media | None:
    """Open the media that are named; what never ends is recorded first, since a measurement wants the same frames several times."""
    media = as_media(request.media) if request.media else None
    return recorded(media, request.frames) if media is not None and media.facts().endless else media


def _measured(bench: Bench, variant: Variant, history: History, *, alone: bool) -> Record:
    """Measure a variant and keep its record; of one that stops on its way, what was measured until there."""
    try:
        record = bench.measure(variant)
    except Exception as error:
        record = bench.problem_record(variant, error)
        if alone or not isinstance(error, WorkbenchError):
            if record.timing is not None:
                history.append(record)
            raise
    history.append(record)
    return record


def _variants(request: Request, detector: Detector, history: History) -> Iterator[Variant]:
    for word in request.sets:
        parse_assignment(word)  # joined to a preset below, where a word without `=` would pass for one
    for preset in request.presets or ("",):
        text = ",".join([preset, *request.sets]).strip(",")
        fast = _fast_values(detector, history) if preset.split(",")[0].strip() == FAST else None
        row = variant(detector, text, fast=fast, options=command_options(request))
        yield row if _baseline_model(request) is None else replace(row, name=f"{detector.facts.name} {row.name}")


def _baseline_variants(request: Request, media: Media | None) -> Iterator[Variant]:
    model = _baseline_model(request)
    if model is None:
        return
    detector = open_detector(model, media, request.allow)
    row = variant(detector, ",".join([*request.presets[:1], *request.sets]), options=command_options(request))
    yield replace(row, name=f"{detector.facts.name} {row.name}")


def _baseline_model(request: Request) -> str | None:
    return None if request.baseline is None or _is_record(request.baseline) else request.baseline


def _baseline_record(baseline: str | None) -> Record | None:
    if baseline is None or not _is_record(baseline):
        return None
    return read_records(Path(baseline))[0]


def _is_record(baseline: str) -> bool:
    return Path(baseline).suffix.lower() == RECORD_SUFFIX


def _fast_values(detector: Detector, history: History) -> dict[str, object] | None:
    best = history.fastest(detector.facts.sha256, environment().machine_id)
    return best.settings.flat() if best else None


def command_options(request: Request) -> tuple[str, ...]:
    """Return the words of the command that repeats a run, after the model and its settings."""
    media = (masked(request.media),) if request.media else ()
    truth = ("--truth", request.truth) if request.truth else ()
    allowed = [word for name in request.allow for word in ("--allow", name)]
    return (*media, "--frames", str(request.frames), *truth, *allowed)


def _save_frames(variant: Variant, footage: Footage, request: Request, tell: Tell) -> None:
    import cv2

    from workbench.pipeline import Pipeline
    from workbench.stages import draw

    assert request.save_frames is not None
    pipeline = Pipeline(variant.detector, variant.settings, footage.calibration)
    for frame in footage.media.frames():
        if frame.index >= request.frames:
            break
        (found,) = pipeline.detect([frame])
        picture = draw(frame.image_rgb, found, variant.detector.facts.labels)
        encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
        write_whole(request.save_frames / f"{frame.index:06d}.jpg", encoded.tobytes())
        tell("saving frames", frame.index + 1, request.frames)
