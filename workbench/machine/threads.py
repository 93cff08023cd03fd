"""Threads whose names the system knows too."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, final

MOST_CHARACTERS = 15  # of a thread's name in Linux
SHORT = ("workbench-", "wb-")


@final
class NamedThread(threading.Thread):
    """A daemon thread that `top -H` and `ps -L` call by its name, and with it the threads that a runtime starts from there.

    Args:
        target: What it runs.
        name: For people.
        args: For the target.
    """

    def __init__(self, target: Callable[..., object], name: str, args: tuple[Any, ...] = ()) -> None:
        super().__init__(target=target, name=name, args=args, daemon=True)

    def run(self) -> None:
        with suppress(OSError):  # not Linux
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(self.name.replace(*SHORT)[:MOST_CHARACTERS])
        super().run()
