"""HTML that a page of hundreds of records holds thousands of times, written here since templates take a sixth longer in all."""

from collections.abc import Iterable, Mapping
from html import escape

from markupsafe import Markup

from workbench.report.table import Cell


def cells_html(cells: Iterable[Cell], kinds: Iterable[str]) -> Markup:
    """Return a row's cells.

    Args:
        cells: What stands in them.
        kinds: Of their columns, as `Column.kind`.
    """
    return Markup("\n".join(_cell(cell, kind) for cell, kind in zip(cells, kinds, strict=True)))  # noqa: S704 - escaped in _cell


def _cell(cell: Cell, kind: str) -> str:
    sort = "" if cell.sort is None else f' data-sort="{escape(str(cell.sort))}"'
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    more = f"<small>{escape(cell.more)}</small>" if cell.more else ""
    return f'<td class="{kind} {cell.tone}"{sort}{title}>{escape(cell.text)}{more}</td>'


def settings_html(flat: Mapping[str, object]) -> Markup:
    """Return settings by their `group.field` names, each as the command line takes it."""
    words = (f"<code>{escape(name)}={escape(setting_text(value))}</code>" for name, value in flat.items())
    return Markup(" ".join(words))  # noqa: S704 - escaped above


def setting_text(value: object) -> str:
    """Write one setting's value as the command line takes it."""
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return "default" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
