"""An exported folder holds the workbench's own modules: nothing in them differs but imports, and they need little."""

import ast
import sys
from pathlib import PurePosixPath

import pytest

from workbench.export.copying import ENTRY, PACKAGE_MARK, PROGRAM, SOURCES, copied_modules, path_of, rewritten

RUNTIMES = {"litert": "ai_edge_litert", "openvino": "openvino", "onnxruntime": "onnxruntime", "tensorflow": "tensorflow"}
LIGHT = frozenset({"numpy", "cv2", "PIL", "parts", *sys.stdlib_module_names})
MOST_LINES = 150


def sources() -> dict[PurePosixPath, str]:
    """Every module of the workbench that can be copied, by its path in a folder."""
    names = [".".join(path.relative_to(SOURCES).with_suffix("").parts) for path in (SOURCES / "workbench").rglob("*.py")]
    return {path_of(name): (SOURCES.joinpath(*name.split("."))).with_suffix(".py").read_text() for name in names}


def without_imports(text: str) -> list[str]:
    """A module's lines but those of imports of the workbench or its parts."""
    lines: list[str | None] = [*text.splitlines()]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"workbench", "parts"}:
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [None] * (node.end_lineno - node.lineno + 1)
    return [line for line in lines if line is not None]


def imported(text: str) -> set[str]:
    tree = ast.parse(text)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_copies_differ_in_nothing_but_imports(runtime: str) -> None:
    originals = sources()
    copies = copied_modules(runtime)
    modules = {path: text for path, text in copies.items() if path.name != "__init__.py"}

    assert PurePosixPath("parts/stages/heads.py") in modules
    assert PurePosixPath("parts/hardware/identity.py") in modules
    for path, text in modules.items():
        assert without_imports(text) == without_imports(originals[path]), path
    assert {text for path, text in copies.items() if path.name == "__init__.py"} == {PACKAGE_MARK}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_copies_import_the_one_runtime_and_nothing_heavy(runtime: str) -> None:
    reach_runtime = {path.as_posix() for path, text in copied_modules(runtime).items() if imported(text) - LIGHT}

    assert reach_runtime == {f"parts/on_{runtime}.py", *(["parts/graph/preprocess.py"] if runtime == "tensorflow" else [])}
    assert all(imported(text) <= LIGHT | {RUNTIMES[runtime]} for text in copied_modules(runtime).values())


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_part_that_is_imported_is_there(runtime: str) -> None:
    copies = copied_modules(runtime)
    for text in copies.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parts"):
                path = PurePosixPath(*str(node.module).split(".")).with_suffix(".py")
                defined = {
                    *(one.name for one in ast.parse(copies[path]).body if isinstance(one, ast.FunctionDef | ast.ClassDef)),
                    *(
                        name.id
                        for one in ast.parse(copies[path]).body
                        if isinstance(one, ast.Assign | ast.AnnAssign)
                        for name in ast.walk(one)
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                    ),
                }
                assert {alias.name for alias in node.names} <= defined, f"{path} does not define what is imported"
    assert len(copies[PurePosixPath("detect.py")].splitlines()) <= MOST_LINES


def test_imports_keep_their_indentation_and_their_second_names() -> None:
    text, needed = rewritten("workbench.stages.nms", {})

    assert "workbench.detections.boxes" in needed
    assert "from parts.detections.boxes import FloatArray, areas_px\n" in text
    assert (
        "\nfrom parts.on_openvino import open_network\n"
        in rewritten(f"{PROGRAM}.pipeline", {f"{PROGRAM}.on_litert": f"{PROGRAM}.on_openvino"})[0]
    )
    assert path_of(ENTRY) == PurePosixPath("detect.py")
