"""`workbench profile`: where inside a network the time goes, operator by operator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Allow, HistoryFile, JsonFile, MediaArgument, Model, Overlay, Sets, Signature, variant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from workbench.record import Group, Pair, Profile, Record

OPERATORS_SHOWN, GROUPS_SHOWN = 20, 15  # the slowest; --json has all


def profile(
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="P",
            help="litert, litert-int8, graph, xla or fast, and changes to it. May be repeated; others stand beside the first.",
        ),
    ] = None,
    sets: Sets = None,
    history: HistoryFile = None,
    allow: Allow = None,
    signature: Signature = None,
    overlay: Overlay = None,
    json_file: JsonFile = None,
) -> None:
    """Time a network's operators one by one: the slowest, by type and by part of the network, and what costs time beside them."""
    from workbench.cli.measured import read_variant
    from workbench.cli.screen import console, progress, write_json
    from workbench.errors import SettingsError, UnavailableError
    from workbench.files import JSON, node_data, write_whole
    from workbench.opening import Sources
    from workbench.profile import Job, run_profile, why_not_profiled
    from workbench.record import reach_sentence

    texts = [variant_text(one, sets) for one in preset or ["litert"]]
    if overlay is not None and len(texts) > 1:
        raise SettingsError("--model-explorer draws one setting; give one --preset")
    sources = Sources(detector=model, media=media, allow=tuple(allow or ()), signature=signature).opened(1)
    detector, _ = sources.open()
    chosen = [read_variant(detector, text, sources, 1, history).settings for text in texts]
    for settings in chosen:
        if reason := why_not_profiled(settings):
            raise UnavailableError(reason)
    with progress() as tell:
        found = [run_profile(Job(sources=sources.in_words(), settings=one), lambda step: tell(step, 0, 0)) for one in chosen]
    out = console(json_file)
    if len(found) == 1:
        print_profile(out, found[0])
    for other in found[1:]:
        print_side_by_side(out, found[0], other)
    if overlay is not None:
        (one,) = found
        figures = ((row.name, 1000 * (row.seconds or 0.0)) for row in one.operators if not one.untimed)
        write_whole(overlay, node_data(figures), over=JSON)
        out.print(f"overlay: {overlay}; ms of operators, by the tensors that they give")
    trees = [{"schema": 1, **one.model_dump(mode="json"), "reach": reach_sentence(one)} for one in found]
    write_json(json_file, json.dumps(trees[0] if len(trees) == 1 else trees))


def print_profile(out: Console, found: Profile) -> None:
    """Print the sums, the slowest operators, their groups, and what costs time beside arithmetic."""
    from workbench.cli.tables import print_table, table_of
    from workbench.record import INSIDE_FIGURES, OPERATOR_HEADINGS, inside_sums, lint_words, operator_cells
    from workbench.wording import counted

    out.print(f"{found.detector}, {found.setting or 'as it is'}, {found.runtime}", style="bold")
    for line in inside_sums(found):
        out.print(line)
    out.print()
    rows = (operator_cells(found, row) for row in found.slowest[:OPERATORS_SHOWN])
    print_table(out, table_of(*OPERATOR_HEADINGS, figures=(*INSIDE_FIGURES, "output"), rows=rows))
    if len(found.operators) > OPERATORS_SHOWN:
        shown = "first" if found.untimed else "slowest"
        words = f"the {OPERATORS_SHOWN} {shown} of {counted(len(found.operators), 'operator')}; --json has all"
        out.print(words, style="dim")
    if not found.untimed:
        for heading, groups in (("type", found.by_kind), ("part of the network", found.by_part)):
            out.print()
            _print_groups(out, found, heading, groups)
    out.print()
    for lint in found.lints:
        out.print(lint_words(found, lint), style="yellow")


def print_inside(out: Console, records: Iterable[Record], unprofiled: Iterable[str]) -> None:
    """Print of each record that has a profile its slowest types and what costs time beside arithmetic, and why others have none."""
    from workbench.record import lint_words

    for line in unprofiled:
        out.print(f"not profiled: {line}", style="yellow")

    for record in records:
        if (found := record.inside) is None:
            continue
        out.print()
        out.print(f"inside {record.name}", style="bold")
        _print_groups(out, found, "type", found.by_kind)
        for lint in found.lints:
            out.print(lint_words(found, lint), style="yellow")


def print_side_by_side(out: Console, left: Profile, right: Profile) -> None:
    """Print what both take, layer by layer where their names say which is which, and by kinds of work."""
    from workbench.record import inside_sums, pairs_by_layer, pairs_by_work

    for found in (left, right):
        out.print(f"{found.detector}, {found.setting or 'as it is'}, {found.runtime}", style="bold")
        for line in inside_sums(found)[:2]:
            out.print(line)
    if untimed := next((one for one in (left, right) if one.untimed), None):
        out.print(f"there is nothing to set side by side: the operators of {untimed.runtime} are not timed", style="yellow")
        return
    layers = pairs_by_layer(left, right)
    for heading, pairs in (("layer", layers), ("kind of work", pairs_by_work(left, right))):
        out.print()
        if pairs is None:
            out.print("their operators' names have too little in common to set layers side by side", style="dim")
        else:
            _print_pairs(out, heading, pairs, (left, right))


def _print_pairs(out: Console, heading: str, pairs: Sequence[Pair], profiles: tuple[Profile, Profile]) -> None:
    """Print pairs, what differs most first, and what all of them take."""
    from workbench.cli.tables import print_table, table_of
    from workbench.record import Pair, pair_cells, pair_headings

    left, right = profiles
    headings = pair_headings(heading, *(one.setting or one.runtime for one in profiles))
    all_of_them = ("all", "", "", *pair_cells(Pair("", left.operators, right.operators))[3:])
    rows = (*map(pair_cells, pairs[:OPERATORS_SHOWN]), all_of_them)
    print_table(out, table_of(*headings, figures=headings[3:], rows=rows))
    if len(pairs) > OPERATORS_SHOWN:
        out.print(f"the {OPERATORS_SHOWN} of {len(pairs):,} that differ most; --json has all operators", style="dim")


def _print_groups(out: Console, found: Profile, heading: str, groups: Sequence[Group]) -> None:
    from workbench.cli.tables import print_table, table_of
    from workbench.record import INSIDE_FIGURES, group_cells
    from workbench.wording import format_percent

    rows = (group_cells(found, group) for group in groups[:GROUPS_SHOWN])
    print_table(out, table_of(heading, "operators", *INSIDE_FIGURES, figures=("operators", *INSIDE_FIGURES), rows=rows))
    if (left := groups[GROUPS_SHOWN:]) and found.operators_seconds:
        share = format_percent(sum(group.seconds for group in left) / found.operators_seconds)
        out.print(f"{len(left):,} others take {share}", style="dim")
