"""The servers below `workbench app` and `workbench lab`: who may open a page, how many, and that nothing of them runs on."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPMessage
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psutil
import pytest
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError

from tests.browser.serving import TOKEN, answers, free_port, serving
from workbench.cli.page_server import MOST_KERNELS, FewKernels, check_visit
from workbench.cli.serving import check_root
from workbench.errors import SettingsError

PAGE = "/voila/render/workbench.ipynb"
END_SECONDS = 30


def visit(token: bool, **headers: str) -> None:
    named = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    check_visit(
        SimpleNamespace(request=SimpleNamespace(headers=named, host="127.0.0.1:8888"), token_authenticated=token), notebook=None
    )


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (True, {"Sec_Fetch_Site": "cross-site"}),
        (False, {"Sec_Fetch_Site": "none"}),
        (False, {"Sec_Fetch_Site": "same-origin"}),
        (False, {"Referer": "http://127.0.0.1:8888/login"}),
    ],
    ids=["with the token", "typed", "reloaded", "after the login, without TLS"],
)
def test_who_uses_the_server_opens_its_page(token: bool, headers: dict[str, str]) -> None:
    visit(token, **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Referer": "http://127.0.0.1:8888/"},
        {"Referer": "http://127.0.0.1:9999/"},
        {},
    ],
    ids=["another site", "another server of this machine", "the same, without TLS", "nothing said"],
)
def test_a_page_that_another_site_asks_for_with_the_cookie_alone_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(HTTPError, match="asked for by another site"):
        visit(False, **headers)


def test_only_so_many_kernels_run_at_once_however_fast_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(self: AsyncMappingKernelManager, **_: object) -> str:
        await asyncio.sleep(0)
        self._kernels[key := str(uuid4())] = object()
        return key

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", start)

    async def ask() -> list[object]:
        kernels = FewKernels()
        return await asyncio.gather(*(kernels.start_kernel() for _ in range(MOST_KERNELS + 2)), return_exceptions=True)

    refused = [one for one in ThreadPoolExecutor(1).submit(lambda: asyncio.run(ask())).result() if isinstance(one, HTTPError)]
    assert [one.status_code for one in refused] == [503, 503]
    assert "close one" in str(refused[0].log_message)


SLEEPER = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)"
)
SERVE = f"""
import sys
from workbench.cli.serving import serve
serve([sys.executable, "-c", {SLEEPER + "; print('up', flush=True); time.sleep(60)"!r}])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_the_command_ends_all_that_is_below_it(name: str) -> None:
    command = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    assert command.stdout.readline() == "up\n"
    below = psutil.Process(command.pid).children(recursive=True)
    assert len(below) == 2
    command.send_signal(getattr(signal, name))
    command.communicate(timeout=END_SECONDS)
    assert command.returncode == 128 + getattr(signal, name)
    assert psutil.wait_procs(below, END_SECONDS)[1] == []


TELLS = """
import json, os, pathlib, sys, time
from workbench.cli.serving import serve
server = "import json, os, pathlib, time; at = pathlib.Path(os.environ['JUPYTER_RUNTIME_DIR']) / f'jpserver-{os.getpid()}.json';"
server += " at.write_text(json.dumps(dict(url='http://localhost:1/', token='t'))); time.sleep(60)"
serve([sys.executable, "-c", server], started=lambda facts: print(facts["url"], facts["token"], flush=True))
"""


def test_where_a_server_is_is_told_once_it_says_so(tmp_path: Path) -> None:
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    command = subprocess.Popen([sys.executable, "-c", TELLS], stdout=subprocess.PIPE, text=True, env=environment)
    assert command.stdout is not None
    assert command.stdout.readline() == "http://localhost:1/ t\n"
    command.send_signal(signal.SIGTERM)
    assert command.communicate(timeout=END_SECONDS) == ("", None)


def test_root_is_told_what_to_add_where_nobody_allowed_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(SettingsError, match="you are root; add --server=--allow-root$"):
        check_root([], "--server=--allow-root")
    check_root(["--allow-root"], "")
    (tmp_path / "jupyter_server_config.py").write_text("c.ServerApp.allow_root = True")
    check_root([], "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    (tmp_path / "jupyter_server_config.py").unlink()
    check_root([], "")


# The whole way, on servers as people start them


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, HTTPMessage, bytes]:
    """Return how a server answers, and with what; nothing is followed."""
    asked = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
    asked.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = asked.getresponse()
    content = b"" if answer.status == 101 else answer.read()
    asked.close()
    return answer.status, answer.headers, content


