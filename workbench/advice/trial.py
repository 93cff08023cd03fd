"""The command that measures a change, written from the command that measured the record."""

import shlex
from collections.abc import Mapping

from workbench.errors import SettingsError
from workbench.record import Record
from workbench.settings import FAST, assignments, parse_variant

RUN = ["workbench", "run"]
PRESET = "--preset"


def compare_command(record: Record, change: Mapping[str, object]) -> str:
    """Return `workbench compare … --a … --b …`: the record's setting against the changed one, on the same media.

    The setting is called what the record's own command calls it, where that command says how the record is set; otherwise
    every setting is named.
    """
    text, rest = _said(record)
    if not _says(text, record):
        text = ",".join(assignments(record.settings))
    changed = record.settings.with_values(change)
    after = ",".join(word for word in (text, *assignments(changed, change)) if word)
    return shlex.join(["workbench", "compare", *rest, "--a", text, "--b", after])


def repair_command(record: Record) -> str:
    """Return `workbench quantise … --repair`, on the same model and media."""
    return shlex.join(["workbench", "quantise", *_said(record)[1], "--repair"])


def _said(record: Record) -> tuple[str, list[str]]:
    """Return a record's preset as its command says it, and the words behind: model, media and options."""
    words = _split(record.command)
    return _without_preset(words[2:]) if words[:2] == RUN else ("", [record.detector.source, record.media.source])


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _without_preset(words: list[str]) -> tuple[str, list[str]]:
    if PRESET not in words[:-1]:
        return "", words
    place = words.index(PRESET)
    return words[place + 1], words[:place] + words[place + 2 :]


def _says(text: str, record: Record) -> bool:
    """Whether a variant's text names something, and nothing that the record is not set to."""
    if not text or text.split(",", maxsplit=1)[0].strip() == FAST:  # what that is changes as the history grows
        return False
    try:
        named = parse_variant(text, base=record.settings)
    except SettingsError:
        return False
    return named == record.settings
