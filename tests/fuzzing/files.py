"""Damaged media, ground truth, cards, label files, grids, histories and records: each given to a command that reads such a file."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.assets.scenes import LABELS, draw_scene, write_scenes
from tests.cli.saved_history import times
from tests.detectors.damage import damaged
from tests.fuzzing.kernel import Case, scratch
from tests.fuzzing.structure import changed_json, changed_text
from tests.saved_records import record
from workbench.history import History
from workbench.machine import environment

Words = tuple[str | Path, ...]
PICTURES = ("png", "jpg", "bmp", "tif", "webp", "gif")
ANIMATIONS = ("gif", "webp", "png")
VIDEOS = {"mp4": "mpeg4", "mov": "mpeg4", "mkv": "mpeg4", "avi": "mjpeg", "webm": "libvpx"}
SIZE_WH = (96, 64)
FRAMES = 6
NAMES = {
    "picture": [f"picture.{suffix}" for suffix in PICTURES],
    "animation": [f"animation.{suffix}" for suffix in ANIMATIONS],
    "video": [f"video.{suffix}" for suffix in VIDEOS],
    "coco": ["coco/truth.json"],
    "grid": ["grid.toml"],
    "history": ["kept.sqlite"],
    "record": ["record.json"],
}
RUN = ("run", "{model}", "{file}", "--frames", "2", "--preset", "litert", "--history", "{history}")
JUDGED = ("run", "{model}", "{pictures}", "--truth", "{truth}", "--frames", "2", "--preset", "litert", "--history", "{history}")
MODEL_OF_ITS_OWN = ("run", "{own}", "{pictures}", "--frames", "1", "--preset", "litert", "--history", "{history}")
COMMANDS: dict[str, tuple[Words, ...]] = {
    "picture": (RUN,),
    "animation": (RUN,),
    "video": (RUN,),
    "coco": (JUDGED,),
    "voc": (JUDGED,),
    "yolo": (JUDGED,),
    "card": (MODEL_OF_ITS_OWN,),
    "labels": (MODEL_OF_ITS_OWN,),
    "grid": (("sweep", "{model}", "{pictures}", "--grid", "{file}", "--dry-run", "--history", "{history}"),),
    "history": (
        ("history", "--history", "{file}"),
        ("history", "show", "aaa1", "--history", "{file}"),
        ("history", "trend", "--history", "{file}"),
        ("history", "export", "aaa1", "--out", "{out}", "--history", "{file}"),
        ("pick", "--history", "{file}", "--json", "-"),
        ("advise", "--history", "{file}"),
        ("report", "--history", "{file}", "--out", "{out}"),
        ("run", "{model}", "{pictures}", "--frames", "1", "--preset", "litert", "--history", "{file}"),
    ),
    "record": (
        ("report", "{file}", "--out", "{out}"),
        ("compare", "{file}", "{file}"),
        ("advise", "{file}"),
        ("run", "{model}", "{pictures}", "--frames", "1", "--preset", "litert", "--baseline", "{file}", "--history", "{history}"),
        ("pick", "--history", "{kept}", "--baseline", "{file}"),
    ),
}


def make_files(folder: Path) -> None:
    """Write a sound file of each kind, but for cards, which lie beside models."""
    scenes = [draw_scene(seed) for seed in range(3)]
    write_scenes(scenes, folder / "scenes")
    folder.joinpath("coco").mkdir()
    folder.joinpath("scenes.json").rename(folder / "coco" / "truth.json")  # else it would be found without asking
    _make_media(folder)
    for name in ("voc", "yolo"):
        shutil.copytree(folder / "scenes", folder / name / "images")
    for number, scene in enumerate(scenes):
        height, width = scene.image_rgb.shape[:2]
        rows = [*zip(scene.boxes_xyxy_px.tolist(), scene.class_ids.tolist(), strict=True)]
        things = "".join(
            f"<object><name>{LABELS[one]}</name><bndbox><xmin>{x0 + 1}</xmin><ymin>{y0 + 1}</ymin>"
            f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>\n"
            for (x0, y0, x1, y1), one in rows
        )
        size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        _write(folder / f"voc/Annotations/scene_{number:02}.xml", f"<annotation>{size}\n{things}</annotation>\n")
        lines = [
            f"{one} {(x0 + x1) / 2 / width:.6f} {(y0 + y1) / 2 / height:.6f} {(x1 - x0) / width:.6f} {(y1 - y0) / height:.6f}\n"
            for (x0, y0, x1, y1), one in rows
        ]
        _write(folder / f"yolo/labels/scene_{number:02}.txt", "".join(lines))
    _write(folder / "yolo/data.yaml", f"names:\n{''.join(f'  {number}: {one}{chr(10)}' for number, one in enumerate(LABELS))}")
    _write(folder / "labels.txt", "\n".join(LABELS))
    _write(folder / "labels.json", '{"0": "disc", "1": "square", "2": "cross"}')
    _write(folder / "grid.toml", '"input.size_hw" = ["64x96"]\n"runtime.engine" = ["litert"]\n"nms.score" = [0.1, 0.3]\n')
    here = environment()
    kept = [record(id="aaa1", seconds=times(41), ap=0.6, environment=here), record(id="bbb2", ap=0.5, environment=here, tag="v1")]
    with closing(History(folder / "kept.sqlite")) as history:
        history.append_many(kept)
    _write(folder / "record.json", kept[0].to_json())


def _make_media(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (FRAMES, *SIZE_WH[::-1], 3), np.uint8)
    stills = [Image.fromarray(one) for one in noise]
    for suffix in PICTURES:
        stills[0].save(folder / f"picture.{suffix}")
    for suffix in ANIMATIONS:
        stills[0].save(folder / f"animation.{suffix}", save_all=True, append_images=stills[1:], duration=100)
    for suffix, codec in VIDEOS.items():
        with av.open(str(folder / f"video.{suffix}"), "w") as container:
            stream: Any = container.add_stream(codec, rate=25)
            stream.width, stream.height = SIZE_WH
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for one in noise:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(one, "rgb24")))
            container.mux(stream.encode(None))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def files(sound: Path, work: Path, count: int, seed: int) -> Iterator[Case]:
    """Give commands that read a damaged file each; each kind has as many."""
    kinds = list(COMMANDS)
    for number in range(count):
        draw = np.random.default_rng((seed, 2, number))
        kind = kinds[number % len(kinds)]
        with scratch(work / f"file{number}") as folder:
            file, more = _laid_out(sound, folder, kind, draw)
            places = {
                "model": sound / "shapes.tflite",
                "pictures": sound / "scenes",
                "file": file,
                "history": folder / "h.sqlite",
                "kept": sound / "kept.sqlite",
                "out": folder / "out",
                **more,
            }
            how = _damage(file, draw)
            words = COMMANDS[kind][draw.integers(len(COMMANDS[kind]))]
            command = tuple(str(word).format_map(places) for word in words)
            yield Case(
                f"file {number} ({file.name}, {how}, {' '.join(command[:2]) if kind in {'history', 'record'} else kind})", command
            )


def _laid_out(sound: Path, folder: Path, kind: str, draw: np.random.Generator) -> tuple[Path, dict[str, Path]]:
    """Copy what a command reads; returns which file is to be damaged, and places that the command names."""
    if kind in {"voc", "yolo"}:
        shutil.copytree(sound / kind, folder / kind)
        texts = sorted(one for one in (folder / kind).rglob("*") if one.suffix in {".xml", ".txt", ".yaml"})
        truth = folder / kind / ("Annotations" if kind == "voc" else "labels")
        return texts[draw.integers(len(texts))], {"truth": truth, "pictures": folder / kind / "images"}
    if kind in {"card", "labels"}:
        return _card_or_labels(sound, folder, kind, draw)
    names = NAMES[kind]
    file = _copied(sound / names[draw.integers(len(names))], folder)
    return file, {"truth": file}


def _card_or_labels(sound: Path, folder: Path, kind: str, draw: np.random.Generator) -> tuple[Path, dict[str, Path]]:
    own, card = (_copied(sound / name, folder) for name in ("shapes.tflite", "shapes.tflite.card.toml"))
    if kind == "card":
        return card, {"own": own}
    labels = _copied(sound / ("labels.txt" if draw.random() < 0.5 else "labels.json"), folder)
    _, _, rest = card.read_text().partition("[input]")
    card.write_text(f'card = 1\nlabels = "{labels.name}"\n\n[input]{rest}')
    return labels, {"own": own}


def _copied(file: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(file, folder / file.name))


def _damage(file: Path, draw: np.random.Generator) -> str:
    content = file.read_bytes()
    changing = {".json": changed_json, ".toml": changed_text, ".txt": changed_text, ".xml": changed_text, ".yaml": changed_text}
    if file.suffix not in changing or draw.random() < 0.3:
        file.write_bytes(damaged(content, draw))
        return "bytes"
    file.write_bytes(changing[file.suffix](content, draw))
    return "structure"
