"""The commands that measure and show. What they do is in modules that load when a command runs, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import UsageError, app
from workbench.cli.options import DEFAULT_FRAMES, Allow, Frames, HistoryFile, JsonFile, MediaArgument, Model, Sets, TruthFile


@app.command()
def doctor(json_file: JsonFile = None) -> None:
    """Say what this machine is, what works here and how noisy it is."""
    from workbench.cli.doctor import examine

    examine(json_file)


@app.command()
def run(
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
    save_frames: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the annotated frames there.")] = None,
    real_time: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="Once more with frames at their own pace; what nobody takes in time: drop or queue."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help="That pace, where the media have none or another is wanted.")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an HTML report of these runs.")] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write when each stage ran, of the last frames, as a Chrome/Perfetto trace.")
    ] = None,
    history: HistoryFile = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Measure a detector on frames: latency by stage, accuracy, agreement, noise."""
    from workbench.cli.run import Request, pace_of, run_variants

    request = Request(
        model=model,
        media=media,
        presets=tuple(preset or ()),
        sets=tuple(sets or ()),
        frames=frames,
        truth=truth,
        baseline=baseline,
        save_frames=save_frames,
        report=report,
        history=history,
        json_file=json_file,
        allow=tuple(allow or ()),
        pace=pace_of(real_time, fps),
        trace=trace,
    )
    if not run_variants(request):
        raise typer.Exit(2)


@app.command()
def describe(
    model: Annotated[str, typer.Argument(help="A model file, or a SavedModel's folder.")],
    image: Annotated[
        str | None, typer.Argument(help="A picture of what it detects; a still of the sample line by default.")
    ] = None,
    choose: Annotated[int, typer.Option(metavar="N", min=1, help="Which reading's card to write.")] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the card that lies beside the model.")] = False,
    write: Annotated[bool, typer.Option(help="Write the card beside the model.")] = True,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the drawn readings go; MODEL.readings.jpg in this folder by default.")
    ] = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Say what a model's tensors mean, draw what it finds under each plausible reading, and write its detector card."""
    from workbench.cli.describe import describe_model

    describe_model(model, image, tuple(allow or ()), choose, picture, json_file, replace=replace, write=write)


@app.command()
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
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Compare records of two machines, without their times.")
    ] = False,
    history: HistoryFile = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Compare two settings in interleaved blocks: A's time over B's, its interval, and a verdict.

    Without --a and --b: two saved records, each a JSON file or history:ID, which were not interleaved; that is said too.
    """
    if a is None and b is None and model is not None and media is not None:
        from workbench.cli.compare import compare_saved

        compare_saved(model, media, history, json_file, different_machines=different_machines)
        return
    for name, value in (("--a", a), ("--b", b)):
        if value is None:
            raise UsageError(f"Missing option '{name}'", context)
    from workbench.cli.run import Request, compare_two

    request = Request(
        model=model,
        media=media,
        presets=(a or "", b or ""),
        frames=frames,
        truth=truth,
        history=history,
        json_file=json_file,
        allow=tuple(allow or ()),
    )
    compare_two(request)


@app.command()
def report(
    records: Annotated[list[Path] | None, typer.Argument(metavar="[RECORD.json…]", help="Records that `run --json` wrote.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the page.")] = Path("report.html"),
    history: HistoryFile = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="From the history at most so many, the fastest that work.")] = 500,
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Allow records of several machines in one report.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Write records up as one HTML file. Without records: the newest run's detector and media, from the history."""
    from workbench.cli.report import write

    write(tuple(records or ()), out, history, json_file, top=top, different_machines=different_machines)


@app.command()
def lab(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to JupyterLab, after --.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Open JupyterLab on the guided notebooks."""
    from workbench.cli.lab import open_lab

    open_lab(tuple(arguments or ()), json_file)


@app.command(name="app")
def serve_app(
    model: Model = None,
    media: MediaArgument = None,
    arguments: Annotated[list[str] | None, typer.Option("--server", metavar="OPTION", help="Passed on to the server.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    frames: Frames = DEFAULT_FRAMES,
    json_file: JsonFile = None,
) -> None:
    """Serve the workbench alone as a plain web page."""
    from workbench.cli.web import serve

    serve({"detector": model, "media": media, "frames": frames}, tuple(arguments or ()), json_file, browser=browser)
