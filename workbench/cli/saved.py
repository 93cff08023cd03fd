"""Saved records as the command line names them: a file, or `history:` and the beginning of an id."""

from pathlib import Path

from workbench.errors import RecordError
from workbench.history import History, default_path
from workbench.record import Record, read_records

IN_HISTORY = "history:"


def saved_record(words: str, history: Path | None) -> Record:
    """Read one record.

    Args:
        words: A JSON file that holds one record, or `history:` and the beginning of its id.
        history: Another history than the user's own.

    Raises:
        RecordError: There is no such record, or more than one.
    """
    if words.startswith(IN_HISTORY):
        with History(history or default_path(), create=False) as opened:
            return opened.get(words.removeprefix(IN_HISTORY))
    records = read_records(Path(words))
    if len(records) > 1:
        raise RecordError(f"{words} holds {len(records)} records; name one of them as {IN_HISTORY}ID (see `workbench history`)")
    return records[0]


def machine_of(words: str, machines: dict[str, str]) -> str:
    """Return the id of the machine that is meant: by the beginning of its id, or a part of its processor's name.

    Args:
        words: What the user wrote.
        machines: Processors by machine id, as `History.machines` gives them.

    Raises:
        RecordError: There is no such machine, or more than one.
    """
    by_id = [machine for machine in machines if machine.startswith(words)]
    found = by_id or [machine for machine, cpu in machines.items() if words.lower() in cpu.lower()]
    if len(found) != 1:
        what = f"{len(found)} machines match" if found else "no machine matches"
        raise RecordError(f"{what} {words!r}; the history knows {machine_words(machines) or 'none'}")
    return found[0]


def machine_words(machines: dict[str, str]) -> str:
    """List machines: the processor, and the beginning of the id."""
    return ", ".join(f"{cpu} [{machine[:8]}]" for machine, cpu in machines.items())
