"""Which operations of a TensorFlow graph would reach out of the process, found in the graph as data, before anything of it runs.

Each operation that TensorFlow knows is of one class. What keeps no state is pure, but for those in `REACHES`; what keeps state is
pure only where `KEEPS_STATE` has it. Anything else is refused: files, the network, other processes, and what nobody has looked at.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from workbench.errors import ModelError

# State that stays in the process: variables and what optimisers do with them, random numbers, tables, arrays, loops.
KEEPS_STATE = re.compile(
    r"""
    VarHandleOp|VarIsInitializedOp|VariableShape|Variable(V2)?|TemporaryVariable|ReadVariableOp|Assign(Add|Sub)?VariableOp
    |ReadVariableXlaSplitND|AssignVariableXlaConcatND|DestroyResourceOp|DisableCopyOnRead|IsResourceHandleRefCounting
    |MakeWeakResourceHandle|GuaranteeConst|Resource(Gather(Nd)?|Scatter\w+|StridedSliceAssign|CountUpTo|Apply\w+|SparseApply\w+)
    |Random(Uniform(Int)?|StandardNormal|Shuffle|Gamma|Poisson(V2)?|Crop)|Multinomial|(Parameterized)?TruncatedNormal
    |Stateful(Uniform(Int|FullInt)?|StandardNormal(V2)?|TruncatedNormal|RandomBinomial)|NonDeterministicInts|Rng(Skip|ReadAndSkip)
    |StatelessRandomGetAlg|SampleDistortedBoundingBox(V2)?
    |(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|LookupTable(Find|Insert|Remove|Size|Export|Import)V2|InitializeTableV2
    |TensorArray\w*|Stack(Push|Pop|Close)?(V2)?|StatefulPartitionedCall|While|If|Case|Assert|Empty|CheckNumerics(V2)?|DeepCopy
    |CudnnRNN\w*|XlaLaunch|XlaCallModule|Timestamp|DeviceIndex|IsTensorFloat32Enabled
    """,
    re.VERBOSE,
)
# Without state, and yet: they read a file that an input or an attribute names, hold another graph that the operations in it cannot
# be seen of or code that the process has somewhere, send to a debugger, wait for others, or end the process.
REACHES = re.compile(
    r"""
    ReadFile|MatchingFiles|InitializeTableFromTextFile|GenerateVocabRemapping|ImmutableConst|DecodeProtoV2|EncodeProto
    |\w*(Dataset|Iterator)\w*|Reader\w+|GetElementAtIndex|MlirPassthroughOp|Debug(Identity|NanCount|NumericSummary)|Copy(Host)?
    |Queue\w+|Barrier\w+|Abort|PyFuncStateless|XlaCustomCall\w*|_(?!Fused)\w+
    """,
    re.VERBOSE,
)
OWN_FILE = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1, "RestoreV2": 0, "Restore": 0, "RestoreSlice": 0}
"""Operations that read the model's own files where this input of theirs is fed with the name of one."""
PYTHON_FUNCTIONS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})  # of the process that built the graph
CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})  # their inputs are their function's arguments, in order
TOLD = 5  # operations that one message names
LONGEST_NAME = 80  # characters of a name in the file


class Reached(NamedTuple):
    """An operation that runs.

    Attributes:
        operation: Its kind.
        node: Its name in the graph; untrusted.
    """

    operation: str
    node: str


