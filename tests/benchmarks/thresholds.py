"""How far a stated gain by another score threshold can be believed: simulated images, whose best threshold is known.

    python -m tests.benchmarks.thresholds --sets 150

Five classes; of each an image holds Poisson(1) objects, found with scores of Beta(6, 3), and Poisson(2) false detections with
scores of Beta(2, 5). It prints how often a gain is claimed (F1 of .02 or more, its interval above 0) and how often its interval
holds the truth, where the setting's threshold is the best already, and where it is .2 below.
"""

import argparse

import numpy as np
from scipy.stats import beta

from workbench.detections.matches import ClassMatches
from workbench.detections.thresholds import STEPS, ScoreGain, score_gains

CLASSES, DRAWS = 5, 400
RIGHT, FALSE = beta(6, 3), beta(2, 5)
FALSE_EACH = 2  # for one object


def population_f1(threshold: float) -> float:
    hits, false = RIGHT.sf(threshold), FALSE_EACH * FALSE.sf(threshold)
    return float(2 * hits / (hits + false + 1))


def one_class(number: int, images: int, random: np.random.Generator) -> ClassMatches:
    known, false = random.poisson(1, images), random.poisson(FALSE_EACH, images)
    places = np.concatenate([np.repeat(np.arange(images), counts) for counts in (known, false)])
    parts = [which.rvs(counts.sum(), random_state=random) for which, counts in ((RIGHT, known), (FALSE, false))]
    scores = np.concatenate(parts).astype(np.float32)
    order = np.argsort(-scores)
    matched = (np.arange(len(scores)) < known.sum())[order, None, None]
    return ClassMatches(number, places[order], scores[order], matched, np.zeros_like(matched), known[:, None])


def claimed(gain: ScoreGain) -> bool:
    return gain.after - gain.before >= 0.02 and gain.interval.low > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=150)
    sets = parser.parse_args().sets
    best = float(max(STEPS, key=population_f1))
    for images in (50, 200):
        for own in (best, best - 0.2):
            random = np.random.default_rng(1)
            held, for_all, by_class = [], 0, 0
            for _ in range(sets):
                matches = [one_class(number, images, random) for number in range(CLASSES)]
                for gain in score_gains(matches, [own] * CLASSES, images, None, DRAWS):
                    true = population_f1(gain.score) - population_f1(own)
                    if gain.class_id is None:
                        for_all += claimed(gain)
                        held += [gain.interval.low <= true <= gain.interval.high] if own < best else []
                    else:
                        by_class += claimed(gain)
            words = f", the interval holds the truth in {np.mean(held):.0%}" if held else ""
            claims = f"claimed in {for_all / sets:.1%} of sets, {by_class / sets / CLASSES:.1%} of classes"
            print(f"{images} images, true gain {population_f1(best) - population_f1(own):.3f}: {claims}{words}")


if __name__ == "__main__":
    main()
