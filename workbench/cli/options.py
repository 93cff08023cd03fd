"""The arguments and options that several commands share. Nothing here loads what takes time: each `--help` needs it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.files import JSON, Content, check_writable

INTERRUPTED = 130  # what typer returns after Ctrl-C, as shells do
SERVERS = ("lab", "app")  # commands that run until they are stopped; what they start prints where to find it
DEFAULT_FRAMES = 150  # `workbench.measuring` says why; a test keeps the two equal

# typer passes on the usage errors of its click but exports only this one; click's module has another name in each version.
UsageError: Any = typer.BadParameter.__base__

MOST = 1_000_000_000  # of frames, rows, days: nobody has more, and neither SQLite nor a date takes any number


def countable(value: float | None) -> float | None:
    """Return an option's number where something can be counted by it; `typer` calls this."""
    if value is not None and not abs(value) <= MOST:  # no number at all is neither more nor less
        raise typer.BadParameter(f"{value} is no number up to {MOST:,}.")
    return value


Model = Annotated[str | None, typer.Argument(help="A sample detector's name or a model file; inspector-mobile by default.")]
MediaArgument = Annotated[
    str | None, typer.Argument(help="Picture, folder, glob, sequence, video, stream or camera:0; the sample line by default.")
]
Records = Annotated[list[Path] | None, typer.Argument(metavar="[RECORD.json…]", help="Records that `run --json` wrote.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="GROUP.FIELD=VALUE", help="Change one setting; may be repeated.")]
Frames = Annotated[int, typer.Option(min=1, callback=countable, help="How many frames to time.")]
TruthFile = Annotated[
    str | None, typer.Option("--truth", metavar="PATH", help="Ground truth: COCO json, Pascal VOC xml, YOLO txt; a file or folder.")
]
DetectorName = Annotated[str | None, typer.Option("--detector", metavar="NAME", help="Only records of this detector.")]
MediaName = Annotated[str | None, typer.Option("--media", metavar="NAME", help="Only records of these frames.")]


def writable(content: Content) -> Callable[[Any], Any]:
    """Return what a file that an option names passes, once it is known, before anything is measured, that it can be written.

    Its callback raises `SaveError` where it cannot, or where what is there is of another kind.
    """

    def checked(file: Any) -> Any:
        if file is not None and str(file) != "-":
            check_writable(Path(file), content)
        return file

    return checked


def writable_folder(folder: Path | None) -> Path | None:
    """As `writable`, of a folder."""
    if folder is not None:
        check_writable(folder / "file")
    return folder


JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", callback=writable(JSON), help="Write the result as JSON; - is standard output."),
]
Overlay = Annotated[
    Path | None,
    typer.Option(
        "--model-explorer", metavar="FILE", callback=writable(JSON), help="Write the figures as an overlay for Model Explorer."
    ),
]
HistoryFile = Annotated[Path | None, typer.Option("--history", metavar="FILE", help="Another history than the user's own.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Let Python code in the model run: lambda or python-functions. Only where you trust who made it."
        " operations=NAME,... allows operations that reach files or the network, code=FILE a Python file that its layers are in,"
        " code the one that its card decodes with, outside a data set to name files anywhere.",
    ),
]
Signature = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which signature of a SavedModel to call; its card's, or the usual one.")
]

Explain = Annotated[
    bool,
    typer.Option("--explain", help="Then change one setting at a time between them, both ways: what each brought, in ms and AP."),
]

Weigh = Annotated[
    bool,
    typer.Option("--weigh", help="Then weigh each setting in a process of its own: peak memory, and how long it takes to start."),
]


def variant_text(preset: str | None, sets: Sequence[str] | None) -> str:
    """Return a variant as `workbench.opening.variant` reads it, from a preset and further changes.

    Raises:
        SettingsError: A change that has no `=`; joined to a preset it would pass for one.
    """
    from workbench.settings import parse_assignment

    for word in sets or ():
        parse_assignment(word)
    return ",".join([preset or "", *(sets or ())]).strip(",")
