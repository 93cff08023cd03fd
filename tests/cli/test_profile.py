"""What `profile` prints of a profile, and what it says where there is none."""

import json
from io import StringIO
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.command_line import Workbench
from tests.profile.rows import profile, row
from workbench.cli.profile import print_profile, print_side_by_side
from workbench.cli.screen import Screen
from workbench.files import node_data
from workbench.history import History
from workbench.record import Lint, Profile


def printed(found: Profile) -> list[str]:
    out = StringIO()
    print_profile(Screen(file=out, width=200, highlight=False, emoji=False, soft_wrap=True), found)
    return out.getvalue().splitlines()


def test_sums_stand_beside_infer_and_the_rest_is_unexplained() -> None:
    lines = printed(profile(row("a", seconds=0.004), row("b", seconds=0.003), infer_seconds=0.01, around_seconds=0.002))

    assert "infer 10.0 ms for a frame, median of 50 runs without a profiler" in lines
    assert any(
        line.startswith("operators 7.00 ms (70 %), feeding and reading boxes 2.00 ms (20 %), unexplained 1.00 ms (10 %)")
        for line in lines
    )


def test_an_operator_is_a_line_with_its_figures() -> None:
    one = row("net/head/conv", kernel="IGEMM", seconds=0.004, macs=8_000_000, bytes_moved=1_500_000)  # roof: 10 GMAC/s, 10 GB/s

    (line,) = [line for line in printed(profile(one)) if line.startswith("net/head/conv")]

    assert " ".join(line.split()) == "net/head/conv CONV_2D IGEMM 1×4×4×8 4.00 100 % 8.00 2.00 1.50 MB 20 %"


def test_what_costs_time_is_told_with_its_share() -> None:
    lint = Lint(key="transposes", what="2 transposes", seconds=0.001, advice="take them out")

    assert printed(profile(row("a", seconds=0.004), lints=(lint,)))[-1] == "25 %: 2 transposes; take them out"


def test_without_times_there_is_a_reason_and_where_each_operator_runs() -> None:
    rows = [row("a", seconds=None, kernel="XNNPACK"), row("b", seconds=None, reference="its type, int16")]

    lines = printed(profile(*rows, untimed="another wheel"))

    assert "operators are not timed: another wheel" in lines
    assert [line.split()[2] for line in lines if line.startswith(("a ", "b "))] == ["XNNPACK", "reference"]


def test_names_are_untrusted() -> None:
    assert not any("\x1b" in line for line in printed(profile(row("a\x1b[31m[bold]b"))))


def test_figures_go_to_model_explorer_by_the_tensors_that_operators_give() -> None:
    written = json.loads(node_data([("net/conv", 1.5), ("", 9.0), ("net/box", 2.0), ("net/conv", 0.5)]))

    assert written["results"] == {"net/conv": {"value": 2.0}, "net/box": {"value": 2.0}}
    assert [one["stop"] for one in written["gradient"]] == [0, 1]
    low, high = (one["bgColor"] for one in json.loads(node_data([], high_is_bad=False))["gradient"])
    assert [one["bgColor"] for one in written["gradient"]] == [high, low]


def test_keras_says_that_it_is_not_profiled(workbench: Workbench) -> None:
    done = workbench("profile", "--preset", "naive")

    assert done.status == 2
    (line,) = done.error_lines
    assert "runtime.engine is keras: what is inside Keras" in line
    assert "is not profiled; choose litert" in line


def side_by_side(left: Profile, right: Profile) -> list[str]:
    out = StringIO()
    print_side_by_side(Screen(file=out, width=200, highlight=False, emoji=False, soft_wrap=True), left, right)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_two_settings_stand_side_by_side_with_the_difference() -> None:
    left = profile(row("net/a/conv", seconds=0.004), row("net/b/relu", "RELU"))
    right = profile(row("net/b/relu;net/a/conv", "fusion", seconds=0.003), setting="xla\x1b[1m")

    lines = side_by_side(left, right)

    assert any(line.startswith("net/") and line.endswith("5.00 3.00 −2.00") for line in lines)
    assert "all 5.00 3.00 −2.00" in lines
    assert not any("\x1b" in line for line in lines)


def test_names_that_have_nothing_in_common_leave_the_kinds_of_work() -> None:
    lines = side_by_side(profile(row("a")), profile(row("b")))

    assert any("too little in common" in line for line in lines)
    assert any(line.startswith("convolutions") for line in lines)


def test_an_overlay_is_of_one_setting(workbench: Workbench, tmp_path: Path) -> None:
    done = workbench("profile", "--preset", "litert", "--preset", "xla", "--model-explorer", str(tmp_path / "o.json"))

    assert done.status == 2
    assert "give one --preset" in done.error_lines[0]


@pytest.mark.slow
def test_run_keeps_what_is_inside_with_each_record_and_says_why_another_has_none(
    workbench: Workbench, shots: Path, history: Path, tmp_path: Path
) -> None:
    report, file = tmp_path / "r.html", tmp_path / "r.json"
    presets = ("--preset", "litert,input.size_hw=96x160", "--preset", "naive,input.size_hw=96x160")
    words = ("--frames", "4", "--history", history, "--profile", "--report", report, "--json", file)

    done = workbench("run", SHAPES, shots, *presets, *words)

    assert done.status == 0
    assert "not profiled: naive" in done.out
    assert "CONV_2D" in done.out
    litert, naive = json.loads(file.read_text(encoding="utf-8"))
    assert sum(one["seconds"] for one in litert["inside"]["operators"]) > 0
    assert naive["inside"] is None
    assert 'id="inside"' in report.read_text(encoding="utf-8")
    with History(history) as kept:
        assert [one.inside is None for one in kept.records()] == [False, True]
