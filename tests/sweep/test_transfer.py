"""Models, media and truth go by content, and come out as they went in."""

from pathlib import Path

import pytest

from workbench.detectors import card_path, read_card
from workbench.detectors.network import Tensors, TensorSpec
from workbench.errors import MediaError
from workbench.opening import Sources
from workbench.stages import FunctionHead
from workbench.sweep.transfer import Bundle, keep, missing, pack, unpack

CARD = 'labels = "names.txt"\n[candidates]\nkind = "rows"\ntensors = ["out"]\n'


@pytest.fixture
def sender(tmp_path: Path) -> Path:
    folder = tmp_path / "sender"
    (folder / "stills").mkdir(parents=True)
    (folder / "stills" / "a.png").write_bytes(b"picture")
    (folder / "stills.json").write_text("{}")
    (folder / "stills.md").write_text("not needed")
    (folder / "model.tflite").write_bytes(b"model")
    (folder / "model.card.toml").write_text(CARD)
    (folder / "names.txt").write_text("dent")
    (folder / "secret.txt").write_text("stays")
    return folder


def send(bundle: Bundle, contents, cache: Path) -> None:
    for sha256 in missing(bundle.hashes, cache):
        keep(sha256, contents[sha256].read_bytes(), cache)


def test_what_belongs_together_arrives_together_and_nothing_else(sender: Path, tmp_path: Path) -> None:
    sources = Sources(detector=str(sender / "model.tflite"), media=str(sender / "stills"))
    bundle, contents = pack(sources)
    send(bundle, contents, tmp_path / "cache")
    there = unpack(bundle, tmp_path / "cache")

    model, media = Path(there.detector), Path(there.media or "")
    assert model.read_bytes() == b"model"
    assert sorted(path.name for path in model.parent.iterdir()) == ["model.card.toml", "model.tflite", "names.txt"]
    assert (media / "a.png").read_bytes() == b"picture"
    assert sorted(path.name for path in media.parent.iterdir()) == ["stills", "stills.json"]


def test_a_function_that_decodes_is_sent_along_by_its_content(sender: Path, tmp_path: Path) -> None:
    tensors = Tensors((TensorSpec("image", (1, 8, 8, 3), "float32"),), (TensorSpec("y", (1, 8), "float32"),))
    (sender / "code").mkdir()
    (sender / "code" / "mine.py").write_text("def decode(outputs, size_hw):\n    return outputs, size_hw\n")
    (sender / "model.card.toml").write_text('labels = ["a"]\ndecode = "code/mine.py:decode"')
    sources = Sources(detector=str(sender / "model.tflite"), allow=("code",))

    bundle, contents = pack(sources)
    send(bundle, contents, tmp_path / "cache")
    there = unpack(bundle, tmp_path / "cache")

    cards = [path for path in (card_path(Path(str(one.detector))) for one in (sources, there)) if path]
    here, sent = (read_card(path).meaning(tensors, path.parent, decodes="code" in there.allow) for path in cards)
    assert isinstance(sent.head, FunctionHead)
    assert sent.code == here.code
    assert [one.name for one in sent.code] == ["mine.py"]


def test_python_files_that_may_run_are_sent_along(sender: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (sender / folder).mkdir()
        (sender / folder / "layers.py").write_text(f"# of {folder}")
    allow = ("lambda", *(f"code={sender / folder / 'layers.py'}" for folder in ("a", "b")))

    bundle, contents = pack(Sources(detector=str(sender / "model.tflite"), allow=allow))
    send(bundle, contents, tmp_path / "cache")
    there = unpack(bundle, tmp_path / "cache")

    first, *files = there.allow
    assert first == "lambda"
    assert [Path(one.removeprefix("code=")).read_text() for one in files] == ["# of a", "# of b"]
    assert not any(str(sender) in one for one in there.allow)


def test_what_is_there_is_not_sent_again(sender: Path, tmp_path: Path) -> None:
    bundle, contents = pack(Sources(detector=str(sender / "model.tflite")))
    assert len(missing(bundle.hashes, tmp_path / "cache")) == 3
    send(bundle, contents, tmp_path / "cache")
    assert missing(bundle.hashes, tmp_path / "cache") == []


def test_a_link_that_leads_out_of_the_models_folder_is_not_sent(sender: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:x")
    (sender / "names.txt").unlink()
    (sender / "names.txt").symlink_to(tmp_path / "secret")
    bundle, _ = pack(Sources(detector=str(sender / "model.tflite")))
    assert [Path(name).name for name, _ in bundle.files] == ["model.card.toml", "model.tflite"]


def test_samples_and_addresses_go_by_name() -> None:
    sources = Sources(detector="inspector-mobile", media="rtsp://camera/1")
    bundle, contents = pack(sources)
    assert (bundle, contents) == (Bundle(sources=sources, files=()), {})
    assert unpack(bundle) == sources


def test_a_glob_is_refused_with_what_to_choose() -> None:
    with pytest.raises(MediaError, match="choose a file or a folder"):
        pack(Sources(detector="inspector-mobile", media="pictures/*.png"))


def test_a_content_that_is_another_one_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another one"):
        keep("0" * 64, b"something", tmp_path)
    assert missing(["0" * 64], tmp_path) == ["0" * 64]


def test_a_bundle_cannot_write_outside_of_its_place(tmp_path: Path) -> None:
    evil = Bundle(sources=Sources(detector="detector/m.tflite"), files=(("detector/../../../m.tflite", "0" * 64),))
    with pytest.raises(ValueError, match="outside"):
        unpack(evil, tmp_path)
