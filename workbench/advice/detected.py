"""Cards about what is found: thresholds that flood NMS, limits that cut frames off, classes that hide each other, small objects."""

from workbench.advice.arithmetic import amdahl, of_frame, share, stage
from workbench.advice.card import Card, Expected
from workbench.advice.pool import NAMES_TOLD, Pool
from workbench.advice.rule import AP_CHANGE_NOTED, Theory, draw_up
from workbench.detections import match
from workbench.record import AP_LOSS_NOTED, Record, ap, ap_change
from workbench.settings import ClassScores
from workbench.wording import counted, format_change, format_fraction, format_number, format_seconds_as_ms, listed

LOW_SCORE = 0.05  # what evaluations keep to; what scores less hardly changes AP, and there is far more of it
FLOOD = 300.0  # candidates a frame; real scenes leave some tens, and NMS compares each with each
FLOOD_SHARE = 0.05  # of the frame that NMS takes; below it the flood does no harm
HALF = 0.5  # of the NMS time that a higher threshold has to save where nobody counted candidates
USUAL_MOST = 100  # detections that COCO's evaluation keeps of a frame
MOST = 10_000  # that settings allow

SCORE_THEORY: Theory = (
    "Only candidates that score more than nms.score go into NMS, for the price of one comparison each.",
    "Those above are sorted, and compared with every box that is kept: many candidates make NMS slow, and slow in crowded frames.",
    "What scores so low is rarely right: AP hardly changes up to a threshold of about .05, and nobody draws such boxes.",
)
MOST_THEORY: Theory = (
    "nms.max_detections ends NMS when so many boxes are kept, best first; what comes after is lost without a word.",
    "Many libraries default to 10, which suits demonstrations and fails in crowded frames.",
    "A larger limit costs time only in frames that need it.",
)
CLASSES_THEORY: Theory = (
    "Without nms.per_class a box also suppresses boxes of other classes that overlap it.",
    "A scratch on a dent, or a person on a bicycle, are two objects in one place: the one that scores less is lost.",
    "With nms.per_class every class is thinned out by itself; one object may then be found as two classes.",
)
SMALL_THEORY: Theory = (
    "A network sees an object through its strides: what is smaller than a few pixels at its input leaves no trace.",
    "Resizing a frame to half its sides leaves a quarter of an object's pixels.",
    "Inference takes about as many times longer as the input has more pixels.",
)
BREAKS_THEORY: Theory = (
    "Agreement holds a setting's boxes against the baseline's on the same frames: F1, a pair overlapping by half or more.",
    "A conversion, a range or a colour order that goes wrong leaves most boxes without a partner, or AP below half.",
    "How fast such a setting is says nothing, so it is never picked and never evidence for another one.",
)
PAID_THEORY: Theory = (
    "Small objects cover few pixels at the network's input, and score less than large ones.",
    "Whatever blurs, rounds or shrinks a little takes them first; the AP of all objects hides that.",
    "Look at the AP of small objects where they are what counts.",
)


def breaks(pool: Pool, record: Record) -> Card | None:
    """Name the settings that break the detector."""
    if not record.broken:
        return None
    rows = [one for one in pool.records if one.broken]
    told = [f"{pool.label(one)}: {'; '.join(one.agreement.reasons) if one.agreement else ''}" for one in rows[:NAMES_TOLD]]
    named = listed([pool.label(one) for one in rows], most=NAMES_TOLD)
    return draw_up(
        pool,
        record,
        "breaks",
        title="The detector breaks",
        finding=f"{named} break{'s' if len(rows) == 1 else ''} the detector, however fast.",
        evidence=f"{'. '.join(told)}.",
        theory=BREAKS_THEORY,
    )


