"""Records that several tests of lessons ask about, and a guess at them."""

from tests.report.records import comparison, record
from workbench.lessons import Lesson
from workbench.lessons.lesson import Prediction
from workbench.timing import Ratio

NAIVE, GRAPH, XLA, INT8 = map(record, ("naive", "graph", "xla", "litert-int8"))
EQUAL = record("graph", name="equal", comparison=comparison("naive", "equal", 1.005))
WIDE = record("graph", name="wide", comparison=comparison("naive", "wide", Ratio(median=1.4, low=0.85, high=2.18)))
FASTER_BY_ANYTHING = record("graph", name="much", comparison=comparison("naive", "much", Ratio(median=3.38, low=1.39, high=52.04)))


def xla_guess(lesson: Lesson) -> Prediction:
    return lesson.predict_speed("xla", over="graph", times=2, usual="faster", advice="XLA fuses operations, so it is faster.")
