"""What a worker says of itself costs no core while it times frames."""

import io
import json

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
        lines.say("begins", f"row {n}")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"alive": True},
        *({"begins": f"row {n}"} for n in range(3)),
    ]
