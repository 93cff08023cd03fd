"""What the workbench tells of a network's inside."""

from types import SimpleNamespace
from typing import Any

from tests.profile.rows import profile, row
from tests.saved_records import record
from workbench.record import Lint
from workbench.settings import Runtime, Settings
from workbench.view.inside import MOST_ROWS, InsideTold


def session(settings: Settings) -> Any:
    """As much of a session as is asked."""
    return SimpleNamespace(opened=object(), settings=settings, name_of=lambda one: one.runtime.engine)


def test_the_current_settings_profile_is_told_else_the_last_one() -> None:
    litert = record(name="litert", inside=profile(row("a")), **{"runtime.engine": "litert"})
    graph = record(name="graph", inside=profile(row("b")), **{"runtime.engine": "graph"})
    told = InsideTold()

    def name(settings: Settings) -> str:
        return str(told.tell(session(settings), [litert, graph, record()])["picture"]["name"])

    assert name(litert.settings) == "litert"
    assert name(graph.settings) == "graph"
    assert name(Settings(runtime=Runtime(engine="xla"))) == "graph"


def test_tables_are_cells_of_text_the_slowest_first_and_lints_are_sentences() -> None:
    lint = Lint(key="transposes", what="2 transposes", seconds=0.0005, advice="take them out")
    rows = [row(f"net/layer{number}", seconds=0.001 * number) for number in range(MOST_ROWS + 5)]

    told = InsideTold().tell(session(Settings()), [record(inside=profile(*rows, lints=(lint,)))])["picture"]

    operators, kinds, parts = told["tables"]
    assert operators["caption"] == f"Slowest of {MOST_ROWS + 5} operators"
    assert len(operators["rows"]) == MOST_ROWS
    assert operators["rows"][0][0] == f"net/layer{MOST_ROWS + 4}"
    assert all(len(one) == len(operators["headings"]) for one in operators["rows"])
    assert (kinds["caption"], parts["caption"]) == ("By type", "By part")
    assert told["lints"] == ["0.3 %: 2 transposes; take them out"]


def test_without_any_there_is_nothing_but_whose_it_would_be() -> None:
    told = InsideTold().tell(session(Settings(runtime=Runtime(engine="litert"))), [record()])

    assert told == {"about": "litert, in a process of its own", "reason": None, "picture": None}


def test_an_engine_that_no_profiler_looks_into_is_told_with_the_reason() -> None:
    told = InsideTold().tell(session(Settings(runtime=Runtime(engine="keras"))), [])

    assert "is not profiled" in told["reason"]
