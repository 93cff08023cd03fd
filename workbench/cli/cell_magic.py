"""`%%workbench`: a cell that defines `detect(frame)`, measured as a setting is and compared in turns with one."""

from __future__ import annotations

import builtins
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.magic import say
from workbench.cli.options import DEFAULT_FRAMES, Allow, Frames, HistoryFile, Signature, TruthFile, UsageError, countable
from workbench.errors import SettingsError, WorkbenchError

if TYPE_CHECKING:
    from workbench.history import History
    from workbench.measuring import Bench, Row
    from workbench.opening import EvaluationData, Sources, Variant
    from workbench.record import Record, Records

NAME = "%%workbench"
DETECT = "detect"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What stands behind `%%workbench`."""

    sources: Sources
    against: str | None
    labels: tuple[str, ...]
    frames: int
    comparison_seconds: float
    history: Path | None


def _options(
    media: Annotated[
        str | None, typer.Option(metavar="PATH", help="Picture, folder, glob, video or stream; the sample line by default.")
    ] = None,
    truth: TruthFile = None,
    against: Annotated[
        str | None, typer.Option(metavar="P|K=V,…", help="Compare with a setting: a preset, or group.field=value,…")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Whose setting that is; inspector-mobile by default.")] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="The classes in their order; the model's or the truth's by default.")
    ] = None,
    frames: Frames = DEFAULT_FRAMES,
    seconds: Annotated[
        float, typer.Option(min=0.0, callback=countable, help="How long the comparison may look for a clear answer.")
    ] = 20.0,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
) -> _Asked:
    """Measure the cell's detect(frame): boxes (n, 4) x1, y1, x2, y2 in pixels, scores (n,) and labels (n,) of an RGB frame."""
    from workbench.opening import Sources

    return _Asked(
        sources=Sources(detector=model, media=media, truth=truth, allow=tuple(allow or ()), signature=signature),
        against=against,
        labels=tuple(name.strip() for name in labels.split(",")) if labels else (),
        frames=frames,
        comparison_seconds=seconds,
        history=history,
    )


def cell_magic(shell: Any) -> Callable[[str, str], Records | None]:
    """Return the magic of an IPython shell, as it registers one."""
    return update_wrapper(partial(run_cell, shell), _options, assigned=("__doc__",), updated=())


def run_cell(shell: Any, line: str, cell: str) -> Records | None:
    """Run a cell in the user's own namespace, then measure the `detect` that it defines there.

    Returns:
        The record of the setting, where one was asked for, and that of the function, both in the history too; `None` where nothing
        was measured, which it says. An interrupt ends it with what was measured until then.

    Raises:
        Exception: What the function raises, as it is.
    """
    from workbench.pipeline import frames_of_the_user

    try:
        asked = _asked(line)
        if asked is None:
            return None
        detect = _detect_of(shell, cell)
        return _measured(asked, detect, cell) if detect else None
    except WorkbenchError as error:
        say(str(error))
        return None
    except Exception as error:
        raise error.with_traceback(frames_of_the_user(error)) from None


def _asked(line: str) -> _Asked | None:
    """Read what stands behind the name; `None` where that asked for help, which was shown."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None)
    program.command(context_settings={"help_option_names": ["-h", "--help"]})(_options)
    try:
        asked = program(shlex.split(line), prog_name=NAME, standalone_mode=False)
    except UsageError as error:
        raise SettingsError(f"{error.format_message().rstrip('.')}; see `{NAME} --help`") from None
    except ValueError as error:
        raise SettingsError(f"{error}; close what was opened") from None
    return asked if isinstance(asked, _Asked) else None


def _detect_of(shell: Any, cell: str) -> Callable[[Any], object] | None:
    """Run a cell and return the `detect` that it defines; `None` where it failed, which it has shown.

    An earlier cell's stands among the builtins meanwhile: there this one can call it, and what this one binds, be it the same once
    more, is plain to see. Afterwards it is back where this one has put no other.
    """
    names: dict[str, Any] = shell.user_ns
    earlier = {DETECT: names.pop(DETECT)} if DETECT in names else {}
    vars(builtins).update(earlier)
    try:
        if not shell.run_cell(cell, store_history=False).success:
            return None
        found = names.get(DETECT)
    finally:
        for name, value in earlier.items():
            del vars(builtins)[name]
            names.setdefault(name, value)
    if not callable(found):
        raise SettingsError(f"the cell defines no {DETECT}(frame); write `def {DETECT}(frame):` and return boxes, scores, labels")
    return found  # type: ignore[no-any-return] # whatever it is, it can be called


def _measured(asked: _Asked, detect: Callable[[Any], object], cell: str) -> Records:
    from workbench.history import History, default_path
    from workbench.measuring import Bench

    rows, data = _rows(asked, detect, cell)
    with History(asked.history or default_path()) as kept:
        kept.check_writable()
        bench = Bench(data, asked.frames, comparison_seconds=asked.comparison_seconds)
        records = _in_order(bench, rows, kept)
    for line in _lines(records):
        say(line)
    return records


def _rows(asked: _Asked, detect: Callable[[Any], object], cell: str) -> tuple[list[Row], EvaluationData]:
    """Return what is measured, once the function has found something readable in the first frame: a mistake shows at once."""
    from workbench.opening import open_data
    from workbench.pipeline import OwnFunction

    sources = asked.sources.opened(asked.frames)
    setting, labels = _setting(asked, sources)
    whose = asked.labels or (setting.detector if setting is not None else labels)
    data = open_data(whose, sources.media, sources.truth, sources.allow)
    function = OwnFunction.of(detect, data.labels, cell)
    for frame in data.media.frames():
        function.read(function(frame))
        break
    return [*([setting] if setting is not None else []), function], data


def _setting(asked: _Asked, sources: Sources) -> tuple[Variant | None, tuple[str, ...]]:
    """Return the setting to compare with, where one is asked for; and the labels of the model that is named, or of the sample's."""
    from workbench.cli.measured import read_variant
    from workbench.opening import open_detector

    if asked.against is None and sources.detector is None and sources.media is not None:
        return None, ()  # nothing needs a model
    detector = open_detector(sources.detector, sources.media, sources.allow, signature=sources.signature)
    if asked.against is None:
        return None, detector.facts.labels
    return read_variant(detector, asked.against, asked.sources, asked.frames, asked.history), detector.facts.labels


def _in_order(bench: Bench, rows: Sequence[Row], history: History) -> Records:
    from workbench.cli.measured import measured
    from workbench.record import Records

    records: list[Record] = []
    for row in rows:
        try:
            records.append(measured(bench, row, history, alone=True))
        except KeyboardInterrupt:
            stopped = bench.problem_record(row, KeyboardInterrupt("it was interrupted"))
            if stopped.timing is not None:
                history.append(stopped)
                records.append(stopped)
            say("interrupted; what was measured before is here and in the history")
            break
    return Records(records)


def _lines(records: Records) -> list[str]:
    """Say what stands in no table: how the function stands against the setting, and what records warn of."""
    from workbench.record import accuracy_against
    from workbench.wording import accuracy_words, ratio_words

    lines = [f"{record.name}: {warning}" for record in records for warning in record.warnings]
    last = records[-1] if records else None
    if last is not None and last.comparison is not None:
        judged = accuracy_words(accuracy_against(last, records[0]))
        lines.insert(0, f"{last.name} against {last.comparison.a}: {ratio_words(last.comparison.ratio)}{judged and f'; {judged}'}")
    return lines
