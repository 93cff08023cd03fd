"""The arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FRAMES = 150  # `workbench.measuring` says why; a test keeps the two equal

Model = Annotated[str | None, typer.Argument(help="A sample detector's name or a model file; inspector-mobile by default.")]
MediaArgument = Annotated[
    str | None, typer.Argument(help="Picture, folder, glob, sequence, video, stream or camera:0; the sample line by default.")
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="GROUP.FIELD=VALUE", help="Change one setting; may be repeated.")]
Frames = Annotated[int, typer.Option(min=1, help="How many frames to time.")]
TruthFile = Annotated[
    str | None, typer.Option("--truth", metavar="PATH", help="Ground truth: COCO json, Pascal VOC xml, YOLO txt; a file or folder.")
]
JsonFile = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - is standard output.")]
HistoryFile = Annotated[Path | None, typer.Option("--history", metavar="FILE", help="Another history than the user's own.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="Let Python code in the model run: lambda or python-functions. Only where you trust who made it."
    ),
]
