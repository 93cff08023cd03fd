"""What the project says about itself in several places is the same everywhere."""

import json
import re
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from workbench.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.split(r"[<>=\[ ;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {name_of(line) for line in lines if line and not line.startswith("#")}


def direct_requirements() -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"]
    return [*PROJECT["project"]["dependencies"], *extras["test"], *extras["dev"]]


@pytest.mark.parametrize("requirement", direct_requirements())
def test_every_direct_requirement_is_pinned_exactly(requirement: str) -> None:
    assert name_of(requirement) in pinned()


def test_constraints_pin_exact_versions_and_name_no_registry() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s]+", line), line


def test_pinned_versions_run_on_the_oldest_python_that_the_project_takes() -> None:
    """A pin that wants a later patch release cannot be installed where a system's Python is older, as Debian's 3.11.2 is."""
    oldest = f"{PROJECT['project']['requires-python'].split(',')[0].removeprefix('>=')}.0"
    wanted = {one.name: one.metadata.get("Requires-Python") or "" for one in distributions() if name_of(one.name) in pinned()}

    assert len(wanted) > 100
    assert [name for name, versions in wanted.items() if not SpecifierSet(versions).contains(oldest)] == []


def test_conda_users_get_what_pyproject_names() -> None:
    words = (ROOT / "environment.yml").read_text()
    assert f"python{PROJECT['project']['requires-python']}" in words
    assert "--editable .[test,dev]" in words
    assert "--constraint constraints.txt" in words
    named = set(re.findall(r"^\s+- ([a-z][a-z0-9-]*)", words, re.MULTILINE))
    assert named == {"conda-forge", "python", "pip"}, "a package named here again could come to differ from pyproject.toml"


def test_jupyterlab_is_told_the_same_version() -> None:
    tile = json.loads((ROOT / "workbench/view/labextensions/workbench-launcher/package.json").read_text())
    assert tile["version"] == VERSION


def test_readme_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"demo", "test"} <= named <= targets


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("not a git checkout, so what belongs to the project is not known")
    return [name for name in listed.stdout.split("\0") if name]


def test_nothing_lies_at_the_top_that_nobody_put_there() -> None:
    folders = {".ci", "docs", "notebooks", "sample_media", "tests", "workbench"}
    texts = {".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "environment.yml"}
    assert {name.partition("/")[0] for name in tracked_files()} == folders | texts | {"pyproject.toml", "setup.py"}


def test_no_file_is_larger_than_people_expect_to_clone() -> None:
    total = sum((ROOT / name).stat().st_size for name in tracked_files() if (ROOT / name).is_file())
    assert total < 60_000_000
