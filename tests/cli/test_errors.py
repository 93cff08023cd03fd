"""Users' errors on the command line: one line that says what was wrong and what to do, and exit 2."""

import shlex
import sqlite3
from pathlib import Path

import pytest

from tests.cli.saved_history import MARKUP
from tests.command_line import Workbench
from tests.saved_records import record
from workbench.history import History
from workbench.samples import SAMPLE_CLIP, SAMPLE_STILLS


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are nothing good."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.tflite").write_bytes(b"")
    (folder / "text.tflite").write_bytes(b"hello, world")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_bytes(b"hello, world")
    clip = SAMPLE_CLIP.read_bytes()
    (folder / "cut.webm").write_bytes(clip[: len(clip) // 3])
    still = (SAMPLE_STILLS / "still_002.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(still[: len(still) // 2])
    (folder / "notes.txt").write_text("hello, world")
    (folder / "history.sqlite").write_text("no database")
    (folder / "empty.sqlite").write_bytes(b"")
    with sqlite3.connect(folder / "other.sqlite") as base:
        base.execute("CREATE TABLE things (name TEXT)")
    base.close()
    (folder / "no pictures").mkdir()
    (folder / "no pictures" / "notes.txt").write_text("hello, world")
    (folder / "record.json").write_text('{"schema": 1, "settings": {')
    (folder / "old.json").write_text('{"schema": 0}')
    return folder


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("run nowhere.tflite", "there is no model 'nowhere.tflite'; choose a file that exists, or the name of a sample detector"),
        ("run {bad}/empty.tflite", "{bad}/empty.tflite is empty (0 bytes); copy the model again"),
        ("run {bad}/text.tflite", "{bad}/text.tflite is no LiteRT model"),
        ("run {bad}", "{bad} is no SavedModel: it has no saved_model.pb"),
        (
            "run inspector-mobile nowhere.mp4",
            "there is no nowhere.mp4; choose a picture, a folder or glob of pictures, a numbered sequence, a GIF, a video,",
        ),
        ("run inspector-mobile '{bad}/no pictures'", "{bad}/no pictures holds no pictures but 1 files that are none"),
        ("run inspector-mobile {bad}/cut.webm", "{bad}/cut.webm is cut short: "),
        ("run inspector-mobile {bad}/half.jpg", "{bad}/half.jpg is cut short or damaged"),
        ("run inspector-mobile {bad}/empty.mp4", "{bad}/empty.mp4 is empty (0 bytes); choose a video"),
        ("run inspector-mobile {bad}/text.mp4", "{bad}/text.mp4 is not a video that OpenCV can read, or is damaged"),
        ("run inspector-mobile {bad}/notes.txt", "{bad}/notes.txt is neither a picture"),
        ("run inspector-mobile '{bad}/*.bmp'", "{bad}/*.bmp matches 0 files and no picture among them"),
        ("run --truth nowhere.json", "cannot read nowhere.json"),
        ("run --set nms.scores=1", "there is no setting 'nms.scores'; choose one of input.size_hw"),
        ("run --set nms.score", "'nms.score' is not of the form group.field=value, such as nms.score=0.4"),
        ("run --set nms.score=7", "nms.score is '7': Input should be less than or equal to 1"),
        ("run --set runtime.threads=none", "runtime.threads is 'none': "),
        ("run --set input.size_hw=333", "input.size_hw is 333x333; choose multiples of 32"),
        ("run --set input.size_hw=big", "input.size_hw is 'big': write a size as 320 or as HEIGHTxWIDTH, such as 288x512"),
        (
            "run --set runtime.engine=turbo",
            "runtime.engine is 'turbo': choose one of keras, eager, graph, xla, litert, openvino, onnxruntime",
        ),
        ("run --set runtime.device=gpu:9", "runtime.device is gpu:9: TensorFlow sees"),
        ("run --set feed.cache=file", "feed.cache is file: only tf.data keeps prepared frames; choose none, or feed.mode=tfdata"),
        ("run --preset quick", "there is no preset 'quick'; choose one of naive, graph, xla, litert, litert-int8, fast"),
        ("run --preset litert,input.resize=graph", "input.resize is graph: the litert engine runs the network alone"),
        ("run --frames 0", "Invalid value for '--frames': "),
        ("run --frames many", "Invalid value for '--frames': "),
        ("run --baseline nowhere.json", "cannot read nowhere.json: No such file or directory; choose a file that `workbench run"),
        ("run --baseline {bad}/record.json", "{bad}/record.json is not JSON"),
        ("run --history {bad}/history.sqlite", "cannot read the history {bad}/history.sqlite: file is not a database"),
        ("run --history {bad}/other.sqlite", "{bad}/other.sqlite is a database of something else"),
        ("run --history {bad}/notes.txt/history.sqlite", "cannot open {bad}/notes.txt/history.sqlite"),
        ("run --unheard-of", "No such option: --unheard-of; see `workbench run --help`"),
        ("compare --a graph", "Missing option '--b'; see `workbench compare --help`"),
        ("compare --a graph --b quick", "there is no preset 'quick'"),
        ("report nowhere.json", "cannot read nowhere.json"),
        ("report {bad}/record.json", "{bad}/record.json is not JSON"),
        ("report {bad}/old.json", "{bad}/old.json has schema 0, this version reads schema 1"),
        ("report --history {bad}/nowhere.sqlite", "there is no history at {bad}/nowhere.sqlite"),
        ("report --history {bad}/empty.sqlite", "the history {bad}/empty.sqlite is empty; measure something with `workbench run`"),
        ("runn", "No such command 'runn'"),
    ],
    ids=lambda value: value.replace("{bad}/", "") if value.split()[0] in {"run", "compare", "report", "runn"} else "",
)
def test_a_users_error_is_one_line_and_exit_2(workbench: Workbench, bad: Path, tmp_path: Path, words: str, error: str) -> None:
    given = [word.replace("{bad}", str(bad)) for word in shlex.split(words)]
    if given[0] in {"run", "compare"} and "--history" not in given:
        given += ["--history", str(tmp_path / "history.sqlite")]

    done = workbench(*given)

    assert done.status == 2
    assert done.out == ""
    assert len(done.error_lines) == 1
    assert done.error_lines[0].startswith(f"workbench: {error.replace('{bad}', str(bad))}")


@pytest.mark.parametrize("name", ["coral_mobilenet_v1_0.25_128_quant_classifier.tflite", "coral_model_invoking_error.tflite"])
def test_a_model_that_is_no_detector_is_one_line_and_exit_2(workbench: Workbench, assets: Path, tmp_path: Path, name: str) -> None:
    done = workbench("run", assets / "negative" / name, "--history", tmp_path / "history.sqlite")

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)


