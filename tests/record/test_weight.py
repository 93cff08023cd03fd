"""What a setting weighs, in records and tables: there where somebody asked for it, absent elsewhere."""

import csv
import io

import pytest

from tests.saved_records import record
from workbench.record import Record, Records, Weight, weight_words

WEIGHT = Weight(
    libraries_bytes=64_000_000,
    workbench_bytes=96_000_000,
    load_bytes=150_000_000,
    running_bytes=145_000_000,
    libraries_seconds=0.15,
    load_seconds=0.07,
    first_call_seconds=0.02,
    calls=17,
    counter="VmHWM",
)
WEIGHED = record(name="weighed", weight=WEIGHT)


def test_the_peak_is_that_of_the_hungriest_part_and_starting_ends_with_the_first_result() -> None:
    assert WEIGHT.peak_bytes == 150_000_000
    assert WEIGHT.startup_seconds == pytest.approx(0.24)


def test_it_is_read_again_as_it_was_written() -> None:
    assert Record.from_json(WEIGHED.to_json()) == WEIGHED


def test_a_record_of_before_has_none() -> None:
    tree = record().to_dict()
    del tree["weight"]
    old = Record.from_tree(tree)

    assert old.weight is None
    assert not [name for name in old.metrics() if "memory" in name or "startup" in name]
    assert weight_words(old, "old") == ""


def test_figures_for_trackers_are_bytes_and_milliseconds() -> None:
    found = WEIGHED.metrics()

    assert (found["peak_memory_bytes"], found["file_bytes"]) == (150e6, 9)
    assert found["startup_ms"] == pytest.approx(240)
    assert found["startup_load_ms"] == pytest.approx(70)


def test_tables_have_columns_for_it_where_one_record_has_it() -> None:
    both, none = Records([record(name="plain"), WEIGHED]), Records([record(name="plain")])
    plain, weighed = csv.DictReader(io.StringIO(both.to_csv()))

    assert "| 150 MB | 0.240 s |" in both.to_markdown()
    assert ">peak memory</th>" in both._repr_html_()
    assert (weighed["peak_memory_bytes"], plain["peak_memory_bytes"]) == ("150000000.0", "")
    for text in (none.to_markdown(), none._repr_html_(), none.to_csv()):
        assert "memory" not in text


def test_a_sentence_says_what_it_is_made_up_of() -> None:
    assert weight_words(WEIGHED, "litert") == (
        "litert, in a process of its own: at most 150 MB of memory (64.0 MB once the libraries are imported, 32.0 MB more for the"
        " workbench's own modules; while it loads 150 MB, while it runs 145 MB), 0.240 s to start (importing the libraries 0.150 s,"
        " loading 0.0700 s, the first call 0.0200 s), 9 bytes on the disk."
    )


def test_another_counter_and_what_it_also_counts_are_said() -> None:
    weight = WEIGHT.model_copy(update={"counter": "ru_maxrss", "notes": ("it was converted",)})

    words = weight_words(record(weight=weight), "litert")
    assert "; counted by ru_maxrss)" in words
    assert words.endswith(" it was converted.")
