"""The page's templates."""

from contextlib import suppress
from functools import cache
from typing import final

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

from workbench import wording
from workbench.report.cache import cache_folder
from workbench.report.markup import cells_html, settings_html


@final
class _Compiled(FileSystemBytecodeCache):
    """Templates as Python's code, in the user's cache, so that not every process has to compile them."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # without it the next page takes a little longer
            super().dump_bytecode(bucket)


@cache
def templates() -> Environment:
    """Return the templates, with the filters that they use."""
    folder = cache_folder()
    environment = Environment(
        bytecode_cache=None if folder is None else _Compiled(str(folder)),
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
        "cells": cells_html,
        "settings": settings_html,
        "unbroken": wording.unbroken,
        "size_bytes": wording.format_bytes,
        "cpu_name": wording.short_cpu_name,
    }
    return environment
