"""Other words for COCO's classes: darknet's and Pascal VOC's, and spellings that data sets have."""

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
COCO_NAME: dict[str, str] = {word: name for name, words in _SYNONYMS.items() for word in words.split(", ")}
