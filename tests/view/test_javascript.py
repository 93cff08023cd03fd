"""The parts of the front end join into one module in which nothing is named twice."""

import re
from collections import Counter

from workbench.view.javascript import IMPORT, PARTS, joined

NAMED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def test_every_part_is_in_the_whole_once() -> None:
    whole = joined()

    for part in PARTS.glob("*.js"):
        first = part.read_text(encoding="utf-8").splitlines()[0]
        assert whole.count(first) == 1, part.name


def test_no_name_is_given_twice_over_all_parts() -> None:
    counts = Counter(NAMED.findall(joined()))

    assert len(counts) > 50
    assert {name for name, count in counts.items() if count > 1} == set()


def test_what_a_part_imports_the_other_exports() -> None:
    for part in PARTS.glob("*.js"):
        text = part.read_text(encoding="utf-8")
        for line in re.findall(r'^import .*?from "\./\w+\.js";', text, re.MULTILINE):
            names, other = re.fullmatch(r'import \{ (.*) \} from "\./(\w+)\.js";', line).groups()  # type: ignore[union-attr]
            exported = set(
                re.findall(r"^export (?:function|const|let|class|async function) (\w+)", (PARTS / f"{other}.js").read_text(), re.M)
            )
            assert set(names.split(", ")) <= exported, f"{part.name} imports from {other}.js"


def test_no_text_becomes_markup_or_code() -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", joined()) == []


def test_the_whole_imports_nothing_and_has_one_export() -> None:
    whole = joined()

    assert not IMPORT.search(whole)
    assert re.findall(r"^export .*", whole, re.MULTILINE) == ["export default () => {"]
