"""`workbench profile`: where inside a network the time goes, operator by operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Allow, HistoryFile, JsonFile, MediaArgument, Model, Overlay, Sets, Signature, variant_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from workbench.profile import Group, OperatorRow, Profile

OPERATORS_SHOWN, GROUPS_SHOWN = 20, 15  # the slowest; --json has all
FIGURES = ("ms", "share", "MMAC", "GMAC/s", "moves", "of the roof")
LONGEST_NAME = 60  # characters of an operator's
FUSED = ";"  # between the names of those that a converter made one of: the first stands for them


def profile(
    model: Model = None,
    media: MediaArgument = None,
    preset: Annotated[str | None, typer.Option(metavar="P", help="litert, litert-int8, graph, xla or fast, and changes.")] = None,
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
    from workbench.errors import UnavailableError
    from workbench.files import node_data, write_whole
    from workbench.opening import Sources
    from workbench.profile import Job, run_profile, why_not_profiled

    sources = Sources(detector=model, media=media, allow=tuple(allow or ()), signature=signature).opened(1)
    detector, _ = sources.open()
    chosen = read_variant(detector, variant_text(preset or "litert", sets), sources, 1, history)
    if reason := why_not_profiled(chosen.settings):
        raise UnavailableError(reason)
    job = Job(sources=sources.in_words(), settings=chosen.settings)
    with progress() as tell:
        found = run_profile(job, lambda step: tell(step, 0, 0))
    out = console(json_file)
    print_profile(out, found)
    if overlay is not None:
        write_whole(overlay, node_data((row.name, 1000 * (row.seconds or 0.0)) for row in found.operators if not found.untimed))
        out.print(f"overlay: {overlay}; ms of operators, by the tensors that they give", markup=False)
    write_json(json_file, found.model_dump(mode="json"))


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
