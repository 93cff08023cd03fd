"""The page's templates."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench import wording


@cache
def templates() -> Environment:
    """Return the templates, with the filters that they use."""
    environment = Environment(
        loader=PackageLoader("workbench.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ms": wording.format_seconds_as_ms,
        "percent": wording.format_percent,
        "significant": wording.format_number,
        "setting": setting_text,
        "unbroken": wording.unbroken,
        "size_bytes": wording.format_bytes,
        "cpu_name": wording.short_cpu_name,
    }
    return environment


def setting_text(value: object) -> str:
    """Write one setting's value as the command line takes it."""
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return "default" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
