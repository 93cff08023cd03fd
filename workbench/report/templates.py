"""The templates of the page. What `record` hands on they call by its own name; what `wording` does are their filters."""

from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench import record, wording
from workbench.errors import unturned

NAMED = 8  # settings in one sentence; the table has them all


@cache
def templates() -> Environment:
    """Return the templates, with all that they call."""
    environment = Environment(
        loader=PackageLoader("workbench.report", "."),
        autoescape=True,
        finalize=lambda value: unturned(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {name: getattr(record, name) for name in record.__all__}
    environment.filters |= {name: getattr(wording, name) for name in wording.__all__}
    environment.filters |= {one.__name__: one for one in (record.network_cells, record.block_cells, record.trial_cells)}
    environment.filters |= {"setting": _setting_text, "named": partial(wording.listed, most=NAMED)}
    return environment


def _setting_text(value: object) -> str:
    """Write one setting's value as the command line takes it."""
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return "default" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
