"""What the server of `workbench app` asks before it starts a kernel; it loads this as its extension, in place of Voilà's."""

import warnings
from typing import Any, final
from urllib.parse import urlsplit

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from voila import server_extension  # type: ignore[import-untyped]

warnings.filterwarnings("ignore", category=DeprecationWarning, module="traitlets")  # Voilà asks for its own and Jupyter's

MOST_KERNELS = 4  # a page each; each has a model in memory and takes its share of the processor
TOO_MANY = f"{MOST_KERNELS} pages are open or were a moment ago; close one, and open this one again after two minutes"
NAMED_ELSEWHERE = "this page was asked for by another site; open the address that `workbench app` printed"
BY_A_PERSON = {"none", "same-origin"}  # of Sec-Fetch-Site: an address that was typed or chosen, and a page of this server


@final
class FewKernels(AsyncMappingKernelManager):
    """Kernels, of which only so many run at once, whoever asks for them."""

    _starting = 0

    async def start_kernel(self, *words: Any, **named: Any) -> str:  # type: ignore[override]  # as in its asynchronous base
        if len(self) + self._starting >= MOST_KERNELS:
            raise HTTPError(503, TOO_MANY)
        self._starting += 1
        try:
            # What a kernel says of its own connection is for nobody who opened a page.
            key: str = await super().start_kernel(*words, **{"extra_arguments": ["--IPKernelApp.log_level=ERROR"], **named})
        finally:
            self._starting -= 1
        return key


def check_visit(handler: JupyterHandler, **_: object) -> None:
    """Refuse a page that was not asked for by whoever uses this server.

    A page of another site, of another user's server on this machine too, can name this one's address, in a picture or a frame. The
    browser sends the cookie then, for it knows no ports; it also says whose page that was. No other site knows the token.

    Raises:
        HTTPError: It was asked for by another site's page.
    """
    headers = handler.request.headers
    came_from = urlsplit(headers.get("Referer", "")).netloc  # where a browser says no more: to a host by its name, without TLS
    site = headers.get("Sec-Fetch-Site", "same-origin" if came_from == handler.request.host else "cross-site")
    if site not in BY_A_PERSON and not handler.token_authenticated:
        raise HTTPError(403, NAMED_ELSEWHERE)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    server.config.VoilaConfiguration.prelaunch_hook = check_visit
    server_extension._load_jupyter_server_extension(server)
