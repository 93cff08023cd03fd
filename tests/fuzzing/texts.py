"""Hostile strings, each through every output: terminal, JSON, report, record, history, widgets, and what an export writes."""

import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from tests.assets.scenes import SHAPES
from tests.cli.test_terminal import OBEYED
from tests.fuzzing.kernel import Kernel, Outcome, Tally, scratch, why_not_held
from workbench.detectors import Card, Detector, KerasNetwork, Meaning
from workbench.export.exporting import _texts
from workbench.export.network_file import InputTensor, NetworkFile, OutputTensor
from workbench.opening import Description, Reading
from workbench.record import Record
from workbench.settings import parse_variant
from workbench.stages import BoxesHead, InputSpec
from workbench.view.readings import Readings
from workbench.view.status import rows

PIECES = (
    *("\x1b]0;OWNED\x07", "\x1b[31m", "\x1b[2J\x1b[H", "\x07", "\x08", "\x7f", "\r", "\x00", "\x9b31m", "\x9d0;OWNED\x9c", "\x85"),
    *(
        "\u202eturned\u202c",
        "\u2066\u2069",
        "\u061c",
        "\u200b",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\xad",
        "\U000e0041",
        "\U0001f469\u200d",
    ),
    *(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'><svg/onload=alert(1)>",
        "</script><script>alert(1)</script>",
    ),
    *("</style>", "<!--", "-->", "]]>", "&lt;b&gt;", "javascript:alert(1)", "`${alert(1)}`", "{{7*7}}", "{% raw %}", "<iframe>"),
    *(
        "[red]",
        "[/]",
        "[bold red]x[/bold red]",
        "[link=file:///etc/passwd]",
        "\\[",
        ":warning:",
        "{}",
        "{0.__class__}",
        "{x!r:>9999999}",
    ),
    *("$detector", "${notes}", "$", "$$", "%s%n", "%(x)s", "\\x1b", "\\", '"', "'", '"""', "'''", "`", "```", "# ", "* ", "| "),
    *(
        "\n",
        "\nworkbench: forged\n",
        "\t",
        "\x0b",
        "\x0c",
        "../../../../etc/passwd",
        "~root/x",
        "C:\\con",
        "-rf",
        "--help",
        "a=b,c",
    ),
    *(
        "\ud800",
        "\udce9",
        "\udfff\ud800",
        "日本",
        "é",
        "ẞ",
        "x" * 3000,
        "🙂" * 300,
        "= 1\n[input]",
        "nan",
        "null",
        "!!python/object:os.system",
    ),
)
UNNAMEABLE = ("/", "\x00")
LONGEST_NAME = 120  # bytes: with what the workbench adds, below the 255 of a file's name
KNOWN_TAGS = {"h3", "ul", "li", "code", "p", "b", "br", "pre"}
FOREIGN_TAGS = {"iframe", "object", "embed", "base", "form"}
EACH = ("history", "history show {id}")
ONE_OF = (
    *(
        "history trend",
        "pick",
        "pick --json -",
        "advise",
        "report --out {out}",
        "history tag {id} {word}",
        "history export {id} --out {out}",
    ),
    *("pick --detector {word}", "check --against {word} --record history:{id}", "sweep --grid {word}", "report {word}"),
)
WITHOUT_HISTORY = (
    "run {word}",
    "run --preset {word}",
    "run --truth {word}",
    "run {model} --allow {word}",
    "describe {word}",
    "{word}",
)


def hostile(draw: np.random.Generator) -> str:
    return "".join(PIECES[number] for number in draw.integers(len(PIECES), size=draw.integers(1, 6)))


def name_of(text: str) -> str:
    """Return what of a text may be a file's name."""
    for part in UNNAMEABLE:
        text = text.replace(part, "")
    return os.fsdecode(text.encode("utf-8", "surrogatepass")[:LONGEST_NAME]) or "x"


def texts(kernel: Kernel, sound: Path, work: Path, count: int, seed: int) -> Tally:
    """Send hostile strings through every output; one counts as held where all of them held."""
    tally = Tally()
    for number in range(count):
        draw = np.random.default_rng((seed, 3, number))
        text = hostile(draw)
        with scratch(work / f"text{number}") as folder:
            failures = [*_through_commands(kernel, sound, folder, text, draw), *_through_functions(folder, text)]
        tally.add(f"text {number} {text[:60]!r}", "; ".join(failures) or None)
    return tally


def _through_commands(kernel: Kernel, sound: Path, folder: Path, text: str, draw: np.random.Generator) -> Iterator[str]:
    model, picture = _laid_out(sound, folder, text)
    report, history = folder / "report.html", folder / "h.sqlite"
    run = ("run", model, picture, "--frames", "1", "--preset", "litert", "--json", "-", "--report", report, "--history", history)
    done = kernel.run(run, folder)
    yield from _wrong("run", done)
    if done.status == 0:
        yield from _wrong_report(report)
        record = Record.from_json(done.out)
        yield from _wrong_rows(record)
        words = [*EACH, ONE_OF[draw.integers(len(ONE_OF))]]
        places = {"id": record.id, "out": folder / "out.html", "word": text.replace("\x00", "") or "x"}
        for command in words:
            split = [word.format_map(places) for word in command.split()]
            done = kernel.run(
                [*split, *([] if command.startswith(("sweep", "report {word}")) else ["--history", str(history)])], folder
            )
            yield from _wrong(command, done)
            if command == "report --out {out}" and done.status == 0:
                yield from _wrong_report(folder / "out.html")
    alone = WITHOUT_HISTORY[draw.integers(len(WITHOUT_HISTORY))]
    split = [word.format_map({"word": text.replace("\x00", "") or "x", "model": model}) for word in alone.split()]
    if split[0] in {"run", "describe"} or not split[0].startswith("-"):  # an option such as --help is no hostile text
        yield from _wrong(alone, kernel.run(split, folder))


