"""The page without a browser: what it holds, what it escapes, how big it is."""

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from tests.report.records import (
    DETECTOR,
    FOUND,
    MEDIA,
    OTHER_MACHINE,
    SPLITS,
    accuracy,
    comparison,
    detections,
    full_set,
    jpeg,
    pictures,
    problem_record,
    record,
    timing,
)
from workbench.errors import MachinesDifferError, RecordError
from workbench.record import Record
from workbench.report import Summary, render_report, write_report
from workbench.report.page import common_changes, plotly_script

ATTACK = "<script>alert(1)</script>"


def own_part(html: str) -> str:
    """Return the page without its scripts, of which plotly's is long."""
    return re.sub(r"<script[^>]*>.*?</script>", "", html, flags=re.DOTALL)


def test_no_name_turns_the_figures_around_it() -> None:
    turned = MEDIA.model_copy(update={"name": "evil\u202e4pm.doc"})
    page = own_part(render_report([record(f"{name}\u2067", media=turned) for name in ("naive", "litert")]))

    assert r"evil\u202e4pm.doc" in page
    assert r"litert\u2067" in page
    assert not re.search("[\u202e\u2067]", page)


def sixty() -> tuple[Record, ...]:
    rows = [record("naive")]
    for number in range(1, 60):
        split = SPLITS["litert"][0] | {"infer": 1.0 + number * 0.8}
        faster = comparison("naive", f"litert {number}", 80 / (4 + number * 0.8))
        rows.append(
            record(
                "litert",
                name=f"litert {number}",
                timing=timing(split, seed=number),
                accuracy=accuracy(0.3 + number / 200, 0.2),
                comparison=faster,
            )
        )
    return tuple(rows)


def bare(preset: str) -> Record:
    return record(preset, accuracy=None, agreement=None, comparison=None, pictures=(), engine=None, detections=())


def blind(preset: str) -> Record:
    seen_nothing = tuple(
        picture.model_copy(update={"found": detections(picture.name, []), "truth": None}) for picture in pictures(changed=False)
    )
    return record(preset, pictures=seen_nothing, detections=(detections("frame 1", []),))


SETS: dict[str, tuple[Record, ...]] = {
    "one problem": (problem_record(),),
    "one record": (record("naive"),),
    "nothing but times": (bare("naive"), bare("graph")),
    "nothing found": (blind("naive"), blind("litert")),
    "one frame": tuple(record(name, timing=timing(SPLITS[name][0], frames=1)) for name in ("naive", "litert")),
    "no frame": (record("naive", timing=timing({}, frames=0, total_seconds=())), record("litert")),
    "baseline did not run": (problem_record("no", "naive"), record("litert", comparison=None)),
    "pictures on one side only": (record("naive", pictures=()), record("litert")),
    "sixty": sixty(),
}


@pytest.mark.parametrize("records", SETS.values(), ids=SETS.keys())
def test_every_set_gives_a_page(records: tuple[Record, ...]) -> None:
    html = own_part(render_report(records))
    assert html.count("<h2>") == 6 + any(one.worst for one in records)
    assert "None" not in re.sub(r"<(style|script)[^>]*>.*?</\1>|<code>.*?</code>", "", html, flags=re.DOTALL)


def test_no_record_is_an_error() -> None:
    with pytest.raises(RecordError, match="no record"):
        render_report(())


def test_different_machines_are_refused() -> None:
    with pytest.raises(MachinesDifferError):
        render_report((record("naive"), record("graph", environment=OTHER_MACHINE)))


def test_different_machines_have_a_banner_where_they_are_allowed() -> None:
    html = render_report((record("naive"), record("graph", environment=OTHER_MACHINE)), allow_different_machines=True)
    assert "These records come from 2 machines" in html


def test_what_was_said_of_a_choice_stands_below_the_headline_as_text() -> None:
    html = render_report((record("naive"), record("graph")), said="Run <graph>: 30 frames a second")

    assert '<p class="choice">Run &lt;graph&gt;: 30' in html
    assert 'class="choice"' not in render_report((record("naive"), record("graph")))


def test_texts_of_records_stay_texts() -> None:
    attacked = [
        record(
            preset,
            name=f"{preset}{ATTACK}",
            command=ATTACK,
            tag=ATTACK,
            warnings=(ATTACK,),
            detector=DETECTOR.model_copy(update={"name": ATTACK, "source": ATTACK, "labels": (ATTACK,) * 5}),
            media=MEDIA.model_copy(update={"name": ATTACK, "source": ATTACK}),
        )
        for preset in ("naive", "graph")
    ]
    clean = render_report([record("naive"), record("graph")])
    html = render_report([*attacked, problem_record(ATTACK)])
    assert "alert(1)" in html
    assert ATTACK not in html
    assert html.count("<script") == clean.count("<script")


