"""What a run prints of classes."""

import io

from rich.console import Console

from tests.report.records import by_class, record
from workbench.cli.screen import CLASSES_SHOWN, print_records
from workbench.record import Record


def printed(*records: Record) -> str:
    out = Console(file=io.StringIO(), width=200, color_system=None, markup=False)
    print_records(out, records)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_of_one_record_all_is_told_of_each_class_and_of_several_the_ap_of_the_first_and_the_fastest() -> None:
    naive, litert = record("naive", accuracy=by_class()), record("litert", accuracy=by_class(aps=(0.4, 0.6)))
    slow = record("graph", accuracy=by_class(aps=(0.1, 0.2)))

    assert "scratch     40  .400 [.300, .500]  .600    .700       .300  .500 at .500\n" in printed(litert)
    assert "scratch     40      .500       .400\ndent        39      .700       .600\n" in printed(naive, slow, slow, litert)


def test_records_without_classes_print_none_and_many_classes_are_cut() -> None:
    assert "scratch" not in printed(record("naive"))
    assert "scratch" not in printed(record("naive"), record("litert", accuracy=by_class()))
    many = printed(record("naive", accuracy=by_class(aps=(0.5,) * 20)))
    assert f"the {CLASSES_SHOWN} of 20 classes with the lowest AP:" in many
    assert many.count("at .500") == CLASSES_SHOWN
