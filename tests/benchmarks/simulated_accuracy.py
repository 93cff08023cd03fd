"""Do intervals of average precision hold the truth? Simulated detectors, whose population AP is known from 20,000 images.

Images hold 0 to 12 objects of five classes, some images harder than others. An object is found the surer, and the more exactly, the
easier it is; what is found beside has low scores. A near copy keeps 95 % of the noise of the other, as a quantised one does; a far
one is another detector. Half of the pairs have equal populations, half lose some.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.detections.certainty import change_interval, interval_of
from workbench.detections.matches import IOU_THRESHOLDS, ClassMatches
from workbench.detections.resampling import draw

CLASSES = 5
MOST_OBJECTS = 12
FALSE_A_CLASS = 0.5  # in an image, on average
POPULATION = 20_000
Noise = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A detector: how well it sees.

    Attributes:
        sight: Mean by which objects stand out; in standard deviations of the noise.
        exactness: Mean IoU of what it finds.
    """

    sight: float
    exactness: float


GOOD = Simulated(sight=1.8, exactness=0.92)
FAIR = Simulated(sight=0.9, exactness=0.81)


def scenes(random: np.random.Generator, images: int) -> Noise:
    """Draw what is there, the same for both sides: the image and class of each object and how easy it is."""
    image = np.repeat(np.arange(images), random.integers(0, MOST_OBJECTS + 1, images))
    easy = random.normal(0, 0.5, images)[image] + random.normal(0, 0.7, len(image))
    return {"image": image, "class": random.integers(0, CLASSES, len(image)), "easy": easy}


def noise(random: np.random.Generator, images: int, objects: int) -> Noise:
    """Draw what differs from detector to detector."""
    count = random.poisson(FALSE_A_CLASS * CLASSES * images)
    false = {"image": random.integers(0, images, count), "class": random.integers(0, CLASSES, count)}
    shared = {"false score": random.normal(0, 1, count)}
    return {**false, **shared, "sight": random.normal(0, 1, objects), "exactness": random.normal(0, 1, objects)}


def near(random: np.random.Generator, one: Noise) -> Noise:
    """Keep 95 % of a detector's noise."""
    kept, new = math.sqrt(0.95), math.sqrt(0.05)
    changed = {name: kept * one[name] + new * random.normal(0, 1, len(one[name])) for name in ("sight", "exactness", "false score")}
    return {**one, **changed}


def detect(there: Noise, by: Noise, detector: Simulated, images: int) -> tuple[ClassMatches, ...]:
    """Say what a detector makes of scenes."""
    sight = detector.sight + there["easy"] + 0.7 * by["sight"]
    found = sight > 0
    exact = detector.exactness + 0.05 * there["easy"] + 0.08 * by["exactness"]
    score = np.concatenate([sight[found], 0.6 * by["false score"]])
    image = np.concatenate([there["image"][found], by["image"]])
    number = np.concatenate([there["class"][found], by["class"]])
    hit = np.concatenate([exact[found, None] >= IOU_THRESHOLDS, np.zeros((len(by["image"]), len(IOU_THRESHOLDS)), bool)])
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0]
    result = []
    for one in range(CLASSES):
        rows = order[number[order] == one]
        known = np.bincount(there["image"][there["class"] == one], minlength=images)[:, None]
        matched = hit[rows][:, None]
        result.append(ClassMatches(one, image[rows], score[rows].astype(np.float32), matched, np.zeros_like(matched), known))
    return tuple(result)


def estimate(matches: tuple[ClassMatches, ...], images: int) -> float:
    """Return the average precision itself."""
    return float(draw(matches, images, draws=0).ap[0, 0])


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held the truth.

    Attributes:
        title: Which detectors, and how many images.
        single: Share of intervals of a single AP that held it.
        paired: Share of intervals of a change that held it.
        claimed: Share of intervals of a change that left out 0 where there was none.
        half_widths: Medians, of a single AP and of a change.
    """

    title: str
    single: float
    paired: float
    claimed: float
    half_widths: tuple[float, float]

    def __str__(self) -> str:
        single, paired = self.half_widths
        return (
            f"{self.title}: single AP held {self.single:.3f} (half width {single:.3f}), change held {self.paired:.3f} (half width"
            f" {paired:.3f}), told apart where equal {self.claimed:.3f}"
        )


def coverage(name: str, detector: Simulated, worse: Simulated, images: int, sets: int, *, is_near: bool) -> Coverage:
    """Simulate data sets, half of them with a side that is worse."""
    population = np.random.default_rng(1)
    there = scenes(population, POPULATION)
    by = noise(population, POPULATION, len(there["image"]))
    other = near(population, by) if is_near else noise(population, POPULATION, len(there["image"]))
    truth = {one: estimate(detect(there, by, one, POPULATION), POPULATION) for one in (detector, worse)}
    lost = estimate(detect(there, other, worse, POPULATION), POPULATION) - truth[detector]
    single, paired, claimed, widths = [], [], [], []
    random = np.random.default_rng(images)
    for number in range(sets):
        there = scenes(random, images)
        by = noise(random, images, len(there["image"]))
        other = near(random, by) if is_near else noise(random, images, len(there["image"]))
        equal = number % 2 == 0
        a, b = detect(there, by, detector, images), detect(there, other, detector if equal else worse, images)
        drawn = draw(a, images).ap[0], draw(b, images).ap[0]
        alone, change = interval_of(drawn[0]), change_interval(drawn[1], drawn[0])
        assert alone is not None, "there are objects"
        assert change is not None, "there are objects"
        single.append(alone.low <= truth[detector] <= alone.high)
        paired.append(change.low <= (0.0 if equal else lost) <= change.high)
        if equal:
            claimed.append(not change.low <= 0 <= change.high)
        widths.append([alone.half, change.half])
    title = f"{name}, AP {truth[detector]:.2f}, {'near' if is_near else 'far'}, {images} images, {sets} sets, change {lost:+.3f}"
    alone_half, change_half = np.median(widths, axis=0)
    held_alone, held, told = (float(np.mean(one)) for one in (single, paired, claimed))
    return Coverage(title, held_alone, held, told, (float(alone_half), float(change_half)))


def coverages(sets: int) -> Iterator[Coverage]:
    """Simulate all cases."""
    for name, detector in (("fair", FAIR), ("good", GOOD)):
        worse = Simulated(detector.sight - 0.05, detector.exactness - 0.01)
        for is_near in (True, False):
            for images in (50, 200, 500):
                yield coverage(name, detector, worse, images, sets, is_near=is_near)
