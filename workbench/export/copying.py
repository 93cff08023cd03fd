"""The workbench's own modules for an exported folder: verbatim, but for the lines that import each other.

`workbench.stages.heads` becomes `parts/stages/heads.py` there. A line that enters a package by its front door names the module
behind it instead, so that only what is needed comes along.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

PACKAGE = "workbench"
PARTS = "parts"
PROGRAM = f"{PACKAGE}.export.program"
ENTRY = f"{PROGRAM}.detect"
SOURCES = Path(__file__).parents[2]
PACKAGE_MARK = '"""Copied from the workbench, whose names these are."""\n'


def copied_modules(runtime: str) -> dict[PurePosixPath, str]:
    """Return the program's files, each with its text: `detect.py`, and what it needs, all of it below `parts`.

    Args:
        runtime: `litert`, `openvino`, `onnxruntime` or `tensorflow`; only the module for this one comes along.
    """
    instead = {f"{PROGRAM}.on_litert": f"{PROGRAM}.on_{runtime}"}
    texts: dict[PurePosixPath, str] = {}
    wanted = [ENTRY]
    while wanted:
        name = wanted.pop()
        path = path_of(name)
        if path not in texts:
            texts[path], needed = rewritten(name, instead)
            wanted += needed
    packages = {parent for path in texts for parent in path.parents if parent.parts}
    return texts | {package / "__init__.py": PACKAGE_MARK for package in packages}


def path_of(module: str) -> PurePosixPath:
    """Say where a module lies in the folder."""
    return PurePosixPath("detect.py") if module == ENTRY else PurePosixPath(*name_in_folder(module).split(".")).with_suffix(".py")


def name_in_folder(module: str) -> str:
    """Return a module's dotted name in the folder."""
    return f"{PARTS}.{module.removeprefix(f'{PROGRAM}.').removeprefix(f'{PACKAGE}.')}"


def rewritten(module: str, instead: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a module's text for the folder, and the modules that it imports.

    Args:
        module: Its dotted name.
        instead: Modules that are imported in the place of others.
    """
    source = source_file(module).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    needed: list[str] = []
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and is_own(node)]
    for node in sorted(nodes, key=lambda one: one.lineno, reverse=True):  # from the end, so that line numbers hold
        names_by_home: dict[str, list[str]] = {}
        for alias in node.names:
            home = home_of(str(node.module), alias.name)
            names_by_home.setdefault(instead.get(home, home), []).append(ast.unparse(alias))
        indent = " " * node.col_offset
        lines[node.lineno - 1 : node.end_lineno] = [
            f"{indent}from {name_in_folder(home)} import {', '.join(names)}\n" for home, names in names_by_home.items()
        ]
        needed += names_by_home
    return "".join(lines), needed


def is_own(node: ast.ImportFrom) -> bool:
    """Whether an import is of the workbench."""
    return (node.module or "").split(".")[0] == PACKAGE


@cache
def home_of(module: str, name: str) -> str:
    """Return the module that defines what another one, or a package's front door, hands on."""
    file = source_file(module)
    if file.name != "__init__.py":
        return module
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return home_of(str(node.module), name)
    raise AssertionError(f"{module} does not hand on {name}")


def source_file(module: str) -> Path:
    """Return where a module's text is."""
    path = SOURCES.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