def small_objects_paid(pool: Pool, record: Record) -> Card | None:
    """Name the setting that loses most AP of small objects against this one, where small ones lose more than all."""
    losses = [(loss, other) for other in pool.records if (loss := _small_loss(other, record)) is not None]
    if not losses:
        return None
    loss, worst = max(losses, key=lambda row: row[0])
    new, old = worst.accuracy, record.accuracy
    assert new is not None, "it has a loss"
    assert old is not None, "as above"
    figures = f"AP of small objects {format_fraction(old.ap_small)} to {format_fraction(new.ap_small)}"
    others = (
        f" {counted(len(losses) - 1, 'other setting')} lose{'s' if len(losses) == 2 else ''} there too." if len(losses) > 1 else ""
    )
    return draw_up(
        pool,
        worst,
        "small-objects-paid",
        title="Small objects pay for the speed",
        finding=f"{pool.label(worst)} pays with small objects: {format_change(-loss)} AP.",
        evidence=f"{figures}, of all {format_fraction(old.ap)} to {format_fraction(new.ap)}.{others}",
        theory=PAID_THEORY,
    )


def _small_loss(record: Record, baseline: Record) -> float | None:
    """Return the AP of small objects that is lost, where it is noted and more than what all objects lose."""
    change = ap_change(record, baseline)
    small = ap_change(record, baseline, "ap_small")
    if record.broken or change is None or small is None:
        return None
    return -small if -small > max(AP_LOSS_NOTED, -change) else None


def score_floods_nms(pool: Pool, record: Record) -> Card | None:
    """Say where a low threshold sends crowds of candidates into NMS."""
    score = record.settings.nms.score
    if share(record, "nms") < FLOOD_SHARE or isinstance(score, ClassScores):
        return None
    own = stage(record, "nms") or 0.0
    stricter = [other for other in pool.siblings(record, ("nms.score",)) if other.settings.nms.score > score]
    quick = next((other for other in stricter if (stage(other, "nms") or own) <= HALF * own), None)
    candidates = record.engine.candidates if record.engine is not None else None
    flooded = candidates is not None and candidates >= FLOOD and score < LOW_SCORE
    if not flooded and (candidates is not None or quick is None or score >= LOW_SCORE):
        return None
    told = f"nms.score is {score:g}. The NMS stage takes {of_frame(record, 'nms')}."
    if quick is not None:
        told += f" {pool.label(quick)}, with {quick.settings.nms.score:g}, takes {format_seconds_as_ms(stage(quick, 'nms'))} ms"
        told += f"{_both_aps(record, quick)}."
    many = f"sends {format_number(candidates)} candidates a frame into" if candidates is not None else "floods"
    frames = len(record.detections)
    kept = f", which leaves {format_number(_boxes(record) / frames)}" if frames and candidates is not None else ""
    return draw_up(
        pool,
        record,
        "score-floods-nms",
        title="A low score threshold floods NMS",
        finding=f"{pool.label(record)} {many} NMS{kept}.",
        evidence=told,
        expected=amdahl(record, ("nms",), stage(quick, "nms") if quick is not None else None),
        change={"nms.score": quick.settings.nms.score if quick is not None else LOW_SCORE},
        theory=SCORE_THEORY,
    )


def max_detections_trap(pool: Pool, record: Record) -> Card | None:
    """Say where frames are full up to the limit on detections."""
    most = record.settings.nms.max_detections
    full = sum(len(row.scores) >= most for row in record.detections)
    if not full or most >= MOST:
        return None
    larger = next(
        (other for other in pool.siblings(record, ("nms.max_detections",)) if other.settings.nms.max_detections > most), None
    )
    told = f"nms.max_detections is {most}, and that many boxes are found there."
    if larger is not None:
        more = max(_boxes(larger) - _boxes(record), 0)
        told += f" {pool.label(larger)}, with {larger.settings.nms.max_detections}, finds {counted(more, 'box', 'boxes')} more"
        told += f"{_both_aps(record, larger)}."
    wanted = larger.settings.nms.max_detections if larger is not None else min(MOST, max(USUAL_MOST, 4 * most))
    return draw_up(
        pool,
        record,
        "max-detections-trap",
        title="The limit on detections cuts frames off",
        finding=f"In {pool.label(record)}, {full} of {counted(len(record.detections), 'frame')} hold as many boxes as may be.",
        evidence=told,
        change={"nms.max_detections": wanted},
        theory=MOST_THEORY,
    )