def test_a_file_name_cannot_break_the_line(workbench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.onnx"
    path.write_bytes(b"\x08")

    done = workbench("run", path, "--history", tmp_path / "history.sqlite")

    assert (done.status, len(done.error_lines)) == (2, 1)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("pick --history {tmp}/none.sqlite", "there is no history at"),
        (
            "pick --history {tmp}/empty.sqlite",
            "the history {tmp}/empty.sqlite holds no measurement; measure with `workbench sweep`",
        ),
        ("pick --detector yolo --history {path}", "the history {path} holds no measurement of yolo; measure"),
        ("pick --machine pdp11 --history {path}", "no machine matches 'pdp11'; the history knows "),
        ("pick --min-fps nan --history {path}", "min_fps is nan; choose a number above 0"),
        ("pick --stat mean --history {path}", "--stat is 'mean'; choose median or p95"),
        ("pick --baseline history:zzz --history {path}", "{path} holds no record whose id begins with 'zzz'"),
        ("pick --history {tmp}/elsewhere.sqlite", "nothing was measured on this machine; measure with"),
        ("history --history {tmp}/none.sqlite", "there is no history at"),
        ("history show zzz --history {path}", "{path} holds no record whose id begins with 'zzz'"),
        ("history tag aaa1 ' ' --history {path}", "the tag is empty; choose a word"),
        ("history prune --history {path}", "say what shall go: --older-than DAYS"),
        ("history prune --keep -1 --history {path}", "Invalid value for '--keep'"),
        ("history export --tag none --out {tmp}/x.json --history {path}", "{path} holds no record that matches"),
        ("history export aaa1 --tag v1 --out {tmp}/x.json --history {path}", "records are named by their ids or by filters"),
        ("history export aaa1 --out {path}/x.json --history {path}", "cannot write {path}/x.json"),
        ("history --tag v1 list --history {path}", "options of `list` stand after it"),
        ("history shuffle", "No such command 'shuffle'"),
        ("compare {tmp}/none.json history:aaa1 --history {path}", "cannot read {tmp}/none.json"),
        ("compare history:aaa1 history:eee5 --history {path}", f"{MARKUP} [eee5] did not run"),
        ("compare --a graph", "Missing option '--b'"),
        ("compare history:aaa1", "Missing option '--a'"),
        ("check --against v9 --history {path}", "no record of {path} is tagged 'v9'; tag one with `workbench history tag ID v9`"),
        ("check --against v1 --record history:aaa1 --history {path}", "no record tagged 'v1' is of inspector-mobile on clip under"),
        ("check --against v1 --max-slower=-1 --history {path}", "max_slower is -1.0; choose a fraction"),
        ("check --history {path}", "Missing option '--against'"),
    ],
    ids=lambda value: value[:60] if value.split()[0] in {"pick", "history", "compare", "check"} else "",
)
def test_a_users_error_with_what_was_saved_is_one_line_and_exit_2(
    workbench: Workbench, path: Path, tmp_path: Path, words: str, error: str
) -> None:
    History(tmp_path / "empty.sqlite").close()
    with History(tmp_path / "elsewhere.sqlite") as elsewhere:
        elsewhere.append(record(machine="elsewhere"))

    def told(text: str) -> str:
        return text.replace("{tmp}", str(tmp_path)).replace("{path}", str(path))

    done = workbench(*(told(word) for word in shlex.split(words)))

    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith(f"workbench: {told(error)}")
