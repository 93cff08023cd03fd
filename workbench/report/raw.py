"""The raw records inside the page: packed, and with every picture referred to by its key, since the page holds it already."""

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

from workbench.record import Record
from workbench.report.frames import picture_key, showable

LEVEL = 4  # of compression; 6 takes nearly twice as long for four hundredths less
PICTURE_REFERENCE = "picture_key"  # report.js puts the picture's text back under `jpeg_base64`


def packed(text: str) -> str:
    """Return a text gzipped in base64, free of any character that could end a script element."""
    return base64.b64encode(gzip.compress(text.encode(), LEVEL, mtime=0)).decode()


def packed_records(records: Sequence[Record]) -> str:
    """Return the records as packed JSON."""
    return packed(f"[{','.join(map(_text, records))}]")


def _text(record: Record) -> str:
    if not record.pictures and not record.worst:
        return record.to_json()
    tree: dict[str, Any] = json.loads(record.to_json())
    pictures = (*record.pictures, *(one.picture for one in record.worst))
    for picture, row in zip(pictures, (*tree["pictures"], *(one["picture"] for one in tree["worst"])), strict=True):
        if showable(picture):
            del row["jpeg_base64"]
            row[PICTURE_REFERENCE] = picture_key(picture)
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def script_json(value: object) -> str:
    r"""Write JSON that may stand inside a script element, whatever texts it holds.

    >>> script_json("</script>")
    '"\\u003c/script>"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
