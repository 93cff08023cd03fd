"""The two stage bars, and what is said about them."""

from tests.report.records import SPLITS, record, timing
from workbench.record import EngineFacts
from workbench.report.budget import budgets


def test_bars_share_one_scale() -> None:
    both = budgets(record("naive"), record("litert"), ("naive", "litert"))
    assert both is not None
    assert [round(bar.share, 3) for bar in both.bars] == [1.0, 0.069]


def test_short_bar_is_drawn_again_enlarged() -> None:
    both = budgets(record("naive"), record("litert"), ("naive", "litert"))
    assert both is not None
    assert both.enlarged is not None
    assert both.enlarged.label == "litert"
    assert round(sum(segment.share for segment in both.enlarged.segments), 6) == 1


def test_bars_of_about_one_length_are_not_enlarged() -> None:
    both = budgets(record("naive"), record("xla"), ("naive", "xla"))
    assert both is not None
    assert both.enlarged is None


def test_unexplained_is_last_and_has_no_gain() -> None:
    both = budgets(record("naive"), record("litert"), ("naive", "litert"))
    assert both is not None
    assert [row.stage for row in both.rows][-1] == "unexplained"
    assert both.rows[-1].ratio == "–"


def test_fused_program_says_what_it_covers_and_left_out() -> None:
    engine = EngineFacts(covers=("resize", "model", "nms"), left_out=("draw: no op for it",))
    both = budgets(record("naive"), record("graph", engine=engine), ("naive", "graph"))
    assert both is not None
    assert both.notes == ("graph, infer: one program covers resize, model and nms; left out: draw: no op for it.",)


def test_slower_second_pass_is_told_and_the_figure_is_the_first_passes() -> None:
    slower = timing(SPLITS["litert"][0], total_seconds=(0.004,) * 150)
    both = budgets(record("naive"), record("litert", timing=slower), ("naive", "litert"))
    assert both is not None
    assert both.bars[1].total == "4.00"
    assert "against 4.00 ms without stage timers" in both.notes[0]


def test_without_times_there_are_no_bars() -> None:
    assert budgets(record("naive", timing=None), None, ("naive", "")) is None