def test_picture_that_is_no_base64_is_not_shown_but_kept() -> None:
    fake = pictures(changed=False)[0].model_copy(update={"jpeg_base64": '"><script>alert(1)</script>'})
    html = render_report((record("naive", pictures=(fake,)),))
    assert ATTACK not in html
    assert unpacked(html)[0]["pictures"][0]["jpeg_base64"] == fake.jpeg_base64


def unpacked(html: str) -> list[dict[str, object]] | object:
    found = re.search(r'id="raw-data">([^<]*)<', html)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found.group(1))))


def test_policy_allows_nothing_from_outside() -> None:
    html = own_part(render_report((record("naive"),)))
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)


def test_equal_pictures_are_embedded_once() -> None:
    html = render_report((record("naive"), record("graph"), record("litert")))
    assert html.count(jpeg(1)) == 1


@pytest.mark.parametrize("step", [0, 3], ids=["the same pictures", "different pictures"])
def test_file_stays_below_8_megabytes(step: int) -> None:
    seeds = ((1 + step * n, 2 + step * n, 3 + step * n) for n in range(8))
    rows = [
        r.model_copy(update={"pictures": pictures(True, seeds, kilobytes=90)}) for r, seeds in zip(full_set(), seeds, strict=True)
    ]
    many = tuple(detections(f"frame {number}", FOUND * 3) for number in range(150))
    html = render_report([r.model_copy(update={"detections": many}) for r in rows])
    assert len(html.encode()) < 8_000_000


def test_of_hundreds_the_best_those_with_pictures_and_the_fastest_can_be_set_beside_the_baseline() -> None:
    def row(number: int, **more: object) -> Record:
        split = SPLITS["litert"][0] | {"infer": 1.0 + number}
        plain = {"pictures": (), "detections": ()} | more
        return record("litert", name=f"litert {number}", timing=timing(split, frames=8), **plain)

    pictured = row(400, pictures=pictures(False))
    html = render_report([record("naive"), *(row(number) for number in range(250)), pictured])

    offered = re.findall(r'<option value="r\d+"[^>]*>([^<]*)</option>', html)
    assert len(offered) == len(re.findall(r'<div class="panel[^"]*" data-panel="', html)) == 50
    assert {"litert 0", "litert 48", "litert 400"} <= set(offered)
    assert "litert 49" not in offered
    assert "50 of 251: those with pictures, and the fastest." in html
    assert len(re.findall(r'<tr data-row="', html)) == 252


def test_what_every_other_setting_changed_is_put_down_to_none_of_them() -> None:
    rows = (record("naive"), record("litert"), record("litert-int8"))
    common = common_changes(Summary.of(rows))
    html = render_report(rows)

    assert "input.resize: pillow -> opencv" in common
    assert not [change for change in common if change.startswith("runtime.precision")]
    assert html.count("in every other setting</span>") == 2 * len(common)
    assert "AP lies from .612 to .617, against .620: as far as all share a change of AP, it comes of that" in html
    assert common_changes(Summary.of(rows[:2])) == ()


def test_a_report_that_was_written_is_a_link_in_a_notebook(tmp_path: Path) -> None:
    written = write_report([record("naive")], tmp_path / "a b.html")
    assert repr(written) == f"report written to {tmp_path / 'a b.html'}"
    assert 'a%20b.html" target="_blank">Open the report</a>' in written._repr_html_()


def test_write_report_writes_what_render_report_returns(tmp_path: Path) -> None:
    rows = (record("naive"),)
    write_report(rows, tmp_path / "deep" / "report.html")
    assert (tmp_path / "deep" / "report.html").read_text(encoding="utf-8") == render_report(rows)


def test_a_report_reaches_neither_tensorflow_nor_plotly_s_package_nor_what_opens_media(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(json.dumps([json.loads(one.to_json()) for one in full_set()]))
    code = f"""import sys
from pathlib import Path
from workbench.record import read_records
from workbench.report import render_report
render_report(read_records(Path({str(path)!r})))
print(*sys.modules)"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "plotly", "cv2", "workbench.media"} & set(loaded)


def test_plotly_of_many_records_is_packed_and_plotlys_own() -> None:
    html = render_report([record("naive"), *(record("litert", name=f"litert {n}", pictures=(), detections=()) for n in range(200))])

    found = re.search(r'id="plotly-source">([^<]*)<', html)
    assert found is not None
    assert gzip.decompress(base64.b64decode(found.group(1))).decode() == plotly_script() == get_plotlyjs()
    assert plotly_script() in render_report(full_set())
