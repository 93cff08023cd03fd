"""Where something cannot or must not be written is told before a model is opened or anything is measured."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.command_line import Workbench
from workbench.cli.entry import program
from workbench.cli.outputs import READ, WRITTEN

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


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of what people have and read, none of which the workbench can make again."""
    folder = tmp_path / "mine"
    (folder / "saved" / "variables").mkdir(parents=True)
    (folder / "kit" / "more").mkdir(parents=True)
    text = {
        "truth.json": '{"images": []}',
        "m.tflite.card.toml": "card = 1",
        "m.tflite.card.json": '{"card": 1}',
        "code.py": "x = 1",
    }
    for name, content in {**text, "labels.txt": "dent", "record.json": '{"schema": 1}', "saved/saved_model.pb": "pb"}.items():
        (folder / name).write_text(content)
    (folder / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    for name in ("000000.jpg", "kit/000000.jpg", "kit/000001.jpg", "kit/more/000000.jpg"):
        (folder / name).write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "line.webm").write_bytes(b"webm")
    (folder / "link").symlink_to(folder / "kit", target_is_directory=True)
    (folder / "link.tflite").symlink_to(folder / "m.tflite")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        # what is read
        "quantise m.tflite kit --out m.tflite",
        "quantise m.tflite kit --out link.tflite",
        "quantise link.tflite kit --out ./kit/../m.tflite",
        "quantise saved kit --out saved/new.tflite",
        "run saved/saved_model.pb kit --report saved/report.html",
        "tune saved kit --out saved/tuned",
        "tune m.tflite kit --out kit",
        "run m.tflite kit --truth truth.json --json truth.json",
        "check m.tflite kit --against v1 --record record.json --json record.json",
        "compare record.json record.json --json record.json",
        "report record.json --json record.json",
        "describe m.tflite 000000.jpg --picture 000000.jpg",
        "describe m.tflite kit --picture kit/new.jpg",
        # among the pictures that are read
        *(f"run m.tflite {media} --save-frames kit" for media in ("kit", "link", "kit/*.jpg", "kit/000000.jpg", "kit/%06d.jpg")),
        "run m.tflite kit --save-frames link",
        "run m.tflite k*/*.jpg --save-frames kit",
        "run m.tflite kit/**/*.jpg --save-frames kit/annotated",
        "run m.tflite kit/*/*.jpg --save-frames kit/annotated",
        # what is of another kind
        *(f"run inspector-mobile --report {name}" for name in ("m.tflite", "code.py", "labels.txt", "line.webm", "truth.json")),
        *(
            f"run inspector-mobile --json {name}"
            for name in ("000000.jpg", "truth.json", "m.tflite.card.json", "m.tflite.card.toml")
        ),
        "run inspector-mobile --trace truth.json",
        "sweep inspector-mobile --yes --report code.py",
        "profile inspector-mobile --model-explorer truth.json",
        "quantise inspector-mobile --out code.py",
        "describe m.tflite 000000.jpg --picture code.py",
        "report record.json --out truth.json",
        "doctor --json truth.json",
        *(f"history export --out {name}" for name in ("m.tflite.card.toml", "truth.json")),
        # another result
        "run inspector-mobile --json new.json --trace ./new.json",
    ],
)
def test_nothing_is_written_over_what_somebody_has(
    workbench: Workbench, files: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(files)
    before = contents(files)

    done = workbench(*shlex.split(words))

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)
    assert "cannot write" in done.err
    assert "choose another" in done.err
    assert contents(files) == before


@pytest.mark.parametrize(
    "words",
    [
        *(f"run {NOWHERE} kit {option}" for option in ("--json record.json", "--json empty", "--save-frames kit/annotated")),
        f"run {NOWHERE} line.webm --save-frames .",
        f"run {NOWHERE} *.jpg --save-frames annotated",
        f"run {NOWHERE} camera:0 --save-frames .",
        f"run {NOWHERE} . --truth . --json record.json --report new.html",
        f"run {NOWHERE} --json /dev/null --report /dev/null",
        f"quantise {NOWHERE} kit --out m.tflite",
        f"describe {NOWHERE} 000000.jpg",
    ],
)
def test_what_harms_nothing_is_no_matter(workbench: Workbench, files: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.chdir(files)
    (files / "empty").touch()  # as `mktemp` leaves one

    assert "cannot write" not in workbench(*shlex.split(words)).err


def parameters(command: Any) -> Iterator[Any]:
    for one in getattr(command, "commands", {}).values():
        yield from parameters(one)
    yield from command.params


def test_each_path_that_a_command_takes_is_known_as_written_or_read() -> None:
    paths = ("FILE", "DIR", "PATH", "RECORD", "MEDIA")
    named = {one.name for one in parameters(get_command(program)) if any(word in (one.metavar or "") for word in paths)}

    assert named - {"a", "b", "baseline"} == set(WRITTEN + READ) - {"model", "image"} | ({"model"} & named)


def test_a_file_stays_as_it_is_until_there_is_something_to_write(workbench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"schema": 1}')
    assert workbench("run", NOWHERE, "--json", tmp_path / "old.json").status == 2
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.json", '{"schema": 1}')]