def _both_aps(record: Record, other: Record) -> str:
    figures = f"; AP {format_fraction(ap(record))} and {format_fraction(ap(other))}"
    return figures if ap_change(other, record) is not None else ""


def _boxes(record: Record) -> int:
    return sum(len(row.scores) for row in record.detections)


def class_agnostic_trap(pool: Pool, record: Record) -> Card | None:
    """Say where boxes of one class suppress those of another."""
    if record.settings.nms.per_class:
        return None
    other = pool.twin(record, {"nms.per_class": True})
    if other is None:
        return None
    lost, seen = _lost(record, other)
    gain = ap_change(other, record)
    if not lost and (gain is None or gain <= AP_CHANGE_NOTED):
        return None
    told = f"Of {counted(seen, 'box', 'boxes')} in {pool.label(other)}, {lost} have no counterpart." if seen else ""
    apart = f" AP {format_fraction(ap(record))}, and {format_fraction(ap(other))} with every class by itself."
    figures = apart if gain is not None else ""
    return draw_up(
        pool,
        record,
        "class-agnostic-trap",
        title="Boxes of one class suppress those of another",
        finding=f"{pool.label(record)} loses boxes that {pool.label(other)} finds: nms.per_class is off.",
        evidence=(told + figures).strip(),
        change={"nms.per_class": True},
        theory=CLASSES_THEORY,
    )


def _lost(record: Record, other: Record) -> tuple[int, int]:
    """Count the boxes of the other record without a partner in this one, and all of its boxes, in frames that both kept."""
    own = {row.frame: row.detections() for row in record.detections}
    rows = [(own[row.frame], row.detections()) for row in other.detections if row.frame in own]
    return sum(len(theirs) - len(match(ours, theirs)) for ours, theirs in rows), sum(len(theirs) for _, theirs in rows)


def small_objects_lost(pool: Pool, record: Record) -> Card | None:
    """Say where a larger input finds small objects that this one loses."""
    own, size = record.accuracy, record.settings.input.size_hw
    if own is None or own.ap_small is None or size is None:
        return None
    best: tuple[float, Record] | None = None
    for other in pool.siblings(record, ("input.size_hw",)):
        gain, larger = ap_change(other, record, "ap_small"), other.settings.input.size_hw
        if gain is None or larger is None:
            continue
        if larger[0] * larger[1] > size[0] * size[1] and gain > AP_LOSS_NOTED and (best is None or gain > best[0]):
            best = gain, other
    if best is None:
        return None
    gain, other = best
    larger = other.settings.input.size_hw
    assert larger is not None, "it was compared above"
    return draw_up(
        pool,
        record,
        "small-objects-lost",
        title="Small objects are lost at this size",
        finding=f"At {size[0]}x{size[1]}, {pool.label(record)} loses {format_fraction(gain)} AP of small objects.",
        evidence=(
            f"AP of small objects (below 32² pixels of the frame) {format_fraction(own.ap_small)}, and"
            f" {format_fraction(own.ap_small + gain)} at {larger[0]}x{larger[1]} in {pool.label(other)}."
        ),
        expected=_scaled(record, larger[0] * larger[1] / (size[0] * size[1])),
        change={"input.size_hw": larger},
        theory=SMALL_THEORY,
    )


def _scaled(record: Record, factor: float) -> Expected | None:
    """Return what a frame takes when inference takes so many times longer."""
    seconds = stage(record, "infer")
    expected = None if seconds is None else amdahl(record, ("infer",), seconds * factor)
    if expected is None:
        return None
    words = f"{expected.arithmetic}; inference grows as the pixels do, {format_number(factor)} times"
    return Expected(ratio=expected.ratio, arithmetic=words, bound=False)
