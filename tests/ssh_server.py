"""An SSH server of the test's own on this machine's loopback, and a program `ssh` that knows its key."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SSHD = shutil.which("sshd") or next((path for path in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(path).exists()), None)
SSH, KEYGEN = shutil.which("ssh"), shutil.which("ssh-keygen")
WHY_NOT = None if SSHD and SSH and KEYGEN else "OpenSSH's server or client is not installed"
STARTING_SECONDS = 20.0


@contextmanager
def ssh_server(folder: Path, home: Path) -> Iterator[tuple[int, Path]]:
    """Start a server whose sessions have a home of their own; yields its port and a folder that PATH has to begin with."""
    assert SSHD, WHY_NOT
    assert SSH, WHY_NOT
    assert KEYGEN, WHY_NOT
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f'AuthorizedKeysFile {folder / "user.pub"}\nPasswordAuthentication no\nSetEnv "HOME={home}"\n'
    )
    programs = folder / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(
        f"#!/bin/sh\nexec {SSH} -F none -i {folder / 'user'} -o IdentitiesOnly=yes -o UserKnownHostsFile={folder / 'known'} "
        '-o StrictHostKeyChecking=accept-new "$@"\n'
    )
    ssh.chmod(0o755)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where a server that root starts locks its sessions in
    with subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE) as server:
        try:
            _wait(port, server)
            yield port, programs
        finally:
            server.terminate()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        with closing(socket.socket()) as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {server.stderr.read().decode() if server.poll() is not None else ''}")
