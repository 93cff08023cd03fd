"""`workbench advise`: what saved records show, and what to try next."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from workbench.advice import Card, advise
from workbench.cli.report import newest
from workbench.cli.screen import console, write_json
from workbench.errors import RecordError
from workbench.history import default_path
from workbench.record import Record, read_records
from workbench.settings import assignments

MOST_RECORDS = 500  # of the history; advice looks at the fastest and at what they were compared with


def give_advice(paths: tuple[Path, ...], baseline: str | None, history: Path | None, json_file: str | None) -> None:
    """Print the cards, those with most to gain first.

    Raises:
        WorkbenchError: A record cannot be read, there is none, or none is called as the baseline.
    """
    records = tuple(record for path in paths for record in read_records(path)) or newest(history or default_path(), MOST_RECORDS)
    cards = advise(records, _named(records, baseline) if baseline is not None else None)
    out = console(json_file)
    for number, card in enumerate(cards, start=1):
        _print_card(out, number, card, next(record for record in records if record.id == card.record_id))
    if not cards:
        out.print(f"{len(records)} records show nothing more to try; measure settings that differ in one thing.", markup=False)
    tree = {"schema": 1, "records": [record.id for record in records], "cards": [card.tree() for card in cards]}
    write_json(json_file, json.dumps(tree))


def _named(records: Sequence[Record], text: str) -> Record:
    found = [record for record in records if record.name == text or (text and record.id.startswith(text))]
    if not found:
        names = ", ".join(dict.fromkeys(record.name for record in records))
        raise RecordError(f"no record here is called {text!r}, nor has such an id; choose one of {names}")
    return found[-1]


def _print_card(out: Console, number: int, card: Card, record: Record) -> None:
    out.print(f"{number:>2}. {card.title} ({card.about})", style="bold", markup=False)
    out.print(f"    {card.finding} {card.evidence}", markup=False)
    for name, words in _lines(card, record):
        out.print(f"    {name:<9}{words}", markup=False)
    for line in card.theory:
        out.print(f"    {line}", style="dim", markup=False)
    out.print()


def _lines(card: Card, record: Record) -> Iterator[tuple[str, str]]:
    if card.change is not None:
        yield "change", ", ".join(assignments(record.settings.with_values(card.change), card.change))
    if card.expected is not None:
        yield "expected", f"{card.expected.words}: {card.expected.arithmetic}"
    if card.measured is not None:
        yield "measured", card.measured.words
    if card.command is not None:
        yield "try", card.command
