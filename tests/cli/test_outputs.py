"""Where something cannot be written is told before a model is opened or anything is measured."""

import shlex
from pathlib import Path

import pytest

from tests.command_line import Workbench

NOWHERE = "nowhere.tflite"  # what is told of a model that is not there comes later


@pytest.mark.parametrize(
    "words",
    [
        *(f"run {NOWHERE} {option} {{place}}" for option in ("--json", "--report", "--trace", "--save-frames")),
        *(f"sweep {NOWHERE} --yes {option} {{place}}" for option in ("--json", "--report")),
        *(f"describe {NOWHERE} {option} {{place}}" for option in ("--json", "--picture")),
        f"compare {NOWHERE} --a litert --b xla --json {{place}}",
        f"check {NOWHERE} --against v1 --json {{place}}",
        f"export {NOWHERE} --out out --json {{place}}",
        "doctor --json {place}",
    ],
)
def test_a_place_that_cannot_be_written_is_told_first(workbench: Workbench, tmp_path: Path, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    place = tmp_path / "file" / "below"

    done = workbench(*shlex.split(words.format(place=place)))

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)
    assert done.err.startswith(f"workbench: cannot write {place}")
    assert "Not a directory" in done.err


def test_a_file_stays_as_it_is_until_there_is_something_to_write(workbench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    assert workbench("run", NOWHERE, "--json", tmp_path / "old.json").status == 2
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.json", "old")]
