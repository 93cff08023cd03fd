"""Text that others wrote, on terminals: what one would obey is written out, whatever the command and the place it comes from."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.cli.saved_history import times
from tests.command_line import Workbench
from tests.saved_records import record
from workbench.cli.terminal import ascii_json
from workbench.errors import LONGEST_LINE, RecordError, one_line, shown
from workbench.history import History
from workbench.machine import environment
from workbench.record import Guess, Problem, Record

# A title and a colour set, a C1 sequence, text turned round, a line of its own, a bell, DEL, halves of a character.
HOSTILE = "\x1b]0;OWNED\x07\x1b[31m\x9b2J\u202eturned\u2066\u2028\nworkbench: forged\r\x7f\x08[red]"
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
FREE = {"id", "created", "schema"}  # ids are the program's own; what is asked for by them would not be found


@pytest.mark.parametrize("text", ["plain", "日本 café – ×", "a\u00a0b", "👩\u200d🚒", "نمی\u200cخواهم", ""])
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert not OBEYED.search(shown(HOSTILE))
    assert shown("\x1b\x9b\u202e\n\t\udce9\ud800\U000e0041") == r"\x1b\x9b\u202e\n\t\xe9\ud800\U000e0041"


def test_json_in_ascii_holds_the_same() -> None:
    text = json.dumps([HOSTILE, "日本", "👩\u200d🚒"], ensure_ascii=False)

    assert ascii_json(text).isascii()
    assert not OBEYED.search(ascii_json(text))
    assert json.loads(ascii_json(text)) == json.loads(text)


def test_a_long_message_keeps_what_was_wrong_and_what_to_do() -> None:
    line = one_line(f"there is no {'x' * 1000}; choose another\nof them")

    assert len(line) == LONGEST_LINE
    assert line.startswith("there is no xx")
    assert line.endswith("x; choose another of them")


def hostile(tree: Any, key: str = "") -> Any:
    """Return a record's tree with every text in it hostile, whether a record takes that or not."""
    if isinstance(tree, dict):
        return {name: one if name in FREE else hostile(one, name) for name, one in tree.items()}
    if isinstance(tree, list):
        return [hostile(one, key) for one in tree]
    return f"{HOSTILE}{key}" if isinstance(tree, str) else tree


def leaves(tree: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place] if isinstance(tree, str) else [leaf for key, one in inner for leaf in leaves(one, (*place, key))]


