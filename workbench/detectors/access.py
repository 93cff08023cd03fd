"""How a model file is to be opened, as its user said: what Python code may run for it, and which of its signatures is called."""

import hashlib
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from workbench.detectors.complaints import first_line
from workbench.errors import ModelError, SettingsError
from workbench.record import CodeFacts
from workbench.settings import SizeHW

DECODING = "code"  # the Python file that a card decodes with
OUTSIDE = "outside"  # what allows a data set to name files anywhere
ALLOWANCES = ("lambda", "python-functions", DECODING, OUTSIDE)  # what happens only where its user says so; see docs/security.md
ALLOWED_CODE = "code="  # before the path of a Python file, which is allowed likewise
ALLOWED_OPERATIONS = "operations="  # before names of TensorFlow's operations that reach out of the process
CODE_MODULE = "workbench_allowed_"  # what the module of such a file is called, before its hash


@dataclass(frozen=True, slots=True)
class Access:
    """How a model file is to be opened.

    Attributes:
        trusted: Whether Python code in it may run.
        code: Paths of Python files that may run for it.
        operations: Of TensorFlow, that reach out of the process and that the user allows.
        decodes: Whether the Python file that its card names may run.
        signature: The one of its signatures to call; `None` for the usual one.
        size_hw: Height and width to try it at where its sides are open, as its card says.
    """

    trusted: bool = False
    code: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    signature: str | None = None
    size_hw: SizeHW | None = None
    decodes: bool = False


def check_allowed(allow: Collection[str]) -> None:
    """Refuse what cannot be allowed.

    Raises:
        SettingsError: There is no such allowance, or its value is missing.
    """
    for name in allow:
        word, equals, value = name.partition("=")
        if name not in ALLOWANCES and (word + equals not in (ALLOWED_CODE, ALLOWED_OPERATIONS) or not value):
            choices = (*ALLOWANCES, f"{ALLOWED_CODE}FILE", f"{ALLOWED_OPERATIONS}NAME,…")
            raise SettingsError(f"{name!r} cannot be allowed; choose one of {', '.join(choices)}")


def allowed_operations(allow: Collection[str]) -> tuple[str, ...]:
    """Return the operations of TensorFlow that may reach out of the process."""
    named = (name.removeprefix(ALLOWED_OPERATIONS) for name in allow if name.startswith(ALLOWED_OPERATIONS))
    return tuple(sorted({one for names in named for one in names.split(",")}))


def allowed_code(allow: Collection[str]) -> tuple[str, ...]:
    """Return the Python files that may run, which other processes find too."""
    return tuple(
        str(Path(name.removeprefix(ALLOWED_CODE)).expanduser().absolute()) for name in allow if name.startswith(ALLOWED_CODE)
    )


def code_facts(path: str) -> CodeFacts:
    """Return what tells a Python file from others.

    Raises:
        ModelError: It cannot be read.
    """
    return CodeFacts(name=Path(path).name, sha256=hashlib.sha256(_read(path)).hexdigest())


def objects_in(path: str) -> Mapping[str, Any]:
    """Run a Python file, once for each content, and return what it defines.

    Raises:
        ModelError: It cannot be read, or does not run.
    """
    content = _read(path)
    module = _run(path, content)
    return {name: one for name, one in vars(module).items() if getattr(one, "__module__", None) == module.__name__}


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the Python file {path}: {error.strerror}; choose one that exists") from None


@cache
def _run(path: str, content: bytes) -> ModuleType:
    module = ModuleType(f"{CODE_MODULE}{hashlib.sha256(content).hexdigest()[:16]}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses and pickles look there for what a class belongs to
    try:
        exec(compile(content, path, "exec"), vars(module))  # noqa: S102 - its user has allowed it by name
    except Exception as error:  # whatever it raises
        del sys.modules[module.__name__]
        raise ModelError(f"{path} does not run: {type(error).__name__}: {first_line(str(error))}; correct it") from error
    return module
