"""Which of several readings of a model is right, without labels: a right one finds the same objects in a harder picture.

A network that is fed rightly stands in the middle of its contrast plateau, one that is fed wrongly at its edge, whatever its
scores are: what it finds in a picture that was moved, darkened or stretched in contrast tells them apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.detections import Detections, FloatArray, UInt8Array, pairwise_iou
from workbench.settings import SizeHW

SHIFT_XY = (0.06, 0.04)  # of a side
THRESHOLDS = (0.5, 0.35)  # scores from which detections count: one that wins at both wins whatever the threshold
LEAST = 0.02  # added to both sides of a ratio: evidence as small as this is noise
CLEAR = 1.05  # times the evidence of every other that settles a range: 53 right, none wrong, 7 open of 60 simulated models
NEAR = 1.1  # up to which another is no worse, where it finds the same boxes
SAME_F1 = 0.9  # of what two readings find that makes them the same
CLEAR_COLOUR = 1.3  # things look alike in both orders of colours: at 1.05 a tenth of what was decided was wrong
CLEAR_ON_FEW = 1.3  # 1.05 is for eight frames that show something; on a single one it misleads one time in twenty
MANY = 8
SAME_IOU = 0.5
SUPPORT = 2  # frames that must show something, and speak for one reading against another, for it to be sure


def _shifted(image: UInt8Array) -> UInt8Array:
    dy, dx = _shift_px(image.shape[:2])
    return np.pad(image, ((dy, 0), (dx, 0), (0, 0)), mode="edge")[: image.shape[0], : image.shape[1]]


def _shift_px(size_hw: Sequence[int]) -> SizeHW:
    return round(SHIFT_XY[1] * size_hw[0]), round(SHIFT_XY[0] * size_hw[1])


def _toned(gain: float, offset: float) -> Callable[[UInt8Array], UInt8Array]:
    return lambda image: np.clip(image * np.float32(gain) + np.float32(offset), 0, 255).astype(np.uint8)


CHANGES: Mapping[str, Callable[[UInt8Array], UInt8Array]] = {
    "shifted": _shifted,
    "darker": _toned(0.5, 0),
    "dark": _toned(0.25, 0),
    "contrast": _toned(1.6, -76),
    "harsh": _toned(2.5, -190),
}


def moved_back(found: Detections, change: str, size_hw: SizeHW) -> Detections:
    """Return what was found in a changed picture where it is in the picture itself."""
    dy, dx = _shift_px(size_hw) if change == "shifted" else (0, 0)
    return Detections(found.boxes_xyxy_px - np.array([dx, dy, dx, dy], np.float32), found.scores, found.class_ids)


@dataclass(slots=True)
class Evidence:
    """What speaks for one reading.

    Attributes:
        empty: What it finds in a picture of one grey. That is in no picture, and counts nowhere: a network that is fed too narrow a
            range gives the same whatever it sees.
        found: What it finds in each frame that was tried, by the frame's number.
        stays: By threshold, for each changed picture how much of that is found there again.
        by_frame: The same at the first threshold, summed for each frame.
    """

    empty: Detections = field(default_factory=Detections.empty)
    found: dict[int, Detections] = field(default_factory=dict)
    stays: Mapping[float, list[float]] = field(default_factory=lambda: {threshold: [] for threshold in THRESHOLDS})

    by_frame: dict[int, float] = field(default_factory=dict)

    def add(self, frame: int, found: Detections) -> None:
        """Take in what was found in a frame."""
        self.found[frame] = _without(found, self.empty)

    def add_changed(self, frame: int, change: str, found: Detections, size_hw: SizeHW) -> None:
        """Take in what was found in a changed frame."""
        changed = moved_back(_without(found, self.empty), change, size_hw)
        for threshold, values in self.stays.items():
            values.append(_staying(_above(self.found[frame], threshold), _above(changed, threshold)))
        self.by_frame[frame] = self.by_frame.get(frame, 0.0) + self.stays[THRESHOLDS[0]][-1]

    def at(self, threshold: float) -> float:
        """Return the evidence among scores from a threshold: score times overlap of what stays, less half of what is new."""
        return max(0.0, float(np.mean(self.stays[threshold] or [0.0])))

    def strength(self, frame: int) -> float:
        """Return how much is found in a frame: its scores, summed."""
        return float(_above(self.found[frame], THRESHOLDS[-1]).scores.sum())

    def support(self) -> int:
        """Count the frames that show something."""
        return sum(self.strength(frame) > 0 for frame in self.found)

    def ratio(self, other: "Evidence") -> float:
        """Return how many times another's evidence this is, at the threshold where it is less so."""
        return min((self.at(one) + LEAST) / (other.at(one) + LEAST) for one in THRESHOLDS)

    def wins(self, other: "Evidence") -> int:
        """Count the frames that speak for this against another."""
        return sum(value > other.by_frame.get(frame, 0.0) + LEAST for frame, value in self.by_frame.items())

    def same_boxes(self, other: "Evidence") -> bool:
        """Whether both find the same in the frames that both were tried on."""
        agree = total = 0
        for frame in self.found.keys() & other.found.keys():
            one, two = (_above(evidence.found[frame], THRESHOLDS[0]) for evidence in (self, other))
            agree += 2 * len(_pairs(one, two))
            total += len(one) + len(two)
        return total > 0 and agree >= SAME_F1 * total


