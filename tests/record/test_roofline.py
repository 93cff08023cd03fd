"""The sentence on how near a network comes to what the processor can."""

from tests.profile.rows import profile, row
from workbench.record import reach_sentence

# The roof of these is 10 GMAC/s, 40 in integers, and 10 GB/s.
CONVOLUTION = row("conv", seconds=0.004, macs=20_000_000, bytes_moved=1_000_000)
DEPTHWISE = row("depth", kind="DEPTHWISE_CONV_2D", seconds=0.002, macs=1_000_000, bytes_moved=10_000_000)
ADDITION = row("add", kind="ADD", seconds=0.002, bytes_moved=12_000_000)
SMALL = row("reshape", kind="RESHAPE", seconds=0.00001, bytes_moved=100_000)


def test_types_of_operators_are_bound_by_products_or_by_bytes() -> None:
    told = reach_sentence(profile(CONVOLUTION, DEPTHWISE, ADDITION, SMALL))

    assert told == (
        "shapes reaches 53 % of what this processor can: DEPTHWISE_CONV_2D (50 %) and ADD (60 %) are bound by memory,"
        " CONV_2D (50 %) is bound by arithmetic"
    )


def test_the_same_convolution_in_integers_is_bound_by_memory_where_those_are_quick() -> None:
    integers = row("conv", seconds=0.001, macs=20_000_000, bytes_moved=6_000_000, integers=True)

    assert (reach_sentence(profile(integers)) or "").endswith("CONV_2D (60 %) is bound by memory")


def test_where_no_type_takes_much_none_is_named() -> None:
    many = [row(f"n{number}", kind=f"KIND_{number}", seconds=0.001, bytes_moved=5_000_000) for number in range(25)]

    assert reach_sentence(profile(*many)) == "shapes reaches 50 % of what this processor can"


def test_there_is_no_sentence_without_times() -> None:
    assert reach_sentence(profile(row("a", seconds=None), untimed="another wheel")) is None


def test_names_of_others_are_one_line() -> None:
    assert "\x1b" not in (reach_sentence(profile(row("a", kind="A\x1b[31m", seconds=0.1), detector="b\x1bc")) or "")
