"""URLs of streams: which they are, how they are shown, and whether anybody answers at them."""

import re
import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

# Where a connection can be tried before FFmpeg waits for one; a `udp` stream has nobody who would answer.
PORTS: dict[str, int | None] = {
    "http": 80,
    "https": 443,
    "rtsp": 554,
    "rtsps": 322,
    "rtmp": 1935,
    "rtmps": 443,
    "udp": None,
}
CONNECT_SECONDS = 3.0  # a camera in the same house answers within milliseconds, a host across the world within half a second
HIDDEN = "***"

_SCHEME = re.compile(rf"({'|'.join(PORTS)})://", re.IGNORECASE)
# Up to the last `@`: a password may hold `@`, `/`, `?` and `#`, and whoever forgot to escape them does not want it shown either.
_USER = re.compile(rf"^({_SCHEME.pattern}).+@", re.IGNORECASE | re.DOTALL)
_SECRET = re.compile(r"((?:user|usr|login|pass|pwd|token|key|auth|secret|sig)[\w-]*=)[^&;/\s]+", re.IGNORECASE)


def is_url(source: str) -> bool:
    """Tell whether a name is the URL of a stream or of a file on a server.

    >>> is_url("rtsp://camera.local/1"), is_url("RTMP://x"), is_url("http.mp4")
    (True, True, False)
    """
    return _SCHEME.match(source) is not None


def masked(source: str) -> str:
    """Return a name of media as it may be shown: without the user names, passwords and keys of a URL, on one line.

    >>> masked("rtsp://admin:se/cr@et@10.0.0.7:554/live?channel=1")
    'rtsp://***@10.0.0.7:554/live?channel=1'
    >>> masked("http://host/video.cgi?user=admin&pwd=x&res=hd")
    'http://host/video.cgi?user=***&pwd=***&res=hd'
    >>> masked("stills/user=1.jpg")
    'stills/user=1.jpg'
    """
    if is_url(source):
        source = _SECRET.sub(rf"\1{HIDDEN}", _USER.sub(rf"\1{HIDDEN}@", source))
    return "".join(character if character.isprintable() else "?" for character in source)


def why_unreachable(url: str, timeout_seconds: float = CONNECT_SECONDS) -> str | None:
    """Say why nobody answers at a URL; `None` where somebody does, or where only FFmpeg can tell."""
    try:
        address = _address(url)
    except ValueError:
        return "names no host that can be read (write @ / ? # : in a password as %40 %2F %3F %23 %3A)"
    return _why_no_connection(address, timeout_seconds) if address else None


def _address(url: str) -> tuple[str, int] | None:
    """Return host and port; `None` where no connection to them is made: a stream by `udp`, or a proxy that makes it."""
    parts = urlsplit(url)
    usual, port = PORTS[parts.scheme], parts.port
    if usual is None:
        return None
    if not parts.hostname:
        raise ValueError
    by_proxy = parts.scheme in getproxies() and not proxy_bypass(parts.hostname)
    return None if by_proxy else (parts.hostname, port or usual)


def _why_no_connection(address: tuple[str, int], timeout_seconds: float) -> str | None:
    try:
        socket.create_connection(address, timeout_seconds).close()
    except TimeoutError:
        return f"does not answer within {timeout_seconds:.0f} s"
    except (socket.gaierror, UnicodeError):
        return "names a host that nobody knows"
    except OSError as error:
        return f"cannot be reached: {error.strerror or error}"
    return None
