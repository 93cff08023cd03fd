"""Saved records as the command line names them: files, `history:` and the beginning of an id, or the newest of the history."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import RecordError
from workbench.history import History, Summary, default_path
from workbench.record import Record, fastest_first, read_records

IN_HISTORY = "history:"
PICTURED = 50  # records whose frames are shown; more of them would make the page larger than mail takes


def saved_record(words: str, history: Path | None) -> Record:
    """Read one record.

    Args:
        words: A JSON file that holds one record, or `history:` and the beginning of its id.
        history: Another history than the user's own.

    Raises:
        RecordError: There is no such record, or more than one.
    """
    if words.startswith(IN_HISTORY):
        return record_in_history(words, history)
    records = read_records(Path(words))
    if len(records) > 1:
        raise RecordError(f"{words} holds {len(records)} records; name one of them as {IN_HISTORY}ID (see `workbench history`)")
    return records[0]


def record_in_history(words: str, history: Path | None) -> Record:
    """Read one record by the beginning of its id, with or without `history:` before it.

    Raises:
        RecordError: There is no history, no such record in it, or more than one.
    """
    with opened_history(history) as opened:
        return opened.get(words.removeprefix(IN_HISTORY))


def opened_history(path: Path | None) -> History:
    """Open a history that is there: the user's own, or the one named. Raises `RecordError` where there is none."""
    return History(path or default_path(), create=False)


def named_or_newest(paths: Sequence[Path] | None, history: Path | None, top: int) -> tuple[Record, ...]:
    """Read the records of files; without files at most `top` of the history, those that belong together with its newest.

    Raises:
        RecordError: A record cannot be read, or there is none.
    """
    return tuple(record for path in paths or () for record in read_records(path)) or newest(history, top)


def newest(path: Path | None, top: int) -> tuple[Record, ...]:
    """Return the records that belong together with the newest one: same detector, media and machine; of equal names the newest.

    Where they are too many: the fastest that work, and what they were compared with.
    """
    with opened_history(path) as history:
        last = history.summaries(newest=1)
        if not last:
            raise RecordError(f"the history {history.path} is empty; measure something with `workbench run` first")
        together = history.together_with(last[0])
        best = _best(together, top)
        pictured = {row.id for row in best[:PICTURED]}
        chosen = {row.id for row in best}
        in_order = [row.id for row in together if row.id in chosen]
        plain = {record.id: record for record in history.records_by_id(chosen - pictured, pictures=False)}
        whole = plain | {record.id: record for record in history.records_by_id(pictured)}
        return tuple(whole[identity] for identity in in_order)


def _best(rows: tuple[Summary, ...], top: int) -> list[Summary]:
    """Return at most so many: what others were compared with, then what works, the fastest first."""
    baselines = {row.agreement_baseline for row in rows}
    ordered = fastest_first(rows, lambda row: (row.median_ms, row.ap))
    return sorted(ordered, key=lambda row: (row.name not in baselines, not row.sound))[:top]


def machine_of(words: str, machines: dict[str, str]) -> str:
    """Return the id of the machine that is meant: by the beginning of its id, or a part of its processor's name.

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
