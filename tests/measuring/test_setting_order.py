"""Which settings change in which step, in both orders. Values only: nothing is opened."""

from collections.abc import Callable

import pytest

from workbench.measuring.setting_order import Order, RefusedError, apply, measure_both_ways, order_steps
from workbench.settings import Settings, describe_changes, parse_variant

ENGINE, RESIZE, PRECISION, NMS = ("runtime.engine",), ("input.resize",), ("runtime.precision",), ("nms.method",)


def anything(_: Settings) -> bool:
    return True


def as_engines_can(settings: Settings) -> bool:
    """What the availability of settings says of these engines."""
    runs_tflite = settings.runtime.engine == "litert"
    return (runs_tflite or settings.runtime.precision == "float32") and not (runs_tflite and settings.input.resize == "graph")


def order(base: str, chosen: str, can: Callable[[Settings], bool] = as_engines_can) -> Order:
    return order_steps(parse_variant(base), parse_variant(chosen), can)


def test_the_engine_comes_first_and_then_the_order_of_the_settings() -> None:
    found = order("naive", "litert,nms.method=opencv,runtime.precision=int8,input.size_hw=320", anything)

    assert found.forward == (ENGINE, ("input.size_hw",), RESIZE, PRECISION, NMS)
    assert found.reverse == found.forward[::-1]


def test_a_setting_waits_until_it_can_be_taken() -> None:
    found = order("naive", "litert-int8")

    assert found.forward == (ENGINE, RESIZE, PRECISION, NMS)
    assert found.reverse == (NMS, RESIZE, ENGINE, PRECISION), "there are no integers before the engine that computes with them"


def test_what_stands_in_the_engine_s_way_changes_before_it() -> None:
    assert order("graph", "litert").forward == (RESIZE, ENGINE, NMS)


def only_whole(settings: Settings) -> bool:
    return (settings.runtime.engine == "litert") == (settings.runtime.precision == "int8")


def test_settings_that_only_go_together_are_one_step_in_both_orders() -> None:
    together = ("runtime.engine", "runtime.precision")
    found = order("naive", "litert-int8", only_whole)

    assert found == Order((together, RESIZE, NMS), (NMS, RESIZE, together))


def test_what_goes_together_in_one_order_only_is_one_step_in_the_other_too() -> None:
    def can(settings: Settings) -> bool:
        """The engine goes alone before the precision, and the precision never before the NMS or the engine."""
        moved, integer = settings.runtime.engine == "litert", settings.runtime.precision == "int8"
        return not integer or (moved and settings.nms.method == "opencv") if settings.input.resize == "opencv" else not integer

    found = order("naive", "litert-int8", can)

    assert set(found.forward) == set(found.reverse)
    assert {name for names in found.forward for name in names} == {*ENGINE, *RESIZE, *PRECISION, *NMS}


def test_where_nothing_between_can_be_taken_there_is_one_step() -> None:
    found = order("naive", "litert-int8", lambda _: False)

    assert found.forward == found.reverse == (("input.resize", "runtime.engine", "runtime.precision", "nms.method"),)


def test_how_frames_are_fed_is_one_step_where_its_mode_changes() -> None:
    base = "litert"

    assert order(base, "litert,feed.mode=threads,feed.workers=2,feed.prefetch=4").forward == (
        ("feed.mode", "feed.workers", "feed.prefetch"),
    )
    assert order("litert,feed.mode=threads", "litert,feed.mode=threads,feed.workers=2,feed.prefetch=4").forward == (
        ("feed.workers",),
        ("feed.prefetch",),
    )


@pytest.mark.parametrize("chosen", ["litert-int8", "xla", "litert,feed.mode=threads,feed.workers=2,nms.score=0.4"])
@pytest.mark.parametrize("can", [anything, as_engines_can, only_whole, lambda _: False])
def test_both_orders_end_at_what_was_chosen_and_all_between_can_be_taken(chosen: str, can: Callable[[Settings], bool]) -> None:
    base, wanted = parse_variant("naive"), parse_variant(chosen)
    found = order_steps(base, wanted, can)

    for steps in found:
        settings = base
        for number, names in enumerate(steps):
            settings = apply(names, settings, wanted)
            assert number == len(steps) - 1 or can(settings)
        assert settings == wanted


def test_nothing_differs_and_there_is_no_step() -> None:
    assert order("graph", "graph") == Order((), ())


def measured(base: str, chosen: str, refuses: Callable[[Settings], bool] = lambda _: False) -> tuple[list[list[str]], list[str]]:
    """Return the settings that each step of both ways changed, and all steps that were tried, as they were called."""
    tried: list[str] = []

    def measure(before: Settings, after: Settings, what: str) -> str:
        changes = "+".join(change.partition(":")[0] for change in describe_changes(before, after))
        tried.append(f"{what} {changes}")
        for one in (before, after):
            if refuses(one):
                raise RefusedError(one)
        return changes

    ways = measure_both_ways(parse_variant(base), parse_variant(chosen), as_engines_can, measure)
    return [list(way) for way in ways], tried


def test_each_step_is_measured_in_both_orders_and_counted() -> None:
    ways, tried = measured("naive", "litert")

    assert ways == [["runtime.engine", "input.resize", "nms.method"], ["nms.method", "input.resize", "runtime.engine"]]
    assert tried[0] == "step 1 of 6 runtime.engine"
    assert tried[-1] == "step 6 of 6 runtime.engine"


@pytest.mark.parametrize(("steps", "last"), [(0, "step 3 of 3"), (4, "step 4 of 6")])
def test_without_time_for_the_reverse_order_the_stated_one_stands_alone(steps: int, last: str) -> None:
    tried: list[str] = []

    def measure(before: Settings, after: Settings, what: str) -> str:
        tried.append(what)
        return describe_changes(before, after)[0].partition(":")[0]

    ends = parse_variant("naive"), parse_variant("litert")
    ways = measure_both_ways(*ends, as_engines_can, measure, lambda: len(tried) >= steps)

    assert ways == (("runtime.engine", "input.resize", "nms.method"), ())
    assert tried[-1] == last


def test_one_step_has_one_order() -> None:
    assert measured("naive", "naive,nms.method=numpy") == ([["nms.method"], []], ["step 1 of 1 nms.method"])


def test_there_is_a_way_round_what_a_runtime_refuses_and_nothing_is_measured_twice() -> None:
    def refuses(settings: Settings) -> bool:
        return settings.runtime.precision == "int8" and settings.nms.method == "python"

    ways, tried = measured("naive", "litert-int8", refuses)

    assert ways[0] == ["runtime.engine", "input.resize", "nms.method", "runtime.precision"]
    assert ways[1] == ["nms.method", "input.resize", "runtime.engine", "runtime.precision"]
    assert tried[:4] == [
        "step 1 of 8 runtime.engine",
        "step 2 of 8 input.resize",
        "step 3 of 8 runtime.precision",
        "step 3 of 8 nms.method",
    ]
    assert len(tried) == 1 + 7, "both orders end with the same step"
