"""Damaged files, impossible names and absurd numbers: one line and exit 2, whatever the command."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from tests.command_line import Workbench
from workbench.cli.entry import program
from workbench.cli.history import history_commands
from workbench.cli.options import MOST, countable
from workbench.errors import MediaError, ModelError
from workbench.media import open_media
from workbench.opening import open_detector

LONG = "x" * 300
NOBODY = "~nosuchuser/x"
NOT_UTF_8 = os.fsdecode(b"caf\xe9")


def is_one_line(workbench: Workbench, *words: object) -> str:
    done = workbench(*map(str, words))

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1), done.err
    assert done.err.startswith("workbench: ")
    return done.err


@pytest.mark.parametrize(
    "words", ["report {}", "compare {} {}", "run --baseline {}", "advise {}", "pick --baseline {} --history {path}"]
)
def test_deep_json_is_one_line(workbench: Workbench, path: Path, tmp_path: Path, words: str) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)

    assert "is not JSON" in is_one_line(workbench, *words.replace("{path}", str(path)).replace("{}", str(deep)).split())


def test_a_deep_grid_is_one_line(workbench: Workbench, tmp_path: Path) -> None:
    deep = tmp_path / "deep.toml"
    deep.write_text(f"a={'[' * 100_000}")

    assert "is not TOML" in is_one_line(workbench, "sweep", "--grid", deep)


QUICK = ("history --history {}", "run inspector-mobile {}", "export --out {}")
WHOLE = (
    *("history --history {}", "pick --history {}", "report {}", "report --history {}", "advise {}", "compare {} {}"),
    *("run {}", "run inspector-mobile {}", "run --truth {}", "run --baseline {}.json", "describe {}", "sweep --grid {}"),
    *("sweep {}", "check --against v1 --history {}", "export --out {}", "pick --baseline {} --history {path}"),
)


@pytest.mark.parametrize("name", [LONG, NOBODY], ids=["300 letters", "nobody's home"])
@pytest.mark.parametrize("words", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in WHOLE])
def test_a_name_that_cannot_be_is_one_line(
    workbench: Workbench, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)

    is_one_line(workbench, *words.replace("{path}", str(path)).replace("{}", name).split())


@pytest.mark.parametrize(
    "damage",
    [
        *(
            "settings_json = 'x'",
            "settings_json = '[]'",
            "settings_json = replace(hex(zeroblob(50000)), '00', '[')",
            "median_ms = 'abc'",
            "fps = x'00'",
        ),
        *("frames = 'many'", "name = x'00'", "noise = x'00'"),
    ],
)
def test_a_damaged_row_of_a_history_is_one_line(workbench: Workbench, path: Path, damage: str) -> None:
    change(path, f"UPDATE summaries SET {damage}")  # noqa: S608 - our own words

    for words in ("history", "pick"):
        assert "is damaged in the row of record" in is_one_line(workbench, *words.split(), "--history", path)


@pytest.mark.parametrize(
    "damage",
    [
        *("DELETE FROM bodies", "UPDATE bodies SET record = '[]'", "UPDATE bodies SET record = x'ff'", "DROP TABLE bodies"),
        "UPDATE bodies SET record = replace(hex(zeroblob(50000)), '00', '[')",
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_record_in_a_history_is_one_line(workbench: Workbench, path: Path, tmp_path: Path, damage: str) -> None:
    change(path, damage)

    for words in ("history show aaa1", "report --out r.html"):
        is_one_line(workbench, *words.replace("r.html", str(tmp_path / "r.html")).split(), "--history", path)


def change(path: Path, statement: str) -> None:
    base = sqlite3.connect(path)
    with base:
        base.execute(statement)
    base.close()


@pytest.mark.parametrize("value", ["nan", "inf", "99999999999999999999"])
@pytest.mark.parametrize(
    "words", ["history --limit", "history prune --older-than", "pick --min-agreement", "run --frames", "run --real-time drop --fps"]
)
def test_an_absurd_number_is_one_line(workbench: Workbench, path: Path, words: str, value: str) -> None:
    is_one_line(workbench, *words.split(), value, "--history", path)


def numeric() -> Iterator[tuple[str, Any]]:
    """Give the options that take a number, by command and name."""
    for command in (*program.registered_commands, *history_commands.registered_commands):
        assert command.callback is not None
        for name, kind in get_type_hints(command.callback, include_extras=True).items():
            given, *notes = get_args(kind) if hasattr(kind, "__metadata__") else (kind,)
            if {given, *get_args(given)} & {int, float}:
                yield f"{command.callback.__name__} {name}", notes[0]


CHECKED_AS_A_WHOLE = {"pick", "check max_slower", "check max_ap_loss", "check max_agreement_loss"}  # with the budget or tolerance


def test_every_option_that_takes_a_number_is_bounded() -> None:
    found = dict(numeric())

    assert len(found) >= 15
    for name, option in found.items():
        if not {name, name.split()[0]} & CHECKED_AS_A_WHOLE:
            assert option.callback is countable, f"{name} takes any number"


def test_what_can_be_counted_is_a_number_up_to_a_bound() -> None:
    assert [countable(value) for value in (None, 0, 1.5, MOST)] == [None, 0, 1.5, MOST]
    with pytest.raises(typer.BadParameter, match="no number up to 1,000,000,000"):
        countable(MOST + 1)


def test_names_that_are_not_utf_8_are_refused_before_a_library_crashes_of_them(small_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = next(small_folder.iterdir())
    try:
        shutil.copyfile(picture, folder / f"{NOT_UTF_8}{picture.suffix}")
    except OSError:
        pytest.skip("this file system takes no such names")

    for source in (folder, folder / "*", folder / f"{NOT_UTF_8}{picture.suffix}", tmp_path / f"{NOT_UTF_8}.mp4"):
        with pytest.raises(MediaError, match="is a name that is not UTF-8"):
            open_media(source)
    with pytest.raises(ModelError, match="is a name that is not UTF-8"):
        open_detector(str(folder / f"{NOT_UTF_8}{picture.suffix}"))
