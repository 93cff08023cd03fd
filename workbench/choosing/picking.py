"""From the rows of a history to the setting to run. Pure: it opens nothing, measures nothing and prints nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from workbench.choosing.budget import WEIGHED, Budget, Limit, Margin
from workbench.detections import ApChange, JudgedBy
from workbench.errors import one_line
from workbench.history import Summary, of_newest_truth
from workbench.record import AP_LOSS_NOTED, SCREENING_ERROR, Record, accuracy_against, fastest_first
from workbench.wording import counted, format_milliseconds

NEAR_MISSES = 3  # more would be the history again


class Choice(NamedTuple):
    """A setting, the figures that limits are for, and how it stands against each limit; `None` is not known."""

    summary: Summary
    ms: float | None
    """Of a frame: the median or the p95, as asked."""
    fps: float | None
    """For the median the frames over the sum of their times, slow ones included; for the p95 what 95 of 100 frames keep up with."""
    ap_loss: float | None
    """Against the most accurate setting, or the baseline; negative where it is better than that."""
    agreement: float | None
    """With the baseline of its run; a baseline agrees with itself."""
    reference: Summary | None
    """What the loss is counted from."""
    margins: tuple[Margin, ...]

    @property
    def missed(self) -> tuple[Margin, ...]:
        """The limits that it does not keep, or is not known to keep."""
        return tuple(margin for margin in self.margins if not margin.met)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        figures = {"ms": self.ms, "fps": self.fps, "ap_loss": self.ap_loss, "agreement": self.agreement}
        return {"record": self.summary.tree(), **figures, "margins": [margin._asdict() for margin in self.margins]}


class Relaxation(NamedTuple):
    """One limit that, moved so far, lets a setting through that keeps all others."""

    limit: str
    wanted: float
    needed: float
    choice: Choice

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**self._asdict(), "choice": self.choice.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pick:
    """What a budget comes to.

    Attributes:
        budget: What was asked.
        chosen: The fastest setting measured whole that keeps it; `None` where none does.
        unconfirmed: The fastest by composed times that keeps it, where they beat the chosen one by more than they err.
        runner_up: The fastest of the others that keep it: one of another detector, size, engine or precision where there is one.
        near_misses: Settings that miss one limit, the nearest first; where there is a choice, only faster ones than that.
        relaxations: Where none keeps the budget: each limit that would have to give way, and to what.
        nearest: Where none keeps it: the setting that misses least in all.
        baseline: What AP losses are counted from, where it was named.
        candidates: How many settings were looked at.
        unusable: How many more break the detector or did not run.
        unweighed: The fastest setting that keeps all other limits and was not weighed, where a limit is for that and it is faster
            than what is chosen.
        unknown: By limit: how many of the candidates lack the figure that it is for.
    """

    budget: Budget
    chosen: Choice | None
    unconfirmed: Choice | None
    runner_up: Choice | None
    near_misses: tuple[Choice, ...]
    relaxations: tuple[Relaxation, ...]
    nearest: Choice | None
    baseline: Summary | None
    candidates: int
    unusable: int
    unweighed: Choice | None
    unknown: dict[str, int]

    def __repr__(self) -> str:
        """Say in a line what it is; `sentence` says how it keeps the budget, `to_dict` has all of it."""
        if self.chosen is None:
            return f"<Pick: none of {counted(self.candidates, 'setting')} keeps the budget>"
        row, ms = self.chosen.summary, format_milliseconds(self.chosen.ms)
        return one_line(f"<Pick: {row.detector_name} {row.name}, {ms} ms a frame>")

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        chosen, unconfirmed, runner_up, nearest, unweighed = (
            choice.to_dict() if choice else None
            for choice in (self.chosen, self.unconfirmed, self.runner_up, self.nearest, self.unweighed)
        )
        return {
            "budget": {name: getattr(self.budget, name) for name in self.budget.__slots__},
            "chosen": chosen,
            "unconfirmed": unconfirmed,
            "runner_up": runner_up,
            "near_misses": [choice.to_dict() for choice in self.near_misses],
            "relaxations": [one.to_dict() for one in self.relaxations],
            "nearest": nearest,
            "candidates": self.candidates,
            "unusable": self.unusable,
            "unweighed": unweighed,
            "unknown": self.unknown,
        }


def pick(summaries: Iterable[Summary], budget: Budget, *, machine_id: str | None = None, baseline: Summary | None = None) -> Pick:
    """Pick the fastest setting that keeps a budget.

    Of one setting (a detector's file under the same settings on the same frames) one row counts: one measured directly before a
    composed one, of those the newest that was not noisy; none whose AP is of another truth than the newest AP. Where the newest
    breaks the detector or did not run, the setting is out.
    Composed times decide nothing: they only tell what is worth measuring whole. A function of the user's is no setting to run.

    Args:
        summaries: In the order in which they were measured; of one set of frames, or the figures mean nothing together.
        budget: What to keep.
        machine_id: Whose times count; rows of other machines tell only the best AP. `None`: all are of one machine.
        baseline: Count AP losses from this row. Otherwise they are counted from the best AP that any row reached on the same truth
            with a detector of the same classes.
    """
    settings, found = _choices(summaries, budget, machine_id, baseline)
    choices = _fastest_first(found)
    whole = [choice for choice in choices if not choice.summary.composed]
    feasible = [choice for choice in whole if not choice.missed]
    chosen = feasible[0] if feasible else None
    return Pick(
        budget=budget,
        chosen=chosen,
        unconfirmed=_unconfirmed(choices, chosen),
        runner_up=_runner_up(feasible),
        near_misses=_near_misses(choices, chosen),
        relaxations=() if chosen else tuple(_relaxations(whole, budget.limits)),
        nearest=None if chosen else min(whole, key=_miss, default=None),
        baseline=baseline,
        candidates=len(found),
        unusable=settings - len(found),
        unweighed=_unweighed(choices, chosen),
        unknown=_unknown(found, budget),
    )


def choices_of(summaries: Iterable[Summary], budget: Budget, *, baseline: Summary) -> list[Choice]:
    """Return all settings that count, the fastest first, and how each stands against a budget; see `pick`."""
    return _fastest_first(_choices(summaries, budget, None, baseline)[1])


def _choices(
    summaries: Iterable[Summary], budget: Budget, machine_id: str | None, baseline: Summary | None
) -> tuple[int, list[Choice]]:
    """Return how many settings there are, and those that count."""
    rows = tuple(summaries)
    settings = _by_setting(row for row in rows if machine_id in {None, row.machine_id} and not row.is_a_function)
    standing = [row for row in map(_standing, settings) if row is not None]
    best, baselines = _best_ap(rows, baseline), {row.agreement_baseline for group in settings for row in group}
    if baseline is not None:
        baselines.add(baseline.name)  # nothing may have been measured after it yet
    return len(settings), [_choice(row, budget, best, baselines) for row in standing]


def _fastest_first(found: Iterable[Choice]) -> list[Choice]:
    """Sort those that have a time."""
    return fastest_first((one for one in found if one.ms is not None), lambda choice: (choice.ms, choice.summary.ap))


def accuracy_of_choice(picked: Pick, get: Callable[[str], Record]) -> ApChange | None:
    """Return how sure the chosen setting's loss of AP is; `None` where nothing is chosen, or no record holds what tells it.

    Args:
        picked: The pick.
        get: Gives a record by its id.
    """
    chosen = picked.chosen
    if chosen is None or chosen.reference is None:
        return None
    limit = picked.budget.max_ap_loss
    tolerance = AP_LOSS_NOTED if limit is None else limit
    return accuracy_against(get(chosen.summary.id), get(chosen.reference.id), tolerance)


def _by_setting(rows: Iterable[Summary]) -> list[list[Summary]]:
    groups: dict[tuple[str, str, str], list[Summary]] = {}
    for row in rows:
        groups.setdefault((row.detector_sha256, row.media_key, row.settings_key), []).append(row)
    return list(groups.values())


def _standing(rows: Sequence[Summary]) -> Summary | None:
    """Return the row that counts for a setting, if any."""
    judged = of_newest_truth(rows)
    known = [row for row in judged if not row.composed] or judged
    if not known[-1].sound:
        return None
    sound = [row for row in known if row.sound]
    return ([row for row in sound if row.noise != "noisy"] or sound)[-1]


Question = tuple[str, JudgedBy]
"""What APs can be compared on: the classes, and the truth."""


def _best_ap(rows: Iterable[Summary], baseline: Summary | None) -> dict[Question, Summary]:
    best: dict[Question, Summary] = {}
    for row in rows if baseline is None else (baseline,):
        if row.ap is not None and row.judged_by is not None and row.problem is None:
            so_far = best.get(question := (row.labels_key, row.judged_by))
            if so_far is None or row.ap > (so_far.ap or 0.0):
                best[question] = row
    return best


def _reference(row: Summary, best: dict[Question, Summary]) -> Summary | None:
    """Return the row with the best AP of those that a row's AP can be compared with."""
    by = row.judged_by
    same = (one for (labels, other), one in best.items() if by and labels == row.labels_key and by.is_same_truth(other))
    return max(same, key=lambda one: one.ap or 0.0, default=None)


def _choice(row: Summary, budget: Budget, best: dict[Question, Summary], baselines: Set[str | None]) -> Choice:
    reference = _reference(row, best)
    ms, fps = (row.median_ms, row.fps) if budget.stat == "median" else (row.p95_ms, 1000.0 / row.p95_ms if row.p95_ms else None)
    loss = None if row.ap is None or reference is None or reference.ap is None else reference.ap - row.ap
    agreement = 1.0 if row.agreement is None and row.name in baselines else row.agreement
    reached = {
        "min_fps": fps,
        "max_ms": ms,
        "max_ap_loss": loss,
        "min_agreement": agreement,
        "max_memory": row.peak_bytes,
        "max_startup": row.startup_seconds,
    }
    margins = tuple(limit.margin(reached[limit.name]) for limit in budget.limits)
    return Choice(row, ms, fps, loss, agreement, reference, margins)


def _unconfirmed(choices: Sequence[Choice], chosen: Choice | None) -> Choice | None:
    first = next((choice for choice in choices if choice.summary.composed and not choice.missed), None)
    if first is None or chosen is None or (first.ms or 0.0) * (1 + SCREENING_ERROR) < (chosen.ms or 0.0):
        return first
    return None


def _unweighed(choices: Sequence[Choice], chosen: Choice | None) -> Choice | None:
    """Return the fastest setting of which nothing is missed but what weighing would tell; none that is slower than the choice."""
    for choice in choices:
        if choice is chosen:
            return None
        if choice.missed and all(margin.limit in WEIGHED and margin.got is None for margin in choice.missed):
            return choice
    return None


def _miss(choice: Choice) -> tuple[float, float]:
    return sum(margin.miss for margin in choice.margins), choice.ms or 0.0


def _kind(choice: Choice) -> tuple[object, ...]:
    """Return what makes a setting another one to people; a further NMS threshold does not."""
    row = choice.summary
    return row.detector_sha256, row.height, row.width, row.engine, row.precision


def _runner_up(feasible: Sequence[Choice]) -> Choice | None:
    others = feasible[1:]
    return next((choice for choice in others if _kind(choice) != _kind(feasible[0])), others[0] if others else None)


def _near_misses(choices: Sequence[Choice], chosen: Choice | None) -> tuple[Choice, ...]:
    faster = choices[: choices.index(chosen)] if chosen else choices
    near = sorted((choice for choice in faster if len(choice.missed) == 1 and choice.missed[0].got is not None), key=_miss)
    first_of_its_kind = {_kind(choice): choice for choice in reversed(near)}
    return tuple(choice for choice in near if first_of_its_kind[_kind(choice)] is choice)[:NEAR_MISSES]


def _relaxations(choices: Sequence[Choice], limits: Sequence[Limit]) -> Iterator[Relaxation]:
    for position, limit in enumerate(limits):
        let_through = [
            choice
            for choice in choices
            if choice.margins[position].got is not None and [margin.limit for margin in choice.missed] == [limit.name]
        ]
        if let_through:
            best = min(let_through, key=lambda choice: choice.margins[position].miss)
            got = best.margins[position].got
            assert got is not None, "those without a figure were left out"
            yield Relaxation(limit.name, limit.wanted, limit.relaxed_to(got), best)


def _unknown(found: Sequence[Choice], budget: Budget) -> dict[str, int]:
    whole = [one for one in found if not one.summary.composed]  # what is composed has to be measured before it can be weighed
    lacking = {
        limit.name: sum(one.margins[position].got is None for one in (whole if limit.name in WEIGHED else found))
        for position, limit in enumerate(budget.limits)
    }
    if budget.stat == "p95":
        lacking[budget.stat] = sum(one.ms is None for one in found)
    return {name: count for name, count in lacking.items() if count}
