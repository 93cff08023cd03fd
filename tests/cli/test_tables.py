"""Tables on a screen, and whole where there is none."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from workbench.cli.tables import MOST_FITTED, print_table, table_of

WIDTH = 60
LONG = "a setting with a name that no screen of sixty letters has room for in one line"


def printed(rows: int, *, terminal: bool) -> list[str]:
    out = Console(file=io.StringIO(), width=WIDTH, force_terminal=terminal, color_system=None, markup=False)
    table = table_of("id", "setting", "ms", figures=["ms"], whole=["id"])
    table.title = "[these] rows"
    for number in range(rows):
        table.add_row(f"{number:04}", f"[red]{LONG}\n日本", "1.5", style="red")
    print_table(out, table)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


@pytest.mark.parametrize(("rows", "terminal"), [(2, False), (MOST_FITTED + 1, True)], ids=["a pipe", "a long one"])
def test_each_row_is_one_line_in_which_columns_stand_below_each_other(rows: int, terminal: bool) -> None:
    title, heading, *lines = printed(rows, terminal=terminal)
    assert title == "[these] rows"
    assert heading.split() == ["id", "setting", "ms"]
    assert len(lines) == rows
    assert all(line == f"{number:04}  [red]{LONG}\\n日本  1.5" for number, line in enumerate(lines))
    assert {cell_len(line) for line in (heading, *lines)} == {cell_len(lines[0])}


def test_a_short_one_is_fitted_to_the_screen() -> None:
    lines = printed(2, terminal=True)
    assert max(map(cell_len, lines)) <= WIDTH
    assert "0001" in " ".join(lines)


@pytest.mark.parametrize("width", [34, 60, 80, 120])
def test_no_word_is_broken_on_a_screen_of_any_width_that_a_word_has_room_in(width: int) -> None:
    words = ["engine=openvino", "precision=dynamic-int8", "score=0.26", "[red]", "日本語の名前"]
    out = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, markup=False)
    table = table_of("id", "setting", "ms", "noise", figures=["ms"], whole=["id", "noise"])
    for number in range(3):
        table.add_row(f"{number:08}", " ".join(words * 2), "1.5", "quiet")

    print_table(out, table)

    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert all(out.file.getvalue().count(word) == 6 for word in words)
    assert sum("1.5" in line and "quiet" in line for line in lines) == 3
