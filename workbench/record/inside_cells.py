"""A profile as sentences and cells of tables: in the terminal, in reports and in the workbench alike."""

from collections.abc import Sequence

from workbench.errors import one_line
from workbench.record.inside import Group, Lint, OperatorRow, Profile, Roof
from workbench.record.inside_pairs import Pair, kinds_of
from workbench.record.parts import FUSED, UNNAMED
from workbench.wording import MISSING, counted, format_bytes, format_number, format_percent, format_seconds_as_ms, listed

INSIDE_FIGURES = ("ms", "share", "MMAC", "GMAC/s", "moves", "of the roof")
OPERATOR_HEADINGS = ("operator", "type", "kernel", "output", *INSIDE_FIGURES)

LONGEST_NAME, LONGEST_KIND = 60, 24  # characters of an operator's, and of a type's or setting's beside another
KINDS_NAMED = 2  # types of a layer, the slowest
SHARE_NAMED = 0.05  # of the operators' time, from which on a sentence names a type
LONGEST_NAMED = 40


def inside_sums(found: Profile) -> list[str]:
    """Say what a batch takes, and what of that the operators explain."""
    each = f"a batch of {found.batch}" if found.batch > 1 else "a frame"
    median = f"median of {counted(found.runs, 'run')} without a profiler"
    infer = f"infer {format_seconds_as_ms(found.infer_seconds)} ms for {each}, {median}"
    if found.untimed:
        return [infer, f"operators are not timed: {found.untimed}"]

    def part(seconds: float | None) -> str:
        assert seconds is not None, "they were timed"
        return f"{format_seconds_as_ms(seconds)} ms ({format_percent(seconds / found.infer_seconds)})"

    parts = f"operators {part(found.operators_seconds)}, {found.around} {part(found.around_seconds)}"
    return [
        infer,
        f"{parts}, unexplained {part(found.unexplained_seconds)}; operators are timed in a pass of their own",
        f"the roof is what this machine does at best: {roof_words(found.roof)}",
        reach_sentence(found) or "",
    ]


def inside_figures(found: Profile, rows: Sequence[OperatorRow]) -> tuple[str, ...]:
    """Return the cells under `INSIDE_FIGURES` of one operator, or of several."""
    macs, seconds = sum(row.macs for row in rows), None if found.untimed else sum(row.seconds or 0.0 for row in rows)
    moved = sum(row.bytes_moved for row in rows)
    return (
        format_seconds_as_ms(seconds),
        format_percent(found.share(seconds)),
        format_number(macs / 1e6) if macs else MISSING,
        format_number(macs / seconds / 1e9) if macs and seconds else MISSING,
        format_bytes(moved) if moved else MISSING,
        share_of_roof(found.of_roof(rows)),
    )


def operator_cells(found: Profile, row: OperatorRow) -> tuple[str, ...]:
    """Return the cells of an operator under `OPERATOR_HEADINGS`; of those that were fused the first stands for all."""
    words = (row.name.partition(FUSED)[0] or MISSING, row.kind, "reference" if row.reference else row.kernel)
    shape = "×".join(map(str, row.shape))
    return (*(one_line(word, LONGEST_NAME) for word in words), shape, *inside_figures(found, [row]))


def group_cells(found: Profile, group: Group) -> tuple[str, ...]:
    """Return the cells of operators of one type or part: name, how many, `INSIDE_FIGURES`."""
    return (one_line(group.name, LONGEST_NAME), f"{len(group.rows):,}", *inside_figures(found, group.rows))


def pair_headings(what: str, left: str, right: str) -> tuple[str, ...]:
    """Return the headings of two profiles side by side: what stands in a row, both types, both times, how much more."""
    names = [one_line(name, LONGEST_KIND) for name in (left, right)]
    names = names if names[0] != names[1] else ["first", "second"]
    return (what, *names, *(f"{name} ms" for name in names), "more")


def pair_cells(pair: Pair) -> tuple[str, ...]:
    """Return the cells of a pair under `pair_headings`."""
    sides = ((pair.left, pair.left_seconds), (pair.right, pair.right_seconds))
    kinds = (listed([one_line(kind, LONGEST_KIND) for kind in kinds_of(rows)], most=KINDS_NAMED) or MISSING for rows, _ in sides)
    each = (format_seconds_as_ms(seconds) if rows else MISSING for rows, seconds in sides)
    more = f"{'+' if pair.difference > 0 else ''}{format_seconds_as_ms(pair.difference)}"
    return (one_line(pair.name or UNNAMED, LONGEST_NAME), *kinds, *each, more)


def lint_words(found: Profile, lint: Lint) -> str:
    """Say what costs time, with its share of the operators' time, and what to do about it."""
    share = "" if lint.seconds is None else f"{format_percent(found.share(lint.seconds))}: "
    return one_line(f"{share}{lint.what}; {lint.advice}")


def reach_sentence(found: Profile) -> str | None:
    """Say what share of the roof a network reaches, and under which part of it the types that take most stand, each with its share.

    Returns:
        The sentence; `None` where operators were not timed.
    """
    share = found.of_roof(found.operators)
    if found.untimed or share is None:
        return None
    bound: dict[str, list[str]] = {"memory": [], "arithmetic": []}
    for group in found.by_kind:
        if (found.share(group.seconds) or 0.0) >= SHARE_NAMED:
            words = f"{one_line(group.name, LONGEST_NAMED)} ({share_of_roof(found.of_roof(group.rows))})"
            bound["arithmetic" if _is_arithmetic(found, group) else "memory"].append(words)
    parts = [f"{listed(kinds)} {'is' if len(kinds) == 1 else 'are'} bound by {by}" for by, kinds in bound.items() if kinds]
    reached = f"{one_line(found.detector, LONGEST_NAMED)} reaches {share_of_roof(share)} of what this processor can"
    return f"{reached}: {', '.join(parts)}" if parts else reached


def _is_arithmetic(found: Profile, group: Group) -> bool:
    """Whether most of what a type takes at best is for products rather than for bytes."""
    rows = [row for row in group.rows if found.roof.is_arithmetic(row.macs, row.bytes_moved, integers=row.integers)]
    return found.least_seconds(rows) * 2 >= found.least_seconds(group.rows)


def share_of_roof(share: float | None) -> str:
    """Write how near the roof something is; above, it needs not move what it takes, as a reshape does not."""
    return ">100 %" if share is not None and share > 1 else format_percent(share)


def roof_words(roof: Roof) -> str:
    """Say what a machine reaches."""
    parts = [f"{format_number(roof.macs_per_second / 1e9)} GMAC/s in a float32 matrix product"]
    if roof.int8_macs_per_second is not None:
        parts.append(f"{format_number(roof.int8_macs_per_second / 1e9)} in an int8 one ({roof.int8_by})")
    return listed([*parts, f"{format_number(roof.bytes_per_second / 1e9)} GB/s in a copy within its caches"])
