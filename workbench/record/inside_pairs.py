"""Two profiles of a network side by side: what a layer takes here and there, whatever each runtime has fused."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from workbench.record.inside import OperatorRow, Profile, by_name, seconds_of
from workbench.record.parts import FUSED

LEAST_ALIGNED = 0.5  # of either's time: below it names say too little, and kinds of work are what can be compared
OTHER = "other"
WORK = (  # kinds of work, by what runtimes call operators that do it
    ("depthwise and grouped convolutions", re.compile(r"depthwise|group.?(ed )?conv", re.IGNORECASE)),
    ("transposed convolutions", re.compile(r"transpose.?conv|deconv|backpropinput|convtranspose", re.IGNORECASE)),
    ("convolutions", re.compile(r"conv(?!ert)", re.IGNORECASE)),
    ("matrices", re.compile(r"matmul|gemm|fully.?connected|^dot$|einsum", re.IGNORECASE)),
    ("changes of type", re.compile(r"quantize|^cast$|convert", re.IGNORECASE)),
    (
        "moving and reshaping",
        re.compile(r"transpose|reorder|copy|shape|concat|pad|slice|split|gather|pack|squeeze", re.IGNORECASE),
    ),
    ("pools and resizes", re.compile(r"pool|resize|upsample|interpolate|reduce.window", re.IGNORECASE)),
    ("activations", re.compile(r"relu|logistic|sigmoid|tanh|swish|clamp|softmax|mish|gelu|elu|clip", re.IGNORECASE)),
    ("arithmetic", re.compile(r"add|mul|sub|div|rsqrt|exp|batch.?norm|min|max|eltwise|sum|mean", re.IGNORECASE)),
)
KINDS_OF_WORK = (*(name for name, _ in WORK), OTHER)


class Pair(NamedTuple):
    """What two runtimes do of the same: a layer, several that one of them has fused, or a kind of work."""

    name: str
    left: tuple[OperatorRow, ...]
    right: tuple[OperatorRow, ...]

    @property
    def left_seconds(self) -> float:
        return seconds_of(self.left)

    @property
    def right_seconds(self) -> float:
        return seconds_of(self.right)

    @property
    def difference(self) -> float:
        """Seconds that the right one takes more."""
        return self.right_seconds - self.left_seconds


def pairs_by_layer(left: Profile, right: Profile) -> tuple[Pair, ...] | None:
    """Set layers side by side by the names of their tensors, the largest difference first.

    An operator that others were fused into has all of their names: layers that share one on either side are one line.

    Returns:
        The pairs; one that only one of the two has is empty on the other side. `None` where less than `LEAST_ALIGNED` of either's
        time belongs to names that both have.
    """
    leader = dict[str, str]()

    def leader_of(layer: str) -> str:
        while (above := leader.setdefault(layer, layer)) != layer:
            layer = above
        return layer

    for row in (*left.operators, *right.operators):
        for one, other in zip(layers_of(row), layers_of(row)[1:], strict=False):
            leader[leader_of(other)] = leader_of(one)
    found = _paired(left, right, lambda row: leader_of(layers_of(row)[0]) if row.name else "")
    both = [pair for pair in found if pair.name and pair.left and pair.right]
    sides = (sum(pair.left_seconds for pair in both), sum(pair.right_seconds for pair in both))
    wholes = (seconds_of(left.operators), seconds_of(right.operators))
    aligned = all(side >= LEAST_ALIGNED * whole > 0 for side, whole in zip(sides, wholes, strict=True))
    return found if aligned else None


def pairs_by_work(left: Profile, right: Profile) -> tuple[Pair, ...]:
    """Set kinds of work side by side, the largest difference first: runtimes call the same by other names."""
    return _paired(left, right, lambda row: work_of(row.kind))


def layers_of(row: OperatorRow) -> list[str]:
    """Return the layers that an operator belongs to, by its names without their last words.

    >>> layers_of(OperatorRow(name="net/relu/Relu;net/conv/BiasAdd", kind="CONV_2D"))
    ['net/relu', 'net/conv']
    """
    return list(dict.fromkeys(one.rpartition("/")[0] or one for one in row.name.split(FUSED) if one)) or [""]


def work_of(kind: str) -> str:
    """Return the kind of work of a type of operators.

    >>> [work_of(kind) for kind in ("DEPTHWISE_CONV_2D", "FusedConv2D", "Convert", "Relu6", "TopK")]
    ['depthwise and grouped convolutions', 'convolutions', 'changes of type', 'activations', 'other']
    """
    return next((name for name, pattern in WORK if pattern.search(kind)), OTHER)


def _paired(left: Profile, right: Profile, name_of: Callable[[OperatorRow], str]) -> tuple[Pair, ...]:
    sides = by_name(left.operators, name_of), by_name(right.operators, name_of)
    pairs = (Pair(name, *(tuple(side.get(name, ())) for side in sides)) for name in dict.fromkeys((*sides[0], *sides[1])))
    return tuple(sorted(pairs, key=lambda pair: -abs(pair.difference)))


def kinds_of(rows: Sequence[OperatorRow]) -> list[str]:
    """Return the types of operators, the slowest first."""
    return list(dict.fromkeys(row.kind for row in sorted(rows, key=lambda row: -(row.seconds or 0.0))))
