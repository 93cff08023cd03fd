"""What a worker writes costs no core while it times frames, and comes whole."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

from workbench.sweep.child import ALIVE_SECONDS, Lines


def test_signs_of_life_are_rare_however_often_there_is_reason_for_one() -> None:
    out, now = io.StringIO(), 0.0
    lines = Lines(out, lambda: now)
    for frame in range(1000):
        now = frame * 0.01
        lines.alive()
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert said == [{"alive": True}] * round(10 / ALIVE_SECONDS)


def test_everything_else_is_said_at_once() -> None:
    out = io.StringIO()
    lines = Lines(out, lambda: 0.0)
    for n in range(3):
        lines.alive()
        lines.begins(f"row {n}")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"alive": True},
        *({"begins": f"row {n}"} for n in range(3)),
    ]


def test_a_compilation_is_told_from_frames() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.begins("a", preparing=True)
    lines.begins("a")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"begins": "a", "preparing": True}, {"begins": "a"}]


class SlowText(io.StringIO):
    """Lets other threads in between two characters, as a text layer on a full pipe may."""

    def write(self, text: str) -> int:
        for character in text:
            super().write(character)
            time.sleep(0)
        return len(text)


def test_lines_of_several_threads_do_not_fall_into_each_other() -> None:
    out = SlowText()
    lines = Lines(out)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lines.begins, [f"{n}" * 50 for n in range(200)]))

    assert sorted(json.loads(line)["begins"] for line in out.getvalue().splitlines()) == sorted(f"{n}" * 50 for n in range(200))
