"""The commands on what was measured. What they do is in modules that load when a command runs, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import UsageError, app
from workbench.cli.options import DEFAULT_FRAMES, Allow, HistoryFile, JsonFile, MediaArgument, Model, Sets, TruthFile

DEFAULT_ROWS = 50  # a screen or two; the rest is there with --limit

DetectorName = Annotated[str | None, typer.Option("--detector", metavar="NAME", help="Only records of this detector.")]
MediaName = Annotated[str | None, typer.Option("--media", metavar="NAME", help="Only records of these frames.")]
Machine = Annotated[
    str | None, typer.Option(metavar="ID", help="Only records of a machine: `here`, the beginning of its id, or its processor.")
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only records with this tag.")]
EngineName = Annotated[str | None, typer.Option("--engine", metavar="NAME", help="Only records of this engine.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only records of this setting, by its name.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="How many, the newest of them.")]
RecordId = Annotated[str, typer.Argument(metavar="ID", help="The beginning of a record's id.")]


@app.command()
def pick(
    min_fps: Annotated[float | None, typer.Option(metavar="X", help="Frames a second, at least.")] = None,
    max_ms: Annotated[float | None, typer.Option(metavar="X", help="Milliseconds a frame, at most.")] = None,
    stat: Annotated[str, typer.Option(metavar="STAT", help="Of which frame: median, or p95 (95 of 100 are as fast).")] = "median",
    max_ap_loss: Annotated[
        float | None, typer.Option(metavar="X", help="AP below the most accurate setting, at most, such as .02.")
    ] = None,
    min_agreement: Annotated[
        float | None, typer.Option(metavar="X", help="Agreement with the baseline, at least, such as .95.")
    ] = None,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Annotated[
        str | None, typer.Option(metavar="ID", help="Another machine than this one: the beginning of its id, or its processor.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="RECORD", help="Count AP losses from this record: a JSON file or history:ID.")
    ] = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Pick the fastest setting in the history that keeps a budget; where none does, say what stands in the way and exit with 1."""
    from workbench.cli.pick import budget_of, pick_setting

    budget = budget_of(min_fps, max_ms, stat, max_ap_loss, min_agreement)
    if not pick_setting(
        budget, detector=detector, media=media, machine=machine, baseline=baseline, history=history, json_file=json_file
    ):
        raise typer.Exit(1)


@app.command()
def check(
    against: Annotated[str, typer.Option(metavar="TAG", help="What the earlier records are tagged with.")],
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[
        str | None, typer.Option(metavar="P", help="Only this setting of those that are tagged: a preset, and changes to it.")
    ] = None,
    sets: Sets = None,
    frames: Annotated[int | None, typer.Option(min=1, help="How many frames to time; as many as before by default.")] = None,
    record: Annotated[
        str | None,
        typer.Option(metavar="RECORD", help="A record that is measured already, instead of measuring: a file or history:ID."),
    ] = None,
    max_slower: Annotated[float, typer.Option(metavar="X", help="How much more time is not yet worse, as a fraction.")] = 0.05,
    max_ap_loss: Annotated[float, typer.Option(metavar="X", help="How much less AP is not yet worse.")] = 0.005,
    max_agreement_loss: Annotated[
        float, typer.Option(metavar="X", help="How many other detections are not yet worse, as a fraction.")
    ] = 0.02,
    different_machines: Annotated[
        bool, typer.Option("--different-machines", help="Judge AP and agreement against another machine's records; no times.")
    ] = False,
    truth: TruthFile = None,
    history: HistoryFile = None,
    allow: Allow = None,
    json_file: JsonFile = None,
) -> None:
    """Measure what was tagged once more. Exits with 1 where time, AP or agreement got worse beyond noise."""
    from workbench.choosing import Tolerance
    from workbench.cli.check import Asked, check_against
    from workbench.cli.run import Request

    asked = Asked(
        tag=against,
        tolerance=Tolerance(max_slower=max_slower, max_ap_loss=max_ap_loss, max_agreement_loss=max_agreement_loss),
        record=record,
        frames=frames,
        different_machines=different_machines,
    )
    request = Request(
        model=model,
        media=media,
        presets=(preset,) if preset else (),
        sets=tuple(sets or ()),
        frames=frames or DEFAULT_FRAMES,
        truth=truth,
        history=history,
        json_file=json_file,
        allow=tuple(allow or ()),
    )
    if not check_against(asked, request):
        raise typer.Exit(1)


history_app = typer.Typer(help="List, show, tag, export and prune what was measured.", invoke_without_command=True)
app.add_typer(history_app, name="history")


@history_app.callback()
def history(
    context: typer.Context,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Limit = DEFAULT_ROWS,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """List, show, tag, export and prune what was measured. Without a command: list."""
    given = detector, media, machine, tag, engine, name, history, json_file
    if context.invoked_subcommand is None:
        list_records(detector, media, machine, tag, engine, name, limit, history, json_file)
    elif any(given) or limit != DEFAULT_ROWS:
        raise UsageError(f"options of `{context.invoked_subcommand}` stand after it", context)


@history_app.command("list")
def list_records(
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Limit = DEFAULT_ROWS,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """List records, the newest last."""
    from workbench.cli.history import Filters, show_list

    show_list(Filters(detector, media, machine, tag, engine, name), limit, history, json_file)


@history_app.command()
def show(record: RecordId, history: HistoryFile = None, json_file: JsonFile = None) -> None:
    """Show one record: figures, settings, machine, and the command that repeats it."""
    from workbench.cli.history import show_record

    show_record(record, history, json_file)


@history_app.command()
def tag(
    record: RecordId,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Any words; several records may have the same.")],
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Give a record a tag: it is never pruned then, and `workbench check --against TAG` compares with it."""
    from workbench.cli.history import tag_record

    tag_record(record, tag, history, json_file)


@history_app.command()
def untag(record: RecordId, history: HistoryFile = None, json_file: JsonFile = None) -> None:
    """Take a record's tag away."""
    from workbench.cli.history import tag_record

    tag_record(record, None, history, json_file)


@history_app.command()
def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.json", help="Where to write them.")],
    records: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Beginnings of ids; all that match the filters without.")
    ] = None,
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    tag: Tag = None,
    engine: EngineName = None,
    name: Name = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Write records to a JSON file that `workbench report` reads."""
    from workbench.cli.history import Filters, export_records

    export_records(tuple(records or ()), Filters(detector, media, machine, tag, engine, name), out, history, json_file)


@history_app.command()
def prune(
    older_than: Annotated[float | None, typer.Option(metavar="DAYS", min=0, help="Only what is older than so many days.")] = None,
    problems: Annotated[bool, typer.Option("--problems", help="Only what did not run.")] = False,
    composed: Annotated[bool, typer.Option("--composed", help="Only times that a sweep put together.")] = False,
    keep: Annotated[int | None, typer.Option(metavar="N", min=0, help="But not the newest N of these.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Remove records that match every option given. What is tagged stays."""
    from workbench.cli.pruning import Pruning, prune_records

    asked = Pruning(older_than_days=older_than, problems=problems, composed=composed, keep=keep)
    prune_records(asked, history, json_file, dry_run=dry_run)


@history_app.command()
def trend(
    detector: DetectorName = None,
    media: MediaName = None,
    machine: Machine = None,
    engine: EngineName = None,
    name: Name = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many trends, those with the newest runs.")] = 10,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Show what the same setting took, time after time, on each machine by itself."""
    from workbench.cli.history import Filters
    from workbench.cli.trend import show_trends

    show_trends(Filters(detector, media, machine, None, engine, name), limit, history, json_file)