def status(address: str, path: str, method: str = "GET", **headers: str) -> int:
    return ask(address, path, method, **headers)[0]


def kernels(address: str) -> list[object]:
    return list(json.loads(ask(address, f"/api/kernels?token={TOKEN}")[2]))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("app"), ["app", "--no-browser"], "--server=") as address:
        yield address


@pytest.fixture(scope="module")
def cookie(address: str) -> str:
    """What a browser keeps once it was there with the token."""
    told = ask(address, f"/login?token={TOKEN}")[1].get_all("Set-Cookie", [])
    return "; ".join(value.split(";")[0] for value in told)


@pytest.mark.slow
def test_nobody_else_gets_in_by_any_way_and_nothing_starts(address: str, cookie: str) -> None:
    assert "username-" in cookie
    for path in (
        PAGE,
        "/api/kernels",
        "/api/contents",
        "/api/sessions",
        "/api/terminals",
        "/voila/files/workbench.ipynb",
        "/files/x",
        "/tree",
    ):
        assert status(address, path) in {302, 403, 404}, f"{path} without the token"
        assert status(address, f"{path}?token=wrong") in {302, 403, 404}, f"{path} with another token"
    for method, path in (("POST", "/api/kernels"), ("POST", "/api/sessions"), ("DELETE", f"/api/kernels/{uuid4()}")):
        assert status(address, path, method) == 403, "without the token"
        assert status(address, path, method, Cookie=cookie, Origin="http://127.0.0.1:9") in {403, 404}, "another site's page"
    assert status(address, f"{PAGE}?token={TOKEN}", Host="evil.example:80") == 403, "a name that was pointed here"
    for site in ("cross-site", "same-site"):
        assert status(address, PAGE, Cookie=cookie, Sec_Fetch_Site=site) == 403
    assert kernels(address) == []


@pytest.mark.slow
def test_nobody_else_speaks_with_a_kernel_that_runs(address: str, cookie: str) -> None:
    kernel = json.loads(ask(address, f"/api/kernels?token={TOKEN}", "POST")[2])["id"]
    channels = f"/api/kernels/{kernel}/channels"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    upgrade["Sec_WebSocket_Key"] = b64encode(b"workbench1234567").decode()
    try:
        assert status(address, channels, **upgrade) == 403, "without the token"
        assert status(address, channels, Cookie=cookie, Origin="http://127.0.0.1:9", **upgrade) == 403, "another site's page"
        assert status(address, channels, Cookie=cookie, Origin=address, **upgrade) == 101, "this server's own page"
    finally:
        assert status(address, f"/api/kernels/{kernel}?token={TOKEN}", "DELETE") == 204


@pytest.mark.slow
def test_a_page_of_ones_own_opens_and_the_files_that_lead_to_its_kernel_are_ones_own(
    address: str, cookie: str, tmp_path_factory
) -> None:
    assert status(address, PAGE, Cookie=cookie, Sec_Fetch_Site="none") == 200
    runtime = next(tmp_path_factory.getbasetemp().glob("app*/jupyter_runtime_dir"))
    assert runtime.stat().st_mode & 0o077 == 0  # the page that opens the browser has the token, and what the umask leaves
    keys = list(runtime.glob("*.json"))
    assert [path for path in keys if path.name.startswith("kernel-")]
    assert [path.name for path in keys if path.stat().st_mode & 0o077] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    ("words", "option"), [(["app", "--no-browser"], "--server="), (["lab", "--", "--no-browser"], "")], ids=["app", "lab"]
)
def test_a_server_ends_with_its_command_and_its_kernels_with_it(words: list[str], option: str, name: str, tmp_path: Path) -> None:
    port = free_port()
    options = [option + one for one in (f"--port={port}", f"--IdentityProvider.token={TOKEN}", "--allow-root")]
    homes = {one: str(tmp_path / one.lower()) for one in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = subprocess.Popen(
        [str(Path(sys.executable).with_name("workbench")), *words, *options], env={**os.environ, **homes}, cwd=tmp_path
    )
    try:
        ends = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}/api") and time.monotonic() < ends:
            time.sleep(0.3)
        assert status(f"http://127.0.0.1:{port}", f"/api/kernels?token={TOKEN}", "POST") == 201
        below = psutil.Process(command.pid).children(recursive=True)
        assert len(below) >= 2
        command.send_signal(getattr(signal, name))
        command.wait(END_SECONDS)
        assert psutil.wait_procs(below, 5)[1] == []
    finally:
        command.kill()
