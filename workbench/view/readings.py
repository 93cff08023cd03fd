"""A model's readings in a notebook: pictures to choose from, and the detector card that follows."""

from collections.abc import Callable, Collection
from html import escape
from pathlib import Path
from typing import final

import ipywidgets

from workbench.errors import WorkbenchError
from workbench.opening import PICTURE_SIDE_PX, Description, Reading
from workbench.opening import describe as look_at_model
from workbench.stages import encode_jpeg

QUALITY = 85
PICTURE_WIDTH = "420px"


@final
class Readings(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Each plausible reading of a model with what it finds in one frame, and a button that writes its card."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._message = ipywidgets.HTML()
        self._written: tuple[Path, bytes] | None = None  # the card that a button wrote last
        head = ipywidgets.HTML(_head(description))
        cells = [self._cell(number, reading) for number, reading in enumerate(description.readings, start=1)]
        grid = ipywidgets.HBox(cells, layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([head, grid, self._message])

    def _cell(self, number: int, reading: Reading) -> ipywidgets.VBox:
        button = ipywidgets.Button(
            description=f"Write the card of reading {number}", layout=ipywidgets.Layout(width="auto"), tooltip=reading.title
        )
        button.on_click(self._writing(number))
        parts = [ipywidgets.HTML(_words(number, reading))]
        if reading.picture_rgb is not None:
            jpeg = encode_jpeg(reading.picture_rgb, PICTURE_SIDE_PX, QUALITY)
            parts.insert(0, ipywidgets.Image(value=jpeg, format="jpeg", layout=ipywidgets.Layout(width="100%")))
        return ipywidgets.VBox([*parts, button], layout=ipywidgets.Layout(width=PICTURE_WIDTH, margin="0 16px 16px 0"))

    def _writing(self, number: int) -> Callable[[object], None]:
        def write(_: object) -> None:
            try:
                path = self.description.write(number, replace=self._is_as_written())
                self._written = path, path.read_bytes()
            except WorkbenchError as error:  # ipywidgets would only log it
                self._message.value = f"<b>{escape(str(error))}</b>"
                return
            opened = f"Workbench({self.description.source!r})"
            self._message.value = f"Written: <code>{escape(str(path))}</code>. <code>{escape(opened)}</code> now follows it."

        return write

    def _is_as_written(self) -> bool:
        """Tell whether the card beside the model is the one that a button wrote: what somebody wrote by hand stays."""
        if self._written is None:
            return False
        path, content = self._written
        return path.is_file() and path.read_bytes() == content


def describe(source: str, image: str | None = None, allow: Collection[str] = (), *, signature: str | None = None) -> Readings:
    """Look at a model and show, in a notebook, what it finds in one frame under each plausible reading.

    Args:
        source: A model file, or a SavedModel's folder.
        image: A picture of what it detects.
        allow: What may happen that else is refused: `lambda` and `python-functions`, code in it; `code=FILE`, a Python file of its
            layers; `operations=NAME,…`, operations that reach files or the network.
        signature: The signature of a SavedModel to call, which its card then names.

    Raises:
        ModelError: It does not load or run.
        MediaError: The picture cannot be read.
    """
    return Readings(look_at_model(source, image, allow, signature=signature))


def _head(description: Description) -> str:
    tensors = "".join(f"<li><code>{escape(line)}</code></li>" for line in (*description.tensors, *description.made_of))
    card = f"<p>Its card is <code>{escape(str(description.card_path))}</code>.</p>" if description.card_path else ""
    problem = f"<p><b>{escape(description.problem)}</b></p>" if description.problem else ""
    if description.unfinished_card:
        problem += f'<pre style="line-height: 1.35">{escape(description.unfinished_card)}</pre>'
    return f"<h3>{escape(description.source)}</h3><ul>{tensors}</ul>{card}{problem}"


def _words(number: int, reading: Reading) -> str:
    found = f"{reading.found} found" if reading.picture_rgb is not None else "not tried"
    lines = [f"sure: {line}" for line in reading.sure] + [f"guessed: {line}" for line in reading.card.guessed]
    return f"<b>{number}. {escape(reading.title)}: {found}</b><br>" + "<br>".join(escape(line) for line in lines)