def at(tree: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def hostile_record(**changes: Any) -> tuple[Record, int]:
    """Return a record whose texts are hostile wherever it takes any, and how many they are."""
    tree = json.loads(record(**changes).to_json())
    changed = 0
    for place in leaves(tree):
        if place[-1] in FREE or "settings" in place:
            continue
        holder, before = at(tree, place[:-1]), at(tree, place)
        holder[place[-1]] = f"{HOSTILE}{place[-1]}"
        try:
            Record.from_tree(tree)
            changed += 1
        except (RecordError, ValidationError):  # one of a few words, such as a verdict
            holder[place[-1]] = before
    return Record.from_tree(tree), changed


GUESS = Guess(about="pixels", taken="0..1", certainty="open", why="nothing", card_line="values")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A history of hostile records of this machine, and files of two of them."""
    here, folder = environment(), tmp_path_factory.mktemp("hostile")
    plain = record()
    common = {"environment": here, "tag": "v1", "warnings": ("slow",), "media": "clip", "noise": "noisy"}
    made = [
        hostile_record(id="aaa1", seconds=times(41), ap=0.6, **common),
        hostile_record(id="bbb2", seconds=times(10), ap=0.58, created="2026-01-02T00:00:00+00:00", **common),
        hostile_record(id="ccc3", seconds=None, problem=Problem(kind="ModelError", message="no"), **common),
        hostile_record(
            id="ddd4",
            detector=plain.detector.name,
            seconds=times(9),
            ap=0.5,
            **(common | {"environment": here.model_copy(update={"gpus": ("one",)})}),
        ),
    ]
    guessing = made[0][0].model_copy(
        update={"id": "eee5", "detector": made[0][0].detector.model_copy(update={"guesses": (GUESS,)})}
    )
    assert all(changed >= 15 for _, changed in made)
    keep_machine = {"machine_id": here.machine_id}
    kept = [
        one.model_copy(update={"environment": one.environment.model_copy(update=keep_machine)})
        for one in (*(one for one, _ in made), Record.from_tree(_again_hostile(guessing)))
    ]
    with History(folder / "history.sqlite") as history:
        history.append_many(kept)
    files = [folder / "a.json", folder / "b.json"]
    for file, one in zip(files, kept, strict=False):
        file.write_text(one.to_json(), encoding="utf-8")
    return folder / "history.sqlite", files


def _again_hostile(one: Record) -> Any:
    tree = json.loads(one.to_json())
    for guess in tree["detector"]["guesses"]:
        guess |= {name: f"{HOSTILE}{name}" for name in ("about", "taken", "why", "card_line")}
    return tree


RESULTS = (
    "history --history {history}",
    "history list --limit 2 --history {history}",
    "history show aaa1 --history {history}",
    "history show ccc3 --history {history}",
    "history show eee5 --history {history}",
    "history tag aaa1 {hostile} --history {history}",
    "history untag bbb2 --history {history}",
    "history trend --history {history}",
    "history export aaa1 --out {tmp}/out{hostile}.json --history {history}",
    "pick --history {history}",
    "pick --max-ms 1 --history {history}",
    "advise --history {history}",
    "advise {a} {b}",
    "compare {a} {b}",
    "check --against {hostile}tag --record history:bbb2 --history {history}",
    "report --out {tmp}/report{hostile}.html --history {history}",
)
REFUSED = (
    "compare history:aaa1 history:ccc3 --history {history}",
    "pick --detector {hostile} --history {history}",
    "pick --machine x{hostile} --history {history}",
    "advise --baseline {hostile} {a}",
    "check --against {hostile} --record history:aaa1 --history {history}",
    "run {hostile}",
    "run --preset {hostile}",
    "run --set nms.score={hostile}",
    "run --frames {hostile}",
    "run --truth {hostile}",
    "run --real-time {hostile}",
    "run --allow {hostile} {a}",
    "run {a}",
    "describe {hostile}",
    "sweep --grid {hostile}",
    "sweep --dry-run {hostile}",
    "export --out {tmp}/out {hostile}",
    "{hostile}",
    "run --{hostile}",
)


QUICK = (
    "history --",
    "history show aaa1",
    "advise {a}",
    "compare {a}",
    "check --against {hostile}tag",
    "run {hostile}",
    "pick --det",
)
WHOLE = (*RESULTS, *(f"{words} --json -" for words in RESULTS), *REFUSED)


@pytest.mark.parametrize(
    "words", [words if words.startswith(QUICK) else pytest.param(words, marks=pytest.mark.slow) for words in WHOLE]
)
def test_no_command_prints_what_a_terminal_obeys(
    workbench: Workbench, records: tuple[Path, list[Path]], tmp_path: Path, words: str
) -> None:
    history, (a, b) = records
    own = tmp_path / "own.sqlite"
    own.write_bytes(history.read_bytes())
    places = {"hostile": HOSTILE.replace("/", ""), "a": a, "b": b, "tmp": tmp_path, "history": own}

    done = workbench(*(word.format_map(places) for word in words.split()))

    assert done.status == 2 if words in REFUSED else done.status in {0, 1}, done.err
    assert not OBEYED.search(done.out)
    assert not OBEYED.search(done.err)
    assert "workbench: forged" not in {line.strip()[:17] for line in (done.out + done.err).splitlines()}
    if words.endswith("--json -"):
        json.loads(done.out)
    elif words in RESULTS:
        assert r"\x1b" in done.out
    else:
        assert done.out == ""
        assert len(done.error_lines) == 1