def is_pure(operation: str) -> bool | None:
    """Whether an operation stays in the process; `None` where TensorFlow here does not know it."""
    from tensorflow.python.framework import op_def_registry  # no public name tells whether an operation keeps state

    known = op_def_registry.get(operation)
    if known is None:
        return None
    return bool(KEEPS_STATE.fullmatch(operation)) if known.is_stateful else not REACHES.fullmatch(operation)


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph and its functions, by name. A function is looked at once under each set of arguments that are own files."""

    nodes: Mapping[str, Any]
    functions: Mapping[str, Any]
    seen: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    @classmethod
    def of(cls, graph: Any) -> "Graph":
        """Index a `GraphDef`."""
        return cls({node.name: node for node in graph.node}, {one.signature.name: one for one in graph.library.function})

    def behind(self, tensors: Collection[str], own_files: Collection[str] = ()) -> Iterator[Reached]:
        """Give what runs where tensors or operations of the main graph are asked for and `own_files` are fed."""
        own = frozenset(map(_node_name, own_files))
        waiting, passed = [_node_name(one) for one in tensors], set(own)
        while waiting:
            name = waiting.pop()
            if name in passed or name not in self.nodes:
                continue
            passed.add(name)
            yield from self._of_node(self.nodes[name], own)
            waiting.extend(map(_node_name, self.nodes[name].input))

    def of_function(self, name: str, own_files: Collection[str] = ()) -> Iterator[Reached]:
        """Give what runs in a function, and in those that it calls, where these of its arguments are names of own files.

        All of its nodes count: TensorFlow runs those with side effects whether or not something reads them.
        """
        function, key = self.functions.get(name), (name, frozenset(own_files))
        if function is None or key in self.seen:
            return
        self.seen.add(key)
        for node in function.node_def:
            yield from self._of_node(node, key[1])

    def _of_node(self, node: Any, own: frozenset[str]) -> Iterator[Reached]:
        inputs = [_node_name(one) for one in node.input if not one.startswith("^")]
        if node.op in self.functions:
            yield from self.of_function(node.op)
        elif own.isdisjoint(inputs[at : at + 1] if (at := OWN_FILE.get(node.op)) is not None else ()):
            yield Reached(node.op, node.name)
        for called in _functions_in(node):
            passed_on = (n for n, one in enumerate(inputs) if one in own) if node.op in CALLS else ()
            arguments = self.functions[called].signature.input_arg if called in self.functions else ()
            yield from self.of_function(called, [arguments[n].name for n in passed_on if n < len(arguments)])


def saved_model_operations(meta_graph: Any, folder: Path) -> Iterator[Reached]:
    """Give what runs where a part of a SavedModel (`MetaGraphDef`) is loaded, or one of its functions called.

    The saver's own functions are in every file. They do not count, for nothing calls them; those that something calls do.

    Raises:
        ModelError: What it names as its own files lies elsewhere.
    """
    _check_assets(meta_graph, folder)
    graph, objects = Graph.of(meta_graph.graph_def), meta_graph.object_graph_def
    # TensorFlow may put one function of an interface in another's place (grappler's implementation selector).
    for name, function in graph.functions.items():
        if "api_implements" in function.attr:
            yield from graph.of_function(name)
    if not meta_graph.HasField("object_graph_def"):
        yield from _version_1_operations(meta_graph, graph)
        return
    named = {
        name
        for node in objects.nodes
        for name in (*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name)
    }
    for name in sorted(named | set(objects.concrete_functions)):
        arguments = graph.functions[name].signature.input_arg if name in graph.functions else ()
        bound = objects.concrete_functions[name].bound_inputs if name in objects.concrete_functions else ()
        captured = zip(arguments[len(arguments) - len(bound) :], bound, strict=False)
        assets = [one.name for one, number in captured if number < len(objects.nodes) and objects.nodes[number].HasField("asset")]
        yield from graph.of_function(name, assets)


def _version_1_operations(meta_graph: Any, graph: Graph) -> Iterator[Reached]:
    """Give what runs of a SavedModel of TensorFlow 1: a part of one graph for restoring, for starting and for each signature."""
    saver, starts = meta_graph.saver_def, "__saved_model_init_op"
    yield from graph.behind([saver.restore_op_name], [saver.filename_tensor_name])
    collections = [meta_graph.collection_def[name].node_list.value for name in ("saved_model_main_op", "legacy_init_op")]
    signatures = [[one.name for one in signature.outputs.values()] for signature in meta_graph.signature_def.values()]
    initial = [one.name for one in meta_graph.signature_def[starts].outputs.values()] if starts in meta_graph.signature_def else []
    yield from graph.behind(
        [*initial, *(name for names in collections for name in names)], [one.tensor_info.name for one in meta_graph.asset_file_def]
    )
    for names in signatures:
        yield from graph.behind(names)


def _check_assets(meta_graph: Any, folder: Path) -> None:
    for name in (asset.filename for asset in meta_graph.asset_file_def):
        leads_out = any(one.anchor or ".." in one.parts for one in (PurePosixPath(name), PureWindowsPath(name)))
        if leads_out or not (folder / "assets" / name).is_file():
            raise ModelError(f"{folder} has no file {_shown(name)} in its assets, but names it as its own; export it again")


def check_operations(path: Path, reached: Iterator[Reached], allowed: Collection[str], *, python: bool) -> None:
    """Refuse what would reach out of the process, unless the user allows it by name, and Python functions unless `python` is set.

    Raises:
        ModelError: There is such an operation; names it and where it is.
    """
    refused: dict[str, str] = {}
    for operation, node in reached:
        if operation in PYTHON_FUNCTIONS and not python:
            raise ModelError(
                f"{path} calls Python functions (tf.py_function), which are code and are not in the file;"
                " export it without them, or allow python-functions by name where you trust who made it"
            )
        if operation in {*allowed, *refused, *PYTHON_FUNCTIONS} or is_pure(operation):
            continue
        if is_pure(operation) is None:
            raise ModelError(f"{path} {lacking(_shown(operation))}")
        refused[operation] = node
    if refused:
        names = sorted(refused)[:TOLD]
        raise ModelError(
            f"{path} holds {' and '.join(names)} ({names[0]} at node {_shown(refused[names[0]])}), which can reach files, the"
            f" network or other processes; export it without, or allow operations={','.join(names)} where you trust who made it"
        )


def lacking(operation: str) -> str:
    """Say that TensorFlow here lacks an operation."""
    return f"needs the custom operation {operation}, which TensorFlow here lacks; export it with built-in operations only"


def _node_name(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


def _functions_in(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        yield from (one.name for one in (value.func, *value.list.func) if one.name)


def _shown(text: str) -> str:
    return repr("".join(character if character.isprintable() else " " for character in text[:LONGEST_NAME]))
