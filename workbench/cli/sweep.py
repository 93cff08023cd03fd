"""`workbench sweep`: every combination of a grid, its estimate first, resumed from the history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from workbench.cli.screen import console, print_records, progress, write_json
from workbench.errors import SettingsError
from workbench.history import History, default_path
from workbench.record import Record
from workbench.samples import SAMPLE_DETECTORS
from workbench.sweep import Estimate, Executor, Grid, Material, Standing, Sweep, ThisMachine, frontier, place, read_grid

MOST_SHOWN = 20  # rows of a frontier; a longer one is for the report
MOST_PROBLEMS = 10  # listed one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked to be swept."""

    model: str | None
    media: str | None
    grid: Path | None
    frames: int
    truth: str | None
    baseline: str
    cluster: str | None
    dry_run: bool
    yes: bool
    report: Path | None
    history: Path | None
    json_file: str | None
    allow: tuple[str, ...]


def sweep(request: Request) -> None:
    """Sweep, and say what stands out.

    Raises:
        WorkbenchError: The grid, a model or the media cannot be read, the cluster cannot be reached, or the user says no.
    """
    grid = read_grid(request.grid) if request.grid else None
    out = console(request.json_file)
    executors = _executors(request)
    try:
        with History(request.history or default_path()) as history, progress() as tell:

            def show(standing: Standing) -> None:
                tell(f"{standing.what} · {_minutes(standing.seconds_left)} left", standing.done, standing.total)

            tell("preparing", 0, 0)
            materials = _materials(request, grid)
            run = Sweep(
                materials, history, grid=grid, frames=request.frames, baseline=request.baseline, executors=executors, progress=show
            )
            estimate = run.estimate()
            out.print(_words(estimate), markup=False)
            if request.dry_run:
                write_json(request.json_file, _json(estimate, 0, (), None))
                return
            if not request.yes:
                _ask(estimate, out)
            found = len({record.id for record in run.run()})
            records = history.records_by_id(run.ids | run.confirmed_ids, pictures=False)
            best = tuple(frontier((record for record in records if not record.composed), place)) or frontier(records, place)
            _show(out, found, records, best)
            _report(request, history, best, out)
            write_json(request.json_file, _json(estimate, found, best, records))
    finally:
        for executor in executors:
            executor.close()


def _executors(request: Request) -> tuple[Executor, ...]:
    if request.cluster is None:
        return (ThisMachine(),)
    from workbench.sweep import connect

    return connect(request.cluster)


def _materials(request: Request, grid: Grid | None) -> list[Material]:
    names: Sequence[str] = (request.model,) if request.model else (grid.detectors if grid else ()) or SAMPLE_DETECTORS
    return [Material(detector=name, media=request.media, truth=request.truth, allow=request.allow) for name in names]


def _ask(estimate: Estimate, out: Console) -> None:
    import typer

    if estimate.tasks and out.is_terminal and not typer.confirm("Begin?", default=True, err=True):
        raise SettingsError("nothing was measured; choose a smaller grid with --grid FILE")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _words(estimate: Estimate) -> str:
    if not estimate.tasks:
        return f"{estimate.combinations} combinations, all of them in the history already"
    known = f", {estimate.known} known already" if estimate.known else ""
    refused = f", {estimate.cannot_run} that cannot run" if estimate.cannot_run else ""
    return f"{estimate.combinations} combinations{known}{refused}: {estimate.tasks} runs, about {_minutes(estimate.seconds)}"


def _show(out: Console, found: int, records: Sequence[Record], best: Sequence[Record]) -> None:
    problems = [record for record in records if record.problem]
    out.print(f"{found} new records; {len(problems)} settings could not run", markup=False)
    for record in problems[:MOST_PROBLEMS]:
        assert record.problem is not None, "chosen by it"
        out.print(f"{record.detector.name} {record.name}: {record.problem.message}", style="yellow", markup=False)
    if best:
        out.print("nothing measured is both faster and more accurate than these:", markup=False)
        print_records(out, best[:MOST_SHOWN])


def _report(request: Request, history: History, best: Sequence[Record], out: Console) -> None:
    if request.report is None:
        return
    from workbench.report import write_report

    chosen = history.records_by_id([record.id for record in best])
    write_report(chosen, request.report, allow_different_machines=request.cluster is not None)
    out.print(f"report: {request.report}", markup=False)


def _json(estimate: Estimate, found: int, best: Sequence[Record], records: Sequence[Record] | None) -> str:
    tree = {
        "schema": 1,
        "combinations": estimate.combinations,
        "known": estimate.known,
        "cannot_run": estimate.cannot_run,
        "estimated_seconds": round(estimate.seconds, 1),
        "new_records": found,
        "problems": [
            {"id": record.id, "name": record.name, **record.problem.model_dump()} for record in records or () if record.problem
        ],
        "frontier": [json.loads(record.to_json()) for record in best],
    }
    return json.dumps(tree, ensure_ascii=False)
