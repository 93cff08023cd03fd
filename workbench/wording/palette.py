"""Colours, in one place: Okabe and Ito's palette, which colour-blind people can tell apart (https://jfly.uni-koeln.de/color/).

Never colour alone: whoever uses these also writes a name, or dashes a line.
"""

from zlib import crc32

BLACK = "#000000"
WHITE = "#ffffff"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
YELLOW = "#f0e442"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"
GREY = "#999999"
DARK_YELLOW = "#b3a100"  # of lines, which in plain yellow no white page shows
PALETTE = {
    "orange": ORANGE,
    "sky": SKY,
    "green": GREEN,
    "yellow": YELLOW,
    "blue": BLUE,
    "vermillion": VERMILLION,
    "purple": PURPLE,
    "grey": GREY,
}

# In the order in which a frame passes them. Of all orders of the seven colours, this is among those in which neighbours differ most
# to eyes that lack a cone, also where `copy` or `show` is absent (tests/test_palette.py computes it).
STAGE_COLOURS: dict[str, str] = {
    "decode": SKY,
    "preprocess": YELLOW,
    "copy": PURPLE,
    "infer": VERMILLION,
    "nms": GREEN,
    "draw": ORANGE,
    "show": BLUE,
    "unexplained": GREY,
}

OWN_STAGE_COLOURS = (BLUE, PURPLE)  # of `show` and `copy`, which hardly any record holds

# The first five are the five of the palette that such eyes can tell apart best.
CLASS_COLOURS: tuple[str, ...] = (VERMILLION, SKY, YELLOW, PURPLE, BLUE, ORANGE, GREEN)

LIGHT = 0.179  # relative luminance at which black and white text contrast equally (WCAG 2.2, contrast ratio)


def class_colour(class_id: int) -> str:
    """Return the colour of a class; classes beyond the palette share colours.

    >>> class_colour(0), class_colour(7)
    ('#d55e00', '#d55e00')
    """
    return CLASS_COLOURS[class_id % len(CLASS_COLOURS)]


def line_colour(class_id: int) -> str:
    """Return the colour of a class's line in a chart."""
    colour = class_colour(class_id)
    return DARK_YELLOW if colour == YELLOW else colour


def stage_colour(stage: str) -> str:
    """Return the colour of a stage; those of a user's own function have the two that are rarely seen, by their names."""
    return STAGE_COLOURS.get(stage) or OWN_STAGE_COLOURS[crc32(stage.encode("utf-8", "replace")) % len(OWN_STAGE_COLOURS)]


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue in 0..255.

    >>> rgb("#e69f00")
    (230, 159, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Return the relative luminance in 0..1, as WCAG 2.2 defines it."""
    red, green, blue = (part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink(colour: str) -> str:
    """Return black or white: whichever text reads better on that colour.

    >>> ink(YELLOW), ink(BLUE)
    ('#000000', '#ffffff')
    """
    return BLACK if luminance(colour) > LIGHT else WHITE
