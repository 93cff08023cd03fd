"""`workbench tune`: from what runs now to the fastest setting that keeps a budget, in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import (
    INTERRUPTED,
    Allow,
    HistoryFile,
    JsonFile,
    MediaArgument,
    Model,
    Signature,
    TruthFile,
    countable,
    writable_folder,
)
from workbench.cli.quantities import MaxMemory, MaxStartup, seconds_of, weight_limits


def tune(
    model: Model = None,
    media: MediaArgument = None,
    min_fps: Annotated[float | None, typer.Option(metavar="X", callback=countable, help="Frames a second, at least.")] = None,
    max_ms: Annotated[float | None, typer.Option(metavar="X", callback=countable, help="Milliseconds a frame, at most.")] = None,
    max_ap_loss: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            callback=countable,
            help="AP below what runs now, at most; .02 by default. Without truth, agreement stands for it.",
        ),
    ] = None,
    min_agreement: Annotated[
        float | None, typer.Option(metavar="X", callback=countable, help="Agreement with what runs now, at least, such as .95.")
    ] = None,
    max_memory: MaxMemory = None,
    max_startup: MaxStartup = None,
    time: Annotated[str, typer.Option(metavar="TIME", help="How long it may take, about: 90s, 10m, 1h.")] = "10m",
    out: Annotated[
        Path, typer.Option(metavar="DIR", callback=writable_folder, help="The folder of report, history and what is exported.")
    ] = Path("tuned"),
    frames: Annotated[
        int | None,
        typer.Option(min=1, callback=countable, help="How many frames to time; 150 by default, or 64 where the time is short."),
    ] = None,
    truth: TruthFile = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    run_on: Annotated[
        str | None,
        typer.Option(metavar="ssh://USER@HOST[:PORT]", help="Its times decide: the best are measured there too, on top of TIME."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Find the fastest setting that keeps a budget, with report and folder, in one go. Stopped, it goes on where it was."""
    from workbench.cli.screen import console, print_records, print_waterfall, progress, write_json
    from workbench.tuning import tune as tuned_by

    seconds, limits = seconds_of(time), weight_limits(max_memory, max_startup)
    with progress() as tell:
        tuned = tuned_by(
            model,
            media,
            truth=truth,
            min_fps=min_fps,
            max_ms=max_ms,
            max_ap_loss=max_ap_loss,
            min_agreement=min_agreement,
            **limits,
            seconds=seconds,
            out=out,
            history=history,
            frames=frames,
            allow=tuple(allow or ()),
            signature=signature,
            run_on=run_on,
            progress=tell,
        )
    screen = console(json_file)
    print_records(screen, tuned.records)
    if tuned.chosen is not None:
        print_waterfall(screen, tuned.chosen)
    for note in tuned.notes:
        screen.print(note)
    screen.print(tuned.sentence, style="bold")
    screen.print(tuned.next_step)
    write_json(json_file, tuned.to_dict())
    if tuned.stopped and not tuned.problem:
        raise typer.Exit(INTERRUPTED)
    if tuned.problem or tuned.chosen is None:
        raise typer.Exit(1)
