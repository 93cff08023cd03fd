"""The page on what is no setting: each of its cells runs, in the order in which they stand."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.few_stills import write_few_stills

PAGE = Path(__file__).parents[1] / "docs" / "limits.md"
CELL = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
MEASURES = "%%workbench"
OF_THE_CLIP = "--media {SAMPLE_CLIP}"  # 600 frames that are all judged
MEASURED = 5


@pytest.mark.slow
def test_each_cell_of_the_page_runs(tmp_path: Path) -> None:
    stills = write_few_stills(tmp_path / "stills", 8)
    few = f"--media '{stills}'"
    sources = [source.replace(OF_THE_CLIP, "") for source in CELL.findall(PAGE.read_text(encoding="utf-8"))]
    sources = [source.replace(MEASURES, f"{MEASURES} {few} --frames 4 --seconds 0.1") for source in sources]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()

    measured = [cell for cell in notebook.cells if cell.source.startswith(MEASURES)]
    results = [output.data["text/plain"] for cell in measured for output in cell.outputs if output.output_type == "execute_result"]
    assert results == ["<2 records>"] * MEASURED
