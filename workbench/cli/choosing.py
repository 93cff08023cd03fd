"""The commands that choose and keep: what they do is in modules that load when a command runs, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import app
from workbench.cli.options import DEFAULT_FRAMES, Allow, HistoryFile, JsonFile, MediaArgument, Model, Sets, TruthFile


@app.command()
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
    history: HistoryFile = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Take a setting home: the converted network, its card, and a small program that finds the same without the workbench."""
    from workbench.cli.export import Request
    from workbench.cli.export import export as take

    request = Request(
        model=model,
        media=media,
        preset=preset,
        sets=tuple(sets or ()),
        pick=pick,
        out=out,
        replace=replace,
        history=history,
        allow=tuple(allow or ()),
        json_file=json_file,
    )
    take(request)


@app.command()
def sweep(
    model: Annotated[
        str | None, typer.Argument(help="A sample detector's name or a model file; both sample detectors by default.")
    ] = None,
    media: MediaArgument = None,
    grid: Annotated[
        Path | None, typer.Option(metavar="FILE", help='TOML such as "nms.score" = [0.2, 0.4]; a grid of ours by default.')
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="How many frames to time where a setting is measured whole.")] = DEFAULT_FRAMES,
    truth: TruthFile = None,
    baseline: Annotated[
        str, typer.Option(metavar="P", help="What others are compared with: a preset and changes to it; the detector's default.")
    ] = "",
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Measure on the machines of a Dask cluster, such as tcp://host:8786.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much there is to do.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an HTML report of the frontier.")] = None,
    history: HistoryFile = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Measure every combination of a grid in a fraction of the work. A sweep that was stopped goes on."""
    from workbench.cli.sweep import Request
    from workbench.cli.sweep import sweep as measure

    request = Request(
        model=model,
        media=media,
        grid=grid,
        frames=frames,
        truth=truth,
        baseline=baseline,
        cluster=cluster,
        yes=yes,
        dry_run=dry_run,
        report=report,
        history=history,
        allow=tuple(allow or ()),
        json_file=json_file,
    )
    measure(request)


@app.command()
def advise(
    records: Annotated[list[Path] | None, typer.Argument(metavar="[RECORD.json…]", help="Records that `run --json` wrote.")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|ID", help="The record to advise on; by default the fastest, and what the others were compared with."
        ),
    ] = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Say what records show, what a change should bring, and what it brought. Without records: the newest of the history."""
    from workbench.cli.advise import give_advice

    give_advice(tuple(records or ()), baseline, history, json_file)
