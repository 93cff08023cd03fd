"""`workbench advise`: what saved records show, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import HistoryFile, JsonFile, Records
from workbench.errors import RecordError

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.advice import Card
    from workbench.record import Record

MOST_RECORDS = 500  # of the history; advice looks at the fastest and at what they were compared with


def advise(
    records: Records = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|ID", help="The record to advise on; by default the fastest, and what the others were compared with."
        ),
    ] = None,
    history: HistoryFile = None,
    json_file: JsonFile = None,
) -> None:
    """Say what records show, what a change should bring, and what it brought. Without records: the newest of the history."""
    from workbench.advice import advise as cards_on
    from workbench.cli.saved import named_or_newest
    from workbench.cli.screen import console, write_json

    known = named_or_newest(records, history, MOST_RECORDS)
    cards = cards_on(known, _named(known, baseline) if baseline is not None else None)
    out = console(json_file)
    for number, card in enumerate(cards, start=1):
        _print_card(out, number, card)
    if not cards:
        out.print(f"{len(known)} records show nothing more to try; measure settings that differ in one thing.")
    write_json(json_file, {"records": [record.id for record in known], "cards": [card.tree() for card in cards]})


def _named(records: Sequence[Record], text: str) -> Record:
    found = [record for record in records if record.name == text or (text and record.id.startswith(text))]
    if not found:
        names = ", ".join(dict.fromkeys(record.name for record in records))
        raise RecordError(f"no record here is called {text!r}, nor has such an id; choose one of {names}")
    return found[-1]


def _print_card(out: Console, number: int, card: Card) -> None:
    out.print(f"{number:>2}. {card.title} ({card.about})", style="bold")
    out.print(f"    {card.finding} {card.evidence}")
    for name, words in _lines(card):
        out.print(f"    {name:<9}{words}")
    for line in card.theory:
        out.print(f"    {line}", style="dim")
    out.print()


def _lines(card: Card) -> Iterator[tuple[str, str]]:
    if card.changes:
        yield "change", ", ".join(card.changes)
    if card.expected is not None:
        yield "expected", f"{card.expected.words}: {card.expected.arithmetic}"
    if card.measured is not None:
        yield "measured", card.measured.words
    if card.command is not None:
        yield "try", card.command
