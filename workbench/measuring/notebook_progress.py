"""How far a measurement is, under the cell of a notebook that runs it; elsewhere nothing is shown."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, final

Progress = Callable[[str, int, int], object]
"""Called with what is going on, the steps done, and the steps in all (0 where that is not known)."""

REST_SECONDS = 0.25  # between two updates: each is a message through the kernel that measures


@final
class NotebookProgress:
    """A bar with its words, which goes once the measurement is over."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far it is; `total` 0 is unknown."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + REST_SECONDS
        known = f' value="{done}" max="{total}"' if total else ""
        count = f", {done} of {total}" if total else ""
        self._show(f"<progress{known}></progress> {escape(what)}{count}", f"{what}{count}")

    def clear(self) -> None:
        """Take it away."""
        if self._handle is not None:
            self._show("", "")

    def _show(self, html: str, plain: str) -> None:
        from IPython.display import display

        content = {"text/html": html, "text/plain": plain}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content, raw=True)


def tell_nobody(*_: object) -> None:
    """What is told outside of notebooks."""


@contextmanager
def progress_shown(asked: Progress | None) -> Iterator[Progress]:
    """Yield what is told how far it is: what was asked for, else a bar where a notebook's kernel runs this, else nobody."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and asked is None else None
    if getattr(shell, "kernel", None) is None:
        yield asked or tell_nobody
        return
    bar = NotebookProgress()
    try:
        yield bar
    finally:
        bar.clear()
