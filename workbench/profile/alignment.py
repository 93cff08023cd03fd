"""Which operator of a file each of XNNPACK's is: it names its own by type, in the file's order, fused and split as it sees fit."""

import re
from collections.abc import Sequence
from functools import lru_cache

# What XNNPACK may call each of the file's types, from profiles of eight files; another type is looked for by its own name.
FAMILIES = {
    "CONV_2D": "convolution|fully connected",
    "DEPTHWISE_CONV_2D": "convolution",
    "TRANSPOSE_CONV": "deconvolution",
    "FULLY_CONNECTED": "fully connected|convolution|batch matrix",
    "BATCH_MATMUL": "batch matrix|fully connected",
    "TRANSPOSE": "transpose|copy|reshape",
    "LOGISTIC": "sigmoid",
    "MUL": "multiply",
    "SUB": "subtract",
    "PAD": "constant pad",
    "CONCATENATION": "copy|concat",
    "MAX_POOL_2D": "max pooling",
    "AVERAGE_POOL_2D": "average pooling|global",
    "RESHAPE": "reshape|copy",
    "SOFTMAX": "softmax",
    "DEQUANTIZE": "convert",
    "QUANTIZE": "convert",
    "RESIZE_BILINEAR": "resize",
    "STRIDED_SLICE": "slice",
    "MEAN": "mean|global|reduce",
    "SUM": "sum|reduce",
    "RELU": "clamp",
    "RELU6": "clamp",
    "PRELU": "leaky|prelu",
    "LEAKY_RELU": "leaky",
    "DEPTH_TO_SPACE": "depth",
    "SPACE_TO_DEPTH": "space",
}


def aligned(kinds: Sequence[str], tags: Sequence[str]) -> list[int | None]:
    """Return for each of XNNPACK's operators the place of the file's, or `None` where it is none of them.

    It is the longest common subsequence by type: both run in the same order.

    Args:
        kinds: Types in the file, in the order in which they run.
        tags: XNNPACK's names, such as `Convolution (NHWC, F32) IGEMM`, in that order.

    >>> aligned(["PAD", "CONV_2D", "ADD"], ["Convolution (NHWC, F32) IGEMM", "Add (ND, F32)"])
    [1, 2]
    """
    longest = [[0] * (len(tags) + 1) for _ in range(len(kinds) + 1)]
    for row in range(len(kinds) - 1, -1, -1):
        for column in range(len(tags) - 1, -1, -1):
            same = _is_of(kinds[row], tags[column])
            longest[row][column] = max(longest[row + 1][column], longest[row][column + 1], longest[row + 1][column + 1] + same)
    found: list[int | None] = [None] * len(tags)
    row = column = 0
    while row < len(kinds) and column < len(tags):
        if _is_of(kinds[row], tags[column]) and longest[row][column] == longest[row + 1][column + 1] + 1:
            found[column] = row
            row, column = row + 1, column + 1
        elif longest[row + 1][column] >= longest[row][column + 1]:
            row += 1
        else:
            column += 1
    return found


@lru_cache(maxsize=1 << 14)
def _is_of(kind: str, tag: str) -> bool:
    return re.search(FAMILIES.get(kind) or re.escape(kind.replace("_", " ")), tag, re.IGNORECASE) is not None
