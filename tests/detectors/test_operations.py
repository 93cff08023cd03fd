"""What a graph would do to files, the network or other processes is found in it as data, and refused unless it is allowed."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.client import pywrap_tf_session

from workbench.detectors import load_detector
from workbench.detectors.access import Access
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.operations import (
    PYTHON_FUNCTIONS,
    Graph,
    check_operations,
    is_pure,
    saved_model_operations,
)
from workbench.errors import ModelError, SettingsError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

HOSTILE = (
    *("ReadFile", "WriteFile", "MatchingFiles", "Save", "SaveV2", "SaveSlices", "RestoreV2", "MergeV2Checkpoints", "PrintV2"),
    *("Print", "ImmutableConst", "DecodeProtoV2", "GenerateVocabRemapping", "FixedUnigramCandidateSampler", "LoadAndRemapMatrix"),
    *("TextLineDataset", "TFRecordDataset", "SqlDataset", "SaveDatasetV2", "CacheDataset", "DataServiceDatasetV4"),
    *("DatasetFromGraph", "MlirPassthroughOp", "IteratorGetNext", "WholeFileReaderV2", "ReaderReadV2", "LMDBReader"),
    *("CreateSummaryFileWriter", "WriteScalarSummary", "ImportEvent", "DumpTensor", "DebugIdentity", "DebugIdentityV3"),
    *("DebugNumericSummary", "RpcCall", "RpcServer", "Send", "RemoteCall", "CollectiveReduceV3", "QueueDequeueV2", "Abort"),
    *("SleepOp", "FileSystemSetConfiguration", "CalibrationStatisticsSaver", "DTensorRestoreV2", "DistributedSave"),
)
HARMLESS = (
    *("Conv2D", "NonMaxSuppressionV5", "CombinedNonMaxSuppression", "While", "StatefulPartitionedCall", "TensorArrayV3"),
    *("TensorListReserve", "Enter", "Assert", "HashTableV2", "LookupTableFindV2", "VarHandleOp", "RandomUniform", "DecodeJpeg"),
    *("XlaCallModule", "BatchFunction", "StringFormat", "_FusedConv2D"),
)
# What may be in the name of an operation that leaves the process, or of what it is given: such a one is classed by a person.
OUTWARD = re.compile(
    r"file|path|^dir|folder|url|address|socket|save|checkpoint|write|read|print|dump|debug|dataset|iterator|^send|^recv|rpc|"
    r"session|remote|server|client|collective|nccl|snapshot|descriptor|memory_region|vocab_|python|pyfunc|summary.*writer|config$",
    re.IGNORECASE,
)
SETTINGS = frozenset(  # of operations, that only sound like it
    {
        *("direction", "precision_config", "config", "clear_after_read", "num_batch_threads", "rewrite", "debug_name"),
        *("top_paths", "table_vocab_size"),
    }
)
KNOWN_TO_STAY = frozenset(
    {
        *("AssignVariableXlaConcatND", "ReadVariableOp", "ReadVariableXlaSplitND", "DisableCopyOnRead", "RngReadAndSkip"),
        *("TensorArrayRead", "TensorArrayReadV2", "TensorArrayReadV3", "TensorArrayWrite", "TensorArrayWriteV2"),
        *("TensorArrayWriteV3", "ShardedFilename", "ShardedFilespec", "Snapshot", "DebugGradientIdentity"),
        *("DebugGradientRefIdentity", "DebugNumericSummaryV2", "Fingerprint", "SdcaFprint", "GetOptions", "ComputeBatchSize"),
    }
)


def graph(*nodes: tuple[str, str, Sequence[str]], functions: dict[str, Sequence[tuple[str, str, str]]] | None = None) -> Any:
    """Write a `GraphDef`: nodes as name, operation and inputs, and functions whose nodes call the function that comes third."""
    made = tf.compat.v1.GraphDef()
    for name, operation, inputs in nodes:
        made.node.add(name=name, op=operation, input=inputs)
    for function, inside in (functions or {}).items():
        written = made.library.function.add()
        written.signature.name = function
        for name, operation, called in inside:
            node = written.node_def.add(name=name, op=operation)
            if called:
                node.attr["f"].func.name = called
    return made


def refusal(of: Any, *, outputs: Sequence[str] = ("y",), allowed: Sequence[str] = (), python: bool = False) -> str:
    try:
        check_operations(Path("m.pb"), Graph.of(of).behind(outputs), allowed, python=python)
    except ModelError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("operation", HOSTILE)
def test_what_leaves_the_process_is_refused_by_its_name_and_node(operation: str) -> None:
    hostile = graph(("inner", operation, []), ("y", "Identity", ["^inner"]))

    told = refusal(hostile)

    assert told.startswith(f"m.pb holds {operation} ({operation} at node 'inner'), which can reach files, the network")
    assert f"allow operations={operation} where" in told
    assert len(told) < 400
    assert not refusal(hostile, allowed=[operation])
    assert refusal(hostile, allowed=["Conv2D"])


@pytest.mark.parametrize("operation", HARMLESS)
def test_what_stays_in_the_process_is_not(operation: str) -> None:
    assert not refusal(graph(("y", operation, [])))


def test_functions_of_functions_are_looked_into_wherever_they_are_named() -> None:
    inside = {"outer": [("call", "While", "middle")], "middle": [("call", "PartitionedCall", "inner")]}
    hostile = graph(("y", "If", []), functions={**inside, "inner": [("deep", "WriteFile", "")], "unused": [("x", "ReadFile", "")]})
    branches = hostile.node[0].attr["branches"].list.func
    branches.add(name="outer")

    assert "WriteFile at node 'deep'" in refusal(hostile)
    branches[0].name = "none"
    assert not refusal(hostile), "what nothing calls does not run"
    hostile.node[0].op = "outer"
    assert "WriteFile at node 'deep'" in refusal(hostile), "a function's name can stand in an operation's place"


def test_functions_that_call_each_other_end() -> None:
    assert not refusal(
        graph(("y", "a", []), functions={"a": [("n", "PartitionedCall", "b")], "b": [("n", "PartitionedCall", "a")]})
    )


def test_only_what_the_outputs_need_counts_in_a_graph_without_functions() -> None:
    left = graph(("save", "SaveV2", ["y"]), ("x", "Placeholder", []), ("y", "Relu", ["x:0"]))

    assert not refusal(left)
    assert refusal(left, outputs=["save"])


def test_python_functions_have_an_allowance_of_their_own() -> None:
    calls = graph(("y", "EagerPyFunc", []))

    assert "allow python-functions by name" in refusal(calls, allowed=["EagerPyFunc"])
    assert not refusal(calls, python=True)


def test_names_in_a_message_are_short_and_printable() -> None:
    told = refusal(graph(("\x1b[31m" + "n" * 999, "ReadFile", []), ("y", "Identity", ["\x1b[31m" + "n" * 999])))

    assert "\x1b" not in told
    assert len(told) < 400


def meta_graph(of: Any, *, assets: Sequence[str] = ()) -> Any:
    part = saved_model_pb2.SavedModel().meta_graphs.add()
    part.graph_def.CopyFrom(of)
    for name in assets:
        part.asset_file_def.add(filename=name).tensor_info.name = "asset:0"
    return part


def told_of(part: Any, folder: Path) -> str:
    try:
        check_operations(folder, saved_model_operations(part, folder), (), python=False)
    except ModelError as error:
        return str(error)
    return ""


def test_a_version_1_model_s_table_reads_its_own_asset_when_it_starts_and_nothing_else_ever(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "words.txt").write_text("a\n")
    part = meta_graph(
        graph(
            ("asset", "Const", []),
            ("other", "Const", []),
            ("table", "HashTableV2", []),
            ("own", "InitializeTableFromTextFileV2", ["table", "asset"]),
            ("y", "LookupTableFindV2", ["table"]),
            ("prefix", "Placeholder", []),
            ("restore", "RestoreV2", ["prefix:0"]),
            ("save", "SaveV2", ["prefix:0"]),
        ),
        assets=["words.txt"],
    )
    part.saver_def.restore_op_name, part.saver_def.filename_tensor_name = "restore", "prefix:0"
    part.collection_def["saved_model_main_op"].node_list.value.append("own")
    part.signature_def["serving_default"].outputs["y"].name = "y:0"
    assert not told_of(part, tmp_path)

    part.graph_def.node[4].input.append("^own")  # read where it is called: the file of the constant, not the asset
    assert "InitializeTableFromTextFileV2 at node 'own'" in told_of(part, tmp_path)
    part.graph_def.node[4].input[-1] = "^save"
    assert "SaveV2 at node 'save'" in told_of(part, tmp_path)
    part.graph_def.node[4].input[-1] = "^restore"
    assert "RestoreV2 at node 'restore'" in told_of(part, tmp_path), "from wherever the constant says"
    del part.graph_def.node[4].input[-1]
    part.graph_def.node[3].input[1] = "other"
    assert "InitializeTableFromTextFileV2" in told_of(part, tmp_path)


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "C:\\secret", "..\\secret", "missing.txt", "."])
def test_an_asset_lies_in_the_model_s_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "m" / "assets").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")

    told = told_of(meta_graph(graph(), assets=[name]), tmp_path / "m")

    assert told.endswith("in its assets, but names it as its own; export it again")


class Words(tf.Module):
    """A network with a table in a text file, and whatever else it is given to do."""

    def __init__(self, file: Path, do: Callable[[Any], Any]) -> None:
        super().__init__()
        self.weight = tf.Variable(2.0)
        initial = tf.lookup.TextFileInitializer(
            str(file), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        self.table = tf.lookup.StaticHashTable(initial, -1)
        self.do = do

    @tf.function(input_signature=[tf.TensorSpec((1, 32, 32, 3), tf.float32, name="image")], autograph=False)
    def serve(self, image: Any) -> Any:
        with tf.control_dependencies([self.do(image)]):
            return {"y": image * self.weight + tf.cast(self.table.lookup(tf.constant(["b"])), tf.float32)}


def saved(folder: Path, do: Callable[[Any], Any]) -> Path:
    (folder / "words.txt").write_text("a\nb\n")
    module = Words(folder / "words.txt", do)
    tf.saved_model.save(module, str(folder / "saved"), signatures=module.serve)
    (folder / "words.txt").unlink()
    return folder / "saved"


def test_a_saved_model_with_a_table_loads_unasked_and_one_that_was_saved_again(tmp_path: Path) -> None:
    path = saved(tmp_path, tf.reduce_sum)
    again = tf.Module()
    again.inner = tf.saved_model.load(str(path))
    again.serve = tf.function(
        again.inner.signatures["serving_default"], input_signature=[tf.TensorSpec((1, 32, 32, 3), tf.float32)]
    )
    tf.saved_model.save(again, str(tmp_path / "again"), signatures=again.serve)

    for folder in (path, tmp_path / "again"):
        assert FILE_KINDS["folder"].open(folder).inspect()


def test_a_saved_model_that_writes_does_nothing_before_it_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "written"
    path = saved(tmp_path, lambda _: tf.io.write_file(str(mark), "x"))

    with pytest.raises(ModelError, match="holds WriteFile .*allow operations=WriteFile where you trust who made it"):
        FILE_KINDS["folder"].open(path).inspect()
    assert FILE_KINDS["folder"].open(path, Access(operations=("WriteFile",))).inspect()
    assert not mark.exists()


@pytest.mark.parametrize("word", ["operations", "operations=", "lambda=x", "ReadFile"])
def test_operations_are_allowed_by_name(word: str) -> None:
    with pytest.raises(
        SettingsError, match="cannot be allowed; choose one of lambda, python-functions, code, outside, code=FILE, operations=NAME"
    ):
        load_detector("m.pb", list, allow=[word])


def registered() -> list[Any]:
    every = op_def_pb2.OpList()
    every.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return list(every.op)


def test_no_operation_that_looks_outward_passes_unless_a_person_said_so() -> None:
    """All that TensorFlow has: one that a new version brings is refused, or found here."""
    words = {one.name: [one.name, *(part.name for part in (*one.attr, *one.input_arg))] for one in registered()}
    words = {name: [one for one in parts if one not in SETTINGS] for name, parts in words.items()}
    passing = {name for name, parts in words.items() if is_pure(name) and any(map(OUTWARD.search, parts))}

    assert len(words) > 1500
    assert passing <= KNOWN_TO_STAY
    assert all(is_pure(name) is not None for name in words)
    assert not any(is_pure(name) for name in (*HOSTILE, *PYTHON_FUNCTIONS))


# The smallest of each family: its larger ones have more of the same layers.
APPLICATIONS = (
    *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3", "MobileNet"),
    *("MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2", "VGG16", "Xception"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_family_of_keras_applications_loads_unasked(tmp_path: Path, name: str) -> None:
    getattr(keras.applications, name)(weights=None).export(tmp_path / name, verbose=False)

    network = FILE_KINDS["folder"].open(tmp_path / name)
    for part in network._meta_graphs():
        check_operations(network.path, saved_model_operations(part, network.path), (), python=False)
