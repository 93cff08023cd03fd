"""How near a network comes to what the processor can, and what bounds its types of operators, as one sentence."""

from workbench.errors import one_line
from workbench.record.inside import Group, Profile, Roof
from workbench.wording import format_number, format_percent, listed

SHARE_NAMED = 0.05  # of the operators' time, from which on a type is named
LONGEST_NAME = 40


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
            words = f"{one_line(group.name, LONGEST_NAME)} ({share_of_roof(found.of_roof(group.rows))})"
            bound["arithmetic" if _is_arithmetic(found, group) else "memory"].append(words)
    parts = [f"{listed(kinds)} {'is' if len(kinds) == 1 else 'are'} bound by {by}" for by, kinds in bound.items() if kinds]
    reached = f"{one_line(found.detector, LONGEST_NAME)} reaches {share_of_roof(share)} of what this processor can"
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
