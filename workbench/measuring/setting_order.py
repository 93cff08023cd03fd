"""Between two settings: in which order what differs is changed, one setting at a time, and what has to change together."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations
from typing import NamedTuple, TypeVar

from workbench.settings import Settings

FIRST = "runtime.engine"  # it brings most, and decides what others can be
FEED_MODE, FEED = "feed.mode", "feed."  # where the first differs, settings that begin so mean nothing without it

T = TypeVar("T")
Names = tuple[str, ...]
"""Settings that change as one step, as `group.field`."""


class Order(NamedTuple):
    """The same steps in two orders."""

    forward: tuple[Names, ...]
    reverse: tuple[Names, ...]


class RefusedError(Exception):
    """Settings between both ends pass all that is known before, and a runtime refuses them all the same."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(str(settings))
        self.settings = settings


def measure_both_ways(
    base: Settings,
    chosen: Settings,
    can: Callable[[Settings], bool],
    measure: Callable[[Settings, Settings, str], T],
    enough: Callable[[], bool] = lambda: False,
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Measure each step from one setting to another in the orders of `order_steps`, none of them twice.

    Args:
        base: Where the steps begin.
        chosen: Where they end.
        can: Whether the detector and this machine can take settings.
        measure: Measures the step between two settings, which is called as the last word says; where it raises `RefusedError`,
            there is another way round those settings, and what was measured counts there too.
        enough: Asked before each step; where it says so, no step of the reverse order begins, and what there is of it is let go.

    Returns:
        What was measured in the stated order and in the reverse one; that is empty where there is no other order, or no time.
    """
    refused: set[Settings] = set()
    measured: dict[tuple[Settings, Settings], T] = {}
    while True:
        order = order_steps(base, chosen, lambda settings: settings not in refused and can(settings))
        ways = (order.forward, order.reverse if order.reverse != order.forward else ())
        forward, reverse = (tuple(_pairs(base, chosen, steps)) for steps in ways)
        try:
            for number, pair in enumerate(chain(forward, reverse), start=1):
                if pair in measured:
                    continue
                total = len(forward) if enough() else len(forward) + len(reverse)
                if number > total:
                    return tuple(measured[pair] for pair in forward), ()
                measured[pair] = measure(*pair, f"step {number} of {total}")
        except RefusedError as error:
            refused.add(error.settings)
        else:
            return tuple(measured[pair] for pair in forward), tuple(measured[pair] for pair in reverse)


def _pairs(base: Settings, chosen: Settings, steps: Sequence[Names]) -> Iterator[tuple[Settings, Settings]]:
    before = base
    for names in steps:
        after = apply(names, before, chosen)
        yield before, after
        before = after


def order_steps(base: Settings, chosen: Settings, can: Callable[[Settings], bool]) -> Order:
    """Return the steps from one setting to another: the engine first, then in the order of the settings; and the other way round.

    A setting that cannot be changed yet waits for its turn until it can. Only where none of those left can be changed alone,
    the fewest that can change together. Both orders have the same steps: what has to go together in one does so in both.

    Args:
        base: Where the steps begin; it can be taken.
        chosen: Where they end; it can be taken too.
        can: Whether the detector and this machine can take settings.
    """
    steps = _steps(base, chosen)
    while True:
        forward = _walk(base, chosen, steps, can)
        reverse = _walk(base, chosen, forward[::-1], can)
        coarsest = min(forward, reverse, key=len)
        if len(coarsest) == len(steps):
            return Order(forward, reverse)
        steps = tuple(sorted(coarsest, key=_place))  # what goes together has its own turn, and both orders have it


def apply(names: Names, settings: Settings, chosen: Settings) -> Settings:
    """Return settings with some taken from those chosen."""
    values = chosen.flat()
    return settings.with_values({name: values[name] for name in names})


def _place(names: Names) -> tuple[bool, int]:
    order = list(Settings().flat())
    return FIRST not in names, min(map(order.index, names))


def _steps(base: Settings, chosen: Settings) -> tuple[Names, ...]:
    before, after = base.flat(), chosen.flat()
    left = [name for name in before if before[name] != after[name]]
    fed = tuple(name for name in left if FEED_MODE in left and name.startswith(FEED))
    return tuple(sorted([*([fed] if fed else []), *((name,) for name in left if name not in fed)], key=_place))


def _walk(base: Settings, chosen: Settings, steps: Sequence[Names], can: Callable[[Settings], bool]) -> tuple[Names, ...]:
    left, settings = list(steps), base
    walked = []
    while left:
        together = _next(settings, chosen, left, can)
        left = [names for names in left if names not in together]
        names = tuple(name for name in Settings().flat() if any(name in one for one in together))
        settings = apply(names, settings, chosen)
        walked.append(names)
    return tuple(walked)


def _next(settings: Settings, chosen: Settings, left: Sequence[Names], can: Callable[[Settings], bool]) -> tuple[Names, ...]:
    for count in range(1, len(left)):
        for together in combinations(left, count):
            if can(apply(tuple(name for names in together for name in names), settings, chosen)):
                return together
    return tuple(left)
