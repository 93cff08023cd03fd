"""The two stage bars, and what is said about them."""

from tests.report.records import SPLITS, record, timing
from workbench.record import EngineFacts, Problem, limit_words, pace_words
from workbench.report import render_report
from workbench.report.budget import budgets
from workbench.timing import RealTime
from workbench.wording import format_percent


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
    assert both.enlarged is not None
    assert both.enlarged.total == "4.00"


def test_where_the_baseline_did_not_run_the_times_stand_under_the_other_s_name() -> None:
    naive = record("naive", timing=None, comparison=None, problem=Problem(kind="refused", message="no"))
    both = budgets(naive, record("litert"), ("naive", "litert"))
    assert both is not None
    assert [bar.label for bar in both.bars] == ["litert"]
    assert all(len(row.milliseconds) == 1 for row in both.rows)
    page = render_report((naive, record("litert")))
    headings = page.partition('class="stages"')[2].partition("</thead>")[0]
    assert [part.partition("<")[0] for part in headings.split('class="n">')[1:]] == ["litert"]


def test_without_times_there_are_no_bars() -> None:
    assert budgets(record("naive", timing=None), None, ("naive", "")) is None


def test_where_stages_overlap_it_says_what_bounds_them_and_what_would_come_next() -> None:
    spent = timing({"decode": 2.0, "infer": 16.0}, overlapped=True, cpu_seconds=0.018, core_busy=(0.97, 0.5))
    told = limit_words(record("litert").model_copy(update={"timing": spent}), "litert")

    assert "cores over 18.0 ms of processor time a frame" in told
    assert "infer 8" in told
    assert f"(each core, by whatever: {format_percent(0.97)}, {format_percent(0.5)})" in told
    assert "The next gain: without infer the bound would be" in told


def test_one_frame_after_the_other_says_how_many_cores_it_keeps_busy() -> None:
    spent = timing({"decode": 2.0, "infer": 16.0}, cpu_seconds=0.018)
    told = limit_words(record("litert").model_copy(update={"timing": spent}), "litert")

    assert told.startswith("litert: one frame after the other kept 0.9")


def test_the_pace_is_told_with_age_and_dropped_frames() -> None:
    paced = RealTime(source_fps=30.0, policy="drop", age_seconds=(0.012,) * 700, interval_seconds=(1 / 30,) * 699, dropped=0)
    told = record("litert").model_copy(update={"real_time": paced})
    slow = told.model_copy(update={"real_time": paced.model_copy(update={"dropped": 3})})

    assert pace_words(told, "litert").startswith(
        "litert: keeps up with 30.0 FPS: yes; p99 age 12.0 ms, median 12.0 ms; 0 of 700 frames"
    )
    assert "keeps up with 30.0 FPS: no" in pace_words(slow, "litert")
    assert "3 of 703 frames dropped" in pace_words(slow, "litert")
    assert pace_words(record("litert"), "litert") == ""
