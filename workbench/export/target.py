"""Another machine, reached by the program `ssh`: an export is copied there, tried and timed there, and its record comes back.

All of it lies below `~/.cache/workbench/` of that machine: an environment for each `requirements.txt`, made once, and a folder for
each export. Nothing is asked on the way (BatchMode), since nobody might be there to answer: who logs in with a password or a
passphrase starts an agent first. Keys, names and jumps come from the user's own configuration of ssh.
"""

import hashlib
import io
import re
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workbench.errors import SettingsError, UnavailableError
from workbench.export.folder import MANIFEST, RECORD
from workbench.files import write_whole
from workbench.record import Record, read_records

FORM = "ssh://user@host or ssh://user@host:port"
# Neither user nor host begins with a dash, which ssh would take for an option of its own.
ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?:\[(?P<v6>[0-9A-Fa-f:]+)\]|(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*))(?::(?P<port>[0-9]{1,5}))?/?"
)
LAST_PORT = 65535
CONNECT_SECONDS = 15
COPY_SECONDS, INSTALL_SECONDS, TEST_SECONDS = 900.0, 3600.0, 900.0  # TensorFlow on a slow line and a slow disk
LARGEST_RECORD = 1 << 26  # bytes
OLDEST_PYTHON = (3, 11)
ENVIRONMENTS, EXPORTS = ".cache/workbench/environments", ".cache/workbench/exports"
NO_CONNECTION = 255  # exit code of ssh for its own failures
INSTALL = """
{{ python3 -c 'import sys; sys.exit(sys.version_info < {oldest})' ||
   {{ echo 'it needs Python 3.11 or newer as python3' >&2; exit 3; }}; }}
[ -f {place}/ready ] && exit 0
rm -rf {place} && mkdir -p {above} && python3 -m venv {place} &&
{place}/bin/python -m pip install --quiet --disable-pip-version-check -r {export}/requirements.txt && touch {place}/ready
"""

Progress = Callable[[str, int, int], None]


@final
@dataclass(frozen=True, slots=True)
class Target:
    """Where an export runs.

    Attributes:
        host: As ssh is told it, with the user before it where one was named.
        port: Another than ssh's own.
    """

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, address: str) -> "Target":
        """Read `ssh://user@host:port`.

        >>> Target.parse("ssh://pi@camera-3:2222")
        Target(host='pi@camera-3', port=2222)

        Raises:
            SettingsError: It is of another form.
        """
        found = ADDRESS.fullmatch(address)
        port = int(found["port"]) if found and found["port"] else None
        if found is None or not (port is None or 0 < port <= LAST_PORT):
            raise SettingsError(f"{address!r} is no machine to run on; choose {FORM}")
        host = found["host"] or found["v6"]
        return cls(f"{found['user']}@{host}" if found["user"] else host, port)

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}, port {self.port}"

    def check(self) -> None:
        """See that there is a way there.

        Raises:
            UnavailableError: There is none.
        """
        self._run(f"looking for {self}", "true", COPY_SECONDS)

    def measure(self, folder: Path, progress: Progress = lambda _, __, ___: None) -> Record:
        """Copy an export there, make its environment, run its self-test, and bring its record back into the folder.

        Args:
            folder: What `export_folder` has written.
            progress: Told what is going on.

        Raises:
            UnavailableError: There is no way there, no Python or package, or the program finds something else there.
        """
        manifest = (folder / MANIFEST).read_bytes()
        export = f"{EXPORTS}/{hashlib.sha256(manifest).hexdigest()[:16]}"
        wanted = hashlib.sha256((folder / "requirements.txt").read_bytes()).hexdigest()[:16]
        place = f"{ENVIRONMENTS}/{wanted}"
        steps = (f"copying to {self}", f"installing on {self}", f"measuring on {self}")
        progress(steps[0], 0, len(steps))
        self._run(steps[0], f"mkdir -p {export} && tar -xzf - -C {export}", COPY_SECONDS, _packed(folder))
        progress(steps[1], 1, len(steps))
        install = INSTALL.format(oldest=OLDEST_PYTHON, place=place, above=ENVIRONMENTS, export=export)
        self._run(steps[1], install, INSTALL_SECONDS)
        progress(steps[2], 2, len(steps))
        python = f'"$HOME"/{place}/bin/python'
        self._run(steps[2], f"cd {export} && rm -f {RECORD} && {python} -B detect.py --self-test", TEST_SECONDS)
        text = self._run("reading its record", f"head -c {LARGEST_RECORD} {export}/{RECORD}", COPY_SECONDS)
        progress(steps[2], 3, len(steps))
        write_whole(folder / RECORD, text)
        (record,) = read_records(folder / RECORD)
        return record

    def _run(self, step: str, script: str, seconds: float, sent: bytes = b"") -> str:
        """Run a script of `sh` there; return what it printed."""
        program = shutil.which("ssh")
        if program is None:
            raise UnavailableError("there is no program `ssh` here; install OpenSSH's client")
        port = () if self.port is None else ("-p", str(self.port))
        options = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", f"ServerAliveInterval={CONNECT_SECONDS}")
        command = [program, *options, *port, "--", self.host, f"sh -c {shlex.quote(f'cd && {script.strip()}')}"]
        try:  # where to is the user's word
            done = subprocess.run(command, input=sent, capture_output=True, timeout=seconds, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{step} took more than {seconds / 60:.0f} minutes; see what goes on there") from None
        if done.returncode:
            raise UnavailableError(self._why(step, done))
        return done.stdout.decode(errors="replace")

    def _why(self, step: str, done: "subprocess.CompletedProcess[bytes]") -> str:
        lines = (done.stdout + done.stderr).decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {done.returncode}")
        if done.returncode == NO_CONNECTION:
            return f"no way to {self} by ssh: {said}; try `ssh {self.host}` yourself: nothing may be asked on the way"
        return f"{step} failed: {said}"


def _packed(folder: Path) -> bytes:
    """Return an export as a compressed tar archive, without the record of an earlier self-test."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            if path.name not in {RECORD, "__pycache__"}:
                archive.add(path, path.name)
    return packed.getvalue()
