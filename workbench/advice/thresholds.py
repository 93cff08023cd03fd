"""Cards about score thresholds: where another one finds more of what is there, or less of what is not."""

from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import Theory, draw_up
from workbench.detections import ScoreGain
from workbench.errors import one_line
from workbench.record import Record, label_of
from workbench.settings import ClassScores, class_scores
from workbench.wording import counted, format_between, format_change, format_fraction

F1_NOTED = 0.02  # as much as an AP may change without anybody's notice
DRIFT_NOTED = 0.02  # of the scores; less moves hardly a box across a threshold

JUDGED = "F1 at IoU .50, on images that had no part in choosing the threshold"
CLASSES_TOLD, LONGEST_LABEL = 3, 40  # in a card's evidence

SCORE_THEORY: Theory = (
    "AP goes by the order of scores alone; a threshold goes by their size. Rounding to integers moves sizes and keeps the order.",
    "So AP stays as it was while nms.score cuts elsewhere: more is missed, or more is false.",
    "F1 weighs a miss and a false detection alike. A higher threshold always costs some AP, which counts what scores little too.",
)


def score_misplaced(pool: Pool, record: Record) -> Card | None:
    """Say where another score threshold brings F1, stated on images that had no part in choosing it."""
    gains = record.accuracy.score_gains if record.accuracy is not None else ()
    gain = next((one for one in gains if one.class_id is None and _pays(one)), None)
    if gain is None:
        return None
    now = record.settings.nms.score
    if isinstance(now, ClassScores):
        return None
    step = f"{'raise' if gain.score > now else 'lower'} nms.score to {gain.score:g}"
    return draw_up(
        pool,
        record,
        "score-misplaced",
        title="Another score threshold finds more that is right",
        finding=f"In {pool.label(record)}, {step}: F1 {_f1(gain)}.",
        evidence=f"{JUDGED}: {_sure(gain)}, mean of the classes. nms.score is {now:g}.{_drift(record)}",
        change={"nms.score": gain.score},
        theory=SCORE_THEORY,
    )


def class_scores_misplaced(pool: Pool, record: Record) -> Card | None:
    """Say for which classes a score threshold of their own brings F1."""
    labels, now = record.detector.labels, record.settings.nms.score
    gains = record.accuracy.score_gains if record.accuracy is not None else ()
    paying = [(label_of(labels, one.class_id), one) for one in gains if one.class_id is not None and _pays(one)]
    if not paying or len(labels) < 2:
        return None
    others, known = (now.others, now.by_name) if isinstance(now, ClassScores) else (now, {})
    scores = class_scores(others, {**known, **{label: one.score for label, one in paying}})
    paying.sort(key=lambda row: row[1].before - row[1].after)
    told = [f"{one_line(label, LONGEST_LABEL)} at {one.score:g}: {_sure(one)}" for label, one in paying[:CLASSES_TOLD]]
    more = f"; {counted(len(paying) - len(told), 'class', 'classes')} more" if len(paying) > len(told) else ""
    label, most = paying[0]
    step = f"nms.score of {one_line(label, LONGEST_LABEL)} from {known.get(label, others):g} to {most.score:g}"
    return draw_up(
        pool,
        record,
        "class-scores-misplaced",
        title="Some classes do better with a score threshold of their own",
        finding=f"In {pool.label(record)}, {step}: F1 {_f1(most)}.",
        evidence=f"{JUDGED}: {'; '.join(told)}{more}.",
        change={"nms.score": f"{scores:g}"},
        theory=SCORE_THEORY,
    )


def _sure(gain: ScoreGain) -> str:
    return f"{format_change(gain.after - gain.before)} {format_between(gain.interval)}"


def _f1(gain: ScoreGain) -> str:
    return f"{format_fraction(gain.before)} to {format_fraction(gain.after)}"


def _pays(gain: ScoreGain) -> bool:
    """Tell whether a threshold brings as much as is noted, and surely something."""
    return gain.after - gain.before >= F1_NOTED and gain.interval.low > 0


def _drift(record: Record) -> str:
    """Say how far the scores moved against those of the record that they were matched with, where that is noted."""
    agreed = record.agreement
    if agreed is None or agreed.score_drift is None or abs(agreed.score_drift) < DRIFT_NOTED:
        return ""
    moved = f"{format_fraction(abs(agreed.score_drift))} {'higher' if agreed.score_drift > 0 else 'lower'}"
    return f" Of boxes that both find, its scores are {moved} than those of {agreed.baseline}."