@dataclass(frozen=True, slots=True)
class Decision:
    """Which of several readings is taken.

    Attributes:
        taken: Its number.
        sure: Whether the evidence settles it.
        why: In words.
        remaining: Numbers of the others that the evidence leaves.
    """

    taken: int
    sure: bool
    why: str
    remaining: tuple[int, ...] = ()


def decide(evidence: Sequence[Evidence], names: Sequence[str], clear: float = CLEAR) -> Decision:
    """Choose among readings, of which the first is the usual one: it holds unless the evidence against it is clear."""
    support = [one.support() for one in evidence]
    frames = f"{(count := len(evidence[0].found))} frame{'' if count == 1 else 's'}"
    if not any(support):
        return Decision(0, sure=False, why=f"nothing is found in {frames} under any; this is the usual one")
    if not any(one.at(THRESHOLDS[0]) for one in evidence):
        return Decision(0, sure=False, why=f"nothing found in {frames} stays in harder pictures; this is the usual one")
    best = max(range(len(evidence)), key=lambda n: evidence[n].at(THRESHOLDS[0]))
    rivals = _rivals(evidence, best, clear)
    if 0 in rivals:
        best, rivals = 0, _rivals(evidence, 0, clear)
    figures = ", ".join(f"{name} {one.at(THRESHOLDS[0]):.2f}" for name, one in zip(names, evidence, strict=True))
    told = f"evidence {figures} in {frames}, {support[best]} of them with finds"
    beaten = (one for n, one in enumerate(evidence) if n != best and n not in rivals)
    if support[best] < SUPPORT or any(evidence[best].wins(one) < SUPPORT for one in beaten):
        return Decision(best, sure=False, why=f"{told}: too few to be sure", remaining=tuple(rivals))
    near = [n for n in rivals if evidence[n].ratio(evidence[best]) <= NEAR and evidence[n].same_boxes(evidence[best])]
    if len(near) == len(rivals):
        tie = f"; {' and '.join(names[n] for n in near)} find{'s' if len(near) == 1 else ''} the same boxes" if near else ""
        return Decision(best, sure=True, why=told + tie, remaining=tuple(near))
    left = " or ".join(names[n] for n in rivals)
    return Decision(best, sure=False, why=f"{told}: it may be {left} as well", remaining=tuple(rivals))


def _rivals(evidence: Sequence[Evidence], best: int, clear: float) -> list[int]:
    """Return the readings that one does not beat clearly; the fewer frames speak for it, the more that takes."""
    missing = max(0, MANY - evidence[best].support()) / (MANY - 1)

    def needed(other: Evidence) -> float:
        on_few = max(clear, CLEAR_ON_FEW)
        return clear + (on_few - clear) * missing if evidence[best].wins(other) >= SUPPORT else on_few

    return [n for n, other in enumerate(evidence) if n != best and evidence[best].ratio(other) < needed(other)]


def _above(found: Detections, threshold: float) -> Detections:
    return found.where(found.scores >= threshold)


def _staying(before: Detections, after: Detections) -> float:
    """Sum up what stays, less half of what is found in the changed picture alone; that a harder one shows less is no fault."""
    pairs = _pairs(before, after)
    stayed = sum(min(before.scores[i], after.scores[j]) * overlap for i, j, overlap in pairs)
    return float(stayed) - (float(after.scores.sum()) - sum(float(after.scores[j]) for _, j, _ in pairs)) / 2


def _without(found: Detections, empty: Detections) -> Detections:
    overlap = _overlap(found, empty).max(axis=1, initial=0)
    return found.where(overlap < SAME_IOU)


def _overlap(one: Detections, two: Detections) -> FloatArray:
    overlap = pairwise_iou(one.boxes_xyxy_px, two.boxes_xyxy_px)
    overlap[one.class_ids[:, None] != two.class_ids[None]] = 0
    return overlap


def _pairs(one: Detections, two: Detections) -> list[tuple[int, int, float]]:
    """Pair detections of a class that overlap, the best of the first set first, each with the nearest of the second."""
    overlap = _overlap(one, two)
    pairs = []
    for i in np.argsort(-one.scores):
        if len(two) and overlap[i].max() >= SAME_IOU:
            j = int(overlap[i].argmax())
            pairs.append((int(i), j, float(overlap[i, j])))
            overlap[:, j] = 0
    return pairs
