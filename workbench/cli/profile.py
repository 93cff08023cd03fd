"""`workbench profile`: where inside a network the time goes, operator by operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Allow, HistoryFile, JsonFile, MediaArgument, Model, Overlay, Sets, Signature, variant_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from workbench.record import Group, OperatorRow, Pair, Profile

OPERATORS_SHOWN, GROUPS_SHOWN = 20, 15  # the slowest; --json has all
FIGURES = ("ms", "share", "MMAC", "GMAC/s", "moves", "of the roof")
LONGEST_NAME, LONGEST_SETTING = 60, 24  # characters of an operator's, and of a setting's or type's beside another
KINDS_NAMED = 2  # types of a layer, the slowest
UNNAMED = "(without a name)"


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
    from workbench.files import node_data, write_whole
    from workbench.opening import Sources
    from workbench.profile import Job, run_profile, why_not_profiled

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
        write_whole(overlay, node_data((row.name, 1000 * (row.seconds or 0.0)) for row in one.operators if not one.untimed))
        out.print(f"overlay: {overlay}; ms of operators, by the tensors that they give", markup=False)
    trees = [one.model_dump_json() for one in found]
    write_json(json_file, trees[0] if len(trees) == 1 else f"[{','.join(trees)}]")


def print_profile(out: Console, found: Profile) -> None:
    """Print the sums, the slowest operators, their groups, and what costs time beside arithmetic."""
    from workbench.wording import counted, format_percent

    out.print(f"{found.detector}, {found.setting or 'as it is'}, {found.runtime}", style="bold", markup=False)
    for line in sums(found):
        out.print(line, markup=False)
    out.print()
    _print_operators(out, found)
    if len(found.operators) > OPERATORS_SHOWN:
        shown = "first" if found.untimed else "slowest"
        words = f"the {OPERATORS_SHOWN} {shown} of {counted(len(found.operators), 'operator')}; --json has all"
        out.print(words, style="dim", markup=False)
    if not found.untimed:
        for heading, groups in (("type", found.by_kind), ("part of the network", found.by_part)):
            out.print()
            _print_groups(out, found, heading, groups)
    out.print()
    for lint in found.lints:
        share = "" if lint.seconds is None else f"{format_percent(found.share(lint.seconds))}: "
        out.print(f"{share}{lint.what}; {lint.advice}", style="yellow", markup=False)


def print_side_by_side(out: Console, left: Profile, right: Profile) -> None:
    """Print what both take, layer by layer where their names say which is which, and by kinds of work."""
    from workbench.record import pairs_by_layer, pairs_by_work

    for found in (left, right):
        out.print(f"{found.detector}, {found.setting or 'as it is'}, {found.runtime}", style="bold", markup=False)
        for line in sums(found)[:2]:
            out.print(line, markup=False)
    if untimed := next((one for one in (left, right) if one.untimed), None):
        out.print(
            f"there is nothing to set side by side: the operators of {untimed.runtime} are not timed", style="yellow", markup=False
        )
        return
    layers = pairs_by_layer(left, right)
    for heading, pairs in (("layer", layers), ("kind of work", pairs_by_work(left, right))):
        out.print()
        if pairs is None:
            out.print("their operators' names have too little in common to set layers side by side", style="dim", markup=False)
        else:
            _print_pairs(out, heading, pairs, (left, right))


def _print_pairs(out: Console, heading: str, pairs: Sequence[Pair], profiles: tuple[Profile, Profile]) -> None:
    """Print pairs, what differs most first, and what all of them take."""
    from rich.markup import escape

    from workbench.cli.tables import print_table, table_of
    from workbench.errors import one_line
    from workbench.record import Pair, kinds_of
    from workbench.wording import MISSING, format_seconds_as_ms, listed

    names = [escape(one_line(one.setting or one.runtime, LONGEST_SETTING)) for one in profiles]
    if len(set(names)) == 1:
        names = ["first", "second"]
    figures = (*(f"{name} ms" for name in names), "more")
    table = table_of(heading, *names, *figures, figures=figures)

    def cells(pair: Pair) -> tuple[str, ...]:
        sides = ((pair.left, pair.left_seconds), (pair.right, pair.right_seconds))
        each = (format_seconds_as_ms(seconds) if rows else MISSING for rows, seconds in sides)
        return (*each, f"{'+' if pair.difference > 0 else ''}{format_seconds_as_ms(pair.difference)}")

    for pair in pairs[:OPERATORS_SHOWN]:
        kinds = (
            listed([one_line(kind, LONGEST_SETTING) for kind in kinds_of(rows)], most=KINDS_NAMED) or MISSING
            for rows in (pair.left, pair.right)
        )
        table.add_row(escape(one_line(pair.name or UNNAMED, LONGEST_NAME)), *map(escape, kinds), *cells(pair))
    table.add_row("all", "", "", *cells(Pair("", profiles[0].operators, profiles[1].operators)))
    print_table(out, table)
    if len(pairs) > OPERATORS_SHOWN:
        out.print(f"the {OPERATORS_SHOWN} of {len(pairs):,} that differ most; --json has all operators", style="dim", markup=False)


def sums(found: Profile) -> list[str]:
    """Say what a batch takes, and what of that the operators explain."""
    from workbench.wording import counted, format_number, format_percent, format_seconds_as_ms

    each = f"a batch of {found.batch}" if found.batch > 1 else "a frame"
    median = f"median of {counted(found.runs, 'run')} without a profiler"
    infer = f"infer {format_seconds_as_ms(found.infer_seconds)} ms for {each}, {median}"
    if found.untimed:
        return [infer, f"operators are not timed: {found.untimed}"]

    def part(seconds: float | None) -> str:
        assert seconds is not None, "they were timed"
        return f"{format_seconds_as_ms(seconds)} ms ({format_percent(seconds / found.infer_seconds)})"

    parts = f"operators {part(found.operators_seconds)}, {found.around} {part(found.around_seconds)}"
    roof = f"{format_number(found.roof.macs_per_second / 1e9)} GMAC/s in a matrix product"
    copied = f"{format_number(found.roof.bytes_per_second / 1e9)} GB/s in a copy"
    return [
        infer,
        f"{parts}, unexplained {part(found.unexplained_seconds)}; operators are timed in a pass of their own",
        f"the roof is what this machine does at best in float32, {roof} and {copied}: all operators reach"
        f" {_share_of_roof(found.of_roof(found.operators))} of it",
    ]


def _print_operators(out: Console, found: Profile) -> None:
    from rich.markup import escape

    from workbench.cli.tables import print_table, table_of
    from workbench.errors import one_line
    from workbench.record import FUSED
    from workbench.wording import MISSING

    table = table_of("operator", "type", "kernel", "output", *FIGURES, figures=(*FIGURES, "output"))
    for row in found.slowest[:OPERATORS_SHOWN]:
        name = row.name.partition(FUSED)[0] or MISSING
        words = (name, row.kind, "reference" if row.reference else row.kernel)
        shape = "×".join(map(str, row.shape))
        table.add_row(*(escape(one_line(word, LONGEST_NAME)) for word in words), shape, *_figures(found, [row]))
    print_table(out, table)


def _print_groups(out: Console, found: Profile, heading: str, groups: Sequence[Group]) -> None:
    from rich.markup import escape

    from workbench.cli.tables import print_table, table_of
    from workbench.errors import one_line
    from workbench.wording import format_percent

    table = table_of(heading, "operators", *FIGURES, figures=("operators", *FIGURES))
    for group in groups[:GROUPS_SHOWN]:
        table.add_row(escape(one_line(group.name, LONGEST_NAME)), f"{len(group.rows):,}", *_figures(found, group.rows))
    print_table(out, table)
    if (left := groups[GROUPS_SHOWN:]) and found.operators_seconds:
        share = format_percent(sum(group.seconds for group in left) / found.operators_seconds)
        out.print(f"{len(left):,} others take {share}", style="dim", markup=False)


def _figures(found: Profile, rows: Sequence[OperatorRow]) -> tuple[str, ...]:
    """Return the cells under `FIGURES` of one operator, or of several."""
    from workbench.wording import MISSING, format_bytes, format_number, format_percent, format_seconds_as_ms

    macs, seconds = sum(row.macs for row in rows), None if found.untimed else sum(row.seconds or 0.0 for row in rows)
    moved = sum(row.bytes_moved for row in rows)
    return (
        format_seconds_as_ms(seconds),
        format_percent(found.share(seconds)),
        format_number(macs / 1e6) if macs else MISSING,
        format_number(macs / seconds / 1e9) if macs and seconds else MISSING,
        format_bytes(moved) if moved else MISSING,
        _share_of_roof(found.of_roof(rows)),
    )


def _share_of_roof(share: float | None) -> str:
    """Write how near the roof something is; above, it needs not move what it takes, as a reshape does not."""
    from workbench.wording import format_percent

    return ">100 %" if share is not None and share > 1 else format_percent(share)
