"""Charts that survive: interactive in a notebook, and drawn in a page exported from it, with no network.

A notebook front end that knows plotly draws its own data. Anything else, such as the pages of `jupyter nbconvert --to html`, takes
the HTML beside it. The library behind that, of five megabytes, is packed into one output of the notebook: the lesson's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RecordError
from workbench.record import write_whole
from workbench.report import packed_script, script_json

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY_MIME = "application/vnd.plotly.v1+json"
HEIGHT_PX = 420  # of a chart whose figure sets none: a screen shows it whole beside its cell
CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True, "scrollZoom": False}

LIBRARY = """<script type="application/octet-stream" id="workbench-plotly">{packed}</script>
<script>
window.workbenchPlotly = () => window.workbenchPlotlyLoading ??= (async () => {{
  const text = document.getElementById("workbench-plotly").textContent.trim();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}})();
</script>"""

CHART = """<div id="{key}" class="workbench-chart" style="min-height:{height}px">
<p>This chart is drawn by the first output of the notebook: run the notebook from its top.</p></div>
<script>
(() => {{
  const figure = {figure};
  const draw = async () => {{
    const box = document.getElementById("{key}");
    if (!window.workbenchPlotly || !box) return;
    await window.workbenchPlotly();
    box.replaceChildren();
    Plotly.newPlot(box, figure.data, figure.layout, figure.config);
  }};
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", draw) : draw();
}})();
</script>"""


# The page of JupyterLab's look, without the scripts that it would ask the network for: charts, formulas and diagrams of its own.
PAGE = """{%- extends 'index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


@dataclass(frozen=True, slots=True, repr=False)
class Chart:
    """A figure that a notebook shows and keeps."""

    figure: go.Figure

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002 - IPython's
        figure = json.loads(self.figure.to_json())
        figure["config"] = CONFIG
        return {PLOTLY_MIME: figure, "text/html": chart_html(figure), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"a chart of {', '.join(str(trace.name) for trace in self.figure.data)}"


def chart(figure: go.Figure) -> Chart:
    """Return a figure so that pages exported from the notebook hold it too."""
    return Chart(figure)


def chart_html(figure: dict[str, Any]) -> str:
    """Return HTML that draws a figure's data once the library is on the page."""
    text = script_json(figure)
    height = figure.get("layout", {}).get("height", HEIGHT_PX)
    return CHART.format(key=f"chart-{sha256(text.encode()).hexdigest()[:12]}", height=height, figure=text)


@cache
def library_html() -> str:
    """Return HTML that holds plotly's library, packed, and unpacks it when the first chart asks for it."""
    return LIBRARY.format(packed=packed_script())


def export_page(notebook: Path | str, page: Path | str) -> None:
    """Write a notebook that has been run as an HTML page that loads nothing from a network.

    `jupyter nbconvert --to html` shows the same, but its page asks the network for scripts that these notebooks do without.

    Raises:
        RecordError: The notebook cannot be read, or has not been run.
        SaveError: The page cannot be written.
    """
    import nbformat
    from nbconvert import exporters

    try:
        content = nbformat.reads(Path(notebook).read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(content)
    except OSError as error:
        raise RecordError(f"cannot read the notebook {notebook}: {error.strerror}; choose an .ipynb file") from None
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        nbformat.ValidationError,
    ) as error:  # nbformat raises what it trips over
        reason = str(error).splitlines()[0]
        raise RecordError(f"{notebook} is no notebook of this version ({reason}); choose an .ipynb file") from None
    if not any(cell.get("outputs") for cell in content.cells):
        raise RecordError(f"{notebook} holds no outputs; run it and save it, then export it")
    exporter = exporters.HTMLExporter(template_name="lab")  # type: ignore[no-untyped-call]
    exporter.raw_template = PAGE
    body, _ = exporter.from_notebook_node(content)
    write_whole(Path(page), body)
