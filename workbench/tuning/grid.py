"""What is screened: as much of the sweep's own grid as fits the time, what promises most first."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from workbench.catalogue import ENGINES
from workbench.detectors import Detector
from workbench.record import Record, median_ms
from workbench.sweep import Grid, default_grid
from workbench.tuning.time_asked import PROCESS_SECONDS

# What is worth trying before others, on processors; all else comes behind.
PROMISING = (
    ("litert", "float32"),
    ("litert", "int8"),
    ("openvino", "bfloat16"),
    ("openvino", "float32"),
    ("xla", "float32"),
    ("litert", "dynamic-int8"),
)
SIZE, METHOD = "input.size_hw", "nms.method"
ENGINE, PRECISION, LAYOUT = "runtime.engine", "runtime.precision", "runtime.layout"
FIRST_CONVERSION_SECONDS, CONVERSION_SECONDS = 6.0, 1.5  # of a `.tflite` file: the first of a size, and its other precisions
ROWS_SECONDS = 0.3  # of a few NMS methods
USUAL_SECONDS, USUAL_LABELLED = 0.1, 200  # a frame of the small sample's `naive`, and its stills: what the guesses are of

Choice = dict[str, object]
NOTHING = Grid(((),))  # no combination: only the baseline is measured, and what is asked for whole


class Fitted(NamedTuple):
    """A grid that fits the time, and how many combinations of size, engine and precision do not."""

    grid: Grid
    left_out: int


def fitted_grid(detector: Detector, baseline: Record, labelled: int, seconds: float) -> Fitted:
    """Return the grid to screen: sizes and engines in the order of their promise, and all methods of NMS.

    Thresholds stay as they are: what they change is what is found.

    Args:
        detector: What is tuned.
        baseline: Of what runs now: its size comes first, and its time says how long others may take.
        labelled: Frames that each of them is judged on.
        seconds: That screening may take; the first is tried however long it takes.
    """
    axes = [[dict(choice) for choice in axis] for axis in default_grid(detector).axes]
    now_hw = baseline.settings.input.size_hw or detector.input_spec.default_hw
    sizes: list[Choice] = next((axis for axis in axes if SIZE in axis[0]), [])
    others = [one for one in sizes if (one[SIZE], one[SIZE]) != now_hw]
    engines = next(axis for axis in axes if ENGINE in axis[0])
    methods = [axis for axis in axes if METHOD in axis[0]]
    tensors = detector.network.tensors
    if tensors is not None and tensors.transposes:
        engines += [{**one, LAYOUT: "nhwc"} for one in engines if ENGINES[str(one[ENGINE])].runs_tflite]
    pace = pace_of(baseline, labelled)
    pairs = in_order(now_hw, others, engines)
    fitting, spent, converted = 0, PROCESS_SECONDS, set[object]()
    for pair in pairs:
        spent += pace * _seconds(pair, converted)
        if spent > seconds:
            break
        fitting += 1
    tried = tuple(pairs[: max(1, fitting)])
    return Fitted(Grid((tried, *map(tuple, methods)), sensible_only=True), len(pairs) - len(tried))


def in_order(now_hw: tuple[int, int], others: Sequence[Choice], engines: Sequence[Choice]) -> list[Choice]:
    """Return each size with each engine, what promises most first: the size that runs now, then the smaller ones by turns.

    Args:
        now_hw: Height and width that run now.
        others: Squares.
        engines: In any order.

    >>> others = [{"input.size_hw": 320}]
    >>> engines = [{"runtime.engine": "graph"}, {"runtime.engine": "litert", "runtime.precision": "float32"}]
    >>> [(one["input.size_hw"], one["runtime.engine"]) for one in in_order((512, 512), others, engines)]
    [((512, 512), 'litert'), ((512, 512), 'graph'), (320, 'litert'), (320, 'graph')]
    """
    side = max(now_hw)

    def size_rank(choice: Choice) -> tuple[bool, int]:
        own = int(str(choice[SIZE]))
        return own > side, abs(side - own)

    def engine_rank(choice: Choice) -> tuple[bool, int]:
        named = str(choice.get(ENGINE)), str(choice.get(PRECISION))
        return LAYOUT not in choice, PROMISING.index(named) if named in PROMISING else len(PROMISING)

    ranked_sizes: list[Choice] = [{SIZE: now_hw}, *sorted(others, key=size_rank)]
    ranked_engines = sorted(engines, key=engine_rank)
    places = sorted(product(range(len(ranked_sizes)), range(len(ranked_engines))), key=lambda place: (sum(place), place))
    return [{**ranked_sizes[size], **ranked_engines[engine]} for size, engine in places]


def pace_of(baseline: Record, labelled: int) -> float:
    """Return how many times longer than the guesses say something is going to take; never less than they say."""
    slower = (median_ms(baseline) or 0.0) / 1000 / USUAL_SECONDS
    return max(1.0, slower) * max(1.0, labelled / USUAL_LABELLED)


def _seconds(choice: Choice, converted: set[object]) -> float:
    """Guess what a choice takes; its size joins those that a file has been made of."""
    row = ENGINES[str(choice[ENGINE])]
    seconds = row.opening_seconds + row.measuring_seconds + ROWS_SECONDS
    if row.runs_tflite:
        seconds += CONVERSION_SECONDS if choice[SIZE] in converted else FIRST_CONVERSION_SECONDS
        converted.add(choice[SIZE])
    return seconds
