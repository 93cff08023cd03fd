"""What runtimes and converters say of a model that they refuse, which can be pages, as one sentence."""

import re

LONGEST_TOLD = 160  # characters of what a runtime says: a sentence with that in it stays within 400
UNSUPPORTED = re.compile(r"error: '?(?:tf\.)?([\w.]+)'? op is neither a custom op nor a flex op")
NOT_QUANTISED = re.compile(r"(?:Quantization not yet supported for op|not supported for the op:?) '?([\w.]+)'?", re.IGNORECASE)


def complaint(text: str) -> str:
    r"""Turn what the converter says, which can be pages, into one sentence that names the operations that it stumbled over.

    >>> complaint("loc('x'): error: 'tf.Erf' op is neither a custom op nor a flex op\n<unknown>:0: error: failed")
    'LiteRT has no operation Erf'
    """
    operations = tuple(dict.fromkeys(name.removeprefix("tf.") for name in UNSUPPORTED.findall(text)))
    if operations:
        return f"LiteRT has no operation {', '.join(operations)}"
    operations = tuple(dict.fromkeys(NOT_QUANTISED.findall(text)))
    if operations:
        return f"the operation {', '.join(operations)} has no integer form"
    return first_line(text)


def first_line(text: str) -> str:
    """Return the first line that says something, without what cannot be printed, and not the whole of a long one."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "it gave no reason")
    shown = "".join(character if character.isprintable() else " " for character in line)
    return shown if len(shown) <= LONGEST_TOLD else f"{shown[:LONGEST_TOLD]} …"


XLA_LACKS = "XLA has no operation"
XLA_SAYS = re.compile(r"on XLA_\w+: (\w+)")
WHERE = re.compile(r" for '\{\{.*|\{\{[^{}]*\}\}\s*")  # which node said it
FRAMES = re.compile(r"Graph execution error|Detected at node|<stack traces|File \"|\[\[|Exception encountered|Arguments received")
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
    said = WHERE.sub("", text.rpartition(ALSO_FAILED)[2])
    line = first_line("\n".join(one for one in said.splitlines() if not FRAMES.match(one.strip())))
    return line[:1].lower() + line[1:].rstrip(".")
