"""What the workbench wrote it may write again; what begins otherwise stays."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.saved_records import record
from workbench.errors import SaveError
from workbench.files import CSV, JPEG, JSON, MARKDOWN, PAGE, TFLITE, Content, check_apart, node_data, write_whole
from workbench.record import Records
from workbench.report import render_report, trace_json
from workbench.stages import encode_jpeg

SAVED = Path(__file__).parents[1] / "record" / "saved_0_1_0"
RECORDS = Records((record(), record()))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (JSON, RECORDS[0].to_json()),
        (JSON, RECORDS[0].to_json(indent=2)),
        (JSON, json.dumps(RECORDS.to_dict(), indent=1)),
        (JSON, (SAVED / "records.json").read_bytes()),
        (JSON, trace_json(RECORDS)),
        (JSON, node_data([("a", 1.0)])),
        (CSV, RECORDS.to_csv()),
        (MARKDOWN, RECORDS.to_markdown()),
        (PAGE, render_report(RECORDS)),
        (JPEG, encode_jpeg(np.zeros((8, 8, 3), np.uint8), 8, 90)),
        (JSON, ""),
    ],
)
def test_what_was_written_is_written_again(tmp_path: Path, kind: Content, written: str | bytes) -> None:
    path = tmp_path / "file"
    write_whole(path, written, over=kind)
    write_whole(path, b"new", over=kind)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("kind", [JSON, CSV, MARKDOWN, PAGE, JPEG, TFLITE], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "there", [b"PK\3\4", b"\xff\xd9", b'{"images": []}', b"[]", b"import os", b"dent\n", b"<annotation>", b"\0" * 99]
)
def test_what_begins_otherwise_stays(tmp_path: Path, kind: Content, there: bytes) -> None:
    (tmp_path / "file").write_bytes(there)
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(SaveError, match="link: what is there is not .* stays as it is; choose another place"):
        write_whole(tmp_path / "link", "new", over=kind)
    assert (tmp_path / "file").read_bytes() == there


def test_a_result_lies_apart_from_what_it_comes_of(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    check_apart(tmp_path / "model" / "report.html", [tmp_path / "model", "inspector-mobile", "x" * 999])
    (tmp_path / "model" / "saved_model.pb").touch()
    for read in (tmp_path / "model", tmp_path / "model" / "saved_model.pb"):
        with pytest.raises(SaveError, match="over or into .*model.*, which is read here; choose another place"):
            check_apart(tmp_path / "model" / "report.html", [read])
