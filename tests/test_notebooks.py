"""The notebooks are thin, stripped of outputs, and run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.assets.scenes import SHAPES
from workbench.lessons.charting import PLOTLY_MIME

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if not path.stem.startswith("0")]
MOST_LINES = 10
COMPARING, SHORTLY = "comparison_seconds=2", "comparison_seconds=0.2"  # half of a lesson's time is comparing until it is clear
PARAMETERS = ("MODEL", "MEDIA", "TRUTH")
OTHER = "OTHER"  # a second model, where a lesson has one
MEASURES = """
from workbench import Bench, open_data, open_detector, variant
detector = open_detector({detector!r})
bench = Bench(open_data(detector, {frames!r}), frames=3)
record = bench.measure(variant(detector, "graph,input.size_hw=64x96,input.resize=opencv"))
"""
CLOSE_ALL = "[shown.close() for shown in list(Out.values()) if hasattr(shown, 'close')]"


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return code_cells_of(nbformat.read(path, as_version=4))


def code_cells_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stripped_and_want_the_common_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_define_nothing_and_keep_cells_short(path: Path) -> None:
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= MOST_LINES
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(ast.parse(cell.source)))


def calls(path: Path, method: str) -> list[tuple[int, ast.Call]]:
    """Return the calls of a lesson's method, each with the number of its cell."""
    return [
        (number, node)
        for number, cell in enumerate(code_cells(path))
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_predict_before_they_measure_and_end_with_what_was_learned(path: Path) -> None:
    predicted = [number for method in ("predict", "predict_speed") for number, _ in calls(path, method)]
    measured = [number for number, _ in calls(path, "measure")]
    checked = [number for number, _ in calls(path, "check")]
    learned = [number for number, _ in calls(path, "learned")]

    assert len(predicted) == len(checked) >= 1
    assert min(predicted) < min(measured) <= min(checked)
    assert learned == [len(code_cells(path)) - 1]


def test_the_tour_is_nine_lessons_and_every_link_leads_somewhere() -> None:
    assert [path.stem[0] for path in NOTEBOOKS] == list("0123456789")
    for path in NOTEBOOKS:
        words = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
        linked = re.findall(r"\]\(([^)]+)\)", words)
        assert all((FOLDER / target).exists() for target in linked), f"{path.stem} links to {linked}"
    first = FOLDER / "0_start_here.ipynb"
    assert all(path.name in first.read_text(encoding="utf-8") for path in LESSONS)


def texts(notebook: nbformat.NotebookNode, kind: str) -> list[str]:
    """Return what a run notebook shows in one kind of output."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    return [output.data[kind] for output in outputs if kind in output.data]


class Runner(NotebookClient):
    """Knows all that a kernel has shown, also what it took away again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nbformat.v4.new_notebook(), **options)
        self.shown: list[dict[str, Any]] = []

    def process_message(self, msg: dict[str, Any], cell: nbformat.NotebookNode, cell_index: int) -> nbformat.NotebookNode | None:
        if msg["msg_type"] in {"display_data", "update_display_data"}:
            self.shown.append(msg["content"]["data"])
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """One kernel for what is quick, which loads TensorFlow once."""
    client = Runner(timeout=180, kernel_name="python3")
    with client.setup_kernel():
        yield client


def shortly(path: Path) -> nbformat.NotebookNode:
    """Return a notebook that compares shortly, and so may not be able to tell."""
    return nbformat.reads(path.read_text(encoding="utf-8").replace(COMPARING, SHORTLY), as_version=4)


def parameters_of(notebook: nbformat.NotebookNode) -> list[int]:
    """Return the numbers of the cells that papermill takes for the parameters'."""
    return [number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())]


def given(path: Path, **values: str) -> nbformat.NotebookNode:
    """Return a notebook that compares shortly, with parameters as papermill gives them: in a cell behind that of the defaults."""
    notebook = shortly(path)
    (at,) = parameters_of(notebook)
    injected = "".join(["# Parameters\n", *(f"{name} = {value!r}\n" for name, value in values.items())])
    cell = nbformat.v4.new_code_cell(injected, metadata={"tags": ["injected-parameters"]})
    notebook.cells.insert(at + 1, cell)
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_take_a_model_and_media_of_ones_own_and_use_them(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    (at,) = parameters_of(notebook)
    first, *others = code_cells(path)
    assigned = [node for node in ast.parse(first.source).body if isinstance(node, ast.Assign)]
    names = [target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)]
    used = {node.id for cell in others for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}

    assert notebook.cells[at].source == first.source, "nothing that uses them runs before"
    assert names == [*PARAMETERS, *([OTHER] if OTHER in names else [])]
    assert all(isinstance(node.value, ast.Constant) and node.value.value is None for node in assigned)
    assert used.issuperset(names)


def test_the_first_notebook_runs_from_top_to_bottom(runner: Runner, small_folder: Path, tmp_path: Path) -> None:
    notebook = given(NOTEBOOKS[0], MODEL=str(SHAPES), MEDIA=str(small_folder))
    before, after = (nbformat.v4.new_code_cell(text) for text in (f"%cd -q {tmp_path}", CLOSE_ALL))
    notebook.cells = [before, *notebook.cells, after]
    runner.nb = notebook
    runner.reset_execution_trackers()
    for number, cell in enumerate(notebook.cells):
        runner.execute_cell(cell, number)


def test_a_bar_shows_how_far_a_measurement_is_and_goes_at_its_end(runner: Runner, small_folder: Path) -> None:
    measures = MEASURES.format(detector=str(SHAPES), frames=str(small_folder))
    runner.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(measures)])
    runner.reset_execution_trackers()
    runner.shown.clear()
    runner.execute_cell(runner.nb.cells[0], 0)

    texts = [one["text/plain"] for one in runner.shown]
    assert texts[0].endswith("preparing")
    assert any(re.search(r"\d of \d", text) for text in texts)
    assert all("<progress" in one["text/html"] for one in runner.shown[:-1])
    assert texts[-1] == runner.shown[-1]["text/html"] == "", "nothing of it is left"


@pytest.mark.slow
@pytest.mark.timeout(900)  # a minute where nobody else is busy
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)  # the first one runs in a real JupyterLab: tests/browser
def test_a_lesson_runs_in_a_kernel_of_its_own(path: Path, tmp_path: Path) -> None:
    """On the detector and frames that it names; each of its predictions, answers and charts is shown, and what was learned last."""
    notebook = shortly(path)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()

    panels, charts = texts(notebook, "text/html"), texts(notebook, PLOTLY_MIME)
    assert len(charts) == sum(cell.source.startswith("chart(") for cell in code_cells(path)) > 0
    assert all(chart["data"] for chart in charts)
    assert sum("This machine: " in one for one in panels) == len(calls(path, "check"))
    (learned,) = (one for one in panels if " right." in one and "Measured on " in one)
    assert learned.count("<div>• ") >= len(calls(path, "check"))


@pytest.mark.slow
def test_a_lesson_runs_on_a_file_and_frames_of_ones_own(small_tflite: Path, small_folder: Path, tmp_path: Path) -> None:
    (lesson,) = (path for path in LESSONS if path.stem == "6_precision")
    truth = small_folder.with_suffix(".json")
    notebook = given(lesson, MODEL=str(small_tflite), MEDIA=str(small_folder), TRUTH=str(truth))
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()

    (learned,) = (one for one in texts(notebook, "text/html") if " right." in one and "Measured on " in one)
    assert "shapes" in "".join(one["text/plain"] for one in shown_by(notebook))
    assert learned


def shown_by(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    return [output.data for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
