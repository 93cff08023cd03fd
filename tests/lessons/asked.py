"""Records that several tests of lessons ask about, and a guess at them."""

from tests.report.records import comparison, record
from workbench.lessons import Lesson
from workbench.lessons.lesson import Prediction

NAIVE, GRAPH, XLA, INT8 = map(record, ("naive", "graph", "xla", "litert-int8"))
UNCLEAR = record("graph", name="unclear", comparison=comparison("naive", "unclear", 1.005))


def xla_guess(lesson: Lesson) -> Prediction:
    return lesson.predict_speed("xla", over="graph", times=2, usual="faster", advice="XLA fuses operations, so it is faster.")
