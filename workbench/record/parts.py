"""The parts of a network, by the beginnings that its operators' names have in common."""

import re
from collections.abc import Iterable

SEPARATOR = re.compile(r"[/._:]+")
FUSED = ";"  # between the names of what a converter made one operator of
MOST_PARTS = 12  # that are read at a glance
WHOLE, OTHERS, UNNAMED = "(the whole network)", "(others)", "(without a name)"


def parts_of(timed: Iterable[tuple[str, float]]) -> dict[str, str]:
    """Return the part that each name belongs to.

    The part that takes most is divided by the next word of its names, as long as there are no more than `MOST_PARTS`; where there
    would be, names that stand alone there are put together.

    Args:
        timed: Names of operators, each with the seconds that it takes.

    >>> found = parts_of([("net/stem/conv", 1.0), ("net/head/box", 2.0), ("net/head/score", 3.0)])
    >>> [found[name] for name in ("net/stem/conv", "net/head/box", "net/head/score")]
    ['net/stem', 'net/head/box', 'net/head/score']
    """
    seconds: dict[str, float] = {}
    for name, taken in timed:
        seconds[name] = seconds.get(name, 0.0) + taken
    words = {name: _beginnings(name) for name in seconds}
    parts, done = [(0, list(seconds))], list[tuple[int, list[str]]]()  # each with the number of words that its names share
    others = list[str]()
    while parts:
        parts.sort(key=lambda part: sum(seconds[name] for name in part[1]))
        depth, names = parts.pop()
        below: dict[str, list[str]] = {}
        for name in names:
            below.setdefault(_beginning(words[name], depth + 1), []).append(name)
        free = MOST_PARTS - len(parts) - len(done) - 1  # one is for the others
        alone = [] if len(below) <= free else [name for each in below.values() if len(each) == 1 for name in each]
        several = [each for each in below.values() if alone == [] or len(each) > 1]
        if len(names) > 1 and any(len(words[name]) > depth for name in names) and 0 < len(several) <= free:
            parts += [(depth + 1, each) for each in several]
            others += alone
        else:
            done.append((depth, names))
    found = {name: _beginning(words[name], depth) for depth, names in done for name in names}
    return found | dict.fromkeys(others, OTHERS)


def _beginnings(name: str) -> list[str]:
    """Return the beginnings of a name, each a word longer than the one before.

    >>> _beginnings("net/stage2_expand/Relu;net/other")
    ['net', 'net/stage2', 'net/stage2_expand', 'net/stage2_expand/Relu']
    """
    own = name.partition(FUSED)[0]
    return [*(own[: found.start()] for found in SEPARATOR.finditer(own) if found.start()), own]


def _beginning(words: list[str], count: int) -> str:
    """Return the beginning of so many words, or all of a name that has fewer."""
    return (words[min(count, len(words)) - 1] or UNNAMED) if count else WHOLE
