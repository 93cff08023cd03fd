"""`workbench quantise`: a detector in fewer bits, where that hurts, and what repairs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import (
    DEFAULT_FRAMES,
    Allow,
    Frames,
    HistoryFile,
    JsonFile,
    MediaArgument,
    Model,
    Overlay,
    Sets,
    Signature,
    TruthFile,
    countable,
    variant_text,
    writable,
)
from workbench.files import JSON, TFLITE

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.record import Quantising, Record

MOST_LOSS = 0.01  # `workbench.repair` says why; a test keeps the two equal
BLOCKS_SHOWN = 12
LONGEST_NAME = 60  # characters of a block's: those of fused operators have hundreds


def quantise(
    model: Model = None,
    media: MediaArgument = None,
    precision: Annotated[str, typer.Option(metavar="P", help="int8, weight-int8, weight-int4, dynamic-int8 or int16x8.")] = "int8",
    repair: Annotated[
        bool, typer.Option("--repair", help="Look for ranges, and then for the fewest operators in float, that keep the accuracy.")
    ] = False,
    max_ap_loss: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0,
            max=1,
            callback=countable,
            help="AP that may be lost; of the agreement, without truth, five times that.",
        ),
    ] = MOST_LOSS,
    layout: Annotated[
        str, typer.Option(metavar="L", help="nhwc takes out the transposes of an export with channels first.")
    ] = "stored",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", callback=writable(TFLITE), help="Write the .tflite file that came out.")
    ] = None,
    sets: Sets = None,
    frames: Frames = DEFAULT_FRAMES,
    truth: TruthFile = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    overlay: Overlay = None,
    json_file: JsonFile = None,
) -> None:
    """Quantise a detector: size, ms and accuracy before and after, where it hurts, and with --repair what helps."""
    from workbench.cli.screen import console, progress, write_json
    from workbench.export import write_tflite
    from workbench.files import node_data, write_whole
    from workbench.history import History, default_path
    from workbench.opening import Sources, check, wished, words
    from workbench.repair import Job, Outcome, run_repair

    sources = Sources(detector=model, media=media, truth=truth, allow=tuple(allow or ()), signature=signature).opened(frames)
    detector, data = sources.open()
    text = variant_text("litert", [f"runtime.precision={precision}", f"runtime.layout={layout}", *(sets or ())])
    settings = check(detector, wished(detector, text))
    job = Job(
        sources=sources.in_words(),
        settings=settings,
        max_ap_loss=max_ap_loss,
        frames=frames,
        repair=repair,
        options=sources.options(frames),
    )
    outcome, screen = Outcome(), console(json_file)
    with History(history or default_path()) as kept, progress() as tell:
        try:
            run_repair(job, tell, outcome=outcome)
        except KeyboardInterrupt:
            if outcome.settings is not None:
                screen.print(f"cancelled; the best so far: --preset {words(detector, outcome.settings)!r}")
            raise
        for record in outcome.records:
            kept.append(record)
    assert outcome.settings is not None, "a repair that came to its end has settings"
    print_quantised(screen, outcome.records)
    chosen = words(detector, check(detector, outcome.settings))
    screen.print(f"run it: --preset {chosen!r}")
    if overlay is not None:
        noise = [(row.name, row.snr_db) for row in _quantising(outcome.records).blocks if row.snr_db is not None]
        write_whole(overlay, node_data(noise, high_is_bad=False), over=JSON)
        screen.print(f"overlay: {overlay}; dB of signal to noise of blocks, by the tensors that they give")
    if out is not None:
        told = write_tflite(detector, outcome.settings, data.calibration, out)
        screen.print(f"written: {out}; {told}")
    found = _quantising(outcome.records)
    write_json(json_file, {"settings": outcome.settings.model_dump(mode="json"), **found.model_dump(mode="json")})


def _quantising(records: list[Record]) -> Quantising:
    return next(record.quantising for record in records if record.quantising is not None)


def print_quantised(out: Console, records: list[Record]) -> None:
    """Print the networks beside each other, the blocks that hurt most, and the answer."""
    from workbench.cli.tables import print_table, table_of
    from workbench.errors import one_line
    from workbench.record import (
        BLOCK_HEADINGS,
        FIGURE_HEADINGS,
        NETWORK_HEADINGS,
        block_cells,
        network_cells,
        quantising_frames,
    )

    found = _quantising(records)
    print_table(out, table_of(*NETWORK_HEADINGS, figures=FIGURE_HEADINGS, rows=map(network_cells, found.judged)))
    if found.blocks:
        out.print()
        cells = map(block_cells, found.blocks[:BLOCKS_SHOWN])
        rows = ((one_line(name, LONGEST_NAME), *others) for name, *others in cells)
        print_table(out, table_of(*BLOCK_HEADINGS, figures=FIGURE_HEADINGS, rows=rows))
        shown = f"{min(BLOCKS_SHOWN, len(found.blocks))} of {len(found.blocks)} blocks"
        out.print(f"{shown}, worst first: what each changes of scores and boxes when it alone is in integers", style="dim")
    for line in found.made_of:
        out.print(line, style="dim")
    out.print(quantising_frames(found), style="dim")
    out.print(found.answer, style="bold")
