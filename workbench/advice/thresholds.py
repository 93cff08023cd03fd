"""Cards about score thresholds: where another one finds more of what is there, or less of what is not."""

from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import Theory, draw_up
from workbench.detections import ScoreGain
from workbench.errors import one_line
from workbench.record import Record
from workbench.settings import ClassScores, class_scores
from workbench.wording import counted, format_between, format_change, format_fraction

F1_NOTED = 0.02  # as much as an AP may change without anybody's notice
DRIFT_NOTED = 0.02  # of the scores; less moves hardly a box across a threshold

CLASSES_TOLD, LONGEST_LABEL = 3, 40  # in a card's evidence

SCORE_THEORY: Theory = (
    "AP goes by the order of scores alone; a threshold goes by their size. Rounding to integers moves sizes and keeps the order.",
    "So AP stays as it was while nms.score cuts elsewhere: more is missed, or more is false.",
    "F1 weighs a miss and a false detection alike. A higher threshold always costs some AP, which counts what scores little too.",
)


def score_misplaced(pool: Pool, record: Record) -> Card | None:
    """Say where another score threshold brings F1, stated on images that had no part in choosing it."""
    gains = record.accuracy.score_gains if record.accuracy is not None else ()
    gain = next((one for one in gains if one.class_id is None and pays(one)), None)
    if gain is None:
        return None
    now = record.settings.nms.score
    if isinstance(now, ClassScores):
        return None
    step = f"{'raise' if gain.score > now else 'lower'} nms.score to {gain.score:g}"
    f1 = f"{format_fraction(gain.before)} to {format_fraction(gain.after)}"
    return draw_up(
        pool,
        record,
        "score-misplaced",
        title="Another score threshold finds more that is right",
        finding=f"In {pool.label(record)}, {step}: F1 {f1}.",
        evidence=f"{cross_fitted(gain)} nms.score is {now:g}.{_drift(record)}",
        change={"nms.score": gain.score},
        theory=SCORE_THEORY,
    )


def class_scores_misplaced(pool: Pool, record: Record) -> Card | None:
    """Say for which classes a score threshold of their own brings F1."""
    labels, now = record.detector.labels, record.settings.nms.score
    gains = record.accuracy.score_gains if record.accuracy is not None else ()
    paying = [one for one in gains if one.class_id is not None and one.class_id < len(labels) and pays(one)]
    if not paying or len(labels) < 2:
        return None
    others, known = (now.others, now.by_name) if isinstance(now, ClassScores) else (now, {})
    scores = class_scores(others, {**known, **{labels[one.class_id or 0]: one.score for one in paying}})
    best = sorted(paying, key=lambda one: one.before - one.after)
    told = [
        f"{one_line(labels[one.class_id or 0], LONGEST_LABEL)} at {one.score:g}, F1 {format_fraction(one.before)} to"
        f" {format_fraction(one.after)} {format_between(one.interval)}"
        for one in best[:CLASSES_TOLD]
    ]
    more = f" {counted(len(best) - len(told), 'other class', 'other classes')} too." if len(best) > len(told) else ""
    return draw_up(
        pool,
        record,
        "class-scores-misplaced",
        title="Some classes want a score threshold of their own",
        finding=f"In {pool.label(record)}, {told[0].partition(' [')[0]}.",
        evidence=f"{'; '.join(told)}: gains on images that had no part in choosing the threshold.{more} nms.score is {now:g}.",
        change={"nms.score": f"{scores:g}"},
        theory=SCORE_THEORY,
    )


def pays(gain: ScoreGain) -> bool:
    """Tell whether a threshold brings as much as is noted, and surely something."""
    return gain.after - gain.before >= F1_NOTED and gain.interval.low > 0


def cross_fitted(gain: ScoreGain) -> str:
    """Say how much is gained, how sure that is, and on what it was judged."""
    change = f"{format_change(gain.after - gain.before)} {format_between(gain.interval)}"
    return f"F1 at IoU .50, mean of the classes: {change}, on images that had no part in choosing the threshold."


def _drift(record: Record) -> str:
    """Say how far the scores moved against those of the record that they were matched with, where that is noted."""
    agreed = record.agreement
    if agreed is None or agreed.score_drift is None or abs(agreed.score_drift) < DRIFT_NOTED:
        return ""
    moved = f"{format_fraction(abs(agreed.score_drift))} {'higher' if agreed.score_drift > 0 else 'lower'}"
    return f" Of boxes that both find, its scores are {moved} than those of {agreed.baseline}."
