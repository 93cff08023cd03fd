"""Lessons: the notebooks' predict-then-measure helper.

    lesson = Lesson("Is XLA faster here?")
    guess = lesson.predict_speed("xla", over="graph", times=2.0, usual="faster", advice="XLA fuses operations, so it is faster.")
    graph, xla = bench.measure(variant(detector, "graph")), bench.measure(variant(detector, "xla"))
    lesson.check(guess, speed(xla, over=graph))
    lesson.learned([graph, xla])

Every statement comes from records, and says so where the usual advice fails here.
"""

from workbench.lessons.charting import chart
from workbench.lessons.feeding import bounded_by, keeps_up, share_of_bound
from workbench.lessons.graph_mistakes import demonstrate
from workbench.lessons.inside import gains_most, reaches, slowest_work
from workbench.lessons.lesson import Lesson
from workbench.lessons.measured import (
    chosen,
    crowding,
    fastest,
    fastest_within,
    figures_of,
    frames_a_second,
    hurts_most,
    in_the_program,
    kept_in_float,
    largest_stage,
    loses_ap,
    outcome,
    smaller,
    speed,
    stage_speed,
)

__all__ = [
    "Lesson",
    "bounded_by",
    "chart",
    "chosen",
    "crowding",
    "demonstrate",
    "fastest",
    "fastest_within",
    "figures_of",
    "frames_a_second",
    "gains_most",
    "hurts_most",
    "in_the_program",
    "keeps_up",
    "kept_in_float",
    "largest_stage",
    "loses_ap",
    "outcome",
    "reaches",
    "share_of_bound",
    "slowest_work",
    "smaller",
    "speed",
    "stage_speed",
]
