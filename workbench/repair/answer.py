"""What came out of quantising and repairing, in one sentence: AP or agreement, milliseconds and bytes."""

from collections.abc import Sequence

from workbench.record import Judged
from workbench.wording import format_change, format_fraction, format_number, ratio_words

SCORE_DRIFT = 0.03  # that scores may move by in the mean: thresholds that were tuned still hold


def answer_of(judged: Sequence[Judged], came_out: int, *, in_float: int, blocks: int, limit: float, kept: bool) -> str:
    """Say what the setting that came out is like, beside the float network and plain integers.

    Args:
        judged: All networks, the float one first.
        came_out: Which of them the answer is.
        in_float: Blocks that the repair keeps in float.
        blocks: All of them.
        limit: Of AP that may be lost.
        kept: Whether the network that came out keeps to it.
    """
    right, plain = judged[0], judged[1]
    repaired = next((one for one in judged if one.role == "repaired"), None)
    parts = [f"against {right.name}: {plain.name} {_brings(plain, right)}"]
    if repaired is not None:
        how = f"with {in_float} of {blocks} blocks in float" if in_float else "with other ranges"
        parts.append(f"{how} it {_brings(repaired, right)}")
        if judged[came_out] is not repaired:
            parts.append("that is no better")
    if not kept:
        parts.append(f"more than {format_fraction(limit)} AP, or five times as much agreement")
        parts.extend(f"{one.name} {_brings(one, right)}" for one in judged if one.role == "other")
    return "; ".join(parts)


def _brings(one: Judged, right: Judged) -> str:
    told = []
    if one.ap_change is not None:
        told.append(_loss(one.ap_change.change))
    told.append(f"agrees {format_fraction(one.agreement.ratio)}")
    if abs(drift := one.agreement.score_drift or 0.0) > SCORE_DRIFT:
        told.append(f"moves scores by {format_change(drift)}")
    if one.model_bytes and right.model_bytes:
        ratio = right.model_bytes / one.model_bytes
        told.append(f"is {format_number(max(ratio, 1 / ratio), 2)} times {'smaller' if ratio >= 1 else 'larger'}")
    if one.speed is not None:
        told.append(ratio_words(one.speed))
    return ", ".join(told)


def _loss(change: float) -> str:
    """Say what a change of AP is.

    >>> _loss(-0.0812), _loss(0.0001), _loss(0.004)
    ('costs .081 AP', 'loses no AP that shows', 'has +.004 AP')
    """
    if format_fraction(change) == ".000":
        return "loses no AP that shows"
    return f"costs {format_fraction(-change)} AP" if change < 0 else f"has {format_change(change)} AP"
