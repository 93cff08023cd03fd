"""When two names are of one class: however they are written, and by other words for COCO's classes.

These are darknet's and Pascal VOC's, and spellings that data sets have.
"""

import re
import unicodedata
from collections.abc import Sequence

# COCO's own name, and what else it is called; all as `folded` writes them.
_SYNONYMS = {
    "airplane": "aeroplane",
    "baseball bat": "baseballbat",
    "baseball glove": "baseballglove",
    "cell phone": "cellphone, mobile phone, mobilephone",
    "couch": "sofa",
    "dining table": "diningtable",
    "donut": "doughnut",
    "fire hydrant": "firehydrant",
    "hair drier": "hair dryer, hairdrier, hairdryer",
    "hot dog": "hotdog",
    "motorcycle": "motorbike, motor bike, motor cycle",
    "parking meter": "parkingmeter",
    "potted plant": "pottedplant",
    "sports ball": "sportsball",
    "stop sign": "stopsign",
    "teddy bear": "teddybear",
    "tennis racket": "tennisracket, tennis racquet",
    "traffic light": "trafficlight",
    "tv": "tvmonitor, tv monitor, television",
    "wine glass": "wineglass",
}
_COCO_NAME: dict[str, str] = {word: name for name, words in _SYNONYMS.items() for word in words.split(", ")}


def folded(name: str) -> str:
    """Return what two names for one class have in common, however they are written. A plural is another name.

    >>> folded("Traffic_Light") == folded(" traffic-light") == folded("traffic light")
    True
    >>> folded("car") == folded("cars")
    False
    """
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()


def class_word(name: str) -> str:
    """Return the folded name, COCO's own where it is another word for one of COCO's classes.

    >>> class_word("TVmonitor"), class_word("Hair Dryer"), class_word("dent")
    ('tv', 'hair drier', 'dent')
    """
    return _COCO_NAME.get(folded(name), folded(name))


def same_classes(labels: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether two detectors number the same classes alike; records of 0.1.0 have darknet's words for COCO's."""
    return len(labels) == len(others) and all(a == b or class_word(a) == class_word(b) for a, b in zip(labels, others, strict=True))


def label_of(labels: Sequence[str], class_id: int) -> str:
    """Return a class's name, also where the model speaks of a class that it never named."""
    return labels[class_id] if 0 <= class_id < len(labels) else f"class {class_id}"
