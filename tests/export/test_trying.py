"""A program that is not as it should be is no export, and its own words say why."""

from pathlib import Path

import pytest

from workbench.errors import UnavailableError
from workbench.export.exporting import PROGRAM, _try


def test_a_program_that_ends_well_passes_whatever_it_prints(tmp_path: Path) -> None:
    (tmp_path / PROGRAM).write_text("import sys; print('line\\n' * 50_000); sys.stderr.write('remark\\n' * 50_000)")
    _try(tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('as expected'); print('0.png: not found: class 1'); raise SystemExit(1)", "0.png: not found: class 1"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("print('a\\x1b[31mb'); raise SystemExit(1)", "a [31mb"),
        ("import os; print('half'); os.abort()", "it crashes the runtime (SIGABRT)"),
        ("raise SystemExit(3)", "it ends its process with code 3"),
    ],
    ids=["other detections", "traceback", "control characters", "crash", "exit"],
)
def test_a_program_that_fails_is_told_by_its_last_words(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / PROGRAM).write_text(code)

    with pytest.raises(UnavailableError) as failed:
        _try(tmp_path)

    assert str(failed.value) == f"the program does not find what the workbench finds, so nothing was written: {said}"
