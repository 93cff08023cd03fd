"""`workbench sweep`: every combination of a grid, in a fraction of the work, resumed from the history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import (
    DEFAULT_FRAMES,
    Allow,
    HistoryFile,
    JsonFile,
    MediaArgument,
    Signature,
    TruthFile,
    Weigh,
    countable,
    writable,
)
from workbench.files import PAGE

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.record import Record
    from workbench.sweep import Estimate, Standing

MOST_SHOWN = 20  # rows of a frontier; a longer one is for the report
MOST_PROBLEMS = 10  # listed one by one


def sweep(
    model: Annotated[
        str | None, typer.Argument(help="A sample detector's name or a model file; both sample detectors by default.")
    ] = None,
    media: MediaArgument = None,
    grid: Annotated[
        Path | None, typer.Option(metavar="FILE", help='TOML such as "nms.score" = [0.2, 0.4]; a grid of ours by default.')
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, callback=countable, help="How many frames to time where a setting is measured whole.")
    ] = DEFAULT_FRAMES,
    truth: TruthFile = None,
    baseline: Annotated[
        str, typer.Option(metavar="P", help="What others are compared with: a preset and changes to it; the detector's default.")
    ] = "",
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Measure on the machines of a Dask cluster, such as tcp://host:8786.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much there is to do.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", callback=writable(PAGE), help="Write an HTML report of the frontier.")
    ] = None,
    weigh: Weigh = False,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    json_file: JsonFile = None,
) -> None:
    """Measure every combination of a grid in a fraction of the work. A sweep that was stopped goes on."""
    from workbench.cli.measured import weigh_left
    from workbench.cli.screen import console, progress, write_json
    from workbench.errors import SettingsError
    from workbench.history import History, default_path
    from workbench.opening import Sources
    from workbench.record import frontier, place
    from workbench.samples import SAMPLE_DETECTORS
    from workbench.sweep import Sweep, connect, read_grid
    from workbench.wording import format_duration

    if weigh and cluster is not None:
        raise SettingsError("--weigh weighs on this machine, and --cluster measures on others; leave one out")
    tried = read_grid(grid) if grid else None
    out = console(json_file)
    executors = connect(cluster) if cluster is not None else None
    try:
        with History(history or default_path()) as kept, progress() as tell:

            def show(standing: Standing) -> None:
                tell(f"{standing.what} · {format_duration(standing.seconds_left)} left", standing.done, standing.total)

            tell("preparing", 0, 0)
            names = (model,) if model else (tried.detectors if tried else ()) or SAMPLE_DETECTORS
            allowed = tuple(allow or ())
            sources = [Sources(detector=name, media=media, truth=truth, allow=allowed, signature=signature) for name in names]
            whole = Sweep(sources, kept, grid=tried, frames=frames, baseline=baseline, executors=executors, progress=show)
            estimate = whole.estimate()
            out.print(_words(estimate))
            if dry_run:
                write_json(json_file, _tree(estimate, 0, (), ()))
                return
            if not yes:
                _ask(estimate, out)
            found = len({record.id for record in whole.run()})
            if weigh:
                weigh_left(kept.records_by_id(whole.confirmed_ids, pictures=False), sources, kept, tell)
            records = kept.records_by_id(whole.ids | whole.confirmed_ids, pictures=False)
            best = tuple(frontier((record for record in records if not record.composed), place)) or frontier(records, place)
            _show(out, found, records, best)
            if report is not None:
                from workbench.report import write_report

                pictured = kept.records_by_id([record.id for record in best])
                write_report(pictured, report, allow_different_machines=cluster is not None)
                out.print(f"report: {report}")
            write_json(json_file, _tree(estimate, found, best, records))
    finally:
        for executor in executors or ():
            executor.close()


def _ask(estimate: Estimate, out: Console) -> None:
    from workbench.errors import SettingsError

    if estimate.tasks and out.is_terminal and not typer.confirm("Begin?", default=True, err=True):
        raise SettingsError("nothing was measured; choose a smaller grid with --grid FILE")


def _words(estimate: Estimate) -> str:
    from workbench.wording import format_duration

    if not estimate.tasks:
        return f"{estimate.combinations} combinations, all of them in the history already"
    known = f", {estimate.known} known already" if estimate.known else ""
    refused = f", {estimate.cannot_run} that cannot run" if estimate.cannot_run else ""
    return f"{estimate.combinations} combinations{known}{refused}: {estimate.tasks} runs, about {format_duration(estimate.seconds)}"


def _show(out: Console, found: int, records: Sequence[Record], best: Sequence[Record]) -> None:
    from workbench.cli.screen import print_records

    problems = [record for record in records if record.problem]
    out.print(f"{found} new records; {len(problems)} settings could not run")
    for record in problems[:MOST_PROBLEMS]:
        assert record.problem is not None, "chosen by it"
        out.print(f"{record.detector.name} {record.name}: {record.problem.message}", style="yellow")
    if best:
        out.print("nothing measured is both faster and more accurate than these:")
        print_records(out, best[:MOST_SHOWN])


def _tree(estimate: Estimate, found: int, best: Sequence[Record], records: Sequence[Record]) -> dict[str, Any]:
    return {
        "combinations": estimate.combinations,
        "known": estimate.known,
        "cannot_run": estimate.cannot_run,
        "estimated_seconds": round(estimate.seconds, 1),
        "new_records": found,
        "problems": [{"id": record.id, "name": record.name, **record.problem.model_dump()} for record in records if record.problem],
        "frontier": [record.to_dict() for record in best],
    }
