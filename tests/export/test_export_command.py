"""`workbench export`: from words to a folder, and one line where that cannot be."""

import json
import shlex
from pathlib import Path

import pytest

from tests.command_line import Workbench
from workbench.detectors import Detector, identity
from workbench.history import History
from workbench.machine import NoiseCertificate, environment
from workbench.media import open_media
from workbench.opening import Sources, allowed_by, check
from workbench.record import Record
from workbench.settings import Settings, parse_variant

WORDS = "litert,input.size_hw=192x320"


@pytest.fixture
def media(stills, tmp_path: Path) -> Path:
    """Two stills in a folder."""
    import cv2

    folder = tmp_path / "stills"
    folder.mkdir()
    for still in stills[:2]:
        cv2.imwrite(str(folder / f"{still.index}.png"), cv2.cvtColor(still.image_rgb, cv2.COLOR_RGB2BGR))
    return folder


def kept(detector: Detector, media: Path, history: Path) -> Record:
    """A record in a history, of a setting that nobody would choose by chance."""
    settings: Settings = check(detector, parse_variant(f"{WORDS},nms.score=0.27", base=detector.default_settings()))
    record = Record(
        name="litert",
        command="",
        settings=settings,
        detector=detector.facts,
        media=open_media(media).facts(),
        environment=environment(),
        noise=NoiseCertificate(verdict="unknown", reasons=()),
    )
    with History(history) as base:
        base.append(record)
    return record


@pytest.mark.slow
def test_a_preset_is_exported(workbench: Workbench, media: Path, tmp_path: Path) -> None:
    done = workbench(
        "export", "inspector-mobile", media, "--preset", WORDS, "--set", "nms.score=0.25", "--out", tmp_path / "out", "--json", "-"
    )

    assert done.status == 0, done.err
    tree = json.loads(done.out)
    assert tree["folder"] == str(tmp_path / "out")
    assert tree["settings"]["nms"]["score"] == 0.25
    assert sorted(tree["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["chosen"] == tree["settings"]
    again = workbench("export", "inspector-mobile", media, "--preset", WORDS, "--out", tmp_path / "out")
    assert (again.status, len(again.err.splitlines())) == (2, 1)
    assert "is not empty" in again.err


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["", "history:"])
def test_a_record_s_settings_are_exported(workbench: Workbench, mobile: Detector, media: Path, tmp_path: Path, prefix: str) -> None:
    record = kept(mobile, media, tmp_path / "history.sqlite")

    done = workbench(
        "export", "--pick", prefix + record.id[:8], "--history", tmp_path / "history.sqlite", "--out", tmp_path / "out"
    )

    assert done.status == 0, done.err
    chosen = json.loads((tmp_path / "out" / "settings.json").read_text())["chosen"]
    assert chosen == record.settings.model_dump(mode="json")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--preset", "nonsense"), "there is no preset 'nonsense'"),
        (("--preset", "naive", "--set", "runtime.batch=4"), "runtime.batch is 4"),
        (("--preset", "litert", "--set", "nms.score"), "is not of the form group.field=value"),
        (("--preset", "litert", "--pick", "ab"), "choose --pick or --preset"),
        (("--pick", "ab"), "there is no history at"),
    ],
    ids=["no preset", "a batch", "no value", "two choices", "no history"],
)
def test_a_user_s_mistake_is_one_line(workbench: Workbench, tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    done = workbench("export", *words, "--history", tmp_path / "none.sqlite", "--out", tmp_path / "out")

    assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
    assert line in done.err
    assert not (tmp_path / "out").exists()


RUN = "workbench run m.keras --frames 64"


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        (RUN, ((), None)),
        (f"{RUN} --allow lambda --allow 'code=my layers.py'", (("lambda", "code=my layers.py"), None)),
        (f"{RUN} --signature serve --allow operations=ReadFile", (("operations=ReadFile",), "serve")),
        ("workbench run 'no end", ((), None)),
        (f"{RUN} --allow", ((), None)),
    ],
    ids=["nothing", "several", "signature", "no command", "no value"],
)
def test_what_a_command_allows_is_read_back(command: str, allowed: tuple[tuple[str, ...], str | None]) -> None:
    assert allowed_by(command) == allowed


def test_options_are_read_back() -> None:
    sources = Sources(detector="m", media="clip.mp4", truth="t.json", allow=("code", "code=a b.py"), signature="serve it")

    assert allowed_by(shlex.join(["workbench", "run", "m", *sources.options(64)])) == (sources.allow, sources.signature)


@pytest.fixture
def decoded(tmp_path: Path) -> Path:
    """A model whose card decodes by a Python file, which says when it ran."""
    model = tmp_path / "m.tflite"
    model.write_bytes(b"    TFL3")
    (tmp_path / "decode.py").write_text("raise SystemExit('it ran')")
    model.with_suffix(".card.toml").write_text('decode = "decode.py:decode"\nlabels = ["bolt"]\n')
    return model


def test_code_that_has_changed_since_the_record_is_not_run(
    workbench: Workbench, mobile: Detector, media: Path, decoded: Path, tmp_path: Path
) -> None:
    history, record = tmp_path / "history.sqlite", kept(mobile, media, tmp_path / "first.sqlite")
    sha256, code = identity(str(decoded), ["code"])
    facts = record.detector.model_copy(update={"source": str(decoded), "sha256": sha256, "code": code})
    with History(history) as base:
        base.append(record.model_copy(update={"detector": facts, "command": f"workbench run {decoded} --allow code"}))
    (tmp_path / "decode.py").write_text("raise SystemExit('other code ran')")

    done = workbench("export", "--pick", record.id[:8], "--history", history, "--out", tmp_path / "out")

    assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
    assert "whose file was another" in done.err


@pytest.mark.slow
def test_what_a_record_was_allowed_is_allowed_again(
    workbench: Workbench, small_folder: Path, small_tflite: Path, tmp_path: Path
) -> None:
    model, history = tmp_path / "m.tflite", tmp_path / "history.sqlite"
    model.write_bytes(small_tflite.read_bytes())
    (tmp_path / "decode.py").write_text(
        "import numpy as np\ndef decode(outputs, size_hw):\n    return np.zeros((0, 4)), np.zeros((0, 3))\n"
    )
    labels = 'labels = ["disc", "square", "cross"]'
    model.with_suffix(".card.toml").write_text(f'decode = "decode.py:decode"\n{labels}\n[input]\nvalues = "0..1"\n')
    ran = workbench(
        "run", model, small_folder, "--frames", "2", "--history", history, "--allow", "code", "--json", tmp_path / "r.json"
    )
    assert ran.status == 0, ran.err
    identity_of = json.loads((tmp_path / "r.json").read_text())["id"]

    done = workbench("export", "--pick", identity_of, "--history", history, "--out", tmp_path / "out")

    assert done.status == 0, done.err
    assert "allowed, as for the record: code" in done.out
    assert "model.tflite --allow code`" in (tmp_path / "out" / "README.md").read_text()


def test_a_record_of_another_file_is_refused(workbench: Workbench, mobile: Detector, media: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.sqlite"
    record = kept(mobile, media, history)
    with History(history) as base:
        base.append(record.model_copy(update={"id": "f" * 32, "detector": record.detector.model_copy(update={"sha256": "0"})}))

    done = workbench("export", "--pick", "f" * 8, "--history", history, "--out", tmp_path / "out")

    assert done.status == 2
    assert "whose file was another" in done.err
