"""`python -m sample_media.making`, and that the package which people install knows nothing of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["train", "inspector-huge"], "invalid choice: 'inspector-huge' (choose from"),
        (["train", "inspector-mobile", "--minutes", "1", "--steps", "1"], "not allowed with argument --minutes"),
        (["media", "--out", "taken"], "cannot write the sample media into"),
    ],
    ids=["another detector", "two lengths", "no folder"],
)
def test_a_users_error_is_told_with_exit_2(tmp_path: Path, words: list[str], error: str) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    command = [sys.executable, "-m", "sample_media.making", *(str(tmp_path / word) if word == "taken" else word for word in words)]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert error in done.stderr.splitlines()[-1]


def test_the_package_imports_nothing_of_what_makes_the_samples() -> None:
    imports = re.compile(r"^\s*(?:from|import) sample_media\b", re.MULTILINE)
    assert [path for path in (REPOSITORY / "workbench").rglob("*.py") if imports.search(path.read_text())] == []
