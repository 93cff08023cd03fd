"""What runtimes and converters say of a model that they refuse, which can be pages, as one sentence."""

import re

from workbench.errors import shown

LONGEST_TOLD = 160  # characters of what a runtime says: a sentence with that in it stays within 400
UNSUPPORTED = re.compile(r"error: '?(?:tf\.)?([\w.]+)'? op is neither a custom op nor a flex op")
NOT_QUANTISED = re.compile(r"(?:Quantization not yet supported for op|not supported for the op:?) '?([\w.]+)'?", re.IGNORECASE)


def complaint(text: str) -> str:
    r"""Turn what the converter says, which can be pages, into one sentence that names the operations that it stumbled over.

    >>> complaint("loc('x'): error: 'tf.Erf' op is neither a custom op nor a flex op\n<unknown>:0: error: failed")
    'LiteRT has no operation Erf'
    """
    if unsupported := UNSUPPORTED.findall(text):
        return f"LiteRT has no operation {', '.join(dict.fromkeys(unsupported))}"
    if without_integers := NOT_QUANTISED.findall(text):
        return f"the operation {', '.join(dict.fromkeys(without_integers))} has no integer form"
    return first_line(text)


# What TensorFlow and Keras put before, around and behind the cause: which call it was, where in Python, which node, what to print.
COLOURS = re.compile(r"\x1b\[[\d;]*m")
NO_CAUSE = re.compile(
    r"Graph execution error|Detected at node|Exception encountered|File \"|<stack traces|Original stack trace"
    r"|Node: '|\d+ root error|\(\d+\) \w+:\s*$|\[\[|Hint:|Arguments received|Traceback|INTERNAL: +$",
)
BESIDE_CAUSE = re.compile(
    r"^\{\{function_node [^}]*\}\} *|^\(\d+\) \w+: +|\s*\[\[\{\{node .*|\s*\[Op:\w+\].*|[IWEF]\d{4} \d\d:\d\d:\d+\.\d+ .*"
)


def first_line(text: str) -> str:
    r"""Return the first line of what a runtime says that tells the cause, printable, and not the whole of a long one.

    >>> first_line("Graph execution error:\n\nDetected at node a/b defined at (most recent call last):\nShapes differ [Op:X]")
    'Shapes differ'
    """
    lines = (BESIDE_CAUSE.sub("", line.strip()) for line in COLOURS.sub("", text).splitlines())
    line = shown(next((line for line in lines if line and not NO_CAUSE.match(line)), "it gave no reason"))
    return line if len(line) <= LONGEST_TOLD else f"{line[: LONGEST_TOLD - 2]} …"


XLA_LACKS = "XLA has no operation"
XLA_SAYS = re.compile(r"on XLA_\w+: (\w+)")
WHERE = re.compile(r" for '\{\{.*|\{\{[^{}]*\}\}\s*")  # which node said it
ALSO_FAILED = "Fallback to flat signature also failed due to: "


def runtime_complaint(text: str) -> str:
    r"""Turn what TensorFlow says of a run that failed into one sentence, without the lines that say where.

    >>> runtime_complaint("Graph execution error:\n\nDetected at node Reshape\nThe requested shape has 48\n [[{{node Reshape}}]]")
    'the requested shape has 48'
    >>> runtime_complaint("unsupported operations when trying to compile on XLA_CPU_JIT: Where3 (No registered 'Where3' OpKernel")
    'XLA has no operation Where3'
    """
    if lacks := XLA_SAYS.search(text):
        return f"{XLA_LACKS} {lacks[1]}"
    line = first_line(WHERE.sub("", text.rpartition(ALSO_FAILED)[2]))
    return line[:1].lower() + line[1:].rstrip(".")
