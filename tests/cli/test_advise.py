"""`workbench advise`, as people and scripts use it."""

import json
from pathlib import Path

import pytest

from tests.command_line import Workbench
from tests.report.records import full_set, problem_record, record
from workbench.history import History
from workbench.record import Record


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "records.json"
    path.write_text(f"[{','.join(one.to_json() for one in full_set())}]")
    return path


def test_cards_are_printed_with_most_gain_first(saved: Path, workbench: Workbench) -> None:
    status, out, _ = workbench("advise", str(saved))

    assert status == 0
    assert out.startswith(" 1. The habit costs: model.predict (naive)\n")
    assert "expected 6.38 times faster: " in out
    assert "try      workbench compare inspector-mobile" in out


def test_json_holds_the_cards(saved: Path, workbench: Workbench) -> None:
    status, out, _ = workbench("advise", str(saved), "--baseline", "xla", "--json", "-")

    tree = json.loads(out)
    assert (status, tree["schema"], len(tree["records"])) == (0, 1, len(full_set()))
    slower = next(card for card in tree["cards"] if card["key"] == "xla-slower")
    assert slower["change"] == {"runtime.engine": "graph", "nms.method": "tensorflow"}
    assert slower["measured"]["ratio"] > 1


def test_without_records_the_history_is_read(tmp_path: Path, workbench: Workbench) -> None:
    path = tmp_path / "history.sqlite"
    with History(path) as history:
        for one in full_set():
            history.append(one)

    status, out, _ = workbench("advise", "--history", str(path))

    assert status == 0
    assert "XLA with nms.method=padded is slower here (graph)" in out


@pytest.mark.parametrize("one", [record("naive", name="[red]naive[/red]"), problem_record("[/] no")], ids=["ran", "did not run"])
def test_markup_in_names_stays_text(one: Record, tmp_path: Path, workbench: Workbench) -> None:
    path = tmp_path / "one.json"
    path.write_text(one.to_json())

    status, out, _ = workbench("advise", str(path))

    assert status == 0
    assert ("(naive)" not in out) if one.timing else ("nothing more to try" in out)
    assert "[red]naive[/red]" in out or not one.timing


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("missing.json",), "cannot read missing.json"),
        (("RECORDS", "--baseline", "nix"), "no record here is called 'nix', nor has such an id; choose one of naive, graph"),
        (("--history", "missing.sqlite"), "there is no history at missing.sqlite"),
    ],
    ids=["no file", "no such baseline", "no history"],
)
def test_users_errors_are_one_line_and_exit_2(words: tuple[str, ...], message: str, saved: Path, workbench: Workbench) -> None:
    status, out, err = workbench("advise", *(str(saved) if word == "RECORDS" else word for word in words))

    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
