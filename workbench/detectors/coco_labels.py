"""The class names of COCO 2017 (https://cocodataset.org) as detectors number them.

80 without gaps, 90 with the ten that it lacks, or 91 with the background before those.
"""

_NAMES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter,
    bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase,
    frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle,
    wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake,
    chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven,
    toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
"""
COCO80: tuple[str, ...] = tuple(" ".join(_NAMES.split()).split(", "))

# Before which of the 80 a number is free: COCO announced 91 kinds of thing and published 80.
_FREE_BEFORE = {
    "stop sign": 1,
    "backpack": 1,
    "handbag": 2,
    "wine glass": 1,
    "dining table": 1,
    "toilet": 2,
    "tv": 1,
    "book": 1,
}
COCO90: tuple[str, ...] = tuple(label for name in COCO80 for label in (*("n/a",) * _FREE_BEFORE.get(name, 0), name))
COCO91: tuple[str, ...] = ("background", *COCO90)
