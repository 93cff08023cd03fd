"""`workbench history tag` and `untag`: what is never pruned, and what later measurements are checked against."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.history.filters import SHORT_ID, RecordId
from workbench.cli.options import HistoryFile, JsonFile
from workbench.errors import SettingsError


def tag(
    record: RecordId,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="Any words; several records may have the same.")],
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Give a record a tag: it is never pruned then, and `workbench check --against TAG` compares with it."""
    if not tag.strip():
        raise SettingsError("the tag is empty; choose a word, or `workbench history untag ID`")
    _set_tag(record, tag, history, json_file)


def untag(record: RecordId, history: HistoryFile = None, json_file: JsonFile = None) -> None:
    """Take a record's tag away."""
    _set_tag(record, None, history, json_file)


def _set_tag(prefix: str, tag: str | None, history: Path | None, json_file: str | None) -> None:
    from workbench.cli.saved import opened_history
    from workbench.cli.screen import console, write_json
    from workbench.history import Summary

    with opened_history(history) as opened:
        changed = opened.set_tag(prefix, tag)
    words = f"is tagged {tag}" if tag is not None else "has no tag"
    console(json_file).print(f"{changed.id[:SHORT_ID]} {changed.name} {words}")
    write_json(json_file, {"record": Summary.of(changed).tree()})
