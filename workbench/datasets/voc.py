"""Pascal VOC's xml as truth (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf).

supervision makes boxes of an `<annotation>`. Its `DetectionDataset.from_pascal_voc` around that is passed by: it decodes every
picture to know sizes that only outlines need, takes a picture without xml for an empty one, forgets `difficult`, draws a mask for
each outline, and its errors do not name the file.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from workbench.datasets.reach import Reach
from workbench.datasets.truth import Truth, named, shortened, told_problems
from workbench.detections import ImageTruth, areas_px
from workbench.errors import TruthError
from workbench.files import open_file
from workbench.media import Media

FOLDERS = ("Annotations", "annotations")  # what VOC calls the folder of its xml, and others after it
ROOT = "annotation"
HEAD_BYTES = 4096  # of a file, in which its first tag stands
NO_PICTURE_WH = (1, 1)  # supervision wants a size to draw outlines; there are none left to draw
YES = frozenset({"1", "true", "yes"})


def may_be_voc(path: Path) -> bool:
    """Tell whether xml is there and not plainly something else; a damaged truth is to be heard of."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return f"<{ROOT}".encode() in head or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def is_voc(path: Path) -> bool:
    """Tell whether this is an xml file, or a folder with VOC's xml, directly in it or in its `Annotations`."""
    return path.is_file() if path.suffix.lower() == ".xml" else path.is_dir() and any(map(may_be_voc, _files(path)))


def read_voc(path: Path, _: Media | None, reach: Reach) -> Truth:
    """Read one xml file or a folder of them; see `read_truth`.

    An xml file is of the picture of the same name without its suffix, as VOC has it: `<filename>` is often stale. VOC counts pixels
    from 1 and includes the last, so a box reaches from `xmin - 1` to `xmax`. In PASCAL's own evaluation an object that is marked
    `difficult` is neither asked for nor wrong to find. COCO's has crowds for that, and so has this; they are a little milder, for
    what lies inside a crowd counts neither way, however small.
    """
    names: list[str] = []
    images: dict[str, ImageTruth] = {}
    problems: list[str] = []
    for file in _files(path):
        try:
            root = _root(file if file == path else reach.check(file))
        except TruthError as error:
            problems.append(str(error))
            continue
        try:
            images[file.stem], names = _image(root, names)
        except ValueError:
            problems += _without_wrong(root, file)
            images[file.stem], names = _image(root, names)
    notes = told_problems(named(path), problems, sum(map(len, images.values())))
    return Truth(named(path), tuple(names), images, notes)


def _image(root: Element, names: list[str]) -> tuple[ImageTruth, list[str]]:
    """Return what is in a picture, and the names with those that are new.

    Raises:
        ValueError: An object is wrong.
    """
    from supervision.dataset.formats.pascal_voc import detections_from_xml_obj

    difficult = [(thing.findtext("difficult") or "").strip().casefold() in YES for thing in _things(root)]
    with np.errstate(over="ignore"):  # a box too large for 32 bits is refused as infinite
        found, names = detections_from_xml_obj(root, names, NO_PICTURE_WH)
        boxes = found.xyxy.astype(np.float32)
        areas = areas_px(boxes)
    return ImageTruth(boxes, found.class_id.astype(np.int64), np.array(difficult, np.bool_), areas, _size_hw(root)), names


def _without_wrong(root: Element, file: Path) -> Iterator[str]:
    """Remove the objects that are wrong, and say what is wrong with each."""
    for thing in root.findall("object"):
        alone = Element(ROOT)
        alone.append(thing)
        try:
            _image(alone, [])
        except ValueError as error:
            root.remove(thing)
            yield f"{file} is wrong: {shortened(error)}; correct it, or choose other truth"


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    folder = next((path / name for name in FOLDERS if (path / name).is_dir()), path)
    return tuple(sorted(file for file in folder.iterdir() if file.suffix.lower() == ".xml" and not file.name.startswith(".")))


def _root(file: Path) -> Element:
    try:
        with open_file(file) as opened:
            root: Element = parse(opened).getroot()
    except DefusedXmlException:
        raise TruthError(
            f"{file} defines entities of its own, which can grow without end; remove its <!DOCTYPE>, Pascal VOC needs none"
        ) from None
    except (ParseError, LookupError, ValueError) as error:
        raise TruthError(f"{file} is not xml, or cut short ({shortened(error)}); choose Pascal VOC xml") from None
    if root.tag != ROOT:
        raise TruthError(f"{file} is no Pascal VOC xml: it begins with <{shortened(root.tag)}>, not <{ROOT}>; choose other truth")
    return root


def _things(root: Element) -> Iterator[Element]:
    """Go through the objects, each left with a tidy name and without an outline."""
    for thing in root.findall("object"):
        for outline in thing.findall("polygon"):
            thing.remove(outline)
        name = thing.find("name")
        if name is not None:
            name.text = " ".join((name.text or "").split()) or None
        yield thing


def _size_hw(root: Element) -> tuple[int, int] | None:
    try:
        height, width = (int(root.findtext(f"size/{side}") or 0) for side in ("height", "width"))
    except ValueError:
        return None  # as many tools leave it; boxes are in pixels and need none
    return (height, width) if min(height, width) > 0 else None
