"""An export on another machine: copied, tried and timed there by way of a real SSH server on this one."""

import getpass
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import Workbench
from tests.saved_records import record
from tests.ssh_server import WHY_NOT, ssh_server
from workbench.errors import SettingsError, UnavailableError
from workbench.export.folder import MANIFEST
from workbench.export.target import Target
from workbench.history import History
from workbench.machine import environment
from workbench.record import read_records

needs_ssh = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("ssh://pi@camera-3:2222", Target("pi@camera-3", 2222)),
        ("ssh://camera.example", Target("camera.example")),
        ("ssh://root@[::1]:22/", Target("root@::1", 22)),
    ],
)
def test_an_address_is_read(address: str, target: Target) -> None:
    assert Target.parse(address) == target


@pytest.mark.parametrize(
    "address",
    [
        *("", "camera-3", "pi@camera-3", "http://camera-3", "ssh://", "ssh://-oProxyCommand=true", "ssh://-v@camera-3"),
        *(
            "ssh://camera-3:port",
            "ssh://camera-3:99999",
            "ssh://pi:secret@camera-3",
            "ssh://camera-3/home",
            "ssh://a b",
            "ssh://a;b",
        ),
    ],
)
def test_what_is_no_address_is_refused_with_the_form(address: str) -> None:
    with pytest.raises(SettingsError, match="choose ssh://user@host or ssh://user@host:port"):
        Target.parse(address)


def test_it_is_refused_before_anything_is_written(workbench: Workbench, tmp_path: Path) -> None:
    done = workbench("export", "--out", tmp_path / "out", "--run-on", "camera-3")

    assert (done.status, len(done.error_lines)) == (2, 1)
    assert "choose ssh://user@host" in done.err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What an export looks like to who copies it; its program is replaced by what each test wants."""
    folder = tmp_path / "export"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "one.py").write_text("")
    (folder / MANIFEST).write_text("{}")
    (folder / "requirements.txt").write_text("")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home there"
    home.mkdir()
    return home


@pytest.fixture
def target(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    with ssh_server(tmp_path / "server", home) as (port, programs):
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        yield Target.parse(f"ssh://{getpass.getuser()}@127.0.0.1:{port}")


@needs_ssh
@pytest.mark.slow
def test_it_is_copied_and_run_there_and_a_second_time_nothing_is_installed(target: Target, export: Path, home: Path) -> None:
    (export / "kept.json").write_text(record().to_json())
    (export / "detect.py").write_text("import shutil; shutil.copy('kept.json', 'record.json'); import parts.one")
    steps: list[str] = []

    back = target.measure(export, lambda step, _, __: steps.append(step))

    assert (back,) == read_records(export / "kept.json") == read_records(export / "record.json")
    assert steps[0].startswith(f"copying to {getpass.getuser()}@127.0.0.1, port ")
    (place,) = (home / ".cache/workbench/environments").iterdir()
    made = (place / "ready").stat().st_mtime_ns
    assert target.measure(export) == back
    assert (place / "ready").stat().st_mtime_ns == made
    assert len(list((home / ".cache/workbench/exports").iterdir())) == 1


@needs_ssh
@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "requirements", "line"),
    [
        (
            "import sys; print('all well'); sys.exit('a.png: not found: class 0')",
            "",
            "measuring on .* failed: a.png: not found: class 0",
        ),
        ("print('no record')", "", "no .*record.json|record.json"),
        ("", "no-such-package-at-all==0", "installing on .* failed: ERROR: .*no-such-package-at-all"),
    ],
    ids=["something else found", "no record", "no package"],
)
def test_what_fails_there_is_one_line(target: Target, export: Path, program: str, requirements: str, line: str) -> None:
    (export / "detect.py").write_text(program)
    (export / "requirements.txt").write_text(requirements)

    with pytest.raises(UnavailableError, match=line) as raised:
        target.measure(export)

    assert "\n" not in str(raised.value)
    assert not (export / "record.json").exists()


@needs_ssh
def test_where_nobody_answers_says_how_to_look(export: Path) -> None:
    with pytest.raises(UnavailableError, match=r"no way to 127.0.0.1, port 1 by ssh: .*; try `ssh 127.0.0.1` yourself"):
        Target("127.0.0.1", 1).measure(export)


@needs_ssh
def test_who_may_not_enter_is_told_and_not_asked(target: Target, export: Path, tmp_path: Path) -> None:
    (tmp_path / "server" / "user.pub").write_text("")

    with pytest.raises(UnavailableError, match="Permission denied"):
        target.measure(export)


def test_without_the_program_it_says_what_to_install(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UnavailableError, match="no program `ssh` here; install OpenSSH's client"):
        Target("camera-3").measure(export)


@needs_ssh
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_detector_is_exported_and_measured_there(
    workbench: Workbench, target: Target, small_tflite: Path, small_folder: Path, tmp_path: Path
) -> None:
    words = (
        "export",
        small_tflite,
        small_folder,
        "--preset",
        "litert",
        "--out",
        tmp_path / "out",
        "--history",
        tmp_path / "h.sqlite",
    )

    done = workbench(*words, "--run-on", f"ssh://{target.host}:{target.port}")

    assert (done.status, done.err) == (0, "")
    assert f"on {target}, " in done.out
    with History(tmp_path / "h.sqlite") as history:
        (kept,) = history.records(pictures=False)
    assert kept.timing is not None
    assert kept.environment.machine_id == environment().machine_id  # it is this one