def _laid_out(sound: Path, folder: Path, text: str) -> tuple[Path, Path]:
    """Write a detector whose file, name and labels are of that text, and a picture whose file is."""
    name = name_of(text)
    model, picture = folder / f"{name}.tflite", folder / f"{name}.png"
    shutil.copyfile(sound / "shapes.tflite", model)
    shutil.copyfile(sound / "picture.png", picture)
    _, _, rest = (sound / "shapes.tflite.card.toml").read_text().partition("[input]")
    called = tomli_w.dumps({"name": text.encode(errors="replace").decode(), "labels": "labels.json"})
    (folder / f"{name}.tflite.card.toml").write_text(f"card = 1\n{called}\n[input]{rest}", encoding="utf-8")
    (folder / "labels.json").write_text(json.dumps([text, f"{text}x", "cross"]))  # may hold halves of characters
    return model, picture


def _wrong(command: str, outcome: Outcome) -> Iterator[str]:
    if why := why_not_held(outcome):
        yield f"{command}: {why}"
    for stream, printed in (("out", outcome.out), ("err", outcome.err)):
        if found := OBEYED.search(printed):
            yield f"{command}: {found[0]!r} in std{stream}"
        if any(line.startswith("workbench: forged") for line in printed.splitlines()):
            yield f"{command}: a forged line in std{stream}"
    if "--json -" in command or command == "run":
        try:
            json.loads(outcome.out or "{}")
        except ValueError as error:
            yield f"{command}: no JSON: {error}"


class Tags(HTMLParser):
    """Counts the tags of a page, and keeps attributes that are code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.code: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.code += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.code += [f"{tag} {name}={value}" for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]


def _wrong_report(path: Path) -> Iterator[str]:
    page = Tags(path.read_text(encoding="utf-8"))
    scripts = page.tags.count("script")
    if scripts not in SCRIPTS or page.code:
        yield f"report: {scripts} scripts, {page.code}"
    if foreign := FOREIGN_TAGS.intersection(page.tags):
        yield f"report: tags {foreign}"


SCRIPTS = {3, 4, 5}  # its own: policy needs none of others


def _wrong_rows(record: Record) -> Iterator[str]:
    try:
        json.dumps(rows([record], None), ensure_ascii=False).encode()  # as a widget sends them
    except UnicodeEncodeError as error:
        yield f"widget rows: {error}"


def _through_functions(folder: Path, text: str) -> Iterator[str]:
    for what, function in (("widget", _wrong_widget), ("export", _wrong_export)):
        try:
            yield from function(folder, text)
        except Exception as error:  # a traceback, where a user would see it
            yield f"{what}: {type(error).__name__}: {str(error)[:200]}"


CARD = {"candidates": {"kind": "boxes", "tensors": ["boxes", "scores"]}}


def _wrong_widget(folder: Path, text: str) -> Iterator[str]:
    card = Card.model_validate({"guessed": [decodable(text)], "labels": ["a"], **CARD})
    described = Description(
        str(folder / name_of(text)), (text, text), folder / name_of(text), (Reading(text, card, (text,), None, 0),), text, text
    )
    shown = Readings(described)
    shown.children[1].children[0].children[-1].click()
    page = Tags(_words(shown))
    if page.code or not KNOWN_TAGS.issuperset(page.tags):
        yield f"widget: tags {set(page.tags) - KNOWN_TAGS}, {page.code}"


def decodable(text: str) -> str:
    """Return a text as a TOML file may hold it."""
    return text.encode(errors="replace").decode()


def _words(widget: Any) -> str:
    value = getattr(widget, "value", "")
    return " ".join([value if isinstance(value, str) else "", *map(_words, getattr(widget, "children", ()))])


def _wrong_export(_: Path, text: str) -> Iterator[str]:
    found, plain = (_exported_texts(one) for one in (decodable(text), "plain"))
    for name in ("README.md", "labels.txt"):
        if any(OBEYED.search(line) for line in found[name].splitlines()) or len(found[name].splitlines()) != len(
            plain[name].splitlines()
        ):
            yield f"{name}: not as many lines as with plain text, or a control character"
    if found["README.md"].count("`") != plain["README.md"].count("`"):
        yield "README.md: a code span ends early"
    card = tomllib.loads(found["model.card.toml"])
    if (card["name"], card["labels"]) != (decodable(text), [decodable(text), f"{decodable(text)}x"]):
        yield "card: its texts are others"


def _exported_texts(text: str) -> dict[str, str]:
    spec = InputSpec(size_hw=(64, 96), default_hw=(64, 96))
    meaning = Meaning(kind="boxes", input_spec=spec, labels=(text, f"{text}x"), head=BoxesHead(), head_outputs=("boxes", "scores"))
    detector = Detector(KerasNetwork(SHAPES), meaning, name=text, source=text)
    outputs = (OutputTensor(name=text, position=0), OutputTensor(name=f"{text}x", position=1))
    network = NetworkFile(
        file="model.tflite", size_bytes=1, shape=(1, 64, 96, 3), input_tensor=InputTensor(dtype="float32"), outputs=outputs
    )
    return _texts(detector, parse_variant("litert"), network, ())
