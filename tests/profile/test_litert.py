"""Which of the file's operators each event of LiteRT's profiler is."""

from workbench.profile.alignment import aligned
from workbench.profile.litert import numbers_of
from workbench.profile.litert_library import Ran

CONV, ADD, CLAMP = "Convolution (NHWC, F32) IGEMM", "Add (ND, F32)", "Clamp (NC, F32)"


def own(number: int, tag: str) -> Ran:
    return Ran(in_delegate=False, tag=tag, number=number, seconds=1e-6)


def in_xnnpack(number: int, tag: str) -> Ran:
    return Ran(in_delegate=True, tag=tag, number=number, seconds=1e-6)


def test_what_xnnpack_fused_away_is_passed_over() -> None:
    assert aligned(["DEQUANTIZE", "PAD", "CONV_2D", "RELU", "ADD"], [CONV, ADD]) == [2, 4]


def test_what_xnnpack_added_is_nobodys() -> None:
    assert aligned(["CONV_2D", "CONV_2D"], [CONV, "Something (F32)", CONV]) == [0, None, 1]


def test_a_type_without_a_family_is_looked_for_by_its_own_name() -> None:
    assert aligned(["HARD_SWISH", "ADD"], ["Hard Swish (NC, F32)", ADD]) == [0, 1]


def test_each_node_of_xnnpacks_has_the_operators_that_it_took() -> None:
    kinds = ["CONV_2D", "STRIDED_SLICE", "CONV_2D", "ADD"]
    ran = [in_xnnpack(0, CONV), own(1, "STRIDED_SLICE"), in_xnnpack(0, CONV), in_xnnpack(1, ADD)]

    assert numbers_of(ran, kinds, {0: 4, 2: 5, 3: 5}) == [0, 1, 2, 3]


def test_nodes_that_follow_each_other_are_told_apart_by_their_counting_anew() -> None:
    ran = [in_xnnpack(0, CONV), in_xnnpack(0, CONV), in_xnnpack(1, ADD)]

    assert numbers_of(ran, ["CONV_2D", "CONV_2D", "CONV_2D", "ADD"], {0: 4, 1: 4, 2: 5, 3: 5}) == [0, 2, 3]


def test_where_it_is_not_known_what_xnnpack_took_its_operators_have_no_number() -> None:
    assert numbers_of([in_xnnpack(0, CLAMP), own(0, "SHAPE")], ["SHAPE"], {}) == [None, 0]
